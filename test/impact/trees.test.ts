/**
 * The files of a commit read from git's objects, compared path by path with a real checkout of it, from whatever is
 * checked out meanwhile; and the repository, which stays as it was to the byte.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { differingFiles, diskOf, type Disk } from '../../server/src/host/disk.ts';
import { HostFiles } from '../../server/src/host/files.ts';
import {
  checkoutOf,
  commitOf,
  GitFault,
  renames,
  treeState,
  usualBase,
} from '../../server/src/host/gitTrees.ts';
import { patchedTree, readPatches } from '../../server/src/host/patchSeries.ts';

const ENV = {
  ...process.env,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.com',
};
const BINARY = new Uint8Array([0, 1, 2, 255, 254, 10, 13, 0, 77]);

let directory: string;
let top: string;
/** The commits, the first one at 0. */
let commits: string[];

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', args, { cwd, env: ENV, encoding: 'utf8', maxBuffer: 1 << 26 });
}

function write(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(top, path)), { recursive: true });
  writeFileSync(join(top, path), content);
}

function commit(subject: string): void {
  git(top, 'add', '-A');
  git(top, 'commit', '-q', '-m', subject);
  commits.push(git(top, 'rev-parse', 'HEAD').trim());
}

beforeAll(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-trees-')));
  top = join(directory, 'layer');
  commits = [];
  mkdirSync(top);
  git(top, 'init', '-q', '-b', 'main');
  write('.gitignore', 'ignored/\n');
  write('recipes/a/a_1.0.bb', 'A = "1"\n'.repeat(20));
  write('recipes/a/files/x.patch', BINARY);
  write('recipes/b/b.bb', 'B = "1"\n');
  write('scripts/tool', '#!/bin/sh\n');
  write('deep/down/below/only.txt', 'x\n');
  symlinkSync('recipes/b', join(top, 'link'));
  commit('first');
  git(top, 'mv', 'recipes/a/a_1.0.bb', 'recipes/a/a_1.1.bb');
  write('recipes/a/a_1.1.bb', `${'A = "1"\n'.repeat(20)}B = "2"\n`);
  write('recipes/a/files/x.patch', new Uint8Array([...BINARY, 0, 9, 8]));
  commit('a new version, a binary file');
  rmSync(join(top, 'deep'), { recursive: true });
  chmodSync(join(top, 'scripts/tool'), 0o755);
  commit('a directory is gone, a program can be run');
  rmSync(join(top, 'link'));
  symlinkSync('recipes/a', join(top, 'link'));
  commit('a link leads elsewhere');
  rmSync(join(top, 'link'));
  write('link/real.bb', 'R = "1"\n');
  rmSync(join(top, 'recipes/b'), { recursive: true });
  write('recipes/b', 'a file where a directory was\n');
  commit('a link is a directory, and a directory a file');
  write('wild [name]*.bb', 'ü\n');
  write('in\tside/new\nline.bb', 'W = "1"\n');
  commit('strange names');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Every path below a directory with what is there. */
function present(root: string): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (path: string): void => {
    for (const name of readdirSync(join(root, path)).sort()) {
      const below = path === '' ? name : `${path}/${name}`;
      if (below === '.git') continue;
      const stat = lstatSync(join(root, below));
      if (stat.isSymbolicLink()) found.set(below, `link ${readlinkSync(join(root, below))}`);
      else if (stat.isDirectory()) {
        found.set(below, 'directory');
        walk(below);
      } else {
        const bytes = readFileSync(join(root, below)).toString('hex');
        found.set(below, `file ${(stat.mode & 0o100) !== 0} ${bytes}`);
      }
    }
  };
  walk('');
  return found;
}

/** The same as a disk has it. */
function seen(disk: Disk, root: string): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (path: string): void => {
    for (const name of disk.list(join(root, path)) ?? []) {
      const below = path === '' ? name : `${path}/${name}`;
      if (below === '.git') continue;
      const full = join(root, below);
      const real = disk.realPath(full);
      if (real !== full) {
        found.set(below, `link to ${real?.slice(root.length + 1)}`);
        continue;
      }
      const stat = disk.stat(full)!;
      found.set(
        below,
        stat.kind === 'directory'
          ? 'directory'
          : `file ${stat.executable} ${Buffer.from(disk.read(full)!).toString('hex')}`,
      );
      if (stat.kind === 'directory') walk(below);
    }
  };
  walk('');
  return found;
}

