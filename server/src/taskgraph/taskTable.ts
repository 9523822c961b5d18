/**
 * All tasks of all recipes that may take part, as numbers, and what each depends on directly.
 *
 * Follows the first step of `bb/runqueue.py: RunQueueData.prepare`: tasks of the same recipe, and the flags deptask,
 * rdeptask, depends, rdepends, mcdepends and the direct part of recrdeptask.
 */
import type { Steps } from '../base/turns.ts';
import { splitWords } from '../base/words.ts';
import type { RecipeInfo, TaskFlag } from '../metadata/recipeInfo.ts';
import type { Recipes } from './recipes.ts';
import type { Reports } from './reports.ts';
import type { Names, TaskData, Wants } from './taskdata.ts';

/** A task with recrdeptask. */
export interface RecursiveTask {
  readonly task: number;
  /** Names of the tasks it takes from all that it depends on. */
  readonly names: readonly number[];
  /** Tasks of its recipe whose dependencies count as its own (recideptask). */
  readonly itasks: readonly number[];
}

/** A list of numbers that grows. */
class GrowingList {
  items = new Int32Array(1 << 16);
  length = 0;
  push(item: number): void {
    if (this.length === this.items.length) {
      const larger = new Int32Array(this.items.length * 2);
      larger.set(this.items);
      this.items = larger;
    }
    this.items[this.length++] = item;
  }
  /** What is in it, which it then is rid of. */
  taken(): Int32Array {
    const { length } = this;
    this.length = 0;
    return this.items.slice(0, length);
  }
}

/** Which tasks there are: those of the recipes that take part, recipe by recipe. */
interface TaskNumbers {
  /** Recipe -> number of its first task; -1: it does not take part. */
  readonly firstTask: Int32Array;
  /** Task -> its recipe, and its name's number. */
  readonly recipeOf: Int32Array;
  readonly nameOf: Int32Array;
}

export class TaskTable {
  /** Task `t` depends on `edges` from `start[t]` up to `start[t + 1]`; recursive ones on more. */
  readonly start: Int32Array;
  edges: Int32Array = new Int32Array(0);
  recursive: RecursiveTask[] = [];
  readonly firstTask: Int32Array;
  readonly recipeOf: Int32Array;
  readonly nameOf: Int32Array;
  private readonly edgeList = new GrowingList();
  /** Task -> the last task that it was entered for, so that no edge is entered twice. */
  private readonly entered: Int32Array;
  private readonly nameLists = new Map<string, readonly number[]>();
  /** Number of a task name -> that of its setscene task's. */
  private readonly setsceneNames = new Map<number, number>();

  private constructor(
    readonly recipes: Recipes,
    private readonly taskData: ReadonlyMap<string, TaskData>,
    private readonly reports: Reports,
    { firstTask, recipeOf, nameOf }: TaskNumbers,
  ) {
    this.firstTask = firstTask;
    this.recipeOf = recipeOf;
    this.nameOf = nameOf;
    this.start = new Int32Array(recipeOf.length + 1);
    this.entered = new Int32Array(recipeOf.length).fill(-1);
  }

  static *of(recipes: Recipes, taskData: ReadonlyMap<string, TaskData>, reports: Reports): Steps<TaskTable> {
    const table = new TaskTable(recipes, taskData, reports, taskNumbers(recipes, taskData));
    for (const data of taskData.values()) {
      for (const [recipe, wants] of data.wants) {
        yield;
        table.addRecipe(recipe, wants, data);
      }
    }
    table.edges = table.edgeList.taken();
    return table;
  }

