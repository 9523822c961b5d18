import { beforeEach, describe, expect, it } from 'vitest';
import type { Glimpse } from '../../server/src/inputs/ports.ts';
import {
  Errno,
  normalised,
  SystemError,
  Volume,
  type VolumeOptions,
} from '../../server/src/python/volume.ts';
import { memoryFiles } from './workspace.ts';

let refusals: string[];
let volume: Volume;

const FILES = memoryFiles({
  '/src/layer/a.bb': 'text',
  '/src/layer/run.sh': 'x',
  '/src/layer/__pycache__/a.pyc': 'x',
  '/src/layer/link': '-> /src/layer/a.bb',
  '/src/layer/sub/b.bb': 'b',
  '/src/build/tmp/host': 'from the host',
  '/other/c': 'c',
});
const OPTIONS: VolumeOptions = {
  files: FILES,
  roots: ['/src/layer', '/src/build'],
  scratch: ['/src/build/tmp'],
  programs: ['/usr/bin', 'relative', '/usr/sbin/'],
  own: new Map([['lib/own.py', new TextEncoder().encode('own')]]),
  refuse: (what) => refusals.push(what),
  now: () => 5_000,
};

beforeEach(() => {
  refusals = [];
  volume = new Volume(OPTIONS);
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
    expect(volume.stat('/src/layer/a.bb', true)).toEqual({
      kind: 'file',
      size: 4,
      mtimeMs: 1_000_500,
      mode: 0o644,
    });
    expect(volume.stat('/src/layer/run.sh', true).mode).toBe(0o755);
    expect(text('/src/layer/sub/b.bb')).toBe('b');
    expect(volume.list('/src/layer')).toEqual(['a.bb', 'link', 'run.sh', 'sub']);
    expect(errno(() => volume.stat('/src/layer/none', true))).toBe(Errno.ENOENT);
    expect(errno(() => volume.content('/src/layer/sub'))).toBe(Errno.EISDIR);
    expect(errno(() => volume.list('/src/layer/a.bb'))).toBe(Errno.ENOTDIR);
    expect(refusals).toEqual([]);
  });

  it('follows symbolic links, or tells of them', () => {
    expect(text('/src/layer/link')).toBe('text');
    expect(volume.stat('/src/layer/link', false).kind).toBe('link');
    expect(volume.readLink('/src/layer/link')).toBe('/src/layer/a.bb');
    expect(errno(() => volume.readLink('/src/layer/a.bb'))).toBe(Errno.EINVAL);
  });

  it('has no compiled Python of the host', () => {
    expect(errno(() => volume.content('/src/layer/__pycache__/a.pyc'))).toBe(Errno.ENOENT);
  });

  it('leads to the roots from above, and shows nothing else there', () => {
    expect(volume.stat('/src', true).kind).toBe('directory');
    expect(volume.list('/src')).toEqual(['build', 'layer']);
    expect(refusals).toEqual(['list /src']);
  });

  it('refuses what is outside', () => {
    expect(errno(() => volume.stat('/other/c', true))).toBe(Errno.ENOENT);
    expect(errno(() => volume.content('/other/c'))).toBe(Errno.ENOENT);
    expect(errno(() => volume.list('/other'))).toBe(Errno.ENOENT);
    expect(errno(() => volume.writable('/other/c', false, 0))).toBe(Errno.EACCES);
    expect(errno(() => volume.writable('/src/layer/a.bb', false, 0))).toBe(Errno.EACCES);
    expect(refusals).toEqual([
      'read /other/c',
      'read /other/c',
      'read /other',
      'write /other/c',
      'write /src/layer/a.bb',
    ]);
  });

  it('has its own files and a few devices', () => {
    expect(text('/.lens/lib/own.py')).toBe('own');
    expect(volume.list('/.lens')).toEqual(['lib']);
    expect(errno(() => volume.writable('/.lens/lib/own.py', false, 0))).toBe(Errno.EACCES);
    expect(volume.stat('/dev/null', true).kind).toBe('device');
    refusals.length = 0;
    expect(errno(() => volume.stat('/dev/sda', true))).toBe(Errno.ENOENT);
    expect(refusals).toEqual(['read /dev/sda']);
  });
});

