/**
 * A task graph as text: as `bitbake -g` writes task-depends.dot, as JSON, as a plain list; and the part of it that
 * needs given tasks.
 */
import { compareCodePoints } from '../base/words.ts';
import { dependents, recipeLabel, taskLabel, type TaskGraph } from './graph.ts';

export type ListingFormat = 'dot' | 'json' | 'text';

/** The lines of a graph, without their newlines. */
export function* graphLines(graph: TaskGraph, format: ListingFormat): Generator<string> {
  const labels = Array.from(graph.recipeOf, (_, task) => taskLabel(graph, task));
  const tasks = labels.map((_, task) => task).sort((a, b) => compareCodePoints(labels[a]!, labels[b]!));
  const needed = (task: number) =>
    Array.from(
      graph.dependencies.subarray(graph.first[task], graph.first[task + 1]),
      (at) => labels[at]!,
    ).sort(compareCodePoints);
  if (format === 'dot') yield 'digraph depends {';
  if (format === 'json') yield '{"tasks": [';
  for (const [index, task] of tasks.entries()) {
    const label = labels[task]!;
    if (format === 'json') {
      const { mcfn } = graph.recipes[graph.recipeOf[task]!]!;
      const entry = { task: label, recipe: mcfn, depends: needed(task) };
      yield JSON.stringify(entry) + (index < tasks.length - 1 ? ',' : '');
    } else if (format === 'dot') {
      yield `"${label}" [label="${dotLabel(graph, task)}"]`;
      for (const dependency of needed(task)) yield `"${label}" -> "${dependency}"`;
    } else {
      yield label;
      for (const dependency of needed(task)) yield `  ${dependency}`;
    }
  }
  if (format === 'dot') yield '}';
  if (format === 'json') yield ']}';
}

function dotLabel(graph: TaskGraph, task: number): string {
  const recipe = graph.recipes[graph.recipeOf[task]!]!;
  const name = graph.names[graph.nameOf[task]!]!;
  const { pe, pv, pr, mcfn } = recipe;
  return `${recipeLabel(recipe)} ${name}\\n${pe}:${pv}-${pr}\\n${mcfn}`;
}

/** The graph of only those tasks that need one of the given ones, directly or not, and of these. */
export function partThatNeeds(graph: TaskGraph, tasks: readonly number[]): TaskGraph {
  const needing = dependents(graph);
  const kept = new Uint8Array(graph.recipeOf.length);
  const waiting = [...tasks];
  for (let task = waiting.pop(); task !== undefined; task = waiting.pop()) {
    if (kept[task]) continue;
    kept[task] = 1;
    waiting.push(...needing.dependents.subarray(needing.first[task], needing.first[task + 1]));
  }
  const numbers = new Int32Array(kept.length).fill(-1);
  const old = Array.from(kept, (isKept, task) => (isKept ? task : -1)).filter((task) => task >= 0);
  for (const [number, task] of old.entries()) numbers[task] = number;
  const first = new Int32Array(old.length + 1);
  const dependencies: number[] = [];
  for (const [number, task] of old.entries()) {
    for (let at = graph.first[task]!; at < graph.first[task + 1]!; at++) {
      const dependency = numbers[graph.dependencies[at]!]!;
      if (dependency >= 0) dependencies.push(dependency);
    }
    first[number + 1] = dependencies.length;
  }
  return {
    ...graph,
    recipeOf: Int32Array.from(old, (task) => graph.recipeOf[task]!),
    nameOf: Int32Array.from(old, (task) => graph.nameOf[task]!),
    setscene: Uint8Array.from(old, (task) => graph.setscene[task]!),
    first,
    dependencies: Int32Array.from(dependencies),
    targets: tasks.map((task) => numbers[task]!),
  };
}
