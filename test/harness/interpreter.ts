/** The interpreter that tests run metadata's Python with. Knows no test. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const BUILT = join(ROOT, 'dist/pyodide');

/** With the library as bytecode where the project has been built: it starts in half the time. */
export const INTERPRETER = existsSync(join(BUILT, 'python_stdlib.zip'))
  ? BUILT
  : join(ROOT, 'node_modules/pyodide');
/** The project's own Python. */
export const MODULES = join(ROOT, 'server/src/python/lib');
