/**
 * The system calls of the interpreter: all it can reach of the world. Files come from a `Volume`; what is no
 * file is in `surroundings.ts`.
 *
 * File descriptor 3, the port, is how Python calls TypeScript: a write is a request and returns the length of the
 * reply, which the next read returns. The struct layouts are those of Emscripten's musl for wasm32.
 */
import type { Machine } from './machine.ts';
import type { Observer } from './observer.ts';
import { Surroundings } from './surroundings.ts';
import type { NodeStat, ScratchNode, Volume } from './volume.ts';
import { Errno, normalised, SystemError } from './volume.ts';

const MAX_DESCRIPTORS = 4096;
const O_WRONLY = 1;
const O_RDWR = 2;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;
const O_APPEND = 0o2000;
const O_DIRECTORY = 0o200000;
const F_DUPFD = 0;
const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const F_GETLK = 12;
const F_SETLK = 13;
const F_SETLKW = 14;
const F_DUPFD_CLOEXEC = 1030;
const F_UNLCK = 2;
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
const AT_EMPTY_PATH = 0x1000;
const DIRENT_SIZE = 280;

interface Stream {
  readonly kind: 'file' | 'scratch' | 'directory' | 'output' | 'port' | 'null' | 'random' | 'zero';
  readonly path: string;
  readonly flags: number;
  /** What of `kind` file is read. */
  readonly content: Uint8Array;
  /** What of `kind` scratch is read and written. */
  readonly node: ScratchNode | undefined;
  /** Shared by duplicates of the descriptor. */
  readonly cursor: { position: number };
  names: string[] | undefined;
}

export interface KernelOptions {
  readonly volume: Volume;
  readonly cwd: string;
  readonly uid: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Where the sequence of numbers starts that stand for random ones; not 0. */
  readonly seed: number;
  /** Answers a request of Python's; the bytes are void after the call. */
  readonly request: (bytes: Uint8Array) => Uint8Array;
  /** Where text that Python prints goes. */
  readonly print: (text: string) => void;
  readonly refuse: (what: string) => void;
  readonly observer?: Observer | undefined;
}

const NOTHING = new Uint8Array(0);

export class Kernel {
  readonly surroundings: Surroundings;
  private machine: Machine | undefined;
  private streams: (Stream | undefined)[] = [
    stream('null', '/dev/null'),
    stream('output', 'stdout'),
    stream('output', 'stderr'),
    stream('port', 'port'),
  ];
  private cwd: string;
  private umask = 0o22;
  private reply: Uint8Array = NOTHING;
  private readonly decoder = new TextDecoder();

  constructor(private readonly options: KernelOptions) {
    this.cwd = options.cwd;
    this.surroundings = new Surroundings(options);
  }

  attach(machine: Machine): void {
    this.machine = machine;
  }

  /** All that lies outside the interpreter's memory, to be given to `load`. */
  save(): () => void {
    const streams = this.streams.map((entry) => entry && { ...entry, cursor: { ...entry.cursor } });
    const paths = this.streams.map((entry) => entry?.node && entry.path);
    const { cwd, umask } = this;
    const { random } = this.surroundings;
    const volume = this.options.volume.save();
    return () => {
      this.options.volume.load(volume);
      this.streams = streams.map(
        (entry, fd) =>
          entry && {
            ...entry,
            cursor: { ...entry.cursor },
            node: paths[fd] === undefined ? undefined : this.options.volume.writable(paths[fd], false, 0),
          },
      );
      this.cwd = cwd;
      this.umask = umask;
      this.surroundings.random = random;
      this.reply = NOTHING;
    };
  }

  private get heap(): Uint8Array {
    return this.machine!.heap;
  }

  private get view(): DataView {
    return this.machine!.view;
  }

  private path(address: number, directory: number = AT_FDCWD): string {
    const path = this.machine!.text(address >>> 0);
    if (path === '') throw new SystemError(Errno.ENOENT);
    const base = path.startsWith('/') || directory === AT_FDCWD ? this.cwd : this.open(directory).path;
    return normalised(base, path);
  }

  private open(fd: number): Stream {
    return this.streams[fd] ?? fail(Errno.EBADF);
  }

