/**
 * Evaluations with what they were made of, so that after edits of functions and assignments their hashes are made again
 * instead of being computed from the start: where everything that was read is the same but for these, and nobody but who
 * hashes has looked at what they say.
 *
 * Holds for each recipe the evaluation that an evaluator made last, never one that was made of it. It takes much memory
 * and is seldom asked for: what has been written (`keptParts.ts`) is let go, and that and what an earlier start has left
 * is taken over when an edit asks for it. Knows files by their states only, and the disk by a port
 * (`inputs/resultPorts.ts`).
 */
import { keepLast } from '../base/recent.ts';
import { isOfRepository, type KnownRead } from '../inputs/reads.ts';
import type { PartStore, ReadStates } from '../inputs/resultPorts.ts';
import { type Release, releaseOf } from '../metadata/release.ts';
import type { PythonAnalysis } from '../python/runtime.ts';
import { analyseShell } from '../shell/analysis.ts';
import type { ToldIngredients } from '../signature/ingredients.ts';
import type { ReceivedIngredients } from '../signature/keptIngredients.ts';
import { NameTable } from '../base/nameTable.ts';
import { type EditAnalysis, Places, Rehash, type Stand } from '../signature/rehash.ts';
import { Unmade } from '../signature/unmade.ts';
import type { AssignmentsOf } from '../signature/variableEdits.ts';
import { type FileAssignments, fileAssignments } from '../syntax/assignments.ts';
import { type FileEdits, fileEdits, NO_EDITS } from '../syntax/fileEdits.ts';
import {
  headOf,
  type KeptConfiguration,
  type KeptRecipe,
  type KeptTexts,
  recipesOf,
  toldParts,
  variantsOf,
} from './keptParts.ts';
import type { RepositoryStand } from './repositoryValues.ts';
import { contentDigest, digestOfReads } from './requestReads.ts';
import type { ConfigurationReads, ConfigurationSummary, RecipeEvaluation } from './results.ts';

/** What is asked of an evaluator; undefined where it cannot tell. */
export interface EvaluatorQuestions {
  analysePython(texts: readonly string[]): Promise<readonly PythonAnalysis[] | undefined>;
  repositoryStand(): Promise<RepositoryStand | undefined>;
}

/** What is another than it was. */
interface Differences extends FileEdits {
  /** Whether a repository stands elsewhere than when a recipe asked for that. */
  readonly moved?: true;
}

interface HeldRecipe extends KeptRecipe {
  /** What was made of it last, and of which edits. */
  last?: { readonly key: string; readonly evaluation: RecipeEvaluation };
}

/** The present state of files, compared with what was read. */
interface Comparison {
  /** A read that was answered otherwise then -> what makes the difference; undefined: something else. */
  readonly edits: Map<KnownRead, Differences | undefined>;
  readonly rehashes: Map<Differences, KeyedRehash>;
  readonly configurations: Map<KeptConfiguration, EditedConfiguration | undefined>;
  /** Whether any text that an earlier start had read differs in edits alone. */
  edited?: boolean;
  stand?: Promise<Stand | undefined>;
}

interface KeyedRehash {
  readonly rehash: Rehash;
  /** The same for the same edits. */
  readonly key: string;
}

interface EditedConfiguration {
  readonly summary: ConfigurationSummary;
  readonly edits: FileEdits;
}

/** How many texts of one file are kept, and how many analyses of code. */
const MOST_TEXTS = 4;
const MOST_ANALYSES = 10_000;
/** Of how many recipes the next start may know nothing before all are written again, and how many it must know then. */
const UNSAVED_PART = 0.05;
const SAVED_PART = 0.5;

