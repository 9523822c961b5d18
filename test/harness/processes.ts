/**
 * A workspace over real evaluator processes, as the command and the server have it: the bundled evaluator behind
 * its two walls.
 */
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
import { INTERPRETER, MODULES } from './interpreter.ts';

const ROOT = join(import.meta.dirname, '../..');
let entry: Promise<string> | undefined;

/** What an evaluator process consists of. */
export async function evaluatorFiles(): Promise<EvaluatorFiles> {
  return {
    entry: await (entry ??= bundle(join(ROOT, 'server/src/evaluator.ts'))),
    interpreter: INTERPRETER,
    modules: MODULES,
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
