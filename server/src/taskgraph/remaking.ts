/**
 * A graph together with what it was made of, so that it can be made again after recipes ask for other things: an edit
 * of DEPENDS is no reason to look at thousands of recipes again.
 *
 * What comes out is what `makeTaskGraph` would make, but for how tasks are numbered: these keep their numbers, and what
 * else is to run comes after them. Where tasks would not run any more, or others provide what is asked for, nothing comes
 * out, and it is to be made from the start. Each time starts from the first graph, so that nothing adds up.
 */
import type { Steps } from '../base/turns.ts';
import type { RecipeInfo } from '../metadata/recipeInfo.ts';
import type { TaskGraph } from './graph.ts';
import { dependencyOrder } from './order.ts';
import type { Preferences } from './preferences.ts';
import type { Recipes } from './recipes.ts';
import { Reports } from './reports.ts';
import { ActiveTasks, reportSameProviders, type RunQueue } from './runqueue.ts';
import type { RequestedTask } from './targets.ts';
import type { TaskData } from './taskdata.ts';
import { joined, type TaskTable } from './taskTable.ts';

/** What a graph was made of. */
export interface GraphParts extends Pick<RunQueue, 'tasks' | 'recursive'> {
  readonly recipes: Recipes;
  readonly preferences: ReadonlyMap<string, Preferences>;
  readonly requested: readonly RequestedTask[];
  readonly taskData: ReadonlyMap<string, TaskData>;
  readonly table: TaskTable;
  /** Nothing was added or left out by `--runall` and `--runonly`. */
  readonly isWhole: boolean;
}

export interface RemadeGraph {
  /** With the tasks of the first one under the same numbers: a task may come before what it depends on. */
  readonly graph: TaskGraph;
  /** The tasks that are new or depend on others than in the first one, and all those of the recipes that are others. */
  readonly changed: readonly number[];
}

export class GraphMaking {
  private readonly numbers = new Map<string, number>();

  constructor(
    readonly graph: TaskGraph,
    private readonly parts: GraphParts,
  ) {
    for (const [number, { mcfn }] of parts.recipes.infos.entries()) this.numbers.set(mcfn, number);
  }

  /** What the first graph knows of a recipe, by virtual file name. */
  info(mcfn: string): RecipeInfo | undefined {
    const number = this.numbers.get(mcfn);
    return number === undefined ? undefined : this.parts.recipes.infos[number];
  }

  /**
   * @param others recipes that are others than in the first graph
   * @returns undefined where it is to be made from the start
   */
  *remade(others: readonly RecipeInfo[]): Steps<RemadeGraph | undefined> {
    const { recipes, taskData, table, recursive, requested, preferences } = this.parts;
    const changed = this.numbered(others);
    if (!changed) return undefined;
    const numbers = [...changed.keys()];
    const reports = new Reports();
    const recipesNow = recipes.with(changed);
    const taskDataNow = new Map<string, TaskData>();
    for (const [multiconfig, data] of taskData) {
      const own = numbers.filter((number) => recipes.infos[number]!.multiconfig === multiconfig);
      const set = recipesNow.sets.get(multiconfig)!;
      const now = own.length === 0 ? data : yield* data.remade(set, own, reports);
      if (!now) return undefined;
      taskDataNow.set(multiconfig, now);
    }
    const faults = new Reports();
    const tableNow = table.remade(recipesNow, taskDataNow, numbers, faults);
    if (faults.problems.length > 0) return undefined;
    yield;
    const own = new Set(numbers.flatMap((number) => tableNow.tasksOf(number)));
    const recursiveNow = yield* recursive.remade(tableNow, own);
    if (!recursiveNow) return undefined;
    const active = new ActiveTasks(tableNow, recursiveNow);
    yield* active.markTargets(requested, taskDataNow, new Reports());
    const added = active.besides(this.parts.tasks);
    if (!added) return undefined;
    const tasks = joined([this.parts.tasks, Int32Array.from(added)]);
    const places = new Int32Array(table.count);
    for (const [place, task] of tasks.entries()) places[task] = place;
    const lists = new Map<number, Int32Array>();
    const { graph } = this;
    for (const [place, task] of tasks.entries()) {
      const isNew = place >= graph.recipeOf.length;
      if (!isNew && !own.has(task) && recursiveNow.of(task) === recursive.of(task)) continue;
      yield;
      lists.set(place, Int32Array.from(active.dependenciesOf(task), (other) => places[other]!).sort());
    }
    const edges = withLists(graph, tasks.length, lists);
    if (dependencyOrder(edges).order.length < tasks.length) return undefined;
    yield;
    const infos = new Map(others.map((info) => [info.mcfn, info]));
    const known = graph.recipes.map((info) => infos.get(info.mcfn) ?? info);
    const described = withTasks({ ...graph, recipes: known }, tableNow, added);
    if (added.length > 0) reportSameProviders(described, preferences, reports);
    const news = reports.problems.filter((problem) => !isAmong(problem, graph.problems));
    return {
      graph: {
        ...described,
        ...edges,
        names: recipesNow.taskNames,
        providers: chosenProviders(recipesNow, taskDataNow),
        problems: [...graph.problems, ...news],
      },
      changed: [...lists.keys()].filter(
        (place) =>
          place >= graph.recipeOf.length ||
          own.has(tasks[place]!) ||
          !areSame(lists.get(place)!, dependenciesOf(graph, place)),
      ),
    };
  }