describe('programs and headers', () => {
  /** What is outside the roots; of nothing in /opt is it told whether it is there. */
  const system: Readonly<Record<string, Glimpse>> = {
    '/usr': { kind: 'directory' },
    '/usr/bin': { kind: 'directory' },
    '/usr/bin/gcc': { kind: 'link', target: 'gcc-12' },
    '/usr/bin/gcc-12': { kind: 'file', executable: true },
    '/usr/bin/notes': { kind: 'file', executable: false },
    '/usr/bin/dangling': { kind: 'link', target: '/usr/lib/nothing' },
    '/usr/bin/clang': { kind: 'link', target: '/usr/lib/clang' },
    '/usr/lib/clang': { kind: 'link', target: '/opt/llvm/clang' },
    '/usr/bin/round': { kind: 'link', target: 'about' },
    '/usr/bin/about': { kind: 'link', target: 'round' },
    '/usr/include': { kind: 'directory' },
    '/usr/include/there.h': { kind: 'link', target: '/opt/there.h' },
  };
  beforeEach(() => {
    const glimpse = (path: string) => (path.startsWith('/opt/') ? 'unknown' : system[path]);
    volume = new Volume({ ...OPTIONS, files: { ...FILES, glimpse } });
  });

  it('are there where the host has them, and none is read', () => {
    expect(volume.stat('/usr/bin/gcc', true)).toMatchObject({ kind: 'file', mode: 0o755 });
    expect(volume.stat('/usr/bin/gcc', false).kind).toBe('link');
    expect(volume.readLink('/usr/bin/gcc')).toBe('gcc-12');
    expect(volume.stat('/usr/bin/notes', true).mode).toBe(0o644);
    for (const name of ['cc', 'dangling'])
      expect(errno(() => volume.stat(`/usr/bin/${name}`, true))).toBe(Errno.ENOENT);
    expect(errno(() => volume.stat('/usr/bin/round', true))).toBe(Errno.ELOOP);
    expect(refusals).toEqual([]);
    expect(errno(() => volume.content('/usr/bin/gcc'))).toBe(Errno.EACCES);
    expect(volume.list('/usr/include')).toEqual([]);
    expect(refusals).toEqual(['read /usr/bin/gcc', 'list /usr/include']);
  });

  it('are taken as there where a link of PATH leads to what is not told of, headers are not', () => {
    expect(volume.stat('/usr/bin/clang', true).mode).toBe(0o755);
    expect(refusals).toEqual([]);
    expect(errno(() => volume.stat('/usr/include/there.h', true))).toBe(Errno.ENOENT);
    expect(refusals).toEqual(['read /opt/there.h']);
  });

  it('are taken as there without which BitBake would not start, where no directory of PATH has them', () => {
    volume.require(['gcc-12', 'chrpath']);
    expect(volume.stat('/usr/bin/chrpath', true).mode).toBe(0o755);
    expect(volume.stat('/usr/sbin/chrpath', true).mode).toBe(0o755);
    expect(errno(() => volume.stat('/usr/sbin/gcc-12', true))).toBe(Errno.ENOENT);
    expect(errno(() => volume.stat('/usr/include/chrpath', true))).toBe(Errno.ENOENT);
  });
});

