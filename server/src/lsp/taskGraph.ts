/**
 * The task graph behind the views: every recipe evaluated in the background, the graph with its hashes, and what the
 * present edits change in it.
 *
 * The recipes are evaluated by as many evaluators as there are processors, the first of which makes the views, too:
 * before each recipe it waits until every view is up to date, so an edit waits for one recipe at most. What is known
 * from an earlier start is not evaluated again. What was evaluated stays until one of its files changes. Of recipes
 * without a view of their own an open document's edits are looked into where they are of functions only
 * (`engine/keptRecipes.ts`); the others are counted as unseen.
 */
import { stepByStep } from '../base/turns.ts';
import { EvaluatorStopped } from '../engine/protocol.ts';
import type { FoldedGraph, RecipeVariants } from '../engine/foldedGraph.ts';
import type { ConfigurationSummary, RecipeEvaluation } from '../engine/results.ts';
import type { ObjectVerdict } from '../ide/objectVerdict.ts';
import type { GraphView, RecipeTasks, Rerun, TaskReference } from '../ide/rerun.ts';
import type { View } from '../ide/view.ts';
import type { BitBakeHash, Unknown, VariantSignatures } from '../signature/signatures.ts';
import { collectWhenIdle } from '../host/heapMemory.ts';
import { readSource } from '../host/sources.ts';
import { needing, reachable } from '../taskgraph/chains.ts';
import { recipeLabel } from '../taskgraph/graph.ts';
import type { Build } from './build.ts';
import { BaselineObjects } from './baselineObjects.ts';
import type { OpenDocuments } from './documents.ts';
import type { ForesightOptions } from './foresight.ts';
import type { FoundObject } from './missingObject.ts';
import { ObjectVerdicts } from './objectVerdicts.ts';
import type { Views } from './views.ts';

/** How the collecting of recipes is told of. */
export interface Progress {
  /** @param path the recipe that was done last */
  report(done: number, total: number, path: string): void;
  end(): void;
  readonly cancelled: boolean;
}

export interface TaskGraphEvents {
  begin(total: number): Promise<Progress>;
  /** Something that could not be done, in words. */
  log(message: string): void;
  /** More is known of objects. */
  found(): void;
  /** What had changed on disk was evaluated without being asked for: hashes may be others than those that were shown. */
  refilled(): void;
}

interface Entry {
  readonly variants: readonly VariantSignatures[];
  readonly files: readonly string[];
  /** Counts changes on disk. */
  readonly stamp: number;
  /** Of its files those that were being edited, with their text. */
  readonly edited: ReadonlyMap<string, string>;
}

/** What a graph was being made of is not the present state any more. */
class Superseded extends Error {}

/** What the baseline's graph said. */
interface Baseline {
  readonly recipes: RecipeVariants;
  readonly keys: ReadonlyMap<string, string>;
  /** Of the tasks of views: `MCFN do_x`. */
  readonly taskhashes: ReadonlyMap<string, BitBakeHash | Unknown>;
  readonly objects: BaselineObjects;
}

/** Another evaluator reads the configuration first: for how many recipes that is worth while. */
const FEWEST_RECIPES = 20;
/** With so many variants a recipe takes so long that no view should wait for it, nor all others be done before it. */
const MANY_VARIANTS = 20;
/** How many recipes are looked up to find out whether all are known. */
const MOST_TRIED = 8;

export class LiveTaskGraph implements GraphView {
  private readonly entries = new Map<string, Entry>();
  private readonly changes = new Map<string, number>();
  private stamp = 0;
  /** When something changed that any recipe may depend on. */
  private everything = 0;
  private summary: ConfigurationSummary | undefined;
  private collecting: Promise<void> | undefined;
  private collected = false;
  private refused = false;
  private folded: FoldedGraph | undefined;
  private baseline: Baseline | undefined;
  /** The evaluations of the views that `folded` belongs to. */
  private shown = new Set<RecipeEvaluation>();
  private unseen = 0;
  private changed: ReadonlySet<number> = new Set();
  private running: Promise<void> = Promise.resolve();
  private stopped = false;
  private isOutdated = false;
  private folding = false;
  /** Whether that was given up last time, for a state that is newer. */
  private isSuperseded = false;
  /** Resolves when it is known what else has changed. */
  private told: Promise<unknown> = Promise.resolve();
  /** What was found out about objects, where that was asked for. */
  readonly objects: ObjectVerdicts;

  constructor(
    private readonly build: Build,
    private readonly documents: OpenDocuments,
    private readonly views: Views,
    private readonly events: TaskGraphEvents,
  ) {
    this.objects = new ObjectVerdicts(build, () => events.found());
  }

