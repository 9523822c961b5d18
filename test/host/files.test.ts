import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { HostFiles, LOOKS } from '../../server/src/host/files.ts';

let base: string;
let root: string;
let files: HostFiles;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-files-')));
  root = join(base, 'layer');
  mkdirSync(join(root, 'sub'), { recursive: true });
  writeFileSync(join(root, 'a.bb'), 'ü');
  writeFileSync(join(root, 'run'), '', { mode: 0o755 });
  writeFileSync(join(base, 'secret'), 'hush');
  writeFileSync(join(base, 'layer-not'), 'near');
  symlinkSync('a.bb', join(root, 'link'));
  symlinkSync(join(base, 'secret'), join(root, 'out'));
  symlinkSync(base, join(root, 'up'));
  symlinkSync('nowhere', join(root, 'broken'));
  files = new HostFiles([root]);
});

describe('the files of the host', () => {
  it('are read', () => {
    expect(files.readText(join(root, 'a.bb'))).toBe('ü');
    expect(files.readBytes(join(root, 'a.bb'))).toEqual(new Uint8Array([0xc3, 0xbc]));
    expect(files.stat(join(root, 'a.bb'))).toMatchObject({ kind: 'file', size: 2, executable: false });
    expect(files.stat(join(root, 'run'))?.executable).toBe(true);
    expect(files.stat(join(root, 'sub'))?.kind).toBe('directory');
    expect(files.list(root)).toEqual(['a.bb', 'broken', 'link', 'out', 'run', 'sub', 'up']);
    expect(files.realPath(join(root, 'link'))).toBe(join(root, 'a.bb'));
    expect(files.readText(join(root, 'link'))).toBe('ü');
  });

  it('that are not there, or not what was asked for, are undefined', () => {
    expect(files.stat(join(root, 'none'))).toBeUndefined();
    expect(files.readText(join(root, 'sub'))).toBeUndefined();
    expect(files.list(join(root, 'a.bb'))).toBeUndefined();
    expect(files.stat(join(root, 'broken'))).toBeUndefined();
  });

  it.each(['../secret', 'out', 'up/secret', '../layer-not', '..'])(
    'outside the roots are not there: %s',
    (path) => {
      const whole = `${root}/${path}`;
      expect(files.stat(whole)).toBeUndefined();
      expect(files.readText(whole)).toBeUndefined();
      expect(files.list(whole)).toBeUndefined();
      expect(files.realPath(whole)).toBeUndefined();
    },
  );

  it('are confined also where a root is named by a symbolic link', () => {
    symlinkSync(root, join(base, 'alias'));
    const aliased = new HostFiles([join(base, 'alias')]);
    expect(aliased.readText(join(base, 'alias/a.bb'))).toBe('ü');
    expect(aliased.realPath(join(base, 'alias/a.bb'))).toBe(join(root, 'a.bb'));
    expect(aliased.readText(join(base, 'alias/out'))).toBeUndefined();
  });

  it('stay as they were read until they are forgotten', () => {
    const path = join(root, 'a.bb');
    const fresh = join(root, 'new');
    expect([files.readText(path), files.stat(fresh), files.list(root)?.includes('new')]).toEqual([
      'ü',
      undefined,
      false,
    ]);
    writeFileSync(path, 'changed');
    utimesSync(path, 1, 1);
    writeFileSync(fresh, '');
    expect([files.readText(path), files.stat(fresh)]).toEqual(['ü', undefined]);
    files.forget([path, fresh]);
    expect([files.readText(path), files.stat(path)?.mtimeMs, files.stat(fresh)?.kind]).toEqual([
      'changed',
      1000,
      'file',
    ]);
    expect(files.list(root)).toContain('new');
    rmSync(path);
    files.forget();
    expect(files.readText(path)).toBeUndefined();
  });

  it('are looked at again in parts, without what is forgotten meanwhile', () => {
    const names = Array.from({ length: 2 * LOOKS }, (_, at) => join(root, `new-${at}`));
    for (const name of names) files.stat(name);
    const [first, forgotten, last] = [names[0]!, names[LOOKS]!, names.at(-1)!];
    for (const name of [first, forgotten, last]) writeFileSync(name, '');
    const looking = files.lookAgain();
    expect(looking.next().value).toEqual([first]);
    files.forget([forgotten]);
    // Their status, then their real paths.
    const rest = [...looking];
    expect(rest[0]).toEqual([last]);
    expect(rest.flat()).toEqual([last, first, last]);
  });

  it('have the texts of open editors laid over them', () => {
    const path = join(root, 'a.bb');
    files.setOverlay(path, 'typed ü');
    expect([files.readText(path), files.stat(path)?.size, files.readBytes(path)?.length]).toEqual([
      'typed ü',
      8,
      8,
    ]);
    files.setOverlay(path, undefined);
    expect(files.readText(path)).toBe('ü');
    const unsaved = join(root, 'unsaved.bb');
    files.setOverlay(unsaved, 'x');
    expect([files.stat(unsaved)?.kind, files.realPath(unsaved)]).toEqual(['file', unsaved]);
  });
});
