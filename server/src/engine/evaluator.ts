/**
 * One build directory, read once, and any of its recipes evaluated on demand, with signatures.
 *
 * This is what an evaluator process holds: sandbox, configuration and datastores together, because Python asks
 * for values synchronously. Every recipe starts from the same state, in the datastore and in Python.
 */
import type { Datastore } from '../datastore/datastore.ts';
import type { ChangeSource } from '../datastore/history.ts';
import type { Problem } from '../base/problem.ts';
import { type BuildConfiguration, type Configuration } from '../metadata/configuration.ts';
import type { ParseContext } from '../metadata/context.ts';
import type { InlineEvaluator } from '../metadata/inline.ts';
import { collectionOf, type RecipeFile } from '../metadata/layers.ts';
import { evaluateRecipe, type Variant, virtualFileName } from '../metadata/recipe.ts';
import { type RecipeSurroundings, taskDependencies, type TaskDependencies } from '../metadata/recipeInfo.ts';
import { pythonText } from '../metadata/statements.ts';
import type { PythonAnalysis } from '../python/runtime.ts';
import type { RememberingRuntime } from '../python/remembering.ts';
import { dependencyNodes, hashOrder, taskSignatures } from '../signature/basehash.ts';
import { type GeneratedDependencies, generateDependencies } from '../signature/dependencies.ts';
import type { TaskSignature, VariantSignatures } from '../signature/signatures.ts';
import type { Hashed } from '../signature/advice.ts';
import type { ObjectPath } from '../sstate/presence.ts';
import { adviceProblems } from './advice.ts';
import { VariantDoubts } from './doubts.ts';
import { EarlierVariants } from './earlierVariants.ts';
import { RememberedAnalysis } from './codeAnalysis.ts';
import { inspectVariable } from './inspection.ts';
import { recipeOrigins, roleOf } from './origins.ts';
import { configurationValues, dispensable, extraDepends, objectPaths } from './questions.ts';
import type { RepositoryStand } from './repositoryValues.ts';
import { placeOf, reportRefusals, whyUntold } from './reports.ts';
import type { Findings } from './protocol.ts';
import type { RequestReads } from './requestReads.ts';
import type {
  ConfigurationReads,
  ConfigurationSummary,
  ConfigurationValues,
  DispensableQuestions,
  EvaluationOptions,
  ExtraDependsQuestion,
  ObjectPathsQuestion,
  RecipeEvaluation,
  SourceFile,
  VariableInspection,
} from './results.ts';
import {
  type EvaluatorOptions,
  type Held,
  type Late,
  openConfiguration,
  type OpenedConfiguration,
} from './opening.ts';
import { textOr } from './summary.ts';
import { nameFromFile } from './targets.ts';
import { unknownTasks, whatOthersKnow } from './variantParts.ts';

/** The last recipe evaluated, whose datastores can still be asked. */
interface Live {
  readonly path: string;
  readonly variants: readonly Variant[];
}

/** The signatures of one variant, and what they were made of where that is wanted. */
interface Computed {
  readonly tasks: TaskSignature[];
  readonly generated?: GeneratedDependencies;
}

const MOST_NAMED = 3;
/** Between two texts of JSON. */
const BETWEEN = '\t';

export class RecipeEvaluator {
  private readonly analysis: RememberedAnalysis;
  private readonly earlier = new EarlierVariants();
  private live: Live | undefined;
  /** Its variants whose hashes are known. */
  hashed: Hashed[] = [];
  /** Of the recipe that was evaluated last, where its ingredients were wanted. */
  private noted: readonly VariantSignatures[] | undefined;
  /** Whether the last evaluation took over what Python had done for the one before. */
  private tookOver = false;

  private readonly late: Late;
  private readonly ctx: ParseContext;
  private readonly python: RememberingRuntime;
  private readonly inline: InlineEvaluator;
  private readonly configuration: BuildConfiguration;
  private readonly configurationFiles: readonly string[];
  readonly summary: ConfigurationSummary;
  private readonly held: Held;

