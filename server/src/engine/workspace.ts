/**
 * A build directory as its users see it: open documents laid over files, recipes evaluated in a pool of
 * evaluator processes, the baseline to compare with.
 *
 * All state that must survive an evaluator is here; an evaluator can be ended at any time. Knows no protocol
 * and no file system of its own.
 */
import type { Problem } from '../base/problem.ts';
import { SharedTexts } from '../base/sharedTexts.ts';
import { inTurns } from '../base/turns.ts';
import type { KnownRead } from '../inputs/reads.ts';
import type { PartStore } from '../inputs/resultPorts.ts';
import { ReceivedIngredients } from '../signature/keptIngredients.ts';
import type { TaskSignature } from '../signature/signatures.ts';
import type { ObjectPath } from '../sstate/presence.ts';
import { type EvaluatorQuestions, KeptRecipes } from './keptRecipes.ts';
import { Member } from './member.ts';
import {
  type CacheableMethod,
  type EvaluatorConnection,
  type EvaluatorMethods,
  type Method,
} from './protocol.ts';
import { light, lightParameters, type ResultCache } from './resultCache.ts';
import type {
  ConfigurationSummary,
  ConfigurationValues,
  DispensableQuestions,
  ExtraDependsQuestion,
  ObjectPathsQuestion,
  RecipeEvaluation,
  VariableInspection,
} from './results.ts';

export interface WorkspaceOptions {
  /** How many evaluators may run at once. */
  readonly processes: number;
  readonly connect: () => EvaluatorConnection;
  /** Where results are kept that need not be computed again; undefined: none are. */
  readonly cache?: ResultCache | undefined;
  /** Whether hashes of recipes are made again after edits of functions and assignments; takes the cache, which knows files. */
  readonly rehash?: boolean;
  /** Where what these are made of is kept for the next start; undefined: it is not. */
  readonly ingredients?: PartStore | undefined;
}

/** What Python did for a recipe, as it was looked up at some time. */
interface EarlyRecollection {
  /** How many changes there had been. */
  readonly at: number;
  /** Of the configuration. */
  readonly identity: string;
  readonly text: Promise<string | undefined>;
}

/** As what a result is kept. */
interface Keeping<M extends CacheableMethod> {
  readonly params: EvaluatorMethods[M]['params'];
  readonly of: (result: EvaluatorMethods[M]['result']) => EvaluatorMethods[M]['result'];
  readonly early?: EarlyRecollection | undefined;
}

/** Which evaluator is asked; as a function where that is found when it comes to it. */
type Place = number | (() => number);

/** How many questions wait for an answer before it is worth the time to open another evaluator. */
const WORTH_OPENING = 8;
/** What of an evaluation no other one has. */
const DIFFERENT_EVERYWHERE: ReadonlySet<string> = new Set<keyof TaskSignature>(['basehash']);

export class Workspace {
  private readonly members: Member[] = [];
  /** Texts of open documents, by path. */
  private readonly overlays = new Map<string, string>();
  /** Every change since the start, so that a member can be brought up to date. */
  private readonly changes: { readonly path: string; readonly disk: boolean }[] = [];

  /** Ends with the last looking again at what was read; the one that has not begun yet. */
  private checked: Promise<unknown> = Promise.resolve();
  private nextCheck: Promise<readonly string[]> | undefined;

  /** What `summary` gave last, what that was told to be, and how many changes there had been. */
  private last:
    | { readonly summary: ConfigurationSummary; readonly raw: ConfigurationSummary; readonly at: number }
    | undefined;
  /** How often evaluators were asked what, for who wants to know what was computed. */
  readonly asked = new Map<Method, number>();

  /** What evaluations were made of, where that is kept. */
  readonly kept: KeptRecipes | undefined;
  /** Of evaluations without what their hashes were made of: who loads the world holds all of them. */
  private readonly texts = new SharedTexts();

  constructor(private readonly options: WorkspaceOptions) {
    const { cache, rehash, ingredients } = options;
    if (cache && rehash) this.kept = new KeptRecipes(cache.states, this.questions, ingredients);
  }

