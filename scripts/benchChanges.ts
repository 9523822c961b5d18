/**
 * How long it takes until all hashes are known again after many files have changed at once, as a checkout of another
 * branch does, and after an edit of a class that every recipe inherits. The changes are laid over the files, nothing is
 * written. Bundled and run by `bench.mjs`.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { RecipeEvaluation } from '../server/src/engine/results.ts';
import { openPool } from './benchWorkspace.ts';

export interface ChangeTimes {
  /** How many recipes were changed at once, and the seconds until their hashes were known. */
  readonly recipes: number;
  readonly checkout: number;
  /** Seconds until all tasks were known whose basehashes an edit of a function of base.bbclass changes, of each edit. */
  readonly classEdits: readonly number[];
  /** The same of the first edit after a restart, all recipes having been evaluated before that. */
  readonly firstEdit: number;
  /** How many tasks that were, and how many recipes were evaluated for all edits together. */
  readonly changedTasks: number;
  readonly evaluated: number;
}

const MOST_RECIPES = 500;

/** @param kept a directory for what is kept of evaluations @param edits how many of base.bbclass */
export async function changeTimes(
  dist: string,
  buildDir: string,
  kept: string,
  edits: number,
): Promise<ChangeTimes> {
  const open = () => openPool(dist, buildDir, availableParallelism(), kept);
  const earlier = open();
  const all = (await earlier.workspace.summary()).recipes.map(({ path }) => path);
  await hashes(earlier.workspace, all);
  await earlier.close();
  const { workspace } = open();
  try {
    const before = await hashes(workspace, all);
    const base = await baseClass(workspace, all[0]!);
    const text = readFileSync(base, 'utf8');
    const asked = () => workspace.asked.get('evaluate') ?? 0;
    const evaluations = asked();
    const classEdits: number[] = [];
    let changedTasks = 0;
    for (let edit = 0; edit <= edits; edit++) {
      const edited = text.replace(/^(base_do_compile\s*\(\)\s*\{)$/m, `$1\n    : edit ${edit}`);
      if (edited === text) throw new Error(`${base} has no base_do_compile`);
      classEdits.push(
        await seconds(async () => {
          workspace.setOverlay(base, edited);
          const after = await hashes(workspace, all);
          changedTasks = [...after].filter(([task, hash]) => before.get(task) !== hash).length;
        }),
      );
    }
    workspace.setOverlay(base, undefined);
    const evaluated = asked() - evaluations;
    const chosen = all.slice(0, MOST_RECIPES);
    for (const path of chosen) workspace.setOverlay(path, `${readFileSync(path, 'utf8')}\nCHANGED = "1"\n`);
    const checkout = await seconds(() => hashes(workspace, chosen));
    const [firstEdit = NaN, ...others] = classEdits;
    return { recipes: chosen.length, checkout, classEdits: others, firstEdit, changedTasks, evaluated };
  } finally {
    workspace.dispose();
  }
}

type Pool = ReturnType<typeof openPool>['workspace'];

/** Virtual file name and task -> hash. */
async function hashes(workspace: Pool, paths: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const each = (_path: string, result: RecipeEvaluation | Error): void => {
    if (result instanceof Error) throw result;
    for (const { mcfn, tasks } of result.variants) {
      for (const { task, basehash } of tasks) found.set(`${mcfn} ${task}`, JSON.stringify(basehash));
    }
  };
  await workspace.evaluateAll(paths, each, true);
  return found;
}

async function baseClass(workspace: Pool, recipe: string): Promise<string> {
  const { files } = await workspace.evaluate(recipe);
  const base = files.find(({ path }) => path.endsWith('/base.bbclass'));
  if (!base) throw new Error('no base.bbclass');
  return base.path;
}

async function seconds(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return (performance.now() - start) / 1000;
}
