/**
 * The setscene tasks of a task graph: which need each other once the tasks between them are left out, which tasks each
 * one stands for, and which are needed whatever else there is.
 *
 * Follows `bb/runqueue.py: build_scenequeue_data`. Knows nothing of objects, stamps or hashes. Setscene tasks are
 * places: numbers from 0 on in the order of their names (`mcfn:do_x`), in which BitBake sorts them.
 */
import { compareCodePoints, splitWords } from '../base/words.ts';
import type { SetsceneTraits } from '../metadata/release.ts';
import { dependents, type TaskGraph } from '../taskgraph/graph.ts';

export interface SceneGraph {
  /** Place -> the task in the task graph. */
  readonly tasks: readonly number[];
  /** Task -> its place; -1: it is no setscene task. */
  readonly placeOf: Int32Array;
  /**
   * Place -> places of the setscene tasks that need it, over tasks that are none (`sq_revdeps`). Where BitBake counts
   * hard dependencies among these, so do we.
   */
  readonly dependents: readonly (readonly number[])[];
  /** The reverse (`sq_deps`). */
  readonly dependencies: readonly (readonly number[])[];
  /** Place -> the tasks that need not run where the object is used (`sq_covered_tasks`), in no order. */
  readonly covers: readonly (readonly number[])[];
  /** By task: 1 where the build needs it directly, over tasks that are no setscene tasks (`unskippable`). */
  readonly isUnskippable: Uint8Array;
  /** Place -> places of what `do_x_setscene[depends]` names (`sq_harddeps_rev`). */
  readonly hardDependencies: readonly (readonly number[])[];
  /** The reverse (`sq_harddeps`). */
  readonly hardDependents: readonly (readonly number[])[];
  /** What in hard dependencies BitBake would stop at, in sentences. */
  readonly faults: readonly string[];
}

/** @param noSetscene `--no-setscene`: there are no setscene tasks at all */
export function sceneGraph(graph: TaskGraph, traits: SetsceneTraits, noSetscene = false): SceneGraph {
  const count = graph.recipeOf.length;
  const all = Array.from({ length: count }, (_, task) => task);
  const tasks = noSetscene ? [] : all.filter((task) => graph.setscene[task] === 1);
  const names = new Map(tasks.map((task) => [task, taskId(graph, task)]));
  tasks.sort((a, b) => compareCodePoints(names.get(a)!, names.get(b)!));
  const placeOf = new Int32Array(count).fill(-1);
  tasks.forEach((task, place) => (placeOf[task] = place));
  const { covers, dependencies } = reached(graph, tasks, placeOf);
  const { hardDependencies, faults } = hardDependenciesOf(graph, tasks, placeOf);
  const hardDependents = reversed(hardDependencies);
  let needing: number[][] = reversed(dependencies);
  if (traits.countsHardDependencies) {
    needing = needing.map((own, place) => {
      const isHard = hardDependents[place]!.length > 0;
      return [...new Set([...(isHard ? [] : own), ...hardDependencies[place]!])];
    });
  }
  return {
    tasks,
    placeOf,
    dependents: needing,
    dependencies: traits.countsHardDependencies ? reversed(needing) : dependencies,
    covers,
    isUnskippable: unskippable(graph, placeOf),
    hardDependencies,
    hardDependents,
    faults,
  };
}

/** What BitBake calls a task: `mc:musl:virtual:native:/abs/zlib_1.3.bb:do_install`. */
export function taskId({ recipes, recipeOf, names, nameOf }: TaskGraph, task: number): string {
  return `${recipes[recipeOf[task]!]!.mcfn}:${names[nameOf[task]!]!}`;
}

/** What each setscene task comes to downwards: other setscene tasks, and all that lies before them. */
function reached(
  { first, dependencies: edges }: TaskGraph,
  tasks: readonly number[],
  placeOf: Int32Array,
): { covers: number[][]; dependencies: number[][] } {
  const seen = new Int32Array(placeOf.length).fill(-1);
  const covers: number[][] = [];
  const dependencies: number[][] = [];
  for (const [place, start] of tasks.entries()) {
    const covered: number[] = [];
    const needed: number[] = [];
    const waiting = [start];
    for (let task = waiting.pop(); task !== undefined; task = waiting.pop()) {
      for (let at = first[task]!; at < first[task + 1]!; at++) {
        const dependency = edges[at]!;
        if (seen[dependency] === place) continue;
        seen[dependency] = place;
        const other = placeOf[dependency]!;
        if (other >= 0) needed.push(other);
        else {
          covered.push(dependency);
          waiting.push(dependency);
        }
      }
    }
    covers.push(covered);
    dependencies.push(needed.sort((a, b) => a - b));
  }
  return { covers, dependencies };
}

function unskippable(graph: TaskGraph, placeOf: Int32Array): Uint8Array {
  const { first, dependencies } = graph;
  const count = placeOf.length;
  const found = new Uint8Array(count);
  const waiting: number[] = [];
  const add = (task: number): void => {
    if (found[task]) return;
    found[task] = 1;
    if (placeOf[task]! < 0) waiting.push(task);
  };
  const { first: needed } = dependents(graph);
  for (let task = 0; task < count; task++) if (needed[task] === needed[task + 1]) add(task);
  for (const task of graph.targets) if (placeOf[task]! < 0) add(task);
  for (let task = waiting.pop(); task !== undefined; task = waiting.pop()) {
    for (let at = first[task]!; at < first[task + 1]!; at++) add(dependencies[at]!);
  }
  return found;
}

/** What the flag `depends` of setscene tasks names, of what there is. */
function hardDependenciesOf(
  graph: TaskGraph,
  tasks: readonly number[],
  placeOf: Int32Array,
): { hardDependencies: number[][]; faults: string[] } {
  const faults: string[] = [];
  const byId = new Map<string, number>();
  for (let task = 0; task < placeOf.length; task++) byId.set(taskId(graph, task), task);
  const hardDependencies = tasks.map((task) => {
    const recipe = graph.recipes[graph.recipeOf[task]!]!;
    const name = `${graph.names[graph.nameOf[task]!]!}_setscene`;
    const found = new Set<number>();
    for (const entry of splitWords(recipe.flags.depends[name] ?? '')) {
      const [wanted = '', other = ''] = entry.split(':');
      const provider = graph.providers.get(recipe.multiconfig)?.get(wanted);
      if (!provider) continue;
      const needed = byId.get(`${provider.mcfn}:${other.replaceAll('_setscene', '')}`);
      if (needed === undefined) {
        faults.push(
          `${recipe.pn}:${name} depends upon non-existent task ${provider.mcfn}:${other}, and BitBake stops there: correct ${name}[depends] in ${recipe.mcfn}`,
        );
      } else if (placeOf[needed]! < 0) {
        faults.push(
          `${recipe.pn}:${name} depends on ${provider.pn}:${other}, which is no setscene task, so that it is never done: correct ${name}[depends] in ${recipe.mcfn}`,
        );
      } else found.add(placeOf[needed]!);
    }
    return [...found];
  });
  return { hardDependencies, faults };
}

function reversed(edges: readonly (readonly number[])[]): number[][] {
  const found: number[][] = edges.map(() => []);
  for (const [from, all] of edges.entries()) for (const to of all) found[to]!.push(from);
  return found;
}
