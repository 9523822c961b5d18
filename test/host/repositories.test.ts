/**
 * Where the repositories around layers and the build directory stand, as real git says it, wherever their files are:
 * layers that are submodules or worktrees, a product whose repository holds the build directory, links.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBuildDirectory } from '../../server/src/host/buildDirectory.ts';
import { HostFiles } from '../../server/src/host/files.ts';
import { commandResult } from '../../server/src/python/repository.ts';
import { openWorkspace } from '../harness/processes.ts';

const BASE = join(import.meta.dirname, '../data/fixtures/base');
const ENVIRONMENT = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
const SETTINGS = ['user.name=a', 'user.email=a@example.org', 'protocol.file.allow=always'].flatMap(
  (setting) => ['-c', setting],
);
const QUESTIONS = ['rev-parse HEAD', 'rev-parse --show-toplevel', 'rev-parse --abbrev-ref HEAD'];

let place: string;
let product: string;

function git(cwd: string, ...args: readonly string[]): void {
  execFileSync('git', [...SETTINGS, ...args], { cwd, env: ENVIRONMENT, stdio: 'pipe' });
}

function repository(path: string, branch: string): void {
  mkdirSync(path, { recursive: true });
  git(path, 'init', '--quiet', '--initial-branch', branch);
  git(path, 'add', '--all');
  git(path, 'commit', '--quiet', '--allow-empty', '-m', path);
}

/** A layer with a recipe. */
function layer(path: string): void {
  mkdirSync(join(path, 'conf'), { recursive: true });
  const name = path.replace(/\W/g, '_');
  writeFileSync(
    join(path, 'conf/layer.conf'),
    `BBFILE_COLLECTIONS += "${name}"\nBBFILE_PATTERN_${name} = "^\${LAYERDIR}/"\nLAYERSERIES_COMPAT_${name} = "fixtures"\n`,
  );
}

beforeAll(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-')));
  product = join(place, 'product');
  const upstream = join(place, 'upstream');
  cpSync(join(BASE, 'layer'), join(upstream, 'core'), { recursive: true });
  repository(upstream, 'release');
  layer(join(place, 'other/meta-other'));
  repository(join(place, 'other'), 'trunk');
  layer(join(product, 'a/b/c/d/e/meta-deep'));
  mkdirSync(join(product, 'build/conf'), { recursive: true });
  repository(product, 'main');
  git(product, 'submodule', '--quiet', 'add', upstream, 'upstream');
  git(join(place, 'other'), 'worktree', 'add', '--quiet', '-b', 'side', join(product, 'worktree'));
  mkdirSync(join(product, 'nested/.git/hooks'), { recursive: true });
  layer(join(product, 'nested/meta-nested'));
  mkdirSync(join(product, 'links/to/the/layers'), { recursive: true });
  symlinkSync('../../../../upstream/core', join(product, 'links/to/the/layers/core'));
  layer(join(place, 'alone'));
  const layers = [
    'links/to/the/layers/core',
    'worktree/meta-other',
    'a/b/c/d/e/meta-deep',
    'nested/meta-nested',
    '../alone',
  ];
  writeFileSync(
    join(product, 'build/conf/bblayers.conf'),
    `BBPATH = "\${TOPDIR}"\nBBFILES ?= ""\nBBLAYERS ?= "${layers.map((path) => join(product, path)).join(' ')}"\n`,
  );
  writeFileSync(join(product, 'build/conf/local.conf'), '');
});

afterAll(() => rmSync(place, { recursive: true }));

describe('repositories of a product', () => {
  it.each([
    'build',
    'build/conf',
    'links/to/the/layers/core',
    'links/to/the/layers/core/conf',
    'upstream/core',
    'worktree/meta-other',
    'worktree/meta-other/conf',
    'a/b/c/d/e/meta-deep',
    'nested/meta-nested',
    '../alone',
  ])('of %s stand where git says', (directory) => {
    const files = new HostFiles(openBuildDirectory(join(product, 'build')).roots);
    const cwd = join(product, directory);
    for (const question of QUESTIONS) {
      const words = ['git', ...question.split(' ')];
      const { stdout, status } = spawnSync('git', words.slice(1), {
        cwd,
        env: ENVIRONMENT,
        encoding: 'utf8',
      });
      const ours = commandResult(files, words, cwd);
      expect([ours?.status, ours?.output], question).toEqual([status, stdout]);
      expect(status, question).toBe(directory === '../alone' ? 128 : 0);
    }
  });

  it('show nothing else of themselves', () => {
    const { roots } = openBuildDirectory(join(product, 'build'));
    const files = new HostFiles(roots);
    for (const path of [
      '.git/config',
      '.git/index',
      '.git/modules/upstream/config',
      '.gitmodules',
      'upstream/.git/config',
    ])
      expect(files.readBytes(join(product, path)), path).toBeUndefined();
    expect(files.list(join(product, '.git'))).toBeUndefined();
    expect(roots).not.toContain(product);
  });

  it('are seen by an evaluator behind its walls', { timeout: 60_000 }, async () => {
    const asked = (name: string, path: string) =>
      `${name} := "\${@bb.process.run('git rev-parse HEAD', cwd='${join(product, path)}')[0].strip()}"\n`;
    const places = {
      BUILD: 'build',
      CORE: 'links/to/the/layers/core',
      WORKTREE: 'worktree',
      DEEP: 'a/b/c/d/e/meta-deep',
    };
    const text = Object.entries(places).map(([name, path]) => asked(`AT_${name}`, path));
    writeFileSync(join(product, 'build/conf/local.conf'), text.join(''));
    const workspace = await openWorkspace(join(product, 'build'));
    try {
      expect((await workspace.summary()).problems).toEqual([]);
      const names = Object.keys(places).map((name) => `AT_${name}`);
      const [values] = await workspace.configurationValues(names, []);
      const commits = Object.values(places).map((path) =>
        execFileSync('git', ['rev-parse', 'HEAD'], { cwd: join(product, path), encoding: 'utf8' }).trim(),
      );
      expect(names.map((name) => values!.values[name])).toEqual(commits);
    } finally {
      workspace.dispose();
    }
  });
});
