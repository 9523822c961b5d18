/** Where the evaluator, what it needs and the sample lie: beside the command that is running. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EvaluatorFiles } from './evaluatorConnection.ts';

const HERE = dirname(fileURLToPath(import.meta.url));

export function evaluatorFiles(): EvaluatorFiles {
  return {
    entry: join(HERE, 'evaluator.mjs'),
    interpreter: join(HERE, 'pyodide'),
    modules: join(HERE, 'python'),
  };
}

/** The build directory of the sample workspace that is shipped with the command. */
export function sampleBuildDirectory(): string {
  return join(HERE, '../samples/workspace/build');
}

/** Our Python that reads what BitBake wrote, with BitBake's own library. */
export function bitbakeReader(): string {
  return join(HERE, 'bitbake.py');
}

/** SQLite as WebAssembly. */
export function sqliteFile(): string {
  return join(HERE, 'sql-wasm.wasm');
}
