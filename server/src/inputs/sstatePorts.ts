/**
 * What sstate asks of the outside world: which objects lie in directories, and which are on servers. Ports that
 * `host` implements.
 *
 * Both answer whether something is there; no object is ever opened, and of what is on servers only signature data is
 * read. What cannot be found out is said, in words that hold no secret.
 */

/** Whether an object is there, or why that is not known. */
export type ObjectAnswer = boolean | { readonly unknown: string };

/** The whole of a file on a server; false: it is not there; or why that is not known. */
export type ContentAnswer = Uint8Array | false | { readonly unknown: string };

/** Objects in directories of this machine (SSTATE_DIR, mirrors that are directories), NFS included. */
export interface LocalObjects {
  /**
   * Whether there is something under each name in a directory, symbolic links followed: a link to nothing is
   * nothing (`os.path.exists`).
   * @param names relative to the directory, or absolute
   * @throws the reason of `signal` when it is aborted
   */
  present(directory: string, names: readonly string[], signal?: AbortSignal): Promise<LocalAnswer>;
}

export interface LocalAnswer {
  /** One for each name, in order. */
  readonly present: readonly ObjectAnswer[];
  /** What is wrong with the directory as a whole. */
  readonly directory: 'missing' | 'unreadable' | 'empty' | 'slow' | undefined;
}

/** One object on a server. */
export interface MirrorRequest {
  /** `http:` or `https:`, without user and password. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Which of several mirrors is asked, that may be parts of one server: one that fails is left alone for a while. */
  readonly mirror: string;
}

/** Servers that hold objects. */
export interface MirrorClient {
  /**
   * Whether a server has an object, as `bb/fetch2/wget.py: checkstatus` finds out. Never throws for what a server does.
   * @throws the reason of `signal` when it is aborted
   */
  has(request: MirrorRequest, signal?: AbortSignal): Promise<ObjectAnswer>;
  /**
   * What is in a file of at most so many bytes. Never throws for what a server does.
   * @throws the reason of `signal` when it is aborted
   */
  read(request: MirrorRequest, mostBytes: number, signal?: AbortSignal): Promise<ContentAnswer>;
  /** How many requests are worth making at once. */
  readonly concurrency: number;
}
