/**
 * Results of evaluators kept from one start to the next: each with what was read for it, and found again only where
 * all of that would be read the same.
 *
 * A key says everything else that decides a result: our own build, the machine and its environment, the build
 * directory, and for all but the configuration itself the configuration's identity. What depends on anything else
 * (a clock, a random number, a limit that was reached) is not kept. What the configuration took from the clock when it
 * was read (`DATE`) counts for as long as the configuration stays the same, as it does in BitBake's own cache.
 *
 * Knows the store and the files through ports; an evaluation found here is as one that was just made, without what
 * hashes were made of.
 */
import type { KnownRead } from '../inputs/reads.ts';
import type { ReadStates, ResultStore } from '../inputs/resultPorts.ts';
import { type CacheableMethod, type EvaluatorMethods } from './protocol.ts';
import { digestOf } from './requestReads.ts';
import type { ConfigurationReads, ConfigurationSummary, RecipeEvaluation } from './results.ts';

interface Configuration {
  readonly summary: ConfigurationSummary;
  readonly reads: ConfigurationReads;
}

/** What of a configuration stands before its reads. */
interface KeptText {
  readonly summary: ConfigurationSummary;
  /** How many of the reads are those of `ConfigurationReads.parsed`. */
  readonly parsed: number;
  readonly evaluated: readonly string[];
}

export class ResultCache {
  /** Whether `configured` is that of the present files; undefined: to be looked at. */
  private valid: boolean | undefined;
  private configured: Configuration | undefined;
  private readonly appended = new WeakMap<ConfigurationSummary, Map<string, string>>();
  private looked: Promise<Configuration | undefined> | undefined;

  /** @param base a digest of everything but files that decides results */
  constructor(
    private readonly store: ResultStore,
    readonly states: ReadStates,
    private readonly base: string,
  ) {}

  setOverlay(path: string, text: string | undefined): void {
    this.valid = undefined;
    this.states.setOverlay(path, text);
  }

  filesChanged(paths: readonly string[]): void {
    this.valid = undefined;
    this.states.forget(paths);
  }

  /** The configuration as it is known to be now; undefined where it must be read. */
  async configuration(): Promise<ConfigurationSummary | undefined> {
    if (!this.configured) {
      this.looked ??= this.readConfiguration();
      this.configured ??= await this.looked;
    }
    const { configured } = this;
    if (!configured) return undefined;
    const { parsed, listed } = configured.reads;
    this.valid ??= this.isCurrent(parsed) && this.isCurrent(listed);
    return this.valid ? configured.summary : undefined;
  }

  /** @param edited whether texts of open documents take part: it counts, but not for the next start */
  keepConfiguration(summary: ConfigurationSummary, reads: ConfigurationReads, edited: boolean): void {
    this.configured = { summary, reads };
    this.valid = undefined;
    if (edited) return;
    const all = [...reads.parsed, ...reads.listed];
    const { parsed, evaluated } = reads;
    const text = encoded(JSON.stringify({ summary, parsed: parsed.length, evaluated }), all);
    if (text !== undefined) this.store.write(this.key('open', undefined), text);
  }

  /** @param recipe which it is about */
  async find<M extends CacheableMethod>(
    method: M,
    params: EvaluatorMethods[M]['params'],
    summary: ConfigurationSummary,
    recipe: string | undefined,
  ): Promise<EvaluatorMethods[M]['result'] | undefined> {
    const text = await this.store.read(this.resultKey(method, params, summary, recipe));
    const found = text === undefined ? undefined : decoded(text);
    if (!found || !this.isCurrent(found.reads)) return undefined;
    return revived(method, JSON.parse(found.result));
  }

  keep<M extends CacheableMethod>(
    method: M,
    params: EvaluatorMethods[M]['params'],
    summary: ConfigurationSummary,
    recipe: string | undefined,
    result: EvaluatorMethods[M]['result'],
    reads: readonly KnownRead[],
  ): void {
    const text = encoded(JSON.stringify(result), reads);
    if (text !== undefined) this.store.write(this.resultKey(method, params, summary, recipe), text);
  }

  private async readConfiguration(): Promise<Configuration | undefined> {
    await this.states.recall();
    const text = await this.store.read(this.key('open', undefined));
    const found = text === undefined ? undefined : decoded(text);
    if (!found) return undefined;
    const { summary, parsed, evaluated } = JSON.parse(found.result) as KeptText;
    const reads = { parsed: found.reads.slice(0, parsed), listed: found.reads.slice(parsed), evaluated };
    return { summary, reads };
  }

  private isCurrent(reads: readonly KnownRead[]): boolean {
    return reads.every(([read, state]) => this.states.state(read) === state);
  }

  private resultKey(
    method: string,
    params: unknown,
    summary: ConfigurationSummary,
    recipe: string | undefined,
  ): string {
    return this.key(method, [
      summary.identity,
      params,
      recipe === undefined ? '' : this.appends(summary, recipe),
    ]);
  }

  /** What decides an evaluation besides the configuration's variables: which files are appended to the recipe. */
  private appends(summary: ConfigurationSummary, recipe: string): string {
    let appends = this.appended.get(summary);
    if (!appends) {
      appends = new Map(summary.recipes.map(({ path, appends }) => [path, appends.join('\n')]));
      this.appended.set(summary, appends);
    }
    return appends.get(recipe) ?? 'none';
  }

  private key(method: string, params: unknown): string {
    return digestOf(JSON.stringify([this.base, method, params]));
  }
}

/** The result, then a line for each read. @returns undefined for a path that would break a line */
function encoded(result: string, reads: readonly KnownRead[]): string | undefined {
  const lines = reads.map(([read, state]) => `${read}\0${state}`);
  if (lines.some((line) => line.includes('\n'))) return undefined;
  return [result, ...lines].join('\n');
}

function decoded(text: string): { readonly result: string; readonly reads: readonly KnownRead[] } {
  const [result = '', ...lines] = text.split('\n');
  const reads = lines.map((line): KnownRead => {
    const at = line.indexOf('\0');
    return [line.slice(0, at), line.slice(at + 1)];
  });
  return { result, reads };
}

/** Maps of evaluations that are kept are empty: without what hashes were made of. */
function revived<M extends CacheableMethod>(method: M, result: unknown): EvaluatorMethods[M]['result'] {
  if (method !== 'evaluate') return result as EvaluatorMethods[M]['result'];
  const { variants, ...evaluation } = result as RecipeEvaluation;
  const whole: RecipeEvaluation = {
    ...evaluation,
    variants: variants.map((variant) => ({ ...variant, nodes: new Map() })),
    origins: new Map(),
    ...(evaluation.originsElsewhere && { originsElsewhere: new Map() }),
  };
  return whole as EvaluatorMethods[M]['result'];
}
