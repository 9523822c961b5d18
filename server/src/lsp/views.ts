/**
 * The views of all open documents, kept up to date: evaluated again when something that took part has changed, and
 * only then.
 *
 * A recomputation is one pass over the open documents, those last worked on first. It begins with each keystroke where
 * the last one was quick, else when typing pauses, and is left as soon as something changes again: the latest edit wins, and nobody is told of results that it outdated.
 */
import type { Problem } from '../base/problem.ts';
import { keepLast } from '../base/recent.ts';
import type { ConfigurationSummary, RecipeEvaluation } from '../engine/results.ts';
import { EvaluatorStopped } from '../engine/protocol.ts';
import { readSourceLater } from '../host/sources.ts';
import { applicability, likelyUsers, mentions } from '../ide/applicability.ts';
import { type Failure, takesPart, type View } from '../ide/view.ts';
import { significantText } from '../syntax/significance.ts';
import type { Build } from './build.ts';
import type { OpenDocument, OpenDocuments } from './documents.ts';

/** How long typing must pause before anything is computed. */
const PAUSE_MILLISECONDS = 150;
/** What took no longer than this is computed at each keystroke: it is done before the next. */
const QUICK_MILLISECONDS = 100;
/** Keystrokes and changes that come in one go count as one. */
const MOMENT_MILLISECONDS = 1;
/** How long nothing must have been asked for before advice is: it can wait. */
const ADVICE_MILLISECONDS = 100;
/** How many recipes are evaluated, and how many searched, to find one that uses a class or included file. */
const MOST_TRIED = 6;
const MOST_SEARCHED = 5_000;
/** How many evaluations are kept. */
const MOST_KEPT = 16;

export interface ViewsEvents {
  /** The configuration as a pass found it; a failure where it could not be read. */
  configured(summary: ConfigurationSummary | Failure): void;
  /** There are views of what was known before. */
  previewed(): void;
  /** All that can be shown at once is shown: what takes long may begin. */
  underWay(summary: ConfigurationSummary): void;
  /** A document's view was computed; it may be the same as before, of another text. */
  computed(view: View): void;
  /** A pass is at its end, nothing is left to do. `different`: whether any view is another. */
  settled(different: boolean): void;
  /** What is doubtful about hashes that were computed before. */
  advised(): void;
  /** A bug of ours, told once for each. */
  failed(error: unknown): void;
}

/** An evaluation, or why there is none, with the state of the world that it belongs to. */
interface Kept {
  readonly result: RecipeEvaluation | Failure;
  readonly stamp: number;
}

export class Views {
  private readonly views = new Map<string, View>();
  private readonly evaluations = new Map<string, Kept>();
  private readonly baselines = new Map<string, Kept>();
  /** Document -> the recipe that was found to use it; undefined: none was. */
  private readonly users = new Map<string, { readonly recipe: string | undefined; readonly stamp: number }>();
  /** Counts every change there ever was. */
  private stamp = 1;
  /** When a file's text last changed, and when the baseline's text of it did. */
  private readonly changes = new Map<string, number>();
  private readonly baselineChanges = new Map<string, number>();
  /** What open documents say, each statement on its line. */
  private readonly said = new Map<string, string>();
  /** When something changed that any evaluation may depend on. */
  private everything = 1;
  private readonly advice = new WeakMap<RecipeEvaluation, readonly Problem[]>();
  private timer: NodeJS.Timeout | undefined;
  private adviceTimer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private waiting: (() => void)[] = [];
  private readonly previews: (() => void)[] = [];
  private stopped = false;
  /** How long the last pass took that was not left, in milliseconds. */
  private took = Infinity;
  /** A pass waits for the one that is running. */
  private queued = false;
  private pending = false;

  constructor(
    private readonly build: Build,
    private readonly documents: OpenDocuments,
    private readonly events: ViewsEvents,
    /** Whether the baseline is what the last build recorded, whatever the texts of documents are. */
    private readonly isRecorded: () => boolean,
  ) {}

  /** The view of a document as last computed. */
  get(path: string): View | undefined {
    return this.views.get(path);
  }