  /**
   * The configuration, known from before or read by the first evaluator; read again after a change that concerns it.
   * The same object as long as it is the same.
   */
  async summary(): Promise<ConfigurationSummary> {
    const { last: before } = this;
    if (before?.at === this.changes.length) return before.summary;
    const member = this.member(0);
    const known = member.opened ? undefined : await this.options.cache?.configuration();
    const at = this.changes.length;
    const made = known ?? this.kept?.summary() ?? (await this.kept?.earlierSummary());
    const summary = made ?? (await member.queued(() => member.ready()));
    const { last } = this;
    if (last?.raw !== summary) {
      const isSame = last && JSON.stringify(last.summary) === JSON.stringify(summary);
      this.last = { raw: summary, summary: isSame ? last.summary : summary, at };
    } else this.last = { ...last, at };
    return this.last.summary;
  }

  /** An editor's text stands for the file until it is taken away with `undefined`. */
  setOverlay(path: string, text: string | undefined): void {
    if (text === undefined ? !this.overlays.has(path) : this.overlays.get(path) === text) return;
    if (text === undefined) this.overlays.delete(path);
    else this.overlays.set(path, text);
    this.options.cache?.setOverlay(path, text);
    this.kept?.changed();
    this.changes.push({ path, disk: false });
  }

  /** Files changed on disk. */
  filesChanged(paths: Iterable<string>): void {
    const all = [...paths];
    this.options.cache?.filesChanged(all);
    this.kept?.changed();
    for (const path of all) this.changes.push({ path, disk: true });
  }

  /**
   * Looks again at all files that were read, where some may have changed without anybody's having told. That takes long
   * where much was read; what is asked meanwhile does not wait for it.
   * @returns those that are others now; they count as told
   */
  recheck(): Promise<readonly string[]> {
    // One that has not begun yet will see what has changed until now.
    this.nextCheck ??= this.checked.then(() => {
      this.nextCheck = undefined;
      return this.check();
    });
    this.checked = this.nextCheck.catch(() => undefined);
    return this.nextCheck;
  }

  private async check(): Promise<readonly string[]> {
    const asked = this.members.filter(({ opened }) => opened).map((member) => member.lookAgain());
    const own = inTurns(this.options.cache?.lookAgain() ?? []);
    const paths = [...new Set((await Promise.all([own, ...asked])).flat())];
    if (paths.length > 0) this.filesChanged(paths);
    return paths;
  }

  /**
   * @param wanted see `EvaluatorMethods.evaluate`
   * @throws EvaluatorStopped; the workspace stays usable
   */
  evaluate(
    path: string,
    overlays?: ReadonlyMap<string, string>,
    wanted: { readonly hashesOnly?: boolean; readonly recipeInfo?: boolean } = {},
  ): Promise<RecipeEvaluation> {
    if (!overlays && wanted.hashesOnly) return this.evaluateOn(0, path, wanted.recipeInfo);
    const params = { path, ...(overlays && { overlays }), ...wanted };
    if (!this.options.cache || overlays || this.overlays.has(path)) return this.ask(0, 'evaluate', params);
    const kept = { params: lightParameters(path, wanted.recipeInfo), of: light };
    return this.askAndKeep(0, 'evaluate', params, path, kept);
  }

  /** The hashes of a recipe as they are made again after such edits; undefined where it must be evaluated. */
  async made(path: string): Promise<RecipeEvaluation | undefined> {
    return (await this.kept?.find(path, true)) ?? this.kept?.findEarlier(path, true);
  }

  /** Keeps what hashes are made of for the next start. @param idle resolves when there is time for some of it */
  async keepIngredients(idle: () => Promise<void>): Promise<void> {
    await this.kept?.save(idle);
  }

  /** The hashes of a recipe as they are known from before, without asking an evaluator. */
  async known(path: string): Promise<RecipeEvaluation | undefined> {
    const { cache } = this.options;
    if (!cache) return undefined;
    const made = await this.kept?.find(path, true);
    if (made) return made;
    const { last } = this;
    const summary = last?.at === this.changes.length ? last.summary : await cache.configuration();
    if (!summary) return undefined;
    const find = (recipeInfo: boolean) =>
      cache.find('evaluate', lightParameters(path, recipeInfo), summary, path);
    return (await find(true)) ?? (await find(false));
  }

