import { describe, expect, it } from 'vitest';
import { releaseOf, withSignatureClasses } from '../../server/src/metadata/release.ts';
import type { HashedRecipe } from '../../server/src/taskgraph/taskhash.ts';
import { cleanBasePath, recipeTaskName } from '../../server/src/signature/taskNames.ts';
import { hashOrder } from '../../server/src/taskgraph/taskhashOrder.ts';
import { dependencyFilter, type VirtualProviders } from '../../server/src/taskgraph/taskhashRules.ts';
import { plainTraits, recipe, settingsOf, SSTATESIG } from './small.ts';

const OE = withSignatureClasses(plainTraits(), SSTATESIG);

/** Whether a dependency counts, under OE-Core's rules and these variables. */
function counts(
  own: HashedRecipe,
  other: HashedRecipe,
  options: {
    readonly variables?: Record<string, string>;
    readonly tasks?: readonly [string, string];
    readonly virtuals?: VirtualProviders;
    readonly traits?: typeof OE;
  } = {},
): boolean {
  const { variables = {}, tasks = ['do_x', 'do_y'], virtuals = new Map(), traits = OE } = options;
  const settings = settingsOf({ BB_SIGNATURE_HANDLER: 'OEBasicHash', ...variables }, traits);
  return dependencyFilter<HashedRecipe>(settings, traits, virtuals)(own, tasks[0], other, tasks[1]);
}

describe('which dependencies count for OE-Core', () => {
  const app = recipe('app');
  const lib = recipe('lib');
  const native = recipe('tool-native');

  it('counts what nothing excludes', () => {
    expect(counts(app, lib)).toBe(true);
    expect(counts(app, native)).toBe(true);
  });

  it('leaves everything out of do_rm_work', () => {
    expect(counts(app, app, { tasks: ['do_rm_work', 'do_build'] })).toBe(false);
  });

  it("counts a recipe's own tasks, but not the archiver's for do_kernel_configme", () => {
    const variables = { SIGGEN_EXCLUDE_SAFE_RECIPE_DEPS: 'app->app *->app' };
    expect(counts(app, app, { variables })).toBe(true);
    expect(counts(app, app, { tasks: ['do_kernel_configme', 'do_unpack_and_patch'] })).toBe(false);
  });

  it('leaves out safe pairs, and safe dependencies of all', () => {
    const variables = { SIGGEN_EXCLUDE_SAFE_RECIPE_DEPS: 'app->lib *->shared' };
    expect(counts(app, lib, { variables })).toBe(false);
    expect(counts(lib, app, { variables })).toBe(true);
    expect(counts(native, recipe('shared'), { variables })).toBe(false);
    const musl = recipe('shared', { multiconfig: 'musl' });
    expect(counts(recipe('shared'), musl, { variables })).toBe(true);
  });

  it('leaves out ABI-safe recipes of target recipes that are no images', () => {
    const variables = { SIGGEN_EXCLUDERECIPES_ABISAFE: 'lib' };
    expect(counts(app, lib, { variables })).toBe(false);
    expect(counts(recipe('image', { inherits: ['core-image', 'image'] }), lib, { variables })).toBe(true);
    for (const pn of ['app-native', 'gcc-cross-x', 'nativesdk-app'])
      expect(counts(recipe(pn), lib, { variables })).toBe(true);
  });

  it('translates virtual names, each multiconfig on what the one before made of it', () => {
    const virtuals = new Map([
      ['', new Map([['virtual/lib', 'virtual/other']])],
      ['musl', new Map([['virtual/other', 'lib']])],
    ]);
    const abiSafe = { SIGGEN_EXCLUDERECIPES_ABISAFE: 'virtual/lib' };
    expect(counts(app, lib, { variables: abiSafe, virtuals })).toBe(false);
    const safe = { SIGGEN_EXCLUDE_SAFE_RECIPE_DEPS: 'app->virtual/lib' };
    expect(counts(app, lib, { variables: safe, virtuals })).toBe(false);
  });

  it('counts only native recipes for packagegroups that are allarch', () => {
    const group = recipe('group', { inherits: ['packagegroup', 'allarch'] });
    expect(counts(group, lib)).toBe(false);
    expect(counts(group, native)).toBe(true);
    expect(counts(recipe('group', { inherits: ['packagegroup'] }), lib)).toBe(true);
  });

  it('leaves out the kernel of recipes that recommend kernel modules', () => {
    const recommends = { packageRrecommends: { app: ['kernel-module-x'] } };
    const kernel = recipe('linux', { inherits: ['kernel', 'linux-kernel-base'] });
    expect(counts(recipe('app', recommends), kernel)).toBe(false);
    expect(counts(app, kernel)).toBe(true);
    expect(counts(recipe('app', { ...recommends, inherits: ['module-base'] }), kernel)).toBe(true);
    expect(counts(recipe('app', { ...recommends, packages: [] }), kernel)).toBe(true);
    const perf = recipe('perf', { inherits: ['linux-kernel-base'] });
    expect(counts(recipe('app', recommends), perf)).toBe(false);
    const master = withSignatureClasses(plainTraits('2.19.0'), `${SSTATESIG}("/kernel.bbclass")`);
    expect(counts(recipe('app', recommends), perf, { traits: master })).toBe(true);
  });

  it('counts SPDX tasks for SPDX tasks in kirkstone', () => {
    const variables = { SIGGEN_EXCLUDERECIPES_ABISAFE: 'lib' };
    const tasks = ['do_create_spdx', 'do_create_runtime_spdx'] as const;
    const kirkstone = withSignatureClasses(releaseOf('2.0.0').taskhash, `${SSTATESIG}isSPDXTask`);
    expect(counts(app, lib, { variables, tasks, traits: kirkstone })).toBe(true);
    expect(counts(app, lib, { variables, tasks })).toBe(false);
  });
});

