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
  /** The seconds until all tasks were known that an edit of a function of base.bbclass changes, and how many. */
  readonly classEdit: number;
  readonly changedTasks: number;
}

const MOST_RECIPES = 500;

export async function changeTimes(dist: string, buildDir: string): Promise<ChangeTimes> {
  const { workspace } = openPool(dist, buildDir, availableParallelism());
  try {
    const all = (await workspace.summary()).recipes.map(({ path }) => path);
    const before = await hashes(workspace, all);
    const chosen = all.slice(0, MOST_RECIPES);
    for (const path of chosen) workspace.setOverlay(path, `${readFileSync(path, 'utf8')}\nCHANGED = "1"\n`);
    const checkout = await seconds(() => hashes(workspace, chosen));
    for (const path of chosen) workspace.setOverlay(path, undefined);
    const base = await baseClass(workspace, all[0]!);
    const text = readFileSync(base, 'utf8');
    const edited = text.replace(/^(base_do_compile\s*\(\)\s*\{)$/m, '$1\n    : an edit');
    if (edited === text) throw new Error(`${base} has no base_do_compile`);
    workspace.setOverlay(base, edited);
    let after = new Map<string, string>();
    const classEdit = await seconds(async () => (after = await hashes(workspace, all)));
    const changedTasks = [...after].filter(([task, hash]) => before.get(task) !== hash).length;
    return { recipes: chosen.length, checkout, classEdit, changedTasks };
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
