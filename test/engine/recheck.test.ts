/** Files that changed without anybody's having told are found by looking again at what was read. */
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBuildDirectory } from '../../server/src/host/buildDirectory.ts';
import { HostFiles } from '../../server/src/host/files.ts';
import { openEvaluator } from '../harness/engine.ts';
import { openWorkspace } from '../harness/workspace.ts';
import { sampleHash } from '../lsp/table.ts';

const SAMPLE = join(import.meta.dirname, '../../samples/workspace');

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-recheck-')));
  cpSync(SAMPLE, folder, { recursive: true, filter: (path) => !/\/build\/(?!conf)/.test(path) });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('looking again at what was read', { timeout: 60_000 }, () => {
  it('finds what was written, came and went, and no more', async () => {
    const buildDir = join(folder, 'build');
    const files = () => new HostFiles(openBuildDirectory(buildDir).roots);
    const { workspace, asked } = openWorkspace(files, (view) => openEvaluator(buildDir, 'wrynose', {}, view));
    const layer = `${buildDir}/../meta-sample`;
    const recipe = join(layer, 'recipes-sample/hello/hello_1.0.bb');
    const spelled = async () =>
      (await workspace.summary()).recipes.find(({ path }) => path.endsWith('hello_1.0.bb'))!.path;
    const install = async () => {
      const { variants } = await workspace.evaluate(await spelled());
      return variants[0]!.tasks.find(({ task }) => task === 'do_install')!.basehash;
    };
    expect(await install()).toBe(sampleHash('hello', 'do_install'));
    expect(await workspace.recheck()).toEqual([]);

    // Of the same size, and with the time that it had.
    const text = readFileSync(recipe, 'utf8');
    utimesSync(recipe, 1_000_000_000, 1_000_000_000);
    await workspace.recheck();
    await install();
    writeFileSync(recipe, text.replace('m 0755', 'm 0644'));
    utimesSync(recipe, 1_000_000_000, 1_000_000_000);
    expect(await install()).toBe(sampleHash('hello', 'do_install'));
    expect((await workspace.recheck()).map((path) => path.slice(path.lastIndexOf('/') + 1))).toEqual([
      'hello_1.0.bb',
    ]);
    expect(await install()).not.toBe(sampleHash('hello', 'do_install'));
    writeFileSync(recipe, text);
    await workspace.recheck();
    expect(await install()).toBe(sampleHash('hello', 'do_install'));

    // An append that takes no part any more.
    rmSync(join(layer, 'recipes-sample/hello/hello_%.bbappend'));
    expect(await workspace.recheck()).toContain(
      (await spelled()).replace('hello_1.0.bb', 'hello_%.bbappend'),
    );
    // As BitBake computed it for a machine that the append says nothing of.
    expect(await install()).toMatch(/^e6824b4d/);
    expect(await workspace.recheck()).toEqual([]);
    expect(asked.filter((method) => method === 'open')).toHaveLength(2);
  });

  it('lets what is asked meanwhile go before, and misses nothing that changes meanwhile', async () => {
    const buildDir = join(folder, 'build');
    const files = () => new HostFiles(openBuildDirectory(buildDir).roots);
    const { workspace, asked } = openWorkspace(files, (view) => openEvaluator(buildDir, 'wrynose', {}, view));
    const { recipes } = await workspace.summary();
    const recipe = recipes.find(({ path }) => path.endsWith('hello_1.0.bb'))!.path;
    await workspace.evaluate(recipe);

    asked.length = 0;
    let isDone = false;
    const first = workspace.recheck().finally(() => (isDone = true));
    await setImmediate();
    await workspace.evaluate(recipe);
    expect([isDone, asked[0], asked.includes('evaluate')]).toEqual([false, 'lookAgain', true]);

    writeFileSync(recipe, `${readFileSync(recipe, 'utf8')}\nA = "a"\n`);
    const [second, third] = [workspace.recheck(), workspace.recheck()];
    expect([...(await first), ...(await second)]).toEqual([recipe]);
    expect(await third).toBe(await second);
    await workspace.evaluate(recipe);
    expect(await workspace.recheck()).toEqual([]);
  });
});
