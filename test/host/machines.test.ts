import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildDirectoryOfShell, machinesOf } from '../../server/src/host/buildDirectory.ts';

/** A directory with these files. */
function folder(...files: string[]): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-build-')));
  for (const file of files) {
    mkdirSync(join(path, file, '..'), { recursive: true });
    writeFileSync(join(path, file), '');
  }
  return path;
}

describe('the build directory of the shell', () => {
  it('is the one that it names, where that names one', () => {
    const path = folder('b/conf/bblayers.conf', 'kas/build/conf/bblayers.conf');
    const build = join(path, 'b');
    expect(buildDirectoryOfShell({ BUILDDIR: build })).toBe(build);
    expect(buildDirectoryOfShell({ BUILDDIR: path, KAS_BUILD_DIR: build })).toBe(build);
    const kas = join(path, 'kas');
    expect(buildDirectoryOfShell({ KAS_WORK_DIR: kas })).toBe(join(kas, 'build'));
    expect(buildDirectoryOfShell({ KAS_WORK_DIR: kas, KAS_BUILD_DIR: build })).toBe(build);
    expect(buildDirectoryOfShell({ KAS_WORK_DIR: path })).toBeUndefined();
    expect(buildDirectoryOfShell({ BUILDDIR: path })).toBeUndefined();
    expect(buildDirectoryOfShell({ BUILDDIR: 'b' })).toBeUndefined();
  });
});

it('the machines of layers are those that have a configuration', () => {
  const path = folder(
    'a/conf/machine/x.conf',
    'a/conf/machine/include/y.conf',
    'b/conf/machine/w.conf',
    'c/d',
  );
  expect(machinesOf(['a', 'b', 'c', 'gone'].map((name) => join(path, name)))).toEqual(['w', 'x']);
});