  /** Resolves when every view is that of its document's present state. */
  settled(): Promise<void> {
    return this.isPending() ? new Promise((resolve) => this.waiting.push(resolve)) : Promise.resolve();
  }

  /** A document was opened, edited or closed, or its file changed on disk. */
  textChanged(path: string): void {
    this.stamp++;
    // A comment is no reason to evaluate anything.
    if (this.saysSomethingElse(path)) this.changes.set(path, this.stamp);
    this.schedule(this.took <= QUICK_MILLISECONDS ? MOMENT_MILLISECONDS : PAUSE_MILLISECONDS);
  }

  /** Whether an open document's text, its comments apart, is another than when it was last asked, or on other lines. */
  private saysSomethingElse(path: string): boolean {
    const text = this.documents.get(path)?.text;
    const said = text === undefined ? undefined : significantText(text, true);
    const before = this.said.get(path);
    if (said === undefined) this.said.delete(path);
    else this.said.set(path, said);
    return said === undefined || said !== before;
  }

  /** All that was compared with counts no more. */
  baselinesChanged(): void {
    this.baselines.clear();
    this.schedule(0);
  }

  baselineChanged(path: string): void {
    this.baselineChanges.set(path, ++this.stamp);
    this.schedule(0);
  }

  /** Files came or went: any evaluation may find others than before. */
  everythingChanged(): void {
    this.everything = ++this.stamp;
    this.schedule(PAUSE_MILLISECONDS);
  }

  closed(path: string): void {
    this.said.delete(path);
    this.views.delete(path);
    this.users.delete(path);
  }