  /**
   * The same tasks, some of which may depend on others.
   * @param taskData with the same recipes that take part
   * @param changed the recipes of these tasks, with the tasks that they had
   */
  remade(
    recipes: Recipes,
    taskData: ReadonlyMap<string, TaskData>,
    changed: readonly number[],
    reports: Reports,
  ): TaskTable {
    const table = new TaskTable(recipes, taskData, reports, this);
    table.recursive = this.recursive.filter(({ task }) => !changed.includes(this.recipeOf[task]!));
    const parts: Int32Array[] = [];
    let next = 0;
    const keepUpTo = (end: number): void => {
      const shift = parts.reduce((length, part) => length + part.length, 0) - this.start[next]!;
      parts.push(this.edges.subarray(this.start[next], this.start[end]));
      for (let task = next; task < end; task++) table.start[task + 1] = this.start[task + 1]! + shift;
      next = end;
    };
    const byTask = changed.filter((recipe) => this.firstTask[recipe]! >= 0);
    byTask.sort((a, b) => this.firstTask[a]! - this.firstTask[b]!);
    for (const recipe of byTask) {
      const first = this.firstTask[recipe]!;
      const end = first + recipes.layouts[recipe]!.names.length;
      keepUpTo(first);
      const before = table.start[first]!;
      const data = taskData.get(recipes.infos[recipe]!.multiconfig)!;
      table.addRecipe(recipe, data.wants.get(recipe)!, data);
      parts.push(table.edgeList.taken());
      for (let task = first; task < end; task++) table.start[task + 1]! += before;
      next = end;
    }
    keepUpTo(table.count);
    table.edges = joined(parts);
    return table;
  }

  get count(): number {
    return this.recipeOf.length;
  }

  /** The task of a recipe that takes part; -1 where it has none of that name. */
  find(recipe: number, name: number): number {
    const first = this.firstTask[recipe]!;
    const place = first < 0 ? undefined : this.recipes.layouts[recipe]!.places.get(name);
    return place === undefined ? -1 : first + place;
  }

  /** Whether its recipe has the task as a setscene task, too. */
  hasSetscene(task: number): boolean {
    const name = this.nameOf[task]!;
    let twin = this.setsceneNames.get(name);
    if (twin === undefined) {
      twin = this.recipes.taskNumber(`${this.recipes.taskNames[name]}_setscene`);
      this.setsceneNames.set(name, twin);
    }
    return this.find(this.recipeOf[task]!, twin) >= 0;
  }

  /** None where the recipe takes no part. */
  tasksOf(recipe: number): number[] {
    const first = this.firstTask[recipe]!;
    return first < 0 ? [] : Array.from(this.recipes.layouts[recipe]!.names, (_, place) => first + place);
  }

  info(recipe: number): RecipeInfo {
    return this.recipes.infos[recipe]!;
  }

  private addRecipe(recipe: number, wants: Wants, data: TaskData): void {
    const info = this.info(recipe);
    const first = this.firstTask[recipe]!;
    const hasFailed = data.failed.has(recipe);
    for (const [place, task] of info.tasks.entries()) {
      const id = first + place;
      if (!hasFailed) {
        this.entered[id] = id;
        this.addTask(id, task, place, info, wants, data);
      }
      this.start[id + 1] = this.edgeList.length;
    }
  }

  private addTask(
    id: number,
    task: string,
    place: number,
    info: RecipeInfo,
    wants: Wants,
    data: TaskData,
  ): void {
    const recipe = this.recipeOf[id]!;
    if (info.flags.mcdepends[task] !== undefined) this.addMulticonfigs(id, task, info, data);
    for (const parent of info.parents[place]!) {
      const found = this.find(recipe, this.recipes.taskNumber(parent));
      if (found >= 0) this.enter(found, id);
    }
    this.addAll(id, wants.depends, data.build, this.namesIn(info, 'deptask', task));
    this.addAll(id, wants.rdepends, data.runtime, this.namesIn(info, 'rdeptask', task));
    this.addNamed(id, task, info, wants.idepends, data.build, 'depends');
    this.addNamed(id, task, info, wants.irdepends, data.runtime, 'rdepends');
    const names = this.namesIn(info, 'recrdeptask', task);
    if (names.length === 0) return;
    this.addAll(id, wants.depends, data.build, names);
    this.addAll(id, wants.rdepends, data.runtime, names);
    const itasks = this.namesIn(info, 'recideptask', task)
      .map((name) => this.find(recipe, name))
      .filter((found) => found >= 0);
    this.recursive.push({ task: id, names, itasks });
  }

