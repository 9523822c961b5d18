/**
 * The disk as `HostFiles` reads it: as it is, or with another state of some files lying over it (`Revision`), as if
 * that were checked out. Knows no confinement and remembers of the disk only where directories lead.
 *
 * All but `realPath` are given real paths: those that `realPath` answers with.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import type { FileStat, RevisedFile, Revision } from '../inputs/ports.ts';

/** What cannot be told (there is nothing, or it cannot be read) is undefined. */
export interface Disk {
  realPath(path: string): string | undefined;
  stat(path: string): FileStat | undefined;
  read(path: string): Uint8Array | undefined;
  /** Names in a directory, sorted. */
  list(path: string): readonly string[] | undefined;
  /** Whether what is there is not what is on disk. */
  isRevised(path: string): boolean;
}

export const PRESENT_DISK: Disk = {
  realPath: (path) => attempt(() => realpathSync.native(path)),
  stat: (path) => attempt(() => statOf(path)),
  read: (path) => attempt(() => new Uint8Array(readFileSync(path))),
  list: (path) => attempt(() => readdirSync(path).sort()),
  isRevised: () => false,
};

/** As many symbolic links in a row as Linux follows. */
const MOST_LINKS = 40;

/** A directory that can be seen below one that cannot. */
interface Entrance {
  /** Its real path. */
  readonly place: string;
  /** The names that lead there, and how many these are. */
  readonly way: readonly string[];
  readonly steps: number;
}

/** What is at a path; `hidden`: a directory that Node does not let us see, above those that an evaluator may read. */
type Entry = 'there' | 'nothing' | 'hidden' | { readonly target: string };

export class RevisedDisk implements Disk {
  /** Directories below which something is told to be absent: they may be empty, and so not there. */
  private readonly thinned = new Set<string>();
  /** Directories of what is there -> the names that lead there. */
  private readonly added = new Map<string, Set<string>>();
  /** Path -> where the symbolic link leads that is there on disk. */
  private readonly links = new Map<string, string>();
  /** Directories, as they were asked for -> their real paths. */
  private readonly directories = new Map<string, string>();
  /** Directories that Node does not let us see -> what was found below them. */
  private readonly hidden = new Map<string, Entrance[]>();

  constructor(private readonly revision: Revision) {
    for (const [path, { kind }] of revision) {
      for (let child = path, above = parent(path); ; child = above, above = parent(above)) {
        if (kind === 'absent') this.thinned.add(above);
        else {
          const names = this.added.get(above);
          if (names) names.add(lastPart(child));
          else this.added.set(above, new Set([lastPart(child)]));
        }
        if (above === '/') break;
      }
    }
  }

  realPath(path: string): string | undefined {
    const end = path.lastIndexOf('/');
    const directory = this.directoryAt(path.slice(0, end));
    if (directory === undefined) return undefined;
    return (
      (directory === null ? this.found('/', path) : this.found(directory, path.slice(end + 1))) ?? undefined
    );
  }

  /** The real path of a directory; undefined where there is none, null where it cannot be seen by itself. */
  private directoryAt(path: string): string | null | undefined {
    if (path === '') return '/';
    const known = this.directories.get(path);
    if (known !== undefined) return known;
    const end = path.lastIndexOf('/');
    const above = this.directoryAt(path.slice(0, end));
    if (above === undefined) return undefined;
    const place = above === null ? this.found('/', path) : this.found(above, path.slice(end + 1));
    if (typeof place === 'string') this.directories.set(path, place);
    return place;
  }

  /** Where a path leads from a directory; undefined: nowhere, null: to what cannot be seen by itself. */
  private found(directory: string, path: string): string | null | undefined {
    let waiting = path.split('/');
    let place = directory;
    let links = 0;
    while (waiting.length > 0) {
      const [name = '', ...rest] = waiting;
      waiting = rest;
      if (name === '' || name === '.') continue;
      if (name === '..') {
        place = parent(place);
        continue;
      }
      const child = place === '/' ? `/${name}` : `${place}/${name}`;
      const entry = this.entryAt(child);
      if (entry === 'nothing') return undefined;
      if (entry === 'there') place = child;
      else if (entry === 'hidden') {
        const entrance = this.entrance(child, rest);
        if (!entrance) return null;
        if (this.isGone(entrance.place)) return undefined;
        place = entrance.place;
        waiting = rest.slice(entrance.steps);
      } else {
        if (++links > MOST_LINKS) return undefined;
        waiting = [...entry.target.split('/'), ...waiting];
        if (entry.target.startsWith('/')) place = '/';
      }
    }
    return place;
  }

