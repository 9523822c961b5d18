/**
 * One evaluator of a workspace: asked one thing after the other, opened when it is asked first, told before each
 * question of what has changed since the one before, and opened anew when it has ended.
 *
 * Knows nothing of results that are kept, nor of the other evaluators.
 */
import { dropOldest } from '../base/recent.ts';
import { MOST_RECENT } from '../python/remembering.ts';
import type { ReceivedIngredients } from '../signature/keptIngredients.ts';
import { type EvaluatorConnection, EvaluatorStopped, type Method, NOT_OPENED } from './protocol.ts';
import { ReceivedReads } from './requestReads.ts';
import type { ConfigurationSummary } from './results.ts';

/** What all evaluators of a workspace are told, as it is now. */
export interface News {
  /** Texts of open documents, by path. */
  readonly overlays: ReadonlyMap<string, string>;
  /** Every change since the start, so that any evaluator can be brought up to date. */
  readonly changes: readonly { readonly path: string; readonly disk: boolean }[];
}

export class Member {
  opened: Promise<ConfigurationSummary> | undefined;
  /** How many questions it has not answered yet. */
  waiting = 0;
  /** How what it has told of files and of hashes is to be understood: another one each time it is opened. */
  received = new ReceivedReads();
  ingredients: ReceivedIngredients | undefined;
  /** The newest of the changes that it has been told of. */
  private version = 0;
  private busy: Promise<unknown> = Promise.resolve();
  /** The recipes that it evaluated last: it remembers itself what Python did for them. */
  private readonly recent = new Set<string>();

  /**
   * @param asking is told each time it is asked something
   * @param configured what the configuration counts as that it has just read
   */
  constructor(
    readonly connection: EvaluatorConnection,
    private readonly news: News,
    private readonly asking: (method: Method) => void,
    private readonly configured: (summary: ConfigurationSummary) => Promise<ConfigurationSummary>,
  ) {}

  /** Runs one step after all that were queued before. */
  queued<T>(step: () => Promise<T>): Promise<T> {
    this.waiting++;
    const result = this.busy.then(step, step).finally(() => this.waiting--);
    this.busy = result.catch(() => undefined);
    return result;
  }

  /** Asks it when it has answered all that it was asked before. @param step asks it */
  inTurn<T>(method: Method, step: (summary: ConfigurationSummary) => Promise<T>): Promise<T> {
    const request = async () => {
      const summary = await this.ready();
      this.asking(method);
      try {
        return await step(summary);
      } catch (error) {
        if (error instanceof EvaluatorStopped || isNotOpened(error)) this.opened = undefined;
        throw error;
      }
    };
    return this.queued(() =>
      request().catch((error: unknown) => {
        // It ended while nothing was asked of it, which is nobody's fault: the next one answers.
        if (isNotOpened(error)) return request();
        throw error;
      }),
    );
  }

  /** Opens it if it is not, and tells it what has changed. In a step of `queued`. */
  async ready(): Promise<ConfigurationSummary> {
    if (this.opened && this.version < this.news.changes.length) {
      try {
        if (await this.tellNews()) this.opened = undefined;
      } catch (error) {
        this.opened = undefined;
        // Nothing of the workspace runs while it is told of news: it had ended before. The next one is opened with all.
        if (!(error instanceof EvaluatorStopped)) throw error;
      }
    }
    if (!this.opened) {
      const opened = (this.opened = this.open());
      // A failure is not remembered: the next request tries anew.
      opened.catch(() => this.opened === opened && (this.opened = undefined));
    }
    return this.opened;
  }

  private async open(): Promise<ConfigurationSummary> {
    this.version = this.news.changes.length;
    await this.connection.request('change', { overlays: this.news.overlays, changed: [] });
    this.received = new ReceivedReads();
    this.ingredients = undefined;
    this.recent.clear();
    this.asking('open');
    return this.configured(await this.connection.request('open', undefined));
  }

  /** @returns whether the configuration must be read anew */
  private async tellNews(): Promise<boolean> {
    const news = this.news.changes.slice(this.version);
    this.version = this.news.changes.length;
    const overlays = new Map(
      news.filter(({ disk }) => !disk).map(({ path }) => [path, this.news.overlays.get(path)]),
    );
    const changed = news.filter(({ disk }) => disk).map(({ path }) => path);
    const { configuration } = await this.connection.request('change', { overlays, changed });
    return configuration;
  }

  /** It is about to evaluate a recipe. @returns whether that is one of the last that it evaluated */
  evaluates(path: string): boolean {
    const { recent } = this;
    const isRecent = recent.delete(path);
    recent.add(path);
    dropOldest(recent, MOST_RECENT);
    return isRecent;
  }

  /** Has it look again at all files that it read. @returns those that are others now */
  async lookAgain(): Promise<readonly string[]> {
    const found: string[] = [];
    try {
      for (let begins = true, isDone = false; !isDone; begins = false) {
        const params = { begins };
        const step = await this.queued(() => this.connection.request('lookAgain', params));
        found.push(...step.outdated);
        isDone = step.isDone;
      }
    } catch {
      // The next process remembers nothing.
    }
    return found;
  }
}

function isNotOpened(error: unknown): boolean {
  return error instanceof Error && error.message === NOT_OPENED;
}
