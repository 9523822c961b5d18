/**
 * All names of a variant in the order in which they are hashed, and their edges: each task
 * reaches hundreds of them, and sorting once is most of the work of sorting for each.
 */
import { createHash } from 'node:crypto';
import type { BitBakeHash } from './signatures.ts';

/** Names by their places in the order of hashing. */
export interface HashedNames {
  readonly length: number;
  nameAt(at: number): string;
  /** What is hashed of it. */
  textAt(at: number): string;
  /** Calls `each` with what it depends on directly: numbers of names. */
  namesAt(at: number, each: (name: number) => void): void;
}

export class DependencyGraph {
  /** By place: the last search that came by. */
  private readonly seen: Uint32Array;
  private searches = 0;
  /** By place: name and text, joined; as far as they were hashed. */
  private readonly named: string[] = [];
  /** The places that each depends on directly, one after the other, and where those of each begin. */
  private readonly edges: number[] = [];
  private readonly starts: Uint32Array;

  /** @param places number of a name -> its place */
  constructor(
    private readonly names: HashedNames,
    places: ArrayLike<number>,
  ) {
    const { edges } = this;
    this.seen = new Uint32Array(names.length);
    this.starts = new Uint32Array(names.length + 1);
    const add = (name: number) => void edges.push(places[name]!);
    for (let at = 0; at < names.length; at++) {
      names.namesAt(at, add);
      this.starts[at + 1] = edges.length;
    }
  }

  /** Every place that a task depends on, directly or not, in order. Its own is in it only if something names it. */
  reachableFrom(task: number): number[] {
    const search = ++this.searches;
    const { seen, edges, starts } = this;
    const waiting = [task];
    for (let from = waiting.pop(); from !== undefined; from = waiting.pop()) {
      const end = starts[from + 1]!;
      for (let edge = starts[from]!; edge < end; edge++) {
        const at = edges[edge]!;
        if (seen[at] === search) continue;
        seen[at] = search;
        waiting.push(at);
      }
    }
    const reached: number[] = [];
    for (let at = 0; at < seen.length; at++) if (seen[at] === search) reached.push(at);
    return reached;
  }

  basehash(task: number, reached: readonly number[]): BitBakeHash {
    const { named, names } = this;
    return basehashOf(
      names.textAt(task),
      reached.map((at) => (named[at] ??= `${names.nameAt(at)}${names.textAt(at)}`)),
    );
  }
}

/**
 * SHA-256 over the task's text, then each dependency's name and text, joined without delimiters.
 * @param dependencies name and text of each, joined, in order
 */
export function basehashOf(text: string, dependencies: readonly string[]): BitBakeHash {
  return createHash('sha256')
    .update(text + dependencies.join(''), 'utf8')
    .digest('hex') as BitBakeHash;
}
