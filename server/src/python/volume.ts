/**
 * The tree of files that Python sees: the layers as they are (read only, through the `FileSystem` port), a
 * scratch area in memory over BitBake's TMPDIR, and the interpreter's own library under `HOME`.
 *
 * Nothing is ever written on the host, and what lies outside the readable roots does not exist; asking for it
 * is recorded as a refusal. Of programs and headers of the system it is told whether they are there, never what is in
 * them; tools without which BitBake would not start are taken as there. Paths are absolute. Knows nothing of system
 * calls.
 */
import type { FileSystem } from '../inputs/ports.ts';
import type { Observer } from './observer.ts';

/** Where the interpreter's library and this project's own modules are served. */
export const HOME = '/.lens';

export type NodeKind = 'file' | 'directory' | 'link' | 'device';

export interface NodeStat {
  readonly kind: NodeKind;
  readonly size: number;
  readonly mtimeMs: number;
  readonly mode: number;
}

/** Error numbers as the interpreter was compiled with (those of WASI). */
export const Errno = {
  EACCES: 2,
  EBADF: 8,
  EEXIST: 20,
  EINVAL: 28,
  EISDIR: 31,
  ELOOP: 32,
  ENFILE: 41,
  ENOENT: 44,
  ENOSPC: 51,
  ENOSYS: 52,
  ENOTDIR: 54,
  ENOTEMPTY: 55,
  ENOTTY: 59,
  EPERM: 63,
  ERANGE: 68,
  ESPIPE: 70,
} as const;

/** Thrown for a failing system call. No Error: files are looked for in vain so often that its stack would count. */
export class SystemError {
  constructor(readonly errno: number) {}
}

/** Something in the scratch area. `gone` hides a file of the host. */
interface ScratchNode {
  kind: 'file' | 'directory' | 'link' | 'gone';
  content: Uint8Array;
  length: number;
  target: string;
  mode: number;
  mtimeMs: number;
}

export interface VolumeOptions {
  readonly files: FileSystem;
  /** Directories whose files Python may read. */
  readonly roots: readonly string[];
  /** Directories under which writes go to memory. */
  readonly scratch: readonly string[];
  /** The directories of PATH. */
  readonly programs: readonly string[];
  /** Files under `HOME`: relative path -> content. */
  readonly own: ReadonlyMap<string, Uint8Array>;
  /** Called for what is not allowed; the operation then fails. */
  readonly refuse: (what: string) => void;
  readonly now: () => number;
  readonly observer?: Observer | undefined;
}

/** How much the scratch area may hold, in bytes. */
const SCRATCH_LIMIT = 64 * 1024 * 1024;
const MOST_LINKS = 40;
const EMPTY = new Uint8Array(0);

export class Volume {
  private scratch = new Map<string, ScratchNode>();
  private scratchBytes = 0;
  private hasLinks = false;
  private readonly ownDirectories = new Set<string>();
  /** Every directory above a root or a scratch area -> the names that lead there. */
  private readonly ancestors = new Map<string, Set<string>>();
  private readonly programs: ReadonlySet<string>;
  /** Further directories under which writes go to memory; nothing of the host is seen there. */
  private readonly lent: string[] = [];
  /** Names of programs that are there, if need be in each of `programs`. */
  private readonly required = new Set<string>();

  constructor(private readonly options: VolumeOptions) {
    this.programs = new Set(options.programs.filter((path) => path.startsWith('/')).map(trimmed));
    for (const path of options.own.keys()) {
      for (let dir = parent(`${HOME}/${path}`); dir !== '/'; dir = parent(dir)) this.ownDirectories.add(dir);
    }
    for (const path of [...options.roots, ...options.scratch].map(trimmed)) this.leadTo(path);
  }

  private leadTo(path: string): void {
    for (let child = path; child !== '/'; child = parent(child)) {
      const dir = parent(child);
      const names = this.ancestors.get(dir) ?? new Set();
      this.ancestors.set(dir, names.add(basename(child)));
    }
  }

