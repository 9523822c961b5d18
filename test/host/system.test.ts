/** What metadata is told of programs: those on a PATH of directories made for it. */
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
import { expect, it } from 'vitest';
import { HostFiles } from '../../server/src/host/files.ts';
import { systemPaths } from '../../server/src/host/system.ts';

it('tells of the directories of PATH what is in them, and of nothing beside them', () => {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-path-')));
  const bin = join(home, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'tool'), '');
  chmodSync(join(bin, 'tool'), 0o755);
  writeFileSync(join(bin, 'notes'), '');
  symlinkSync('/opt/tool/bin/other', join(bin, 'other'));
  const files = new HostFiles([], systemPaths(`${bin}/:${home}/none:/usr/bin:relative`));
  const seen = (path: string) => files.glimpse(path);
  expect(seen(join(bin, 'tool'))).toEqual({ kind: 'file', executable: true });
  expect(seen(join(bin, 'notes'))).toEqual({ kind: 'file', executable: false });
  expect(seen(join(bin, 'other'))).toEqual({ kind: 'link', target: '/opt/tool/bin/other' });
  expect(seen(join(bin, 'absent'))).toBeUndefined();
  expect(seen(join(home, 'none'))).toBeUndefined();
  expect(seen(join(home, 'none/tool'))).toBeUndefined();
  expect([bin, home, '/usr'].map(seen)).toEqual(Array(3).fill({ kind: 'directory' }));
  expect(seen('/usr/bin/env')).toMatchObject({ kind: expect.stringMatching(/^(file|link)$/) as string });
  expect(seen('/usr/bin/no-such-program')).toBeUndefined();
  // A link of Debian's leads through it.
  if (existsSync('/etc/alternatives')) expect(seen('/etc/alternatives')).toEqual({ kind: 'directory' });
  expect(seen(join(home, 'secret'))).toBe('unknown');
  expect(seen('/etc/passwd')).toBe('unknown');
});

it('follows links of PATH and in it', () => {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-path-')));
  const tools = join(home, 'dotfiles/tools');
  mkdirSync(tools, { recursive: true });
  mkdirSync(join(home, 'store/v1'), { recursive: true });
  writeFileSync(join(home, 'store/v1/real'), '', { mode: 0o755 });
  symlinkSync('dotfiles/tools', join(home, 'bin'));
  symlinkSync(join(home, 'store/v1/real'), join(tools, 'tool'));
  symlinkSync('circle', join(tools, 'circle'));
  const files = new HostFiles([], systemPaths(join(home, 'bin')));
  expect(files.glimpse(join(home, 'bin'))).toEqual({ kind: 'link', target: 'dotfiles/tools' });
  expect(files.glimpse(join(home, 'dotfiles'))).toEqual({ kind: 'directory' });
  for (const directory of [join(home, 'bin'), tools]) {
    const link = { kind: 'link', target: join(home, 'store/v1/real') };
    expect(files.glimpse(join(directory, 'tool'))).toEqual(link);
    expect(files.glimpse(join(directory, 'circle'))).toEqual({ kind: 'link', target: 'circle' });
    expect(files.glimpse(join(directory, 'none'))).toBeUndefined();
  }
  expect(files.glimpse(join(home, 'store/v1'))).toEqual({ kind: 'directory' });
  expect(files.glimpse(join(home, 'store/v1/real'))).toEqual({ kind: 'file', executable: true });
  expect(files.glimpse(join(home, 'store/v1/other'))).toBe('unknown');
});

// Root may list any directory.
it.skipIf(process.getuid?.() === 0)('tells nothing of a directory that can be used but not listed', () => {
  const closed = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-path-')));
  chmodSync(closed, 0o100);
  const files = new HostFiles([], systemPaths(closed));
  expect(files.glimpse(join(closed, 'tool'))).toBe('unknown');
  chmodSync(closed, 0o700);
});
