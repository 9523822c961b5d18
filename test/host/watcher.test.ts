import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type FileChanges, LayerWatcher } from '../../server/src/host/watcher.ts';

const watchers: LayerWatcher[] = [];
afterEach(async () => {
  for (const watcher of watchers.splice(0)) await watcher.dispose();
});

describe('the watcher', () => {
  it('tells of metadata at once, and of nothing that BitBake writes', async () => {
    const layer = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-watch-')));
    for (const directory of ['build/conf', 'build/tmp/work', 'recipes', '.git']) {
      mkdirSync(join(layer, directory), { recursive: true });
    }
    const file = (name: string) => join(layer, name);
    for (const name of ['recipes/a.bb', 'recipes/b.inc', 'build/conf/local.conf']) {
      writeFileSync(file(name), '');
    }
    const told: FileChanges[] = [];
    const watcher = new LayerWatcher({
      buildDir: file('build'),
      layers: [layer],
      onChange: (changes) => void told.push(changes),
      onTrouble: (message) => expect.fail(message),
    });
    watchers.push(watcher);
    const all = () => new Set(told.flatMap(({ changed, listed }) => [...changed, ...listed]));
    // When it has begun to watch is not told: the marker is written until it is noticed.
    for (let tries = 0; tries < 100 && !all().has(file('recipes/b.inc')); tries++) {
      writeFileSync(file('recipes/b.inc'), `A = "${tries}"\n`);
      await sleep(500);
    }
    await sleep(500);
    told.length = 0;
    writeFileSync(file('recipes/a.bb'), 'A = "1"\n');
    writeFileSync(file('build/conf/local.conf'), 'A = "1"\n');
    writeFileSync(file('recipes/c.bb'), 'A = "1"\n');
    writeFileSync(file('recipes/readme.txt'), 'none of it');
    writeFileSync(file('build/tmp/work/d.bb'), 'none of it');
    writeFileSync(file('.git/e.conf'), 'none of it');
    rmSync(file('recipes/b.inc'));
    const expected = ['recipes/a.bb', 'build/conf/local.conf', 'recipes/c.bb', 'recipes/b.inc'].map(file);
    for (let tries = 0; tries < 100 && all().size < expected.length; tries++) await sleep(100);
    expect([...all()].sort()).toEqual(expected.sort());
    expect(told.flatMap(({ listed }) => listed).sort()).toEqual(['recipes/b.inc', 'recipes/c.bb'].map(file));
  });
});
