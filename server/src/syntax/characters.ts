/**
 * Python's idea of characters, where JavaScript's differs: which are white space (`str.strip`, `\s`)
 * and which are word characters (`\w`). Works on single characters, so that scanners built on it stay
 * linear on any text. Knows nothing of BitBake.
 */

/** Whether the UTF-16 code unit is white space to Python's `str.isspace`, and so to `strip` and `\s`. */
export function isSpace(code: number): boolean {
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x1f);
  return (
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

const WORD = /^[\p{L}\p{N}_]$/u;

/** Whether the code point is matched by Python's `\w`. */
function isWord(point: number): boolean {
  if (point < 0x80) {
    return (
      (point >= 0x61 && point <= 0x7a) ||
      (point >= 0x41 && point <= 0x5a) ||
      (point >= 0x30 && point <= 0x39) ||
      point === 0x5f
    );
  }
  return WORD.test(String.fromCodePoint(point));
}

/** The first offset from `from` on that is no white space. */
export function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** The first offset from `from` on that is no word character nor one of `others` (ASCII). */
export function skipWord(text: string, from: number, others = ''): number {
  let at = from;
  while (at < text.length) {
    const point = text.codePointAt(at)!;
    if (!isWord(point) && !(point < 0x80 && others.includes(text[at]!))) break;
    at += point > 0xffff ? 2 : 1;
  }
  return at;
}

/** The length of `text.slice(0, end)` without the white space at its end. */
export function trimmedEnd(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && isSpace(text.charCodeAt(at - 1))) at--;
  return at;
}

/** Python's `str.split()`. */
export function words(text: string): string[] {
  const found: string[] = [];
  let at = skipSpace(text, 0);
  while (at < text.length) {
    const start = at;
    while (at < text.length && !isSpace(text.charCodeAt(at))) at++;
    found.push(text.slice(start, at));
    at = skipSpace(text, at);
  }
  return found;
}

/** `text` for use in a message: cut where it is too long to read. */
export function excerpt(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** A set of ASCII characters, written as the inside of a regular expression's class: `a-z_+.`. */
export class CharacterSet {
  private readonly members = new Uint8Array(128);

  constructor(description: string) {
    const member = new RegExp(`^[${description}]$`);
    for (let code = 0; code < 128; code++) {
      if (member.test(String.fromCharCode(code))) this.members[code] = 1;
    }
  }

  has(code: number): boolean {
    return this.members[code] === 1;
  }

  /** The first offset from `from` on that is not in the set. */
  skip(text: string, from: number): number {
    let at = from;
    while (at < text.length && this.members[text.charCodeAt(at)] === 1) at++;
    return at;
  }
}