  private enter(dependency: number, task: number): void {
    if (this.entered[dependency] === task) return;
    this.entered[dependency] = task;
    this.edgeList.push(dependency);
  }

  /** The tasks `tasks` of the providers of all `names`. */
  private addAll(id: number, names: readonly number[], of: Names, tasks: readonly number[]): void {
    if (tasks.length === 0) return;
    for (const name of names) {
      const recipe = of.provider(name);
      if (recipe === undefined) continue;
      for (const task of tasks) {
        const found = this.find(recipe, task);
        if (found >= 0) this.enter(found, id);
      }
    }
  }

  private addNamed(
    id: number,
    task: string,
    info: RecipeInfo,
    needed: Wants['idepends'],
    of: Names,
    flag: 'depends' | 'rdepends',
  ): void {
    for (const { name, task: other } of needed.get(task) ?? []) {
      const recipe = of.provider(name);
      if (recipe === undefined || (flag === 'depends' && of.failed.has(name))) continue;
      const found = this.find(recipe, this.recipes.taskNumber(other));
      if (found >= 0) this.enter(found, id);
      else {
        const { mcfn } = this.info(recipe);
        this.reports.add(
          'missing-task',
          `Task ${task} in ${info.mcfn} ${flag} upon non-existent task ${other} in ${mcfn}: correct ${task}[${flag}]`,
          { fatal: true, recipe: info, variable: `${task}[${flag}]` },
        );
      }
    }
  }

  /** As in BitBake, a task with the flag gets what any task of its multiconfig names in it. */
  private addMulticonfigs(id: number, task: string, info: RecipeInfo, data: TaskData): void {
    const options = { fatal: true, recipe: info, variable: `${task}[mcdepends]` };
    for (const entry of data.mcdepends) {
      const [, from, to, name, other] = entry.split(':');
      const target = this.taskData.get(to!);
      if (!target || from !== data.recipes.multiconfig) continue;
      const number = target.build.find(name!);
      const recipe = number === undefined ? undefined : target.build.provider(number);
      const found = recipe === undefined ? -1 : this.find(recipe, this.recipes.taskNumber(other!));
      if (found >= 0) this.enter(found, id);
      else if (recipe === undefined) {
        this.reports.add(
          'no-provider',
          `Nothing in multiconfig ${to} PROVIDES '${name}' of ${entry}`,
          options,
        );
      } else {
        const { mcfn } = this.info(recipe);
        this.reports.add('missing-task', `Task mcdepends on non-existent task ${mcfn}:${other}`, options);
      }
    }
  }

  private namesIn(info: RecipeInfo, flag: TaskFlag, task: string): readonly number[] {
    const text = info.flags[flag][task];
    if (text === undefined) return [];
    let names = this.nameLists.get(text);
    if (!names) {
      names = [...new Set(splitWords(text))].map((name) => this.recipes.taskNumber(name));
      this.nameLists.set(text, names);
    }
    return names;
  }
}

function taskNumbers(recipes: Recipes, taskData: ReadonlyMap<string, TaskData>): TaskNumbers {
  const firstTask = new Int32Array(recipes.infos.length).fill(-1);
  let count = 0;
  for (const data of taskData.values()) {
    for (const recipe of data.wants.keys()) {
      firstTask[recipe] = count;
      count += recipes.layouts[recipe]!.names.length;
    }
  }
  const recipeOf = new Int32Array(count);
  const nameOf = new Int32Array(count);
  for (const [recipe, first] of firstTask.entries()) {
    if (first < 0) continue;
    for (const [place, name] of recipes.layouts[recipe]!.names.entries()) {
      recipeOf[first + place] = recipe;
      nameOf[first + place] = name;
    }
  }
  return { firstTask, recipeOf, nameOf };
}

/** One after the other. */
export function joined(parts: readonly Int32Array[]): Int32Array {
  const whole = new Int32Array(parts.reduce((length, part) => length + part.length, 0));
  let length = 0;
  for (const part of parts) {
    whole.set(part, length);
    length += part.length;
  }
  return whole;
}