  /** The graph as it was last folded; undefined until there is one. */
  get graph(): FoldedGraph | undefined {
    return this.folded;
  }

  /** Whether a recipe without a view may be another now: taskhashes would be those of a state that never was. */
  get outdated(): boolean {
    return this.isOutdated;
  }

  /** Whether it is being brought to another state at the moment. */
  get isFolding(): boolean {
    return this.folding;
  }

  /** What it adds to a view; undefined where it does not belong to the view's present state. */
  of(view: View): GraphView | undefined {
    return this.folded && !this.isOutdated && view.current && this.shown.has(view.current) ? this : undefined;
  }

  /** Whether recipes could be collected that are not, and were not left out on purpose. */
  get isWaiting(): boolean {
    return !this.collected && !this.collecting && !this.refused;
  }

  /** Any recipe may be another now than when it was evaluated. */
  everythingChanged(): void {
    this.everything = ++this.stamp;
    this.isOutdated = true;
  }

  /** Nothing is evaluated again before it is known what else has changed. @param told must not fail */
  waitFor(told: Promise<unknown>): void {
    this.told = told;
  }

  /** Files changed on disk. */
  filesChanged(paths: readonly string[]): void {
    this.stamp++;
    for (const path of paths) this.changes.set(path, this.stamp);
    const changed = new Set(paths);
    this.isOutdated ||= [...this.entries.values()].some(({ files }) =>
      files.some((file) => changed.has(file)),
    );
  }

  dispose(): void {
    this.stopped = true;
    this.objects.dispose();
  }

  /** Evaluates what is not known yet and makes the graph. @throws Error where it cannot be made */
  async collect(): Promise<void> {
    do {
      this.collecting ??= this.everyRecipe().finally(() => (this.collecting = undefined));
      await this.collecting;
      await this.views.settled();
      await this.refresh();
    } while (this.isSuperseded && !this.stopped);
    if (!this.folded) throw new Error('no task graph could be made: the reason is in the log');
    void this.keepIngredients();
  }

  /** For the next start, a little at a time. */
  private async keepIngredients(): Promise<void> {
    const idle = async () => {
      await this.views.settled();
      if (this.stopped) throw new Error('the build directory is closed');
    };
    await this.build.keepIngredients(idle).catch((error: unknown) => {
      if (!this.stopped) this.events.log(`nothing is kept for edits after the next start: ${String(error)}`);
    });
    collectWhenIdle();
  }

  private async everyRecipe(): Promise<void> {
    if (!this.build.recipeInfo) {
      this.build.recipeInfo = true;
      // What views have been made of lacks what the graph needs.
      this.views.everythingChanged();
    }
    await this.views.settled();
    let missing = await this.missing();
    if (missing.length === 0) {
      this.collected = true;
      return;
    }
    const progress = await this.events.begin(missing.length);
    let total = missing.length;
    let done = 0;
    let ended = false;
    const work = async (evaluator: number): Promise<void> => {
      const next = () => this.next(missing, evaluator > 0);
      for (let path = next(); path !== undefined; path = next()) {
        // The views have the first evaluator, and come first.
        if (evaluator === 0) await this.views.settled();
        this.refused = progress.cancelled;
        if (this.stopped || this.refused) throw new Error('collecting the recipes was cancelled');
        const { summary } = this;
        const entry = (await this.build.summary()) === summary && (await this.entry(path, evaluator));
        if (entry && this.summary === summary) {
          this.entries.set(path, entry);
          if (!ended) progress.report(++done, total, path);
        } else if (this.summary === summary) {
          missing = await this.missing();
          total = missing.length;
          done = 0;
        }
      }
    };
    try {
      const count = Math.min(this.build.evaluators, Math.ceil(missing.length / FEWEST_RECIPES));
      const evaluators = Array.from({ length: count }, (_, evaluator) => evaluator);
      // While the others evaluate, what comes next for them is looked up.
      await Promise.all([...evaluators, ...evaluators.slice(1)].map(work));
      this.collected = true;
    } finally {
      // One that is left behind by a cancellation has nothing more to tell or to do.
      ended = true;
      missing = [];
      progress.end();
      this.build.releaseEvaluators();
    }
  }

  /** Takes out a recipe. @param large whether one that was large when it was last evaluated is to be preferred, or left */
  private next(missing: string[], large: boolean): string | undefined {
    const isLarge = (path: string) => (this.entries.get(path)?.variants.length ?? 0) >= MANY_VARIANTS;
    const at = missing.findIndex((path) => isLarge(path) === large);
    return missing.splice(Math.max(at, 0), 1)[0];
  }

