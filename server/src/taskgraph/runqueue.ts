/**
 * The tasks that are to run, out of all that could: those asked for and all they depend on.
 *
 * Follows the last steps of `bb/runqueue.py: RunQueueData.prepare`: targets, `--runall`, `--runonly`, circles and
 * recipes that provide the same.
 */
import type { Steps } from '../base/turns.ts';
import { closeMatches } from './closeMatches.ts';
import { recipeLabel, type TaskGraph } from './graph.ts';
import { circles, dependencyOrder } from './order.ts';
import type { Preferences } from './preferences.ts';
import { RecursiveDependencies } from './recursion.ts';
import type { Reports } from './reports.ts';
import { type RequestedTask, taskName } from './targets.ts';
import type { TaskData } from './taskdata.ts';
import type { TaskTable } from './taskTable.ts';

const MOST_CIRCLES = 10;

export interface RunOptions {
  /** `--runall`: these tasks of every recipe in the graph. */
  readonly runall?: readonly string[];
  /** `--runonly`: of the graph only these tasks and what they depend on. */
  readonly runonly?: readonly string[];
}

/** What the graph is, without its problems and providers. */
export type RunningTasks = Omit<TaskGraph, 'problems' | 'providers'>;

export interface RunQueue {
  readonly running: RunningTasks;
  /** Task of the graph -> its number in the table. */
  readonly tasks: Int32Array;
  readonly recursive: RecursiveDependencies;
}

export function* runningTasks(
  requested: readonly RequestedTask[],
  table: TaskTable,
  taskData: ReadonlyMap<string, TaskData>,
  preferences: ReadonlyMap<string, Preferences>,
  options: RunOptions,
  reports: Reports,
): Steps<RunQueue> {
  const recursive = yield* RecursiveDependencies.in(table);
  const active = new ActiveTasks(table, recursive);
  const targets = yield* active.markTargets(requested, taskData, reports);
  if (options.runall) targets.push(...(yield* active.runAll(options.runall.map(taskName))));
  if (options.runonly) yield* active.runOnly(options.runonly.map(taskName));
  const { running, tasks } = yield* active.numbered(targets);
  if (running.recipeOf.length === 0 && requested.length > 0) {
    reports.add('nothing-to-do', 'No task is left to run for the targets', { fatal: true });
  }
  yield;
  reportCircles(running, reports);
  yield;
  reportSameProviders(running, preferences, reports);
  return { running, tasks, recursive };
}

/** Marks what is to run. */
export class ActiveTasks {
  private isActive: Uint8Array;

  constructor(
    private readonly table: TaskTable,
    private readonly recursive: RecursiveDependencies,
  ) {
    this.isActive = new Uint8Array(table.count);
  }

  /** Of a task that is marked. */
  dependenciesOf(task: number): readonly number[] | Int32Array {
    const { start, edges } = this.table;
    return this.recursive.of(task) ?? edges.subarray(start[task], start[task + 1]);
  }

  /** @returns the tasks asked for */
  *markTargets(
    requested: readonly RequestedTask[],
    taskData: ReadonlyMap<string, TaskData>,
    reports: Reports,
  ): Steps<number[]> {
    const { table } = this;
    const targets: number[] = [];
    for (const { target, task, recipe } of requested) {
      if ([...taskData.values()].some(({ failed }) => failed.has(recipe))) continue;
      const parentsOnly = task.endsWith('-');
      const name = parentsOnly ? task.slice(0, -1) : task;
      const found = table.find(recipe, table.recipes.taskNumber(name));
      if (found < 0) {
        const info = table.info(recipe);
        const similar = closeMatches(name, info.tasks);
        const hint = similar.length > 0 ? `. Close matches:\n  ${similar.join('\n  ')}` : '';
        const message = `Task ${name} does not exist for target ${target} (${info.mcfn}:${name})${hint}`;
        reports.add('missing-task', message, { fatal: true, recipe: info });
        continue;
      }
      targets.push(found);
      if (parentsOnly) {
        yield* this.recursive.solve(found);
        for (const dependency of this.dependenciesOf(found)) yield* this.mark(dependency);
      } else yield* this.mark(found);
    }
    return targets;
  }

