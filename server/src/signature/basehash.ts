/**
 * Basehashes: from dependencies to the hash of each task.
 *
 * Follows `bb/data.py: generate_dependency_hash` and `bb/siggen.py: SignatureGeneratorBasic._build_data`.
 */
import { sortedStrings } from '../base/words.ts';
import type { Dependency, GeneratedDependencies } from './dependencies.ts';
import { basehashOf, DependencyGraph } from './dependencyGraph.ts';
import type { BitBakeHash, DependencyNode, TaskSignature } from './signatures.ts';

/** Every name in the order in which it is hashed. */
export function hashOrder({ dependencies }: GeneratedDependencies): string[] {
  return sortedStrings(dependencies.keys());
}

/** What an earlier state of a variant came to. */
export interface EarlierSignatures {
  readonly generated: GeneratedDependencies;
  readonly tasks: readonly TaskSignature[];
}

/** From how many tasks on it is worth to sort all names once. */
const MANY_TASKS = 4;

/**
 * The signature of every task, in BitBake's order. Those are taken from `earlier` of which everything that they reach
 * was taken from there (`generateDependencies`).
 */
export function taskSignatures(
  generated: GeneratedDependencies,
  earlier?: EarlierSignatures,
): TaskSignature[] {
  const known = earlier && generated.unknown.size === 0 ? unchangedTasks(generated, earlier) : undefined;
  const missing = generated.tasks.filter((task) => !known?.has(task));
  const compute =
    missing.length >= MANY_TASKS ? overAll(generated) : (task: string) => onItsOwn(generated, task);
  return generated.tasks.map((task) => known?.get(task) ?? compute(task));
}

function unchangedTasks(
  { dependencies }: GeneratedDependencies,
  earlier: EarlierSignatures,
): Map<string, TaskSignature> {
  const changed = new Set<string>();
  for (const [name, dependency] of dependencies)
    if (earlier.generated.dependencies.get(name) !== dependency) changed.add(name);
  const isSame = ({ task, dependencies }: TaskSignature) =>
    !changed.has(task) && (changed.size === 0 || !dependencies.some((name) => changed.has(name)));
  return new Map(earlier.tasks.filter(isSame).map((signature) => [signature.task, signature]));
}

function overAll(generated: GeneratedDependencies): (task: string) => TaskSignature {
  const names = hashOrder(generated);
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
  return (task) => {
    const at = places.get(task)!;
    const reached = graph.reachableFrom(at);
    const dependencies = reached.map((at) => names[at]!);
    return signature(generated, task, dependencies, () => graph.basehash(at, reached));
  };
}

function onItsOwn(generated: GeneratedDependencies, task: string): TaskSignature {
  const reached = new Set<string>();
  const textOf = (name: string) => generated.dependencies.get(name)!.value ?? '';
  const add = (name: string) => {
    for (const next of generated.dependencies.get(name)!.names) reached.add(next);
  };
  add(task);
  // A set visits what is added to it on the way.
  for (const name of reached) add(name);
  const dependencies = sortedStrings(reached);
  return signature(generated, task, dependencies, () =>
    basehashOf(
      textOf(task),
      dependencies.map((name) => [name, textOf(name)]),
    ),
  );
}

function signature(
  { unknown }: GeneratedDependencies,
  task: string,
  dependencies: readonly string[],
  hash: () => BitBakeHash,
): TaskSignature {
  const doubtful = unknown.size > 0 ? [task, ...dependencies].find((name) => unknown.has(name)) : undefined;
  const basehash = doubtful === undefined ? hash() : { unknown: unknown.get(doubtful)! };
  return { task, basehash, dependencies };
}

/** Dependencies stay the same object as long as they stay the same. */
const nodes = new WeakMap<Dependency, DependencyNode>();

/** The dependencies as plain data. */
export function dependencyNodes(generated: GeneratedDependencies): Map<string, DependencyNode> {
  const found = new Map<string, DependencyNode>();
  for (const [name, dependency] of generated.dependencies) {
    let node = nodes.get(dependency);
    if (!node) {
      node = { dependencies: sortedStrings(dependency.names), value: dependency.value };
      nodes.set(dependency, node);
    }
    found.set(name, node);
  }
  return found;
}