  /** Whether an earlier start has left what is needed of all recipes, as far as some of them tell. */
  async isKnown(): Promise<boolean> {
    const { recipes } = await this.build.summary();
    const step = Math.max(1, Math.floor(recipes.length / MOST_TRIED));
    for (let at = 0; at < recipes.length; at += step) {
      const known = await this.build.known(recipes[at]!.path);
      if (!known || !known.variants.every(({ recipe, failed }) => recipe ?? failed)) return false;
    }
    return recipes.length > 0;
  }

  /** The recipes of which there is no valid entry. */
  private async missing(): Promise<string[]> {
    const summary = await this.build.summary();
    if (summary !== this.summary) {
      // The same variables: only what is appended to a recipe may be different.
      const same = summary.identity === this.summary?.identity ? appendsOf(this.summary) : undefined;
      const now = appendsOf(summary);
      for (const path of this.entries.keys()) {
        if (!same || same.get(path) !== now.get(path)) this.entries.delete(path);
      }
      this.summary = summary;
      this.folded = this.baseline = undefined;
      this.collected = false;
    }
    return summary.recipes.map(({ path }) => path).filter((path) => this.isMissing(path));
  }

  private async entry(path: string, evaluator: number): Promise<Entry> {
    const { stamp } = this;
    const texts = this.editedTexts();
    try {
      const { variants, files } = await this.build.evaluateForGraph(path, evaluator);
      const paths = files.map((file) => file.path);
      const edited = new Map([...texts].filter(([name]) => paths.includes(name)));
      return { variants, files: paths, stamp, edited };
    } catch (error) {
      if (!(error instanceof EvaluatorStopped)) throw error;
      this.events.log(`${path}: error: ${error.message}`);
      return { variants: [], files: [path], stamp, edited: texts };
    }
  }

  /** Whether a recipe is to be evaluated: never yet, or not since a file changed that is not being edited. */
  private isMissing(path: string): boolean {
    const entry = this.entries.get(path);
    if (!entry) return true;
    const { files, stamp, edited } = entry;
    const now = this.editedTexts();
    // Each keystroke would be a reason to do it again.
    if (files.some((name) => now.has(name))) return false;
    if (stamp < this.everything) return true;
    return files.some((name) => edited.has(name) || (this.changes.get(name) ?? 0) > stamp);
  }

  private editedTexts(): ReadonlyMap<string, string> {
    return new Map(this.documents.edited().map(({ path, text }) => [path, text]));
  }

  /** Brings the graph to the views' present state. @returns once that is done */
  refresh(): Promise<void> {
    this.running = this.running.then(async () => {
      if (!this.collected || this.stopped) return;
      this.folding = true;
      this.isSuperseded = false;
      try {
        await this.update();
      } catch (error) {
        this.isSuperseded = error instanceof Superseded;
        if (this.isSuperseded) return;
        this.folded = undefined;
        if (!this.stopped) this.events.log(`no taskhashes can be computed: ${(error as Error).message}`);
      } finally {
        this.folding = false;
      }
    });
    return this.running;
  }

  private async update(): Promise<void> {
    const { lastSummary } = this.build;
    if (lastSummary?.values !== this.summary?.values) {
      // Another configuration: all recipes are to be asked again.
      this.collected = false;
      this.folded = this.baseline = undefined;
      return;
    }
    this.summary = lastSummary;
    const views = this.documents.all().flatMap(({ path }) => this.views.get(path) ?? []);
    const known = views.filter(({ current, baseline }) => isWhole(current) && isWhole(baseline));
    const files = new Set(known.map(({ recipe }) => recipe!));
    this.isOutdated = [...this.entries.keys()].some((path) => !files.has(path) && this.isMissing(path));
    if (this.isOutdated) {
      void this.refill();
      // What would be folded now would be folded again before anybody is told of it.
      if (this.folded) return;
    }
    if (this.build.hasNewSources) this.folded = this.baseline = undefined;
    const { summary } = this;
    const shown = known.map(({ current }) => current!);
    const baselines = known.map(({ baseline }) => baseline!);
    /** Nobody waits for a state that is over. */
    const goOn = (): void => {
      if (this.stopped || this.summary !== summary) throw new Superseded();
    };
    const goOnWithEdits = (): void => {
      goOn();
      if (known.some(({ path }, at) => this.views.get(path)?.current !== shown[at])) throw new Superseded();
    };
    const made = await this.madeAgain(files);
    goOnWithEdits();
    const before = this.all(known, baselines);
    const now = new Map([...this.all(known, shown), ...made]);
    let { folded, baseline } = this;
    if (!baseline || !sameRecipes(before, baseline.recipes)) {
      const told = folded?.recipes;
      // Edits leave it as it is.
      if (!told || !folded?.take(before)) folded = await this.foldedAnew(folded, before, files, goOn);
      baseline = this.baselineOf(folded, baselines);
      // What is being shown stays what it is until there is something else to show.
      if (told && folded === this.folded) folded.take(told);
      goOn();
      this.baseline = baseline;
    }
    if (!folded?.take(now)) folded = await this.foldedAnew(folded, now, files, goOnWithEdits);
    goOn();
    this.folded = folded;
    this.changed = new Set(folded.changedSince(baseline.keys));
    this.shown = new Set(shown);
    this.unseen = this.unseenRecipes(new Set([...files, ...made.keys()]));
  }

