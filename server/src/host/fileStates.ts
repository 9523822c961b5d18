/**
 * The present state of files, for what was kept of an earlier start: files are only read where their size, times or
 * number are others than when their content was last looked at.
 *
 * A file that was changed just before it was looked at may be changed again without that showing in its times: it is
 * read again. Texts of open documents lie over files. Reads nothing outside of the roots of `HostFiles`.
 */
import { readFileSync, statSync } from 'node:fs';
import { contentDigest } from '../engine/requestReads.ts';
import { type Read, stateOf, withAncestors } from '../inputs/reads.ts';
import type { ReadStates, ResultStore } from '../inputs/resultPorts.ts';
import { filteredInParts } from '../base/turns.ts';
import { type HostFiles, LOOKS } from './files.ts';

/** Size, time of the content, time of anything, number of the file; when it was looked at; digests of text and bytes. */
type Seen = [
  size: number,
  mtimeMs: number,
  ctimeMs: number,
  ino: number,
  at: number,
  text: string | null,
  bytes: string | null,
];

/** How long after a change another one may have the same time: that of the coarsest file systems. */
const SAME_TIME_MILLISECONDS = 2_000;
const KINDS = 'ksxblmrg';

export class FileStates implements ReadStates {
  private readonly states = new Map<Read, string>();
  private seen: Map<string, Seen> | undefined;
  private news = 0;

  /** @param key under which what was seen is kept in the store */
  constructor(
    private readonly files: HostFiles,
    private readonly store: ResultStore,
    private readonly key: string,
  ) {}

  /** Takes over what was seen before; without, every file is read once. */
  async recall(): Promise<void> {
    if (this.seen) return;
    const text = await this.store.read(this.key);
    this.seen ??= new Map(text === undefined ? [] : (JSON.parse(text) as [string, Seen][]));
  }

  /** Keeps what was seen, if there is anything new. */
  save(): void {
    if (this.news === 0 || !this.seen) return;
    this.news = 0;
    this.store.write(this.key, JSON.stringify([...this.seen]));
  }

  state(read: Read): string {
    let state = this.states.get(read);
    if (state === undefined) {
      state = this.present(read);
      this.states.set(read, state);
    }
    return state;
  }

  *lookAgain(): Generator<readonly string[]> {
    for (const found of this.files.lookAgain()) {
      this.files.forget(found);
      yield found;
    }
    const isOther = (read: Read): boolean => {
      const state = this.states.get(read);
      return state !== undefined && this.present(read) !== state;
    };
    for (const reads of filteredInParts([...this.states.keys()], LOOKS, isOther))
      yield reads.map((read) => read.slice(1));
  }

  private present(read: Read): string {
    return stateOf(read, this.files, (path, text) => this.digest(path, text));
  }

  text(path: string): string | undefined {
    return this.files.readText(path);
  }

  setOverlay(path: string, text: string | undefined): void {
    this.files.setOverlay(path, text);
    this.drop(path);
  }

  forget(paths: readonly string[]): void {
    this.files.forget(paths);
    for (const path of paths) for (const part of withAncestors(path)) this.drop(part);
  }

  private drop(path: string): void {
    for (const kind of KINDS) this.states.delete(kind + path);
  }

  private digest(path: string, text: boolean): string | undefined {
    const laid = this.files.overlay(path);
    if (laid) return contentDigest(text ? laid.text : laid.bytes);
    const target = this.files.realPath(path);
    if (target === undefined) return undefined;
    if (this.files.isRevised(target)) {
      const content = text ? this.files.readText(path) : this.files.readBytes(path);
      return content === undefined ? undefined : contentDigest(content);
    }
    try {
      return this.digestOnDisk(target, text);
    } catch {
      return undefined;
    }
  }

  private digestOnDisk(path: string, text: boolean): string {
    const { size, mtimeMs, ctimeMs, ino } = statSync(path);
    const seen = (this.seen ??= new Map());
    let known = seen.get(path);
    const same =
      known?.[0] === size &&
      known[1] === mtimeMs &&
      known[2] === ctimeMs &&
      known[3] === ino &&
      Math.max(mtimeMs, ctimeMs) + SAME_TIME_MILLISECONDS < known[4];
    if (!known || !same) {
      known = [size, mtimeMs, ctimeMs, ino, Date.now(), null, null];
      seen.set(path, known);
    }
    const at = text ? 5 : 6;
    let digest = known[at];
    if (digest === null) {
      const content = new Uint8Array(readFileSync(path));
      digest = contentDigest(text ? new TextDecoder('utf-8', { ignoreBOM: true }).decode(content) : content);
      known[at] = digest;
      this.news++;
    }
    return digest;
  }
}
