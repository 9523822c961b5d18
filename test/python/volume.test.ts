import { beforeEach, describe, expect, it } from 'vitest';
import { Errno, normalised, SystemError, Volume } from '../../server/src/python/volume.ts';
import { memoryFiles } from './workspace.ts';

let refusals: string[];
let volume: Volume;

beforeEach(() => {
  refusals = [];
  volume = new Volume({
    files: memoryFiles({
      '/work/layer/a.bb': 'text',
      '/work/layer/run.sh': 'x',
      '/work/layer/__pycache__/a.pyc': 'x',
      '/work/layer/link': '-> /work/layer/a.bb',
      '/work/layer/sub/b.bb': 'b',
      '/work/build/tmp/host': 'from the host',
      '/other/c': 'c',
    }),
    roots: ['/work/layer', '/work/build'],
    scratch: ['/work/build/tmp'],
    programs: ['/usr/bin', 'relative', '/opt/bin/'],
    own: new Map([['lib/own.py', new TextEncoder().encode('own')]]),
    refuse: (what) => refusals.push(what),
    now: () => 5_000,
  });
});

function errno(action: () => unknown): number | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof SystemError) return error.errno;
    throw error;
  }
}

function text(path: string): string {
  return new TextDecoder().decode(volume.content(path));
}

function put(path: string, content: string): void {
  volume.write(volume.writable(path, true, 0o644), 0, new TextEncoder().encode(content));
}

describe('the volume', () => {
  it('shows the files of the roots as they are', () => {
    expect(volume.stat('/work/layer/a.bb', true)).toEqual({
      kind: 'file',
      size: 4,
      mtimeMs: 1_000_500,
      mode: 0o644,
    });
    expect(volume.stat('/work/layer/run.sh', true).mode).toBe(0o755);
    expect(text('/work/layer/sub/b.bb')).toBe('b');
    expect(volume.list('/work/layer')).toEqual(['a.bb', 'link', 'run.sh', 'sub']);
    expect(errno(() => volume.stat('/work/layer/none', true))).toBe(Errno.ENOENT);
    expect(errno(() => volume.content('/work/layer/sub'))).toBe(Errno.EISDIR);
    expect(errno(() => volume.list('/work/layer/a.bb'))).toBe(Errno.ENOTDIR);
    expect(refusals).toEqual([]);
  });

  it('follows symbolic links, or tells of them', () => {
    expect(text('/work/layer/link')).toBe('text');
    expect(volume.stat('/work/layer/link', false).kind).toBe('link');
    expect(volume.readLink('/work/layer/link')).toBe('/work/layer/a.bb');
    expect(errno(() => volume.readLink('/work/layer/a.bb'))).toBe(Errno.EINVAL);
  });

  it('has no compiled Python of the host', () => {
    expect(errno(() => volume.content('/work/layer/__pycache__/a.pyc'))).toBe(Errno.ENOENT);
  });

  it('leads to the roots from above, and shows nothing else there', () => {
    expect(volume.stat('/work', true).kind).toBe('directory');
    expect(volume.list('/work')).toEqual(['build', 'layer']);
    expect(refusals).toEqual(['list /work']);
  });

  it('refuses what is outside', () => {
    expect(errno(() => volume.stat('/other/c', true))).toBe(Errno.ENOENT);
    expect(errno(() => volume.content('/other/c'))).toBe(Errno.ENOENT);
    expect(errno(() => volume.list('/other'))).toBe(Errno.ENOENT);
    expect(errno(() => volume.writable('/other/c', false, 0))).toBe(Errno.EACCES);
    expect(errno(() => volume.writable('/work/layer/a.bb', false, 0))).toBe(Errno.EACCES);
    expect(refusals).toEqual([
      'read /other/c',
      'read /other/c',
      'read /other',
      'write /other/c',
      'write /work/layer/a.bb',
    ]);
  });

  it('has every program on PATH, and none to read', () => {
    expect(volume.stat('/usr/bin/gcc', true)).toMatchObject({ kind: 'file', mode: 0o755 });
    expect(volume.stat('/opt/bin/anything', true).mode).toBe(0o755);
    expect(volume.stat('/usr', true).kind).toBe('directory');
    expect(refusals).toEqual([]);
    expect(errno(() => volume.content('/usr/bin/gcc'))).toBe(Errno.EACCES);
    expect(refusals).toEqual(['read /usr/bin/gcc']);
  });

  it('has its own files and a few devices', () => {
    expect(text('/.lens/lib/own.py')).toBe('own');
    expect(volume.list('/.lens')).toEqual(['lib']);
    expect(errno(() => volume.writable('/.lens/lib/own.py', false, 0))).toBe(Errno.EACCES);
    expect(volume.stat('/dev/null', true).kind).toBe('device');
    expect(errno(() => volume.stat('/dev/sda', true))).toBe(Errno.ENOENT);
  });
});