  private constructor(opened: OpenedConfiguration) {
    const { late, ctx, python, inline, configuration, files, summary, held } = opened;
    this.late = late;
    this.ctx = ctx;
    this.python = python;
    this.inline = inline;
    this.configuration = configuration;
    this.configurationFiles = files;
    this.summary = summary;
    this.held = held;
    this.analysis = new RememberedAnalysis(inline, ctx.release.shell);
  }

  /** Starts Python and reads the configuration; what is wrong with it is in `summary.problems`. */
  static async open(options: EvaluatorOptions): Promise<RecipeEvaluator> {
    return new RecipeEvaluator(await openConfiguration(options));
  }

  /**
   * What is to be known of the last answer so that it can be kept.
   * @param isEvaluation whether that was one of `evaluate`; else of `configurationValues` or `extraDepends`
   */
  takeFindings(isEvaluation: boolean): Findings {
    const reads = this.takeReads();
    if (!reads || !isEvaluation) return { reads, ingredients: undefined, recollection: undefined };
    // What is told is numbered from then on: it must arrive, and is told once.
    const { noted } = this;
    this.noted = undefined;
    const ingredients = noted && this.held.notes.take(noted);
    return { reads, ingredients, recollection: this.takeRecollection() };
  }

  /** What the last `evaluate`, `configurationValues` or `extraDepends` was decided by; undefined: not files alone. */
  takeReads(): RequestReads | undefined {
    const { reads, told } = this.held;
    return reads.isRepeatable ? told.tell(reads.taken()) : undefined;
  }

  /**
   * What Python did for the last `evaluate`, as a text for a later session; undefined where that holds nothing, or no more
   * than `evaluate` was told.
   */
  takeRecollection(): string | undefined {
    if (this.tookOver || !(this.python.didMore || this.inline.didMore)) return undefined;
    const { recollection } = this.python;
    return recollection && `${recollection}${BETWEEN}${this.inline.recollection}`;
  }

  get configurationReads(): ConfigurationReads {
    return this.held.configurationReads;
  }

  /** Whether what was asked since rests on where a repository stood when the configuration was read, and no longer does. */
  get mustBeOpened(): boolean {
    return this.held.repository.mustBeFoundAnew;
  }

  /** Why no hash can be told at all, where none can. */
  get untold(): string | undefined {
    const { refused } = this.configuration;
    const refusal = refused && `BitBake would refuse the configuration: ${refused}`;
    return whyUntold(this.ctx.release) ?? refusal;
  }

  /**
   * Evaluates every variant of a recipe, in every multiconfig. Never throws for what metadata does.
   */
  evaluate(path: string, wanted: EvaluationOptions = {}): RecipeEvaluation {
    const { hashesOnly, ingredients } = wanted;
    const start = performance.now();
    this.held.reads.begin();
    if (ingredients === 'from the start') this.held.notes.tellFromTheStart();
    const { all, signatures } = this.everyVariant(path, wanted);
    this.noted = ingredients ? signatures : undefined;
    if (all.length === 0) {
      this.ctx.report('error', 'unknown-recipe', `No layer's BBFILES names ${path}`, { path, line: 0 });
    }
    this.live = hashesOnly ? undefined : { path, variants: all };
    this.ctx.forgetRoute();
    const problems = this.ctx.reported();
    // Their lines count.
    this.held.reads.again(problems.filter(({ range }) => range).map((problem) => `b${problem.path}`));
    return {
      path,
      variants: signatures,
      problems,
      files: this.sourceFiles(path),
      ...(hashesOnly ? { origins: new Map() } : recipeOrigins(all, signatures)),
      milliseconds: performance.now() - start,
    };
  }

