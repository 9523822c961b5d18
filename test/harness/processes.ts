/**
 * A workspace over real evaluator processes, as the command and the server have it: the bundled evaluator behind
 * its two walls.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Workspace } from '../../server/src/engine/workspace.ts';
import { openBuildDirectory } from '../../server/src/host/buildDirectory.ts';
import {
  connectEvaluator,
  type EvaluatorFiles,
  type EvaluatorLimits,
} from '../../server/src/host/evaluatorConnection.ts';
import { bundle } from '../host/bundle.ts';
import { ENVIRONMENT } from './fixture.ts';

const ROOT = join(import.meta.dirname, '../..');
/** The library as bytecode where the project has been built: it starts in half the time. */
const BUILT = join(ROOT, 'dist/pyodide');
const INTERPRETER = existsSync(join(BUILT, 'python_stdlib.zip')) ? BUILT : join(ROOT, 'node_modules/pyodide');

let entry: Promise<string> | undefined;

/** What an evaluator process consists of. */
export async function evaluatorFiles(): Promise<EvaluatorFiles> {
  return {
    entry: await (entry ??= bundle(join(ROOT, 'server/src/evaluator.ts'))),
    interpreter: INTERPRETER,
    modules: join(ROOT, 'server/src/python/lib'),
  };
}

/** @param limits where they differ from those of the command */
export async function openWorkspace(
  buildDir: string,
  processes = 1,
  limits: Partial<EvaluatorLimits> = {},
): Promise<Workspace> {
  const files = await evaluatorFiles();
  const connect = () => connectEvaluator(openBuildDirectory(buildDir), files, ENVIRONMENT, limits);
  return new Workspace({ processes, connect });
}
