/**
 * The edges that taskhashes are folded along: which dependencies count, in which order tasks are dealt with.
 *
 * Follows `bb/siggen.py: prep_taskhash` for the order within a task, `bb/runqueue.py: RunQueueData.prepare` for the
 * rounds. Pure, integers in and out.
 */
import type { Steps } from '../base/turns.ts';
import type { HashedGraph, HashedRecipe, TaskhashInputs } from './taskhash.ts';
import { hashOrder, type PlacedTask } from './taskhashOrder.ts';
import { dependencyFilter } from './taskhashRules.ts';

type EdgeInputs = Pick<TaskhashInputs, 'graph' | 'settings' | 'traits' | 'virtuals'>;

/** Dependencies that count, in the order of hashing. */
export class CountedEdges {
  /**
   * @param edges those of a task lie from `starts[task]` on
   * @param places task -> its place in the order of hashing
   * @param taskAt the reverse
   */
  private constructor(
    readonly edges: Int32Array,
    readonly starts: Int32Array,
    private readonly places: Int32Array,
    private readonly taskAt: Int32Array,
  ) {}

  static *of(inputs: EdgeInputs): Steps<CountedEdges> {
    const { count } = inputs.graph;
    const none = new CountedEdges(new Int32Array(0), new Int32Array(count + 1), ...orderOf(inputs));
    return yield* none.remade(inputs, () => true, true);
  }

  /**
   * @param isOther whether those of a task may be others than they are
   * @param sameTasks whether the numbers are those of the same tasks; otherwise, of those that are no others
   */
  *remade(inputs: EdgeInputs, isOther: (task: number) => boolean, sameTasks: boolean): Steps<CountedEdges> {
    const { graph, settings, traits, virtuals } = inputs;
    const { count } = graph;
    const [places, taskAt] = sameTasks ? ([this.places, this.taskAt] as const) : orderOf(inputs);
    const counts = dependencyFilter<HashedRecipe>(settings, traits, virtuals);
    const starts = new Int32Array(count + 1);
    let edges = new Int32Array(Math.max(this.edges.length + 1024, count * 16));
    let end = 0;
    for (let task = 0; task < count; task++) {
      const known = isOther(task) ? undefined : this.edges.subarray(this.starts[task], this.starts[task + 1]);
      const dependencies = known ?? graph.dependencies(task);
      while (end + dependencies.length > edges.length) edges = doubled(edges);
      if (known) {
        edges.set(known, end);
        starts[task + 1] = end += known.length;
        continue;
      }
      const from = end;
      const recipe = graph.recipe(task);
      const name = graph.name(task);
      for (let at = 0; at < dependencies.length; at++) {
        const dependency = dependencies[at]!;
        if (counts(recipe, name, graph.recipe(dependency), graph.name(dependency)))
          edges[end++] = places[dependency]!;
      }
      const own = edges.subarray(from, end).sort();
      for (let at = 0; at < own.length; at++) own[at] = taskAt[own[at]!]!;
      starts[task + 1] = end;
      yield;
    }
    return new CountedEdges(edges.slice(0, end), starts, places, taskAt);
  }
}

/** Task -> its place in the order of hashing, and the reverse. */
function orderOf({ graph, traits }: EdgeInputs): readonly [places: Int32Array, taskAt: Int32Array] {
  const { count } = graph;
  const tasks = Array.from({ length: count }, (_, task): PlacedTask => {
    const { mcfn, multiconfig, pn } = graph.recipe(task);
    return { mcfn, multiconfig, pn, task: graph.name(task) };
  });
  const places = hashOrder(tasks, traits.ordersByRecipeName);
  const taskAt = new Int32Array(count);
  places.forEach((place, task) => (taskAt[place] = task));
  return [places, taskAt];
}

function doubled(values: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(values.length * 2 + 1024);
  larger.set(values);
  return larger;
}

/** For every task, those that have it among theirs. */
export function reversed(edges: Int32Array, starts: Int32Array): [edges: Int32Array, starts: Int32Array] {
  const count = starts.length - 1;
  const reverseStarts = new Int32Array(count + 1);
  for (const to of edges) reverseStarts[to + 1]!++;
  for (let task = 0; task < count; task++) reverseStarts[task + 1]! += reverseStarts[task]!;
  const next = reverseStarts.slice(0, count);
  const reverse = new Int32Array(edges.length);
  for (let task = 0; task < count; task++) {
    for (let at = starts[task]!; at < starts[task + 1]!; at++) reverse[next[edges[at]!]!++] = task;
  }
  return [reverse, reverseStarts];
}

/** The tasks of each round. @param order all tasks, none before one of an earlier round */
export function roundsOf(order: Int32Array, levels: Int32Array): Int32Array[] {
  const rounds: Int32Array[] = [];
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && levels[order[end]!] === levels[order[start]!]) end++;
    rounds.push(order.subarray(start, end));
  }
  return rounds;
}

/**
 * All tasks, each after everything it depends on, in rounds: BitBake takes each round all tasks whose dependencies
 * are dealt with. `levels` has each task's round; `order` has those of a round together.
 */
export function dependencyOrder(graph: HashedGraph): { order: Int32Array; levels: Int32Array } {
  const { count } = graph;
  const waiting = new Int32Array(count);
  const starts = new Int32Array(count + 1);
  for (let task = 0; task < count; task++) {
    const dependencies = graph.dependencies(task);
    waiting[task] = dependencies.length;
    for (let at = 0; at < dependencies.length; at++) starts[dependencies[at]! + 1]!++;
  }
  for (let task = 0; task < count; task++) starts[task + 1]! += starts[task]!;
  const next = starts.slice(0, count);
  const dependents = new Int32Array(starts[count]!);
  for (let task = 0; task < count; task++) {
    const dependencies = graph.dependencies(task);
    for (let at = 0; at < dependencies.length; at++) dependents[next[dependencies[at]!]!++] = task;
  }
  const order = new Int32Array(count);
  const levels = new Int32Array(count);
  let end = 0;
  for (let task = 0; task < count; task++) if (waiting[task] === 0) order[end++] = task;
  for (let at = 0; at < end; at++) {
    const task = order[at]!;
    for (let edge = starts[task]!; edge < starts[task + 1]!; edge++) {
      const dependent = dependents[edge]!;
      levels[dependent] = Math.max(levels[dependent]!, levels[task]! + 1);
      if (--waiting[dependent]! === 0) order[end++] = dependent;
    }
  }
  if (end < count) throw new Error('tasks depend on each other in a circle: no hash can be computed');
  return { order, levels };
}
