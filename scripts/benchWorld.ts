/**
 * How long the task graph and the taskhashes of the whole configuration take once every recipe is known, and how long
 * to fold again what one changed basehash reaches. Bundled and run by `bench.mjs`.
 */
import { collectRecipes, taskGraphOf } from '../server/src/engine/taskGraph.ts';
import { taskhashesOf, taskhashSources } from '../server/src/engine/taskhashes.ts';
import { HostFiles } from '../server/src/host/files.ts';
import type { BitBakeHash, Unknown } from '../server/src/signature/signatures.ts';
import { Taskhashes } from '../server/src/taskgraph/taskhash.ts';
import { openPool } from './benchWorkspace.ts';

export interface WorldTimes {
  readonly tasks: number;
  /** Milliseconds of graph and taskhashes together, each with all files of `file-checksums` read anew. */
  readonly whole: readonly number[];
  /** Milliseconds of folding again after the basehash of one task has changed, of a task that most others need. */
  readonly folds: readonly number[];
  /** How many hashes each of those changes. */
  readonly changed: readonly number[];
}

/** @param runs of each */
export async function worldTimes(
  dist: string,
  buildDir: string,
  recipe: string,
  runs: number,
): Promise<WorldTimes> {
  const { build, workspace } = openPool(dist, buildDir, 2);
  try {
    const summary = await workspace.summary();
    const known = await collectRecipes(workspace, summary, () => undefined);
    const readers = { below: (paths: readonly string[]) => new HostFiles(paths) };
    const whole: number[] = [];
    let last: { tasks: number; hashes: Taskhashes; change: (run: number) => number[] } | undefined;
    for (let run = 0; run < runs + 1; run++) {
      const start = performance.now();
      const graph = await taskGraphOf(['world'], known, workspace);
      const sources = await taskhashSources(workspace, summary, {
        ...readers,
        files: new HostFiles(build.roots),
      });
      const { inputs } = await taskhashesOf(graph, known.variants, sources);
      whole.push(performance.now() - start);
      const tasks = graph.first.length - 1;
      const edited = Array.from({ length: tasks }, (_, task) => task).find(
        (task) =>
          graph.recipes[graph.recipeOf[task]!]!.pn === recipe &&
          graph.names[graph.nameOf[task]!] === 'do_install',
      );
      if (edited === undefined) throw new Error(`${recipe} has no do_install in the graph of world`);
      let basehash: BitBakeHash | Unknown = inputs.basehash(edited);
      const changing = {
        ...inputs,
        basehash: (task: number) => (task === edited ? basehash : inputs.basehash(task)),
      };
      const hashes = Taskhashes.of(changing);
      const change = (number: number) => {
        basehash = number.toString(16).padStart(64, '0') as BitBakeHash;
        return hashes.update([edited]);
      };
      last = { tasks, hashes, change };
    }
    const folds: number[] = [];
    const changed: number[] = [];
    for (let run = 0; run < runs + 1; run++) {
      const start = performance.now();
      changed.push(last!.change(run).length);
      folds.push(performance.now() - start);
    }
    return { tasks: last!.tasks, whole: whole.slice(1), folds: folds.slice(1), changed: changed.slice(1) };
  } finally {
    workspace.dispose();
  }
}