  private everyVariant(
    path: string,
    wanted: EvaluationOptions,
  ): { all: Variant[]; signatures: VariantSignatures[] } {
    const first = this.everyVariantOnce(path, wanted);
    const known = first.signatures.some(({ tasks }) =>
      tasks.some(({ basehash }) => typeof basehash === 'string'),
    );
    if (!known) return first;
    const replaced = this.python.replaced();
    // What has failed is put back before anybody else sees it.
    if (replaced.names.length === 0 || replaced.failed) return first;
    const { all, signatures, names, place } = this.findReplacement(path, wanted);
    this.hashed = [];
    const which = names.slice(0, MOST_NAMED).join(', ') + (names.length > MOST_NAMED ? ', …' : '');
    const reason = `its Python replaces ${which}, on which other hashes depend`;
    this.ctx.report(
      'warning',
      'replaced',
      `Hashes are unknown: this replaces ${which}, in BitBake for every recipe that is parsed later, too. Define a function of another name`,
      place ?? { path, line: 0 },
    );
    return {
      all,
      signatures: signatures.map((variant) => ({
        ...variant,
        tasks: variant.tasks.map(({ task }) => ({ task, basehash: { unknown: reason }, dependencies: [] })),
      })),
    };
  }

  private everyVariantOnce(
    path: string,
    wanted: EvaluationOptions,
  ): { all: Variant[]; signatures: VariantSignatures[] } {
    this.python.restore();
    this.tookOver = false;
    const isKnown = this.python.turnTo(path, !wanted.hashesOnly);
    const [performed, analyses] = isKnown ? [] : (wanted.recollection?.split(BETWEEN) ?? []);
    if (performed !== undefined) this.python.recall(performed);
    this.inline.begin(analyses);
    this.ctx.begin();
    this.held.repository.begin();
    this.held.notes.begin(wanted.ingredients !== undefined);
    this.hashed = [];
    const signatures: VariantSignatures[] = [];
    const all: Variant[] = [];
    for (const configuration of this.configuration.configurations) {
      const recipe = configuration.recipes.find((known) => known.path === path);
      if (!recipe) continue;
      const { variants, results } = this.evaluateIn(configuration, recipe, wanted);
      all.push(...variants);
      signatures.push(...results);
    }
    return { all, signatures };
  }

  /** Evaluates once more, looking after each step of Python for the place that replaces what is shared. */
  private findReplacement(
    path: string,
    wanted: EvaluationOptions,
  ): ReturnType<typeof this.everyVariantOnce> & {
    names: readonly string[];
    place: ChangeSource | undefined;
  } {
    let found: readonly string[] = [];
    let before: ChangeSource | undefined;
    let place: ChangeSource | undefined;
    let looking = false;
    const look = () => {
      const { names, frame } = this.python.replaced();
      if (names.length === 0) return;
      found = names;
      place = frame ? { path: frame.file, line: frame.line } : before;
    };
    this.late.watch = (where) => {
      // Putting Python back ends what follows its lines.
      if (!looking) this.python.followLines();
      looking = true;
      if (found.length === 0) look();
      before = placeOf(where);
    };
    try {
      const variants = this.everyVariantOnce(path, wanted);
      if (found.length === 0) look();
      return { ...variants, names: found, place };
    } finally {
      delete this.late.watch;
    }
  }

