/**
 * Every recipe as it was last evaluated: which are missing, and their evaluation in the background. Knows nothing of
 * the graph that is made of them (`lsp/taskGraph.ts`).
 *
 * The recipes are evaluated by as many evaluators as there are processors, the first of which makes the views, too:
 * before each recipe it waits until every view is up to date, so an edit waits for one recipe at most. What is known
 * from an earlier start is not evaluated again. What was evaluated stays until one of its files changes.
 */
import { EvaluatorStopped } from '../engine/protocol.ts';
import type { ConfigurationSummary } from '../engine/results.ts';
import { readSource } from '../host/sources.ts';
import type { VariantSignatures } from '../signature/signatures.ts';
import type { Build } from './build.ts';
import type { OpenDocuments } from './documents.ts';
import type { Views } from './views.ts';

/** How the collecting of recipes is told of. */
export interface Progress {
  /** @param path the recipe that was done last */
  report(done: number, total: number, path: string): void;
  end(): void;
  readonly cancelled: boolean;
}

export interface CollectingEvents {
  begin(total: number): Promise<Progress>;
  /** Something that could not be done, in words. */
  log(message: string): void;
  /** The configuration is another: nothing that was made of the recipes holds. */
  reconfigured(): void;
}

interface Entry {
  readonly variants: readonly VariantSignatures[];
  readonly files: readonly string[];
  /** Counts changes on disk. */
  readonly stamp: number;
  /** Of its files those that were being edited, with their text. */
  readonly edited: ReadonlyMap<string, string>;
}

/** Another evaluator reads the configuration first: for how many recipes that is worth while. */
const FEWEST_RECIPES = 20;
/** With so many variants a recipe takes so long that no view should wait for it, nor all others be done before it. */
const MANY_VARIANTS = 20;
/** How many recipes are looked up to find out whether all are known. */
const MOST_TRIED = 8;

export class CollectedRecipes {
  private readonly entries = new Map<string, Entry>();
  private readonly changes = new Map<string, number>();
  private stamp = 0;
  /** When something changed that any recipe may depend on. */
  private everything = 0;
  private summary: ConfigurationSummary | undefined;
  private collecting: Promise<void> | undefined;
  private complete = false;
  private refused = false;
  private stopped = false;

  constructor(
    private readonly build: Build,
    private readonly documents: OpenDocuments,
    private readonly views: Views,
    private readonly events: CollectingEvents,
  ) {}

  /** Whether all were evaluated since the configuration was last another. */
  get isComplete(): boolean {
    return this.complete;
  }

  get isCollecting(): boolean {
    return this.collecting !== undefined;
  }

  /** Whether they could be collected and are not, and were not left out on purpose. */
  get isWaiting(): boolean {
    return !this.complete && !this.collecting && !this.refused;
  }

  /** Recipe files in BitBake's order. */
  get paths(): readonly string[] {
    return (this.summary?.recipes ?? []).map(({ path }) => path);
  }

  variants(path: string): readonly VariantSignatures[] | undefined {
    return this.entries.get(path)?.variants;
  }

  /** Any recipe may be another now than when it was evaluated. */
  everythingChanged(): void {
    this.everything = ++this.stamp;
  }

  /** Files changed on disk. @returns whether any of the recipes depends on them */
  filesChanged(paths: readonly string[]): boolean {
    this.stamp++;
    for (const path of paths) this.changes.set(path, this.stamp);
    const changed = new Set(paths);
    return [...this.entries.values()].some(({ files }) => files.some((file) => changed.has(file)));
  }

  dispose(): void {
    this.stopped = true;
  }

  /** Evaluates what is not known yet. @throws Error where that was cancelled */
  collect(): Promise<void> {
    this.collecting ??= this.everyRecipe().finally(() => (this.collecting = undefined));
    return this.collecting;
  }

  /** What they were evaluated with. */
  get configuration(): ConfigurationSummary | undefined {
    return this.summary;
  }

  /** @returns whether they are those of the configuration as it is now; else they are to be collected again */
  isOf(summary: ConfigurationSummary | undefined): boolean {
    const same = summary?.values === this.summary?.values;
    if (same) this.summary = summary;
    else this.complete = false;
    return same;
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

  /** Whether any was evaluated before it changed, none of those that are seen. */
  isAnyOutdated(seen: ReadonlySet<string>): boolean {
    return [...this.entries.keys()].some((path) => !seen.has(path) && this.isMissing(path));
  }

  /**
   * Those that edited files take part in and that were evaluated with the texts that the edits are compared with, none
   * of those that are seen.
   */
  asBaseline(seen: ReadonlySet<string>): string[] {
    const edited = this.documents.edited();
    const onDisk = new Set(
      edited.filter(({ path, baseline }) => readSource(path) === baseline).map(({ path }) => path),
    );
    const found: string[] = [];
    for (const [recipe, entry] of this.entries) {
      const own = edited.filter(({ path }) => entry.files.includes(path));
      const isBaseline = ({ path }: { readonly path: string }) =>
        onDisk.has(path) && !entry.edited.has(path) && (this.changes.get(path) ?? 0) <= entry.stamp;
      if (!seen.has(recipe) && own.length > 0 && own.every(isBaseline)) found.push(recipe);
    }
    return found;
  }

  /** How many recipes an edited file takes part in, without those that are seen. */
  countEdited(seen: ReadonlySet<string>): number {
    const edited = this.documents.edited().map(({ path }) => path);
    if (edited.length === 0) return 0;
    return [...this.entries].filter(
      ([path, { files }]) => !seen.has(path) && edited.some((name) => files.includes(name)),
    ).length;
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
      this.complete = true;
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
      this.complete = true;
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
      this.complete = false;
      this.events.reconfigured();
    }
    return this.paths.filter((path) => this.isMissing(path));
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
}

function appendsOf({ recipes }: ConfigurationSummary): Map<string, string> {
  return new Map(recipes.map(({ path, appends }) => [path, appends.join('\n')]));
}