  /** By number; undefined where one differs in more than what it asks for, or something is wrong with what it asks. */
  private numbered(others: readonly RecipeInfo[]): Map<number, RecipeInfo> | undefined {
    const { recipes, isWhole } = this.parts;
    const numbers = new Map<number, RecipeInfo>();
    for (const info of others) {
      const number = this.numbers.get(info.mcfn);
      if (number === undefined || !this.differsInWishes(recipes.infos[number]!, info)) return undefined;
      numbers.set(number, info);
    }
    const isAtFault = others.some(({ mcfn }) =>
      this.graph.problems.some(({ place }) => place?.mcfn === mcfn),
    );
    return isWhole && !isAtFault ? numbers : undefined;
  }

  private differsInWishes(before: RecipeInfo, now: RecipeInfo): boolean {
    const { recipes, preferences } = this.parts;
    const { multiconfig, pn, extraDependsFunction } = before;
    // What was asked of Python on the way began with these.
    if (extraDependsFunction !== '' && !isSame(before.depends, now.depends)) return false;
    const preference = preferences.get(multiconfig)!;
    const isOnly =
      recipes.sets.get(multiconfig)!.byPn.get(pn)!.length === 1 &&
      !preference.version('REQUIRED', pn) &&
      !preference.version('PREFERRED', pn);
    const free = isOnly ? [...WISHES, ...VERSION] : WISHES;
    return (
      (Object.keys(now) as (keyof RecipeInfo)[]).every(
        (key) => free.includes(key) || isSame(before[key], now[key]),
      ) && FIXED_FLAGS.every((flag) => isSame(before.flags[flag], now.flags[flag]))
    );
  }
}

/** What a recipe may say otherwise without another graph but for dependencies. */
const WISHES: readonly (keyof RecipeInfo)[] = [
  'depends',
  'rdepends',
  'rrecommends',
  'packageRdepends',
  'packageRrecommends',
  'parents',
  'flags',
  'stamp',
  'stampclean',
  'stampExtraInfo',
  'hashFilename',
  'fileChecksums',
  'unknownFiles',
];
/** The same where a recipe is the only one of its PN. */
const VERSION: readonly (keyof RecipeInfo)[] = ['pe', 'pv', 'pr', 'defaultPreference'];
/** Flags that decide what other tasks are taken from, or other multiconfigs' targets. */
const FIXED_FLAGS = ['recrdeptask', 'recideptask', 'mcdepends'] as const;

/** Multiconfig -> name -> the recipe that is to provide it. */
export function chosenProviders(
  recipes: Recipes,
  taskData: ReadonlyMap<string, TaskData>,
): TaskGraph['providers'] {
  return new Map(
    [...taskData].map(([multiconfig, { build }]) => [
      multiconfig,
      new Map(
        build.texts.flatMap((name, at) => {
          const recipe = build.provider(at);
          return recipe === undefined ? [] : [[name, recipes.infos[recipe]!] as const];
        }),
      ),
    ]),
  );
}

type Edges = Pick<TaskGraph, 'first' | 'dependencies'>;

/** @param lists what some tasks depend on now, and all that are new */
function withLists(
  { first, dependencies }: Edges,
  count: number,
  lists: ReadonlyMap<number, Int32Array>,
): Edges {
  const had = first.length - 1;
  const starts = new Int32Array(count + 1);
  for (let task = 0; task < count; task++)
    starts[task + 1] = starts[task]! + (lists.get(task)?.length ?? first[task + 1]! - first[task]!);
  const all = new Int32Array(starts[count]!);
  let next = 0;
  const keepUpTo = (end: number): void => {
    if (next < end) all.set(dependencies.subarray(first[next], first[end]), starts[next]);
    next = end;
  };
  for (const task of [...lists.keys()].sort((a, b) => a - b)) {
    keepUpTo(Math.min(task, had));
    all.set(lists.get(task)!, starts[task]);
    next = task + 1;
  }
  keepUpTo(had);
  return { first: starts, dependencies: all };
}

/** @param added tasks of the table that come after those of the graph */
function withTasks(graph: TaskGraph, table: TaskTable, added: readonly number[]): TaskGraph {
  if (added.length === 0) return graph;
  const recipes = [...graph.recipes];
  const numbers = new Map(recipes.map(({ mcfn }, number) => [mcfn, number]));
  const recipeOf = added.map((task) => {
    const info = table.info(table.recipeOf[task]!);
    let number = numbers.get(info.mcfn);
    if (number === undefined) numbers.set(info.mcfn, (number = recipes.push(info) - 1));
    return number;
  });
  const setscene = added.map((task) => (table.hasSetscene(task) ? 1 : 0));
  return {
    ...graph,
    recipes,
    recipeOf: joined([graph.recipeOf, Int32Array.from(recipeOf)]),
    nameOf: joined([graph.nameOf, Int32Array.from(added, (task) => table.nameOf[task]!)]),
    setscene: Uint8Array.from([...graph.setscene, ...setscene]),
  };
}

function dependenciesOf({ first, dependencies }: Edges, task: number): Int32Array {
  return dependencies.subarray(first[task], first[task + 1]);
}

function areSame(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function isAmong({ code, message }: TaskGraph['problems'][number], problems: TaskGraph['problems']): boolean {
  return problems.some((other) => other.code === code && other.message === message);
}
