/** Bundles an entry point as the build does, for tests that start a real process. */
import { build } from 'esbuild';
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @returns the path of the bundle, alone in a new directory */
export async function bundle(entry: string): Promise<string> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-test-')));
  const outfile = join(directory, 'evaluator.mjs');
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  return outfile;
}
