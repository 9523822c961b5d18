/** Options of `impact` through the command as it is built: patches, machines, limits, and repositories with bases of their own. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImpactReport } from '../../server/src/cli/impactReport.ts';
import { commit } from '../lsp/client.ts';
import { Repository } from './repository.ts';

const LIBRARY = 'meta-sample/recipes-sample/libgreet/libgreet_2.1.bb';
const MACHINES = 'meta-sample/conf/machine';

describe('impact', { timeout: 600_000 }, () => {
  let repository: Repository;
  /** The top directory of a second repository, which is a layer. */
  let other: string;
  /** What `git format-patch` makes of a commit that is not on the branch. */
  let series: string;
  let patched: string;

  beforeAll(() => {
    repository = new Repository();
    repository.write(`${MACHINES}/otherbox.conf`, repository.read(`${MACHINES}/samplebox.conf`));
    repository.commit('another machine');
    repository.edit(LIBRARY, '-shared', '-shared -fPIC');
    repository.commit('libgreet: build position independent code');
    patched = repository.git('rev-parse', 'HEAD').trim();
    series = repository.git('format-patch', '-1', '--stdout');
    repository.git('reset', '-q', '--hard', 'HEAD~1');
  });
  afterAll(() => {
    repository.dispose();
    if (other !== undefined) rmSync(other, { recursive: true, force: true });
  });

  async function reported(args: readonly string[], input?: string): Promise<ImpactReport> {
    const { status, stdout, stderr } = await repository.run(['impact', '--format', 'json', ...args], input);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    return JSON.parse(stdout) as ImpactReport;
  }

  it('reviews a series from a file and from standard input as the commit that it makes', async () => {
    const [head, index] = [repository.git('rev-parse', 'HEAD'), repository.git('ls-files', '--stage')];
    const expected = await reported(['--base', 'HEAD', '--head', patched]);
    expect(expected.results[0]!.causes.map(({ path, subject }) => [path, subject])).toEqual([
      [LIBRARY, 'do_compile'],
    ]);
    const file = join(repository.buildDir, 'series.mbox');
    writeFileSync(file, series);
    for (const [name, input] of [
      [file, undefined],
      ['-', series],
    ] as const) {
      const report = await reported(['--patch', name], input);
      expect(report.results).toEqual(expected.results);
      expect(report.repositories).toMatchObject([
        { base: { name: 'HEAD' }, head: null, patches: ['libgreet: build position independent code'] },
      ]);
    }
    expect([repository.git('rev-parse', 'HEAD'), repository.git('ls-files', '--stage')]).toEqual([
      head,
      index,
    ]);
    expect(repository.git('status', '--porcelain')).toBe('');
  });

  it('says which patch does not apply, and what to do', async () => {
    const { status, stdout, stderr } = await repository.run(
      ['impact', '--patch', '-'],
      series.replaceAll('-shared', '-static'),
    );
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('"libgreet: build position independent code" does not apply to ');
    expect(stderr).toContain('Name the commit that it was made for with --base REV');
    const both = await repository.run(['impact', '--patch', '-', '--head', 'HEAD'], series);
    expect([both.status, both.stderr]).toEqual([
      2,
      expect.stringContaining('--patch is applied to the base and makes the head: leave out --head'),
    ]);
  });

  it('has an answer for each machine', async () => {
    repository.edit(`${MACHINES}/otherbox.conf`, '115200', '9600');
    const { results } = await reported(['--base', 'HEAD', '--machine', 'samplebox', 'otherbox']);
    repository.git('checkout', '-q', '.');
    expect(results.map(({ machine, causes }) => [machine, causes.map(({ subject }) => subject)])).toEqual([
      ['samplebox', []],
      ['otherbox', ['CONSOLE_BAUD']],
    ]);
  });

  it('counts two versions of a recipe as two recipes, whoever counts', async () => {
    repository.write(LIBRARY.replace('2.1', '2.0'), repository.read(LIBRARY));
    repository.commit('an older version, too');
    const base = 'meta-sample/classes/base.bbclass';
    repository.write(
      base,
      `${repository.read(base)}\nGREETING = "hello"\ndo_compile[vardeps] += "GREETING"\n`,
    );
    const { basehashes, causes, recipes } = (await reported(['--base', 'HEAD'])).results[0]!;
    repository.git('reset', '-q', '--hard', 'HEAD~1');
    const names = ['greet-image', 'libgreet', 'libgreet', 'libgreet-native', 'libgreet-native'];
    expect(recipes.filter(({ basehashes }) => basehashes.length > 0).map(({ recipe }) => recipe)).toEqual(
      names,
    );
    expect(basehashes).toMatchObject({ changed: names.length, recipes: names.length });
    const reached = { tasks: names.length, recipes: names.length };
    expect(causes.map(({ basehashes }) => basehashes)).toEqual([reached, reached]);
  });

  it('is a "no" where more changes than is allowed', async () => {
    const between = ['--base', 'HEAD', '--head', patched];
    const { taskhashes, recipes } = (await reported(between)).results[0]!;
    expect(recipes.filter(({ basehashes }) => basehashes.length > 0).map(({ recipe }) => recipe)).toEqual([
      'libgreet',
      'libgreet-native',
    ]);
    const limited = (most: number, names: string) =>
      repository.run(['impact', ...between, '--fail-over', `${most}`, '--fail-on', `basehash-of=${names}`]);
    expect(await limited(taskhashes.changed, 'hello,hello-native')).toMatchObject({ status: 0, stderr: '' });
    const no = await limited(taskhashes.changed - 1, 'hello,libgreet');
    expect(no.status).toBe(1);
    expect(no.stderr.trim().split('\n')).toEqual([
      `${taskhashes.changed} taskhashes change for samplebox, and --fail-over allows ${taskhashes.changed - 1}`,
      'the basehash of libgreet:do_compile changes for samplebox, which --fail-on does not allow',
    ]);
    for (const [option, value, message] of [
      ['--fail-over', 'many', '--fail-over many is no number of taskhashes'],
      ['--fail-on', 'taskhash-of=a', '--fail-on taskhash-of=a is not known: it is basehash-of=PN,… that'],
    ] as const) {
      const wrong = await repository.run(['impact', option, value]);
      expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining(message)]);
    }
  });

  it('takes every repository from a base of its own', async () => {
    other = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-other-')));
    const write = (path: string, text: string) => {
      mkdirSync(join(other, path, '..'), { recursive: true });
      writeFileSync(join(other, path), text);
    };
    write(
      'conf/layer.conf',
      [
        'BBPATH .= ":${LAYERDIR}"',
        'BBFILES += "${LAYERDIR}/recipes/*.bb"',
        'BBFILE_COLLECTIONS += "other"',
        'BBFILE_PATTERN_other = "^${LAYERDIR}/"',
        'LAYERSERIES_COMPAT_other = "sample"',
        '',
      ].join('\n'),
    );
    write('recipes/extra_1.0.bb', 'LICENSE = "MIT"\ndo_compile() {\n    :\n}\n');
    commit(other, 'a layer');
    write('recipes/extra_1.0.bb', 'LICENSE = "MIT"\ndo_compile() {\n    true\n}\n');
    commit(other, 'extra: true');
    repository.write(
      'build/conf/bblayers.conf',
      `${repository.read('build/conf/bblayers.conf')}BBLAYERS += "${other}"\n`,
    );
    const name = basename(repository.root);
    repository.edit(LIBRARY, '-shared', '-shared -fPIC');
    const of = async (...bases: string[]) => {
      const { repositories, results } = await reported(['--base', ...bases]);
      const places = results[0]!.causes.map(({ repository, subject }) => [repository, subject]);
      return {
        bases: Object.fromEntries(repositories.map(({ repository, base }) => [repository, base?.name])),
        places,
      };
    };
    const [ours, theirs] = [
      [name, 'do_compile'],
      [basename(other), 'do_compile'],
    ];
    expect(await of(`${name}=HEAD`, `${basename(other)}=HEAD~1`)).toEqual({
      bases: { [name]: 'HEAD', [basename(other)]: 'HEAD~1' },
      places: [ours, theirs],
    });
    // Where the command is run decides what a name without a repository is of.
    expect(await of('HEAD')).toEqual({ bases: { [name]: 'HEAD' }, places: [ours] });
    expect((await of(`${basename(other)}=HEAD~1`)).places).toEqual([theirs]);
    const none = await repository.run(['impact', '--base', `${basename(other)}=nowhere`]);
    expect([none.status, none.stderr]).toEqual([
      2,
      expect.stringContaining(`there is no commit nowhere in ${other}; git fetch may bring it`),
    ]);
  });
});
