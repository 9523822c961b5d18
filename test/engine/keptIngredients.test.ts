/**
 * Edits of functions after another start: hashes are made again of what the earlier one has left, without an
 * evaluation and as a fresh evaluation gives them, and what cannot be used is not.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecipeEvaluation } from '../../server/src/engine/results.ts';
import type { Workspace } from '../../server/src/engine/workspace.ts';
import { DiskCache } from '../../server/src/host/diskCache.ts';
import { HostFiles } from '../../server/src/host/files.ts';
import { openEvaluator } from '../harness/engine.ts';
import { openWorkspace } from '../harness/workspace.ts';

const SAMPLE = join(import.meta.dirname, '../../samples/workspace');
const ALL = ['greet-image', 'hello', 'libgreet'];
const INGREDIENTS = 'ingredients';

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-restart-')));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const ready = async (): Promise<void> => undefined;

/** A copy of the sample, and what starts on it keep beside it. */
class Machine {
  private readonly folder: string;
  private readonly directory: string;

  constructor(name: string) {
    this.folder = join(scratch, name);
    this.directory = join(scratch, `${name}-cache`);
    cpSync(SAMPLE, this.folder, { recursive: true, filter: (path) => !/\/build\/(?!conf)/.test(path) });
  }

  /** As BitBake spells the layer. */
  path(name: string): string {
    return `${this.folder}/build/../meta-sample/${name}`;
  }

  get localConf(): string {
    return join(this.folder, 'build/conf/local.conf');
  }

  change(path: string, from: string, to: string): string {
    const text = readFileSync(path, 'utf8');
    const changed = text.replace(from, () => to);
    if (changed === text) throw new Error(`there is no ${from}`);
    return changed;
  }

  write(path: string, from: string, to: string): void {
    writeFileSync(path, this.change(path, from, to));
  }

  start(texts?: ReadonlyMap<string, string>): Start {
    const store = new DiskCache({ directory: this.directory });
    const ingredients = {
      read: () => store.readParts(INGREDIENTS),
      write: (parts: AsyncIterable<Uint8Array>) => store.writeParts(INGREDIENTS, parts),
    };
    const files = () => new HostFiles([this.folder]);
    const kept = { results: store, ingredients };
    const build = join(this.folder, 'build');
    const { workspace } = openWorkspace(
      files,
      (files) => openEvaluator(build, 'wrynose', {}, files),
      texts,
      kept,
    );
    return new Start(workspace, store);
  }

  /** All hashes evaluated from nothing, with texts laid over files. */
  async fresh(texts: ReadonlyMap<string, string> = new Map()): Promise<Record<string, unknown>> {
    const files = new HostFiles([this.folder]);
    for (const [path, text] of texts) files.setOverlay(path, text);
    const evaluator = await openEvaluator(join(this.folder, 'build'), 'wrynose', {}, files);
    return hashesOf(
      evaluator.summary.recipes.map(({ path }) =>
        evaluator.evaluate(path, { hashesOnly: true, recipeInfo: true }),
      ),
    );
  }

  /** The file that ingredients are kept in. */
  get ingredients(): string {
    const name = createHash('sha256').update(INGREDIENTS).digest('hex');
    return join(this.directory, name.slice(0, 2), name.slice(2));
  }
}

class Start {
  constructor(
    readonly workspace: Workspace,
    private readonly store: DiskCache,
  ) {}

  async all(): Promise<Record<string, unknown>> {
    const results: RecipeEvaluation[] = [];
    const { recipes } = await this.workspace.summary();
    const each = (_path: string, result: RecipeEvaluation | Error): void => {
      if (result instanceof Error) throw result;
      results.push(result);
    };
    const paths = recipes.map(({ path }) => path);
    await this.workspace.evaluateAll(paths, each, true, true);
    return hashesOf(results);
  }

  /** How many evaluations there were. */
  get evaluated(): number {
    return this.workspace.asked.get('evaluate') ?? 0;
  }

  async end(): Promise<void> {
    await this.workspace.keepIngredients(ready);
    this.workspace.dispose();
    await this.store.flush();
  }
}

function hashesOf(results: readonly RecipeEvaluation[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const { variants } of results) {
    for (const { mcfn, tasks } of variants) {
      for (const { task, basehash } of tasks) found[`${mcfn}:${task}`] = basehash;
    }
  }
  return found;
}

/** Evaluates everything once. */
async function prepared(name: string): Promise<Machine> {
  const machine = new Machine(name);
  const first = machine.start();
  await first.all();
  expect(first.evaluated).toBe(ALL.length);
  await first.end();
  return machine;
}

const BASE = 'classes/base.bbclass';
const INFO = 'classes/buildinfo.bbclass';
const LIBGREET = 'recipes-sample/libgreet/libgreet_2.1.bb';
const COMPILED = ['    if [ -e Makefile ]; then', '    frobnicate\n    if [ -e Makefile ]; then'] as const;

