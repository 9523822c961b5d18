/**
 * What a request to an evaluator read, on its way to the server: most of it was told with an earlier one, so that
 * each answer to each question crosses once and is a number from then on.
 */
import { createHash } from 'node:crypto';
import type { FileSystem } from '../inputs/ports.ts';
import { type KnownRead, type Read, stateOf } from '../inputs/reads.ts';
import { significantText } from '../syntax/significance.ts';

export interface RequestReads {
  /** Those told for the first time, in the order of their numbers. */
  readonly fresh: readonly KnownRead[];
  /** All of them, as numbers. */
  readonly numbers: Uint32Array;
}

/** The evaluator's side. */
export class ToldReads {
  /** `x` or `b` and the path -> digest. */
  private readonly digests = new Map<Read, string | undefined>();
  private readonly told = new Map<Read, { readonly state: string; readonly number: number }>();
  private count = 0;

  constructor(private readonly files: FileSystem) {}

  /** Files have changed. */
  forget(paths: Iterable<string>): void {
    for (const path of paths) for (const kind of ['x', 'b']) this.digests.delete(kind + path);
  }

  known(reads: Iterable<Read>): KnownRead[] {
    return [...reads].map((read) => [read, this.state(read)]);
  }

  tell(reads: ReadonlySet<Read>): RequestReads {
    const fresh: KnownRead[] = [];
    const numbers = new Uint32Array(reads.size);
    let at = 0;
    for (const read of reads) {
      const state = this.state(read);
      let known = this.told.get(read);
      if (known?.state !== state) {
        known = { state, number: this.count++ };
        this.told.set(read, known);
        fresh.push([read, state]);
      }
      numbers[at++] = known.number;
    }
    return { fresh, numbers };
  }

  private state(read: Read): string {
    return stateOf(read, this.files, (path, text) => {
      if (this.digests.has(read)) return this.digests.get(read);
      const content = text ? this.files.readText(path) : this.files.readBytes(path);
      const digest = content === undefined ? undefined : contentDigest(content);
      this.digests.set(read, digest);
      return digest;
    });
  }
}

/** The server's side, of one evaluator process. */
export class ReceivedReads {
  private readonly known: KnownRead[] = [];

  receive({ fresh, numbers }: RequestReads): readonly KnownRead[] {
    this.known.push(...fresh);
    return Array.from(numbers, (number) => this.known[number]!);
  }
}

/** Of a file: all bytes count, of metadata given as text what says anything. */
export function contentDigest(content: Uint8Array | string): string {
  return digestOf(typeof content === 'string' ? significantText(content) : content);
}

export function digestOf(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('base64url');
}

/** The same whatever the order. */
export function digestOfReads(reads: readonly KnownRead[]): string {
  const lines = reads.map(([read, state]) => `${read}\0${state}\0`).sort();
  return digestOf(lines.join('\n'));
}
