/** The sample workspace, evaluated once, and what comes of edits of it: with what is kept, and from nothing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { RecipeEvaluation } from '../../server/src/engine/results.ts';
import { HostFiles } from '../../server/src/host/files.ts';
import { openEvaluator } from './engine.ts';
import { openWorkspace, type OpenWorkspace } from './workspace.ts';

const SAMPLE = join(import.meta.dirname, '../../samples/workspace');
const BUILD = join(SAMPLE, 'build');
/** As BitBake spells the layer: by the way from the build directory. */
export const LAYER = `${BUILD}/../meta-sample`;

export interface Edit {
  readonly name: string;
  readonly path: string;
  readonly change: (text: string) => string;
  /** Recipes that have to be evaluated, by the beginning of their names. */
  readonly evaluated: readonly string[];
  readonly configuration?: boolean;
  /** What of the hashes changes, as `PN:task` of some; of none, nothing may. */
  readonly changes?: readonly string[];
}

export const replaced =
  (from: string, to: string) =>
  (text: string): string => {
    const changed = text.replace(from, () => to);
    if (changed === text) throw new Error(`there is no ${from}`);
    return changed;
  };

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1).replace(/_.*|\.bb$/g, '');

export function hashesOf(results: readonly RecipeEvaluation[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const { variants } of results) {
    for (const { mcfn, pn, failed, tasks } of variants) {
      found[mcfn] = { pn, failed };
      for (const { task, basehash } of tasks) found[`${pn}:${task}`] = basehash;
    }
  }
  return found;
}

/** Everything evaluated from nothing, with texts laid over files. */
async function fresh(release: string, texts: ReadonlyMap<string, string>): Promise<Record<string, unknown>> {
  const files = new HostFiles([SAMPLE]);
  for (const [path, text] of texts) files.setOverlay(path, text);
  const evaluator = await openEvaluator(BUILD, release, {}, files);
  return hashesOf(
    evaluator.summary.recipes.map(({ path }) =>
      evaluator.evaluate(path, { hashesOnly: true, recipeInfo: true }),
    ),
  );
}

type Hashes = Readonly<Record<string, unknown>>;

export class EditedSample {
  private readonly milliseconds = new Map<string, number>();
  private constructor(
    readonly release: string,
    private readonly laid: ReadonlyMap<string, string>,
    readonly open: OpenWorkspace,
    private readonly recipes: readonly string[],
  ) {}

  /** @param laid texts over files from the start */
  static async open(release: string, laid: ReadonlyMap<string, string>): Promise<EditedSample> {
    const files = () => new HostFiles([SAMPLE]);
    const open = openWorkspace(files, (files) => openEvaluator(BUILD, release, {}, files), laid);
    const { recipes } = await open.workspace.summary();
    return new EditedSample(
      release,
      laid,
      open,
      recipes.map(({ path }) => path),
    );
  }

  /** All hashes, and the recipes that were evaluated for them. */
  async all(): Promise<{ readonly hashes: Hashes; readonly evaluated: readonly string[] }> {
    const results: RecipeEvaluation[] = [];
    const evaluated: string[] = [];
    const each = (path: string, result: RecipeEvaluation | Error): void => {
      if (result instanceof Error) throw result;
      results.push(result);
      if (this.milliseconds.get(path) !== result.milliseconds) evaluated.push(nameOf(path));
      this.milliseconds.set(path, result.milliseconds);
    };
    await this.open.workspace.evaluateAll(this.recipes, each, true, true);
    return { hashes: hashesOf(results), evaluated: evaluated.sort() };
  }

  /** Edits, compares with an evaluation from nothing, and takes the edit back. */
  async check(before: Hashes, edit: Edit): Promise<void> {
    const { path, change, evaluated, configuration = true, changes } = edit;
    const { workspace, asked } = this.open;
    const laid = this.laid.get(path) ?? readFileSync(path, 'utf8');
    const text = change(laid);
    workspace.setOverlay(path, text);
    asked.length = 0;
    const after = await this.all();
    const changed = Object.keys(after.hashes).filter(
      (task) => JSON.stringify(after.hashes[task]) !== JSON.stringify(before[task]),
    );
    expect(after.evaluated).toEqual(evaluated);
    expect(asked.includes('open')).toBe(configuration && evaluated.length > 0);
    expect(asked.filter((method) => method === 'evaluate')).toHaveLength(evaluated.length);
    expect(after.hashes).toEqual(await fresh(this.release, new Map([...this.laid, [path, text]])));
    if (changes?.length === 0) expect(changed).toEqual([]);
    else expect(changed).toEqual(expect.arrayContaining([...(changes ?? [])]));
    workspace.setOverlay(path, laid);
  }
}
