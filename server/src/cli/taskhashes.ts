/** The taskhashes of targets, for the commands that print them and compare them. */
import type { HashedTasks } from '../engine/hashedTasks.ts';
import { taskGraphOf } from '../engine/taskGraph.ts';
import { equivalenceOf, taskhashesOf, taskhashSources, unihashedTaskhashes } from '../engine/taskhashes.ts';
import type { HandlerName } from '../metadata/release.ts';
import type { TaskSignature } from '../signature/signatures.ts';
import type { UnihashCounts, Unihashes } from '../sstate/hashEquivalence.ts';
import { openUnihashes } from '../sstate/unihashSources.ts';
import { nameAt, recipeAt, type TaskGraph } from '../taskgraph/graph.ts';
import type { Taskhashes } from '../taskgraph/taskhash.ts';
import { equivalenceAccess } from '../host/hashEquivalence.ts';
import { sqliteFile } from '../host/installation.ts';
import { everyRecipe } from './graph.ts';
import { CommandError, type Output } from './output.ts';
import { describeProblem, type Session } from './session.ts';

/** The same with what commands say of it. */
export interface CommandTasks extends HashedTasks {
  /** Where unihashes came from; undefined: they were not asked for, or the signature handler knows none. */
  readonly unihashes: UnihashCounts | undefined;
  /** The signature handler. */
  readonly handler: HandlerName;
  /** Whether any recipe could not be evaluated, or BitBake would refuse the targets. */
  readonly incomplete: boolean;
  signature(task: number): TaskSignature | undefined;
}

export interface HashTasksOptions {
  /** What hash equivalence is asked of: nothing, what lies on this machine, or servers too. Default: nothing. */
  readonly equivalence?: 'local' | 'servers';
}

/** Evaluates every recipe. @throws CommandError where no hashes can be made */
export async function hashTasks(
  targets: readonly string[],
  session: Session,
  output: Output,
  { equivalence }: HashTasksOptions = {},
): Promise<CommandTasks> {
  const { workspace, summary, files } = session;
  const { known, failed } = await everyRecipe(session, output);
  const graph = await taskGraphOf(targets, known, workspace);
  for (const problem of graph.problems)
    if (problem.severity !== 'information') output.note(describeProblem(problem));
  const sources = await taskhashSources(workspace, summary, files);
  for (const fault of sources.settings.faults) output.note(`error: ${fault}`);
  if (sources.settings.unknownHandler !== undefined) {
    output.note(
      `error: there is no signature handler ${sources.settings.unknownHandler}, and BitBake takes noop: set BB_SIGNATURE_HANDLER to one of ${sources.traits.handlers.join(' ')}`,
    );
  }
  const settings =
    equivalence && (await equivalenceOf(workspace, summary, files.files, sources.settings.handler));
  if (typeof settings === 'string') throw new CommandError(`BitBake stops: ${settings}`);
  const open =
    settings &&
    (await openUnihashes(settings, equivalenceAccess(sqliteFile()), {
      servers: equivalence === 'servers',
      ...(session.signal && { signal: session.signal }),
    }));
  for (const warning of open?.warnings ?? []) output.note(`warning: ${warning}`);
  try {
    const { inputs, hashes } = open
      ? await unihashedTaskhashes(graph, known.variants, sources, open.unihashes)
      : await taskhashesOf(graph, known.variants, sources);
    if (open) noteUnihashes(open.unihashes, output);
    noteLocks(hashes, graph, sources.settings.lockedCheck, output);
    const signatures = new Map(known.variants.map((variant) => [variant.mcfn, variant]));
    return {
      graph,
      hashes,
      unihashes: open?.unihashes.counts,
      handler: sources.settings.handler,
      incomplete: failed > 0 || graph.problems.some(({ severity }) => severity === 'error'),
      signature(task) {
        const name = nameAt(graph, task);
        const variant = signatures.get(recipeAt(graph, task).mcfn);
        return variant?.tasks.find((known) => known.task === name);
      },
      files: (task) => inputs.files(task),
    };
  } catch (error) {
    throw new CommandError(`no taskhashes can be computed: ${(error as Error).message}`);
  } finally {
    open?.dispose();
  }
}

/** From where unihashes are, and what could not be asked. */
function noteUnihashes({ counts, failures }: Unihashes, output: Output): void {
  for (const failure of failures) output.note(`error: ${failure}`);
  const { remembered, found, nowhere, unknown } = counts;
  const parts = [
    `${remembered} remembered by BitBake`,
    ...[...found].map(([name, count]) => `${count} in ${name}`),
    `${nowhere} without equivalent`,
    ...(unknown > 0 ? [`${unknown} unknown`] : []),
  ];
  output.note(`hash equivalence: ${parts.join(', ')}`);
}

/** What SIGGEN_LOCKEDSIGS_TASKSIG_CHECK has BitBake say. */
function noteLocks(hashes: Taskhashes, graph: TaskGraph, check: string, output: Output): void {
  if (check !== 'warn' && check !== 'info' && check !== 'error') return;
  for (const { task, computed, hash, variable } of hashes.lockMismatches()) {
    const name = `${recipeAt(graph, task).pn}:${nameAt(graph, task)}`;
    output.note(
      `${check === 'error' ? 'error' : 'warning'}: The ${name} sig is computed to be ${computed}, but the sig is locked to ${hash} in ${variable}`,
    );
  }
}