export class KeptRecipes {
  private names = new NameTable();
  private readonly recipes = new Map<string, HeldRecipe>();
  /** The one that was read last. */
  private configuration: KeptConfiguration | undefined;
  /** Texts of metadata as they were read, by path and then by state. */
  private readonly texts = new Map<string, Map<string, string>>();
  private readonly looked = new WeakSet<KnownRead>();
  private comparison: Comparison | undefined;
  private readonly analyses = new Map<string, PythonAnalysis>();
  private readonly shells = new Map<string, readonly string[] | undefined>();
  private release: Release | undefined;
  private readonly places = new Places();
  /** What files say of variables, by path and state. */
  private readonly assignments = new Map<string, FileAssignments>();
  /** The texts of which what was written was made, by their states, once that has been looked at; then all of it. */
  private earlierTexts: Promise<readonly KnownRead[]> | undefined;
  private earlier: Promise<void> | undefined;
  /** The recipes that were evaluated since all were written. */
  private readonly unsaved = new Set<string>();
  private saving = false;
  /** How often evaluations were found as they were, made again, or not, and why: for who wants to know. */
  readonly outcomes = new Map<string, number>();

  constructor(
    private readonly states: ReadStates,
    private readonly evaluator: EvaluatorQuestions,
    private readonly store?: PartStore,
  ) {}

  /** Names as they are numbered now; another one after `save`. */
  get table(): NameTable {
    return this.names;
  }

  /** Any file, or text that lies over one, may be another now. */
  changed(): void {
    this.comparison = undefined;
    if (this.analyses.size > MOST_ANALYSES) this.analyses.clear();
    if (this.shells.size > MOST_ANALYSES) this.shells.clear();
    if (this.assignments.size > MOST_ANALYSES) this.assignments.clear();
  }

  /**
   * @param edited whether texts of open documents took part
   * @returns the summary, with the same values as the one before it where they are
   */
  keepConfiguration(
    read: ConfigurationSummary,
    reads: ConfigurationReads,
    edited: boolean,
  ): ConfigurationSummary {
    const before = this.summary();
    const summary = before?.identity === read.identity ? { ...read, values: before.values } : read;
    // Recipes hold on to the one they were evaluated with.
    this.turnTo({ summary, reads, edited });
    this.keepTexts([...reads.parsed, ...reads.listed]);
    return summary;
  }

  private turnTo(configuration: KeptConfiguration): void {
    const { bitbakeVersion, bitbakeDir } = configuration.summary;
    this.configuration = configuration;
    this.release = releaseOf(bitbakeVersion, (name) =>
      bitbakeDir === undefined ? undefined : this.states.text(`${bitbakeDir}/lib/bb/${name}`),
    );
  }

  /**
   * @param identity of the configuration with which the recipe was evaluated
   * @param edited whether texts of open documents took part
   */
  keep(
    evaluation: RecipeEvaluation,
    recipeInfo: boolean,
    identity: string,
    reads: readonly KnownRead[],
    edited: boolean,
    told: ToldIngredients,
    received: ReceivedIngredients,
  ): void {
    const variants = variantsOf(received, told);
    const { configuration } = this;
    if (configuration?.summary.identity !== identity || !received.isOf(this.names)) return;
    const { path } = evaluation;
    this.keepTexts(reads);
    const kept = {
      configuration,
      evaluation,
      recipeInfo,
      edited: edited || configuration.edited,
      reads,
      evaluated: new Set(told.evaluated),
      variants,
    };
    this.recipes.set(path, kept);
    if (!kept.edited) this.unsaved.add(path);
  }

  /** The configuration as it is with edits of functions; undefined where it must be read again. */
  summary(): ConfigurationSummary | undefined {
    return this.configuration && this.edited(this.configuration)?.summary;
  }

