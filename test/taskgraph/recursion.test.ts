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

const TASKS = ['do_a', 'do_b', 'do_c', 'do_d'];

/** Numbers from 0 up to `limit`, the same for the same seed. */
function generator(seed: number): (limit: number) => number {
  let state = seed * 2654435761 + 1;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function recipe(pn: string, all: readonly string[], random: (limit: number) => number): RecipeInfo {
  const some = <T>(items: readonly T[], of: number) => items.filter(() => random(of) === 0);
  const tasks = [...TASKS].filter(() => random(5) > 0);
  const flag = (of: number, text: () => string) =>
    Object.fromEntries(
      some(tasks, of).flatMap((task) => [[task, text()]].filter(([, value]) => value !== '')),
    );
  const names = () => some(TASKS, 2).join(' ');
  const empty = {};
  return {
    mcfn: `/layer/${pn}.bb`,
    multiconfig: '',
    pn,
    provides: [],
    rprovides: [],
    packages: [pn],
    packagesDynamic: [],
    packageRprovides: empty,
    tasks,
    parents: tasks.map((_, place) => some(tasks.slice(0, place), 2)),
    flags: {
      depends: flag(4, () => (random(4) === 0 ? `${all[random(all.length)]!}:do_b` : '')),
      rdepends: empty,
      deptask: flag(2, names),
      rdeptask: flag(4, names),
      recrdeptask: flag(3, names),
      recideptask: flag(4, names),
      mcdepends: empty,
      nostamp: empty,
      noexec: empty,
    },
    skipped: undefined,
    pe: '',
    pv: '1',
    pr: 'r0',
    defaultPreference: 0,
    priority: 0,
    excludedFromWorld: false,
    depends: some(all, 6),
    rdepends: some(all, 9),
    rrecommends: [],
    packageRdepends: empty,
    packageRrecommends: empty,
    inherits: [],
    stamp: '',
    stampclean: '',
    hashFilename: '',
    extraDependsFunction: '',
    stampExtraInfo: empty,
    fileChecksums: empty,
  };
}

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
});