describe('after a restart', { timeout: 240_000 }, () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await prepared('untouched');
  }, 120_000);

  it.each([
    ['a shell function of a class of all', BASE, ...COMPILED],
    ['a Python function', BASE, "        bb.note('%s holds %s'", "        bb.plain('%s has %s'"],
    ['a function of a class of some', INFO, "f.write('\\n'.join", "f.write('\\t'.join"],
  ])('%s is edited without an evaluation', async (_, name, from, to) => {
    const start = machine.start();
    const before = await start.all();
    const path = machine.path(name);
    const text = machine.change(path, from, to);
    start.workspace.setOverlay(path, text);
    const after = await start.all();
    expect(after).toEqual(await machine.fresh(new Map([[path, text]])));
    expect(after).not.toEqual(before);
    start.workspace.setOverlay(path, undefined);
    expect(await start.all()).toEqual(before);
    expect(start.evaluated).toBe(0);
  });

  it('what an edit makes of recipes is told to whoever does not want them evaluated', async () => {
    const start = machine.start();
    const { recipes } = await start.workspace.summary();
    const made = () => Promise.all(recipes.map(({ path }) => start.workspace.made(path)));
    const path = machine.path(BASE);
    // Of use only where functions are edited.
    start.workspace.setOverlay(path, machine.change(path, 'EXTRA_OEMAKE ?= ""', 'EXTRA_OEMAKE ?= "-k"'));
    expect(await made()).toEqual(recipes.map(() => undefined));
    expect(start.workspace.kept!.outcomes.size).toBe(0);
    const text = machine.change(path, ...COMPILED);
    start.workspace.setOverlay(path, text);
    expect(hashesOf((await made()) as RecipeEvaluation[])).toEqual(
      await machine.fresh(new Map([[path, text]])),
    );
    expect([...start.workspace.asked]).toEqual([]);
  });

  it('a variable is evaluated, and nothing of it is kept', async () => {
    const start = machine.start();
    await start.all();
    const path = machine.path(BASE);
    const text = machine.change(path, 'EXTRA_OEMAKE ?= ""', 'EXTRA_OEMAKE ?= "-k"');
    start.workspace.setOverlay(path, text);
    expect(await start.all()).toEqual(await machine.fresh(new Map([[path, text]])));
    expect(start.evaluated).toBe(ALL.length);
    const written = readFileSync(machine.ingredients);
    await start.end();
    expect(readFileSync(machine.ingredients)).toEqual(written);
  });
});

describe('what was changed before the restart', { timeout: 240_000 }, () => {
  it('a function: no recipe is evaluated, and the next start knows as much', async () => {
    const machine = await prepared('function');
    machine.write(machine.path(BASE), ...COMPILED);
    for (let round = 0; round < 2; round++) {
      const start = machine.start();
      expect(await start.all()).toEqual(await machine.fresh());
      const path = machine.path(BASE);
      const text = machine.change(path, '"ERROR: $*"', '"error: $*"');
      start.workspace.setOverlay(path, text);
      expect(await start.all()).toEqual(await machine.fresh(new Map([[path, text]])));
      expect(start.evaluated).toBe(0);
      await start.end();
    }
  });

  it('a recipe: that one is evaluated, and kept in place of what it was', async () => {
    const machine = await prepared('recipe');
    machine.write(machine.path(LIBGREET), 'SUMMARY = "', 'LATER := "1"\nSUMMARY = "');
    const edited = async (to: string): Promise<number> => {
      const start = machine.start();
      await start.all();
      const path = machine.path(BASE);
      const text = machine.change(path, COMPILED[0], `    ${to}\n${COMPILED[0]}`);
      start.workspace.setOverlay(path, text);
      expect(await start.all()).toEqual(await machine.fresh(new Map([[path, text]])));
      await start.end();
      return start.evaluated;
    };
    expect(await edited('one')).toBe(1);
    expect(await edited('two')).toBe(0);
  });

  it('the configuration: everything is evaluated', async () => {
    const machine = await prepared('configuration');
    writeFileSync(machine.localConf, `${readFileSync(machine.localConf, 'utf8')}\nEXTRA_OEMAKE = "-k"\n`);
    machine.write(machine.path(BASE), ...COMPILED);
    const start = machine.start();
    expect(await start.all()).toEqual(await machine.fresh());
    expect(start.evaluated).toBe(ALL.length);
  });

  it('what is kept itself: everything is evaluated', async () => {
    const machine = await prepared('damaged');
    const file = machine.ingredients;
    const whole = readFileSync(file);
    const path = machine.path(BASE);
    const flipped = Buffer.from(whole);
    flipped[whole.length >> 1]! ^= 1;
    const half = whole.subarray(0, whole.length >> 1);
    for (const [at, [content, evaluated]] of [
      [flipped, ALL.length] as const,
      [half, ALL.length] as const,
      [Buffer.alloc(0), ALL.length] as const,
      [whole, 0] as const,
    ].entries()) {
      writeFileSync(file, content);
      const start = machine.start();
      await start.all();
      const text = machine.change(path, COMPILED[0], `    : ${at}\n${COMPILED[0]}`);
      start.workspace.setOverlay(path, text);
      expect(await start.all()).toEqual(await machine.fresh(new Map([[path, text]])));
      expect(start.evaluated).toBe(evaluated);
      start.workspace.dispose();
    }
  });
});

