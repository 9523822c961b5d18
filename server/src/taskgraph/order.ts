/** Tasks in the order of their dependencies, and the circles that have no such order. */
import { dependents, type TaskGraph } from './graph.ts';

type Edges = Pick<TaskGraph, 'first' | 'dependencies'>;

/** Tasks after all they depend on; those in circles, and those that need such a task, are not done. */
export function dependencyOrder(edges: Edges): {
  readonly order: Int32Array;
  readonly isDone: Uint8Array;
} {
  const { first } = edges;
  const count = first.length - 1;
  const needed = dependents(edges);
  const waitsFor = new Int32Array(count);
  const order = new Int32Array(count);
  const isDone = new Uint8Array(count);
  let length = 0;
  for (let task = 0; task < count; task++) {
    waitsFor[task] = first[task + 1]! - first[task]!;
    if (waitsFor[task] === 0) order[length++] = task;
  }
  for (let at = 0; at < length; at++) {
    const task = order[at]!;
    isDone[task] = 1;
    for (let next = needed.first[task]!; next < needed.first[task + 1]!; next++) {
      const dependent = needed.dependents[next]!;
      waitsFor[dependent]!--;
      if (waitsFor[dependent] === 0) order[length++] = dependent;
    }
  }
  return { order: order.subarray(0, length), isDone };
}

/**
 * Circles among the tasks that are not done: for each task that is in one, in ascending order, the shortest circle
 * through it, unless a circle told before has that task. Each is a list of tasks, every one needing the next.
 */
export function circles(edges: Edges, isDone: Uint8Array, most: number): number[][] {
  const found: number[][] = [];
  const told = new Set<number>();
  for (let task = 0; task < isDone.length && found.length < most; task++) {
    if (isDone[task] || told.has(task)) continue;
    const circle = shortestCircle(task, edges, isDone);
    if (!circle) continue;
    found.push(circle);
    for (const member of circle) told.add(member);
  }
  return found;
}

function shortestCircle(
  task: number,
  { first, dependencies }: Edges,
  isDone: Uint8Array,
): number[] | undefined {
  /** Task -> the one that it was reached from. */
  const from = new Map<number, number>();
  const waiting = [task];
  for (const at of waiting) {
    for (let edge = first[at]!; edge < first[at + 1]!; edge++) {
      const next = dependencies[edge]!;
      if (next === task) {
        const circle = [at];
        for (let step = at; step !== task;) circle.unshift((step = from.get(step)!));
        return circle;
      }
      if (isDone[next] || from.has(next)) continue;
      from.set(next, at);
      waiting.push(next);
    }
  }
  return undefined;
}
