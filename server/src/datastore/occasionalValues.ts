/**
 * Values that were worked out from what is another at every parse: the clock, random numbers, the process id. Such a
 * value counts as long as it is in the variable; who sets that to something else is certain again. Knows no datastore:
 * who sets a variable, and who looks at one, says so here.
 */
import type { Value } from './value.ts';

/** `NAME`, or `NAME[flag]`. */
type Key = string;
/** What a value came from that is another at every parse. */
export interface Origin {
  /** As `the clock`. */
  readonly what: string;
  /** Whether only variables were read that came from it: what it decides can be found in their texts. */
  readonly isRead: boolean;
}

export class OccasionalValues {
  /** The texts that variables and flags were given by what was set for the recipe that is evaluated. */
  private own = new Map<Key, Map<string, string>>();
  /** The same of the configuration. */
  private lasting: ReadonlyMap<Key, ReadonlyMap<string, string>> = new Map();
  /** Whether any of them is of a flag. */
  hasFlags = false;
  /** A bit for the length of each of the variables' names: nearly all that are asked for have another. */
  private lengths = 0;
  private lastingFlags = false;
  private lastingLengths = 0;

  /** @param flag undefined: the variable itself @param what it came from */
  add(variable: string, flag: string | undefined, value: Value, what: string): void {
    if (typeof value !== 'string' || value === '') return;
    // `X:override` is part of X.
    const colon = variable.indexOf(':');
    const name = colon > 0 ? variable.slice(0, colon) : variable;
    this.hasFlags ||= flag !== undefined;
    this.lengths |= bitOf(name);
    const key = keyOf(name, flag);
    let texts = this.own.get(key);
    if (!texts) this.own.set(key, (texts = new Map()));
    texts.set(value, what);
  }

  /** What a value came from, or a part of it; undefined where it is the same at every parse. */
  originOf(variable: string, flag: string | undefined, value: Value): string | undefined {
    if ((this.lengths & bitOf(variable)) === 0 || (flag !== undefined && !this.hasFlags)) return undefined;
    const key = keyOf(variable, flag);
    return found(this.own.get(key), value) ?? found(this.lasting.get(key), value);
  }

  /** Whether any text that a variable was given is in a value, or what may be a part of its date or time. */
  isIn(value: Value): boolean {
    if (typeof value !== 'string') return false;
    const numbers = value.match(/\d{4,}/g) ?? [];
    const isPart = (text: string) =>
      numbers.length > 0 && text.match(/\d{6,}/g)?.some((run) => numbers.some((part) => run.includes(part)));
    return [this.own, this.lasting].some((all) =>
      [...all.values()].some(
        (texts) => found(texts, value) !== undefined || [...texts.keys()].some((text) => isPart(text)),
      ),
    );
  }

  /** The variables that were set for the recipe that is evaluated, or flags of them. */
  *names(): Generator<string> {
    for (const key of this.own.keys()) yield key.replace(/\[.*/s, '');
  }

  /** The configuration is complete: what was added concerns every recipe. */
  settle(): void {
    this.lasting = this.own;
    this.own = new Map();
    this.lastingFlags = this.hasFlags;
    this.lastingLengths = this.lengths;
  }

  /** A recipe begins: only what lasts counts. */
  forget(): void {
    if (this.own.size > 0) this.own.clear();
    this.hasFlags = this.lastingFlags;
    this.lengths = this.lastingLengths;
  }
}

function bitOf(name: string): number {
  return 1 << (name.length & 31);
}

function keyOf(variable: string, flag: string | undefined): Key {
  return flag === undefined ? variable : `${variable}[${flag}]`;
}

function found(texts: ReadonlyMap<string, string> | undefined, value: Value): string | undefined {
  if (!texts || typeof value !== 'string') return undefined;
  for (const [text, what] of texts) if (value.includes(text)) return what;
  return undefined;
}
