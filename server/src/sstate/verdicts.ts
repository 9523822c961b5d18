/**
 * One word for each task of a plan, for lists and counts: what becomes of its object where it has one, else of itself.
 */
import { recipeLabel, type TaskGraph } from '../taskgraph/graph.ts';
import type { Taskhashes } from '../taskgraph/taskhash.ts';
import type { Plan, PlannedTask } from './plan.ts';

export type Verdict =
  /** The object is used: it is in SSTATE_DIR, or on a mirror. */
  | 'local'
  | 'mirror'
  /** The object will be used once another multiconfig has made it. */
  | 'awaited'
  /** The object is not there; the task runs unless `outcome` says otherwise. */
  | 'missing'
  /** An object that this one cannot do without is not there, so that it is not used either. */
  | 'blocked'
  /** The object is there and not used, as `--skip-setscene` says. */
  | 'skipped'
  | 'not-needed'
  /** Stamps say that it is done. */
  | 'current'
  /** It does nothing. */
  | 'noexec'
  /** Of a task without an object: an object stands for it. */
  | 'covered'
  /** Of a task without an object: it runs. */
  | 'runs'
  /** BB_SETSCENE_ENFORCE does not let it run. */
  | 'refused'
  /** BitBake never comes to a decision about it. */
  | 'stuck'
  /** `--setscene-only`: it would have to run. */
  | 'left'
  | 'unknown';

export function verdictOf({ scene, presence, outcome }: PlannedTask): Verdict {
  if (typeof scene === 'object' || (scene === undefined && typeof outcome === 'object')) return 'unknown';
  if (scene === 'used') return presence?.kind === 'missing' ? 'awaited' : (presence?.kind as Verdict);
  return scene ?? (outcome as Exclude<typeof outcome, object>) ?? 'left';
}

/** Whether the task itself runs, or is not known not to. */
export function mayRun({ outcome }: PlannedTask): boolean {
  return outcome === 'runs' || outcome === 'refused' || outcome === undefined || typeof outcome === 'object';
}

/** Whether its object is wanted and not there, or not known to be. */
export function lacksObject({ presence }: PlannedTask): boolean {
  return presence?.kind === 'missing' || presence?.kind === 'unknown';
}

/** Why what is foreseen of a task is unknown. */
export function unknownReason({ scene, outcome, presence }: PlannedTask): string | undefined {
  for (const part of [scene, outcome]) if (typeof part === 'object') return part.unknown;
  return presence?.kind === 'unknown' ? presence.reason : undefined;
}

/** Whether its object is that of another taskhash, as hash equivalence says. */
export function isEquivalent(
  { task, scene }: PlannedTask,
  hashes: Pick<Taskhashes, 'taskhash' | 'unihash'>,
): boolean {
  const [taskhash, unihash] = [hashes.taskhash(task), hashes.unihash(task)];
  return (
    scene !== undefined && typeof taskhash === 'string' && typeof unihash === 'string' && taskhash !== unihash
  );
}

/** How many tasks there are of each verdict; those of which there are none are left out. */
export function verdictCounts(plan: Plan): Partial<Record<Verdict, number>> {
  const counts: Partial<Record<Verdict, number>> = {};
  for (const task of plan.tasks) {
    const verdict = verdictOf(task);
    counts[verdict] = (counts[verdict] ?? 0) + 1;
  }
  return counts;
}

/** Tasks by their recipe's label, in the order of labels; within a recipe in the order in which they run. */
export function byRecipe(graph: TaskGraph, tasks: Iterable<PlannedTask>): Map<string, PlannedTask[]> {
  const found = new Map<string, PlannedTask[]>();
  for (const task of tasks) {
    const label = recipeLabel(graph.recipes[graph.recipeOf[task.task]!]!);
    const known = found.get(label);
    if (known) known.push(task);
    else found.set(label, [task]);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
