import { describe, expect, it } from 'vitest';
import { commandResult } from '../../server/src/python/repository.ts';
import { memoryFiles } from './workspace.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);

const files = memoryFiles({
  '/layers/one/.git/HEAD': 'ref: refs/heads/main\n',
  '/layers/one/.git/refs/heads/main': `${A}\n`,
  '/layers/one/meta/conf/layer.conf': '',
  '/layers/packed/.git/HEAD': 'ref: refs/heads/topic/x\n',
  '/layers/packed/.git/packed-refs': `# pack-refs with: peeled\n${A} refs/heads/main\n${B} refs/heads/topic/x\n^${A}\n`,
  '/layers/detached/.git/HEAD': `${B}\n`,
  '/layers/worktree/.git': 'gitdir: ../one/.git/worktrees/w\n',
  '/layers/one/.git/worktrees/w/HEAD': 'ref: refs/heads/main\n',
  '/layers/one/.git/worktrees/w/commondir': '../..\n',
  '/layers/loop/.git/HEAD': 'ref: refs/heads/loop\n',
  '/layers/loop/.git/refs/heads/loop': 'ref: refs/heads/loop\n',
  '/layers/none/x': '',
  '/layers/one/empty/.git/hooks/x': '',
  '/linked': '-> /layers/packed',
});

function output(command: string, cwd: string): string | undefined {
  return commandResult(files, command.split(' '), cwd)?.output;
}

describe('git commands', () => {
  it.each([
    ['git rev-parse HEAD', '/layers/one/meta/conf', `${A}\n`],
    ['git rev-parse HEAD', '/layers/packed', `${B}\n`],
    ['git rev-parse HEAD', '/layers/detached', `${B}\n`],
    ['git rev-parse HEAD', '/layers/worktree', `${A}\n`],
    ['git rev-parse --abbrev-ref HEAD', '/layers/packed', 'topic/x\n'],
    ['git rev-parse --abbrev-ref HEAD', '/layers/detached', 'HEAD\n'],
    ['git rev-parse --show-toplevel', '/layers/one/meta', '/layers/one\n'],
    ['git rev-parse --show-toplevel', '/layers/worktree', '/layers/worktree\n'],
    ['git rev-parse HEAD', '/linked', `${B}\n`],
    ['git rev-parse --show-toplevel', '/linked', '/layers/packed\n'],
    ['git rev-parse --show-toplevel', '/layers/one/empty', '/layers/one\n'],
    ['git symbolic-ref HEAD', '/layers/one', 'refs/heads/main\n'],
    ['git symbolic-ref --short HEAD', '/layers/one', 'main\n'],
    ['/usr/bin/git -C /layers/one rev-parse HEAD', '/', `${A}\n`],
    ['git -c core.fsmonitor=0 -C one rev-parse HEAD', '/layers', `${A}\n`],
    ['PSEUDO_UNLOAD=1 git rev-parse HEAD', '/layers/one', `${A}\n`],
  ])('%s in %s', (command, cwd, expected) => {
    expect(output(command, cwd)).toBe(expected);
  });

  it('outside a repository end as git does', () => {
    expect(commandResult(files, ['git', 'rev-parse', 'HEAD'], '/layers/none')?.status).toBe(128);
  });

  it.each([
    ['git log', '/layers/one'],
    ['git rev-parse HEAD~1', '/layers/one'],
    ['git rev-parse HEAD', '/layers/loop'],
    ['git rev-parse HEAD', '/elsewhere'],
    ['git rev-parse HEAD', '/layers/one/not-there'],
    ['git rev-parse HEAD', '/layers/none/x'],
    ['git --exec-path=/tmp rev-parse HEAD', '/layers/one'],
    ['hostname -f', '/layers/one'],
    ['sh -c git', '/layers/one'],
  ])('%s in %s is not known without running it', (command, cwd) => {
    expect(commandResult(files, command.split(' '), cwd)).toBeUndefined();
  });
});
