/**
 * What the requests of one client are answered from: its open documents, the build directory they belong to, and
 * the views of them. Knows the client only through `SessionEvents`.
 */
import type { Problem } from '../base/problem.ts';
import type { ConfigurationSummary, VariableInspection } from '../engine/results.ts';
import { machinesOf, openBuildDirectory } from '../host/buildDirectory.ts';
import { GitTexts } from '../host/git.ts';
import { readSource } from '../host/sources.ts';
import { editsNote } from '../ide/editsNote.ts';
import type { SeverityOf } from '../ide/findings.ts';
import type { GraphView } from '../ide/rerun.ts';
import type { Outcome } from '../ide/fixes/effect.ts';
import type { Known as KnownVariables } from '../ide/fixes/fix.ts';
import { type Failure, plainVariant, takesPart, targetOf, type Trees, type View } from '../ide/view.ts';
import { BUILT_IN_VERSION, releaseOf } from '../metadata/release.ts';
import type { SyntaxTraits } from '../syntax/statements.ts';
import type { SyntaxTree } from '../syntax/tree.ts';
import { type BaselineChoice, BASELINES, BaselineTexts } from './baseline.ts';
import { Build, type Environment } from './build.ts';
import { Diagnostics, type Published } from './diagnostics.ts';
import { DiskChanges } from './diskChanges.ts';
import { type OpenDocument, OpenDocuments } from './documents.ts';
import { OwnFiles } from './ownFiles.ts';
import { configured, loading, type Status, unreadable } from './status.ts';
import { ObjectLooks } from './objectLooks.ts';
import type { ObjectsMode, TaskGraphMode } from './settings.ts';
import type { Progress } from './collectedRecipes.ts';
import { LiveTaskGraph } from './taskGraph.ts';
import { Views, type ViewsEvents } from './views.ts';

/** In this time what is found of objects is gathered before it is shown. */
const TOGETHER_MILLISECONDS = 250;

export interface SessionEvents {
  status(status: Status): void;
  publish(diagnostics: Published): void;
  /** Lenses that were shown may be others now. */
  refresh(): void;
  log(message: string): void;
  /** All recipes are going to be evaluated. */
  collecting(total: number): Promise<Progress>;
}

/** A document with all that a request about it needs. */
export interface Known {
  readonly document: OpenDocument;
  readonly tree: SyntaxTree;
  readonly view: View;
}

export class Session {
  private readonly git = new GitTexts();
  private readonly baselines = new BaselineTexts(this.git);
  readonly documents = new OpenDocuments(this.baselines);
  private readonly diagnostics: Diagnostics;
  private build: Build | undefined;
  private views: Views | undefined;
  private live: LiveTaskGraph | undefined;
  private looks: ObjectLooks | undefined;
  private objectsMode: ObjectsMode = 'off';
  /** The task graph that was asked for once. */
  private wanted: LiveTaskGraph | undefined;
  private mode: TaskGraphMode = 'off';
  /** Resolves when the task graph is that of the views, and told. */
  private refolded: Promise<void> = Promise.resolve();
  private disk: DiskChanges | undefined;
  private summary: ConfigurationSummary | undefined;
  private traits: SyntaxTraits = releaseOf(BUILT_IN_VERSION).syntax;
  /** Whether lenses were given that do not yet belong to the present texts. */
  private owed = false;
  private findings: NodeJS.Timeout | undefined;
  /** What the edits do to hashes, as the status says it. */
  private edits: string | undefined;
  /** What the last status said, so that it is not said again. */
  private said = '';

  constructor(
    private readonly events: SessionEvents,
    hasRelated: boolean,
    private readonly folders: readonly string[] = [],
  ) {
    this.diagnostics = new Diagnostics(this.documents, () => this.traits, hasRelated);
  }

  /** The tree of any file that a view may refer to. */
  readonly trees: Trees = (path) => this.documents.tree(path, this.traits);

  /** What reads and evaluates the build directory; undefined where none is open. */
  get evaluates(): Build | undefined {
    return this.build;
  }

  get buildDir(): string | undefined {
    return this.build?.directory.path;
  }

  /** The build directory that is read. */
  get opened(): Build | undefined {
    return this.build;
  }

  log(message: string): void {
    this.events.log(message);
  }

