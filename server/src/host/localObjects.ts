/**
 * Looks for objects in directories, which may be large, far away (NFS) or gone.
 *
 * Objects lie two directories deep, a few in each. On a file system of this machine the fastest by far is to look at
 * once, one after the other. Any other may not answer for long: there a directory below which many are wanted is listed
 * once, nothing is asked about what is in directories that are not there, and what is left is looked at a few at a time,
 * in the background, so that it can never take all of the threads that Node has for files. Nor is a symbolic link
 * followed at once: it may lead to such a file system.
 */
import { type Dirent, lstatSync } from 'node:fs';
import { readdir, stat, statfs } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { LocalAnswer, LocalObjects, ObjectAnswer } from '../inputs/sstatePorts.ts';

/** Node has four threads for files. */
const AT_ONCE = 3;
/** A directory is listed where at least this many names are wanted below it. */
const WORTH_LISTING = 4;
/** How many are looked at in one go. */
const IN_ONE_GO = 200;
/** Of `statfs`: ext, XFS, Btrfs, tmpfs, overlayfs, ZFS, F2FS, bcachefs. */
const OF_THIS_MACHINE: ReadonlySet<number> = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010, 0xca451a4e,
]);
/** What says that there is nothing, as `os.path.exists` sees it; anything else is a failure of the file system. */
const NOT_THERE: ReadonlySet<string> = new Set([
  'ENOENT',
  'ENOTDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'EACCES',
  'EPERM',
]);

export interface LocalLimits {
  /** After how long without a single answer a directory counts as gone, in milliseconds. */
  readonly silence: number;
}

/** Those of one call that are below one directory. */
interface Group {
  readonly directory: string;
  /** Paths relative to it, with the numbers under which they were asked for. */
  readonly wanted: readonly (readonly [path: string, number: number])[];
}

export class HostObjects implements LocalObjects {
  /** @param ofThisMachine the kinds of file systems that answer at once, as `statfs` numbers them */
  constructor(
    private readonly limits: LocalLimits = { silence: 10_000 },
    private readonly ofThisMachine: ReadonlySet<number> = OF_THIS_MACHINE,
  ) {}

  async present(directory: string, names: readonly string[], signal?: AbortSignal): Promise<LocalAnswer> {
    signal?.throwIfAborted();
    const silent = { unknown: `${directory} has not answered for ${this.limits.silence / 1000} s` };
    const answers: ObjectAnswer[] = names.map(() => silent);
    const search = new Search(answers, this.ofThisMachine);
    const done = search.run(directory, names);
    // What is left of it when nobody waits any more ends with the last answer.
    done.catch(() => undefined);
    const ended = await this.untilSilent(search, done, signal);
    search.stopped = true;
    signal?.throwIfAborted();
    return { present: [...answers], directory: ended ? await done : 'slow' };
  }

  /** @returns whether it came to its end */
  private untilSilent(search: Search, done: Promise<unknown>, signal?: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let seen = -1;
      const end = (ended: boolean) => {
        clearInterval(timer);
        signal?.removeEventListener('abort', aborted);
        resolve(ended);
      };
      const aborted = () => end(false);
      const timer = setInterval(() => {
        if (search.steps === seen) end(false);
        seen = search.steps;
      }, this.limits.silence);
      signal?.addEventListener('abort', aborted, { once: true });
      done.then(() => end(true), reject);
    });
  }
}

class Search {
  /** How many answers the file system has given. */
  steps = 0;
  stopped = false;
  private readonly gate = new Gate();

  constructor(
    private readonly answers: ObjectAnswer[],
    private readonly ofThisMachine: ReadonlySet<number>,
  ) {}

  async run(directory: string, names: readonly string[]): Promise<LocalAnswer['directory']> {
    const relative: (readonly [string, number])[] = [];
    const absolute: (readonly [string, number])[] = [];
    names.forEach((name, number) => (isAbsolute(name) ? absolute : relative).push([name, number]));
    const listed = await this.list(directory);
    let state: LocalAnswer['directory'];
    if (listed === 'missing' || (Array.isArray(listed) && listed.length === 0)) {
      state = listed === 'missing' ? 'missing' : 'empty';
      for (const [, number] of relative) this.answers[number] = false;
    } else if (Array.isArray(listed)) {
      if (await this.isOfThisMachine(directory)) await this.atOnce(directory, relative);
      else await this.below({ directory, wanted: relative }, listed);
    } else {
      // What may not be listed may still have objects that can be reached by their names.
      if (listed === 'unreadable') state = 'unreadable';
      await this.each(relative.map(([path, number]) => [join(directory, path), number]));
    }
    await this.each(absolute);
    return state;
  }