  inspect(path: string, mcfn: string, name: string): Promise<VariableInspection | undefined> {
    return this.ask(0, 'inspect', { path, mcfn, name });
  }

  configurationValues(
    names: readonly string[],
    prefixes: readonly string[],
  ): Promise<readonly ConfigurationValues[]> {
    return this.find(0, 'configurationValues', { names, prefixes });
  }

  /** @throws Error where the recipe's Python fails */
  extraDepends(question: ExtraDependsQuestion): Promise<readonly string[]> {
    return this.find(0, 'extraDepends', question);
  }

  /** Where the objects of tasks are looked for; see `questions.ts`. @throws EvaluatorStopped */
  objectPaths(question: ObjectPathsQuestion): Promise<readonly ObjectPath[]> {
    return this.ask(0, 'objectPaths', question);
  }

  /** @throws Error where the function of BB_SETSCENE_DEPVALID fails */
  dispensable(questions: DispensableQuestions): Promise<readonly boolean[]> {
    return this.ask(0, 'dispensable', questions);
  }

  /**
   * Evaluates many recipes on all evaluators. One that cannot be evaluated does not hold up the others, not even
   * where a fault of ours is the reason.
   * @param each is told of each as it is done: its evaluation, or why there is none
   * @param hashesOnly whether what hashes were made of may be left out
   * @param recipeInfo whether to tell what the task graph and taskhashes need, too
   */
  async evaluateAll(
    paths: readonly string[],
    each: (path: string, result: RecipeEvaluation | Error) => void,
    hashesOnly = false,
    recipeInfo = false,
  ): Promise<void> {
    const ask = (place: Place, path: string) =>
      hashesOnly
        ? this.evaluateOn(place, path, recipeInfo)
        : this.ask(place, 'evaluate', { path, hashesOnly, recipeInfo });
    await this.askAll(paths, ask, each);
  }

  /** What is doubtful about the hashes of a recipe. @throws EvaluatorStopped */
  advise(path: string): Promise<readonly Problem[]> {
    return this.ask(0, 'advise', { path });
  }

  /** The same of many recipes, on all evaluators; see `evaluateAll`. */
  adviseAll(
    paths: readonly string[],
    each: (path: string, result: readonly Problem[] | Error) => void,
  ): Promise<void> {
    return this.askAll(paths, (place, path) => this.ask(place, 'advise', { path }), each);
  }

  private async askAll<T>(
    paths: readonly string[],
    ask: (place: Place, path: string) => Promise<T>,
    each: (path: string, result: T | Error) => void,
  ): Promise<void> {
    let next = 0;
    const work = async () => {
      while (next < paths.length) {
        const path = paths[next++]!;
        each(path, await ask(() => this.leastBusy(), path).catch(asError));
      }
    };
    // What is known from before is found while evaluators work, and how much is not shows early.
    const count = Math.min(this.options.processes + WORTH_OPENING, paths.length);
    await Promise.all(Array.from({ length: count }, work));
  }

  /** The evaluator that would answer first: to open one takes as long as many answers. */
  private leastBusy(): number {
    const numbers = Array.from({ length: this.options.processes }, (_, index) => index);
    const waiting = numbers.map((index) => {
      const member = this.members[index];
      return (member?.waiting ?? 0) + (member?.opened || index === 0 ? 0 : WORTH_OPENING);
    });
    return waiting.indexOf(Math.min(...waiting));
  }

  /**
   * Opens all evaluators at once, for who is going to ask them all; what fails is told when they are asked. None is
   * where the configuration is known from before: then most results are, too.
   */
  async prepare(): Promise<void> {
    if (await this.options.cache?.configuration()) return;
    for (let index = 0; index < this.options.processes; index++) this.begin(index);
  }

  /** Opens an evaluator for who is going to ask it soon; what fails is told when it is asked. */
  begin(index = 0): void {
    const member = this.member(index);
    member.queued(() => member.ready()).catch(() => undefined);
  }

  get processes(): number {
    return this.options.processes;
  }