/** Links by where they lead. */
function checkedOut(commit: string): Map<string, string> {
  const copy = mkdtempSync(join(directory, 'copy-'));
  git(directory, 'clone', '-q', top, copy);
  git(copy, 'checkout', '-q', commit);
  const found = present(copy);
  for (const [path, what] of found)
    if (what.startsWith('link'))
      found.set(path, `link to ${realpathSync(join(copy, path)).slice(copy.length + 1)}`);
  return found;
}

describe('a commit as it lies over what is on disk', { timeout: 120_000 }, () => {
  it('has every file that a checkout of it has, from wherever one looks', async () => {
    const real = commits.map(checkedOut);
    for (const from of commits) {
      git(top, 'checkout', '-q', from);
      for (const [at, commit] of commits.entries()) {
        const { files } = await treeState(top, commit, []);
        expect(seen(diskOf(files), top)).toEqual(real[at]);
      }
    }
    git(top, 'checkout', '-q', 'main');
  });

  it('has neither edits nor new files of the work tree, but what is ignored and what is to be kept', async () => {
    write('recipes/a/a_1.1.bb', 'edited\n');
    write('recipes/new/new.bb', 'N = "1"\n');
    write('ignored/build.conf', 'kept\n');
    write('build/conf/local.conf', 'kept\n');
    git(top, 'rm', '-q', '--cached', 'scripts/tool');
    try {
      const { files } = await treeState(top, commits.at(-1)!, [join(top, 'build')]);
      const disk = diskOf(files);
      expect(seen(disk, top)).toEqual(
        new Map([
          ...[...checkedOut(commits.at(-1)!)],
          ['ignored', 'directory'],
          ['ignored/build.conf', `file false ${Buffer.from('kept\n').toString('hex')}`],
          ['build', 'directory'],
          ['build/conf', 'directory'],
          ['build/conf/local.conf', `file false ${Buffer.from('kept\n').toString('hex')}`],
        ]),
      );
      expect(differingFiles(files, new Map())).toEqual(
        ['recipes/a/a_1.1.bb', 'recipes/new/new.bb'].map((path) => join(top, path)),
      );
    } finally {
      git(top, 'reset', '-q', '--hard');
      git(top, 'clean', '-q', '-fdx');
    }
  });

  it('is read through links as the commit has them', async () => {
    const { files } = await treeState(top, commits[3]!, []);
    const host = new HostFiles([top], undefined, diskOf(files));
    expect(host.readText(join(top, 'link/a_1.1.bb'))).toContain('B = "2"');
    expect(host.stat(join(top, 'link/real.bb'))).toBeUndefined();
    expect(host.list(join(top, 'link'))).toEqual(['a_1.1.bb', 'files']);
    expect(host.realPath(join(top, 'link/../b/b.bb'))).toBeUndefined();
    expect(host.realPath(join(top, 'deep'))).toBeUndefined();
  });

  it('leads nowhere outside of what may be read', async () => {
    const away = join(directory, 'away');
    writeFileSync(away, 'secret');
    const files = new Map([[join(top, 'out'), { kind: 'link', target: away } as const]]);
    const host = new HostFiles([top], undefined, diskOf(files));
    expect(host.readText(join(top, 'out'))).toBeUndefined();
    expect(host.leadsOutside(join(top, 'out'))).toBe(true);
  });

  it('is told which files were renamed', async () => {
    const found = await renames(top, commits[0]!, commits[1]!);
    expect([...found]).toEqual([[join(top, 'recipes/a/a_1.1.bb'), join(top, 'recipes/a/a_1.0.bb')]]);
  });
});