  private evaluateIn(
    configuration: Configuration,
    recipe: RecipeFile,
    { hashesOnly, recipeInfo, ingredients }: EvaluationOptions,
  ): { variants: Variant[]; results: VariantSignatures[] } {
    const { multiconfig } = configuration;
    const computed = new Map<string, Computed>();
    const tasks = new Map<string, TaskDependencies>();
    const fault = (error: unknown): void => void this.ctx.reportError(error);
    const { frames } = this.ctx.datastoreContext;
    const doubts = new VariantDoubts(frames);
    const finalised = (name: string, d: Datastore): void => {
      doubts.finalised(name);
      // Before signatures, as in BitBake: who reads a filtered variable first decides its value.
      frames.beginStep();
      if (recipeInfo) tasks.set(name, taskDependencies(d, fault));
      frames.endStep();
      const ignored = this.held.notes.ignored;
      const { moduleFunctions, release } = this.ctx;
      const writes = d.writeCount;
      const mcfn = virtualFileName(recipe.path, name, multiconfig);
      const { defined } = this.python;
      const continued = !hashesOnly && !ingredients && !this.untold && defined !== undefined;
      const earlier = continued ? this.earlier.take(recipe.path, mcfn, defined) : undefined;
      this.tookOver ||= earlier !== undefined;
      const doubted = frames.doubts;
      const options = { functions: ingredients !== undefined, continued, earlier };
      const generated = generateDependencies(
        d,
        ignored,
        moduleFunctions,
        release.signature,
        this.analysis,
        options,
      );
      const signatures = taskSignatures(generated, earlier, hashesOnly);
      if (continued && frames.doubts === doubted && generated.unknown.size === 0)
        this.earlier.keep(recipe.path, mcfn, { d, generated, tasks: signatures, defined });
      if (ingredients)
        this.held.notes.variant(mcfn, d, configuration.d, generated, hashOrder(generated), writes);
      // One recipe can have a hundred variants: what is not wanted is not kept until the last of them.
      computed.set(name, hashesOnly ? { tasks: signatures } : { tasks: signatures, generated });
      doubts.hashed(name);
    };
    const { handlers } = this.configuration;
    const observer = {
      starts: () => doubts.starts(),
      finalised,
      ends: (name: string, d: Datastore) => {
        doubts.ends(name);
        if (ingredients)
          this.held.notes.ends(virtualFileName(recipe.path, name, multiconfig), d, configuration.d);
        if (hashesOnly) d.forgetExpansions();
      },
    };
    const variants = evaluateRecipe(recipe, configuration.d, handlers, multiconfig, observer, this.ctx);
    reportRefusals(this.python, this.ctx);
    const results = variants.map((variant) => {
      const mcfn = virtualFileName(recipe.path, variant.name, multiconfig);
      const signatures = this.signaturesOf(
        variant,
        mcfn,
        computed.get(variant.name),
        doubts.of(variant.name),
      );
      if (!recipeInfo || variant.failed !== undefined) return signatures;
      this.ctx.current = variant.d;
      const around: RecipeSurroundings = {
        mcfn,
        multiconfig,
        nameFromFile: nameFromFile(recipe.path),
        priority: collectionOf(recipe.path, configuration.collections)?.priority ?? 0,
        worldExclusionIsBoolean: this.ctx.release.parse.worldExclusionIsBoolean,
        fault,
        doubtOf: (step) => {
          frames.beginStep();
          step();
          return frames.endStep();
        },
      };
      return { ...signatures, recipe: whatOthersKnow(variant, tasks.get(variant.name), around) };
    });
    if (recipeInfo) reportRefusals(this.python, this.ctx);
    return { variants, results };
  }

  private signaturesOf(
    variant: Variant,
    mcfn: string,
    computed: Computed | undefined,
    refused: string | undefined,
  ): VariantSignatures {
    let unknown = this.untold ?? refused;
    if (variant.failed !== undefined) {
      this.ctx.current = variant.d;
      const problem = this.ctx.reportError(variant.failed);
      unknown ??= problem.message;
    }
    let tasks: TaskSignature[] = [];
    if (variant.skipped === undefined && computed && !unknown) {
      tasks = computed.tasks;
      const { generated } = computed;
      if (generated) this.hashed.push({ mcfn, d: variant.d, generated, tasks });
    } else if (variant.skipped === undefined && unknown) tasks = unknownTasks(variant.d, unknown);
    return {
      mcfn,
      variant: variant.name,
      pn: textOr(variant.d, 'PN', ''),
      skipped: variant.skipped,
      failed: variant.failed === undefined ? undefined : unknown,
      tasks,
      nodes: computed?.generated ? dependencyNodes(computed.generated) : new Map(),
    };
  }

