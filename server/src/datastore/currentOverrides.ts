/**
 * The overrides that count at the moment: OVERRIDES expanded until it stays the same, computed when it is needed and
 * forgotten when a variable changes that it is made of.
 *
 * Follows `bb/data_smart.py: need_overrides, setVar (overridevars)`. Knows which expansions depend on overrides only
 * as the cache that forgets them.
 */
import type { ExpansionCache } from './cache.ts';
import { FatalError } from './errors.ts';
import type { Expansion } from './expansion.ts';
import type { Value } from './value.ts';

/** What is asked of the datastore that these are the overrides of. */
interface OverrideSource {
  getVar(name: string): Value;
  getText(name: string): string | undefined;
  expandWithRefs(text: Value, variable: string): Expansion;
  /** Does what decides more than hashes, whatever it is done for. */
  decisively<T>(ask: () => T): T;
}

/** How often OVERRIDES is expanded before it is said not to become stable. */
const MOST_ROUNDS = 5;

export class CurrentOverrides {
  /** Weakest first; undefined while they are not known. */
  list: readonly string[] | undefined;
  set: ReadonlySet<string> = new Set();
  /** They are being computed, as if there were none. */
  computing = false;
  /** The overrides under which the cached expansions that depend on them were made. */
  private cachedUnder: string | undefined;
  private readonly variables: Set<string>;

  constructor(
    private readonly source: OverrideSource,
    private readonly cache: ExpansionCache,
    from?: CurrentOverrides,
  ) {
    this.variables = new Set(from?.variables ?? ['OVERRIDES', 'FILE']);
  }

  /** Computes them where they are not known. @throws FatalError where they do not become stable */
  need(): void {
    if (this.list !== undefined || this.computing) return;
    this.source.decisively(() => this.compute());
  }

  private compute(): void {
    let current = this.withoutOverrides();
    for (let count = 0; count < MOST_ROUNDS; count++) {
      this.become(current);
      const next = this.read();
      if (next.join(':') === current.join(':')) return;
      current = next;
    }
    this.become(current);
    throw new FatalError(
      `OVERRIDES could not be expanded into a stable state after ${MOST_ROUNDS} iterations: it refers to variables that overrides change. ` +
        `Its last value was ${current.join(':')}`,
    );
  }

  private read(): string[] {
    return (this.source.getText('OVERRIDES') ?? '').split(':');
  }

  private withoutOverrides(): string[] {
    this.computing = true;
    this.take([]);
    try {
      return this.read();
    } catch (error) {
      this.list = undefined;
      throw error;
    } finally {
      this.computing = false;
    }
  }

  private take(overrides: readonly string[]): void {
    this.list = overrides;
    this.set = new Set(overrides);
  }

  /** Expansions that were cached under others are forgotten. */
  private become(overrides: readonly string[]): void {
    this.take(overrides);
    this.cache.expire();
    const joined = overrides.join(':');
    if (joined === this.cachedUnder) return;
    this.cachedUnder = joined;
    this.cache.forgetOverrides();
  }

  /**
   * A variable has a new value: where OVERRIDES is made of it, it is made of what that names, too.
   * @param expandedAs the name that the value is expanded under
   */
  changed(name: string, value: Value, expandedAs = name): void {
    if (!this.variables.has(name)) return;
    const { source } = this;
    let found = namesIn(source.expandWithRefs(value, expandedAs));
    while (![...found].every((variable) => this.variables.has(variable))) {
      for (const variable of found) this.variables.add(variable);
      const next = [...found].map((variable) => source.expandWithRefs(source.getVar(variable), variable));
      found = new Set(next.flatMap((expansion) => [...namesIn(expansion)]));
    }
    this.list = undefined;
  }
}

function namesIn({ references, contains }: Expansion): Set<string> {
  return new Set([...references, ...contains.keys()]);
}