describe('in the same session', { timeout: 240_000 }, () => {
  const isAsFreshWith = async (line: string, machine: Machine, start: Start): Promise<void> => {
    const path = machine.path(BASE);
    const text = machine.change(path, COMPILED[0], `    ${line}\n${COMPILED[0]}`);
    start.workspace.setOverlay(path, text);
    expect(await start.all()).toEqual(await machine.fresh(new Map([[path, text]])));
  };

  it('what was written is let go, and taken over again when a function is edited', async () => {
    const machine = new Machine('letGo');
    const start = machine.start();
    await start.all();
    const { kept } = start.workspace;
    expect(kept!.table.size).toBeGreaterThan(100);
    await start.workspace.keepIngredients(ready);
    expect(kept!.table.size).toBe(0);
    await isAsFreshWith('one', machine, start);
    expect(start.evaluated).toBe(ALL.length);
    expect(kept!.table.size).toBeGreaterThan(100);
    // What is evaluated from now on is told from the start, and kept beside what is taken over.
    machine.write(machine.path(LIBGREET), 'SUMMARY = "', 'LATER := "1"\nSUMMARY = "');
    start.workspace.filesChanged([machine.path(LIBGREET)]);
    start.workspace.setOverlay(machine.path(BASE), undefined);
    await start.workspace.keepIngredients(ready);
    expect(await start.all()).toEqual(await machine.fresh());
    expect(start.evaluated).toBe(ALL.length + 1);
    await isAsFreshWith('two', machine, start);
    start.workspace.setOverlay(machine.path(BASE), undefined);
    await start.workspace.keepIngredients(ready);
    expect(kept!.table.size).toBe(0);
    await isAsFreshWith('three', machine, start);
    expect(start.evaluated).toBe(ALL.length + 1);
  });

  it('hashes that are made meanwhile are those of a fresh evaluation', async () => {
    const machine = new Machine('meanwhile');
    const start = machine.start();
    await start.all();
    const path = machine.path(BASE);
    const text = machine.change(path, "        bb.note('%s holds %s'", "        bb.plain('%s has %s'");
    const fresh = await machine.fresh(new Map([[path, text]]));
    start.workspace.setOverlay(path, text);
    const [during] = await Promise.all([start.all(), start.workspace.keepIngredients(ready)]);
    expect(during).toEqual(fresh);
    expect(await start.all()).toEqual(fresh);
  });

  it('what cannot be written is held', async () => {
    const machine = new Machine('unwritten');
    writeFileSync(join(scratch, 'unwritten-cache'), 'no directory');
    const start = machine.start();
    await start.all();
    await start.workspace.keepIngredients(ready);
    expect(start.workspace.kept!.table.size).toBeGreaterThan(100);
    await isAsFreshWith('one', machine, start);
    expect(start.evaluated).toBe(ALL.length);
  });
});

describe('texts of open documents', { timeout: 240_000 }, () => {
  it('are not kept, nor what was evaluated with them', async () => {
    const machine = new Machine('open');
    const typed = machine.change(machine.path(LIBGREET), 'SUMMARY = "', 'LATER := "1"\nSUMMARY = "');
    const first = machine.start(new Map([[machine.path(LIBGREET), typed]]));
    await first.all();
    await first.end();
    expect(existsSync(machine.ingredients)).toBe(true);
    const start = machine.start();
    await start.all();
    expect(start.evaluated).toBe(1);
    start.workspace.setOverlay(machine.path(LIBGREET), typed);
    const path = machine.path(BASE);
    const text = machine.change(path, ...COMPILED);
    start.workspace.setOverlay(path, text);
    const laid = new Map([
      [machine.path(LIBGREET), typed],
      [path, text],
    ]);
    expect(await start.all()).toEqual(await machine.fresh(laid));
    expect(start.evaluated).toBe(2);
  });

  it('of the configuration keep everything from being kept', async () => {
    const machine = new Machine('openConfiguration');
    const typed = `${readFileSync(machine.localConf, 'utf8')}\nEXTRA_OEMAKE = "-k"\n`;
    const first = machine.start(new Map([[machine.localConf, typed]]));
    await first.all();
    await first.end();
    const start = machine.start();
    start.workspace.setOverlay(machine.localConf, typed);
    await start.all();
    const path = machine.path(BASE);
    const text = machine.change(path, ...COMPILED);
    start.workspace.setOverlay(path, text);
    const laid = new Map([
      [machine.localConf, typed],
      [path, text],
    ]);
    expect(await start.all()).toEqual(await machine.fresh(laid));
    expect(start.evaluated).toBe(ALL.length);
  });
});