  /** @param folded what it may be made of */
  private async foldedAnew(
    folded: FoldedGraph | undefined,
    recipes: RecipeVariants,
    files: ReadonlySet<string>,
    goOn: () => void,
  ): Promise<FoldedGraph> {
    const remade = folded && (await stepByStep(folded.remade(recipes), goOn));
    return remade ?? this.build.fold(recipes, files, goOn);
  }

  /** @param folded as it is for the baseline @param evaluations of views */
  private baselineOf(folded: FoldedGraph, evaluations: readonly RecipeEvaluation[]): Baseline {
    const taskhashes = new Map<string, BitBakeHash | Unknown>();
    for (const { mcfn, tasks } of evaluations.flatMap(({ variants }) => variants)) {
      for (const { task } of tasks) taskhashes.set(`${mcfn} ${task}`, taskhashIn(folded, { mcfn, task }));
    }
    const objects = new BaselineObjects(folded, this.build);
    return { recipes: folded.recipes, keys: folded.keys(), taskhashes, objects };
  }

  /** All recipes in the order of recipe files, which decides between equals; those of views as these have them. */
  private all(views: readonly View[], evaluations: readonly RecipeEvaluation[]): RecipeVariants {
    const shown = new Map(views.map(({ recipe }, at) => [recipe, evaluations[at]!.variants]));
    return new Map(
      (this.summary?.recipes ?? []).flatMap(({ path }) => {
        const variants = shown.get(path) ?? this.entries.get(path)?.variants;
        return variants ? [[path, variants] as const] : [];
      }),
    );
  }

  /**
   * What the edits make of recipes without a view, where that can be told without evaluating these: those that were
   * evaluated with the texts that the edits are compared with.
   */
  private async madeAgain(seen: ReadonlySet<string>): Promise<RecipeVariants> {
    const made = new Map<string, readonly VariantSignatures[]>();
    const edited = this.documents.edited();
    const onDisk = new Set(
      edited.filter(({ path, baseline }) => readSource(path) === baseline).map(({ path }) => path),
    );
    for (const [recipe, entry] of this.entries) {
      const own = edited.filter(({ path }) => entry.files.includes(path));
      const isBaseline = ({ path }: { readonly path: string }) =>
        onDisk.has(path) && !entry.edited.has(path) && (this.changes.get(path) ?? 0) <= entry.stamp;
      if (seen.has(recipe) || own.length === 0 || !own.every(isBaseline)) continue;
      const variants = await this.build.made(recipe);
      if (variants) made.set(recipe, variants);
    }
    return made;
  }

  /** How many recipes an edited file takes part in, without those that are seen. */
  private unseenRecipes(seen: ReadonlySet<string>): number {
    const edited = this.documents.edited().map(({ path }) => path);
    if (edited.length === 0) return 0;
    return [...this.entries].filter(
      ([path, { files }]) => !seen.has(path) && edited.some((name) => files.includes(name)),
    ).length;
  }

  /** Evaluates anew, without being asked, what has changed on disk or is no longer edited. */
  private async refill(): Promise<void> {
    if (this.collecting) return;
    try {
      await this.views.settled();
      await this.told;
      await this.collect();
      if (!this.stopped) this.events.refilled();
    } catch (error) {
      if (!this.stopped) this.events.log(`the task graph is not up to date: ${(error as Error).message}`);
    }
  }

  // What it says

  get equivalenceNote(): string | undefined {
    return this.build.equivalence?.note;
  }

  taskhash(of: TaskReference): BitBakeHash | Unknown {
    return taskhashIn(this.folded!, of);
  }

  previousTaskhash({ mcfn, task }: TaskReference): BitBakeHash | undefined {
    const before = this.baseline?.taskhashes.get(`${mcfn} ${task}`);
    return typeof before === 'string' && before !== this.taskhash({ mcfn, task }) ? before : undefined;
  }