  /** What others need to know of a recipe, with its hashes, as known from before or computed by one of the evaluators. */
  evaluateLight(evaluator: number, path: string): Promise<RecipeEvaluation> {
    return this.evaluateOn(evaluator, path, true);
  }

  /** Ends the evaluators from a number on; they come back when they are asked. */
  release(from: number): void {
    for (const member of this.members.splice(from))
      void member.queued(async () => member.connection.dispose());
  }

  dispose(): void {
    for (const member of this.members) member.connection.dispose();
    this.members.length = 0;
  }

  private member(index: number): Member {
    return (this.members[index] ??= this.newMember(index === 0));
  }

  private newMember(isFirst: boolean): Member {
    const { overlays, changes } = this;
    const connection = this.options.connect();
    return new Member(
      connection,
      { overlays, changes },
      (method) => this.asked.set(method, (this.asked.get(method) ?? 0) + 1),
      async (summary) => (isFirst ? this.configured(connection, summary) : summary),
    );
  }

  /** The first evaluator has read the configuration, which is kept. @returns what that counts as */
  private async configured(
    connection: EvaluatorConnection,
    summary: ConfigurationSummary,
  ): Promise<ConfigurationSummary> {
    const { cache } = this.options;
    if (!cache) return summary;
    const reads = await connection.request('configurationReads', undefined);
    const edited = this.isEdited([...reads.parsed, ...reads.listed]);
    // Which files are there is told by their states: nothing of their texts is kept for that.
    const same = this.kept?.keepConfiguration(summary, reads, this.isEdited(reads.parsed)) ?? summary;
    await cache.keepConfiguration(same, reads, edited);
    return same;
  }

  /** Hashes without what they were made of, as they are known from before or computed now. */
  private async evaluateOn(place: Place, path: string, recipeInfo = false): Promise<RecipeEvaluation> {
    const { kept } = this;
    const made = await kept?.find(path, recipeInfo);
    const earlier = async () => kept?.findEarlier(path, recipeInfo);
    const found = made ?? this.find(place, 'evaluate', lightParameters(path, recipeInfo), path, earlier);
    return this.texts.share(await found, DIFFERENT_EVERYWHERE);
  }

  /** The first evaluator is opened where it is not: recipes would have to be evaluated else. */
  private readonly questions: EvaluatorQuestions = {
    // What it has read of the files makes no difference.
    analysePython: (texts) =>
      this.askFirst(async (member) => {
        if (!member.opened) await member.ready();
        return member.connection.request('analysePython', { texts });
      }),
    repositoryStand: () =>
      this.askFirst(async (member) => {
        await member.ready();
        return member.connection.request('repositoryStand', undefined);
      }),
  };

  /** Undefined: that fails, or there has been none. */
  private async askFirst<T>(ask: (member: Member) => Promise<T>): Promise<T | undefined> {
    const [member] = this.members;
    return member?.queued(() => ask(member)).catch(() => undefined);
  }

  /**
   * What is known from before; else an evaluator is asked, and the answer kept.
   * @param recipe which it is about
   * @param otherwise what else may know it
   */
  private async find<M extends CacheableMethod>(
    place: Place,
    method: M,
    params: EvaluatorMethods[M]['params'],
    recipe?: string,
    otherwise?: () => Promise<EvaluatorMethods[M]['result'] | undefined>,
  ): Promise<EvaluatorMethods[M]['result']> {
    const { cache } = this.options;
    if (!cache) return this.ask(place, method, params);
    const summary = await this.summary();
    const known = (await cache.find(method, params, summary, recipe)) ?? (await otherwise?.());
    if (known !== undefined) return known;
    const further = { ...params, ingredients: 'further' };
    const wanted = this.kept && method === 'evaluate' ? further : params;
    const early = recipe === undefined ? undefined : this.recollectionOf(summary, recipe);
    return this.askAndKeep(place, method, wanted, recipe, { params, of: (result) => result, early });
  }