  /** Starts from these tasks of all recipes that have an active one, until there are no new ones. */
  *runAll(names: readonly string[]): Steps<number[]> {
    const { table } = this;
    const numbers = names.map((name) => table.recipes.taskNumber(name));
    const all = new Set<number>();
    for (let known = -1; known !== all.size;) {
      known = all.size;
      for (let task = 0; task < table.count; task++) {
        if (!this.isActive[task]) continue;
        for (const name of numbers) {
          const found = table.find(table.recipeOf[task]!, name);
          if (found >= 0) all.add(found);
        }
      }
      this.isActive = new Uint8Array(table.count);
      for (const task of all) yield* this.mark(task);
    }
    return [...all];
  }

  *runOnly(names: readonly string[]): Steps<void> {
    const { table, isActive: before } = this;
    const numbers = names.map((name) => table.recipes.taskNumber(name));
    this.isActive = new Uint8Array(table.count);
    for (let task = 0; task < table.count; task++) {
      if (before[task] && numbers.includes(table.nameOf[task]!)) yield* this.mark(task);
    }
  }

  /** What is marked besides these tasks, which are each there once; undefined where one of them is not marked. */
  besides(tasks: Int32Array): number[] | undefined {
    const left = this.isActive.slice();
    for (const task of tasks) {
      if (left[task] === 0) return undefined;
      left[task] = 0;
    }
    const found: number[] = [];
    for (let task = left.indexOf(1); task >= 0; task = left.indexOf(1, task + 1)) found.push(task);
    return found;
  }

  private *mark(target: number): Steps<void> {
    const waiting = [target];
    for (let task = waiting.pop(); task !== undefined; task = waiting.pop()) {
      if (this.isActive[task]) continue;
      this.isActive[task] = 1;
      yield* this.recursive.solve(task);
      for (const dependency of this.dependenciesOf(task))
        if (!this.isActive[dependency]) waiting.push(dependency);
    }
  }

  /** The active tasks, numbered in the order of their dependencies. */
  *numbered(targets: readonly number[]): Steps<Pick<RunQueue, 'running' | 'tasks'>> {
    const { table } = this;
    const tasks: number[] = [];
    let edges = 0;
    for (let task = 0; task < table.count; task++) {
      if (!this.isActive[task]) continue;
      tasks.push(task);
      edges += this.dependenciesOf(task).length;
    }
    const packed = yield* this.packed(Int32Array.from(tasks), edges);
    const { order, isDone } = dependencyOrder(packed);
    const sorted = new Int32Array(tasks.length);
    let length = 0;
    for (const at of order) sorted[length++] = tasks[at]!;
    for (const [at, task] of tasks.entries()) if (!isDone[at]) sorted[length++] = task;
    yield;
    return { running: yield* this.described(sorted, edges, targets), tasks: sorted };
  }

  /** The edges between tasks, by their places in the list. */
  private *packed(tasks: Int32Array, edges: number): Steps<{ first: Int32Array; dependencies: Int32Array }> {
    const places = new Int32Array(this.table.count);
    for (const [place, task] of tasks.entries()) places[task] = place;
    const first = new Int32Array(tasks.length + 1);
    const dependencies = new Int32Array(edges);
    let length = 0;
    for (const [place, task] of tasks.entries()) {
      for (const dependency of this.dependenciesOf(task)) dependencies[length++] = places[dependency]!;
      dependencies.subarray(first[place], length).sort();
      yield;
      first[place + 1] = length;
    }
    return { first, dependencies };
  }