  /** Makes an empty directory in memory, whatever the host has there; one of the scratch area or the roots stays. */
  lend(directory: string): void {
    const path = normalised('/', directory);
    if (!directory.startsWith('/') || path === '/' || this.inScratch(path) || this.readable(path)) return;
    this.lent.push(path);
    this.leadTo(path);
    if (!this.ancestors.has(path)) this.ancestors.set(path, new Set());
  }

  /** @param follow whether a symbolic link is resolved */
  stat(path: string, follow: boolean): NodeStat {
    return this.find(path, follow) ?? fail(Errno.ENOENT);
  }

  /** What is there, without following a link; undefined where there is nothing. */
  kindOf(path: string): NodeKind | undefined {
    // In directories, which are listed with the kind of every entry, nobody looks at their times.
    const host = this.readable(path) && !this.inScratch(path) && this.options.files.kind?.(path);
    if (!host || host === 'other') return this.find(path, false)?.kind;
    this.options.observer?.looked(path);
    return this.linkTarget(path) === undefined ? host : 'link';
  }

  /** @param links how many links of the host have led here @param isProgram whether one of them is on PATH */
  private find(original: string, follow: boolean, links = 0, isProgram = false): NodeStat | undefined {
    const path = this.resolved(original, follow);
    if (path === HOME || path.startsWith(`${HOME}/`)) return this.ownStat(path);
    this.options.observer?.looked(path);
    if (path === '/dev' || path.startsWith('/dev/')) return this.device(path);
    const node = this.scratch.get(path);
    if (node) return node.kind === 'gone' ? undefined : scratchStat(node);
    if (path.includes('/__pycache__')) return undefined;
    if (this.readable(path)) {
      const found = this.options.files.stat(path);
      if (!found) {
        if (this.options.files.leadsOutside?.(path) && !this.inScratch(path)) {
          this.options.refuse(`read ${path}, which a link takes outside the layers`);
        }
        return this.ancestors.has(path) ? DIRECTORY : undefined;
      }
      if (!follow && this.linkTarget(path) !== undefined) return LINK;
      if (found.kind === 'other') return undefined;
      return {
        kind: found.kind,
        size: found.size,
        mtimeMs: found.mtimeMs,
        mode: found.kind === 'directory' || found.executable ? 0o755 : 0o644,
      };
    }
    if (this.ancestors.has(path)) return DIRECTORY;
    if (this.inScratch(path)) return undefined;
    const onPath = isProgram || this.programs.has(parent(path));
    return this.glimpse(path, follow, links, onPath) ?? (this.isRequired(path) ? PROGRAM : undefined);
  }

  /** BitBake does not start without these programs: where a machine lacks one, it is taken as there. */
  require(names: readonly string[]): void {
    for (const name of names) this.required.add(name);
  }

  private isRequired(path: string): boolean {
    const name = basename(path);
    if (!this.required.has(name) || !this.programs.has(parent(path))) return false;
    return ![...this.programs].some((directory) => this.options.files.glimpse?.(`${directory}/${name}`));
  }

  /** What is at a path that cannot be read, as far as that is told. */
  private glimpse(path: string, follow: boolean, links: number, onPath: boolean): NodeStat | undefined {
    const { glimpse } = this.options.files;
    const found = glimpse ? glimpse.call(this.options.files, path) : 'unknown';
    // A link of PATH that leads elsewhere is taken as one that leads to a program.
    if (found === 'unknown' && onPath && links > 0) return PROGRAM;
    if (found === 'unknown') this.options.refuse(`read ${path}`);
    if (found === undefined || found === 'unknown' || found.kind === 'other') return undefined;
    if (found.kind === 'directory') return DIRECTORY;
    if (found.kind !== 'link') return found.executable === false ? PLAIN : PROGRAM;
    if (!follow) return LINK;
    const target = normalised(parent(path), found.target ?? '');
    return links < MOST_LINKS ? this.find(target, true, links + 1, onPath) : fail(Errno.ELOOP);
  }

