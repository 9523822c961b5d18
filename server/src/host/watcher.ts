/**
 * Tells of changes that other programs make to layers and configuration: another branch checked out, a generator
 * run, a file saved by another editor.
 *
 * Watches what metadata is read from and nothing that BitBake writes; bounded, since a layer may hold anything. A change
 * is told once it has been quiet for a while, after the change: whoever reads a file then reads what is there to stay.
 * Where that is not certain (before everything was watched, when the system may have dropped events, when directories
 * came or went) it says so.
 */
import { type FSWatcher, watch } from 'chokidar';
import { basename, extname, join, relative } from 'node:path';

export interface FileChanges {
  /** Files whose text changed. */
  readonly changed: readonly string[];
  /** Files that came or went. */
  readonly listed: readonly string[];
  /** Others may have changed, too. */
  readonly more: boolean;
}

export interface WatcherOptions {
  readonly buildDir: string;
  readonly layers: readonly string[];
  /** Whether changes of a file that is no metadata are told. */
  readonly isWanted: (path: string) => boolean;
  readonly onChange: (changes: FileChanges) => void;
  /** What keeps it from watching everything; said once. */
  readonly onTrouble: (message: string) => void;
}

const METADATA = new Set(['.bb', '.bbappend', '.bbclass', '.inc', '.conf', '.py']);
const NEVER = new Set(['.git', '.hg', '.svn', 'node_modules', '__pycache__']);
/** Names, within the build directory, of what BitBake writes there. */
const OUTPUTS = /^(tmp|sstate-cache|downloads|cache|buildhistory|deploy|workspace)/;
/** More than the largest public collections of layers hold. */
const MOST_WATCHED = 60_000;
/** A checkout touches many files: they count as one change once it has been quiet for so long. */
const QUIET_MILLISECONDS = 300;
/** Where it never gets quiet, they are told after this. */
const LONGEST_MILLISECONDS = 2_000;
/** The system keeps some 16,000 events that nobody has read yet and drops what comes after them. */
const MANY_EVENTS = 8_000;

export class LayerWatcher {
  private readonly watcher: FSWatcher;
  private readonly changed = new Set<string>();
  private readonly listed = new Set<string>();
  private more = false;
  /** Since changes were last told. */
  private events = 0;
  private timer: NodeJS.Timeout | undefined;
  /** When the first of the changes that wait was noted. */
  private since = 0;
  /** What is watched, and whether it is a file. */
  private readonly seen = new Map<string, boolean>();
  private full = false;

  constructor(private readonly options: WatcherOptions) {
    const roots = [...new Set([join(options.buildDir, 'conf'), ...options.layers])];
    this.watcher = watch(roots, {
      ignoreInitial: true,
      followSymlinks: false,
      ignored: (path, stats) => this.ignores(path, stats?.isFile()),
    });
    this.watcher.on('all', (event, path) => {
      if (event === 'change') this.note(path, this.changed);
      else if (event === 'add' || event === 'unlink') this.note(path, this.listed);
      else this.noteMore();
    });
    // What was read meanwhile may have changed before it was watched.
    this.watcher.on('ready', () => this.noteMore());
    this.watcher.on('raw', (event, name, details) => {
      this.happened(event, name, (details as { readonly watchedPath: string }).watchedPath);
    });
    this.watcher.on('error', (error) => {
      options.onTrouble(`changes outside the editor may go unnoticed: ${String(error)}`);
    });
  }

  /** Single files besides, such as a repository's HEAD. */
  add(paths: readonly string[]): void {
    const fresh = paths.filter((path) => !this.extra.has(path));
    for (const path of fresh) this.extra.add(path);
    if (fresh.length > 0) this.watcher.add(fresh);
  }

  dispose(): Promise<void> {
    clearTimeout(this.timer);
    return this.watcher.close();
  }

  private readonly extra = new Set<string>();

  /**
   * An event as the system tells it. chokidar leaves out what follows closely upon another, what leaves a file the time
   * that it had, and files that are no metadata.
   * @param name of what is in a directory, or of the file itself
   */
  private happened(event: string, name: string | null, watched: string): void {
    if (++this.events === MANY_EVENTS) this.noteMore();
    const isFile = this.seen.get(watched) ?? this.extra.has(watched);
    const path = isFile || !name ? watched : join(watched, name);
    if (this.seen.get(path) ?? this.extra.has(path)) this.note(path, this.changed);
    else if (this.isOther(path)) this.note(path, event === 'rename' ? this.listed : this.changed);
  }

  /** Whether it is a file that is no metadata and that somebody wants to be told of. */
  private isOther(path: string): boolean {
    if (METADATA.has(extname(path)) || this.seen.has(path) || this.isOutput(path)) return false;
    return !path.split('/').some((part) => NEVER.has(part)) && this.options.isWanted(path);
  }

  private ignores(path: string, isFile: boolean | undefined): boolean {
    if (this.extra.has(path)) return false;
    if (NEVER.has(basename(path)) || this.isOutput(path)) return true;
    if (isFile === true && !METADATA.has(extname(path))) return true;
    if (this.seen.has(path)) return false;
    if (this.seen.size >= MOST_WATCHED) {
      if (!this.full) {
        this.options.onTrouble(
          `the layers hold more than ${MOST_WATCHED} files: changes to the rest are noticed only when the server restarts`,
        );
      }
      this.full = true;
      return true;
    }
    // Asked first without, then with knowing what it is; only then it is watched.
    if (isFile !== undefined) this.seen.set(path, isFile);
    return false;
  }

  /** Whether it is in the build directory and not configuration; a layer may hold its own build directory. */
  private isOutput(path: string): boolean {
    const inside = relative(this.options.buildDir, path);
    return !inside.startsWith('..') && OUTPUTS.test(inside);
  }

  private note(path: string, into: Set<string>): void {
    into.add(path);
    this.waitForQuiet();
  }

  private noteMore(): void {
    this.more = true;
    this.waitForQuiet();
  }

  private waitForQuiet(): void {
    const now = performance.now();
    if (this.timer === undefined) this.since = now;
    clearTimeout(this.timer);
    const left = this.since + LONGEST_MILLISECONDS - now;
    this.timer = setTimeout(() => this.tell(), Math.max(0, Math.min(QUIET_MILLISECONDS, left)));
  }

  private tell(): void {
    this.timer = undefined;
    const changes = { changed: [...this.changed], listed: [...this.listed], more: this.more };
    this.changed.clear();
    this.listed.clear();
    this.more = false;
    this.events = 0;
    this.options.onChange(changes);
  }
}
