/**
 * Finding build directories, as bitbake-setup lays them out too: several setups in one top directory, each with layers
 * and a build directory, all with the same site.conf.
 */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { findBuildDirectory, openBuildDirectory, setupsIn } from '../../server/src/host/buildDirectory.ts';
import { HostFiles } from '../../server/src/host/files.ts';
import { releaseOf } from '../../server/src/metadata/release.ts';
import { EQUIVALENCE_VARIABLES, equivalenceSettings } from '../../server/src/sstate/equivalenceSettings.ts';
import { openEvaluator } from '../harness/engine.ts';

const PLACE = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-')));
const BASE = join(import.meta.dirname, '../data/fixtures/base');
const DOWNLOADS = 'DL_DIR ?= "/downloads"\n';

afterAll(() => rmSync(PLACE, { recursive: true }));

let top: string;

/** With common-sstate off, BitBake's own defaults count. */
function siteConf(commonSstate: boolean): void {
  const shared = `SSTATE_DIR ?= "${top}/.sstate-cache"\nBB_HASHSERVE_DB_DIR ?= "\${SSTATE_DIR}"\n`;
  writeFileSync(join(top, 'site.conf'), DOWNLOADS + (commonSstate ? shared : ''));
}

/** As `bitbake-setup init` does: `NAME/layers`, `NAME/config`, `NAME/build` with a link to the site.conf of all. */
function setUp(name: string): string {
  const setup = join(top, name);
  mkdirSync(join(setup, 'config'), { recursive: true });
  mkdirSync(join(setup, 'build/conf'), { recursive: true });
  cpSync(join(BASE, 'layer'), join(setup, 'layers/core'), { recursive: true });
  appendFileSync(join(setup, 'layers/core/conf/bitbake.conf'), 'include conf/site.conf\n');
  const layers = `BBPATH = "\${TOPDIR}"\nBBFILES ?= ""\nBBLAYERS ?= " \\\n  ${setup}/layers/core \\\n  "\n`;
  writeFileSync(join(setup, 'build/conf/bblayers.conf'), layers);
  writeFileSync(join(setup, 'build/conf/local.conf'), '');
  symlinkSync('../../../site.conf', join(setup, 'build/conf/site.conf'));
  return join(setup, 'build');
}

beforeEach(() => {
  top = mkdtempSync(join(PLACE, 'top-'));
  siteConf(true);
});

describe('the top directory of bitbake-setup', () => {
  it('is where its only setup is found from', () => {
    const build = setUp('one');
    expect(findBuildDirectory(top)).toBe(build);
  });

  it('holds several setups, each found from inside of it and none from outside', () => {
    const [one, two] = [setUp('one'), setUp('two')];
    expect(setupsIn(top)).toEqual([one, two]);
    expect(findBuildDirectory(top)).toBeUndefined();
    for (const place of ['one', 'one/layers/core/conf', 'one/config', 'one/build', 'one/build/conf'])
      expect(findBuildDirectory(join(top, place)), place).toBe(one);
    expect(findBuildDirectory(join(top, 'two'))).toBe(two);
    expect(setupsIn(join(top, 'one'))).toEqual([]);
  });

  it('has a site.conf that setups may read, and nothing else of it', () => {
    const build = setUp('one');
    writeFileSync(join(top, 'settings.conf'), '[default]\n');
    const files = new HostFiles(openBuildDirectory(build).roots);
    expect(files.readText(join(build, 'conf/site.conf'))).toContain('BB_HASHSERVE_DB_DIR');
    expect(files.readText(join(top, 'settings.conf'))).toBeUndefined();
    expect(files.list(top)).toBeUndefined();
  });

  it('lends its site.conf to no link that leads elsewhere', () => {
    const build = setUp('one');
    const secret = join(PLACE, 'secret');
    writeFileSync(secret, 'SECRET = "1"\n');
    rmSync(join(build, 'conf/site.conf'));
    symlinkSync(secret, join(build, 'conf/site.conf'));
    expect(
      new HostFiles(openBuildDirectory(build).roots).readText(join(build, 'conf/site.conf')),
    ).toBeUndefined();
    rmSync(join(build, 'conf/site.conf'));
    rmSync(join(top, 'site.conf'));
    symlinkSync(secret, join(top, 'site.conf'));
    symlinkSync('../../../site.conf', join(build, 'conf/site.conf'));
    expect(
      new HostFiles(openBuildDirectory(build).roots).readText(join(build, 'conf/site.conf')),
    ).toBeUndefined();
  });

  it.each([
    ['one cache and one database of unihashes for all setups', true],
    ['a cache and a database of its own for each setup, with common-sstate off', false],
  ])('means %s', { timeout: 60_000 }, async (_, commonSstate) => {
    siteConf(commonSstate);
    const build = setUp('one');
    const roots = openBuildDirectory(build).roots;
    const evaluator = await openEvaluator(build, 'wrynose', {}, new HostFiles(roots));
    const [plain] = evaluator.configurationValues([...EQUIVALENCE_VARIABLES, 'SSTATE_DIR'], []);
    const values: Record<string, string> = {
      SSTATE_HASHEQUIV_METHOD: 'm',
      BB_HASHSERVE: 'auto',
      ...plain!.values,
    };
    expect(values['SSTATE_DIR']).toBe(commonSstate ? join(top, '.sstate-cache') : undefined);
    const settings = equivalenceSettings(
      (name) => values[name] ?? (name === 'PERSISTENT_DIR' ? join(build, 'cache') : undefined),
      'OEEquivHash',
      releaseOf('2.18.0').hashServer,
    );
    expect(settings).toMatchObject({
      memory: join(build, 'cache/bb_unihashes.dat'),
      database: {
        path: join(commonSstate ? join(top, '.sstate-cache') : join(build, 'cache'), 'hashserv.db'),
        shared: commonSstate,
      },
    });
  });
});
