/** A graph of five tasks that tests fold: app depends on lib and on app-native. */
import { createHash } from 'node:crypto';
import { releaseOf, type TaskhashTraits } from '../../server/src/metadata/release.ts';
import type { BitBakeHash } from '../../server/src/signature/signatures.ts';
import type { FileChecksum } from '../../server/src/taskgraph/checksums.ts';
import type { HashedRecipe, TaskhashInputs } from '../../server/src/taskgraph/taskhash.ts';
import { type TaskhashSettings, taskhashSettings } from '../../server/src/taskgraph/taskhashSettings.ts';

export const SSTATESIG = '    name = "OEBasicHash"\n    name = "OEEquivHash"\nSIGGEN_UNIHASHMAP\n';

export function recipe(pn: string, more: Partial<HashedRecipe> = {}): HashedRecipe {
  return {
    mcfn: `/layer/${pn}.bb`,
    multiconfig: '',
    pn,
    inherits: [],
    packages: [pn],
    rrecommends: [],
    packageRrecommends: {},
    flags: { nostamp: {} },
    ...more,
  };
}

export const FETCH_LIB = 0;
export const INSTALL_LIB = 1;
export const FETCH_APP = 2;
export const INSTALL_APP = 3;
export const INSTALL_NATIVE = 4;

export interface SmallGraph {
  readonly variables?: Readonly<Record<string, string>>;
  readonly traits?: TaskhashTraits;
  readonly lib?: Partial<HashedRecipe>;
  readonly app?: Partial<HashedRecipe>;
  readonly more?: Partial<TaskhashInputs>;
  readonly setscene?: readonly number[];
}

export function sha256(text: string): BitBakeHash {
  return createHash('sha256').update(text).digest('hex') as BitBakeHash;
}

const FILES: readonly FileChecksum[] = [
  { path: '/layer/files/a', checksum: '0cc175b9c0f1b6a831c399e269772661' },
  { path: '/layer/dir/./sub/b', checksum: '92eb5ffee6ae2fec3ad71c777531578f' },
];

export function settingsOf(
  variables: Readonly<Record<string, string>>,
  traits: TaskhashTraits,
): TaskhashSettings {
  return taskhashSettings((name) => variables[name], traits);
}

export function plainTraits(version = '2.18.0'): TaskhashTraits {
  return releaseOf(version).taskhash;
}

export function small(
  options: SmallGraph = {},
): TaskhashInputs & { basehashes: (BitBakeHash | { unknown: string })[] } {
  const traits = options.traits ?? plainTraits();
  const lib = recipe('lib', options.lib);
  const app = recipe('app', options.app);
  const native = recipe('app-native', { mcfn: 'virtual:native:/layer/app.bb' });
  const tasks = [
    { recipe: lib, name: 'do_fetch', dependencies: [] },
    { recipe: lib, name: 'do_install', dependencies: [FETCH_LIB] },
    { recipe: app, name: 'do_fetch', dependencies: [] },
    { recipe: app, name: 'do_install', dependencies: [INSTALL_LIB, FETCH_APP, INSTALL_NATIVE] },
    { recipe: native, name: 'do_install', dependencies: [] },
  ];
  const basehashes: (BitBakeHash | { unknown: string })[] = [
    'base lib:fetch',
    'base lib:install',
    'base app:fetch',
    'base app:install',
    'base native:install',
  ].map(sha256);
  return {
    graph: {
      count: tasks.length,
      recipe: (task) => tasks[task]!.recipe,
      name: (task) => tasks[task]!.name,
      dependencies: (task) => tasks[task]!.dependencies,
      isSetscene: (task) => options.setscene?.includes(task) ?? false,
    },
    settings: settingsOf({ BB_SIGNATURE_HANDLER: 'basichash', ...options.variables }, traits),
    traits,
    virtuals: new Map(),
    basehash: (task) => basehashes[task]!,
    files: (task) => (task === FETCH_LIB ? FILES : []),
    taint: () => undefined,
    ...options.more,
    basehashes,
  };
}