describe('the scratch area', () => {
  it('lies over the files of the host', () => {
    expect(text('/work/build/tmp/host')).toBe('from the host');
    put('/work/build/tmp/host', 'changed');
    expect(text('/work/build/tmp/host')).toBe('changed');
    volume.remove('/work/build/tmp/host', false);
    expect(errno(() => volume.stat('/work/build/tmp/host', true))).toBe(Errno.ENOENT);
    expect(volume.list('/work/build/tmp')).toEqual([]);
  });

  it('keeps what a file had when it is opened to be changed', () => {
    const node = volume.writable('/work/build/tmp/host', false, 0);
    volume.write(node, 5, new TextEncoder().encode('THE'));
    expect(text('/work/build/tmp/host')).toBe('from THE host');
    volume.truncate(node, 4);
    expect(text('/work/build/tmp/host')).toBe('from');
  });

  it('has directories, which must be there and be empty to go', () => {
    expect(errno(() => put('/work/build/tmp/d/f', 'x'))).toBe(Errno.ENOENT);
    volume.makeDirectory('/work/build/tmp/d', 0o700);
    put('/work/build/tmp/d/f', 'x');
    expect(volume.stat('/work/build/tmp/d', true)).toMatchObject({ kind: 'directory', mode: 0o700 });
    expect(errno(() => volume.makeDirectory('/work/build/tmp/d', 0o700))).toBe(Errno.EEXIST);
    expect(errno(() => volume.remove('/work/build/tmp/d', true))).toBe(Errno.ENOTEMPTY);
    expect(errno(() => volume.remove('/work/build/tmp/d', false))).toBe(Errno.EISDIR);
    volume.remove('/work/build/tmp/d/f', false);
    volume.remove('/work/build/tmp/d', true);
    expect(volume.list('/work/build/tmp')).toEqual(['host']);
  });

  it('has symbolic links, also to programs and in circles', () => {
    volume.makeLink('/usr/bin/gcc', '/work/build/tmp/gcc');
    volume.makeLink('d', '/work/build/tmp/l');
    volume.makeDirectory('/work/build/tmp/d', 0o755);
    put('/work/build/tmp/l/f', 'x');
    expect(text('/work/build/tmp/d/f')).toBe('x');
    expect(volume.readLink('/work/build/tmp/gcc')).toBe('/usr/bin/gcc');
    expect(volume.stat('/work/build/tmp/gcc', true).mode).toBe(0o755);
    volume.makeLink('b', '/work/build/tmp/a');
    volume.makeLink('a', '/work/build/tmp/b');
    expect(errno(() => volume.stat('/work/build/tmp/a', true))).toBe(Errno.ELOOP);
  });

  it('leads out of itself to nothing more than is there anyway', () => {
    volume.makeLink('/other', '/work/build/tmp/out');
    expect(errno(() => volume.content('/work/build/tmp/out/c'))).toBe(Errno.ENOENT);
    expect(errno(() => put('/work/build/tmp/out/c', 'x'))).toBe(Errno.EACCES);
    expect(refusals).toEqual(['read /other/c', 'write /other/c']);
  });

  it('moves files', () => {
    put('/work/build/tmp/a', 'a');
    volume.rename('/work/build/tmp/a', '/work/build/tmp/b');
    volume.rename('/work/build/tmp/host', '/work/build/tmp/c');
    expect(volume.list('/work/build/tmp')).toEqual(['b', 'c']);
    expect(text('/work/build/tmp/c')).toBe('from the host');
    expect(errno(() => volume.rename('/work/layer/a.bb', '/work/build/tmp/d'))).toBe(Errno.EACCES);
  });

  it('is bounded', () => {
    const node = volume.writable('/work/build/tmp/big', true, 0);
    expect(errno(() => volume.truncate(node, 65 * 1024 * 1024))).toBe(Errno.ENOSPC);
    expect(errno(() => volume.write(node, 2 ** 40, new Uint8Array(1)))).toBe(Errno.ENOSPC);
  });

  it('is put back as it was', () => {
    put('/work/build/tmp/kept', 'kept');
    const saved = volume.save();
    put('/work/build/tmp/kept', 'changed');
    put('/work/build/tmp/new', 'new');
    volume.load(saved);
    expect(volume.list('/work/build/tmp')).toEqual(['host', 'kept']);
    expect(text('/work/build/tmp/kept')).toBe('kept');
    put('/work/build/tmp/kept', 'changed again');
    volume.load(saved);
    expect(text('/work/build/tmp/kept')).toBe('kept');
  });
});

describe('paths', () => {
  it.each([
    ['/a', 'b', '/a/b'],
    ['/a', '/b/', '/b'],
    ['/a', '../../..', '/'],
    ['/a', './b//c/../d', '/a/b/d'],
  ])('%s + %s', (directory, path, whole) => {
    expect(normalised(directory, path)).toBe(whole);
  });
});