  private allocate(entry: Stream, from = 0): number {
    for (let fd = from; fd < MAX_DESCRIPTORS; fd++) {
      if (this.streams[fd] === undefined) {
        this.streams[fd] = entry;
        return fd;
      }
    }
    return fail(Errno.ENFILE);
  }

  private vararg(address: number): number {
    return this.view.getInt32(address >>> 0, true);
  }

  /** The functions the instance imports, by name. Numbers are those of C; a failure is thrown as SystemError. */
  calls(): Record<string, (...args: never[]) => unknown> {
    return {
      ...this.fileCalls(),
      ...this.pathCalls(),
      ...this.surroundings.calls(() => this.machine!),
    };
  }

  private openAt(directory: number, address: number, flags: number, varargs: number): number {
    const { volume } = this.options;
    const path = this.path(address, directory);
    const mode = flags & O_CREAT ? this.vararg(varargs) & ~this.umask : 0;
    if (path.startsWith('/dev/')) return this.allocate(this.device(path, flags));
    if (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) {
      const exists = flags & (O_CREAT | O_EXCL) ? this.exists(path) : true;
      if (exists && (flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) fail(Errno.EEXIST);
      if (!(flags & O_CREAT)) volume.stat(path, true);
      const node = volume.writable(path, (flags & O_TRUNC) !== 0, mode);
      return this.allocate({ ...stream('scratch', path, flags), node });
    }
    const stat = volume.stat(path, true);
    if (stat.kind === 'directory') return this.allocate(stream('directory', path, flags));
    if (flags & O_DIRECTORY) fail(Errno.ENOTDIR);
    return this.allocate({ ...stream('file', path, flags), content: volume.content(path) });
  }

  private exists(path: string): boolean {
    try {
      this.options.volume.stat(path, true);
      return true;
    } catch (error) {
      if (error instanceof SystemError) return false;
      throw error;
    }
  }

  private device(path: string, flags: number): Stream {
    this.options.volume.stat(path, true);
    const kind = path === '/dev/null' ? 'null' : path === '/dev/zero' ? 'zero' : 'random';
    return stream(kind, path, flags);
  }

  private writeStat(address: number, { kind, size, mtimeMs, mode }: NodeStat, identity: number): number {
    const { view } = this;
    const at = address >>> 0;
    const type = { file: 0o100000, directory: 0o40000, link: 0o120000, device: 0o20000 }[kind];
    this.heap.fill(0, at, at + 96);
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, type | mode, true);
    view.setUint32(at + 8, 1, true);
    view.setUint32(at + 12, this.options.uid, true);
    view.setUint32(at + 16, this.options.uid, true);
    view.setBigInt64(at + 24, BigInt(size), true);
    view.setInt32(at + 32, 4096, true);
    view.setInt32(at + 36, Math.ceil(size / 512), true);
    const seconds = BigInt(Math.floor(mtimeMs / 1000));
    const nanoseconds = Math.round((mtimeMs - Math.floor(mtimeMs / 1000) * 1000) * 1e6);
    for (const offset of [40, 56, 72]) {
      view.setBigInt64(at + offset, seconds, true);
      view.setUint32(at + offset + 8, nanoseconds, true);
    }
    view.setBigInt64(at + 88, BigInt(identity), true);
    return 0;
  }

  private streamStat(entry: Stream): NodeStat {
    if (entry.kind === 'file') return { ...this.statOrGone(entry.path), size: entry.content.length };
    if (entry.node)
      return { kind: 'file', size: entry.node.length, mtimeMs: entry.node.mtimeMs, mode: entry.node.mode };
    if (entry.kind === 'directory') return this.options.volume.stat(entry.path, true);
    return { kind: 'device', size: 0, mtimeMs: 0, mode: 0o666 };
  }

  private statOrGone(path: string): NodeStat {
    return this.exists(path)
      ? this.options.volume.stat(path, true)
      : { kind: 'file', size: 0, mtimeMs: 0, mode: 0o644 };
  }

  private read(fd: number, vectors: number, count: number, at: number | undefined): number {
    const entry = this.open(fd);
    const { heap, view } = this;
    let total = 0;
    let position = at ?? entry.cursor.position;
    for (let index = 0; index < count; index++) {
      const address = view.getUint32((vectors >>> 0) + 8 * index, true);
      const length = view.getUint32((vectors >>> 0) + 8 * index + 4, true);
      const part = this.readable(entry, position, length);
      heap.set(part, address);
      position += part.length;
      total += part.length;
      if (part.length < length) break;
    }
    if (at === undefined) entry.cursor.position = position;
    return total;
  }

