import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostFiles } from '../../server/src/host/files.ts';
import { checksumName, checksumText, fileChecksums } from '../../server/src/taskgraph/checksums.ts';

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

/** What counts of the directory `dir`, by one of its names. */
const filesIn = (directory: string) => [
  [`${directory}/./sub/.git`, md5('a file')],
  [`${directory}/./sub/one`, md5('1')],
  [`${directory}/./three`, md5('2')],
  [`${directory}/./two`, md5('2')],
];

describe('file checksums', () => {
  let top: string;
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), text);
  };
  const of = (list: string, byName = true) => {
    const found = fileChecksums(
      list.replaceAll('@', top),
      { files: new HostFiles([top]), digests: new Map(), excludedDirectories: ['.git'] },
      byName,
    );
    if ('unknown' in found) return found.unknown.replaceAll(top, '@');
    return found.map(({ path, checksum }) => [path.replaceAll(top, '@'), checksum]);
  };

  beforeAll(() => {
    top = mkdtempSync(join(tmpdir(), 'checksums-'));
    write('b/zz.patch', 'z');
    write('z/aa.patch', 'a');
    write('with space', 'space');
    write('dir/sub/one', '1');
    write('dir/two', '2');
    write('dir/.git/config', 'no');
    write('dir/sub/.git', 'a file');
    symlinkSync('sub', join(top, 'dir/link'));
    symlinkSync('nothing', join(top, 'dir/broken'));
    symlinkSync('two', join(top, 'dir/three'));
    symlinkSync('dir', join(top, 'linked'));
    symlinkSync('/etc', join(top, 'outside'));
  });
  afterAll(() => rmSync(top, { recursive: true }));

  it('are of the files that exist, ordered by name or, in old releases, by path', () => {
    const list = '@/b/zz.patch:True @/missing:False\n @/z/aa.patch:True';
    expect(of(list)).toEqual([
      ['@/z/aa.patch', md5('a')],
      ['@/b/zz.patch', md5('z')],
    ]);
    expect(of(list, false)).toEqual([
      ['@/b/zz.patch', md5('z')],
      ['@/z/aa.patch', md5('a')],
    ]);
  });

  it('are split only after True or False', () => {
    expect(of('@/with space:True @/b/zz.patch:True')).toEqual([
      ['@/with space', md5('space')],
      ['@/b/zz.patch', md5('z')],
    ]);
  });

  it('of directories keep the path below them; links to directories and .git do not count', () => {
    expect(of('@/dir:True')).toEqual(filesIn('@/dir'));
    expect(of('@/linked:True')).toEqual([]);
  });

  it('of a link to a directory with a slash behind it are those of the directory', () => {
    expect(of('@/linked/:True')).toEqual(filesIn('@/linked'));
  });

  it('of patterns are those of what they match', () => {
    expect(of('@/*/*.patch:True')).toEqual([
      ['@/z/aa.patch', md5('a')],
      ['@/b/zz.patch', md5('z')],
    ]);
  });

  it('are unknown for what cannot be read', () => {
    expect(of('@/outside/passwd:True')).toBe('@/outside/passwd cannot be read');
    expect(of('@/b/zz.patch')).toBe('[file-checksums] has "@/b/zz.patch" without :True or :False');
    expect(of('/:True')).toBe('/ cannot be read');
  });

  it('enter the hash with the path below a directory', () => {
    expect(checksumText({ path: '/a/dir/./sub/x', checksum: 'c' })).toBe('./sub/xc');
    expect(checksumText({ path: '/a/dir/x', checksum: 'c' })).toBe('c');
    expect([checksumName('/a/dir/./sub/x'), checksumName('/a/dir/x')]).toEqual(['./sub/x', 'x']);
  });
});
