/**
 * The ground state that everything is derived from, declared as ports that `host` implements.
 *
 * All reads of the outside world go through these: files, the facts of the host, its clock. Layers below take
 * them as arguments and never look around for themselves.
 */

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'other';
  /** In bytes. */
  readonly size: number;
  /** Milliseconds since 1970; fractional where the file system knows more. */
  readonly mtimeMs: number;
  readonly executable: boolean;
}

/** What can be told of a path whose content is not to be read. */
export interface Glimpse {
  readonly kind: FileStat['kind'] | 'link';
  /** Where a link leads, as it says. */
  readonly target?: string;
  /** Of a file: whether it is a program. */
  readonly executable?: boolean;
}

/** The part of the host outside what may be read of which it is told what is there, but not what is in it. */
export interface SystemPaths {
  /** What is in `/`, by name; empty: nothing is told at all. */
  readonly topLevel: ReadonlyMap<string, Glimpse>;
  /** Directories of the system, everything below included: `/usr`. */
  readonly directories: readonly string[];
  /** The directories of PATH that are elsewhere. */
  readonly programs: readonly string[];
  /**
   * By path, `directories`, what is in `programs`, what leads there and where that leads; what else is in `programs` is
   * not there.
   */
  readonly places: ReadonlyMap<string, Glimpse>;
}

/**
 * A read-only, synchronous view of files, open editors' texts laid over it. Paths are absolute; symbolic
 * links are followed. A path that is not there, not readable, or outside what may be read, is undefined.
 */
export interface FileSystem {
  stat(path: string): FileStat | undefined;
  /** The same for who wants to know no more than the kind. */
  kind?(path: string): FileStat['kind'] | undefined;
  /** Decoded as UTF-8. */
  readText(path: string): string | undefined;
  readBytes(path: string): Uint8Array | undefined;
  /** Names in a directory, sorted; without `.` and `..`. */
  list(directory: string): readonly string[] | undefined;
  /** With symbolic links resolved. */
  realPath(path: string): string | undefined;
  /** Whether a path that can be read by its name leads, by symbolic links, to one that cannot. */
  leadsOutside?(path: string): boolean;
  /**
   * Whether something is at a path outside what may be read, and what: metadata looks for headers and programs of
   * the system. Never what is in it. Undefined: there is nothing; `unknown`: not even that is told.
   */
  glimpse?(path: string): Glimpse | 'unknown' | undefined;
}

/** What is at a path in another state of the files than the one on disk; `absent`: nothing. */
export type RevisedFile =
  | { readonly kind: 'file'; readonly bytes: Uint8Array; readonly executable: boolean }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'absent' };

/**
 * A state of the files, told by what is another there than on disk: absolute paths, the symbolic links of their
 * directories resolved. Directories are there as long as something is in them.
 */
export type Revision = ReadonlyMap<string, RevisedFile>;

/** What is another each time BitBake parses. */
export interface Occasion {
  /** Milliseconds by which the clock is ahead of the host's. */
  readonly clockAhead: number;
  readonly processId: number;
  /** Where the sequence of numbers starts that stand for random ones; 32 bits, not all 0. */
  readonly seed: number;
}

export const USUAL_OCCASION: Occasion = { clockAhead: 0, processId: 1, seed: 1 };

/** What metadata may know of the machine it is parsed on. */
export interface HostFacts {
  /** `os.uname()`: what BUILD_ARCH and BUILD_OS are made of. */
  readonly sysname: string;
  readonly nodename: string;
  readonly release: string;
  readonly version: string;
  readonly machine: string;
  readonly cpuCount: number;
  /** What `dpkg --print-architecture` says; undefined: there is no dpkg, or it is not known. */
  readonly debianArchitecture?: string | undefined;
  /** The Python that runs BitBake (`sys.executable`); undefined: there is none on PATH. */
  readonly pythonExecutable?: string | undefined;
  readonly userName: string;
  readonly uid: number;
  readonly gid: number;
  readonly homeDir: string;
  /** The environment as BitBake would be started with. */
  readonly environment: Readonly<Record<string, string>>;
}