  private readable(entry: Stream, position: number, length: number): Uint8Array {
    if (entry.kind === 'file') return entry.content.subarray(position, position + length);
    if (entry.node) {
      return entry.node.content.subarray(
        position,
        Math.max(position, Math.min(entry.node.length, position + length)),
      );
    }
    if (entry.kind === 'port') {
      const part = this.reply.subarray(0, length);
      this.reply = this.reply.subarray(part.length);
      return part;
    }
    if (entry.kind === 'random') return this.surroundings.randomBytes(Math.min(length, 65536));
    if (entry.kind === 'zero') return new Uint8Array(Math.min(length, 65536));
    return entry.kind === 'directory' ? fail(Errno.EISDIR) : NOTHING;
  }

  private write(fd: number, vectors: number, count: number, at: number | undefined): number {
    const entry = this.open(fd);
    let total = 0;
    let position = at ?? (entry.flags & O_APPEND ? (entry.node?.length ?? 0) : entry.cursor.position);
    for (let index = 0; index < count; index++) {
      const address = this.view.getUint32((vectors >>> 0) + 8 * index, true);
      const length = this.view.getUint32((vectors >>> 0) + 8 * index + 4, true);
      const bytes = this.heap.subarray(address, address + length);
      if (entry.kind === 'port') {
        this.reply = this.options.request(bytes);
        return this.reply.length;
      }
      if (entry.kind === 'output') this.options.print(this.decoder.decode(bytes));
      else if (entry.node) this.options.volume.write(entry.node, position, bytes);
      else if (entry.kind === 'file' || entry.kind === 'directory') fail(Errno.EBADF);
      position += length;
      total += length;
    }
    if (at === undefined) entry.cursor.position = position;
    return total;
  }

  private fileCalls(): Record<string, (...args: never[]) => unknown> {
    /** WASI style: the result goes to memory, the error is returned. */
    const transfer =
      (move: (fd: number, vectors: number, count: number, at: number | undefined) => number) =>
      (fd: number, vectors: number, count: number, at: number | undefined, result: number) =>
        errno(() => this.view.setUint32(result >>> 0, move(fd, vectors, count, at), true));
    const read = transfer((fd, vectors, count, at) => this.read(fd, vectors, count, at));
    const write = transfer((fd, vectors, count, at) => this.write(fd, vectors, count, at));
    return {
      fd_read: (fd: number, vectors: number, count: number, result: number) =>
        read(fd, vectors, count, undefined, result),
      fd_write: (fd: number, vectors: number, count: number, result: number) =>
        write(fd, vectors, count, undefined, result),
      fd_pread: (fd: number, vectors: number, count: number, at: bigint, result: number) =>
        read(fd, vectors, count, Number(at), result),
      fd_pwrite: (fd: number, vectors: number, count: number, at: bigint, result: number) =>
        write(fd, vectors, count, Number(at), result),
      fd_seek: (fd: number, offset: bigint, whence: number, result: number) =>
        errno(() => {
          const entry = this.open(fd);
          if (!['file', 'scratch', 'directory'].includes(entry.kind)) fail(Errno.ESPIPE);
          const size = entry.node?.length ?? entry.content.length;
          const base = whence === 0 ? 0 : whence === 1 ? entry.cursor.position : size;
          const position = base + Number(offset);
          if (position < 0) fail(Errno.EINVAL);
          entry.cursor.position = position;
          if (position === 0) entry.names = undefined;
          this.view.setBigInt64(result >>> 0, BigInt(position), true);
        }),
      fd_close: (fd: number) =>
        errno(() => {
          // The port must outlive whatever a layer closes.
          if (this.open(fd).kind !== 'port') this.streams[fd] = undefined;
        }),
      fd_sync: () => 0,
      fd_fdstat_get: (fd: number, result: number) =>
        errno(() => {
          const { kind } = this.open(fd);
          const at = result >>> 0;
          this.heap.fill(0, at, at + 24);
          this.heap[at] = kind === 'directory' ? 3 : kind === 'file' || kind === 'scratch' ? 4 : 2;
        }),
      __syscall_fstat64: (fd: number, address: number) =>
        negative(() => {
          const entry = this.open(fd);
          return this.writeStat(address, this.streamStat(entry), identity(entry.path));
        }),
      __syscall_ftruncate64: (fd: number, length: bigint) =>
        negative(() => {
          const { node } = this.open(fd);
          if (!node) fail(Errno.EINVAL);
          this.options.volume.truncate(node, Number(length));
        }),
      __syscall_dup: (fd: number) => negative(() => this.allocate(this.open(fd))),
      __syscall_dup3: (fd: number, to: number) =>
        negative(() => {
          if (fd === to || to < 0 || to >= MAX_DESCRIPTORS) fail(Errno.EINVAL);
          if (this.streams[to]?.kind === 'port') fail(Errno.EBADF);
          this.streams[to] = this.open(fd);
          return to;
        }),
      __syscall_fcntl64: (fd: number, command: number, varargs: number) =>
        negative(() => {
          const entry = this.open(fd);
          // Locks are always free: there is nobody else.
          switch (command) {
            case F_DUPFD:
            case F_DUPFD_CLOEXEC:
              return this.allocate(entry, Math.max(0, this.vararg(varargs)));
            case F_GETFL:
              return entry.flags;
            case F_GETFD:
            case F_SETFD:
            case F_SETFL:
              return 0;
            case F_GETLK:
              this.view.setInt16(this.vararg(varargs), F_UNLCK, true);
              return 0;
            case F_SETLK:
            case F_SETLKW:
              return 0;
            default:
              return fail(Errno.EINVAL);
          }
        }),
      _try_fcntl64: () => 0,
      __syscall_ioctl: () => -Errno.ENOTTY,
      __syscall_fchmod: () => 0,
      __syscall_fchown32: () => 0,
      __syscall_fdatasync: () => 0,
      __syscall_fadvise64: () => 0,
      __syscall_fallocate: () => 0,
      __syscall_getdents64: (fd: number, address: number, size: number) =>
        negative(() => this.directoryEntries(this.open(fd), address >>> 0, size >>> 0)),
    };
  }