  private async isOfThisMachine(directory: string): Promise<boolean> {
    const known = await this.gate.pass(() => statfs(directory).catch(() => undefined));
    return known !== undefined && this.ofThisMachine.has(known.type);
  }

  private async atOnce(directory: string, wanted: Group['wanted']): Promise<void> {
    const glance = new Glance();
    const left: (readonly [string, number])[] = [];
    for (let at = 0; at < wanted.length && !this.stopped; at += IN_ONE_GO) {
      for (const [path, number] of wanted.slice(at, at + IN_ONE_GO)) {
        const answer = glance.at(directory, path);
        if (answer === undefined) left.push([join(directory, path), number]);
        else this.answers[number] = answer;
      }
      this.steps++;
      await setImmediate();
    }
    await this.each(left);
  }

  private async below({ directory, wanted }: Group, entries: readonly Dirent[]): Promise<void> {
    const kinds = new Map(entries.map((entry) => [entry.name, entry]));
    const groups = new Map<string, [string, number][]>();
    const single: [string, number][] = [];
    for (const [path, number] of wanted) {
      const at = path.indexOf('/');
      const entry = kinds.get(at < 0 ? path : path.slice(0, at));
      if (!entry) this.answers[number] = false;
      else if (at < 0 && (entry.isFile() || entry.isDirectory())) this.answers[number] = true;
      else if (at < 0) single.push([join(directory, path), number]);
      else {
        const group = groups.get(entry.name);
        if (group) group.push([path.slice(at + 1), number]);
        else groups.set(entry.name, [[path.slice(at + 1), number]]);
      }
    }
    const descend = async ([name, inside]: readonly [string, [string, number][]]) => {
      const path = join(directory, name);
      const listed = inside.length >= WORTH_LISTING ? await this.list(path) : undefined;
      if (Array.isArray(listed)) await this.below({ directory: path, wanted: inside }, listed);
      else await this.each(inside.map(([rest, number]) => [join(path, rest), number]));
    };
    await Promise.all([this.each(single), ...[...groups].map(descend)]);
  }

  private async each(paths: readonly (readonly [string, number])[]): Promise<void> {
    const look = async ([path, number]: readonly [string, number]) => {
      const answer = await this.exists(path);
      if (answer !== undefined) this.answers[number] = answer;
    };
    await Promise.all(paths.map(look));
  }

  /** Undefined: nobody waits for it any more. */
  private exists(path: string): Promise<ObjectAnswer | undefined> {
    return this.gate.pass(async () => {
      if (this.stopped) return undefined;
      try {
        await stat(path);
        return true;
      } catch (error) {
        const { code = 'no reason given' } = error as NodeJS.ErrnoException;
        return NOT_THERE.has(code) ? false : { unknown: `${path} cannot be looked at (${code})` };
      } finally {
        this.steps++;
      }
    });
  }

  private list(path: string): Promise<Dirent[] | 'missing' | 'unreadable' | undefined> {
    return this.gate.pass(async () => {
      if (this.stopped) return undefined;
      try {
        return await readdir(path, { withFileTypes: true });
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
        return code === 'EACCES' || code === 'EPERM' ? 'unreadable' : undefined;
      } finally {
        this.steps++;
      }
    });
  }
}

/** Looks at paths at once, without following any link. */
class Glance {
  /** Of directories on the way. */
  private readonly known = new Map<string, 'there' | 'absent' | 'unclear'>();

  /** Undefined: a link is on the way, or it cannot be told. */
  at(directory: string, path: string): boolean | undefined {
    const slash = path.lastIndexOf('/');
    if (slash > 0) {
      const parent = this.parent(directory, path.slice(0, slash));
      if (parent !== 'there') return parent === 'absent' ? false : undefined;
    }
    const kind = kindOf(`${directory}/${path}`);
    return kind === 'unclear' ? undefined : kind !== 'absent';
  }

  private parent(directory: string, path: string): 'there' | 'absent' | 'unclear' {
    let found = this.known.get(path);
    if (found !== undefined) return found;
    const slash = path.lastIndexOf('/');
    found = slash > 0 ? this.parent(directory, path.slice(0, slash)) : 'there';
    if (found === 'there') {
      const kind = kindOf(`${directory}/${path}`);
      found = kind === 'directory' ? 'there' : kind === 'other' ? 'absent' : kind;
    }
    this.known.set(path, found);
    return found;
  }
}

function kindOf(path: string): 'directory' | 'other' | 'absent' | 'unclear' {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found) return 'absent';
    if (found.isSymbolicLink()) return 'unclear';
    return found.isDirectory() ? 'directory' : 'other';
  } catch {
    return 'unclear';
  }
}

/** Lets a few at a time pass, in order. */
class Gate {
  private free = AT_ONCE;
  private readonly waiting: (() => void)[] = [];

  async pass<T>(step: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await step();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    }
  }
}
