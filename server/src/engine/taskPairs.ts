/**
 * The tasks of two task graphs, paired by name, and whether both have the same hash.
 *
 * Pure: takes graphs with their hashes. Which of them ought to be the same is the caller's to say.
 */
import type { TaskSignature, Unknown } from '../signature/signatures.ts';
import type { FileChecksum } from '../taskgraph/checksums.ts';
import { recipeAt, signatureName, type TaskGraph } from '../taskgraph/graph.ts';
import type { Taskhashes } from '../taskgraph/taskhash.ts';

/** The tasks that run for some targets, with their hashes. */
export interface HashedSide {
  readonly graph: TaskGraph;
  readonly hashes: Taskhashes;
  signature(task: number): TaskSignature | undefined;
  /** The files in the task's hash. */
  files(task: number): readonly FileChecksum[] | Unknown;
}

/** A task that both sides have; tasks are numbers of their graphs. */
export interface TaskPair {
  /** `zlib:do_install`, `mc:musl:zlib:do_install`. */
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

/**
 * `differs`: in something that is known, though the whole hash may not be. `unknown`: what is known of both is the
 * same.
 */
export type Verdict = 'same' | 'differs' | 'unknown';

export class TaskPairs {
  readonly pairs: readonly TaskPair[];
  /** Tasks of one side that the other does not have. */
  readonly onlyBefore: readonly number[];
  readonly onlyAfter: readonly number[];
  private readonly verdicts: readonly Verdict[];
  private readonly byBefore: ReadonlyMap<number, number>;
  private readonly byAfter: ReadonlyMap<number, number>;

  constructor(
    readonly before: HashedSide,
    readonly after: HashedSide,
  ) {
    const old = namedTasks(before.graph);
    const young = namedTasks(after.graph);
    const pairs: TaskPair[] = [];
    for (const [name, task] of old) {
      const other = young.get(name);
      if (other !== undefined) pairs.push({ name, before: task, after: other });
    }
    this.pairs = pairs;
    this.onlyBefore = [...old].filter(([name]) => !young.has(name)).map(([, task]) => task);
    this.onlyAfter = [...young].filter(([name]) => !old.has(name)).map(([, task]) => task);
    this.verdicts = pairs.map((pair) => this.judge(pair));
    this.byBefore = new Map(pairs.map((pair, at) => [pair.before, at]));
    this.byAfter = new Map(pairs.map((pair, at) => [pair.after, at]));
  }

  verdict(pair: number): Verdict {
    return this.verdicts[pair]!;
  }

  /** The pair that a task of one side is in; undefined: the other side has no such task. */
  pairOfBefore(task: number): number | undefined {
    return this.byBefore.get(task);
  }

  pairOfAfter(task: number): number | undefined {
    return this.byAfter.get(task);
  }

  private judge({ before, after }: TaskPair): Verdict {
    const [old, young] = [this.before.hashes, this.after.hashes];
    if (old.key(before) !== young.key(after)) return 'differs';
    const known = old.unknownBecause(before) === undefined && young.unknownBecause(after) === undefined;
    return known ? 'same' : 'unknown';
  }
}

/** Where two recipes of a graph have the same PN, the names of the second end with its file's. */
function namedTasks(graph: TaskGraph): Map<string, number> {
  const found = new Map<string, number>();
  for (const task of graph.recipeOf.keys()) {
    const name = signatureName(graph, task);
    if (!found.has(name)) found.set(name, task);
    else found.set(`${name} (${fileName(recipeAt(graph, task).mcfn)})`, task);
  }
  return found;
}

function fileName(mcfn: string): string {
  return mcfn.slice(mcfn.lastIndexOf('/') + 1);
}
