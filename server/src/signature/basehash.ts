/**
 * Basehashes: from dependencies to the hash of each task.
 *
 * Follows `bb/data.py: generate_dependency_hash` and `bb/siggen.py: SignatureGeneratorBasic._build_data`.
 */
import { sortedStrings } from '../base/words.ts';
import type { GeneratedDependencies } from './dependencies.ts';
import { DependencyGraph } from './dependencyGraph.ts';
import type { DependencyNode, TaskSignature } from './signatures.ts';

/** Every name in the order in which it is hashed. */
export function hashOrder({ dependencies }: GeneratedDependencies): string[] {
  return sortedStrings(dependencies.keys());
}

/** The signature of every task, in BitBake's order. @param names see `hashOrder` */
export function taskSignatures(
  generated: GeneratedDependencies,
  names = hashOrder(generated),
): TaskSignature[] {
  const places = new Map(names.map((name, at) => [name, at]));
  const nodes = names.map((name) => generated.dependencies.get(name)!);
  const edges = nodes.map((node) => Array.from(node.names, (name) => places.get(name)!));
  const own = names.map((_, at) => at);
  const graph = new DependencyGraph(
    names,
    nodes.map(({ value }) => value ?? ''),
    edges,
    own,
  );
  const { unknown } = generated;
  return generated.tasks.map((task) => {
    const at = places.get(task)!;
    const reached = graph.reachableFrom(at);
    const dependencies = reached.map((at) => names[at]!);
    const doubtful = unknown.size > 0 ? [task, ...dependencies].find((name) => unknown.has(name)) : undefined;
    const basehash =
      doubtful === undefined ? graph.basehash(at, reached) : { unknown: unknown.get(doubtful)! };
    return { task, basehash, dependencies };
  });
}

/** The dependencies as plain data. */
export function dependencyNodes(generated: GeneratedDependencies): Map<string, DependencyNode> {
  const nodes = new Map<string, DependencyNode>();
  for (const [name, { names, value }] of generated.dependencies) {
    nodes.set(name, { dependencies: sortedStrings(names), value });
  }
  return nodes;
}