  private directoryEntries(entry: Stream, address: number, size: number): number {
    if (entry.kind !== 'directory') fail(Errno.ENOTDIR);
    entry.names ??= ['.', '..', ...this.options.volume.list(entry.path)];
    const { heap, view } = this;
    const encoder = new TextEncoder();
    let written = 0;
    let index = Math.floor(entry.cursor.position / DIRENT_SIZE);
    for (; index < entry.names.length && written + DIRENT_SIZE <= size; index++) {
      const name = entry.names[index]!;
      const path = name === '.' || name === '..' ? entry.path : normalised(entry.path, name);
      const at = address + written;
      heap.fill(0, at, at + DIRENT_SIZE);
      view.setBigInt64(at, BigInt(identity(path)), true);
      view.setBigInt64(at + 8, BigInt((index + 1) * DIRENT_SIZE), true);
      view.setUint16(at + 16, DIRENT_SIZE, true);
      heap[at + 18] = this.entryType(path);
      encoder.encodeInto(name, heap.subarray(at + 19, at + DIRENT_SIZE - 1));
      written += DIRENT_SIZE;
    }
    entry.cursor.position = index * DIRENT_SIZE;
    return written;
  }

  private entryType(path: string): number {
    try {
      const kind = this.options.volume.kindOf(path);
      return kind ? { directory: 4, file: 8, link: 10, device: 2 }[kind] : 0;
    } catch {
      return 0;
    }
  }

