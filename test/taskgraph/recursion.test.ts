/**
 * recrdeptask over generated recipes, compared with the rounds in which BitBake resolves it, done as plainly as can be
 * (`bb/runqueue.py: RunQueueData.prepare`).
 */
import { describe, expect, it } from 'vitest';
import { atOnce } from '../../server/src/base/turns.ts';
import type { RecipeInfo } from '../../server/src/metadata/recipeInfo.ts';
import { Preferences } from '../../server/src/taskgraph/preferences.ts';
import { Recipes } from '../../server/src/taskgraph/recipes.ts';
import { RecursiveDependencies } from '../../server/src/taskgraph/recursion.ts';
import { Reports } from '../../server/src/taskgraph/reports.ts';
import { resolveTargets } from '../../server/src/taskgraph/targets.ts';
import { TaskTable } from '../../server/src/taskgraph/taskTable.ts';
import { generator, recipe } from './generated.ts';

/** BitBake's rounds, on sets. */
function rounds(table: TaskTable): Map<number, Set<number>> {
  const { count, recursive, nameOf, recipeOf } = table;
  const depends = Array.from(
    { length: count },
    (_, task) => new Set(table.edges.slice(table.start[task], table.start[task + 1])),
  );
  const below = depends.map(() => new Set<number>());
  const left = depends.map((set) => new Set(set));
  for (let ends = [...left.keys()].filter((task) => left[task]!.size === 0); ends.length > 0;) {
    const next = new Set<number>();
    for (const end of ends) {
      for (let task = 0; task < count; task++) {
        if (!depends[task]!.has(end)) continue;
        below[task]!.add(recipeOf[end]!);
        for (const other of below[end]!) below[task]!.add(other);
        left[task]!.delete(end);
        if (left[task]!.size === 0) next.add(task);
      }
    }
    ends = [...next];
  }
  const isRecursive = new Set(recursive.map(({ task }) => task));
  for (let added = -1; added !== 0;) {
    added = 0;
    const add = (task: number, dependency: number) => {
      if (dependency < 0 || depends[task]!.has(dependency)) return;
      depends[task]!.add(dependency);
      added++;
    };
    for (const { task, names, itasks } of recursive) {
      const total = new Set([
        ...depends[task]!,
        ...itasks,
        ...itasks.flatMap((other) => [...depends[other]!]),
      ]);
      for (const dependency of total) {
        for (const of of below[dependency]!) {
          for (const name of names) {
            const found = table.find(of, name);
            if (found !== task) add(task, found);
          }
        }
      }
      const sources = [...depends[task]!].filter((dependency) => isRecursive.has(dependency));
      for (const dependency of sources.flatMap((source) => [...depends[source]!])) {
        if (names.includes(nameOf[dependency]!)) add(task, dependency);
      }
    }
  }
  const selfish = recursive
    .filter(({ task, names }) => names.includes(nameOf[task]!))
    .map(({ task }) => task);
  for (const task of selfish) for (const other of selfish) depends[task]!.delete(other);
  return new Map(recursive.map(({ task }) => [task, depends[task]!]));
}

describe('recrdeptask', () => {
  it.each(Array.from({ length: 150 }, (_, seed) => seed))('of generated recipes, %d', (seed) => {
    const random = generator(seed);
    const names = Array.from({ length: 3 + random(40) }, (_, at) => `r${at}`);
    const recipes = new Recipes(
      [''],
      names.map((pn) => recipe(pn, names, random)),
    );
    const reports = new Reports();
    const options = { allowIncomplete: true, extraDepends: new Map<string, readonly string[]>() };
    const preferences = new Map([['', new Preferences({})]]);
    const { taskData } = atOnce(resolveTargets(names, 'do_a', recipes, preferences, options, reports));
    const table = atOnce(TaskTable.of(recipes, taskData, reports));
    const sorted = (tasks: Iterable<number>) => [...tasks].sort((a, b) => a - b);
    const asked = table.recursive.map(({ task }) => task);
    asked.sort(() => random(3) - 1);
    const expected = rounds(table);
    const inTurn = atOnce(RecursiveDependencies.in(table));
    const solved = (all: RecursiveDependencies, task: number) => {
      atOnce(all.solve(task));
      return all.of(task);
    };
    for (const task of asked) {
      expect(sorted(solved(inTurn, task)!)).toEqual(sorted(expected.get(task)!));
      expect(sorted(solved(atOnce(RecursiveDependencies.in(table)), task)!)).toEqual(
        sorted(expected.get(task)!),
      );
    }
    const plain = Array.from({ length: table.count }, (_, task) => task).find((task) => !expected.has(task));
    if (plain !== undefined) expect(solved(inTurn, plain)).toBeUndefined();
  });

  /** How many were made again. */
  let remade = 0;

  it.each(Array.from({ length: 150 }, (_, seed) => seed))('after a recipe depends on others, %d', (seed) => {
    const random = generator(seed + 500);
    const names = Array.from({ length: 3 + random(12) }, (_, at) => `r${at}`);
    const infos = names.map((pn, at) => recipe(pn, names.slice(0, at), random));
    const tableOf = (all: readonly RecipeInfo[]) => {
      const recipes = new Recipes([''], all);
      const reports = new Reports();
      const options = { allowIncomplete: true, extraDepends: new Map<string, readonly string[]>() };
      const preferences = new Map([['', new Preferences({})]]);
      const { taskData } = atOnce(resolveTargets(names, 'do_a', recipes, preferences, options, reports));
      return { recipes, taskData, table: atOnce(TaskTable.of(recipes, taskData, reports)) };
    };
    const { table } = tableOf(infos);
    const first = atOnce(RecursiveDependencies.in(table));
    for (const { task } of table.recursive) if (random(5) > 0) atOnce(first.solve(task));
    for (let round = 0; round < 4; round++) {
      const at = random(names.length);
      const anew = recipe(names[at]!, names.slice(0, at), random);
      const { depends, deptask } = anew.flags;
      const flags = { ...infos[at]!.flags, ...(random(2) === 0 ? { depends } : { deptask }) };
      const info = { ...infos[at]!, flags, depends: random(2) === 0 ? anew.depends : infos[at]!.depends };
      const now = tableOf(infos.map((each, place) => (place === at ? info : each)));
      const number = now.recipes.infos.indexOf(info);
      const tableNow = table.remade(now.recipes, now.taskData, [number], new Reports());
      const list = ({ start, edges }: TaskTable) =>
        Array.from({ length: table.count }, (_, task) => [...edges.subarray(start[task], start[task + 1])]);
      expect(list(tableNow)).toEqual(list(now.table));
      const again = atOnce(first.remade(tableNow, new Set(tableNow.tasksOf(number))));
      if (!again) continue;
      remade++;
      const sorted = (tasks: Iterable<number>) => [...tasks].sort((a, b) => a - b);
      for (const [task, expected] of rounds(tableNow)) {
        atOnce(again.solve(task));
        expect(sorted(again.of(task)!)).toEqual(sorted(expected));
      }
    }
  });

  it('was made again often enough to tell', () => {
    expect(remade).toBeGreaterThan(300);
  });
});
