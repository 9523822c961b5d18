/** The pool of evaluators that the benchmarks ask, opened as the language server opens it. */
import { join } from 'node:path';
import { Workspace } from '../server/src/engine/workspace.ts';
import { type BuildDirectory, openBuildDirectory } from '../server/src/host/buildDirectory.ts';
import { connectEvaluator } from '../server/src/host/evaluatorConnection.ts';

/** @param dist where the bundles are */
export function openPool(
  dist: string,
  buildDir: string,
  processes: number,
): { readonly build: BuildDirectory; readonly workspace: Workspace } {
  const build = openBuildDirectory(buildDir);
  const files = {
    entry: join(dist, 'evaluator.mjs'),
    interpreter: join(dist, 'pyodide'),
    modules: join(dist, 'python'),
  };
  return { build, workspace: new Workspace({ processes, connect: () => connectEvaluator(build, files) }) };
}
