/**
 * What is kept from one start to the next: found again where a fresh computation would give the same, whatever has
 * happened to the files in between.
 */
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ReceivedReads } from '../../server/src/engine/requestReads.ts';
import { ResultCache } from '../../server/src/engine/resultCache.ts';
import type { ConfigurationSummary, RecipeEvaluation } from '../../server/src/engine/results.ts';
import { openBuildDirectory } from '../../server/src/host/buildDirectory.ts';
import { HostFiles } from '../../server/src/host/files.ts';
import { FileStates } from '../../server/src/host/fileStates.ts';
import type { ResultStore } from '../../server/src/inputs/resultPorts.ts';
import { openEvaluator } from '../harness/engine.ts';
import { disturb } from '../harness/disturbance.ts';
import { sequence } from '../harness/mutations.ts';

const SAMPLE = join(import.meta.dirname, '../../samples/workspace');
const STEPS = 14;
const WANTED = { hashesOnly: true, recipeInfo: true } as const;

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function sampleFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-kept-')));
  folders.push(folder);
  cpSync(SAMPLE, folder, { recursive: true, filter: (path) => !/\/build\/(?!conf)/.test(path) });
  return folder;
}

class Memory implements ResultStore {
  readonly texts = new Map<string, string>();
  read(key: string): Promise<string | undefined> {
    return Promise.resolve(this.texts.get(key));
  }
  write(key: string, text: string): void {
    this.texts.set(key, text);
  }
}

/** A start of the server: nothing is in memory, some is in the store. */
async function start(folder: string, store: ResultStore): Promise<{ cache: ResultCache }> {
  const { roots } = openBuildDirectory(join(folder, 'build'));
  const states = new FileStates(new HostFiles([...roots, folder]), store, 'files');
  await states.recall();
  return { cache: new ResultCache(store, states, 'base') };
}

interface Fresh {
  readonly summary: ConfigurationSummary;
  readonly results: ReadonlyMap<string, RecipeEvaluation>;
}

/** Everything computed from nothing, and kept. */
async function compute(folder: string, cache: ResultCache): Promise<Fresh> {
  const evaluator = await openEvaluator(join(folder, 'build'));
  const { summary } = evaluator;
  await cache.keepConfiguration(summary, evaluator.configurationReads, false);
  const received = new ReceivedReads();
  const results = new Map<string, RecipeEvaluation>();
  for (const { path } of summary.recipes) {
    const result = evaluator.evaluate(path, { hashesOnly: true, recipeInfo: true });
    results.set(path, result);
    const reads = evaluator.takeReads();
    if (!reads) continue;
    await cache.keep('evaluate', { path, ...WANTED }, summary, path, result, received.receive(reads));
  }
  return { summary, results };
}

function find(
  cache: ResultCache,
  path: string,
  summary: ConfigurationSummary,
): Promise<RecipeEvaluation | undefined> {
  return cache.find('evaluate', { path, ...WANTED }, summary, path);
}

const comparable = (value: unknown) =>
  JSON.parse(JSON.stringify(value, (key, part: unknown) => (key === 'milliseconds' ? 0 : part))) as unknown;

/** The recipes of which something is kept that counts. */
async function kept(folder: string, store: ResultStore): Promise<string[] | undefined> {
  const { cache } = await start(folder, store);
  const summary = await cache.configuration();
  if (!summary) return undefined;
  const found: string[] = [];
  for (const { path } of summary.recipes) {
    if (await find(cache, path, summary)) found.push(path.slice(path.lastIndexOf('/') + 1));
  }
  return found.sort();
}

const ALL = ['greet-image.bb', 'hello_1.0.bb', 'libgreet_2.1.bb'];

