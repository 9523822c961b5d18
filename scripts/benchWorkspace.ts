/** The pool of evaluators that the benchmarks ask, opened as the language server opens it. */
import { join } from 'node:path';
import { Workspace } from '../server/src/engine/workspace.ts';
import { type BuildDirectory, openBuildDirectory } from '../server/src/host/buildDirectory.ts';
import { connectEvaluator } from '../server/src/host/evaluatorConnection.ts';
import { openResultCache } from '../server/src/host/resultCache.ts';

/**
 * @param dist where the bundles are
 * @param kept where results are kept, so that hashes can be made again after edits of functions; undefined: nowhere
 * @returns the pool, and what ends it once everything is kept
 */
export function openPool(
  dist: string,
  buildDir: string,
  processes: number,
  kept?: string,
): { readonly build: BuildDirectory; readonly workspace: Workspace; readonly close: () => Promise<void> } {
  const build = openBuildDirectory(buildDir);
  const files = {
    entry: join(dist, 'evaluator.mjs'),
    interpreter: join(dist, 'pyodide'),
    modules: join(dist, 'python'),
  };
  const connect = () => connectEvaluator(build, files);
  if (kept === undefined) {
    const workspace = new Workspace({ processes, connect });
    return { build, workspace, close: () => Promise.resolve(workspace.dispose()) };
  }
  const cache = openResultCache(build, files, process.env, kept, (trouble) => {
    throw new Error(trouble);
  });
  const { results, ingredients } = cache;
  const workspace = new Workspace({ processes, connect, cache: results, rehash: true, ingredients });
  const close = async (): Promise<void> => {
    await workspace.keepIngredients(() => Promise.resolve());
    workspace.dispose();
    await cache.close();
  };
  return { build, workspace, close };
}
