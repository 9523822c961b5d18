import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GitTexts } from '../../server/src/host/git.ts';
import { canonicalPath } from '../../server/src/host/sources.ts';

const ENV = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
const PATH = process.env['PATH'];

afterEach(() => {
  process.env['PATH'] = PATH;
});

function folder(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-git-')));
}

function git(cwd: string, ...args: string[]): void {
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
    cwd,
    env: ENV,
    stdio: 'ignore',
  });
}

function repository(): string {
  const path = folder();
  mkdirSync(join(path, 'sub'));
  writeFileSync(join(path, 'sub/a.bb'), 'A = "1"\n');
  git(path, 'init');
  git(path, 'add', '.');
  git(path, 'commit', '-m', 'first');
  return path;
}

describe('the text that HEAD has', () => {
  it('is that of the commit, whatever is on disk, until HEAD is asked for again', async () => {
    const path = repository();
    const file = join(path, 'sub/a.bb');
    writeFileSync(file, 'A = "2"\n');
    const texts = new GitTexts();
    expect(await texts.headText(file)).toBe('A = "1"\n');
    git(path, 'commit', '-a', '-m', 'second');
    expect(await texts.headText(file)).toBe('A = "1"\n');
    texts.forget();
    expect(await texts.headText(file)).toBe('A = "2"\n');
    expect((await texts.head(join(path, 'sub')))?.watched).toEqual([
      join(path, '.git/HEAD'),
      join(path, '.git/logs/HEAD'),
    ]);
  });

  it('is none of a file that is not committed, before the first commit, and outside a repository', async () => {
    const path = repository();
    writeFileSync(join(path, 'b.bb'), '');
    const texts = new GitTexts();
    expect(await texts.headText(join(path, 'b.bb'))).toBeUndefined();
    const fresh = folder();
    git(fresh, 'init');
    expect(await texts.headText(join(fresh, 'a.bb'))).toBeUndefined();
    expect(await texts.headText(join(folder(), 'a.bb'))).toBeUndefined();
    expect(await texts.headText('/nowhere/at/all/a.bb')).toBeUndefined();
  });

  it('is none without git', async () => {
    const path = repository();
    process.env['PATH'] = folder();
    expect(await new GitTexts().headText(join(path, 'sub/a.bb'))).toBeUndefined();
  });

  it('is read without running what the repository configures', async () => {
    const path = repository();
    const ran = join(path, 'ran');
    const program = join(path, 'program');
    writeFileSync(program, `#!/bin/sh\ntouch ${ran}\ncat "$@"\n`);
    chmodSync(program, 0o755);
    for (const hook of ['post-checkout', 'post-index-change', 'reference-transaction']) {
      symlinkSync(program, join(path, '.git/hooks', hook));
    }
    writeFileSync(join(path, '.gitattributes'), '*.bb diff=evil filter=evil\n');
    for (const [name, value] of [
      ['core.fsmonitor', program],
      ['core.hooksPath', join(path, '.git/hooks')],
      ['core.pager', program],
      ['pager.cat-file', program],
      ['diff.evil.textconv', program],
      ['filter.evil.smudge', program],
      ['core.sshCommand', program],
      ['alias.cat-file', `!${program}`],
      ['remote.origin.url', `ext::${program}`],
      ['remote.origin.promisor', 'true'],
      ['extensions.partialClone', 'origin'],
      ['protocol.ext.allow', 'always'],
    ] as const) {
      git(path, 'config', name, value);
    }
    const texts = new GitTexts();
    expect(await texts.headText(join(path, 'sub/a.bb'))).toBe('A = "1"\n');
    // A blob that is missing would be fetched from the remote.
    const id = execFileSync('git', ['rev-parse', 'HEAD:sub/a.bb'], { cwd: path, env: ENV, encoding: 'utf8' });
    execFileSync('rm', ['-f', join(path, '.git/objects', id.slice(0, 2), id.slice(2).trim())]);
    expect(await new GitTexts().headText(join(path, 'sub/a.bb'))).toBeUndefined();
    expect(existsSync(ran)).toBe(false);
  });
});

describe('the canonical path', () => {
  it('has links and dots resolved as far as it exists', () => {
    const path = folder();
    mkdirSync(join(path, 'real'));
    symlinkSync(join(path, 'real'), join(path, 'link'));
    expect(canonicalPath(`${path}/link/../link/new/a.bb`)).toBe(join(path, 'real/new/a.bb'));
  });
});