  /** Computes what is outdated, after a pause. */
  schedule(milliseconds: number): void {
    if (this.stopped) return;
    clearTimeout(this.timer);
    clearTimeout(this.adviceTimer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.queued = true;
      this.running = this.running.then(() => this.pass());
    }, milliseconds);
  }

  dispose(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.adviceTimer);
    this.timer = undefined;
    this.release();
  }

  private isPending(): boolean {
    return !this.stopped && (this.timer !== undefined || this.queued || this.pending);
  }

  private release(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  private async pass(): Promise<void> {
    this.queued = false;
    this.pending = true;
    const { stamp } = this;
    const current = () => !this.stopped && this.stamp === stamp;
    const start = performance.now();
    let different = false;
    try {
      const summary = await this.configuration();
      if (!current()) return;
      this.events.configured(summary);
      if (!('message' in summary)) {
        await this.preview(summary, current);
        this.events.underWay(summary);
      }
      if (!current()) return;
      for (const document of this.documents.all()) {
        const view = await this.viewOf(document, summary, current);
        if (!view || !current()) return;
        different ||= !sameView(view, this.views.get(document.path));
        this.views.set(document.path, view);
        this.events.computed(view);
      }
      this.took = performance.now() - start;
    } catch (error) {
      // Disposed of in the middle of a request.
      if (!this.stopped) this.events.failed(error);
    } finally {
      this.pending = false;
      // A change in the meantime has set the timer: those who wait wait on.
      if (!this.isPending()) {
        this.release();
        if (!this.stopped) {
          this.events.settled(different);
          this.adviceTimer = setTimeout(() => void this.advise(), ADVICE_MILLISECONDS);
        }
      }
    }
  }

  /** Shows of documents without a view the hashes that are known from before: what they are made of comes later. */
  private async preview(summary: ConfigurationSummary, current: () => boolean): Promise<void> {
    let shown = false;
    for (const { path } of this.documents.all()) {
      const [recipe] = this.views.has(path) ? [] : applicability(path, summary).recipes;
      const known = recipe === undefined ? undefined : await this.build.known(recipe);
      if (!current()) return;
      if (recipe === undefined || !known) continue;
      const isEdited = this.documents.edited().some((document) => takesPart(document.path, known));
      const baseline = isEdited ? undefined : known;
      this.views.set(path, { path, recipe, current: known, baseline, failure: undefined, advice: [] });
      shown = true;
    }
    if (!shown) return;
    for (const resolve of this.previews.splice(0)) resolve();
    this.events.previewed();
  }

  /** Resolves when there is something to be shown of a document, if only what was known before. */
  shown(path: string): Promise<void> {
    if (this.views.has(path)) return Promise.resolve();
    return Promise.race([this.settled(), new Promise<void>((resolve) => this.previews.push(resolve))]);
  }

  /** Asks what is doubtful about the hashes of each view; left as soon as there is something else to do. */
  private async advise(): Promise<void> {
    const { stamp } = this;
    const current = () => !this.stopped && this.stamp === stamp && !this.isPending();
    for (const { path } of this.documents.all()) {
      const view = this.views.get(path);
      if (!current()) return;
      if (!view?.current || view.recipe === undefined) continue;
      let advice = this.advice.get(view.current);
      if (!advice) {
        try {
          advice = await this.build.advise(view.recipe);
        } catch (error) {
          // One that had to be stopped has said so where its hashes were asked for.
          if (!this.stopped && !(error instanceof EvaluatorStopped)) this.events.failed(error);
          advice = [];
        }
        if (!current()) return;
        this.advice.set(view.current, advice);
      }
      if (advice !== view.advice) this.views.set(path, { ...view, advice });
    }
    this.events.advised();
  }

  private async configuration(): Promise<ConfigurationSummary | Failure> {
    try {
      // How BitBake spells a document's path is known once the configuration has been read.
      await this.build.summary();
      for (const { path, text } of this.documents.all()) this.build.setText(path, text);
      return await this.build.summary();
    } catch (error) {
      return this.failure(error);
    }
  }

  /** Whatever goes wrong with one recipe, the others go on. */
  private readonly failure = (error: unknown): Failure => {
    if (error instanceof EvaluatorStopped) return { message: error.message, where: error.where };
    // What was disposed of in the middle of a request is no bug.
    if (!this.stopped) this.events.failed(error);
    return { message: 'Evaluation failed by a bug, which is in the log', where: undefined };
  };

  private async viewOf(
    document: OpenDocument,
    summary: ConfigurationSummary | Failure,
    current: () => boolean,
  ): Promise<View | undefined> {
    const { path } = document;
    const none: View = {
      path,
      recipe: undefined,
      current: undefined,
      baseline: undefined,
      failure: undefined,
      advice: [],
    };
    if ('message' in summary) return { ...none, failure: summary };
    const recipe = await this.recipeFor(path, summary, current);
    if (!current()) return undefined;
    if (recipe === undefined) return { ...none, failure: notARecipe(path, summary) };
    const evaluated = await this.evaluation(recipe);
    if (!current()) return undefined;
    if ('message' in evaluated) return { ...none, recipe, failure: evaluated };
    const baseline = await this.baseline(recipe, evaluated);
    return { ...none, recipe, current: evaluated, baseline, advice: this.advice.get(evaluated) ?? [] };
  }

  // Which recipe

  private async recipeFor(
    path: string,
    summary: ConfigurationSummary,
    current: () => boolean,
  ): Promise<string | undefined> {
    const { recipes, mayBeUsed } = applicability(path, summary);
    if (recipes.length > 0) return this.active().find((recipe) => recipes.includes(recipe)) ?? recipes[0];
    if (!mayBeUsed) return undefined;
    const active = this.active();
    for (const recipe of active) {
      const known = this.evaluations.get(recipe)?.result;
      if (known && 'files' in known && takesPart(path, known)) return recipe;
    }
    const known = this.users.get(path);
    if (known && known.recipe === undefined && known.stamp > this.everything) return undefined;
    const recipe = await this.findUser(path, active, summary, current);
    if (current()) this.users.set(path, { recipe, stamp: this.stamp });
    return recipe;
  }

  /** Recipes in the order in which they were last worked on: open ones, those of other open files, the rest. */
  private active(): string[] {
    const paths = this.documents.all().map(({ path }) => path);
    return [
      ...new Set([
        ...paths.filter((path) => path.endsWith('.bb')),
        ...paths.flatMap((path) => this.views.get(path)?.recipe ?? []),
        ...[...this.evaluations.keys()].reverse(),
      ]),
    ];
  }

  /** Tries recipes until one turns out to use the file. */
  private async findUser(
    path: string,
    active: readonly string[],
    summary: ConfigurationSummary,
    current: () => boolean,
  ): Promise<string | undefined> {
    const tried = new Set<string>();
    const uses = async (recipe: string) => {
      if (tried.has(recipe) || tried.size >= MOST_TRIED) return false;
      tried.add(recipe);
      const result = await this.evaluation(recipe);
      return 'files' in result && takesPart(path, result) !== undefined;
    };
    for (const recipe of likelyUsers(path, active, summary)) {
      if (!current() || tried.size >= MOST_TRIED) break;
      if (await uses(recipe)) return recipe;
    }
    const mentionsIt = mentions(path);
    tried.clear();
    let searched = 0;
    for (const recipe of summary.recipes) {
      if (!current() || tried.size >= MOST_TRIED || searched++ >= MOST_SEARCHED) return undefined;
      const text = this.documents.get(recipe.path)?.text ?? (await readSourceLater(recipe.path));
      if (text !== undefined && mentionsIt(text) && (await uses(recipe.path))) return recipe.path;
    }
    // A class that comes with every recipe is in none of their texts.
    for (const recipe of summary.recipes.slice(0, 2)) if (await uses(recipe.path)) return recipe.path;
    return undefined;
  }

  // Evaluations

  private async evaluation(recipe: string): Promise<RecipeEvaluation | Failure> {
    const known = this.evaluations.get(recipe);
    if (known && this.isValid(known, this.changes)) {
      keepLast(this.evaluations, MOST_KEPT, recipe, known);
      return known.result;
    }
    const { stamp } = this;
    const result = await this.build.evaluate(recipe).catch(this.failure);
    keepLast(this.evaluations, MOST_KEPT, recipe, { result, stamp });
    return result;
  }

  /** The evaluation with the baseline texts of what is open; the current one where nothing that is open differs. */
  private async baseline(recipe: string, current: RecipeEvaluation): Promise<RecipeEvaluation | undefined> {
    if (this.isRecorded()) return this.recorded(recipe, current);
    const edited = this.documents.edited();
    const taking = edited.flatMap(({ path }) => takesPart(path, current) ?? []);
    const { stamp } = this;
    if (taking.length === 0) {
      keepLast(this.baselines, MOST_KEPT, recipe, { result: current, stamp });
      return current;
    }
    const known = this.baselines.get(recipe);
    if (known && this.isValid(known, this.baselineChanges)) {
      keepLast(this.baselines, MOST_KEPT, recipe, known);
      return 'files' in known.result ? known.result : undefined;
    }
    const texts = new Map(edited.map(({ path, baseline }) => [path, baseline!]));
    const configuration = taking.some(({ role }) => role === 'configuration');
    const result = await this.build.evaluateWith(recipe, texts, configuration).catch(this.failure);
    keepLast(this.baselines, MOST_KEPT, recipe, { result, stamp });
    return 'files' in result ? result : undefined;
  }

  /** Made anew for each evaluation: BitBake may have left new data meanwhile. */
  private async recorded(recipe: string, current: RecipeEvaluation): Promise<RecipeEvaluation | undefined> {
    const result = await this.build.recorded(recipe, current).catch(this.failure);
    return 'files' in result ? result : undefined;
  }

  private isValid({ result, stamp }: Kept, changes: ReadonlyMap<string, number>): boolean {
    // Which files a failed one depends on is not known.
    if (!('files' in result)) return stamp === this.stamp;
    return this.everything <= stamp && result.files.every(({ path }) => (changes.get(path) ?? 0) <= stamp);
  }
}

function notARecipe(path: string, { recipes }: ConfigurationSummary): Failure | undefined {
  if (path.endsWith('.bb')) {
    const why =
      recipes.length === 0 ? 'the configuration has no recipes' : "no layer's BBFILES names this file";
    return { message: why, where: undefined };
  }
  if (path.endsWith('.bbappend')) return { message: 'no recipe that it applies to', where: undefined };
  return undefined;
}

function sameView(a: View, b: View | undefined): boolean {
  return (
    b !== undefined &&
    a.recipe === b.recipe &&
    a.current === b.current &&
    a.baseline === b.baseline &&
    a.failure?.message === b.failure?.message
  );
}