describe('what is compared with', { timeout: 120_000 }, () => {
  it('is where HEAD parted from the upstream branch, or what remote branches have', async () => {
    const copy = mkdtempSync(join(directory, 'clone-'));
    git(directory, 'clone', '-q', top, copy);
    const own = async () => ({ commit: (await checkoutOf(copy))!.head!, name: 'HEAD' });
    expect(await usualBase(copy, await own())).toEqual({
      commit: commits.at(-1),
      name: 'where HEAD parted from origin/main',
    });
    git(copy, 'checkout', '-q', '-b', 'work', '--no-track', commits[2]!);
    git(copy, 'commit', '-q', '--allow-empty', '-m', 'own');
    expect(await usualBase(copy, await own())).toEqual({
      commit: commits[2],
      name: 'what remote branches have, too',
    });
  });

  it('is a commit, however it is called, and never an option', async () => {
    expect(await commitOf(top, 'main~1')).toBe(commits.at(-2));
    expect(await commitOf(top, 'nothing')).toBeUndefined();
    expect(await commitOf(top, '--all')).toBeUndefined();
  });
});

describe('a series of patches', { timeout: 120_000 }, () => {
  const series = (...args: string[]) =>
    new Uint8Array(execFileSync('git', ['format-patch', '--stdout', ...args], { cwd: top, env: ENV }));

  it('makes the tree that its commits made: renames, modes, links and binary files included', async () => {
    const patches = await readPatches(series('--binary', commits[0]!), 'series');
    expect(patches.map(({ subject }) => subject)).toEqual([
      'a new version, a binary file',
      'a directory is gone, a program can be run',
      'a link leads elsewhere',
      'a link is a directory, and a directory a file',
      'strange names',
    ]);
    const { tree, store, dispose } = await patchedTree(top, commits[0]!, patches);
    try {
      expect(tree).toBe(git(top, 'rev-parse', `${commits.at(-1)!}^{tree}`).trim());
      git(top, 'checkout', '-q', commits[1]!);
      const { files } = await treeState(top, tree, [], store);
      expect(seen(diskOf(files), top)).toEqual(checkedOut(commits.at(-1)!));
    } finally {
      git(top, 'checkout', '-q', 'main');
      dispose();
    }
  });

  it('may have a cover letter, be encoded, or be a plain diff', async () => {
    const covered = series('--cover-letter', '--attach', commits[1]!, '--', 'scripts', 'deep');
    expect((await readPatches(covered, 'series')).length).toBe(1);
    const diff = new Uint8Array(Buffer.from(git(top, 'diff', commits[1]!, commits[2]!)));
    const [patch] = await readPatches(diff, 'x.diff');
    expect(patch!.subject).toBe('x.diff');
    const { tree, dispose } = await patchedTree(top, commits[1]!, [patch!]);
    dispose();
    expect(tree).toBe(git(top, 'rev-parse', `${commits[2]!}^{tree}`).trim());
  });

  it('that does not apply, or is none, is said to be so', async () => {
    const patches = await readPatches(series('-1', commits[2]!), 'series');
    await expect(patchedTree(top, commits.at(-1)!, patches)).rejects.toThrow(
      /"a directory is gone, a program can be run" does not apply to [0-9a-f]{12} of .*: .*deep\/down\/below\/only.txt/,
    );
    await expect(readPatches(new Uint8Array(Buffer.from('hello\n')), 'x')).rejects.toThrow(GitFault);
  });

  it('leaves the repository as it is, to the byte', async () => {
    const before = everything(join(top, '.git'));
    const files = present(top);
    const patches = await readPatches(series('--binary', commits[0]!), 'series');
    const { tree, store, dispose } = await patchedTree(top, commits[0]!, patches);
    await treeState(top, tree, [], store);
    await treeState(top, commits[0]!, []);
    await renames(top, commits[0]!, undefined);
    dispose();
    expect(everything(join(top, '.git'))).toEqual(before);
    expect(present(top)).toEqual(files);
  });
});

/**
 * Of every file below a directory its mode and content, and when it was changed; but not when objects were last needed,
 * which git keeps as their time.
 */
function everything(root: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const path = join(root, entry);
    const stat = lstatSync(path);
    const content = stat.isFile() ? readFileSync(path).toString('base64') : '';
    const time = entry.startsWith('objects/') ? '' : stat.mtimeMs;
    found.set(entry, `${stat.mode} ${stat.size} ${time} ${content}`);
  }
  return found;
}
