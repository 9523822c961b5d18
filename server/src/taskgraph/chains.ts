/**
 * Questions about a finished graph: what needs a task, what it needs, and by which chain; of each link, which
 * statement of metadata makes it.
 *
 * Pure. The statement is told from what the recipe says (`addtask … after`, `[depends]`, `[deptask]`, …); how the
 * graph was made is not remembered.
 */
import { splitWords } from '../base/words.ts';
import type { RecipeInfo } from '../metadata/recipeInfo.ts';
import { dependents, type Dependents, recipeAt, type TaskGraph } from './graph.ts';

/** A step of the graph: what lies one link away. */
export type Neighbours = (task: number) => Int32Array;

export function needed({ first, dependencies }: TaskGraph): Neighbours {
  return (task) => dependencies.subarray(first[task], first[task + 1]);
}

/** @param turned the graph turned round, where it is at hand */
export function needing(graph: TaskGraph, turned: Dependents = dependents(graph)): Neighbours {
  return (task) => turned.dependents.subarray(turned.first[task], turned.first[task + 1]);
}

/** All that is reached from tasks, directly or not, without these; in ascending order. */
export function reachable(from: readonly number[], next: Neighbours, count: number): number[] {
  const seen = new Uint8Array(count);
  const waiting = [...from];
  for (const task of from) seen[task] = 1;
  for (let task = waiting.pop(); task !== undefined; task = waiting.pop()) {
    for (const other of next(task)) {
      if (seen[other]) continue;
      seen[other] = 1;
      waiting.push(other);
    }
  }
  for (const task of from) seen[task] = 0;
  const found: number[] = [];
  for (let task = 0; task < count; task++) if (seen[task]) found.push(task);
  return found;
}

/** The shortest way from a task to one that it needs, both included; undefined where it does not need it. */
export function shortestChain(graph: TaskGraph, from: number, to: number): number[] | undefined {
  const next = needed(graph);
  const cameFrom = new Int32Array(graph.recipeOf.length).fill(-1);
  cameFrom[from] = from;
  const waiting = [from];
  for (let at = 0; at < waiting.length && cameFrom[to] === -1; at++) {
    const task = waiting[at]!;
    for (const other of next(task)) {
      if (cameFrom[other] !== -1) continue;
      cameFrom[other] = task;
      waiting.push(other);
    }
  }
  if (cameFrom[to] === -1) return undefined;
  const chain = [to];
  for (let task = to; task !== from; chain.unshift(task)) task = cameFrom[task]!;
  return chain;
}

/** What makes a task need another: `addtask`, or a flag of the task with its brackets. */
export type LinkKind =
  'addtask' | '[depends]' | '[deptask]' | '[rdepends]' | '[rdeptask]' | '[recrdeptask]' | '[mcdepends]';

/** Undefined where what the recipe says does not tell. */
export function linkKind(graph: TaskGraph, from: number, to: number): LinkKind | undefined {
  const [own, other] = [recipeAt(graph, from), recipeAt(graph, to)];
  const [task, name] = [graph.names[graph.nameOf[from]!]!, graph.names[graph.nameOf[to]!]!];
  if (own === other && own.parents[own.tasks.indexOf(task)]?.includes(name)) return 'addtask';
  const flag = (kind: keyof RecipeInfo['flags']) => splitWords(own.flags[kind][task] ?? '');
  const names = (entries: readonly string[]) =>
    entries.some((entry) => {
      const [dependency, ofTask] = entry.split(':');
      return ofTask === name && provides(graph, own.multiconfig, dependency!, other);
    });
  const any = (dependencies: readonly string[]) =>
    dependencies.some((dependency) => provides(graph, own.multiconfig, dependency, other));
  if (names(flag('depends'))) return '[depends]';
  if (flag('deptask').includes(name) && any(own.depends)) return '[deptask]';
  if (names(flag('rdepends'))) return '[rdepends]';
  if (flag('rdeptask').includes(name) && any(runtimeNames(own))) return '[rdeptask]';
  if (flag('recrdeptask').includes(name)) return '[recrdeptask]';
  if (flag('mcdepends').some((entry) => entry.endsWith(`:${name}`)) && own.multiconfig !== other.multiconfig)
    return '[mcdepends]';
  return undefined;
}

function provides(graph: TaskGraph, multiconfig: string, name: string, other: RecipeInfo): boolean {
  if (other.multiconfig !== multiconfig) return false;
  const chosen = graph.providers.get(multiconfig)?.get(name);
  return chosen ? chosen.mcfn === other.mcfn : other.pn === name || other.packages.includes(name);
}

function runtimeNames(info: RecipeInfo): string[] {
  const ofPackages = [info.packageRdepends, info.packageRrecommends].flatMap((names) =>
    Object.values(names).flat(),
  );
  return [...info.rdepends, ...info.rrecommends, ...ofPackages];
}