  /** The evaluation of a recipe as it is with edits of functions; undefined where it must be evaluated. */
  async find(path: string, recipeInfo: boolean): Promise<RecipeEvaluation | undefined> {
    const kept = this.recipes.get(path);
    if (!kept || (recipeInfo && !kept.recipeInfo)) return undefined;
    const { names } = this;
    try {
      const edits = this.editsOf(kept);
      const { now } = this;
      await this.prepare(edits);
      const stand = edits.moved && (await this.standIn(now));
      if (names !== this.names) throw new Unmade('it was let go meanwhile');
      if (edits.moved && (!stand || now !== this.comparison))
        throw new Unmade('where the repository stands is not known');
      const found = isAny(edits)
        ? withEdits(kept, this.rehash(edits, stand), this.assignmentsOf(kept))
        : kept.evaluation;
      this.count(isAny(edits) ? 'made again' : 'the same');
      return found;
    } catch (error) {
      if (!(error instanceof Unmade)) throw error;
      this.count(error.message);
      return undefined;
    }
  }

  /** As `find`, of what an earlier start has left, too. */
  async findEarlier(path: string, recipeInfo: boolean): Promise<RecipeEvaluation | undefined> {
    if (!this.store) return undefined;
    await this.recall();
    return this.find(path, recipeInfo);
  }

  /** The configuration of an earlier start as it is with edits of functions, where none was read since. */
  async earlierSummary(): Promise<ConfigurationSummary | undefined> {
    if (!this.store || this.configuration) return undefined;
    await this.recall();
    return this.summary();
  }

  // From one start to the next

  /**
   * Writes everything for the next start, where much of it would not be known there, and lets go of it.
   * @param idle resolves when there is time for some of it
   */
  async save(idle: () => Promise<void>): Promise<void> {
    const { store, configuration } = this;
    if (!store || this.saving || !configuration || configuration.edited) return;
    const listed = new Set(configuration.summary.recipes.map(({ path }) => path));
    if (this.unsaved.size === 0 || this.unsaved.size < listed.size * UNSAVED_PART) return;
    this.saving = true;
    try {
      const all = () =>
        [...this.recipes.values()].filter(({ edited, evaluation }) => !edited && listed.has(evaluation.path));
      if (all().length < listed.size) await this.takeOver();
      const recipes = all();
      if (recipes.length < listed.size * SAVED_PART) return;
      this.unsaved.clear();
      const written = await store.write(toldParts(configuration, recipes, this.texts, this.names, idle));
      // What was evaluated meanwhile is not among it.
      if (written && this.unsaved.size === 0) this.letGo();
    } finally {
      this.saving = false;
    }
  }

  /** What was written is taken over again when an edit asks for it. */
  private letGo(): void {
    this.recipes.clear();
    this.names = new NameTable();
    this.comparison = this.earlierTexts = this.earlier = undefined;
  }

  /** Takes over what an earlier start has left, where there are edits of functions since; else it is of no use. */
  private async recall(): Promise<void> {
    if (this.earlier) return this.earlier;
    const texts = await (this.earlierTexts ??= this.readHead());
    const { now } = this;
    now.edited ??= texts.some((known) => isAny(this.editsIn(known)));
    if (now.edited) await this.takeOver();
  }

  private async readHead(): Promise<readonly KnownRead[]> {
    await this.states.recall();
    const head = await headOf(this.store!.read()).catch(() => undefined);
    if (!head) return [];
    this.takeTexts(head.texts);
    const [configuration] = head.configurations;
    if (configuration && !this.configuration) this.turnTo(configuration);
    return [...head.texts].flatMap(([path, texts]) =>
      Array.from(texts.keys(), (state): KnownRead => [`x${path}`, state]),
    );
  }

  private takeOver(): Promise<void> {
    return (this.earlier ??= (async () => {
      const { names } = this;
      const found = await recipesOf(this.store!.read(), names).catch(() => undefined);
      // What was let go meanwhile is taken over by who asks next.
      if (!found || names !== this.names) return;
      this.takeTexts(found.head.texts);
      for (const recipe of found.recipes) {
        const { path } = recipe.evaluation;
        if (!this.recipes.has(path)) this.recipes.set(path, recipe);
      }
    })());
  }

