/**
 * `:append`, `:prepend` and `:remove`: what waits with a variable until its value is asked for.
 *
 * Follows `bb/data_smart.py: __setvar_regexp__, getVarFlag`. Knows names and texts; which overrides count and where
 * what waits lies is the datastore's.
 */
import { splitKeepingBlanks } from '../base/words.ts';
import type { Value } from './value.ts';

/** `[text, override]` pairs under the flags `:append`, `:prepend` and `:remove`. */
export type Pending = readonly (readonly [string, string | undefined])[];

export const KEYWORDS = [':append', ':prepend', ':remove'] as const;
export type Keyword = (typeof KEYWORDS)[number];

const NOTHING_PENDING: Pending = [];

/** What waits with a variable that has these flags. */
export function pendingOf(flags: ReadonlyMap<string, Value> | undefined, keyword: Keyword): Pending {
  return (flags?.get(keyword) as Pending | undefined) ?? NOTHING_PENDING;
}

const KEYWORD_FORM = /^([^\n]*?)(:append|:prepend|:remove)(?::([^A-Z]*))?$/;

/** A name with a keyword, taken apart. */
export interface PendingName {
  readonly base: string;
  readonly keyword: Keyword;
  readonly override: string | undefined;
}

/** Undefined where the name has no keyword. */
export function pendingName(name: string): PendingName | undefined {
  const match = KEYWORD_FORM.exec(name);
  return match ? { base: match[1]!, keyword: match[2] as Keyword, override: match[3] } : undefined;
}

/** `A:append:board` again. */
export function nameOfPending({ base, keyword, override }: PendingName): string {
  return `${base}${keyword}${override === undefined ? '' : `:${override}`}`;
}

/**
 * Takes words out of a value, and leaves the blanks around them.
 * @param removes the text of each `:remove`, with the words that it came to
 * @returns with the texts that took something away
 */
export function withoutWords(
  value: string,
  removes: ReadonlyMap<string, ReadonlySet<string>>,
): { readonly value: string; readonly used: Set<string> } {
  const used = new Set<string>();
  const kept: string[] = [];
  for (const piece of splitKeepingBlanks(value)) {
    let skip = false;
    for (const [text, words] of removes) {
      if (!words.has(piece)) continue;
      used.add(text);
      skip = true;
    }
    if (!skip) kept.push(piece);
  }
  return { value: kept.join(''), used };
}

/** Python's `+` of two texts. @throws TypeError where one is not a text */
export function joinTexts(a: Value, b: Value): string {
  if (typeof a !== 'string' || typeof b !== 'string')
    throw new TypeError('can only concatenate str (not another type) to str');
  return a + b;
}
