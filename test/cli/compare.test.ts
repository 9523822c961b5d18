/**
 * `sstate-lens compare` over workspaces of which real BitBake recorded each side: the tasks that differ are theirs,
 * with their hashes, and the causes are the ones that the scenarios put in.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, describe, expect, it } from 'vitest';
import type { ComparisonReport } from '../../server/src/cli/compareReport.ts';
import { materialise, readScenario, readSideExpectations, type Workspace } from '../harness/fixture.ts';
import { inTerminal } from '../harness/terminal.ts';

const SCHEMA = join(import.meta.dirname, '../../schemas/compare.schema.json');
const isReport = new Ajv2020().compile(JSON.parse(readFileSync(SCHEMA, 'utf8')) as object);

describe('comparing two sides', { timeout: 300_000 }, () => {
  let workspace: Workspace | undefined;
  afterEach(() => workspace?.dispose());
  const open = (name: string) => (workspace = materialise(readScenario(name)));

  const run = (...args: string[]) => inTerminal(workspace!, 'compare', ...args);
  const report = async (...args: string[]) => {
    const { status, stdout, stderr } = await run(...args, '--format', 'json');
    if (stdout === '') throw new Error(stderr);
    const told = JSON.parse(stdout) as ComparisonReport;
    expect(isReport(told), JSON.stringify(isReport.errors)).toBe(true);
    return { status, ...told };
  };

  type Recorded = Readonly<Record<string, readonly [architecture: string, taskhash: string]>>;
  /** Tasks that both sides have with different hashes, as BitBake recorded them. */
  const recordedDifferences = (
    before: Recorded,
    after: Recorded,
    expected: (task: string) => boolean,
  ): Record<string, readonly [string, string]> =>
    Object.fromEntries(
      Object.keys(before)
        .filter((task) => task in after && before[task]![1] !== after[task]![1])
        .filter((task) => !task.endsWith(':do_build') && expected(task))
        .map((task) => [task, [before[task]![1], after[task]![1]]]),
    );
  const found = ({ different }: ComparisonReport) =>
    Object.fromEntries(different.map(({ task, before, after }) => [task, [before, after]]));
  const causes = ({ causes }: ComparisonReport) =>
    causes.map(({ difference, tasks, reaches, chain }) => ({
      difference,
      tasks,
      reaches: reaches.tasks,
      chain: chain.map(({ name, path, line }) => (path === undefined ? name : `${name} ${path}:${line!}`)),
    }));

  describe('two machines', () => {
    const NAME = 'compare/machines';
    const sides = readSideExpectations(NAME)['wrynose']!;
    const shared = (a: Recorded, b: Recorded) =>
      recordedDifferences(a, b, (task) => a[task]![0] === b[task]![0]);

    it('of the same tune: all that BitBake hashes differently, and why', async () => {
      open(NAME);
      const told = await report('--machine', 'alpha', '--machine', 'beta');
      expect(found(told)).toEqual(shared(sides['alpha']!, sides['beta']!));
      expect(Object.keys(found(told)).sort()).toEqual([
        'filed:do_install',
        'fonts:do_install',
        'leak:do_compile',
        'leak:do_install',
        'tuned:do_compile',
        'tuned:do_install',
        'user:do_compile',
        'user:do_install',
      ]);
      expect(told.status).toBe(1);
      const variable = (variable: string, before: string, after: string) => ({
        kind: 'variable',
        variable,
        before,
        after,
        enters: 'both',
      });
      expect(causes(told)).toEqual([
        {
          difference: variable('MACHINE', 'alpha', 'beta'),
          tasks: ['leak:do_compile'],
          reaches: 4,
          chain: [
            'do_compile layer/recipes/leak_1.0.bb:4',
            'GREETING layer/recipes/leak_1.0.bb:1',
            'MACHINE build/conf/local.conf:7',
          ],
        },
        {
          difference: variable('EXTRA', '-O2', '-O3 ${BETA_FLAGS}'),
          tasks: ['tuned:do_compile'],
          reaches: 2,
          chain: ['do_compile layer/recipes/tuned_1.0.bb:6', 'EXTRA layer/recipes/tuned_1.0.bb:1'],
        },
        {
          difference: { kind: 'file', file: 'settings', change: 'content' },
          tasks: ['filed:do_install'],
          reaches: 1,
          chain: [],
        },
        {
          difference: { kind: 'dependency', task: 'kernel:do_install', change: 'hash' },
          tasks: ['fonts:do_install'],
          reaches: 1,
          chain: [],
        },
      ]);
    });

    it('of different tunes: only what is allarch or native', async () => {
      open(NAME);
      const told = await report('--machine', 'alpha', '--machine', 'gamma');
      expect(found(told)).toEqual(shared(sides['alpha']!, sides['gamma']!));
      expect(told.different.map(({ task }) => task)).toEqual(['fonts:do_install']);
      expect(told.compared).toBe(4);
    });

    it('are the same where only targets without a leak are asked for', async () => {
      open(NAME);
      const { status, stdout } = await run('--machine', 'alpha', '--machine', 'beta', 'lib', 'tool');
      expect(stdout.split('\n')).toEqual([
        'alpha → beta',
        '4 tasks of recipes that both machines share: all have the same hash',
        '',
      ]);
      expect(status).toBe(0);
    });

    it('are told of in a few lines', async () => {
      open(NAME);
      const { stdout } = await run('--machine', 'alpha', '--machine', 'beta', 'user');
      expect(stdout.split('\n')).toEqual([
        'alpha → beta',
        '6 tasks of recipes that both machines share: 4 differ, because of 1 cause',
        '',
        'MACHINE: "alpha" → "beta"  (reaches 4 tasks of 2 recipes)',
        '  leak:do_compile',
        '  by way of',
        '    do_compile  layer/recipes/leak_1.0.bb:4',
        '    GREETING  layer/recipes/leak_1.0.bb:1',
        '    MACHINE  build/conf/local.conf:7',
        '',
      ]);
    });

    it('are refused where nobody can tell what they share, or they cannot be chosen', async () => {
      const { buildDir } = open(NAME);
      expect((await run('--machine', 'alpha')).stderr).toContain('name two machines');
      const conf = join(buildDir, 'conf/local.conf');
      const text = readFileSync(conf, 'utf8');
      writeFileSync(conf, text.replace(/^BB_HASHFILENAME.*\n/m, ''));
      const unknown = await run('--machine', 'alpha', '--machine', 'beta');
      expect(unknown.stderr).toContain('BB_HASHFILENAME is empty');
      expect(unknown.status).toBe(2);
      writeFileSync(conf, `${text}MACHINE:forcevariable = "alpha"\n`);
      const fixed = await run('--machine', 'alpha', '--machine', 'beta');
      expect(fixed.stderr).toContain('MACHINE stays alpha whatever conf/local.conf says');
      expect(fixed.status).toBe(2);
    });
  });

  describe('with and without a layer', () => {
    const NAME = 'compare/layer';
    const { with: added, without } = readSideExpectations(NAME)['wrynose']!;

    it('finds what the layer changes in others', async () => {
      const { root } = open(NAME);
      const told = await report('--without-layer', 'extra');
      const worldly = (task: string) => task.startsWith('everything:');
      expect(found(told)).toEqual(recordedDifferences(without!, added!, (task) => !worldly(task)));
      // BitBake hashes it differently, too, as it should.
      expect(Object.keys(recordedDifferences(without!, added!, worldly))).toEqual([
        'everything:do_compile',
        'everything:do_install',
      ]);
      expect(told.onlyAfter).toBe(3);
      expect(
        causes(told).map(({ difference, tasks, reaches, chain }) => [
          difference,
          tasks,
          reaches,
          chain.at(-1),
        ]),
      ).toEqual([
        [
          expect.objectContaining({ variable: 'do_compile', enters: 'both' }),
          ['lib:do_compile'],
          4,
          'do_compile extra/recipes/lib_1.0.bbappend:4',
        ],
        [
          expect.objectContaining({ variable: 'FLAGS', before: '-O2', after: '-O3' }),
          ['flagged:do_compile'],
          2,
          'FLAGS extra/classes/flags.bbclass:1',
        ],
        [
          expect.objectContaining({ variable: 'OPTION', before: 'plain', after: 'fancy' }),
          ['app:do_compile'],
          2,
          'OPTION extra/conf/layer.conf:7',
        ],
      ]);
      for (const name of [join(root, 'extra'), 'extra/'])
        expect((await report('--without-layer', name)).different).toEqual(told.different);
    });

    it('knows the layers that there are', async () => {
      open(NAME);
      const { status, stderr } = await run('--without-layer', 'meta-else');
      expect(stderr).toContain('there is no layer meta-else: the build directory has fixture, extra');
      expect(status).toBe(2);
    });
  });

  it('compares two build directories', async () => {
    const { root } = open('compare/layer');
    const other = join(root, 'other');
    mkdirSync(other);
    cpSync(join(root, 'build/conf'), join(other, 'conf'), { recursive: true });
    const same = await report('--with-build-dir', other);
    expect([same.different, same.onlyBefore, same.onlyAfter, same.status]).toEqual([[], 0, 0, 0]);
    writeFileSync(
      join(other, 'conf/bblayers.conf'),
      `BBLAYERS = "${root}/layer"\nBBFILES ?= ""\nBBPATH = "\${TOPDIR}"\n`,
    );
    const told = await report('--with-build-dir', other);
    const { with: added, without } = readSideExpectations('compare/layer')['wrynose']!;
    expect(found(told)).toEqual(recordedDifferences(added!, without!, () => true));
    expect(causes(told)).toContainEqual({
      difference: { kind: 'dependency', task: 'news:do_install', change: 'removed' },
      tasks: ['everything:do_compile'],
      reaches: 2,
      chain: [],
    });
  });

  it('leads to the place that only one side has, not to the last that had a say on both', async () => {
    const { root } = open('compare/layer');
    writeFileSync(
      join(root, 'layer/recipes/later_1.0.bb'),
      'FLAVOUR ?= ""\nFLAVOUR:append = " own"\ndo_compile() {\n    echo ${FLAVOUR}\n}\n',
    );
    const other = join(root, 'other');
    cpSync(join(root, 'build/conf'), join(other, 'conf'), { recursive: true });
    const text = `${readFileSync(join(other, 'conf/local.conf'), 'utf8').trimEnd()}\n`;
    for (const [more, less] of [
      ['other', 'build'],
      ['build', 'other'],
    ] as const) {
      writeFileSync(join(root, more, 'conf/local.conf'), `${text}FLAVOUR:append:pn-later = " more"\n`);
      writeFileSync(join(root, less, 'conf/local.conf'), text);
      expect(
        causes(await report('--with-build-dir', other)).map(({ tasks, chain }) => [tasks, chain.at(-1)]),
      ).toEqual([[['later:do_compile'], `FLAVOUR ${more}/conf/local.conf:${text.split('\n').length}`]]);
    }
  });

  it('compares two times', async () => {
    const { root } = open('compare/machines');
    expect((await report('--another-time')).different).toEqual([]);
    writeFileSync(
      join(root, 'layer/recipes/lib_1.0.bb'),
      'NOW = "${@__import__(\'time\').time()}"\ndo_compile() {\n    echo ${NOW}\n}\ndo_compile[vardepvalue] = "${NOW}"\n',
    );
    const { different, causes } = await report('--another-time');
    expect(different.map(({ task }) => task)).toEqual([
      'lib:do_compile',
      'lib:do_install',
      'user:do_compile',
      'user:do_install',
    ]);
    expect(causes.map(({ tasks }) => tasks)).toEqual([['lib:do_compile']]);
  });

  it('compares two places', async () => {
    const { root } = open('compare/layer');
    expect((await report('--another-place')).different).toEqual([]);
    writeFileSync(
      join(root, 'layer/recipes/lib_1.0.bb'),
      'HERE := "${FILE_DIRNAME}"\ndo_compile() {\n    cp ${HERE}/files .\n}\n',
    );
    const told = await report('--another-place');
    expect(causes(told)).toEqual([
      {
        difference: {
          kind: 'variable',
          variable: 'HERE',
          before: 'layer/recipes',
          after: '/in/quite/another/placelayer/recipes',
          enters: 'both',
        },
        tasks: ['lib:do_compile'],
        reaches: 6,
        chain: ['do_compile extra/recipes/lib_1.0.bbappend:4', 'HERE layer/recipes/lib_1.0.bb:1'],
      },
    ]);
    expect(told.status).toBe(1);
  });

  it('compares two revisions', async () => {
    const { root } = open('compare/machines');
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
        cwd: join(root, 'layer'),
      });
    git('init', '-q');
    for (const march of ['generic', 'native']) {
      const text = `do_compile() {\n    cc -march=${march}\n}\n`;
      writeFileSync(join(root, 'layer/recipes/lib_1.0.bb'), text);
      git('add', '.');
      git('commit', '-q', '-m', march);
    }
    const told = await report('--base', 'HEAD~1', '--head', 'HEAD');
    expect([told.before, told.after]).toEqual(['HEAD~1', 'HEAD']);
    expect(causes(told).map(({ difference, tasks, reaches }) => [difference, tasks, reaches])).toEqual([
      [expect.objectContaining({ variable: 'do_compile' }), ['lib:do_compile'], 4],
    ]);
    const { targets, different } = await report('--base', 'HEAD~1', '--head', 'HEAD', 'lib');
    expect([targets, different.map(({ task }) => task)]).toEqual([
      ['lib'],
      ['lib:do_compile', 'lib:do_install'],
    ]);
  });

  it('wants to be told what to compare', async () => {
    open('compare/machines');
    const { status, stderr } = await run();
    expect(stderr).toContain('say what to compare, one of: --machine A --machine B');
    expect(status).toBe(2);
  });
});
