/** The sample workspace: every hash as BitBake computed it for the same files (test/data/samples/workspace.tsv). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openEvaluator } from '../harness/engine.ts';

const WORKSPACE = join(import.meta.dirname, '../../samples/workspace');
const TABLE = join(import.meta.dirname, '../data/samples/workspace.tsv');

describe('the sample workspace', () => {
  it('has the basehashes that BitBake computes', async () => {
    const evaluator = await openEvaluator(join(WORKSPACE, 'build'));
    expect(evaluator.summary.problems).toEqual([]);
    const rows = evaluator.summary.recipes.flatMap(({ path }) =>
      evaluator.evaluate(path).variants.flatMap(({ mcfn, pn, tasks }) =>
        tasks.map(({ task, basehash }) => {
          // BBLAYERS names the layer from the build directory on.
          const file = mcfn.replace(`${WORKSPACE}/build/../`, '').replace(`${WORKSPACE}/`, '');
          return [file, pn, task, basehash, '-'].join('\t');
        }),
      ),
    );
    expect(rows.sort()).toEqual(readFileSync(TABLE, 'utf8').trim().split('\n').sort());
  });
});
