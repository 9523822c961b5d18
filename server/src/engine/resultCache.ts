/**
 * Results of evaluators kept from one start to the next: each with what was read for it, and found again only where
 * all of that would be read the same.
 *
 * The last few are kept of each: a review goes back and forth between two states of the files, and finds its base again
 * when it is the head that has changed.
 *
 * A key says everything else that decides a result: our own build, the machine and its environment, the build
 * directory, and for all but the configuration itself the configuration's identity. What depends on anything else
 * (a clock, a random number, a limit that was reached) is not kept. What the configuration took from the clock when it
 * was read (`DATE`) counts for as long as the configuration stays the same, as it does in BitBake's own cache.
 *
 * Knows the store and the files through ports; an evaluation found here is as one that was just made, without what
 * hashes were made of.
 */
import { keepLast } from '../base/recent.ts';
import type { KnownRead } from '../inputs/reads.ts';
import type { ReadStates, ResultStore } from '../inputs/resultPorts.ts';
import { type CacheableMethod, type EvaluatorMethods } from './protocol.ts';
import { digestOf } from './requestReads.ts';
import type { ConfigurationReads, ConfigurationSummary, RecipeEvaluation } from './results.ts';

interface Configuration {
  readonly summary: ConfigurationSummary;
  readonly reads: ConfigurationReads;
}

