/**
 * The file system of the host, read only, confined to given roots and remembered.
 *
 * What has been read is kept until `forget`: everything read in between belongs to one state of the files,
 * however long an evaluation takes. The texts of open editors lie over what is on disk. Confinement is by real
 * path: a symbolic link that leads out of the roots leads nowhere. What is read from is a `Disk`.
 */
import { dirname, normalize } from 'node:path/posix';
import { type Disk, PRESENT_DISK } from './disk.ts';
import { glimpseOf } from './system.ts';
import type { FileStat, FileSystem, Glimpse, SystemPaths } from '../inputs/ports.ts';
import { withAncestors } from '../inputs/reads.ts';
import { filteredInParts } from '../base/turns.ts';

/** How many paths are looked at again at a step, which takes some milliseconds. */
export const LOOKS = 256;

export const NO_SYSTEM: SystemPaths = {
  topLevel: new Map(),
  directories: [],
  programs: [],
  places: new Map(),
};

export class HostFiles implements FileSystem {
  /** Path -> its status; null: not there. Valid until `forget` of the path. */
  private readonly stats = new Map<string, FileStat | null>();
  private readonly contents = new Map<string, Uint8Array | null>();
  private readonly texts = new Map<string, string>();
  private readonly lists = new Map<string, readonly string[] | null>();
  private readonly realPaths = new Map<string, string | null>();
  /** Paths that symbolic links take out of the roots. */
  private readonly outside = new Set<string>();
  private readonly overlays = new Map<string, { readonly text: string; readonly bytes: Uint8Array }>();
  private readonly roots: readonly string[];

  /** @param roots directories and files; nothing outside is ever read */
  constructor(
    roots: readonly string[],
    private readonly system: SystemPaths = NO_SYSTEM,
    private readonly disk: Disk = PRESENT_DISK,
  ) {
    this.roots = [...new Set(roots.flatMap((root) => [root, disk.realPath(root) ?? root]))];
  }

  stat(path: string): FileStat | undefined {
    const overlay = this.overlays.get(path);
    const found = recall(this.stats, path, () => {
      const target = this.realPath(path);
      return target === undefined ? undefined : this.disk.stat(target);
    });
    if (!overlay) return found;
    const size = overlay.bytes.length;
    return found ? { ...found, size } : { kind: 'file', size, mtimeMs: 0, executable: false };
  }

  readText(path: string): string | undefined {
    const overlay = this.overlays.get(path);
    if (overlay) return overlay.text;
    let text = this.texts.get(path);
    if (text === undefined) {
      const bytes = this.readBytes(path);
      if (!bytes) return undefined;
      text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
      this.texts.set(path, text);
    }
    return text;
  }

  readBytes(path: string): Uint8Array | undefined {
    const overlay = this.overlays.get(path);
    if (overlay) return overlay.bytes;
    return recall(this.contents, path, () => {
      const target = this.realPath(path);
      return target === undefined ? undefined : this.disk.read(target);
    });
  }

  list(directory: string): readonly string[] | undefined {
    return recall(this.lists, directory, () => {
      const target = this.realPath(directory);
      return target === undefined ? undefined : this.disk.list(target);
    });
  }

  realPath(path: string): string | undefined {
    if (this.overlays.has(path)) return path;
    return recall(this.realPaths, path, () => {
      // Asking for the real path of what is outside would already be a look outside.
      if (!this.inside(path)) return undefined;
      const target = this.disk.realPath(path);
      if (target === undefined || this.inside(target)) return target;
      this.outside.add(path);
      return undefined;
    });
  }

  leadsOutside(path: string): boolean {
    return this.realPath(path) === undefined && this.outside.has(path);
  }

  glimpse(path: string): Glimpse | 'unknown' | undefined {
    const { topLevel, directories, programs, places } = this.system;
    const top = /^\/[^/]*/.exec(path)?.[0] ?? '/';
    const known = topLevel.get(top.slice(1));
    if (!known) return topLevel.size > 0 ? undefined : 'unknown';
    if (path === top) return known;
    if (directories.some((directory) => path.startsWith(`${directory}/`))) return glimpseOf(path);
    const place = places.get(path);
    if (place || programs.some((directory) => path === directory || dirname(path) === directory))
      return place;
    return 'unknown';
  }

  /** Lays an editor's text over a file, or takes it away again. */
  setOverlay(path: string, text: string | undefined): void {
    if (text === undefined) this.overlays.delete(path);
    else this.overlays.set(path, { text, bytes: new TextEncoder().encode(text) });
  }

  overlay(path: string): { readonly text: string; readonly bytes: Uint8Array } | undefined {
    return this.overlays.get(path);
  }

  /** Whether what is at a real path is not what is on disk, texts of editors left aside. */
  isRevised(path: string): boolean {
    return this.disk.isRevised(path);
  }

  /** Forgets what was read of these paths (and of the directories above them), or of all. */
  forget(paths?: readonly string[]): void {
    for (const path of paths ?? this.outside) this.outside.delete(path);
    const caches = [this.stats, this.contents, this.texts, this.lists, this.realPaths];
    for (const cache of caches) {
      if (!paths) cache.clear();
      for (const path of paths ?? []) for (const part of withAncestors(path)) cache.delete(part);
    }
  }

  /**
   * Looks again at all that is remembered, a part of it at each step: it takes long.
   * @returns the paths of which something else is on disk now; those that are forgotten meanwhile are left out
   */
  *lookAgain(): Generator<readonly string[]> {
    const now = new HostFiles(this.roots, this.system, this.disk);
    yield* differing(this.stats, (path) => now.stat(path), sameStat);
    yield* differing(this.contents, (path) => now.readBytes(path), sameBytes);
    yield* differing(this.lists, (path) => now.list(path), sameNames);
    yield* differing(this.realPaths, (path) => now.realPath(path), Object.is);
  }

  private inside(path: string): boolean {
    const within = (place: string) =>
      this.roots.some((root) => place === root || place.startsWith(root === '/' ? '/' : `${root}/`));
    // Where `//` and `/../` lead is another matter than where a link does: that is looked at later.
    return within(path) || (/\/(?:\/|\.)/.test(path) && within(normalize(path)));
  }
}

function recall<T>(cache: Map<string, T | null>, key: string, read: () => T | undefined): T | undefined {
  let value = cache.get(key);
  if (value === undefined) {
    value = read() ?? null;
    cache.set(key, value);
  }
  return value ?? undefined;
}

function differing<T>(
  cache: ReadonlyMap<string, T | null>,
  ask: (path: string) => T | undefined,
  same: (a: T, b: T) => boolean,
): Generator<readonly string[]> {
  return filteredInParts([...cache.keys()], LOOKS, (path) => {
    const before = cache.get(path);
    if (before === undefined) return false;
    const now = ask(path);
    return before === null || now === undefined ? before !== (now ?? null) : !same(before, now);
  });
}

/** The time of a directory changes with every file in it, which its names tell. */
function sameStat(a: FileStat, b: FileStat): boolean {
  if (a.kind !== b.kind || a.executable !== b.executable) return false;
  return a.kind === 'directory' || (a.size === b.size && a.mtimeMs === b.mtimeMs);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, at) => name === b[at]);
}
