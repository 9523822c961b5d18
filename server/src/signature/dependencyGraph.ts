/**
 * All names of a variant in the order in which they are hashed, and their edges: each task
 * reaches hundreds of them, and sorting once is most of the work of sorting for each.
 */
import { createHash } from 'node:crypto';
import type { BitBakeHash } from './signatures.ts';

export class DependencyGraph {
  /** By place: the last search that came by. */
  private readonly seen: Uint32Array;
  private searches = 0;
  /** By place: name and text, joined; as far as they were hashed. */
  private readonly named: string[] = [];
  /** The places that each depends on directly, one after the other, and where those of each begin. */
  private readonly edges: number[] = [];
  private readonly starts: Uint32Array;

  /**
   * @param texts what is hashed of each name
   * @param edgesOf calls `each` with what the name at a place depends on directly: numbers of names
   * @param places number of a name -> its place
   */
  constructor(
    private readonly names: readonly string[],
    private readonly texts: readonly string[],
    edgesOf: (at: number, each: (name: number) => void) => void,
    places: ArrayLike<number>,
  ) {
    const { edges } = this;
    this.seen = new Uint32Array(names.length);
    this.starts = new Uint32Array(names.length + 1);
    const add = (name: number) => void edges.push(places[name]!);
    for (let at = 0; at < names.length; at++) {
      edgesOf(at, add);
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
    const { named, names, texts } = this;
    return basehashOf(
      texts[task]!,
      reached.map((at) => (named[at] ??= `${names[at]!}${texts[at]!}`)),
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