/** How many results are kept of each thing that was computed. */
const MOST_KEPT = 4;
/** Of how many things that are being computed what was known of them before is at hand. */
const MOST_IN_VAIN = 16;

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
  /** Those of earlier starts, as they stand in the store. */
  private earlier: Promise<readonly Decoded[]> | undefined;
  /** What was looked through in vain, by key: something is put before it soon. */
  private readonly inVain = new Map<string, readonly string[]>();

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

  /** The paths of files that are others than when results were last looked for; see `ReadStates.lookAgain`. */
  lookAgain(): Iterable<readonly string[]> {
    return this.states.lookAgain();
  }

  /** The configuration as it is known to be now; undefined where it must be read. */
  async configuration(): Promise<ConfigurationSummary | undefined> {
    const earlier = await (this.earlier ??= this.readConfigurations());
    if (this.valid === undefined) {
      this.valid = this.configured !== undefined && this.isConfigured(this.configured);
      if (!this.valid) {
        const found = earlier.find(({ reads }) => this.isCurrent(reads));
        this.valid = found !== undefined;
        if (found) this.configured = configurationOf(found);
      }
    }
    return this.valid ? this.configured?.summary : undefined;
  }

  /** @param edited whether texts of open documents take part: it counts, but not for the next start */
  async keepConfiguration(
    summary: ConfigurationSummary,
    reads: ConfigurationReads,
    edited: boolean,
  ): Promise<void> {
    this.configured = { summary, reads };
    this.valid = undefined;
    if (edited) return;
    const all = [...reads.parsed, ...reads.listed];
    const { parsed, evaluated } = reads;
    const text = encoded(JSON.stringify({ summary, parsed: parsed.length, evaluated }), all);
    if (text !== undefined) await this.put(this.key('open', undefined), text);
  }

  /** @param recipe which it is about */
  async find<M extends CacheableMethod>(
    method: M,
    params: EvaluatorMethods[M]['params'],
    summary: ConfigurationSummary,
    recipe: string | undefined,
  ): Promise<EvaluatorMethods[M]['result'] | undefined> {
    const key = this.resultKey(method, params, summary, recipe);
    const kept = await this.kept(key);
    for (const [at, text] of kept.entries()) {
      const { result, reads } = decoded(text);
      if (!this.isCurrent(reads)) continue;
      // The one that would be the next to go is in use.
      if (at > 0 && at === MOST_KEPT - 1) this.write(key, [text, ...kept.slice(0, at)]);
      return revived(method, JSON.parse(result));
    }
    keepLast(this.inVain, MOST_IN_VAIN, key, kept);
    return undefined;
  }

  async keep<M extends CacheableMethod>(
    method: M,
    params: EvaluatorMethods[M]['params'],
    summary: ConfigurationSummary,
    recipe: string | undefined,
    result: EvaluatorMethods[M]['result'],
    reads: readonly KnownRead[],
  ): Promise<void> {
    const text = encoded(JSON.stringify(result), reads);
    if (text !== undefined) await this.put(this.resultKey(method, params, summary, recipe), text);
  }

  /** What Python did for a recipe in an earlier session, where it would be told the same by files. */
  async findRecollection(summary: ConfigurationSummary, recipe: string): Promise<string | undefined> {
    const [text] = await this.kept(this.recollectionKey(summary, recipe));
    if (text === undefined) return undefined;
    const { result, reads } = decoded(text);
    return this.isCurrent(reads) ? result : undefined;
  }

  /** @param reads of all that the recipe was evaluated with */
  keepRecollection(
    summary: ConfigurationSummary,
    recipe: string,
    recollection: string,
    reads: readonly KnownRead[],
  ): void {
    // Who evaluates metadata tells Python what its texts say, and is asked again.
    const others = reads.filter(([read]) => !read.startsWith('x'));
    const text = encoded(recollection, others);
    if (text !== undefined) this.write(this.recollectionKey(summary, recipe), [text]);
  }

  private recollectionKey({ identity }: ConfigurationSummary, recipe: string): string {
    return this.key('recollection', [identity, recipe]);
  }

  private async readConfigurations(): Promise<readonly Decoded[]> {
    await this.states.recall();
    return (await this.kept(this.key('open', undefined))).map(decoded);
  }

  /** What is in the store under a key, the newest first. */
  private async kept(key: string): Promise<readonly string[]> {
    const text = await this.store.read(key);
    return text === undefined ? [] : text.split(BETWEEN);
  }

  /** Puts a result before those that are kept, in place of what the same reads gave. */
  private async put(key: string, text: string): Promise<void> {
    const reads = readsOf(text);
    const before = this.inVain.get(key) ?? (await this.kept(key));
    this.inVain.delete(key);
    const others = before.filter((other) => readsOf(other) !== reads);
    this.write(key, [text, ...others.slice(0, MOST_KEPT - 1)]);
  }

  private write(key: string, texts: readonly string[]): void {
    this.store.write(key, texts.join(BETWEEN));
  }

  private isConfigured({ reads: { parsed, listed } }: Configuration): boolean {
    return this.isCurrent(parsed) && this.isCurrent(listed);
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

/** What an evaluation is kept as. */
export function lightParameters(path: string, recipeInfo = false): EvaluatorMethods['evaluate']['params'] {
  return { path, hashesOnly: true, recipeInfo };
}

/** Without what hashes were made of. */
export function light(evaluation: RecipeEvaluation): RecipeEvaluation {
  const variants = evaluation.variants.map((variant) => ({
    ...variant,
    tasks: variant.tasks.map((task) => ({ ...task, dependencies: [] })),
    nodes: new Map(),
  }));
  const { originsElsewhere } = evaluation;
  const elsewhere = originsElsewhere && { originsElsewhere: new Map<string, never>() };
  return { ...evaluation, variants, origins: new Map(), ...elsewhere };
}

/** An empty line: within what is kept there is none. */
const BETWEEN = '\n\n';

/** The result, then a line for each read. @returns undefined for a path that would break a line */
function encoded(result: string, reads: readonly KnownRead[]): string | undefined {
  const lines = reads.map(([read, state]) => `${read}\0${state}`);
  if (lines.some((line) => line.includes('\n'))) return undefined;
  return [result, ...lines].join('\n');
}

interface Decoded {
  readonly result: string;
  readonly reads: readonly KnownRead[];
}

function decoded(text: string): Decoded {
  const [result = '', ...lines] = text.split('\n');
  const reads = lines.map((line): KnownRead => {
    const at = line.indexOf('\0');
    return [line.slice(0, at), line.slice(at + 1)];
  });
  return { result, reads };
}

/** The lines of the reads of what is kept. */
function readsOf(text: string): string {
  const end = text.indexOf('\n');
  return end < 0 ? '' : text.slice(end);
}

function configurationOf({ result, reads }: Decoded): Configuration {
  const { summary, parsed, evaluated } = JSON.parse(result) as KeptText;
  return { summary, reads: { parsed: reads.slice(0, parsed), listed: reads.slice(parsed), evaluated } };
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
