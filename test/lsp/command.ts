/** The command as `npm run build` makes it, in a directory of its own, so that tests need no build before them. */
import { build } from 'esbuild';
import { cpSync, mkdtempSync, realpathSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { INTERPRETER } from '../harness/interpreter.ts';

const ROOT = join(import.meta.dirname, '../..');
const REQUIRE =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

let made: Promise<string> | undefined;

/** @returns the path of the bundled command, with the evaluator and what it reads beside it */
export function bundledCommand(): Promise<string> {
  return (made ??= make());
}

async function make(): Promise<string> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-command-')));
  const dist = join(directory, 'dist');
  await build({
    absWorkingDir: ROOT,
    entryPoints: { 'sstate-lens': 'server/src/cli/main.ts', evaluator: 'server/src/evaluator.ts' },
    outdir: dist,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: REQUIRE },
    define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
    logLevel: 'error',
  });
  for (const name of ['pyodide.asm.wasm', 'python_stdlib.zip']) {
    cpSync(join(INTERPRETER, name), join(dist, 'pyodide', name));
  }
  cpSync(join(ROOT, 'node_modules/sql.js/dist/sql-wasm.wasm'), join(dist, 'sql-wasm.wasm'));
  cpSync(join(ROOT, 'server/src/python/lib'), join(dist, 'python'), {
    recursive: true,
    filter: (path) => !path.endsWith('__pycache__'),
  });
  symlinkSync(join(ROOT, 'samples'), join(directory, 'samples'));
  return join(dist, 'sstate-lens.mjs');
}
