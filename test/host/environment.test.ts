/** What BitBake would be started with, of a build directory whose initialisation script was never run. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBuildDirectory } from '../../server/src/host/buildDirectory.ts';
import { bitbakeEnvironment } from '../../server/src/host/environment.ts';

let top: string;

beforeEach(() => void (top = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-')))));
afterEach(() => rmSync(top, { recursive: true }));

const environmentOf = (source: Readonly<Record<string, string>>) =>
  bitbakeEnvironment({ path: '/b', bitbakeDir: '/bb', roots: [top] }, { PATH: '/usr/bin', ...source });

describe('of the environment', () => {
  it('what BitBake keeps counts, and what it is told to let through', () => {
    expect(environmentOf({ HOME: '/h', A: '1', B: '2', BB_ENV_PASSTHROUGH_ADDITIONS: 'B' })).toEqual({
      HOME: '/h',
      B: '2',
      BB_ENV_PASSTHROUGH_ADDITIONS: 'B',
      PATH: '/bb/bin:/usr/bin',
      LC_ALL: 'en_US.UTF-8',
      PWD: '/b',
    });
  });

  it('all counts with BB_PRESERVE_ENV, even an empty one', () => {
    expect(environmentOf({ A: '1', BB_PRESERVE_ENV: '' })).toMatchObject({ A: '1', BB_PRESERVE_ENV: '' });
  });
});

describe('the script of a core layer', () => {
  beforeEach(() => {
    for (const directory of ['scripts', 'meta/conf', 'build/conf'])
      mkdirSync(join(top, directory), { recursive: true });
    for (const file of ['meta/conf/bitbake.conf', 'meta/conf/layer.conf']) writeFileSync(join(top, file), '');
    writeFileSync(join(top, 'build/conf/bblayers.conf'), `BBLAYERS = "${top}/meta"\n`);
  });

  it.each([
    [
      'oe',
      'BB_ENV_PASSTHROUGH_ADDITIONS_OE="B \\\n A B"\nBB_ENV_PASSTHROUGH_ADDITIONS="$(sorted)"\n',
      'A B ',
    ],
    ['isar', 'BB_ENV_PASSTHROUGH_ADDITIONS="B A"\nexport BB_ENV_PASSTHROUGH_ADDITIONS\n', 'B A'],
  ])('of %s says what is let through, and makes its directory one to read', (name, text, additions) => {
    writeFileSync(join(top, `${name}-init-build-env`), '');
    writeFileSync(join(top, `scripts/${name}-buildenv-internal`), text);
    const environment = environmentOf({ A: '1', C: '3' });
    expect(environment).toMatchObject({
      A: '1',
      BB_ENV_PASSTHROUGH_ADDITIONS: additions,
      PATH: `${top}/scripts:/bb/bin:/usr/bin`,
    });
    expect(environment).not.toHaveProperty('C');
    expect(openBuildDirectory(join(top, 'build')).roots).toEqual([join(top, 'build'), top]);
  });
});