  /** Those that every machine has; of others it is not told. */
  private device(path: string): NodeStat | undefined {
    if (path === '/dev') return DIRECTORY;
    if (DEVICES.has(path)) return { kind: 'device', size: 0, mtimeMs: 0, mode: 0o666 };
    this.options.refuse(`read ${path}`);
    return undefined;
  }

  private ownStat(path: string): NodeStat | undefined {
    const content = this.options.own.get(path.slice(HOME.length + 1));
    if (content) return { kind: 'file', size: content.length, mtimeMs: 0, mode: 0o444 };
    return path === HOME || this.ownDirectories.has(path) ? DIRECTORY : undefined;
  }

  /** The whole content of a file, which the caller must not change. */
  content(original: string): Uint8Array {
    const path = this.resolved(original, true);
    if (path.startsWith(`${HOME}/`)) {
      return this.options.own.get(path.slice(HOME.length + 1)) ?? fail(Errno.ENOENT);
    }
    this.options.observer?.looked(path);
    const node = this.scratch.get(path);
    if (node) return node.kind === 'file' ? node.content.subarray(0, node.length) : fail(Errno.ENOENT);
    const stat = this.stat(path, true);
    if (stat.kind === 'directory') fail(Errno.EISDIR);
    const bytes = this.readable(path) ? this.options.files.readBytes(path) : undefined;
    if (bytes) return bytes;
    this.options.refuse(`read ${path}`);
    return fail(Errno.EACCES);
  }

  list(original: string): string[] {
    const path = this.resolved(original, true);
    this.options.observer?.looked(path);
    const stat = this.stat(path, true);
    if (stat.kind !== 'directory') fail(Errno.ENOTDIR);
    const names = new Set<string>(this.ancestors.get(path));
    if (this.readable(path)) for (const name of this.options.files.list(path) ?? []) names.add(name);
    else if (!this.inScratch(path) && !inside(path, HOME)) this.options.refuse(`list ${path}`);
    const prefix = path === '/' ? '/' : `${path}/`;
    if (path === HOME || path.startsWith(`${HOME}/`)) {
      for (const own of [...this.options.own.keys()].map((key) => `${HOME}/${key}`)) {
        if (own.startsWith(prefix)) names.add(own.slice(prefix.length).split('/')[0]!);
      }
    }
    for (const [scratch, node] of this.scratch) {
      if (!scratch.startsWith(prefix) || scratch.includes('/', prefix.length)) continue;
      if (node.kind === 'gone') names.delete(scratch.slice(prefix.length));
      else names.add(scratch.slice(prefix.length));
    }
    names.delete('__pycache__');
    return [...names].sort();
  }

  readLink(original: string): string {
    const path = this.resolved(original, false);
    this.options.observer?.looked(path);
    const node = this.scratch.get(path);
    if (node)
      return node.kind === 'link' ? node.target : fail(node.kind === 'gone' ? Errno.ENOENT : Errno.EINVAL);
    if (this.readable(path)) {
      const target = this.linkTarget(path);
      if (target !== undefined) return target;
    } else {
      const found = this.options.files.glimpse?.(path);
      if (typeof found === 'object' && found.target !== undefined) return found.target;
    }
    this.stat(path, true);
    return fail(Errno.EINVAL);
  }

  /**
   * Makes `path` a file in memory that can be written, with its present content or empty.
   * @returns the file; changed through `write` and `truncate` only
   */
  writable(original: string, truncate: boolean, mode: number): ScratchNode {
    const path = this.resolved(original, true);
    this.requireScratch(path, 'write');
    let node = this.scratch.get(path);
    if (node?.kind === 'directory') fail(Errno.EISDIR);
    if (node?.kind !== 'file') {
      const old = this.find(path, true);
      if (old?.kind === 'directory') fail(Errno.EISDIR);
      if (!old) this.requireDirectory(parent(path));
      const content = old && !truncate ? this.content(path).slice() : EMPTY;
      node = this.put(path, 'file', content, '', old?.mode ?? mode);
    }
    if (truncate) node.length = 0;
    return node;
  }