describe('the scratch area', () => {
  it('lies over the files of the host', () => {
    expect(text('/src/build/tmp/host')).toBe('from the host');
    put('/src/build/tmp/host', 'changed');
    expect(text('/src/build/tmp/host')).toBe('changed');
    volume.remove('/src/build/tmp/host', false);
    expect(errno(() => volume.stat('/src/build/tmp/host', true))).toBe(Errno.ENOENT);
    expect(volume.list('/src/build/tmp')).toEqual([]);
  });

  it('keeps what a file had when it is opened to be changed', () => {
    const node = volume.writable('/src/build/tmp/host', false, 0);
    volume.write(node, 5, new TextEncoder().encode('THE'));
    expect(text('/src/build/tmp/host')).toBe('from THE host');
    volume.truncate(node, 4);
    expect(text('/src/build/tmp/host')).toBe('from');
  });

  it('has directories, which must be there and be empty to go', () => {
    expect(errno(() => put('/src/build/tmp/d/f', 'x'))).toBe(Errno.ENOENT);
    volume.makeDirectory('/src/build/tmp/d', 0o700);
    put('/src/build/tmp/d/f', 'x');
    expect(volume.stat('/src/build/tmp/d', true)).toMatchObject({ kind: 'directory', mode: 0o700 });
    expect(errno(() => volume.makeDirectory('/src/build/tmp/d', 0o700))).toBe(Errno.EEXIST);
    expect(errno(() => volume.remove('/src/build/tmp/d', true))).toBe(Errno.ENOTEMPTY);
    expect(errno(() => volume.remove('/src/build/tmp/d', false))).toBe(Errno.EISDIR);
    volume.remove('/src/build/tmp/d/f', false);
    volume.remove('/src/build/tmp/d', true);
    expect(volume.list('/src/build/tmp')).toEqual(['host']);
  });

  it('has symbolic links, also to programs and in circles', () => {
    const glimpse = (path: string): Glimpse | undefined =>
      path === '/usr/bin/gcc' ? { kind: 'file', executable: true } : undefined;
    volume = new Volume({ ...OPTIONS, files: { ...FILES, glimpse } });
    volume.makeLink('/usr/bin/gcc', '/src/build/tmp/gcc');
    volume.makeLink('d', '/src/build/tmp/l');
    volume.makeDirectory('/src/build/tmp/d', 0o755);
    put('/src/build/tmp/l/f', 'x');
    expect(text('/src/build/tmp/d/f')).toBe('x');
    expect(volume.readLink('/src/build/tmp/gcc')).toBe('/usr/bin/gcc');
    expect(volume.stat('/src/build/tmp/gcc', true).mode).toBe(0o755);
    volume.makeLink('b', '/src/build/tmp/a');
    volume.makeLink('a', '/src/build/tmp/b');
    expect(errno(() => volume.stat('/src/build/tmp/a', true))).toBe(Errno.ELOOP);
  });

  it('leads out of itself to nothing more than is there anyway', () => {
    volume.makeLink('/other', '/src/build/tmp/out');
    expect(errno(() => volume.content('/src/build/tmp/out/c'))).toBe(Errno.ENOENT);
    expect(errno(() => put('/src/build/tmp/out/c', 'x'))).toBe(Errno.EACCES);
    expect(refusals).toEqual(['read /other/c', 'write /other/c']);
  });

  it('moves files', () => {
    put('/src/build/tmp/a', 'a');
    volume.rename('/src/build/tmp/a', '/src/build/tmp/b');
    volume.rename('/src/build/tmp/host', '/src/build/tmp/c');
    expect(volume.list('/src/build/tmp')).toEqual(['b', 'c']);
    expect(text('/src/build/tmp/c')).toBe('from the host');
    expect(errno(() => volume.rename('/src/layer/a.bb', '/src/build/tmp/d'))).toBe(Errno.EACCES);
  });

  it('is bounded', () => {
    const node = volume.writable('/src/build/tmp/big', true, 0);
    expect(errno(() => volume.truncate(node, 65 * 1024 * 1024))).toBe(Errno.ENOSPC);
    expect(errno(() => volume.write(node, 2 ** 40, new Uint8Array(1)))).toBe(Errno.ENOSPC);
  });

  it('is put back as it was', () => {
    put('/src/build/tmp/kept', 'kept');
    const saved = volume.save();
    put('/src/build/tmp/kept', 'changed');
    put('/src/build/tmp/new', 'new');
    volume.load(saved);
    expect(volume.list('/src/build/tmp')).toEqual(['host', 'kept']);
    expect(text('/src/build/tmp/kept')).toBe('kept');
    put('/src/build/tmp/kept', 'changed again');
    volume.load(saved);
    expect(text('/src/build/tmp/kept')).toBe('kept');
  });
});

describe('a directory that is lent', () => {
  it('is there, empty, and takes what is written; nothing of the host is seen', () => {
    volume.lend('/other/./');
    expect(volume.stat('/other', true).kind).toBe('directory');
    expect(volume.list('/other')).toEqual([]);
    expect(errno(() => volume.stat('/other/c', true))).toBe(Errno.ENOENT);
    volume.makeDirectory('/other/tools', 0o755);
    volume.makeLink('/usr/bin/gcc', '/other/tools/gcc');
    put('/other/tools/file', 'text');
    expect(text('/other/tools/file')).toBe('text');
    expect(volume.list('/other/tools')).toEqual(['file', 'gcc']);
    expect(volume.stat('/', true).kind).toBe('directory');
    expect(refusals).toEqual([]);
  });

  it('is none that is seen anyway, nor everything', () => {
    for (const path of ['/src/layer/sub', '/src/build/tmp/d', '/', 'relative']) volume.lend(path);
    expect(text('/src/layer/sub/b.bb')).toBe('b');
    expect(errno(() => volume.makeDirectory('/src/layer/sub/d', 0o755))).toBe(Errno.EACCES);
    expect(errno(() => volume.stat('/other/c', true))).toBe(Errno.ENOENT);
    expect(refusals).toEqual(['make the directory /src/layer/sub/d', 'read /other/c']);
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
