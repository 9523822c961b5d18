/**
 * Which tasks of a graph really run, once it is known which setscene tasks are used.
 *
 * Follows `bb/runqueue.py: RunQueueExecute.update_holdofftasks, execute, check_setscene_ignore_tasks`. Pure.
 */
import { filePattern } from '../metadata/patterns.ts';
import type { TaskGraph } from '../taskgraph/graph.ts';
import type { SceneGraph } from './sceneGraph.ts';
import type { SceneOutcome } from './sceneQueue.ts';
import type { Stamps } from './stamps.ts';

export type TaskOutcome =
  /** An object stands for it, or it is not needed where others do. */
  | 'covered'
  /** Its stamp says that it is done. */
  | 'current'
  /** It does nothing. */
  | 'noexec'
  | 'runs'
  /** It would have to run, and BB_SETSCENE_ENFORCE does not let it: BitBake stops. */
  | 'refused';

export interface OutcomeInputs {
  readonly graph: TaskGraph;
  readonly scene: SceneGraph;
  /** By place. */
  readonly outcomes: readonly SceneOutcome[];
  /** As they are before the run; kept up unless it is a dry run. */
  readonly stamps: Stamps;
  /** `bitbake -n`: nothing leaves a stamp. */
  readonly isDryRun: boolean;
  /** BB_SETSCENE_ENFORCE: patterns of what may run all the same (`enforcedPatterns`); undefined: all may. */
  readonly enforced: readonly string[] | undefined;
  /** `--setscene-only`: nothing runs but setscene tasks. */
  readonly setsceneOnly: boolean;
}

/** Of each task; undefined: with `setsceneOnly`, what would have to run. */
export function taskOutcomes(inputs: OutcomeInputs): (TaskOutcome | undefined)[] {
  const { graph, scene, outcomes, stamps, isDryRun, setsceneOnly } = inputs;
  const isUncovered = uncovered(graph, scene, outcomes);
  if (!isDryRun) {
    for (const [place, outcome] of outcomes.entries()) {
      if (outcome === 'used') stamps.unpacked(scene.tasks[place]!);
    }
  }
  const mayRun = permission(inputs.enforced, graph);
  return Array.from(graph.recipeOf, (recipe, task): TaskOutcome | undefined => {
    if (!isUncovered[task]) return 'covered';
    if (stamps.isCurrent(task)) return 'current';
    if (setsceneOnly) return undefined;
    const isNoexec = Object.hasOwn(graph.recipes[recipe]!.flags.noexec, graph.names[graph.nameOf[task]!]!);
    if (!isNoexec && !mayRun(task)) return 'refused';
    if (!isDryRun && inputs.enforced === undefined) stamps.ran(task);
    return isNoexec ? 'noexec' : 'runs';
  });
}

/** By task: 1 where no object stands for it. */
function uncovered(graph: TaskGraph, scene: SceneGraph, outcomes: readonly SceneOutcome[]): Uint8Array {
  const found = new Uint8Array(graph.recipeOf.length);
  for (const [place, outcome] of outcomes.entries()) {
    if (isCovered(outcome)) continue;
    found[scene.tasks[place]!] = 1;
    for (const task of scene.covers[place]!) found[task] = 1;
  }
  for (const [task, needed] of scene.isUnskippable.entries()) {
    if (needed && scene.placeOf[task]! < 0) found[task] = 1;
  }
  return found;
}

/** Whether nothing that the setscene task stands for has to run because of it. */
export function isCovered(outcome: SceneOutcome | undefined): boolean {
  return outcome === 'noexec' || outcome === 'current' || outcome === 'used' || outcome === 'not-needed';
}

/** BB_SETSCENE_ENFORCE_IGNORE_TASKS with what `%:task` stands for (`get_setscene_enforce_ignore_tasks`). */
export function enforcedPatterns(words: readonly string[], targets: readonly string[]): string[] {
  return words.flatMap((word) =>
    word.startsWith('%:') ? targets.map((target) => `${target}:${word.split(':')[1]!}`) : [word],
  );
}

function permission(enforced: readonly string[] | undefined, graph: TaskGraph): (task: number) => boolean {
  if (!enforced) return () => true;
  const patterns = enforced.map((pattern) => filePattern(pattern));
  return (task) => {
    const { pn } = graph.recipes[graph.recipeOf[task]!]!;
    const name = `${pn}:${graph.names[graph.nameOf[task]!]!}`;
    return patterns.some((pattern) => pattern.test(name));
  };
}
