/** Recipes that depend on each other at random, the same for the same seed. */
import type { RecipeInfo } from '../../server/src/metadata/recipeInfo.ts';

export const TASKS = ['do_a', 'do_b', 'do_c', 'do_d'];

/** Numbers from 0 up to `limit`, the same for the same seed. */
export function generator(seed: number): (limit: number) => number {
  let state = seed * 2654435761 + 1;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** @param all names that it may ask for */
export function recipe(pn: string, all: readonly string[], random: (limit: number) => number): RecipeInfo {
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
      depends: flag(4, () => (random(4) === 0 && all.length > 0 ? `${all[random(all.length)]!}:do_b` : '')),
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
    unknownFiles: empty,
  };
}

/**
 * A recipe as they mostly are: its tasks run one after the other, the first two need those before them of what the
 * recipe depends on, and the last may take tasks of all of it.
 */
export function orderly(pn: string, all: readonly string[], random: (limit: number) => number): RecipeInfo {
  const wild = recipe(pn, all, random);
  const one = () => TASKS[random(TASKS.length)]!;
  const takes = ['', 'do_b', 'do_c', 'do_b do_c', 'do_d do_b'][random(5)]!;
  const named = all.length > 0 && random(3) === 0 ? { [one()]: `${all[random(all.length)]!}:${one()}` } : {};
  const last = random(3) === 0 ? [] : ['do_c'];
  return {
    ...wild,
    depends: [...wild.depends, ...(random(20) === 0 ? ['nothing0'] : [])],
    tasks: TASKS,
    parents: [[], ['do_a'], ['do_b'], last],
    flags: {
      ...wild.flags,
      depends: named,
      deptask: { do_a: 'do_b' },
      rdeptask: random(2) === 0 ? { do_c: 'do_b' } : {},
      recrdeptask: takes ? { do_d: takes } : {},
      recideptask: random(2) === 0 ? { do_d: TASKS[random(3)]! } : {},
    },
  };
}
