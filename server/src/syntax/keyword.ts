/**
 * Statements that a keyword opens, cut as BitBake's regular expressions (`inherit\s+(.+)` and the like)
 * cut them, in linear time. Pure text in, offsets and strings out.
 */
import { CharacterSet, isSpace, skipSpace, skipWord } from './characters.ts';

/** Offsets into a line. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * What `keyword\s+(.+)` captures. `\s+` takes all white space it can, but leaves a character for
 * `(.+)` where nothing else is left.
 */
export function argument(text: string, keyword: string): Span | undefined {
  const start = argumentStart(text, keyword, text.length);
  return start === undefined ? undefined : { start, end: text.length };
}

/** What `keyword\s+([^#\n]+)` captures. */
export function argumentBeforeComment(text: string, keyword: string): Span | undefined {
  if (!text.startsWith(keyword)) return undefined;
  const hash = text.indexOf('#', keyword.length);
  const end = hash < 0 ? text.length : hash;
  const start = argumentStart(text, keyword, end);
  return start === undefined ? undefined : { start, end };
}

function argumentStart(text: string, keyword: string, end: number): number | undefined {
  if (!text.startsWith(keyword)) return undefined;
  const start = Math.min(skipSpace(text, keyword.length), end - 1);
  return start > keyword.length ? start : undefined;
}

/**
 * What `keyword\s+(.+)\s+(.+)…` captures with `count` groups. Each group in turn takes as much as
 * leaves enough for those after it, so white space inside goes to the earlier ones.
 */
export function greedyArguments(text: string, keyword: string, count: number): Span[] | undefined {
  if (!text.startsWith(keyword)) return undefined;
  // latest[k]: the last offset at which the groups from k on can begin; ends[k]: where group k then ends.
  const latest: number[] = [];
  const ends: number[] = [];
  latest[count - 1] = text.length - 1;
  ends[count - 1] = text.length;
  for (let group = count - 2; group >= 0; group--) {
    let end = latest[group + 1]! - 1;
    while (end > keyword.length && !isSpace(text.charCodeAt(end))) end--;
    ends[group] = end;
    latest[group] = end - 1;
  }
  const spans: Span[] = [];
  let start = Math.min(skipSpace(text, keyword.length), latest[0]!);
  if (start <= keyword.length) return undefined;
  for (let group = 0; group < count; group++) {
    const end = ends[group]!;
    spans.push({ start, end });
    if (group + 1 < count) start = Math.min(skipSpace(text, end), latest[group + 1]!);
  }
  return spans;
}

const EXPORTED = new CharacterSet('a-zA-Z0-9\\-_+.${}/~');

/** What `keyword\s+([a-zA-Z0-9\-_+.${}/~]+)$` captures (`export` and `unset`; no `:` in the name). */
export function variableArgument(text: string, keyword: string): Span | undefined {
  const span = argument(text, keyword);
  return span !== undefined && EXPORTED.skip(text, span.start) === text.length ? span : undefined;
}

/** What `unset\s+(variable)\[(flag)\]$` captures. */
export function unsetFlagArguments(
  text: string,
  first: CharacterSet,
  rest: CharacterSet,
  shortest: number,
): { variable: Span; flag: Span } | undefined {
  const span = argument(text, 'unset');
  if (span === undefined) return undefined;
  const bracket = EXPORTED.skip(text, span.start);
  if (bracket === span.start || text[bracket] !== '[') return undefined;
  const flag = { start: bracket + 1, end: rest.skip(text, bracket + 2) };
  if (!first.has(text.charCodeAt(flag.start)) || flag.end - flag.start < shortest) return undefined;
  if (text[flag.end] !== ']' || flag.end + 1 !== text.length) return undefined;
  return { variable: { start: span.start, end: bracket }, flag };
}

/** The first line of `python do_x() {`, up to the brace. */
export interface FunctionHead {
  /** Undefined for `python () {`. */
  readonly name: Span | undefined;
  readonly python: boolean;
  readonly fakeroot: boolean;
}

/** As `bb/parse/parse_py/BBHandler.py: __func_start_regexp__` matches. */
export function functionHead(text: string): FunctionHead | undefined {
  if (text.charCodeAt(text.length - 1) !== 0x7b) return undefined;
  let python = false;
  let fakeroot = false;
  let at = 0;
  for (;;) {
    if (text.startsWith('python', at) && (isSpace(text.charCodeAt(at + 6)) || text[at + 6] === '(')) {
      python = true;
      at = skipSpace(text, at + 6);
    } else if (text.startsWith('fakeroot', at) && isSpace(text.charCodeAt(at + 8))) {
      fakeroot = true;
      at = skipSpace(text, at + 8);
    } else break;
  }
  const name = { start: at, end: skipWord(text, at, '.-+{}$:') };
  at = skipSpace(text, name.end);
  if (text[at] !== '(') return undefined;
  at = skipSpace(text, at + 1);
  if (text[at] !== ')') return undefined;
  at = skipSpace(text, at + 1);
  if (at !== text.length - 1) return undefined;
  return { name: name.end > name.start ? name : undefined, python, fakeroot };
}

/** The name in `def f(d):`, as `bb/parse/parse_py/BBHandler.py: __def_regexp__` matches. */
export function definitionName(text: string): Span | undefined {
  if (!text.startsWith('def') || !isSpace(text.charCodeAt(3))) return undefined;
  const start = skipSpace(text, 3);
  const end = skipWord(text, start);
  return end > start && text.includes(':', end) ? { start, end } : undefined;
}
