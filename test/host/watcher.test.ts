import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FileChanges, LayerWatcher } from '../../server/src/host/watcher.ts';

/** Between two writes to one file, in milliseconds: around what events are gathered for, here and in chokidar. */
const GAPS = [0, 1, 4, 6, 20, 45, 55, 99, 101, 290, 300, 310];

describe('the watcher', { timeout: 60_000 }, () => {
  let layer: string;
  let watcher: LayerWatcher | undefined;
  const told: FileChanges[] = [];
  const file = (name: string) => join(layer, name);
  const all = () => new Set(told.flatMap(({ changed, listed }) => [...changed, ...listed]));

  beforeEach(() => {
    layer = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-watch-')));
    for (const directory of ['build/conf', 'build/tmp/work', 'recipes/files', '.git'])
      mkdirSync(file(directory), { recursive: true });
    told.length = 0;
  });
  afterEach(async () => {
    await watcher?.dispose();
    rmSync(layer, { recursive: true, force: true });
  });

  /** Watches; resolves when it has said that from now on nothing goes unnoticed. */
  async function start(onChange: (changes: FileChanges) => void = () => undefined): Promise<void> {
    watcher = new LayerWatcher({
      buildDir: file('build'),
      layers: [layer],
      isWanted: (path) => path.startsWith(file('recipes/files/')),
      onChange: (changes) => {
        told.push(changes);
        onChange(changes);
      },
      onTrouble: (message) => expect.fail(message),
    });
    await until(() => told.some(({ more }) => more));
    told.length = 0;
  }

  async function until(wish: () => boolean): Promise<void> {
    for (let tries = 0; tries < 300 && !wish(); tries++) await sleep(100);
  }

  it('tells of metadata at once, and of nothing that BitBake writes', async () => {
    for (const name of ['recipes/a.bb', 'recipes/b.inc', 'build/conf/local.conf'])
      writeFileSync(file(name), '');
    await start();
    writeFileSync(file('recipes/a.bb'), 'A = "1"\n');
    writeFileSync(file('build/conf/local.conf'), 'A = "1"\n');
    writeFileSync(file('recipes/c.bb'), 'A = "1"\n');
    writeFileSync(file('recipes/readme.txt'), 'none of it');
    writeFileSync(file('build/tmp/work/d.bb'), 'none of it');
    writeFileSync(file('.git/e.conf'), 'none of it');
    rmSync(file('recipes/b.inc'));
    const expected = ['recipes/a.bb', 'build/conf/local.conf', 'recipes/c.bb', 'recipes/b.inc'].map(file);
    await until(() => all().size >= expected.length);
    expect([...all()].sort()).toEqual(expected.sort());
    const listed = new Set(told.flatMap(({ listed }) => listed));
    expect([...listed].sort()).toEqual(['recipes/b.inc', 'recipes/c.bb'].map(file));
    expect(told.map(({ more }) => more)).not.toContain(true);
  });

  it('tells of files that are no metadata where they are wanted, and that there may be more in a new directory', async () => {
    writeFileSync(file('recipes/files/a.patch'), '1');
    await start();
    writeFileSync(file('recipes/files/a.patch'), '2');
    writeFileSync(file('recipes/files/b.c'), '1');
    writeFileSync(file('recipes/b.c'), 'none of it');
    await until(() => all().size >= 2);
    expect([...all()].sort()).toEqual(['recipes/files/a.patch', 'recipes/files/b.c'].map(file));
    expect(told.map(({ more }) => more)).not.toContain(true);
    mkdirSync(file('recipes/hello'));
    await until(() => told.some(({ more }) => more));
    expect(told.at(-1)).toMatchObject({ more: true });
  });

  it('says that there may be more where so much happens at once that the system drops events', async () => {
    const files = Array.from({ length: 200 }, (_, at) => file(`recipes/f${at}.bb`));
    for (const path of files) writeFileSync(path, '');
    await start();
    for (let round = 0; round < 60; round++)
      for (const path of files) writeFileSync(path, `A = "${round}"\n`);
    await until(() => told.some(({ more }) => more));
    expect(told.map(({ more }) => more)).toContain(true);
  });

  const ways: Readonly<Record<string, (path: string, text: string) => void>> = {
    'writing into it': (path, text) => writeFileSync(path, text),
    'putting another in its place': (path, text) => {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
    },
    'removing and making it': (path, text) => {
      rmSync(path);
      writeFileSync(path, text);
    },
    'writing into it and setting its time back': (path, text) => {
      const { atime, mtime } = statSync(path);
      writeFileSync(path, text);
      utimesSync(path, atime, mtime);
      readFileSync(path);
    },
  };
  it.each(Object.entries(ways))(
    'misses none of two changes of the same size that come close together: %s',
    async (_, write) => {
      const files = Array.from({ length: 3 * GAPS.length }, (_, at) => file(`recipes/f${at}.bb`));
      let count = 0;
      const text = () => `A = "${String(++count).padStart(8, '0')}"\n`;
      const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
      for (const path of files) writeFileSync(path, text());
      // What an evaluator would have: it reads a file when it is told of it.
      const known = new Map(files.map((path) => [path, read(path)]));
      await start(({ changed, listed }) => {
        for (const path of [...changed, ...listed]) known.set(path, read(path));
      });
      for (let round = 0; round < 3; round++) {
        await Promise.all(
          files.map(async (path, at) => {
            write(path, text());
            await sleep(GAPS[at % GAPS.length]);
            write(path, text());
          }),
        );
        await sleep(100 * round);
      }
      const stale = () => files.filter((path) => known.get(path) !== read(path));
      await until(() => stale().length === 0);
      expect(stale()).toEqual([]);
    },
  );
});
