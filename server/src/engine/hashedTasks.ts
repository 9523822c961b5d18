/**
 * The tasks of a graph with their hashes, and what BitBake would record of one: for whoever prints or compares them.
 */
import type { SignatureData } from '../signature/sigdata.ts';
import type { BitBakeHash, Unknown } from '../signature/signatures.ts';
import { checksumName, type FileChecksum } from '../taskgraph/checksums.ts';
import { signatureName, type TaskGraph } from '../taskgraph/graph.ts';
import type { Taskhashes } from '../taskgraph/taskhash.ts';

/** The tasks that run for some targets, with their hashes. */
export interface HashedTasks {
  readonly graph: TaskGraph;
  readonly hashes: Taskhashes;
  /** The files in the task's hash. */
  files(task: number): readonly FileChecksum[] | Unknown;
}

/** What a taskhash adds to a basehash, as BitBake would record it. */
export function runDataOf(tasks: HashedTasks, task: number): NonNullable<SignatureData['run']> {
  const { graph, hashes } = tasks;
  const dependencies = [...hashes.countedDependencies(task)];
  const files = tasks.files(task);
  return {
    dependencies: dependencies.map((dependency) => signatureName(graph, dependency)),
    hashes: new Map(
      dependencies.map((dependency) => [
        signatureName(graph, dependency),
        hashText(hashes.unihash(dependency)),
      ]),
    ),
    files:
      'unknown' in files ? [] : files.map(({ path, checksum }) => [checksumName(path), checksum] as const),
    taskhash: hashText(hashes.taskhash(task)),
    unihash: hashText(hashes.unihash(task)),
  };
}

export function hashText(hash: BitBakeHash | Unknown): string {
  return typeof hash === 'string' ? hash : `unknown, because ${hash.unknown}`;
}