  /** What pieces of Python name; each is decided by its text. */
  analysePython(texts: readonly string[]): PythonAnalysis[] {
    return texts.map((text) => this.python.analyse(text, ''));
  }

  /** Whether the configuration, or which recipes there are, is another with these files as they are now. */
  dependsOn(paths: readonly string[]): boolean {
    return this.held.files.isChangedBy(paths);
  }

  /**
   * Files have changed: what was evaluated last is outdated, and `inspect` evaluates anew.
   * @param changed those that may have come or gone, too
   * @param edited those that another text is laid over
   */
  outdate(changed: readonly string[], edited: readonly string[] = []): void {
    this.python.forgetFiles(changed, edited);
    this.held.told.forget([...changed, ...edited]);
    this.held.repository.outdate(changed, (reads) => this.held.told.known(reads));
    this.live = undefined;
  }

  /** What is doubtful about the hashes of the last evaluated recipe, or of another, evaluated first. */
  advise(path: string): readonly Problem[] {
    if (this.live?.path !== path) this.evaluate(path);
    return adviceProblems(this.hashed, this.analysis, this.ctx);
  }

  /** The final value of a variable of a variant of the last evaluated recipe, or of another, evaluated first. */
  inspect(path: string, mcfn: string, name: string): VariableInspection | undefined {
    if (this.live?.path !== path) this.evaluate(path);
    const variant = this.live?.variants.find(({ d, name }) => {
      const multiconfig = pythonText(d.getVar('__BBMULTICONFIG', false) ?? '');
      return virtualFileName(path, name, multiconfig) === mcfn;
    });
    if (!variant) return undefined;
    const hashed = this.hashed.find((known) => known.mcfn === mcfn);
    return inspectVariable(variant.d, name, hashed, this.ctx);
  }

  /** Of every multiconfig; see `questions.ts`. */
  configurationValues(names: readonly string[], prefixes: readonly string[]): ConfigurationValues[] {
    this.held.reads.begin();
    return this.configuration.configurations.map(({ multiconfig, d }) => ({
      multiconfig,
      ...configurationValues(d, names, prefixes, this.ctx),
    }));
  }

  /** @throws PythonError where the recipe's function fails */
  extraDepends(question: ExtraDependsQuestion): string[] {
    this.live = undefined;
    this.held.reads.begin();
    return extraDepends(question, this.configuration.configurations[0]!.d, this.ctx);
  }

  /** Where the repository stands by now; undefined where a configuration must be read to tell. */
  repositoryStand(): RepositoryStand | undefined {
    this.live = undefined;
    const { reads, repository, told } = this.held;
    const { frames } = this.ctx.datastoreContext;
    reads.begin();
    frames.beginStep();
    const found = repository.foundAnew(
      (step) => this.python.leavesNothing(step),
      (asked) => told.known(asked),
    );
    const doubt = frames.endStep();
    this.python.takeRefusals();
    return doubt === undefined ? found : undefined;
  }

  /** Where the objects of tasks are looked for; see `questions.ts`. */
  objectPaths(question: ObjectPathsQuestion): readonly ObjectPath[] {
    this.live = undefined;
    return objectPaths(question, this.configuration.configurations[0]!.d, this.ctx);
  }

  /** @throws PythonError where the function fails */
  dispensable(questions: DispensableQuestions): boolean[] {
    this.live = undefined;
    return dispensable(questions, this.configuration.configurations[0]!.d, this.ctx);
  }

  private sourceFiles(path: string): SourceFile[] {
    const own = [...this.ctx.involved].map((file) => ({ path: file, role: roleOf(file, path) }));
    const shared = this.configurationFiles
      .filter((file) => !this.ctx.involved.has(file))
      .map((file) => ({ path: file, role: 'configuration' as const }));
    return [...own, ...shared];
  }
}
