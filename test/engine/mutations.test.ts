/** Some hundred damaged recipes and classes, evaluated: each task gets a hash, or a reason why it has none. */
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RecipeEvaluator } from '../../server/src/engine/evaluator.ts';
import { HostFiles } from '../../server/src/host/files.ts';
import { openEvaluator } from '../harness/engine.ts';
import { damaged } from '../harness/mutations.ts';

const SAMPLE = realpathSync(join(import.meta.dirname, '../../samples/workspace'));
const COUNT = 400;
const GROUPS = 20;

describe('damaged files, evaluated', () => {
  let evaluator: RecipeEvaluator;
  let files: HostFiles;
  let recipe: string;
  beforeAll(async () => {
    files = new HostFiles([SAMPLE]);
    evaluator = await openEvaluator(join(SAMPLE, 'build'), 'wrynose', {}, files);
    recipe = evaluator.summary.recipes.find(({ path }) => path.endsWith('/hello_1.0.bb'))!.path;
  }, 60_000);

  it.each(Array.from({ length: GROUPS }, (_, index) => index))(
    'give a hash or a reason: group %i',
    (group) => {
      const used = evaluator
        .evaluate(recipe)
        .files.filter(({ role }) => role === 'recipe' || role === 'class' || role === 'include')
        .map(({ path }) => path);
      const originals = used.map((path) => readFileSync(path, 'utf8'));
      const all = [...damaged(originals, COUNT, 2)];
      for (let index = group; index < COUNT; index += GROUPS) {
        const path = used[index % 3 === 0 ? index % used.length : 0]!;
        files.setOverlay(path, all[index]!);
        const { variants, problems } = evaluator.evaluate(recipe);
        files.setOverlay(path, undefined);
        expect(variants.length, `text ${index}`).toBeGreaterThan(0);
        for (const { tasks, failed, skipped } of variants) {
          // BitBake refuses what it cannot read: then it is said why.
          if (failed !== undefined) expect(problems.length, `text ${index}`).toBeGreaterThan(0);
          if (skipped !== undefined) expect(tasks).toEqual([]);
          for (const { basehash } of tasks) {
            if (typeof basehash === 'string') expect(basehash).toMatch(/^[0-9a-f]{64}$/);
            else expect(basehash.unknown).not.toBe('');
          }
        }
      }
    },
    60_000,
  );
});