describe("which dependencies count for BitBake's own handlers", () => {
  const filter = (variables: Record<string, string>, version?: string) => {
    const traits = plainTraits(version);
    return dependencyFilter<HashedRecipe>(
      settingsOf({ BB_SIGNATURE_HANDLER: 'basichash', ...variables }, traits),
      traits,
      new Map(),
    );
  };
  const ask = (of: ReturnType<typeof filter>, own: HashedRecipe, other: HashedRecipe) =>
    of(own, 'do_x', other, 'do_y');

  it('are all but ignored recipes of recipes that are not', () => {
    const ignore = filter({ BB_TASKHASH_IGNORE_TASKS: 'tool|^x' });
    expect(ask(ignore, recipe('app'), recipe('a-tool'))).toBe(false);
    expect(ask(ignore, recipe('xy'), recipe('a-tool'))).toBe(true);
    expect(ask(ignore, recipe('app'), recipe('ax'))).toBe(true);
  });

  it('are of the same multiconfig in kirkstone', () => {
    const other = recipe('lib', { multiconfig: 'musl' });
    expect(ask(filter({}, '2.0.0'), recipe('app'), other)).toBe(false);
    expect(ask(filter({}), recipe('app'), other)).toBe(true);
  });

  it('are told by a pattern that must be one', () => {
    expect(() => filter({ BB_TASKHASH_IGNORE_TASKS: '(' })).toThrow('"(" is no regular expression');
  });
});

describe('the order of dependencies', () => {
  const tasks = [
    { mcfn: '/b/lib_1.bb', multiconfig: '', pn: 'lib', task: 'do_install' },
    { mcfn: 'virtual:native:/a/b/lib_1.bb', multiconfig: '', pn: 'lib-native', task: 'do_install' },
    { mcfn: 'mc:musl:/b/lib_1.bb', multiconfig: 'musl', pn: 'lib', task: 'do_fetch' },
    { mcfn: '/z/app_1.bb', multiconfig: '', pn: 'zapp', task: 'do_fetch' },
  ];

  it('is that of recipe and task names', () => {
    expect(tasks.map(recipeTaskName)).toEqual([
      'lib:do_install',
      'lib-native:do_install',
      'mc:musl:lib:do_fetch',
      'zapp:do_fetch',
    ]);
    expect([...hashOrder(tasks, true)]).toEqual([1, 0, 2, 3]);
  });

  it("is that of the files' last parts in kirkstone", () => {
    const tids = [
      '/meta/recipes/lib/lib_1.bb:do_install',
      'virtual:native:/meta/recipes/lib/lib_1.bb:do_install',
      'mc:musl:/meta/recipes/lib/lib_1.bb:do_install',
      'mc:musl:virtual:native:/meta/recipes/lib/lib_1.bb:do_install',
    ];
    expect(tids.map(cleanBasePath)).toEqual([
      'lib/lib_1.bb:do_install',
      'lib/lib_1.bb:do_install:virtual:native',
      'lib/lib_1.bb:do_install:mc:musl',
      'lib/lib_1.bb:do_install:virtual:native:mc:musl',
    ]);
    const named = tids.map((tid) => ({
      mcfn: tid.slice(0, -11),
      multiconfig: '',
      pn: 'x',
      task: 'do_install',
    }));
    expect([...hashOrder(named, false)]).toEqual([0, 2, 1, 3]);
  });
});

describe('settings', () => {
  it('take noop where BitBake knows no such handler', () => {
    const settings = settingsOf({ BB_SIGNATURE_HANDLER: 'OEBasic' }, OE);
    expect([settings.handler, settings.unknownHandler]).toEqual(['noop', 'OEBasic']);
    expect(settingsOf({ BB_SIGNATURE_HANDLER: 'OEBasicHash' }, plainTraits()).handler).toBe('noop');
  });

  it('say what in them cannot be read', () => {
    const { faults, locked } = settingsOf(
      {
        SIGGEN_LOCKEDSIGS_TYPES: 'a b',
        SIGGEN_LOCKEDSIGS_a: 'lib:do_x:1 bad',
        SIGGEN_LOCKEDSIGS_b: 'lib:do_x:2:3',
        SIGGEN_UNIHASHMAP: 'lib:do_x',
        SIGGEN_EXCLUDE_SAFE_RECIPE_DEPS: 'lib',
      },
      OE,
    );
    expect(locked).toEqual({ lib: { do_x: { hash: '2:3', variable: 'SIGGEN_LOCKEDSIGS_b' } } });
    expect(faults).toEqual([
      'SIGGEN_EXCLUDE_SAFE_RECIPE_DEPS has "lib", which is not of the form recipe->dependency',
      'SIGGEN_LOCKEDSIGS_a has "bad", which is not of the form recipe:task:hash',
      'SIGGEN_UNIHASHMAP has "lib:do_x", which is not of the form recipe:task:taskhash:unihash',
    ]);
  });
});