  write(node: ScratchNode, position: number, bytes: Uint8Array): void {
    const end = position + bytes.length;
    this.reserve(node, end);
    if (position > node.length) node.content.fill(0, node.length, position);
    node.content.set(bytes, position);
    node.length = Math.max(node.length, end);
    node.mtimeMs = this.options.now();
  }

  truncate(node: ScratchNode, length: number): void {
    this.reserve(node, length);
    if (length > node.length) node.content.fill(0, node.length, length);
    node.length = length;
    node.mtimeMs = this.options.now();
  }

  private reserve(node: ScratchNode, length: number): void {
    if (length <= node.content.length) return;
    const capacity = Math.max(length, node.content.length * 2, 256);
    if (this.scratchBytes + capacity - node.content.length > SCRATCH_LIMIT) fail(Errno.ENOSPC);
    const content = new Uint8Array(capacity);
    content.set(node.content);
    this.scratchBytes += capacity - node.content.length;
    node.content = content;
  }

  makeDirectory(original: string, mode: number): void {
    const path = this.resolved(original, false);
    if (this.find(path, false)) fail(Errno.EEXIST);
    this.requireScratch(path, 'make the directory');
    this.requireDirectory(parent(path), true);
    this.put(path, 'directory', EMPTY, '', mode);
  }

  makeLink(target: string, original: string): void {
    const path = this.resolved(original, false);
    if (this.find(path, false)) fail(Errno.EEXIST);
    this.requireScratch(path, 'make the link');
    this.requireDirectory(parent(path));
    this.put(path, 'link', EMPTY, target, 0o777);
    this.hasLinks = true;
  }

  remove(original: string, directory: boolean): void {
    const path = this.resolved(original, false);
    const stat = this.stat(path, false);
    if (directory && stat.kind !== 'directory') fail(Errno.ENOTDIR);
    if (!directory && stat.kind === 'directory') fail(Errno.EISDIR);
    this.requireScratch(path, 'remove');
    if (directory && this.list(path).length > 0) fail(Errno.ENOTEMPTY);
    this.put(path, 'gone', EMPTY, '', 0);
  }

  rename(originalFrom: string, originalTo: string): void {
    const from = this.resolved(originalFrom, false);
    const to = this.resolved(originalTo, false);
    const stat = this.stat(from, false);
    this.requireScratch(from, 'move');
    this.requireScratch(to, 'move');
    if (stat.kind === 'directory') fail(Errno.EACCES);
    const node = this.scratch.get(from);
    if (node) this.put(to, node.kind, node.content.slice(0, node.length), node.target, node.mode);
    else this.put(to, 'file', this.content(from).slice(), '', stat.mode);
    this.put(from, 'gone', EMPTY, '', 0);
  }

  changeMode(original: string, mode: number): void {
    const path = this.resolved(original, true);
    this.stat(path, true);
    this.requireScratch(path, 'change the mode of');
    const node = this.scratch.get(path);
    if (node) node.mode = mode & 0o7777;
  }

  changeTime(original: string): void {
    const path = this.resolved(original, true);
    this.stat(path, true);
    this.requireScratch(path, 'change the time of');
  }

  /** The scratch area as it is now, to be given to `load`. */
  save(): ReadonlyMap<string, unknown> {
    return copied(this.scratch);
  }

  load(saved: ReadonlyMap<string, unknown>): void {
    this.scratch = copied(saved as ReadonlyMap<string, ScratchNode>);
    this.scratchBytes = 0;
    this.hasLinks = false;
    for (const node of this.scratch.values()) {
      this.scratchBytes += node.content.length;
      this.hasLinks ||= node.kind === 'link';
    }
  }

  private put(
    path: string,
    kind: ScratchNode['kind'],
    content: Uint8Array,
    target: string,
    mode: number,
  ): ScratchNode {
    if (this.scratch.size >= 100_000) fail(Errno.ENOSPC);
    this.scratchBytes += content.length - (this.scratch.get(path)?.content.length ?? 0);
    if (this.scratchBytes > SCRATCH_LIMIT) fail(Errno.ENOSPC);
    const node = {
      kind,
      content,
      length: content.length,
      target,
      mode: mode & 0o7777,
      mtimeMs: this.options.now(),
    };
    this.scratch.set(path, node);
    return node;
  }

