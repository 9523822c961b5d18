/**
 * Whether a change of files has the configuration read anew: it does where the answer to anything that was asked while
 * it was read is another now. A file that was never asked for, or a comment, is no reason.
 *
 * Lines count here: the places of problems and origins belong to them.
 */
import type { FileSystem } from '../inputs/ports.ts';
import { type KnownRead, type Read, withAncestors } from '../inputs/reads.ts';
import { significantText } from '../syntax/significance.ts';
import { digestOf, ToldReads } from './requestReads.ts';
import type { ConfigurationReads } from './results.ts';

export class ConfigurationFiles {
  private readonly byPath = new Map<string, KnownRead[]>();
  private readonly placed = new Map<string, string | undefined>();
  private readonly states: ToldReads;

  constructor(
    reads: ConfigurationReads,
    private readonly files: FileSystem,
  ) {
    this.states = new ToldReads(files);
    for (const known of [...reads.parsed, ...reads.listed]) {
      const [read] = known;
      const path = read.slice(1);
      const others = this.byPath.get(path);
      if (others) others.push(known);
      else this.byPath.set(path, [known]);
      if (read.startsWith('x')) this.placed.set(path, this.placedDigest(path));
    }
  }

  isChangedBy(paths: readonly string[]): boolean {
    this.states.forget(paths);
    const concerned = new Set(paths.flatMap(withAncestors));
    return [...concerned].some((path) => this.byPath.get(path)?.some((known) => this.isOther(known)));
  }

  private isOther([read, state]: readonly [Read, string]): boolean {
    const path = read.slice(1);
    if (read.startsWith('x')) return this.placed.get(path) !== this.placedDigest(path);
    const [[, now]] = this.states.known([read]) as [KnownRead];
    return now !== state;
  }

  private placedDigest(path: string): string | undefined {
    const text = this.files.readText(path);
    return text === undefined ? undefined : digestOf(significantText(text, true));
  }
}
