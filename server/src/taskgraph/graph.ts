/**
 * The task graph as plain data: every task that is to run, and what each depends on.
 *
 * Tasks are numbers; all else is looked up by them. Knows neither how the graph was made nor what is done with it.
 */
import type { Problem } from '../base/problem.ts';
import type { RecipeInfo } from '../metadata/recipeInfo.ts';
import { recipeTaskName } from '../signature/taskNames.ts';

/** Something that BitBake reports while it works out the graph. */
export interface GraphProblem extends Problem {
  readonly code:
    | 'no-provider'
    | 'several-providers'
    | 'several-versions'
    | 'preferred-version'
    | 'malformed-dependency'
    | 'missing-task'
    | 'missing-multiconfig'
    | 'circle'
    | 'assumed-provided'
    | 'nothing-to-do';
  /** BitBake does nothing at all because of it; what is in the graph is what could be known all the same. */
  readonly fatal: boolean;
  /** The variable or flag to look at, in the recipe of this virtual file name: `DEPENDS`, `do_build[depends]`. */
  readonly place?: { readonly mcfn: string; readonly variable: string };
}

export interface TaskGraph {
  /** Those that have tasks in the graph, by number. */
  readonly recipes: readonly RecipeInfo[];
  /** Names of tasks (`do_install`), by number. */
  readonly names: readonly string[];
  /** Task -> its recipe's number, and its name's. */
  readonly recipeOf: Int32Array;
  readonly nameOf: Int32Array;
  /**
   * What task `t` depends on is `dependencies` from `first[t]` up to `first[t + 1]`, in ascending order. Tasks are
   * numbered so that a task comes after all it depends on, save in circles (of which `problems` tells) and in a graph
   * that was made again (`remaking.ts`), whose tasks keep their numbers.
   */
  readonly first: Int32Array;
  readonly dependencies: Int32Array;
  /** The tasks that were asked for. */
  readonly targets: readonly number[];
  /** Task -> 1 where its recipe has it as a setscene task, too. */
  readonly setscene: Uint8Array;
  /** Multiconfig -> name that is depended on -> the recipe chosen to provide it. */
  readonly providers: ReadonlyMap<string, ReadonlyMap<string, RecipeInfo>>;
  readonly problems: readonly GraphProblem[];
}

/** What each task is needed by: the graph turned round, in the form of `first` and `dependencies`. */
export interface Dependents {
  readonly first: Int32Array;
  readonly dependents: Int32Array;
}

export function dependents({ first, dependencies }: Pick<TaskGraph, 'first' | 'dependencies'>): Dependents {
  const count = first.length - 1;
  const starts = new Int32Array(count + 1);
  for (const dependency of dependencies) starts[dependency + 1]!++;
  for (let task = 0; task < count; task++) starts[task + 1]! += starts[task]!;
  const next = starts.slice();
  const found = new Int32Array(dependencies.length);
  for (let task = 0; task < count; task++) {
    for (let at = first[task]!; at < first[task + 1]!; at++) found[next[dependencies[at]!]!++] = task;
  }
  return { first: starts, dependents: found };
}

/** `zlib.do_compile`, `mc:musl:zlib.do_compile`: how `bitbake -g` calls a task. */
export function taskLabel(graph: TaskGraph, task: number): string {
  return `${recipeLabel(recipeAt(graph, task))}.${nameAt(graph, task)}`;
}

/** PN, after `mc:NAME:` where it is one of a multiconfig. */
export function recipeLabel({ multiconfig, pn }: RecipeInfo): string {
  return multiconfig ? `mc:${multiconfig}:${pn}` : pn;
}

/** The recipe that a task is of. */
export function recipeAt({ recipes, recipeOf }: TaskGraph, task: number): RecipeInfo {
  return recipes[recipeOf[task]!]!;
}

/** `do_install`. */
export function nameAt({ names, nameOf }: TaskGraph, task: number): string {
  return names[nameOf[task]!]!;
}

/** `zlib:do_install`, `mc:musl:zlib:do_install`: how signature data calls a task. */
export function signatureName(graph: TaskGraph, task: number): string {
  const { pn, multiconfig } = recipeAt(graph, task);
  return recipeTaskName({ pn, multiconfig, task: nameAt(graph, task) });
}

/** The number of a recipe's task, by virtual file name; undefined where the graph has no such task. */
export function findTask(graph: TaskGraph, mcfn: string, task: string): number | undefined {
  const name = graph.names.indexOf(task);
  const recipe = graph.recipes.findIndex((known) => known.mcfn === mcfn);
  if (name < 0 || recipe < 0) return undefined;
  const found = graph.recipeOf.findIndex((of, at) => of === recipe && graph.nameOf[at] === name);
  return found < 0 ? undefined : found;
}
