/**
 * The task graph behind the views: the graph of every recipe (`lsp/collectedRecipes.ts`) with its hashes, and what the
 * present edits change in it.
 *
 * Of recipes without a view of their own an open document's edits are looked into where they are of functions only
 * (`engine/keptRecipes.ts`); the others are counted as unseen.
 */
import { stepByStep } from '../base/turns.ts';
import type { FoldedGraph, RecipeVariants } from '../engine/foldedGraph.ts';
import type { RecipeEvaluation } from '../engine/results.ts';
import type { ObjectVerdict } from '../ide/objectVerdict.ts';
import type { GraphView, RecipeTasks, Rerun, TaskReference } from '../ide/rerun.ts';
import type { View } from '../ide/view.ts';
import type { BitBakeHash, Unknown, VariantSignatures } from '../signature/signatures.ts';
import { collectWhenIdle } from '../host/heapMemory.ts';
import { needing, reachable } from '../taskgraph/chains.ts';
import { recipeLabel } from '../taskgraph/graph.ts';
import type { Build } from './build.ts';
import { BaselineObjects } from './baselineObjects.ts';
import { CollectedRecipes, type CollectingEvents } from './collectedRecipes.ts';
import type { OpenDocuments } from './documents.ts';
import type { ForesightOptions } from './foresight.ts';
import type { FoundObject } from './missingObject.ts';
import { ObjectVerdicts } from './objectVerdicts.ts';
import type { Views } from './views.ts';

export interface TaskGraphEvents extends Omit<CollectingEvents, 'reconfigured'> {
  /** More is known of objects. */
  found(): void;
  /** What had changed on disk was evaluated without being asked for: hashes may be others than those that were shown. */
  refilled(): void;
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

export class LiveTaskGraph implements GraphView {
  private readonly recipes: CollectedRecipes;
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
    this.recipes = new CollectedRecipes(build, documents, views, {
      begin: (total) => events.begin(total),
      log: (message) => events.log(message),
      reconfigured: () => this.forget(),
    });
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
    return this.recipes.isWaiting;
  }

  /** Whether an earlier start has left what is needed of all recipes, as far as some of them tell. */
  isKnown(): Promise<boolean> {
    return this.recipes.isKnown();
  }

  /** Any recipe may be another now than when it was evaluated. */
  everythingChanged(): void {
    this.recipes.everythingChanged();
    this.isOutdated = true;
  }

  /** Nothing is evaluated again before it is known what else has changed. @param told must not fail */
  waitFor(told: Promise<unknown>): void {
    this.told = told;
  }

  /** Files changed on disk. */
  filesChanged(paths: readonly string[]): void {
    const touched = this.recipes.filesChanged(paths);
    this.isOutdated ||= touched;
  }

  private forget(): void {
    this.folded = this.baseline = undefined;
  }

  dispose(): void {
    this.stopped = true;
    this.recipes.dispose();
    this.objects.dispose();
  }

  /** Evaluates what is not known yet and makes the graph. @throws Error where it cannot be made */
  async collect(): Promise<void> {
    do {
      await this.recipes.collect();
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

  /** Brings the graph to the views' present state. @returns once that is done */
  refresh(): Promise<void> {
    this.running = this.running.then(async () => {
      if (!this.recipes.isComplete || this.stopped) return;
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
    if (!this.recipes.isOf(this.build.lastSummary)) {
      this.forget();
      return;
    }
    const views = this.documents.all().flatMap(({ path }) => this.views.get(path) ?? []);
    const known = views.filter(({ current, baseline }) => isWhole(current) && isWhole(baseline));
    const files = new Set(known.map(({ recipe }) => recipe!));
    this.isOutdated = this.recipes.isAnyOutdated(files);
    if (this.isOutdated) {
      void this.refill();
      // What would be folded now would be folded again before anybody is told of it.
      if (this.folded) return;
    }
    if (this.build.hasNewSources) this.forget();
    const { configuration } = this.recipes;
    const shown = known.map(({ current }) => current!);
    const baselines = known.map(({ baseline }) => baseline!);
    /** Nobody waits for a state that is over. */
    const goOn = (): void => {
      if (this.stopped || this.recipes.configuration !== configuration) throw new Superseded();
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
    this.unseen = this.recipes.countEdited(new Set([...files, ...made.keys()]));
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
      this.recipes.paths.flatMap((path) => {
        const variants = shown.get(path) ?? this.recipes.variants(path);
        return variants ? [[path, variants] as const] : [];
      }),
    );
  }

  /** What the edits make of recipes without a view, where that can be told without evaluating these. */
  private async madeAgain(seen: ReadonlySet<string>): Promise<RecipeVariants> {
    const made = new Map<string, readonly VariantSignatures[]>();
    for (const recipe of this.recipes.asBaseline(seen)) {
      const variants = await this.build.made(recipe);
      if (variants) made.set(recipe, variants);
    }
    return made;
  }

  /** Evaluates anew, without being asked, what has changed on disk or is no longer edited. */
  private async refill(): Promise<void> {
    if (this.recipes.isCollecting) return;
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
