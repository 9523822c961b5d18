/** What metadata is told of programs: those on a PATH of directories made for it. */
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
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
  expect(seen(join(home, 'secret'))).toBe('unknown');
  expect(seen('/etc/passwd')).toBe('unknown');
});
