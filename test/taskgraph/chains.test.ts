import { describe, expect, it } from 'vitest';
import type { RecipeInfo } from '../../server/src/metadata/recipeInfo.ts';
import { linkKind, needed, needing, reachable, shortestChain } from '../../server/src/taskgraph/chains.ts';
import type { TaskGraph } from '../../server/src/taskgraph/graph.ts';

const NAMES = ['do_fetch', 'do_install', 'do_image'];
const NO_FLAGS = Object.fromEntries(
  ['depends', 'rdepends', 'deptask', 'rdeptask', 'recrdeptask', 'recideptask', 'mcdepends'].map((flag) => [
    flag,
    {},
  ]),
);

function recipe(pn: string, more: object = {}, flags: object = {}): RecipeInfo {
  const all = {
    mcfn: `/layer/${pn}.bb`,
    multiconfig: '',
    pn,
    packages: [pn],
    depends: [],
    rdepends: [],
    rrecommends: [],
    packageRdepends: {},
    packageRrecommends: {},
    tasks: NAMES,
    parents: [[], ['do_fetch'], []],
    flags: { ...NO_FLAGS, ...flags },
    ...more,
  };
  return all as unknown as RecipeInfo;
}

const LIB = recipe('lib');
const APP = recipe('app', { depends: ['virtual/lib'] }, { deptask: { do_install: 'do_install' } });
const IMAGE = recipe(
  'image',
  { rdepends: ['app'] },
  {
    rdeptask: { do_image: 'do_install' },
    depends: { do_fetch: 'lib:do_fetch' },
    recrdeptask: { do_image: 'do_fetch' },
  },
);

/** By task: what it needs. 0, 1: lib; 2, 3: app; 4, 5: image. */
const NEEDS = [[], [0], [], [1, 2], [0], [3, 4, 0]];
const graph = {
  recipes: [LIB, APP, IMAGE],
  names: NAMES,
  recipeOf: Int32Array.of(0, 0, 1, 1, 2, 2),
  nameOf: Int32Array.of(0, 1, 0, 1, 0, 2),
  first: Int32Array.from([0, 0, 1, 1, 3, 4, 7]),
  dependencies: Int32Array.from(NEEDS.flat()),
  targets: [5],
  setscene: new Uint8Array(6),
  providers: new Map([
    [
      '',
      new Map([
        ['virtual/lib', LIB],
        ['lib', LIB],
      ]),
    ],
  ]),
  problems: [],
} as TaskGraph;

describe('a task graph', () => {
  it('knows what needs a task and what it needs, directly or not', () => {
    expect(reachable([0], needing(graph), 6)).toEqual([1, 3, 4, 5]);
    expect(reachable([3], needed(graph), 6)).toEqual([0, 1, 2]);
    expect(reachable([5], needing(graph), 6)).toEqual([]);
  });

  it('knows the shortest chain', () => {
    expect(shortestChain(graph, 5, 1)).toEqual([5, 3, 1]);
    expect(shortestChain(graph, 5, 0)).toEqual([5, 0]);
    expect(shortestChain(graph, 3, 3)).toEqual([3]);
    expect(shortestChain(graph, 0, 5)).toBeUndefined();
  });

  it('knows what makes a link', () => {
    expect(linkKind(graph, 1, 0)).toBe('addtask');
    expect(linkKind(graph, 3, 1)).toBe('[deptask]');
    expect(linkKind(graph, 5, 3)).toBe('[rdeptask]');
    expect(linkKind(graph, 4, 0)).toBe('[depends]');
    expect(linkKind(graph, 5, 0)).toBe('[recrdeptask]');
    expect(linkKind(graph, 0, 5)).toBeUndefined();
  });
});