  private *described(tasks: Int32Array, edges: number, targets: readonly number[]): Steps<RunningTasks> {
    const { table } = this;
    const recipes: RunningTasks['recipes'][number][] = [];
    const numbers = new Int32Array(table.recipes.infos.length).fill(-1);
    const recipeOf = new Int32Array(tasks.length);
    const nameOf = new Int32Array(tasks.length);
    const setscene = new Uint8Array(tasks.length);
    const places = new Map(targets.map((target) => [target, -1]));
    for (const [place, task] of tasks.entries()) {
      const recipe = table.recipeOf[task]!;
      const name = table.nameOf[task]!;
      if (numbers[recipe] === -1) numbers[recipe] = recipes.push(table.info(recipe)) - 1;
      recipeOf[place] = numbers[recipe]!;
      nameOf[place] = name;
      if (table.hasSetscene(task)) setscene[place] = 1;
      if (places.has(task)) places.set(task, place);
    }
    return {
      ...(yield* this.packed(tasks, edges)),
      recipes,
      names: table.recipes.taskNames,
      recipeOf,
      nameOf,
      setscene,
      targets: [...new Set(places.values())].filter((place) => place >= 0),
    };
  }
}

/** `circular_depchains_handler`, with the shortest way round each. */
function reportCircles(running: RunningTasks, reports: Reports): void {
  const { isDone, order } = dependencyOrder(running);
  const left = isDone.length - order.length;
  if (left === 0) return;
  const { recipes, names, recipeOf, nameOf } = running;
  for (const circle of circles(running, isDone, MOST_CIRCLES)) {
    const labels = circle.map((task) => `${recipeLabel(recipes[recipeOf[task]!]!)}:${names[nameOf[task]!]!}`);
    const message =
      labels.length === 2
        ? `Task ${labels[0]} has circular dependency on ${labels[1]}`
        : `Dependency loop: ${[...labels, labels[0]].join(' depends on ')}`;
    reports.add('circle', `${message}. Take one of these dependencies out; ${left} tasks cannot be built`, {
      fatal: true,
      recipe: recipes[recipeOf[circle[0]!]!],
      variable: `${names[nameOf[circle[0]!]!]}[depends]`,
    });
  }
}

/** Recipes with tasks to run that provide the same name. */
export function reportSameProviders(
  { recipes }: Pick<RunningTasks, 'recipes'>,
  preferences: ReadonlyMap<string, Preferences>,
  reports: Reports,
): void {
  const allowed = preferences.get('')!.multiProviderAllowed;
  const byName = new Map<string, RunningTasks['recipes'][number][]>();
  for (const recipe of recipes) {
    for (const name of new Set([recipe.pn, ...recipe.provides])) {
      const key = `${recipe.multiconfig} ${name}`;
      const known = byName.get(key);
      if (known) known.push(recipe);
      else byName.set(key, [recipe]);
    }
  }
  for (const [key, found] of byName) {
    const name = key.slice(key.indexOf(' ') + 1);
    if (found.length < 2 || allowed.has(name)) continue;
    const files = found.map(({ mcfn }) => mcfn);
    const twice = found.find(({ pn }, at) => found.findIndex((other) => other.pn === pn) < at);
    if (twice) {
      reports.add(
        'several-versions',
        `Multiple versions of ${twice.pn} are due to be built (${files.join(' ')}). Only one version of a given PN ` +
          `should be built in any given build. You likely need to set PREFERRED_VERSION_${twice.pn} to select the ` +
          "correct version or don't depend on multiple versions.",
        { fatal: true, recipe: twice },
      );
    } else {
      reports.add(
        'several-providers',
        `Multiple .bb files are due to be built which each provide ${name}:\n  ${files.join('\n  ')}\n` +
          `Choose one with PREFERRED_PROVIDER_${name}, or have what depends on the other depend on it by its own name`,
        { recipe: found[1], variable: 'PROVIDES' },
      );
    }
  }
}