  /** As `ask`. The answer is kept, unless texts of open documents had a part in it. @param recipe which it is about */
  private async askAndKeep<M extends CacheableMethod>(
    place: Place,
    method: M,
    params: EvaluatorMethods[M]['params'],
    recipe: string | undefined,
    kept: Keeping<M>,
  ): Promise<EvaluatorMethods[M]['result']> {
    const ask = async (member: Member, whole: EvaluatorMethods[M]['params']) => {
      // Those of the process that is asked.
      const { received, ingredients } = member;
      const found = await member.connection.find(method, whole);
      return { ...found, received, ingredients, opened: await member.opened };
    };
    const answer = await this.inTurn(place, method, params, ask, kept.early);
    const { result, findings, opened } = answer;
    // Before anything else that the same evaluator tells.
    const reads = findings.reads && answer.received.receive(findings.reads);
    if (!reads || !opened) return result;
    const edited = this.isEdited(reads);
    if (findings.ingredients && answer.ingredients && 'variants' in result) {
      const recipeInfo = 'recipeInfo' in params && params.recipeInfo === true;
      const told = [findings.ingredients, answer.ingredients] as const;
      this.kept?.keep(result, recipeInfo, opened.identity, reads, edited, ...told);
    }
    const { cache } = this.options;
    if (edited || !cache) return result;
    await cache.keep(method, kept.params, opened, recipe, kept.of(result), reads);
    if (findings.recollection !== undefined && recipe !== undefined)
      cache.keepRecollection(opened, recipe, findings.recollection, reads);
    return result;
  }

  /** Whether texts of open documents had a part in it. */
  private isEdited(reads: readonly KnownRead[]): boolean {
    return reads.some(([read]) => this.overlays.has(read.slice(1)));
  }

  private ask<M extends Method>(
    place: Place,
    method: M,
    params: EvaluatorMethods[M]['params'],
  ): Promise<EvaluatorMethods[M]['result']> {
    return this.inTurn(place, method, params, ({ connection }, whole) => connection.request(method, whole));
  }

  /** Asks an evaluator when it has answered all that it was asked before. @param step asks it */
  private inTurn<M extends Method, T>(
    place: Place,
    method: M,
    params: EvaluatorMethods[M]['params'],
    step: (member: Member, params: EvaluatorMethods[M]['params']) => Promise<T>,
    early?: EarlyRecollection,
  ): Promise<T> {
    const member = this.member(typeof place === 'number' ? place : place());
    return member.inTurn(method, async (summary) => {
      const isEvaluation = method === 'evaluate';
      const known = isEvaluation ? await this.withRecollection(member, summary, params, early) : params;
      return step(member, this.withIngredients(member, known));
    });
  }

  /** Looked up while evaluators are busy. */
  private recollectionOf(summary: ConfigurationSummary, path: string): EarlyRecollection | undefined {
    const { cache } = this.options;
    if (!cache) return undefined;
    const { identity } = summary;
    return { at: this.changes.length, identity, text: cache.findRecollection(summary, path) };
  }

  /** An evaluator that has not just evaluated the recipe is told what Python did for it then, in this session or before. */
  private async withRecollection<M extends Method>(
    member: Member,
    summary: ConfigurationSummary,
    params: EvaluatorMethods[M]['params'],
    early: EarlyRecollection | undefined,
  ): Promise<EvaluatorMethods[M]['params']> {
    if (!params || !('path' in params)) return params;
    const isRecent = member.evaluates(params.path);
    // With texts laid over files for this once, files may tell Python something else.
    if (isRecent || 'overlays' in params) return params;
    const isCurrent = early?.at === this.changes.length && early.identity === summary.identity;
    const known = isCurrent ? early : this.recollectionOf(summary, params.path);
    const recollection = await known?.text;
    return recollection === undefined ? params : { ...params, recollection };
  }

  /** Where ingredients are wanted: all of them, if what was told before is not held any more. */
  private withIngredients<M extends Method>(
    member: Member,
    params: EvaluatorMethods[M]['params'],
  ): EvaluatorMethods[M]['params'] {
    const { kept } = this;
    if (!kept || !params || !('ingredients' in params) || member.ingredients?.isOf(kept.table)) return params;
    member.ingredients = new ReceivedIngredients(kept.table);
    return { ...params, ingredients: 'from the start' };
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