  /** Reads a build directory instead of the one before; reads its configuration in the background. */
  open(
    path: string,
    bitbakeDir: string | undefined,
    environment: Environment,
    mode: TaskGraphMode = 'off',
    cacheDirectory?: string,
    multiconfig?: string,
  ): void {
    this.close();
    this.mode = mode;
    const directory = openBuildDirectory(path, bitbakeDir);
    const log = (message: string) => this.events.log(message);
    this.build = new Build(directory, environment, cacheDirectory, log, multiconfig);
    const events: ViewsEvents = {
      configured: (summary) => this.configured(summary),
      previewed: () => {
        this.publish();
        if (this.owed) this.events.refresh();
      },
      underWay: (summary) => this.disk?.watch(summary),
      computed: () => this.publish(),
      settled: (different) => this.viewsSettled(different),
      advised: () => this.publish(),
      failed: (error) => this.events.log(describe(error)),
    };
    const isRecorded = () => this.baselines.kind === 'lastBuild';
    this.views = new Views(this.build, this.documents, events, isRecorded);
    if (mode !== 'off') {
      this.live = new LiveTaskGraph(this.build, this.documents, this.views, {
        begin: (total) => this.events.collecting(total),
        log,
        found: () => this.objectsFound(),
        refilled: () => this.tellSettled(true),
      });
      this.looks = new ObjectLooks(this.live, () => this.objectsMode, log);
    }
    const { build, documents, views, live, git } = this;
    // A layer may be named now that lies where nothing could be read so far.
    const reopen = () => {
      if (openBuildDirectory(path, bitbakeDir).roots.join('\n') === directory.roots.join('\n')) return false;
      this.open(path, bitbakeDir, environment, mode, cacheDirectory, multiconfig);
      return true;
    };
    this.disk = new DiskChanges({ build, documents, views, live, git, log, reopen });
    void this.disk.readBaselines(documents.all().map(({ path }) => path));
    this.say(loading(directory.path));
    this.views.schedule(0);
  }

  /** Forgets the build directory; the documents stay. */
  close(): void {
    this.looks?.dispose();
    this.live?.dispose();
    this.views?.dispose();
    this.build?.dispose();
    this.disk?.dispose();
    this.live = this.looks = undefined;
    clearTimeout(this.findings);
    this.findings = undefined;
    this.views = this.build = this.disk = this.summary = undefined;
  }

  private viewsSettled(different: boolean): void {
    const { live } = this;
    if (!live?.graph) {
      this.tellSettled(different);
      if (!live) return;
      this.refolded = live.refresh().then(() => {
        // It may be back after an edit had made it impossible.
        if (live.graph && this.live === live) {
          this.tellSettled(true);
        }
        void this.collectUnasked(live);
      });
      return;
    }
    const had = live.graph;
    const { outdated } = live;
    this.refolded = live.refresh().then(() => {
      different ||= live.graph !== had || outdated || live.outdated;
      if (this.live === live) this.tellSettled(different);
      void this.collectUnasked(live);
    });
  }

  /** @param different whether lenses that were shown may be others now */
  private tellSettled(different: boolean): void {
    this.publish();
    this.edits = this.editsNote();
    if (this.summary) this.sayConfigured(this.summary);
    if (different || this.owed) this.events.refresh();
    this.owed = false;
    this.lookForObjects();
  }

  // The task graph

  /** What the task graph adds to a view, where there is one. */
  graphOf(view: View): GraphView | undefined {
    return this.live?.of(view);
  }

  /** What a hover says where there is no task graph yet, or none of the present state of the files. */
  get graphHint(): string | undefined {
    if (this.live?.graph && this.live.outdated)
      return 'Taskhashes: recipes that have changed on disk are not evaluated yet.';
    if (this.live?.isFolding) return 'Taskhashes: the task graph is being made.';
    return this.live && !this.live.graph
      ? 'Taskhashes: run *sstate Lens: Compute Task Graph*, which evaluates every recipe once.'
      : undefined;
  }

  /** The task graph, after evaluating all recipes where that has not been done. @throws Error */
  async taskGraph(): Promise<LiveTaskGraph> {
    const { live } = this;
    if (!live) {
      const why = this.build ? 'it is turned off by sstateLens.taskGraph' : 'there is no build directory';
      throw new Error(`no task graph: ${why}`);
    }
    this.wanted = live;
    const had = live.graph;
    await live.collect();
    if (live.graph !== had && this.live === live) {
      this.publish();
      this.events.refresh();
      this.lookForObjects();
    }
    return live;
  }

