/**
 * A build directory as its users see it: open documents laid over files, recipes evaluated in a pool of
 * evaluator processes, the baseline to compare with.
 *
 * All state that must survive an evaluator is here; an evaluator can be ended at any time. Knows no protocol
 * and no file system of its own.
 */
import type { Problem } from '../base/problem.ts';
import type { ObjectPath } from '../sstate/presence.ts';
import {
  type EvaluatorConnection,
  type EvaluatorMethods,
  EvaluatorStopped,
  type Method,
  NOT_OPENED,
} from './protocol.ts';
import type {
  ConfigurationSummary,
  ConfigurationValues,
  ExtraDependsQuestion,
  ObjectPathsQuestion,
  RecipeEvaluation,
  VariableInspection,
} from './results.ts';

export interface WorkspaceOptions {
  /** How many evaluators may run at once. */
  readonly processes: number;
  readonly connect: () => EvaluatorConnection;
}

/** One evaluator with what it was told. Requests to it are queued by the caller's awaiting. */
interface Member {
  readonly connection: EvaluatorConnection;
  opened: Promise<ConfigurationSummary> | undefined;
  /** The newest state of the overlays it has been told of. */
  version: number;
  busy: Promise<unknown>;
}

export class Workspace {
  private readonly members: Member[] = [];
  /** Texts of open documents, by path. */
  private readonly overlays = new Map<string, string>();
  /** Every change since the start, so that a member can be brought up to date. */
  private readonly changes: { readonly path: string; readonly disk: boolean }[] = [];

  constructor(private readonly options: WorkspaceOptions) {}

  /** The configuration, read by the first evaluator; read again after a change that concerns it. */
  async summary(): Promise<ConfigurationSummary> {
    const member = this.member(0);
    return this.queued(member, () => this.ready(member));
  }

  /** An editor's text stands for the file until it is taken away with `undefined`. */
  setOverlay(path: string, text: string | undefined): void {
    if (text === undefined ? !this.overlays.has(path) : this.overlays.get(path) === text) return;
    if (text === undefined) this.overlays.delete(path);
    else this.overlays.set(path, text);
    this.changes.push({ path, disk: false });
  }

  /** Files changed on disk. */
  filesChanged(paths: Iterable<string>): void {
    for (const path of paths) this.changes.push({ path, disk: true });
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
    return this.ask(0, 'evaluate', { path, ...(overlays && { overlays }), ...wanted });
  }

  inspect(path: string, mcfn: string, name: string): Promise<VariableInspection | undefined> {
    return this.ask(0, 'inspect', { path, mcfn, name });
  }

  configurationValues(
    names: readonly string[],
    prefixes: readonly string[],
  ): Promise<readonly ConfigurationValues[]> {
    return this.ask(0, 'configurationValues', { names, prefixes });
  }

  /** @throws Error where the recipe's Python fails */
  extraDepends(question: ExtraDependsQuestion): Promise<readonly string[]> {
    return this.ask(0, 'extraDepends', question);
  }

  /** Where the objects of tasks are looked for; see `questions.ts`. @throws EvaluatorStopped */
  objectPaths(question: ObjectPathsQuestion): Promise<readonly ObjectPath[]> {
    return this.ask(0, 'objectPaths', question);
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
    const ask = (index: number, path: string) =>
      this.ask(index, 'evaluate', { path, hashesOnly, recipeInfo });
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
    return this.askAll(paths, (index, path) => this.ask(index, 'advise', { path }), each);
  }

  private async askAll<T>(
    paths: readonly string[],
    ask: (index: number, path: string) => Promise<T>,
    each: (path: string, result: T | Error) => void,
  ): Promise<void> {
    let next = 0;
    const work = async (index: number) => {
      while (next < paths.length) {
        const path = paths[next++]!;
        each(path, await ask(index, path).catch(asError));
      }
    };
    const count = Math.min(this.options.processes, paths.length);
    await Promise.all(Array.from({ length: count }, (_, index) => work(index)));
  }

  /** Opens all evaluators at once, for who is going to ask them all; what fails is told when they are asked. */
  prepare(): void {
    for (let index = 0; index < this.options.processes; index++) {
      const member = this.member(index);
      this.queued(member, () => this.ready(member)).catch(() => undefined);
    }
  }

  dispose(): void {
    for (const member of this.members) member.connection.dispose();
    this.members.length = 0;
  }

  private member(index: number): Member {
    return (this.members[index] ??= {
      connection: this.options.connect(),
      opened: undefined,
      version: 0,
      busy: Promise.resolve(),
    });
  }

  private ask<M extends Method>(
    index: number,
    method: M,
    params: EvaluatorMethods[M]['params'],
  ): Promise<EvaluatorMethods[M]['result']> {
    const member = this.member(index);
    const request = async () => {
      await this.ready(member);
      try {
        return await member.connection.request(method, params);
      } catch (error) {
        if (error instanceof EvaluatorStopped || isNotOpened(error)) member.opened = undefined;
        throw error;
      }
    };
    return this.queued(member, () =>
      request().catch((error: unknown) => {
        // It ended while nothing was asked of it, which is nobody's fault: the next one answers.
        if (isNotOpened(error)) return request();
        throw error;
      }),
    );
  }

  /** Runs one step after all that were queued for this member before. */
  private queued<T>(member: Member, step: () => Promise<T>): Promise<T> {
    const result = member.busy.then(step, step);
    member.busy = result.catch(() => undefined);
    return result;
  }

  /** Opens the member if it is not, and tells it what has changed. */
  private async ready(member: Member): Promise<ConfigurationSummary> {
    if (member.opened && member.version < this.changes.length) {
      try {
        if (await this.tellNews(member)) member.opened = undefined;
      } catch (error) {
        member.opened = undefined;
        throw error;
      }
    }
    if (!member.opened) {
      const opened = (member.opened = this.open(member));
      // A failure is not remembered: the next request tries anew.
      opened.catch(() => member.opened === opened && (member.opened = undefined));
    }
    return member.opened;
  }

  private async open(member: Member): Promise<ConfigurationSummary> {
    member.version = this.changes.length;
    await member.connection.request('change', { overlays: this.overlays, changed: [] });
    return member.connection.request('open', undefined);
  }

  /** @returns whether the configuration must be read anew */
  private async tellNews(member: Member): Promise<boolean> {
    const news = this.changes.slice(member.version);
    member.version = this.changes.length;
    const overlays = new Map(
      news.filter(({ disk }) => !disk).map(({ path }) => [path, this.overlays.get(path)]),
    );
    const changed = news.filter(({ disk }) => disk).map(({ path }) => path);
    const { configuration } = await member.connection.request('change', { overlays, changed });
    return configuration;
  }
}

function isNotOpened(error: unknown): boolean {
  return error instanceof Error && error.message === NOT_OPENED;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