  private readable(path: string): boolean {
    return this.options.roots.some((root) => inside(path, root));
  }

  private inScratch(path: string): boolean {
    return [this.options.scratch, this.lent].some((roots) => roots.some((root) => inside(path, root)));
  }

  private requireScratch(path: string, action: string): void {
    this.options.observer?.changed();
    if (this.inScratch(path)) return;
    this.options.refuse(`${action} ${path}`);
    fail(Errno.EACCES);
  }

  /** @param make whether directories missing up to the scratch area's own are taken as there */
  private requireDirectory(path: string, make = false): void {
    if (make && !this.options.scratch.some((root) => path !== trimmed(root) && inside(path, root))) return;
    const stat = this.find(path, true);
    if (!stat && this.options.scratch.some((root) => path === trimmed(root))) return;
    if (!stat) fail(Errno.ENOENT);
    if (stat.kind !== 'directory') fail(Errno.ENOTDIR);
  }

  /** With the symbolic links of the scratch area resolved; those of the host are `FileSystem`'s business. */
  private resolved(path: string, follow: boolean): string {
    if (!this.hasLinks || !this.inScratch(path)) return path;
    let current = path;
    for (let hops = 0; hops < MOST_LINKS; hops++) {
      const next = this.resolvedOnce(current, follow);
      if (next === current) return current;
      current = next;
    }
    return fail(Errno.ELOOP);
  }

  private resolvedOnce(path: string, follow: boolean): string {
    for (let end = path.indexOf('/', 1); end !== -1; end = path.indexOf('/', end + 1)) {
      const node = this.scratch.get(path.slice(0, end));
      if (node?.kind === 'link') return normalised(parent(path.slice(0, end)), node.target + path.slice(end));
    }
    const last = this.scratch.get(path);
    return follow && last?.kind === 'link' ? normalised(parent(path), last.target) : path;
  }

  /** Where a symbolic link of the host leads in the end; undefined where `path` is none. */
  private linkTarget(path: string): string | undefined {
    const directory = this.options.files.realPath(parent(path));
    const target = this.options.files.realPath(path);
    if (directory === undefined || target === undefined) return undefined;
    return target === (directory === '/' ? '' : directory) + `/${basename(path)}` ? undefined : target;
  }
}

export type { ScratchNode };

const DIRECTORY: NodeStat = { kind: 'directory', size: 4096, mtimeMs: 0, mode: 0o755 };
const PROGRAM: NodeStat = { kind: 'file', size: 1, mtimeMs: 0, mode: 0o755 };
const PLAIN: NodeStat = { ...PROGRAM, mode: 0o644 };
const LINK: NodeStat = { kind: 'link', size: 1, mtimeMs: 0, mode: 0o777 };
const DEVICES = new Set(['/dev/null', '/dev/zero', '/dev/urandom', '/dev/random']);

function scratchStat(node: ScratchNode): NodeStat {
  const { kind, length, mtimeMs, mode } = node;
  return { kind: kind === 'gone' ? 'file' : kind, size: length, mtimeMs, mode };
}

function copied(scratch: ReadonlyMap<string, ScratchNode | unknown>): Map<string, ScratchNode> {
  const copy = new Map<string, ScratchNode>();
  for (const [path, node] of scratch as ReadonlyMap<string, ScratchNode>) {
    copy.set(path, { ...node, content: node.content.slice(0, node.length) });
  }
  return copy;
}

function fail(errno: number): never {
  throw new SystemError(errno);
}

function inside(path: string, root: string): boolean {
  const base = trimmed(root);
  return path === base || path.startsWith(base === '/' ? '/' : `${base}/`);
}

function trimmed(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.replace(/\/+$/, '') || '/' : path;
}

export function parent(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** `path` made absolute against `directory`, without `.`, `..` and doubled slashes. */
export function normalised(directory: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${directory}/${path}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