  stat(path: string): FileStat | undefined {
    if (this.added.has(path)) return DIRECTORY;
    const file = this.revision.get(path);
    if (file) {
      if (file.kind !== 'file') return undefined;
      return { kind: 'file', size: file.bytes.length, mtimeMs: 0, executable: file.executable };
    }
    return this.isEmptied(path) ? undefined : PRESENT_DISK.stat(path);
  }

  read(path: string): Uint8Array | undefined {
    const file = this.revision.get(path);
    if (!file) return PRESENT_DISK.read(path);
    return file.kind === 'file' ? file.bytes : undefined;
  }

  list(path: string): readonly string[] | undefined {
    const added = this.added.get(path);
    if (!added && this.revision.has(path)) return undefined;
    // What is told of is no directory on disk.
    const present = this.revision.has(path) ? [] : PRESENT_DISK.list(path);
    if (!added && !present) return undefined;
    if (!added && !this.thinned.has(path)) return present;
    const below = path === '/' ? '/' : `${path}/`;
    const kept = (present ?? []).filter((name) => !this.isGone(`${below}${name}`));
    const all = [...new Set([...kept, ...(added ?? [])])].sort();
    return all.length === 0 && !added && this.thinned.has(path) && present?.length !== 0 ? undefined : all;
  }

  isRevised(path: string): boolean {
    return this.revision.has(path);
  }

  private entryAt(path: string): Entry {
    if (this.added.has(path)) return 'there';
    const revised = this.revision.get(path);
    if (revised?.kind === 'link') return revised;
    if (revised) return revised.kind === 'absent' ? 'nothing' : 'there';
    const link = this.links.get(path);
    if (link !== undefined) return { target: link };
    if (this.hidden.has(path)) return 'hidden';
    const present = presentEntry(path);
    if (present === 'hidden') this.hidden.set(path, []);
    if (present === 'there') return this.isEmptied(path) ? 'nothing' : 'there';
    if (typeof present === 'object') this.links.set(path, present.target);
    return present;
  }

  /** The first directory on the way below a hidden one that can be seen, and how far it is. */
  private entrance(path: string, way: readonly string[]): Entrance | undefined {
    const known = this.hidden.get(path)!;
    const found = known.find(({ way: names }) => names.every((name, at) => name === way[at]));
    if (found) return found;
    for (let steps = 1; steps <= way.length; steps++) {
      const names = way.slice(0, steps);
      const place = PRESENT_DISK.realPath(`${path}/${names.join('/')}`);
      if (place === undefined) continue;
      const entrance = { place, steps, way: names };
      known.push(entrance);
      return entrance;
    }
    return undefined;
  }

  private isGone(path: string): boolean {
    if (this.added.has(path)) return false;
    return this.revision.get(path)?.kind === 'absent' || this.isEmptied(path);
  }

  /** A directory of which all that is on disk is absent. */
  private isEmptied(path: string): boolean {
    return this.thinned.has(path) && this.list(path) === undefined;
  }
}

/** @param revision undefined: the disk as it is */
export function diskOf(revision: Revision | undefined): Disk {
  return revision && revision.size > 0 ? new RevisedDisk(revision) : PRESENT_DISK;
}

const DIRECTORY: FileStat = { kind: 'directory', size: 4096, mtimeMs: 0, executable: true };

/** Whether two states have the same at a path. */
export function sameFile(a: RevisedFile, b: RevisedFile): boolean {
  if (a.kind === 'file' && b.kind === 'file')
    return a.executable === b.executable && Buffer.compare(a.bytes, b.bytes) === 0;
  return a.kind === 'link' && b.kind === 'link' ? a.target === b.target : a.kind === b.kind;
}

/** What is on disk, as a revision would tell it; a directory is undefined. */
export function presentFile(path: string): RevisedFile | undefined {
  const stat = attempt(() => lstatSync(path));
  if (!stat) return { kind: 'absent' };
  if (stat.isSymbolicLink()) return { kind: 'link', target: readlinkSync(path) };
  if (!stat.isFile()) return undefined;
  const bytes = PRESENT_DISK.read(path);
  return bytes && { kind: 'file', bytes, executable: (stat.mode & 0o100) !== 0 };
}

/** The files that two states have differently, in order. */
export function differingFiles(a: Revision, b: Revision): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].sort().filter((path) => {
    const [inA, inB] = [a.get(path) ?? presentFile(path), b.get(path) ?? presentFile(path)];
    return !inA || !inB || !sameFile(inA, inB);
  });
}

function presentEntry(path: string): Entry {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat) return 'nothing';
    return stat.isSymbolicLink() ? { target: readlinkSync(path) } : 'there';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_ACCESS_DENIED' ? 'hidden' : 'nothing';
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function statOf(path: string): FileStat {
  const stat = statSync(path);
  return {
    kind: stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other',
    size: stat.size,
    mtimeMs: stat.mtimeMs,
    executable: (stat.mode & 0o111) !== 0,
  };
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
