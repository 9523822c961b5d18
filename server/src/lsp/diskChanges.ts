/**
 * What follows from a change of files on disk, of one build: evaluators are told, views and task graph are outdated,
 * baselines are read anew. Nothing that is shown rests on a text that is not there any more, whoever replaced it.
 *
 * Files that are no metadata count where a recipe may use them: in the directory of a recipe or of an append to it and
 * below, and wherever a file lies whose checksum has entered a taskhash.
 */
import type { ConfigurationSummary } from '../engine/results.ts';
import type { GitTexts } from '../host/git.ts';
import { canonicalPath } from '../host/sources.ts';
import { type FileChanges, LayerWatcher } from '../host/watcher.ts';
import { withAncestors } from '../inputs/reads.ts';
import type { Build } from './build.ts';
import type { OpenDocuments } from './documents.ts';
import type { LiveTaskGraph } from './taskGraph.ts';
import type { Views } from './views.ts';

/** What a change on disk has an effect on. */
export interface Affected {
  readonly build: Build;
  readonly documents: OpenDocuments;
  readonly views: Views;
  readonly live: LiveTaskGraph | undefined;
  readonly git: GitTexts;
  readonly log: (message: string) => void;
  /** Reads the build directory from the start on where other places than before belong to it. @returns whether */
  readonly reopen: () => boolean;
}

export class DiskChanges {
  private watcher: LayerWatcher | undefined;
  private summary: ConfigurationSummary | undefined;
  /** Those that are watched. */
  private layers = '';
  /** Directory -> the recipes whose file, or an append to it, is there. */
  private recipes = new Map<string, Set<string>>();
  private stopped = false;

  constructor(private readonly affected: Affected) {}

  /** Watches the layers of a configuration; what changed since it was read is found once they are watched. */
  watch(summary: ConfigurationSummary): void {
    if (this.stopped || this.summary === summary) return;
    this.summary = summary;
    const { layers, recipes } = summary;
    this.recipes = new Map();
    for (const { path, appends } of recipes) {
      for (const file of [path, ...appends]) {
        const directory = file.slice(0, file.lastIndexOf('/'));
        this.recipes.set(directory, (this.recipes.get(directory) ?? new Set()).add(path));
      }
    }
    const paths = layers.map(({ path }) => path).filter((path) => path !== '');
    if (this.watcher && this.layers === paths.join('\n')) return;
    void this.watcher?.dispose();
    this.layers = paths.join('\n');
    const { build, documents, log } = this.affected;
    this.watcher = new LayerWatcher({
      buildDir: build.directory.path,
      layers: paths,
      isWanted: (path) => this.recipesBeside([path]).length > 0 || build.isChecksummed(path),
      onChange: (changes) => {
        this.filesChanged(changes).catch((error: unknown) => {
          if (this.stopped) return;
          log(`error: changes on disk count only after a restart of the language server: ${String(error)}`);
        });
      },
      onTrouble: log,
    });
    // Metadata asks where layers and the build directory stand, whatever document is open.
    const asked = [build.directory.path, ...paths].map((path) => `${path}/`);
    for (const path of [...asked, ...documents.all().map(({ path }) => path)]) void this.watchHead(path);
  }

  dispose(): void {
    this.stopped = true;
    void this.watcher?.dispose();
  }

  private async watchHead(path: string): Promise<void> {
    const head = await this.affected.git.head(path.slice(0, path.lastIndexOf('/')));
    if (head && !this.stopped) this.watcher?.add(head.watched);
  }

  /** Recipes that may use files, by where these are. */
  private recipesBeside(paths: readonly string[]): string[] {
    return paths.flatMap(withAncestors).flatMap((directory) => [...(this.recipes.get(directory) ?? [])]);
  }

  private async filesChanged({ changed, listed, more }: FileChanges): Promise<void> {
    const { build, documents, views, git } = this.affected;
    const isGit = (path: string) => /\/(logs\/)?HEAD$/.test(path);
    const isCommit = [...changed, ...listed].some(isGit);
    if (isCommit) git.forget();
    const files = (paths: readonly string[]) => paths.filter((path) => !isGit(path)).map(canonicalPath);
    const [texts, names] = [files(changed), files(listed)];
    build.filesChanged(texts, false);
    if (names.length > 0) build.filesChanged(names, true);
    const conf = `${build.directory.path}/conf/`;
    if ([...texts, ...names].some((path) => path.startsWith(conf)) && this.affected.reopen()) return;
    this.outdate([...texts, ...names], names.length > 0);
    for (const path of texts) {
      views.textChanged(path);
      if (!documents.get(path)) views.baselineChanged(path);
    }
    // A commit changes every baseline, saving that of a file that is not yet in git.
    void this.readBaselines(documents.all().map(({ path }) => path));
    // Where the repository stands may have been asked for, in files that nobody watches.
    if (!more && !isCommit) return;
    const checked = this.recheck();
    this.affected.live?.waitFor(checked.catch(() => undefined));
    await checked;
  }

  /** Looks at all that was read: not every change may have been told. */
  private async recheck(): Promise<void> {
    const { build, documents } = this.affected;
    const found = await build.recheck();
    if (this.stopped || found.length === 0) return;
    this.affected.live?.everythingChanged();
    this.outdate(found, true);
    await this.readBaselines(documents.all().map(({ path }) => path));
  }

  /** @param everything whether any recipe may find other files than before */
  private outdate(paths: readonly string[], everything: boolean): void {
    const { documents, views, live } = this.affected;
    for (const path of paths) documents.fileChanged(path);
    const others = paths.filter((path) => !isMetadata(path));
    live?.filesChanged([...paths, ...this.recipesBeside(others)]);
    if (everything || others.length > 0) views.everythingChanged();
  }

  /** Asks what documents are compared with, which may be another text now. */
  async readBaselines(paths: readonly string[]): Promise<void> {
    const { documents, views } = this.affected;
    for (const path of paths) {
      const before = documents.get(path)?.baseline;
      if (!(await documents.readBaseline(path))) continue;
      const document = documents.get(path);
      // One that is as it was on disk so far changes nothing.
      if (before !== undefined || document?.text !== document?.baseline) views.baselineChanged(path);
      await this.watchHead(path);
    }
  }
}

function isMetadata(path: string): boolean {
  return /\.(bb|bbappend|bbclass|inc|conf|py)$/.test(path);
}
