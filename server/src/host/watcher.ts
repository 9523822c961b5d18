/**
 * Tells of changes that other programs make to layers and configuration: another branch checked out, a generator
 * run, a file saved by another editor.
 *
 * Watches what metadata is read from and nothing that BitBake writes; bounded, since a layer may hold anything.
 */
import { type FSWatcher, watch } from 'chokidar';
import { basename, extname, join, relative } from 'node:path';

export interface FileChanges {
  /** Files whose text changed. */
  readonly changed: readonly string[];
  /** Files that came or went. */
  readonly listed: readonly string[];
}

export interface WatcherOptions {
  readonly buildDir: string;
  readonly layers: readonly string[];
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

export class LayerWatcher {
  private readonly watcher: FSWatcher;
  private readonly changed = new Set<string>();
  private readonly listed = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  /** When the first of the changes that wait was noted. */
  private since = 0;
  private readonly seen = new Set<string>();
  private full = false;

  constructor(private readonly options: WatcherOptions) {
    const roots = [...new Set([join(options.buildDir, 'conf'), ...options.layers])];
    this.watcher = watch(roots, {
      ignoreInitial: true,
      followSymlinks: false,
      ignored: (path, stats) => this.ignores(path, stats?.isFile()),
    });
    this.watcher.on('all', (event, path) => {
      if (event === 'change') this.note(this.changed, path);
      else if (event === 'add' || event === 'unlink') this.note(this.listed, path);
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
    if (isFile !== undefined) this.seen.add(path);
    return false;
  }

  /** Whether it is in the build directory and not configuration; a layer may hold its own build directory. */
  private isOutput(path: string): boolean {
    const inside = relative(this.options.buildDir, path);
    return !inside.startsWith('..') && OUTPUTS.test(inside);
  }

  private note(into: Set<string>, path: string): void {
    into.add(path);
    const now = performance.now();
    if (this.timer === undefined) this.since = now;
    clearTimeout(this.timer);
    const left = this.since + LONGEST_MILLISECONDS - now;
    this.timer = setTimeout(() => this.tell(), Math.max(0, Math.min(QUIET_MILLISECONDS, left)));
  }

  private tell(): void {
    this.timer = undefined;
    const changes = { changed: [...this.changed], listed: [...this.listed] };
    this.changed.clear();
    this.listed.clear();
    this.options.onChange(changes);
  }
}
