/**
 * Text handled as Python handles it: what counts as blank, how lists of words are split, how strings are ordered.
 *
 * Hashes depend on these to the bit, and JavaScript's own differ: its `\s` holds U+FEFF and lacks U+001C..U+001F
 * and U+0085, and its sort compares UTF-16 units where Python compares code points.
 */

/** The characters of `str.isspace`, for use inside a regular expression's brackets. */
export const BLANK = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

const WORDS = new RegExp(`[^${BLANK}]+`, 'g');
const EACH_BLANK = new RegExp(`([${BLANK}])`);
const STRIP = new RegExp(`^[${BLANK}]+|[${BLANK}]+$`, 'g');

/** `str.split()`. */
export function splitWords(text: string): string[] {
  return text.match(WORDS) ?? [];
}

/** `re.split(r'(\s)', text)`: the pieces between single blanks, and the blanks. */
export function splitKeepingBlanks(text: string): string[] {
  return text.split(EACH_BLANK);
}

/** `str.strip()`. */
export function strip(text: string): string {
  return text.replace(STRIP, '');
}

/** Python's order of strings: by code point. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // Units of a surrogate pair stand for code points above all single units.
    const xHigh = x >= 0xd800 && x <= 0xdfff;
    const yHigh = y >= 0xd800 && y <= 0xdfff;
    if (xHigh !== yHigh) return xHigh ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

const SURROGATE = /[\ud800-\udfff]/;

/** `sorted()` of strings. */
export function sortedStrings(values: Iterable<string>): string[] {
  const strings = [...values];
  // Without surrogates the order of UTF-16 units is that of code points, and the engine's own sort is faster.
  return SURROGATE.test(strings.join('')) ? strings.sort(compareCodePoints) : strings.sort();
}

/** `bb/utils.py: explode_deps`: the names of `one (>= 1.0) two`, without their versions. */
export function explodeDependencies(text: string): string[] {
  const names: string[] = [];
  let inVersion = false;
  for (const word of splitWords(text)) {
    if (word.startsWith('(')) inVersion = true;
    if (!inVersion) names.push(word);
    else if (word.endsWith(')')) inVersion = false;
  }
  return names;
}
