/**
 * What was asked of the files while something was computed, so that it can be told later whether the same would come
 * out again: each question that decided it, and what the answer was.
 *
 * A question is a letter and a path. What the answer was is its state, a short text that is another whenever the
 * answer could make a difference:
 *
 * - `k` what is there, if anything; `s` the same as Python sees it, with size and time of a file
 * - `x` the text of a metadata file, as far as it says anything; `b` the bytes of any file
 * - `l` the names in a directory; `m` of these the ones that may be recipes or lead to some
 * - `r` where links lead; `g` what is outside of what may be read
 *
 * The time of a directory is left out: it changes with every file in it, which listings tell. So is the time of a file
 * that was also read. Knows files through their port only, and nothing of what is computed.
 */
import { createHash } from 'node:crypto';
import type { FileStat, FileSystem, Glimpse } from './ports.ts';

export type Read = string;

/** A question and the state of its answer. */
export type KnownRead = readonly [read: Read, state: string];

/** Where there is nothing. */
const NOTHING = '-';

export class ReadLog {
  private reads = new Set<Read>();
  private readonly pieces: Set<Read>[] = [];
  private repeatable = true;
  /** While what a repository says is set apart: that. */
  private apart: Set<Read> | undefined;
  /** On which line a statement stands counts, too. */
  linesCount = false;
  /** The files as those see them who evaluate metadata. */
  readonly metadata: FileSystem;
  /** The files as Python sees them, and whoever else reads what is no metadata. */
  readonly plain: FileSystem;

  constructor(private readonly files: FileSystem) {
    this.metadata = this.over('k', 'x');
    this.plain = this.over('s', 'b');
  }

  /** Starts over. */
  begin(): void {
    this.reads = new Set();
    this.repeatable = true;
  }

  /** Whether files alone decided what was computed since `begin`. */
  get isRepeatable(): boolean {
    return this.repeatable;
  }

  /** Everything since `begin`. */
  taken(): ReadonlySet<Read> {
    const reads = new Set<Read>();
    for (const read of this.reads) {
      const path = read.slice(1);
      if (read.startsWith('x') && this.linesCount) reads.add(`b${path}`);
      else reads.add(read.startsWith('s') && this.reads.has(`b${path}`) ? `k${path}` : read);
    }
    return reads;
  }

  /** Something was asked for that may be another thing next time: the clock, a random number. */
  unrepeatable(): void {
    this.repeatable = false;
  }

  /** Begins a piece of the work whose own reads `leave` tells. Pieces nest; what is read within counts for all. */
  enter(): void {
    this.pieces.push(new Set());
  }

  leave(): ReadonlySet<Read> | undefined {
    const own = this.pieces.pop();
    return own && own.size > 0 ? own : undefined;
  }

  /** What a piece came to is taken from memory: it counts as if it had been read again. */
  again(reads: Iterable<Read>): void {
    for (const read of reads) this.note(read);
  }

  /** @returns what a step asks of where repositories stand, which does not count for what it is part of */
  setApart(step: () => void): ReadonlySet<Read> {
    const before = this.apart;
    const apart = (this.apart = new Set());
    try {
      step();
    } finally {
      this.apart = before;
    }
    return apart;
  }

  private note(read: Read): void {
    if (this.apart && isOfRepository(read)) this.apart.add(read);
    else this.reads.add(read);
    for (const piece of this.pieces) piece.add(read);
  }

  private over(stat: 'k' | 's', text: 'x' | 'b'): FileSystem {
    const { files } = this;
    const noted = <T>(kind: string, ask: (path: string) => T) => {
      return (path: string): T => {
        this.note(kind + path);
        return ask(path);
      };
    };
    return {
      stat: noted(stat, (path) => files.stat(path)),
      kind: noted('k', (path) => files.stat(path)?.kind),
      readText: noted(text, (path) => files.readText(path)),
      readBytes: noted('b', (path) => files.readBytes(path)),
      list: noted('l', (path) => files.list(path)),
      realPath: noted('r', (path) => files.realPath(path)),
      leadsOutside: noted('r', (path) => files.leadsOutside?.(path) ?? false),
      ...(files.glimpse && { glimpse: noted('g', (path) => files.glimpse!(path)) }),
    };
  }
}

/** Whether the answer is another after each commit, or after another branch was checked out. */
export function isOfRepository(read: Read): boolean {
  return /^[xb].*\/\.git\/(.*\/)?(HEAD|packed-refs|refs\/.*)$/.test(read);
}

/**
 * The present state of an answer.
 * @param digest of the content of a file, of the text that metadata has where `text`; undefined: it cannot be read
 */
export function stateOf(
  read: Read,
  files: FileSystem,
  digest: (path: string, text: boolean) => string | undefined,
): string {
  const path = read.slice(1);
  switch (read[0]) {
    case 'k':
      return kindOf(files.stat(path));
    case 's': {
      const stat = files.stat(path);
      return stat?.kind === 'file' ? `${kindOf(stat)} ${stat.size} ${stat.mtimeMs}` : kindOf(stat);
    }
    case 'x':
    case 'b':
      return digest(path, read.startsWith('x')) ?? NOTHING;
    case 'l':
      return namesState(files.list(path));
    case 'm':
      return namesState(files.list(path)?.filter((name) => mayLeadToRecipes(path, name, files)));
    case 'r':
      return files.realPath(path) ?? (files.leadsOutside?.(path) ? 'outside' : NOTHING);
    default:
      return glimpseState(files.glimpse?.(path));
  }
}

/** Without a point it may be a directory; any other name that is no recipe's is looked at. */
function mayLeadToRecipes(directory: string, name: string, files: FileSystem): boolean {
  if (/\.bb(append)?$/.test(name) || !name.includes('.')) return true;
  return files.stat(`${directory}/${name}`)?.kind === 'directory';
}

/** All that a recipe list depends on, of what was read to make it. */
export function recipeListReads(reads: Iterable<Read>): Set<Read> {
  return new Set([...reads].map((read) => (read.startsWith('l') ? `m${read.slice(1)}` : read)));
}

/** Short lists as they are. */
function namesState(names: readonly string[] | undefined): string {
  if (!names) return NOTHING;
  const text = names.join('/');
  return text.length <= 64 ? `/${text}` : createHash('sha256').update(text).digest('base64url');
}

function kindOf(stat: FileStat | undefined): string {
  return stat ? `${stat.kind}${stat.executable && stat.kind === 'file' ? ' x' : ''}` : NOTHING;
}

function glimpseState(glimpse: Glimpse | 'unknown' | undefined): string {
  if (glimpse === undefined) return NOTHING;
  if (glimpse === 'unknown') return glimpse;
  return `${glimpse.kind}${glimpse.executable ? ' x' : ''} ${glimpse.target ?? ''}`;
}

/** A path and all directories above it. */
export function withAncestors(path: string): string[] {
  const found = [path];
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
    found.push(path.slice(0, at));
  return found;
}