  private takeTexts(earlier: KeptTexts): void {
    for (const [path, texts] of earlier)
      this.texts.set(path, new Map([...texts, ...(this.texts.get(path) ?? [])]));
  }

  private count(what: string): void {
    this.outcomes.set(what, (this.outcomes.get(what) ?? 0) + 1);
  }

  // What is another than it was

  private get now(): Comparison {
    return (this.comparison ??= { edits: new Map(), rehashes: new Map(), configurations: new Map() });
  }

  /** @throws Unmade where something else has changed, or where an edited function decided more than hashes */
  private editsOf({ configuration, reads, evaluated }: KeptRecipe): Differences {
    const shared = this.edited(configuration);
    if (!shared) throw new Unmade('the configuration is another');
    const edits = this.different(reads, shared.edits);
    if (!edits) throw new Unmade('its files are others');
    const decisive = edits.functions.find(({ name }) => evaluated.has(name));
    if (decisive) throw new Unmade(`${decisive.name} is evaluated`);
    return edits;
  }

  private edited(configuration: KeptConfiguration): EditedConfiguration | undefined {
    const { configurations } = this.now;
    if (configurations.has(configuration)) return configurations.get(configuration);
    const found = this.compared(configuration);
    configurations.set(configuration, found);
    return found;
  }

  private compared({ summary, reads }: KeptConfiguration): EditedConfiguration | undefined {
    const edits = this.different(reads.parsed, NO_EDITS);
    const listed = this.different(reads.listed, NO_EDITS);
    if (!edits || !listed || isAny(listed) || edits.moved || edits.variables.length > 0) return undefined;
    if (!isAny(edits)) return { summary, edits };
    if (edits.functions.some(({ name }) => reads.evaluated.includes(name))) return undefined;
    const states = reads.parsed.map(([read]): KnownRead => [read, this.states.state(read)]);
    return { summary: { ...summary, identity: digestOfReads(states) }, edits };
  }

  /** The edits between what was read and what is there now; undefined where there is more to it. */
  private different(reads: readonly KnownRead[], more: FileEdits): Differences | undefined {
    let found: Differences = more;
    for (const known of reads) {
      const own = this.editsIn(known);
      if (!own) return undefined;
      if (own.moved && !found.moved) found = { ...found, moved: true };
      for (const edit of own.functions) {
        const same = found.functions.find(({ path, name }) => path === edit.path && name === edit.name);
        if (!same) found = { ...found, functions: [...found.functions, edit] };
        else if (same.before !== edit.before) return undefined;
      }
      for (const edit of own.variables) {
        const same = found.variables.find(
          ({ path, variable, flag }) =>
            path === edit.path && variable === edit.variable && flag === edit.flag,
        );
        if (!same) found = { ...found, variables: [...found.variables, edit] };
        else if (JSON.stringify(same) !== JSON.stringify(edit)) return undefined;
      }
    }
    return found;
  }

  private editsIn(known: KnownRead): Differences | undefined {
    const { edits } = this.now;
    if (!edits.has(known)) edits.set(known, this.editsBetween(known));
    return edits.get(known);
  }

  private editsBetween([read, state]: KnownRead): Differences | undefined {
    if (this.states.state(read) === state) return NO_EDITS;
    // Asked for by values of the configuration alone: `repositoryValues.ts`.
    if (read.startsWith('x') && isOfRepository(read)) return { ...NO_EDITS, moved: true };
    if (!read.startsWith('x') || !this.release) return undefined;
    const path = read.slice(1);
    const before = this.texts.get(path)?.get(state);
    const after = this.states.text(path);
    if (before === undefined || after === undefined) return undefined;
    return fileEdits(path, before, after, this.release.syntax);
  }