  /** Without being asked: only what the settings allow. */
  private lookForObjects(): void {
    const shown = this.openViews().filter((view) => this.graphOf(view));
    this.looks?.schedule(shown.flatMap(({ current }) => targetOf(plainVariant(current)) ?? []));
  }

  /** How objects are looked for without being asked. */
  setObjectsMode(mode: ObjectsMode): void {
    if (this.objectsMode === mode) return;
    this.objectsMode = mode;
    this.lookForObjects();
  }

  /** Many are found in a moment: they are shown together. */
  private objectsFound(): void {
    this.findings ??= setTimeout(() => {
      this.findings = undefined;
      this.publish();
      this.events.refresh();
    }, TOGETHER_MILLISECONDS);
  }

  /** In the background, once the open documents have their hashes. */
  private async collectUnasked(live: LiveTaskGraph): Promise<void> {
    const isDue = () =>
      // Of a configuration that BitBake would refuse no hash is known.
      this.live === live &&
      live.isWaiting &&
      this.documents.all().length > 0 &&
      this.summary?.refused === undefined;
    try {
      if (!isDue()) return;
      // What is there from an earlier start, or was asked for before, need not be asked for again.
      const isWanted = this.mode === 'background' || this.wanted === live || (await live.isKnown());
      if (isWanted && isDue()) await this.taskGraph();
    } catch (error) {
      if (this.live === live) this.events.log((error as Error).message);
    }
  }

  // Documents

  /** A document was opened or edited. */
  update(document: Parameters<OpenDocuments['set']>[0], text: string, opened: boolean): void {
    const path = this.documents.set(document, text);
    if (path === undefined) return;
    // Opening a file shows what there is already.
    if (opened && text === readSource(path)) this.views?.schedule(0);
    else this.views?.textChanged(path);
    if (opened) void this.disk?.readBaselines([path]);
  }

  closeDocument(uri: string): void {
    const document = this.documents.byUri(uri);
    const path = this.documents.close(uri);
    if (path === undefined || !document) return;
    if (this.diagnostics.closed(uri)) this.events.publish({ uri, version: 0, diagnostics: [] });
    this.build?.setText(path, undefined);
    if (this.documents.edited().length === 0) this.build?.releaseBaseline();
    this.views?.closed(path);
    // From now on it counts as it is on disk.
    const disk = readSource(path);
    if (document.baseline !== disk) this.views?.baselineChanged(path);
    if (document.text !== disk) this.views?.textChanged(path);
  }

  /**
   * A document in its present state; waits until that has been computed.
   * @param milliseconds for how long it waits for taskhashes
   */
  async settled(uri: string, milliseconds?: number): Promise<Known | undefined> {
    await this.views?.settled();
    if (milliseconds === undefined) await this.refolded;
    else await isLate(this.refolded, milliseconds);
    return this.known(uri);
  }

  /**
   * As `settled`, but waits no longer than a moment: then it is what was known before, and `refresh` follows. An
   * editor that has to wait for lenses asks less and less often for them.
   */
  async soon(uri: string, milliseconds: number): Promise<Known | undefined> {
    const path = this.documents.byUri(uri)?.path;
    const isNew = path !== undefined && !this.views?.get(path);
    const settled = this.views?.settled().then(() => this.refolded);
    const isOwed = isLate(settled, milliseconds);
    const shown = isNew ? [this.views?.shown(path).then(() => true)] : [];
    if (await Promise.race([isOwed, ...shown])) this.owed = true;
    return this.known(uri);
  }

  private known(uri: string): Known | undefined {
    const document = this.documents.byUri(uri);
    const view = document && this.views?.get(document.path);
    const tree = document && this.trees(document.path);
    return view && tree && { document, tree, view };
  }

  /** The views of all open documents in their present state. */
  async settledViews(): Promise<View[]> {
    await this.views?.settled();
    await this.refolded;
    return this.openViews();
  }

  /** The final value of a variable of the view's recipe. */
  async inspect(
    view: View,
    name: string,
  ): Promise<{ inspection: VariableInspection; ignored: ReadonlySet<string> } | undefined> {
    const variant = plainVariant(view.current);
    if (!this.build || !variant || view.recipe === undefined) return undefined;
    const inspection = await this.build.inspect(view.recipe, variant.mcfn, name);
    if (!inspection) return undefined;
    return { inspection, ignored: await this.build.ignored() };
  }

  // Quick fixes

