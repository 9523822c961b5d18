/**
 * Basehashes: from dependencies to the hash of each task.
 *
 * Follows `bb/data.py: generate_dependency_hash` and `bb/siggen.py: SignatureGeneratorBasic._build_data`.
 */
import { sortedStrings } from '../base/words.ts';
import type { Dependency, GeneratedDependencies } from './dependencies.ts';
import { basehashOf, DependencyGraph } from './dependencyGraph.ts';
import type { BitBakeHash, DependencyNode, TaskSignature } from './signatures.ts';

/** It is wanted more than once. */
const orders = new WeakMap<GeneratedDependencies, readonly string[]>();

/** Every name in the order in which it is hashed. */
export function hashOrder(generated: GeneratedDependencies): readonly string[] {
  let order = orders.get(generated);
  if (!order) orders.set(generated, (order = sortedStrings(generated.dependencies.keys())));
  return order;
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
 * @param hashesOnly which names a task depends on is left out
 */
export function taskSignatures(
  generated: GeneratedDependencies,
  earlier?: EarlierSignatures,
  hashesOnly = false,
): TaskSignature[] {
  const known = earlier && generated.unknown.size === 0 ? unchangedTasks(generated, earlier) : undefined;
  const missing = generated.tasks.filter((task) => !known?.has(task));
  const compute =
    missing.length >= MANY_TASKS
      ? overAll(generated, hashesOnly)
      : (task: string) => onItsOwn(generated, task);
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

function overAll(generated: GeneratedDependencies, hashesOnly: boolean): (task: string) => TaskSignature {
  const { dependencies, numbers, edges, unknown } = generated;
  const names = hashOrder(generated);
  const places = new Uint32Array(names.length);
  const ordered = names.map((name, at) => {
    const number = numbers.get(name)!;
    places[number] = at;
    return edges[number]!;
  });
  const hashed = {
    length: names.length,
    nameAt: (at: number) => names[at]!,
    textAt: (at: number) => dependencies.get(names[at]!)!.value ?? '',
    namesAt(at: number, each: (name: number) => void) {
      for (const name of ordered[at]!) each(name);
    },
  };
  const graph = new DependencyGraph(hashed, places);
  return (task) => {
    const at = places[numbers.get(task)!]!;
    const reached = graph.reachableFrom(at);
    const hash = () => graph.basehash(at, reached);
    if (hashesOnly && unknown.size === 0) return { task, basehash: hash(), dependencies: [] };
    const reachedNames = reached.map((at) => names[at]!);
    const { basehash } = signature(generated, task, reachedNames, hash);
    return { task, basehash, dependencies: hashesOnly ? [] : reachedNames };
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
      dependencies.map((name) => `${name}${textOf(name)}`),
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