describe('what is kept', () => {
  it('is found again after another start, and is what was computed', async () => {
    const folder = sampleFolder();
    const store = new Memory();
    const { summary, results } = await compute(folder, (await start(folder, store)).cache);
    const { cache } = await start(folder, store);
    expect(comparable(await cache.configuration())).toEqual(comparable(summary));
    for (const [path, result] of results) {
      expect(comparable(await find(cache, path, summary))).toEqual(comparable(result));
    }
    expect(await kept(folder, store)).toEqual(ALL);
  }, 60_000);

  it('goes with the files that it was made of, and with no others', async () => {
    const folder = sampleFolder();
    const store = new Memory();
    await compute(folder, (await start(folder, store)).cache);
    const file = (name: string) => join(folder, 'meta-sample', name);
    const texts = new Map<string, string>();
    const edit = (name: string, change: (text: string) => string) => {
      const text = texts.get(name) ?? readFileSync(file(name), 'utf8');
      texts.set(name, text);
      writeFileSync(file(name), change(text));
    };
    const putBack = () => {
      for (const [name, text] of texts) writeFileSync(file(name), text);
    };
    const hello = 'recipes-sample/hello/hello_1.0.bb';
    edit(hello, (text) => `${text}\nA = "1"\n`);
    expect(await kept(folder, store)).toEqual(ALL.filter((name) => name !== 'hello_1.0.bb'));
    // A comment or a blank line between statements.
    edit(hello, (text) => `# said anew\n\n${text}`);
    expect(await kept(folder, store)).toEqual(ALL);
    edit('classes/buildinfo.bbclass', (text) => `# said anew\n${text}`);
    expect(await kept(folder, store)).toEqual(ALL);
    edit('classes/buildinfo.bbclass', (text) => `BUILDINFO_MORE = "1"\n${text}`);
    expect((await kept(folder, store))?.length).toBeLessThan(ALL.length);
    putBack();
    expect(await kept(folder, store)).toEqual(ALL);
    // Neither a recipe nor on the way to one.
    writeFileSync(file('recipes-sample/hello/notes.txt'), 'none of it');
    expect(await kept(folder, store)).toEqual(ALL);
    // An append for one recipe: the list is another, the rest of the recipes is not.
    writeFileSync(file('recipes-sample/hello/hello_1.0.bbappend'), 'B = "1"\n');
    expect(await kept(folder, store)).toBeUndefined();
    const { summary } = await compute(folder, (await start(folder, new Memory())).cache);
    const { cache } = await start(folder, store);
    const found = [];
    for (const { path } of summary.recipes) {
      if (await find(cache, path, summary)) found.push(path.slice(path.lastIndexOf('/') + 1));
    }
    expect(found.sort()).toEqual(ALL.filter((name) => name !== 'hello_1.0.bb'));
    rmSync(file('recipes-sample/hello/hello_1.0.bbappend'));
    expect(await kept(folder, store)).toEqual(ALL);
    appendFileSync(join(folder, 'build/conf/local.conf'), '\nC = "1"\n');
    expect(await kept(folder, store)).toBeUndefined();
  }, 60_000);

  it('is not what the clock or chance had a part in', async () => {
    const folder = sampleFolder();
    const recipe = join(folder, 'meta-sample/recipes-sample/hello/hello_1.0.bb');
    appendFileSync(
      recipe,
      '\nNOW = "${@__import__(\'time\').time()}"\ndo_install[vardeps] += "NOW"\nX := "${NOW}"\n',
    );
    const store = new Memory();
    await compute(folder, (await start(folder, store)).cache);
    expect(await kept(folder, store)).toEqual(ALL.filter((name) => name !== 'hello_1.0.bb'));
  }, 60_000);

  it('counts what Python looked at, also where it was not entered again', async () => {
    const folder = sampleFolder();
    const store = new Memory();
    const looked = join(folder, 'meta-sample/looked.txt');
    const expression = `\${@os.path.exists('${looked}') and open('${looked}').read().strip()}`;
    for (const name of ['hello/hello_1.0.bb', 'libgreet/libgreet_2.1.bb']) {
      appendFileSync(join(folder, 'meta-sample/recipes-sample', name), `\nLOOKED := "${expression}"\n`);
    }
    await compute(folder, (await start(folder, store)).cache);
    expect(await kept(folder, store)).toEqual(ALL);
    writeFileSync(looked, 'there\n');
    expect(await kept(folder, store)).toEqual(['greet-image.bb']);
    await compute(folder, (await start(folder, store)).cache);
    expect(await kept(folder, store)).toEqual(ALL);
    writeFileSync(looked, 'other\n');
    expect(await kept(folder, store)).toEqual(['greet-image.bb']);
  }, 60_000);

  it('is what would be computed, whatever happens to the files', async () => {
    const folder = sampleFolder();
    const store = new Memory();
    const random = sequence(11);
    let found = 0;
    let changed = 0;
    const undo: (() => void)[] = [];
    for (let step = 0; step < STEPS; step++) {
      const { cache } = await start(folder, store);
      const known = await cache.configuration();
      const fresh = new Memory();
      const { summary, results } = await compute(folder, (await start(folder, fresh)).cache);
      if (known) expect(comparable(known), `step ${step}`).toEqual(comparable(summary));
      for (const [path, result] of results) {
        const again = await find(cache, path, summary);
        if (!again) changed++;
        else expect(comparable(again), `step ${step}: ${path}`).toEqual(comparable(result));
        if (again) found++;
      }
      for (const [key, text] of fresh.texts) store.write(key, text);
      if (undo.length > 0 && random() < 0.5) undo.pop()!();
      else undo.push(disturb(folder, random));
    }
    expect(found).toBeGreaterThan(STEPS / 2);
    expect(changed).toBeGreaterThan(STEPS / 4);
  }, 600_000);
});