  /** What is known of variables of the view's recipe. */
  async lookUp({ recipe, current }: View, names: readonly string[]): Promise<KnownVariables> {
    const variables = new Map<string, VariableInspection>();
    const variant = plainVariant(current);
    if (!this.build || !variant || recipe === undefined) return { variables, ignored: new Set() };
    for (const name of names) {
      const found = await this.build.inspect(recipe, variant.mcfn, name);
      if (found) variables.set(name, found);
    }
    return { variables, ignored: await this.build.ignored() };
  }

  /** The view's recipe as it would be with another text of a file that takes part. */
  async evaluateWith({ recipe, current }: View, path: string, text: string): Promise<Outcome> {
    if (!this.build || recipe === undefined || !current) return { unknown: 'there is no evaluation' };
    const configuration = takesPart(path, current)?.role === 'configuration';
    const others = configuration ? this.documents.all() : [];
    const texts = new Map([...others.map((other) => [other.path, other.text] as const), [path, text]]);
    try {
      return await this.build.evaluateWith(recipe, texts, configuration);
    } catch (error) {
      return { unknown: error instanceof Error ? error.message : String(error) };
    }
  }

  /** How files are read. */
  get syntax(): SyntaxTraits {
    return this.traits;
  }

  /** The appends of a recipe, in BitBake's order. */
  appendsOf(recipe: string): readonly string[] {
    return this.summary?.recipes.find(({ path }) => path === recipe)?.appends ?? [];
  }

  /** Which files of the user's own may say something of a recipe. */
  ownFiles(): OwnFiles | undefined {
    return this.build && this.summary && new OwnFiles(this.build, this.summary, this.folders, this.git);
  }

  // What happens outside

  private configured(summary: ConfigurationSummary | Failure): void {
    if ('message' in summary) return this.say(unreadable(summary.message));
    if (this.summary !== summary) {
      this.summary = summary;
      this.traits = releaseOf(summary.bitbakeVersion).syntax;
      for (const problem of summary.problems) this.events.log(describeProblem(problem));
    }
    this.sayConfigured(summary);
  }

  private sayConfigured(summary: ConfigurationSummary): void {
    const compared = `Edits are compared with ${BASELINES[this.baselines.kind]}`;
    this.say(configured(summary, compared, this.edits, this.build?.multiconfig));
  }

  /** What the edits of all open documents do to hashes, in a few words. */
  private editsNote(): string | undefined {
    if (this.documents.edited().length === 0) return undefined;
    const views = this.openViews();
    return editsNote(views, views.map((view) => this.graphOf(view)?.rerun()).find(Boolean));
  }

  /** MACHINE, and what it may be. */
  get machines(): { machine: string | undefined; machines: readonly string[] } {
    const { machine, layers = [] } = this.summary ?? {};
    return { machine, machines: machinesOf(layers.map(({ path }) => path)) };
  }

  /** MACHINE as the configuration has it, once that has been read. */
  async readMachine(): Promise<string | undefined> {
    return (await this.build?.summary().catch(() => undefined))?.machine;
  }

  /** Compares with something else from now on. */
  async compareWith(choice: BaselineChoice): Promise<void> {
    this.baselines.choose(choice, this.documents.all());
    await this.disk?.readBaselines(this.documents.all().map(({ path }) => path));
    this.views?.baselinesChanged();
  }

  /** How grave edits are that change hashes; undefined: they are not told of. */
  setSeverity(severityOf: SeverityOf | undefined): void {
    this.diagnostics.severityOf = severityOf;
    this.publish();
  }

  private openViews(): View[] {
    return this.documents.all().flatMap(({ path }) => this.views?.get(path) ?? []);
  }

  private publish(): void {
    const views = this.openViews();
    const problems = this.summary?.problems ?? [];
    const graphOf = (view: View) => this.graphOf(view);
    for (const published of this.diagnostics.update(views, problems, graphOf)) {
      this.events.publish(published);
    }
  }

  say(status: Status): void {
    const text = JSON.stringify(status);
    if (text === this.said) return;
    this.said = text;
    this.events.status(status);
  }
}

/** Whether work takes longer than that; waits for no more than that. */
async function isLate(work: Promise<void> | undefined, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<true>((resolve) => (timer = setTimeout(() => resolve(true), milliseconds)));
  try {
    return (await Promise.race([work, late])) === true;
  } finally {
    clearTimeout(timer);
  }
}

function describeProblem({ path, range, severity, message }: Problem): string {
  const line = range ? `:${range.start.line + 1}` : '';
  return `${path}${line}: ${severity}: ${message}`;
}

function describe(error: unknown): string {
  return `this is a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