  private pathCalls(): Record<string, (...args: never[]) => unknown> {
    const { volume } = this.options;
    const stat = (path: string, address: number, follow: boolean): number =>
      this.writeStat(address, volume.stat(path, follow), identity(path));
    return {
      __syscall_openat: (directory: number, path: number, flags: number, varargs: number) =>
        negative(() => this.openAt(directory, path, flags, varargs)),
      __syscall_stat64: (path: number, address: number) =>
        negative(() => stat(this.path(path), address, true)),
      __syscall_lstat64: (path: number, address: number) =>
        negative(() => stat(this.path(path), address, false)),
      __syscall_newfstatat: (directory: number, path: number, address: number, flags: number) =>
        negative(() => {
          if (flags & AT_EMPTY_PATH && this.machine!.text(path >>> 0) === '') {
            const entry = this.open(directory);
            return this.writeStat(address, this.streamStat(entry), identity(entry.path));
          }
          return stat(this.path(path, directory), address, (flags & AT_SYMLINK_NOFOLLOW) === 0);
        }),
      __syscall_faccessat: (directory: number, path: number, mode: number) =>
        negative(() => {
          const found = volume.stat(this.path(path, directory), true);
          if (mode & 1 && (found.mode & 0o111) === 0) fail(Errno.EACCES);
        }),
      __syscall_readlinkat: (directory: number, path: number, address: number, size: number) =>
        negative(() => {
          const bytes = new TextEncoder().encode(volume.readLink(this.path(path, directory)));
          const part = bytes.subarray(0, size >>> 0);
          this.heap.set(part, address >>> 0);
          return part.length;
        }),
      __syscall_chdir: (path: number) =>
        negative(() => {
          const directory = this.path(path);
          if (volume.stat(directory, true).kind !== 'directory') fail(Errno.ENOTDIR);
          this.options.observer?.changed();
          this.cwd = directory;
        }),
      __syscall_fchdir: (fd: number) =>
        negative(() => {
          const entry = this.open(fd);
          if (entry.kind !== 'directory') fail(Errno.ENOTDIR);
          this.options.observer?.changed();
          this.cwd = entry.path;
        }),
      __syscall_getcwd: (address: number, size: number) =>
        negative(() => {
          const bytes = new TextEncoder().encode(`${this.cwd}\0`);
          if (bytes.length > size >>> 0) fail(Errno.ERANGE);
          this.heap.set(bytes, address >>> 0);
          return bytes.length;
        }),
      __syscall_mkdirat: (directory: number, path: number, mode: number) =>
        negative(() => volume.makeDirectory(this.path(path, directory), mode & ~this.umask)),
      __syscall_rmdir: (path: number) => negative(() => volume.remove(this.path(path), true)),
      __syscall_unlinkat: (directory: number, path: number, flags: number) =>
        negative(() => volume.remove(this.path(path, directory), (flags & AT_REMOVEDIR) !== 0)),
      __syscall_renameat: (fromDirectory: number, from: number, toDirectory: number, to: number) =>
        negative(() => volume.rename(this.path(from, fromDirectory), this.path(to, toDirectory))),
      __syscall_symlinkat: (target: number, directory: number, path: number) =>
        negative(() => volume.makeLink(this.machine!.text(target >>> 0), this.path(path, directory))),
      __syscall_chmod: (path: number, mode: number) =>
        negative(() => volume.changeMode(this.path(path), mode)),
      __syscall_fchmodat2: (directory: number, path: number, mode: number) =>
        negative(() => volume.changeMode(this.path(path, directory), mode)),
      __syscall_fchownat: () => 0,
      __syscall_umask_js: (mask: number) => {
        const old = this.umask;
        this.options.observer?.changed();
        this.umask = mask & 0o777;
        return old;
      },
      __syscall_utimensat: (directory: number, path: number) =>
        negative(() => {
          if (path !== 0) volume.changeTime(this.path(path, directory));
        }),
      __syscall_truncate64: (path: number, length: bigint) =>
        negative(() => volume.truncate(volume.writable(this.path(path), false, 0o644), Number(length))),
    };
  }
}

function stream(kind: Stream['kind'], path: string, flags = 0): Stream {
  return { kind, path, flags, content: NOTHING, node: undefined, cursor: { position: 0 }, names: undefined };
}

function fail(errno: number): never {
  throw new SystemError(errno);
}

/** An inode number: the same for the same path. */
function identity(path: string): number {
  let hash = 5381;
  for (let index = 0; index < path.length; index++) hash = ((hash * 33) ^ path.charCodeAt(index)) >>> 0;
  return hash + 1;
}

function errno(action: () => unknown): number {
  try {
    action();
    return 0;
  } catch (error) {
    if (error instanceof SystemError) return error.errno;
    throw error;
  }
}

function negative(action: () => number | void): number {
  try {
    return action() ?? 0;
  } catch (error) {
    if (error instanceof SystemError) return -error.errno;
    throw error;
  }
}