  rerun(starts?: readonly TaskReference[]): Rerun {
    let tasks = [...this.changed];
    if (starts) {
      const reached = this.reached(starts);
      tasks = tasks.filter((task) => reached.has(task));
    }
    const objects = this.baseline?.objects.count(tasks.map((task) => this.nameOf(task)));
    return { recipes: this.grouped(tasks), unseen: this.unseen, ...(objects && { objects }) };
  }

  /**
   * Looks for the objects that the present edits give up.
   * @returns what is wrong on the way, in sentences
   */
  async lookBefore(options: Pick<ForesightOptions, 'servers' | 'signal'>): Promise<readonly string[]> {
    const { baseline } = this;
    const names = [...this.changed].map((task) => this.nameOf(task));
    const problems = (await baseline?.objects.look(names, options)) ?? [];
    if (names.length > 0 && baseline === this.baseline) this.events.found();
    return problems;
  }

  /** `MCFN do_x`. */
  private nameOf(task: number): string {
    const { recipes, recipeOf, names, nameOf } = this.folded!.graph;
    return `${recipes[recipeOf[task]!]!.mcfn} ${names[nameOf[task]!]!}`;
  }

  dependents(of: readonly TaskReference[]): RecipeTasks[] {
    return this.grouped([...this.reached(of)]);
  }

  private reached(starts: readonly TaskReference[]): Set<number> {
    const { hashes, graph } = this.folded!;
    const from = starts.flatMap(({ mcfn, task }) => this.folded!.task(mcfn, task) ?? []);
    const next = (task: number) => hashes.countedDependents(task);
    return new Set([...from, ...reachable(from, next, graph.recipeOf.length)]);
  }

  objectVerdict(of: TaskReference): ObjectVerdict | undefined {
    return this.objects.of(of, this.folded!);
  }

  /** Why the object of a task is missing, such as `zlib:do_package`. @throws as `Build.whyMissing` */
  whyMissing(target: string, options: Pick<ForesightOptions, 'servers' | 'signal'>): Promise<FoundObject> {
    return this.build.whyMissing(target, this.folded!.recipes, options);
  }

  /** All that needs a task, directly or not, whether its taskhash counts there or not. */
  needing(task: number): RecipeTasks[] {
    const { graph } = this.folded!;
    return this.grouped(reachable([task], needing(graph), graph.recipeOf.length));
  }

  /** The tasks that the present edits make run again. */
  get changedTasks(): ReadonlySet<number> {
    return this.changed;
  }

  /** The recipe file of a task. */
  pathOf(task: number): string {
    const { recipes, recipeOf } = this.folded!.graph;
    return this.fileOf(recipes[recipeOf[task]!]!.mcfn);
  }

  /** The recipe file of a virtual file name. */
  fileOf(mcfn: string): string {
    return this.build.pathOf(mcfn);
  }

  /** Tasks by recipe, those with the most first. */
  private grouped(tasks: readonly number[]): RecipeTasks[] {
    const { recipes, recipeOf, names, nameOf } = this.folded!.graph;
    const byRecipe = new Map<number, string[]>();
    for (const task of tasks) {
      const known = byRecipe.get(recipeOf[task]!);
      if (known) known.push(names[nameOf[task]!]!);
      else byRecipe.set(recipeOf[task]!, [names[nameOf[task]!]!]);
    }
    return [...byRecipe]
      .map(([number, names]) => {
        const recipe = recipes[number]!;
        return { recipe: recipeLabel(recipe), path: this.build.pathOf(recipe.mcfn), tasks: names };
      })
      .sort((a, b) => b.tasks.length - a.tasks.length || (a.recipe < b.recipe ? -1 : 1));
  }
}

function taskhashIn(folded: FoldedGraph, { mcfn, task }: TaskReference): BitBakeHash | Unknown {
  const number = folded.task(mcfn, task);
  if (number === undefined) return { unknown: 'nothing in world or an image needs the task' };
  return folded.hashes.taskhash(number);
}

function appendsOf({ recipes }: ConfigurationSummary): Map<string, string> {
  return new Map(recipes.map(({ path, appends }) => [path, appends.join('\n')]));
}

/** Whether every variant could be evaluated, with what the graph needs. */
function isWhole(evaluation: RecipeEvaluation | undefined): boolean {
  return (
    evaluation !== undefined &&
    evaluation.variants.length > 0 &&
    evaluation.variants.every(({ recipe, failed }) => recipe !== undefined && failed === undefined)
  );
}

function sameRecipes(a: RecipeVariants, b: RecipeVariants): boolean {
  return a.size === b.size && [...a].every(([path, variants]) => b.get(path) === variants);
}
