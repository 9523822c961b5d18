/**
 * What a task depends on, as a graph for drawing: the variables and functions in its hash, or the tasks it needs. Nodes
 * are numbers, the first is the task itself. Plain data.
 */
import type { Range } from '../base/text.ts';
import type { TaskGraph } from '../taskgraph/graph.ts';
import { recipeLabel } from '../taskgraph/graph.ts';
import { compareEvaluations } from './comparison.ts';
import { originRange } from './places.ts';
import { plainVariant, type Trees, type View } from './view.ts';

export interface GraphNode {
  readonly name: string;
  /** What there is to say of it: its text that is hashed; empty where there is nothing. */
  readonly detail: string;
  /** Whether the present edits make it another. */
  readonly changed: boolean;
  readonly place?: { readonly path: string; readonly range: Range };
  /** Numbers of the nodes it depends on directly, in order. */
  readonly on: readonly number[];
}

const LONGEST_DETAIL = 300;

/** The variables, flags and functions in a task's hash. */
export function variableGraph(task: string, view: View, trees: Trees): GraphNode[] {
  const variant = plainVariant(view.current);
  const change = compareEvaluations(view.current, view.baseline).find(({ current }) => current === variant);
  return walk(
    task,
    (name) => variant?.nodes.get(name)?.dependencies ?? [],
    (name) => {
      const value = variant?.nodes.get(name)?.value ?? '';
      const origins = view.current?.origins.get(name);
      const origin = origins?.find(({ operation }) => operation.startsWith('set')) ?? origins?.[0];
      return {
        name,
        detail: value.length > LONGEST_DETAIL ? `${value.slice(0, LONGEST_DETAIL)}…` : value,
        changed: change?.nodes.has(name) === true,
        ...(origin && { place: { path: origin.path, range: originRange(origin, trees) } }),
      };
    },
  );
}

const HEAD: Range = { start: { line: 0, column: 0 }, end: { line: 0, column: 0 } };

/**
 * The tasks that a task needs.
 * @param pathOf the recipe file of a task
 * @param isChanged whether the present edits make it run again
 */
export function neededTasks(
  task: number,
  { recipes, recipeOf, names, nameOf }: TaskGraph,
  needed: (task: number) => Iterable<number>,
  pathOf: (task: number) => string,
  isChanged: (task: number) => boolean,
): GraphNode[] {
  return walk(task, needed, (number) => ({
    name: `${recipeLabel(recipes[recipeOf[number]!]!)}:${names[nameOf[number]!]!}`,
    detail: '',
    changed: isChanged(number),
    place: { path: pathOf(number), range: HEAD },
  }));
}

/** All that is reached, breadth first, numbered in that order. */
function walk<T>(
  start: T,
  next: (node: T) => Iterable<T>,
  describe: (node: T) => Omit<GraphNode, 'on'>,
): GraphNode[] {
  const numbers = new Map<T, number>([[start, 0]]);
  const nodes: GraphNode[] = [];
  for (const node of numbers.keys()) {
    const on: number[] = [];
    for (const other of next(node)) {
      if (other === node) continue;
      if (!numbers.has(other)) numbers.set(other, numbers.size);
      on.push(numbers.get(other)!);
    }
    nodes.push({ ...describe(node), on });
  }
  return nodes;
}
