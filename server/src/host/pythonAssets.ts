/**
 * Reads what the Python sandbox is made of: the interpreter and its library from the `pyodide` package, and
 * this project's own Python.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SandboxOptions } from '../python/sandbox.ts';

export interface PythonAssets {
  readonly assets: SandboxOptions['assets'];
  readonly modules: SandboxOptions['modules'];
}

/**
 * @param interpreter the directory with `pyodide.asm.wasm` and `python_stdlib.zip`
 * @param modules the directory that holds `lens` and `standin`
 */
export function readPythonAssets(interpreter: string, modules: string): PythonAssets {
  return {
    assets: {
      wasm: () => readFileSync(join(interpreter, 'pyodide.asm.wasm')),
      stdlib: readFileSync(join(interpreter, 'python_stdlib.zip')),
    },
    modules: new Map(pythonFiles(modules, '')),
  };
}

function pythonFiles(directory: string, prefix: string): [string, string][] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry): [string, string][] => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return pythonFiles(path, `${prefix}${entry.name}/`);
    return entry.name.endsWith('.py') ? [[`${prefix}${entry.name}`, readFileSync(path, 'utf8')]] : [];
  });
}
