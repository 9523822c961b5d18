/**
 * Which hashes contain a path of the checkout, against tables in which real BitBake's are flagged: those that were
 * others when the same tree was parsed in another place.
 *
 * SSTATE_LENS_TABLES names the directory of the tables (NAME.base.tsv or NAME.base.tsv.zst),
 * SSTATE_LENS_CHECKOUT_<NAME> the checkout each was recorded from, with BitBake in it and a build directory `build`,
 * as for `npm run conformance`.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { realDirectory } from '../../server/src/host/buildDirectory.ts';
import { readRecording } from '../../server/src/host/recordings.ts';
import { pathsInHashes } from '../../server/src/signature/advice.ts';
import { absoluteRecipe, parseTable } from '../../server/src/signature/table.ts';
import { openCheckout } from '../harness/engine.ts';

const SUFFIX = /\.base\.tsv(\.zst)?$/;
const DIRECTORY = process.env.SSTATE_LENS_TABLES;
const TABLES = (DIRECTORY === undefined ? [] : readdirSync(DIRECTORY))
  .filter((file) => SUFFIX.test(file))
  .map((file) => {
    const name = file.replace(SUFFIX, '');
    const variable = `SSTATE_LENS_CHECKOUT_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
    return { name, file: join(DIRECTORY!, file), checkout: process.env[variable] };
  })
  .filter(({ checkout }) => checkout !== undefined);

describe('advice on paths in hashes', () => {
  it.skipIf(TABLES.length > 0)('is compared where SSTATE_LENS_TABLES and checkouts are named', ({ skip }) => {
    skip('SSTATE_LENS_TABLES and SSTATE_LENS_CHECKOUT_<NAME> are not set');
  });

  it.each(TABLES)(
    'names the tasks flagged in $name, no more, no less',
    async ({ file, checkout }) => {
      const root = realDirectory(checkout!);
      const rows = parseTable(readRecording(file));
      const known = new Set(rows.map(({ recipe, task }) => `${absoluteRecipe(recipe, root)} ${task}`));
      const flagged = rows
        .filter(({ dependsOnPlace }) => dependsOnPlace)
        .map(({ recipe, task }) => `${absoluteRecipe(recipe, root)} ${task}`);
      const evaluator = await openCheckout(join(root, 'build'));
      const named = new Set<string>();
      for (const { path } of evaluator.summary.recipes) {
        evaluator.evaluate(path, true);
        for (const hashed of evaluator.hashed) {
          for (const { tasks } of pathsInHashes(hashed)) {
            for (const task of tasks ?? []) named.add(`${hashed.mcfn} ${task}`);
          }
        }
      }
      expect(flagged.length).toBeGreaterThan(0);
      expect([...named].filter((row) => known.has(row)).sort()).toEqual(flagged.sort());
    },
    1_800_000,
  );
});
