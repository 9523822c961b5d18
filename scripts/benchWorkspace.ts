/** The pool of evaluators that the benchmarks ask, opened as the language server opens it. */
import { join } from 'node:path';
import { Workspace } from '../server/src/engine/workspace.ts';
import { type BuildDirectory, openBuildDirectory } from '../server/src/host/buildDirectory.ts';
import { connectEvaluator } from '../server/src/host/evaluatorConnection.ts';
import { openResultCache } from '../server/src/host/resultCache.ts';

/**
 * @param dist where the bundles are
 * @param kept where results are kept, so that hashes can be made again after edits of functions; undefined: nowhere
 */
export function openPool(
  dist: string,
  buildDir: string,
  processes: number,
  kept?: string,
): { readonly build: BuildDirectory; readonly workspace: Workspace } {
  const build = openBuildDirectory(buildDir);
  const files = {
    entry: join(dist, 'evaluator.mjs'),
    interpreter: join(dist, 'pyodide'),
    modules: join(dist, 'python'),
  };
  const connect = () => connectEvaluator(build, files);
  if (kept === undefined) return { build, workspace: new Workspace({ processes, connect }) };
  const { results: cache } = openResultCache(build, files, process.env, kept, (trouble) => {
    throw new Error(trouble);
  });
  return { build, workspace: new Workspace({ processes, connect, cache, rehash: true }) };
}
