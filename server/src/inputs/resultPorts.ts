/**
 * The ports of what is kept from one start to the next: a store of results, and the present state of the files that
 * decided them.
 */
import type { Read } from './reads.ts';

/** Texts by key. What it holds may be gone at any time, and it never fails: what cannot be kept is not kept. */
export interface ResultStore {
  /** Undefined where there is none, or not in the state in which it was written. */
  read(key: string): Promise<string | undefined>;
  /** Keys are digests: a text stands for everything that its key was made of. */
  write(key: string, text: string): void;
}

/** One thing too large to be made or taken apart at once. As with `ResultStore`, it may be gone at any time. */
export interface PartStore {
  /** All parts as they were written, in order; none where there is nothing whole. @throws Error where it is no more */
  read(): AsyncIterable<Uint8Array>;
  /** In place of what was written before, once there are all. @returns whether they are there now */
  write(parts: AsyncIterable<Uint8Array>): Promise<boolean>;
}

/** Answers to reads as they would be now, the texts of open documents laid over files. */
export interface ReadStates {
  /** To be awaited before the first question. */
  recall(): Promise<void>;
  state(read: Read): string;
  /** The text of a file, as `x` has its state; undefined: it cannot be read. */
  text(path: string): string | undefined;
  setOverlay(path: string, text: string | undefined): void;
  /** Files changed, came or went. */
  forget(paths: readonly string[]): void;
  /**
   * Looks again at all that was asked, a part of it at each step: it takes long.
   * @returns the paths of which an answer that was given would be another now
   */
  lookAgain(): Iterable<readonly string[]>;
}