  private keepTexts(reads: readonly KnownRead[]): void {
    for (const known of reads) {
      const [read, state] = known;
      if (!read.startsWith('x') || this.looked.has(known)) continue;
      this.looked.add(known);
      const path = read.slice(1);
      let texts = this.texts.get(path);
      if (texts?.has(state)) continue;
      const text = this.states.text(path);
      // It may be another already.
      if (text === undefined || contentDigest(text) !== state) continue;
      if (!texts) this.texts.set(path, (texts = new Map()));
      keepLast(texts, MOST_TEXTS, state, text);
    }
  }

  // Code

  private rehash(edits: Differences, stand: Stand | undefined): KeyedRehash {
    const { rehashes } = this.now;
    let known = rehashes.get(edits);
    if (!known) {
      const rehash = new Rehash(edits, stand, this.names, this.analysis, this.places);
      known = { rehash, key: JSON.stringify([edits, [...(stand ?? [])]]) };
      rehashes.set(edits, known);
    }
    return known;
  }

  /** Of the files of a recipe as they were when it was evaluated. */
  private assignmentsOf({ reads }: KeptRecipe): AssignmentsOf {
    let states: Map<string, string> | undefined;
    return (path) => {
      states ??= new Map(
        reads.filter(([read]) => read.startsWith('x')).map(([read, state]) => [read.slice(1), state]),
      );
      const state = states.get(path);
      const text = state === undefined ? undefined : this.texts.get(path)?.get(state);
      if (text === undefined || !this.release) return undefined;
      const key = `${path}\0${state}`;
      let found = this.assignments.get(key);
      if (!found) this.assignments.set(key, (found = fileAssignments(path, text, this.release.syntax)));
      return found;
    };
  }

  private readonly analysis: EditAnalysis = {
    python: (text) => {
      const found = this.analyses.get(text);
      return found && !found.syntaxError && found.error === undefined ? found : undefined;
    },
    shell: (text) => {
      if (!this.shells.has(text)) {
        const { execs, problem } = analyseShell(text, this.release?.shell);
        this.shells.set(text, problem ? undefined : [...execs]);
      }
      return this.shells.get(text);
    },
  };

  private async prepare(edits: FileEdits): Promise<void> {
    const texts = edits.functions
      .filter(({ python }) => python)
      .flatMap(({ before, after }) => [before, after]);
    const fresh = texts.filter((text) => !this.analyses.has(text));
    if (fresh.length === 0) return;
    const found = await this.evaluator.analysePython(fresh);
    for (const [at, analysis] of found?.entries() ?? []) this.analyses.set(fresh[at]!, analysis);
  }

  /** Undefined where it is not known, or has changed since. */
  private standIn(now: Comparison): Promise<Stand | undefined> {
    return (now.stand ??= (async () => {
      const found = await this.evaluator.repositoryStand();
      const isCurrent = found?.reads.every(([read, state]) => this.states.state(read) === state);
      return isCurrent ? found?.values : undefined;
    })());
  }
}

function isAny(edits: Differences | undefined): boolean {
  if (!edits) return false;
  return edits.functions.length + edits.variables.length > 0 || edits.moved === true;
}

function withEdits(
  recipe: HeldRecipe,
  { rehash, key }: KeyedRehash,
  assignmentsOf: AssignmentsOf,
): RecipeEvaluation {
  if (recipe.last?.key === key) return recipe.last.evaluation;
  const { evaluation, variants } = recipe;
  // Who asked for what is known of all variants together. What was read for none that is kept was read for something else.
  if (!rehash.reaches([...variants.values()]))
    throw new Unmade('what was made of an edited file is not known');
  const made = evaluation.variants.map((variant) => {
    const kept = variants.get(variant.mcfn);
    const tasks = kept ? rehash.tasks(kept, variant.tasks, assignmentsOf) : variant.tasks;
    return tasks === variant.tasks ? variant : { ...variant, tasks };
  });
  recipe.last = { key, evaluation: { ...evaluation, variants: made } };
  return recipe.last.evaluation;
}
