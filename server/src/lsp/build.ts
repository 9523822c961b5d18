/**
 * One build directory as the server sees it: `engine/workspace.ts` with every path in its canonical spelling, and
 * the baseline beside it.
 *
 * BitBake spells paths as BBLAYERS does (`build/../meta-sample/…`, through symbolic links), and so do evaluations;
 * an editor has its own spelling. This is the one place that knows both.
 */
import type { Problem } from '../base/problem.ts';
import { inTurns, stepByStep } from '../base/turns.ts';
import { splitWords } from '../base/words.ts';
import { FoldedGraph, type RecipeVariants } from '../engine/foldedGraph.ts';
import { graphConfigurations, knownRecipes, graphMakingOf } from '../engine/taskGraph.ts';
import { equivalenceOf, taskhashSources } from '../engine/taskhashes.ts';
import type { ConfigurationSummary, RecipeEvaluation, VariableInspection } from '../engine/results.ts';
import type { ResultCache } from '../engine/resultCache.ts';
import { candidates } from '../engine/targets.ts';
import { Workspace } from '../engine/workspace.ts';
import type { BuildDirectory } from '../host/buildDirectory.ts';
import { availableParallelism } from 'node:os';
import { connectEvaluator } from '../host/evaluatorConnection.ts';
import { HostFiles } from '../host/files.ts';
import { equivalenceAccess } from '../host/hashEquivalence.ts';
import { type OpenCache, openResultCache } from '../host/resultCache.ts';
import { evaluatorFiles, sqliteFile } from '../host/installation.ts';
import { modified } from '../host/listing.ts';
import { canonicalPath, readSource } from '../host/sources.ts';
import { latestSignatures } from '../host/signatureFiles.ts';
import { IGNORE_VARIABLES } from '../ide/hover.ts';
import { recordedEvaluation } from '../ide/recorded.ts';
import { spokenFor } from '../ide/view.ts';
import { filePattern } from '../metadata/patterns.ts';
import type { SignatureData } from '../signature/sigdata.ts';
import type { Origin, VariantSignatures } from '../signature/signatures.ts';
import { splitVirtual } from '../signature/table.ts';
import { rememberedEquivalence, type RememberedEquivalence } from './equivalence.ts';
import { foresight, type Foresight, type ForeseenBuild, type ForesightOptions } from './foresight.ts';
import { findMissing, type FoundObject } from './missingObject.ts';
import { ObjectAccess } from './objectAccess.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export class Build {
  private readonly cache: OpenCache | undefined;
  private readonly workspace: Workspace;
  private readonly access: ObjectAccess;
  /**
   * A second evaluator with the baseline texts laid over the files: an edited configuration file cannot be put
   * back for one evaluation. Started when the first such edit is seen.
   */
  private baselineWorkspace: Workspace | undefined;
  private baselineTexts = new Map<string, string>();
  /** Texts of open documents, and whether they lie over their files. */
  private readonly told = new Map<string, { readonly text: string; readonly laid: boolean }>();
  private readonly canonicals = new Map<string, string>();
  /** Canonical path -> how BitBake spells it. */
  private readonly spelled = new Map<string, Set<string>>();
  /** Whether evaluations come with what the task graph needs. */
  recipeInfo = false;
  /** What taskhashes are made with besides, as long as no file of it has changed. */
  private sources: ReturnType<typeof taskhashSources> | undefined;
  /** The files that count for taskhashes, as they were read for `sources`. */
  private checksummed:
    { readonly files: HostFiles; readonly digests: ReadonlyMap<string, string> } | undefined;
  private remembered: RememberedEquivalence | undefined;
  private ignoredBy: { readonly values: string; readonly names: Promise<ReadonlySet<string>> } | undefined;
  private read: { readonly raw: ConfigurationSummary; readonly summary: ConfigurationSummary } | undefined;

  constructor(
    readonly directory: BuildDirectory,
    readonly environment: Environment,
    readonly cacheDirectory: string | undefined,
    log: (message: string) => void,
    /** Whose variants speak for recipes; `''`: those of the plain configuration. */
    readonly multiconfig = '',
  ) {
    this.cache =
      cacheDirectory === undefined
        ? undefined
        : openResultCache(directory, evaluatorFiles(), environment, cacheDirectory, log);
    this.workspace = this.start(availableParallelism(), this.cache?.results);
    this.access = new ObjectAccess(this.workspace, environment);
  }

  private start(processes: number, cache?: ResultCache): Workspace {
    const connect = () => connectEvaluator(this.directory, evaluatorFiles(), this.environment);
    const ingredients = cache && this.cache?.ingredients;
    return new Workspace({ processes, connect, cache, rehash: cache !== undefined, ingredients });
  }

  /** The configuration; read again where something that it depends on has changed. */
  async summary(): Promise<ConfigurationSummary> {
    const raw = await this.workspace.summary();
    if (this.read?.raw !== raw) {
      if (this.read?.raw.values !== raw.values) this.sources = undefined;
      this.read = { raw, summary: this.canonicalSummary(raw) };
    }
    return this.read.summary;
  }

  /**
   * An open document's text, which stands for the file until it is taken away with `undefined`. A file that no
   * layer holds, or a recipe that no BBFILES names, is none of BitBake's.
   */
  setText(path: string, text: string | undefined): void {
    const told = this.told.get(path);
    if (told?.text === text) return;
    // Laying a text over a configuration file has all of it read again: not for one that is the same on disk.
    const laid = told?.laid === true || (text !== undefined && text !== readSource(path));
    if (text === undefined) this.told.delete(path);
    else this.told.set(path, { text, laid });
    if (laid) for (const name of this.spellings(path)) this.workspace.setOverlay(name, text);
    // The editor has loaded what another program wrote, before the watcher has told of it.
    else if (told && text !== undefined) this.tellOfChanges(this.spellings(path));
  }

  private tellOfChanges(names: readonly string[]): void {
    this.workspace.filesChanged(names);
    this.baselineWorkspace?.filesChanged(names);
  }

  /** Files changed on disk. @param listed whether files came or went */
  filesChanged(paths: readonly string[], listed: boolean): void {
    if (listed) this.canonicals.clear();
    const changed = paths.filter((path) => {
      const told = this.told.get(path);
      if (told?.laid === false) this.told.delete(path);
      // A document that was saved is known already.
      return listed || !(told?.laid && told.text === readSource(path));
    });
    const names = changed.flatMap((path) => {
      // A recipe by a name that BitBake does not have it by would count as a new one.
      const known = /\.bb(append)?$/.test(path) ? this.spelled.get(path) : undefined;
      return known ? [...known] : [...new Set([path, ...this.spellings(path, true)])];
    });
    // Files of SRC_URI, taints.
    if (names.some((name) => !isMetadata(name))) this.sources = undefined;
    this.tellOfChanges(names);
  }

  /**
   * Looks again at all files that were read, where some may have changed without anybody's having told.
   * @returns those that are others now; evaluators are told
   */
  async recheck(): Promise<string[]> {
    const checksummed = await inTurns(this.checksummed?.files.lookAgain() ?? []);
    const baseline = (await this.baselineWorkspace?.recheck()) ?? [];
    const found = new Set([...(await this.workspace.recheck()), ...baseline, ...checksummed]);
    if (found.size === 0) return [];
    this.sources = undefined;
    this.canonicals.clear();
    return [...new Set([...found].map((path) => this.canonicalOf(path)))];
  }

  /** Whether the checksum of a file that is no metadata counts for a taskhash. */
  isChecksummed(path: string): boolean {
    return this.spellings(path, true).some((name) => this.checksummed?.digests.has(name));
  }

  /** The hashes of a recipe as an earlier start computed them, where they would be the same now. */
  async known(recipe: string): Promise<RecipeEvaluation | undefined> {
    const found = await this.workspace.known(this.recipeName(recipe));
    return found && this.canonical(found);
  }

  /** The hashes of a recipe as edits of functions leave them, where that can be told without evaluating it. */
  async made(recipe: string): Promise<readonly VariantSignatures[] | undefined> {
    return (await this.workspace.made(this.recipeName(recipe)))?.variants;
  }

  async evaluate(recipe: string): Promise<RecipeEvaluation> {
    const { recipeInfo } = this;
    return this.canonical(await this.workspace.evaluate(this.recipeName(recipe), undefined, { recipeInfo }));
  }

  /** How many evaluators there are at most. The views are made by the first. */
  get evaluators(): number {
    return this.workspace.processes;
  }

  /** What the task graph needs of a recipe, and no more. */
  async evaluateForGraph(recipe: string, evaluator: number): Promise<RecipeEvaluation> {
    return this.canonical(await this.workspace.evaluateLight(evaluator, this.recipeName(recipe)));
  }

  /** Keeps what hashes are made of for the next start. @param idle resolves when there is time for some of it */
  keepIngredients(idle: () => Promise<void>): Promise<void> {
    return this.workspace.keepIngredients(idle);
  }

  /** Ends the evaluators that are not needed for views. */
  releaseEvaluators(): void {
    this.workspace.release(1);
  }

  /**
   * The graph of world, of all images and of some more recipes.
   * @param recipes all there are
   * @param files the recipe files that are to be in it where that is possible
   * @param goOn is called now and then; what it throws ends the work
   * @throws Error where no hashes can be made of it
   */
  async fold(recipes: RecipeVariants, files: ReadonlySet<string>, goOn: () => void): Promise<FoldedGraph> {
    await this.summary();
    const known = knownRecipes([...recipes.values()].flat(), await graphConfigurations(this.workspace));
    const wanted = known.recipes.infos
      .filter(({ mcfn, inherits }) => inherits.includes('image') || files.has(this.pathOf(mcfn)))
      .map(({ multiconfig, pn }) => (multiconfig ? `mc:${multiconfig}:${pn}` : pn));
    const targets = [...new Set(['world', ...wanted])];
    const making = await graphMakingOf(targets, known, this.workspace, { goOn });
    this.sources ??= this.taskhashSources();
    return await stepByStep(FoldedGraph.of(making, recipes, await this.sources), goOn);
  }

  private async taskhashSources(): ReturnType<typeof taskhashSources> {
    const { raw } = this.read!;
    const files = new HostFiles(this.directory.roots);
    const below = (paths: readonly string[]) => new HostFiles(paths);
    const sources = await taskhashSources(this.workspace, raw, { files, below });
    this.checksummed = { files, digests: sources.digests };
    const settings = await equivalenceOf(this.workspace, raw, files, sources.settings.handler);
    const remembered = await rememberedEquivalence(settings, equivalenceAccess(sqliteFile()), stateOf);
    this.remembered = remembered;
    return remembered ? { ...sources, unihash: (query) => remembered.unihash(query) } : sources;
  }

  /** What the graph's hashes know of hash equivalence; undefined: there is none. */
  get equivalence(): RememberedEquivalence | undefined {
    return this.remembered;
  }

  /**
   * What BitBake would do for targets, with the objects that are there.
   * @param recipes all there are
   * @throws Error where no hashes can be made; the signal's reason when it is aborted
   */
  async foresee(
    targets: readonly string[],
    recipes: RecipeVariants,
    options: ForesightOptions,
  ): Promise<Foresight> {
    return foresight(targets, await this.inOrder(recipes), await this.foreseen(), options);
  }

  /**
   * Why the object of a task is missing.
   * @param recipes all there are
   * @throws as `findMissing`
   */
  async whyMissing(
    target: string,
    recipes: RecipeVariants,
    options: Pick<ForesightOptions, 'servers' | 'signal'>,
  ): Promise<FoundObject> {
    const evaluate = (mcfn: string) => this.evaluate(this.pathOf(mcfn));
    return findMissing(target, await this.inOrder(recipes), await this.foreseen(), evaluate, options);
  }

  /** The variants of recipes in the order of recipe files. */
  async inOrder(recipes: RecipeVariants): Promise<VariantSignatures[]> {
    const { recipes: paths } = await this.summary();
    return paths.flatMap(({ path }) => recipes.get(path) ?? []);
  }

  /** What objects are looked for with. */
  async foreseen(): Promise<ForeseenBuild> {
    await this.summary();
    const { workspace, access } = this;
    // New ones are not kept here: that there are none is what tells of graphs that are outdated.
    const sources = await (this.sources ?? this.taskhashSources());
    return { workspace, summary: this.read!.raw, sources, access };
  }

  /** The configuration as it was last read; does not wait for the evaluator. */
  get lastSummary(): ConfigurationSummary | undefined {
    return this.read?.summary;
  }

  /** Whether graphs that were made are outdated, as far as files that are no metadata go, and what BitBake remembers. */
  get hasNewSources(): boolean {
    const { remembered } = this;
    if (remembered && !remembered.isCurrent()) this.sources = undefined;
    return this.sources === undefined;
  }

  /** The file of a virtual file name. */
  pathOf(mcfn: string): string {
    return this.canonicalOf(splitVirtual(mcfn).path);
  }

  /**
   * A recipe with other texts of files than those at hand.
   * @param texts where one of them takes part in the configuration, those of all open documents
   * @param configuration whether one of them does
   */
  async evaluateWith(
    recipe: string,
    texts: ReadonlyMap<string, string>,
    configuration: boolean,
  ): Promise<RecipeEvaluation> {
    const overlays = new Map(
      [...texts].flatMap(([path, text]) => this.spellings(path).map((name) => [name, text] as const)),
    );
    const name = this.recipeName(recipe);
    const { recipeInfo } = this;
    if (!configuration) return this.canonical(await this.workspace.evaluate(name, overlays, { recipeInfo }));
    const baseline = (this.baselineWorkspace ??= this.start(1));
    for (const known of this.baselineTexts.keys()) {
      if (!overlays.has(known)) baseline.setOverlay(known, undefined);
    }
    for (const [path, text] of overlays) baseline.setOverlay(path, text);
    this.baselineTexts = overlays;
    return this.canonical(await baseline.evaluate(name, undefined, { recipeInfo }));
  }

  /**
   * The same build directory with other texts laid over files, evaluated by itself and kept nowhere. Has to be disposed
   * of.
   */
  aside(texts: ReadonlyMap<string, string>): Build {
    const { directory, environment, multiconfig } = this;
    const other = new Build(directory, environment, undefined, () => undefined, multiconfig);
    for (const [path, text] of texts)
      for (const name of this.spellings(path)) other.workspace.setOverlay(name, text);
    return other;
  }

  /** Where variables of the recipe with a PN are set now, latest first; empty unless exactly one recipe has it. */
  async originsOf(pn: string, names: readonly string[]): Promise<ReadonlyMap<string, readonly Origin[]>> {
    const found: { readonly path: string; readonly mcfn: string }[] = [];
    for (const path of candidates(pn, await this.summary())) {
      const { variants } = await this.evaluate(path);
      const variant = variants.find((known) => known.pn === pn && known.skipped === undefined);
      if (variant) found.push({ path, mcfn: variant.mcfn });
    }
    const [only, ...others] = found;
    const origins = new Map<string, readonly Origin[]>();
    if (!only || others.length > 0) return origins;
    for (const name of names) {
      const inspection = await this.inspect(only.path, only.mcfn, name);
      if (inspection) origins.set(name, inspection.origins);
    }
    return origins;
  }

  /** Ends the second evaluator where no edited document needs it any more. */
  releaseBaseline(): void {
    this.baselineWorkspace?.dispose();
    this.baselineWorkspace = undefined;
    this.baselineTexts.clear();
  }

  async inspect(recipe: string, mcfn: string, name: string): Promise<VariableInspection | undefined> {
    const found = await this.workspace.inspect(this.recipeName(recipe), mcfn, name);
    if (!found) return undefined;
    const canonical = (origins: readonly Origin[]) => origins.map((origin) => this.canonicalOrigin(origin));
    const flags = Object.entries(found.flagOrigins).map(([flag, origins]) => [flag, canonical(origins)]);
    return {
      ...found,
      origins: canonical(found.origins),
      flagOrigins: Object.fromEntries(flags) as VariableInspection['flagOrigins'],
    };
  }

  /** A recipe as the last build hashed it, by the signature data that BitBake left beside its stamps. */
  async recorded(recipe: string, current: RecipeEvaluation): Promise<RecipeEvaluation> {
    const recorded = new Map<string, SignatureData[]>();
    for (const { mcfn, skipped } of current.variants) {
      if (skipped !== undefined) continue;
      const stamp = (await this.workspace.inspect(this.recipeName(recipe), mcfn, 'STAMP'))?.expanded;
      if (stamp?.startsWith('/')) recorded.set(mcfn, latestSignatures(stamp));
    }
    return recordedEvaluation(current, recorded);
  }

  /**
   * Whether BitBake would find a recipe or an append of this path in a layer (BBFILES). @param layer its canonical
   * path
   */
  async isNamed(path: string, layer: string): Promise<boolean> {
    const raw = this.read?.raw.layers.find((known) => this.canonicalOf(known.path) === layer);
    if (!raw) return false;
    const name = `${raw.path}${path.slice(layer.length)}`.split('/');
    const [values] = await this.workspace.configurationValues(['BBFILES'], []);
    return splitWords(values?.values['BBFILES'] ?? '').some((pattern) => {
      const parts = pattern.split('/');
      return parts.length === name.length && parts.every((part, at) => filePattern(part).test(name[at]!));
    });
  }

  /** What is doubtful about the hashes of a recipe. */
  async advise(recipe: string): Promise<readonly Problem[]> {
    const problems = await this.workspace.advise(this.recipeName(recipe));
    return problems.map((problem) => ({ ...problem, path: this.canonicalOf(problem.path) }));
  }

  /** What the configuration keeps out of hashes. */
  async ignored(): Promise<ReadonlySet<string>> {
    const { values } = await this.summary();
    if (this.ignoredBy?.values !== values) {
      const names = this.workspace
        .configurationValues(IGNORE_VARIABLES, [])
        .then(([plain]) => new Set(Object.values(plain?.values ?? {}).flatMap(splitWords)));
      this.ignoredBy = { values, names };
      names.catch(() => (this.ignoredBy = undefined));
    }
    return this.ignoredBy.names;
  }

  dispose(): void {
    this.workspace.dispose();
    this.access.dispose();
    void this.cache?.close();
    this.releaseBaseline();
  }

  /** How BitBake spells a path, in all the ways that are known. */
  private spellings(path: string, changed = false): string[] {
    const known = this.spelled.get(path);
    if (known) return [...known];
    // A recipe that was not found is found only when it is there: its file has changed, not its text.
    if (/\.bb(append)?$/.test(path) && !changed) return [];
    for (const layer of this.read?.raw.layers ?? []) {
      const root = this.canonicalOf(layer.path);
      if (layer.path !== '' && path.startsWith(`${root}/`))
        return [`${layer.path}${path.slice(root.length)}`];
    }
    const inside = this.directory.roots.some((root) => path.startsWith(`${root}/`));
    return inside ? [path] : [];
  }

  private recipeName(recipe: string): string {
    const [name = recipe] = this.spelled.get(recipe) ?? [];
    return name;
  }

  private canonicalOf(path: string): string {
    let canonical = this.canonicals.get(path);
    if (canonical === undefined) {
      canonical = path.startsWith('/') ? canonicalPath(path) : path;
      this.canonicals.set(path, canonical);
    }
    return canonical;
  }

  private learn(path: string): string {
    const canonical = this.canonicalOf(path);
    const names = this.spelled.get(canonical);
    if (names) names.add(path);
    else this.spelled.set(canonical, new Set([path]));
    return canonical;
  }

  private canonicalSummary(summary: ConfigurationSummary): ConfigurationSummary {
    this.spelled.clear();
    return {
      ...summary,
      layers: summary.layers.map((layer) => ({ ...layer, path: this.canonicalOf(layer.path) })),
      recipes: summary.recipes.map(({ path, appends }) => ({
        path: this.learn(path),
        appends: appends.map((append) => this.learn(append)),
      })),
      problems: summary.problems.map((problem) => ({ ...problem, path: this.canonicalOf(problem.path) })),
    };
  }

  private canonical(evaluated: RecipeEvaluation): RecipeEvaluation {
    const evaluation = spokenFor(evaluated, this.multiconfig);
    const origins = new Map(
      [...evaluation.origins].map(([name, places]) => [
        name,
        places.map((place) => this.canonicalOrigin(place)),
      ]),
    );
    return {
      ...evaluation,
      path: this.canonicalOf(evaluation.path),
      files: evaluation.files.map((file) => ({ ...file, path: this.learn(file.path) })),
      problems: evaluation.problems.map((problem) => ({ ...problem, path: this.canonicalOf(problem.path) })),
      origins,
    };
  }

  private canonicalOrigin(origin: Origin): Origin {
    const path = this.canonicalOf(origin.path);
    return path === origin.path ? origin : { ...origin, path };
  }
}

/** When a file was last written; undefined: it is not there, or cannot be looked at. */
function stateOf(path: string): number | undefined {
  try {
    return modified(path);
  } catch {
    return undefined;
  }
}

function isMetadata(path: string): boolean {
  return /\.(bb|bbappend|bbclass|inc|conf)$/.test(path);
}
