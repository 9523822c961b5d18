/** A plan as JSON, in the form that `schemas/sstate.schema.json` describes; changed only by adding to it. */
import type { PlannedRun } from '../engine/sstatePlan.ts';
import type { PlanOptions } from '../sstate/plan.ts';
import type { Presence } from '../sstate/presence.ts';
import { completePercentage, matchPercentage, type SstateSummary, summaryLine } from '../sstate/summary.ts';
import { isEquivalent, unknownReason, verdictCounts, verdictOf } from '../sstate/verdicts.ts';
import type { TaskGraph } from '../taskgraph/graph.ts';
import type { Taskhashes } from '../taskgraph/taskhash.ts';

/** What of a plan is printed. */
export interface PrintedPlan {
  readonly targets: readonly string[];
  readonly options: PlanOptions;
  readonly graph: TaskGraph;
  readonly hashes: Taskhashes;
  readonly run: PlannedRun;
  /** The file of a task's object. */
  readonly objectOf: (task: number) => string | undefined;
}

export function planJson({ targets, options, graph, hashes, run, objectOf }: PrintedPlan): object {
  const { plan, problems, hasSummary } = run;
  return {
    version: 1,
    targets,
    options,
    ...(hasSummary && {
      summary: summaryJson(plan.summary),
      summaryAtBest: summaryJson(plan.summaryAtBest),
    }),
    counts: verdictCounts(plan),
    problems: problems.map(({ severity, code, message }) => ({ severity, code, message })),
    tasks: plan.tasks.map((task) => {
      const recipe = graph.recipes[graph.recipeOf[task.task]!]!;
      const [taskhash, unihash] = [hashes.taskhash(task.task), hashes.unihash(task.task)];
      const reason = unknownReason(task);
      const path = task.scene === undefined ? undefined : objectOf(task.task);
      return {
        recipe: recipe.mcfn,
        pn: recipe.pn,
        ...(recipe.multiconfig && { multiconfig: recipe.multiconfig }),
        task: graph.names[graph.nameOf[task.task]!]!,
        ...(typeof taskhash === 'string' && { taskhash }),
        ...(typeof unihash === 'string' && { unihash }),
        verdict: verdictOf(task),
        outcome: typeof task.outcome === 'object' ? 'unknown' : (task.outcome ?? 'left'),
        ...(task.scene !== undefined && {
          setscene: typeof task.scene === 'object' ? 'unknown' : task.scene,
          object: { ...(path !== undefined && { path }), ...presenceJson(task.presence) },
          equivalent: isEquivalent(task, hashes),
        }),
        ...(reason !== undefined && { reason }),
      };
    }),
  };
}

function presenceJson(presence: Presence | undefined): object {
  if (!presence) return { state: 'not-looked-for' };
  if (presence.kind !== 'mirror') return { state: presence.kind };
  return { state: 'mirror', mirror: presence.mirror, uri: presence.uri };
}

function summaryJson(summary: SstateSummary): object {
  return {
    line: summaryLine(summary),
    ...summary,
    match: matchPercentage(summary),
    complete: completePercentage(summary),
  };
}
