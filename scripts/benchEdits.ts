/**
 * How long an edit takes from the changed text to its hashes: through the pool of evaluators, as the language server
 * asks it, without the pause that the server leaves for further keys. Bundled and run by `bench.mjs`.
 */
import { readFileSync } from 'node:fs';
import { candidates } from '../server/src/engine/targets.ts';
import { openPool } from './benchWorkspace.ts';

const WARM_UP = 10;

/** Milliseconds of each edit. @throws Error where an edit does not change what it must change */
export async function editLatencies(
  dist: string,
  buildDir: string,
  recipe: string,
  edits: number,
): Promise<number[]> {
  const { workspace } = openPool(dist, buildDir, 1);
  try {
    const path = candidates(recipe, await workspace.summary())[0];
    if (path === undefined) throw new Error(`no recipe ${recipe} in ${buildDir}`);
    const text = readFileSync(path, 'utf8');
    const seen = new Set<unknown>();
    const times: number[] = [];
    for (let edit = 0; edit < WARM_UP + edits; edit++) {
      const start = performance.now();
      workspace.setOverlay(path, `${text}\ndo_install:append() {\n    : edit ${edit}\n}\n`);
      const { variants } = await workspace.evaluate(path);
      times.push(performance.now() - start);
      const hash = variants[0]?.tasks.find(({ task }) => task === 'do_install')?.basehash;
      if (typeof hash !== 'string' || seen.has(hash))
        throw new Error(`edit ${edit} did not change do_install`);
      seen.add(hash);
    }
    return times.slice(WARM_UP);
  } finally {
    workspace.dispose();
  }
}
