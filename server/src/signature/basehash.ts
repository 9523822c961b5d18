/**
 * Basehashes: from dependencies to the hash of each task.
 *
 * Follows `bb/data.py: generate_dependency_hash` and `bb/siggen.py: SignatureGeneratorBasic._build_data`.
 */
import { createHash } from 'node:crypto';
import { sortedStrings } from '../base/words.ts';
import type { GeneratedDependencies } from './dependencies.ts';
import type { BitBakeHash, DependencyNode, TaskSignature } from './signatures.ts';

/** The signature of every task, in BitBake's order. */
export function taskSignatures(generated: GeneratedDependencies): TaskSignature[] {
  const graph = new DependencyGraph(generated);
  const { unknown } = generated;
  return generated.tasks.map((task) => {
    const reached = graph.reachableFrom(task);
    const dependencies = reached.map((at) => graph.names[at]!);
    const doubtful = unknown.size > 0 ? [task, ...dependencies].find((name) => unknown.has(name)) : undefined;
    const basehash =
      doubtful === undefined ? graph.basehash(task, reached) : { unknown: unknown.get(doubtful)! };
    return { task, basehash, dependencies };
  });
}

/**
 * All names of a variant in the order in which they are hashed, and their edges as places in that order: each task
 * reaches hundreds of them, and sorting once is most of the work of sorting for each.
 */
class DependencyGraph {
  readonly names: readonly string[];
  private readonly places: ReadonlyMap<string, number>;
  private readonly texts: readonly string[];
  private readonly edges: readonly (readonly number[])[];
  /** By place: the last search that came by. */
  private readonly seen: Uint32Array;
  private searches = 0;

  constructor(generated: GeneratedDependencies) {
    this.names = sortedStrings(generated.dependencies.keys());
    this.places = new Map(this.names.map((name, at) => [name, at]));
    const dependencies = this.names.map((name) => generated.dependencies.get(name)!);
    this.texts = dependencies.map(({ value }) => value ?? '');
    this.edges = dependencies.map(({ names }) => [...names].map((name) => this.places.get(name)!));
    this.seen = new Uint32Array(this.names.length);
  }

  /** Everything `task` depends on, directly or not, sorted. The task itself is in it only if something names it. */
  reachableFrom(task: string): number[] {
    const search = ++this.searches;
    const waiting = [...this.edges[this.places.get(task)!]!];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (this.seen[at] === search) continue;
      this.seen[at] = search;
      waiting.push(...this.edges[at]!);
    }
    const reached: number[] = [];
    for (let at = 0; at < this.seen.length; at++) if (this.seen[at] === search) reached.push(at);
    return reached;
  }

  /** SHA-256 over the task's text, then each dependency's name and text, joined without delimiters. */
  basehash(task: string, sorted: readonly number[]): BitBakeHash {
    const parts = [this.texts[this.places.get(task)!]!];
    for (const at of sorted) parts.push(this.names[at]!, this.texts[at]!);
    return createHash('sha256').update(parts.join(''), 'utf8').digest('hex') as BitBakeHash;
  }
}

/** The dependencies as plain data. */
export function dependencyNodes(generated: GeneratedDependencies): Map<string, DependencyNode> {
  const nodes = new Map<string, DependencyNode>();
  for (const [name, { names, value }] of generated.dependencies) {
    nodes.set(name, { dependencies: sortedStrings(names), value });
  }
  return nodes;
}
