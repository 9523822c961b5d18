/**
 * Python's regular expressions in JavaScript's: much is written alike and means something else (`$`, `\d`, `{,3}`,
 * `[]x]`), and some has to be written otherwise (`(?i:…)`, `(?>…)`, `x*+`).
 *
 * Follows `re/_parser.py` of Python 3.11 and newer, of texts. Knows nothing of what patterns are for.
 */

/** What Python would not compile, or what cannot be said in JavaScript (`(?(1)…)`, `\N{…}`). */
class NoPattern extends Error {}

/** A Python regular expression, or undefined where it is none. Anchoring is the caller's. */
export function pythonPattern(text: string): RegExp | undefined {
  try {
    const parser = new Parser(text);
    const { source } = parser.whole();
    return new RegExp(source, parser.ignoresCase ? 'iu' : 'u');
  } catch (error) {
    // What is too much for JavaScript is none, too.
    if (error instanceof NoPattern || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** `re.match`: whether the pattern matches at the start of `text`. */
export function matchesAtStart(pattern: RegExp, text: string): boolean {
  return new RegExp(`^(?:${pattern.source})`, pattern.flags).test(text);
}

/** A part of a pattern: JavaScript's source, and how many characters it matches. */
interface Part {
  readonly source: string;
  readonly least: number;
  readonly most: number;
  /** Whether Python lets it be repeated. */
  readonly repeats: 'yes' | 'repeated' | 'place';
}

interface Flags {
  readonly ignoresCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
  readonly verbose: boolean;
  readonly ascii: boolean;
}

/** A group that is referred to by number. */
interface Group {
  /** Its number in JavaScript. */
  readonly number: number;
  readonly least: number;
  readonly most: number;
  /** The alternatives it stands in, from outside: which one of which choice; and whether it may be left out. */
  readonly path: readonly Alternative[];
  readonly optional: boolean;
}

interface Alternative {
  readonly choice: number;
  readonly at: number;
}

const END = '(?![\\s\\S])';
const START = '(?<![\\s\\S])';
const NEVER = '(?!)';
const SPACES = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const CLASSES: Readonly<Record<string, readonly [unicode: string, ascii: string]>> = {
  d: ['\\p{Nd}', '0-9'],
  s: [SPACES, '\\t-\\r\\x20'],
  w: ['\\p{L}\\p{N}_', 'A-Za-z0-9_'],
};
const CONTROLS: Readonly<Record<string, string>> = {
  a: '\x07',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const LETTERS: Readonly<Record<string, keyof Flags | undefined>> = {
  i: 'ignoresCase',
  m: 'multiline',
  s: 'dotAll',
  x: 'verbose',
  a: 'ascii',
  u: undefined,
};
const NO_FLAGS: Flags = {
  ignoresCase: false,
  multiline: false,
  dotAll: false,
  verbose: false,
  ascii: false,
};
/** No repetition says more. */
const MOST_REPEATS = 4294967295;

class Parser {
  private readonly chars: readonly string[];
  private at = 0;
  private flags = NO_FLAGS;
  /** Flags that count for all of it, so that JavaScript's own are used. */
  ignoresCase = false;
  /** By Python's number; undefined: it is open. */
  private readonly groups: (Group | undefined)[] = [undefined];
  private readonly names = new Map<string, number>();
  /** The first group that what was read last may have. */
  private lastAtom = 1;
  private opened = 0;
  private choices = 0;
  private path: readonly Alternative[] = [];

  constructor(text: string) {
    this.chars = [...text];
  }

  whole(): Part {
    for (let flags = this.globalFlags(); flags; flags = this.globalFlags())
      this.flags = { ...this.flags, ...flags };
    this.ignoresCase = this.flags.ignoresCase;
    const part = this.choice();
    if (this.at < this.chars.length) throw new NoPattern('unbalanced parenthesis');
    return part;
  }

  /** `(?im)` at the very start. */
  private globalFlags(): Partial<Flags> | undefined {
    const match = /^\(\?([aiLmsux]+)\)/.exec(this.chars.slice(this.at, this.at + 16).join(''));
    if (!match) return undefined;
    this.at += match[0].length;
    return this.flagsOf(match[1]!, true);
  }

  private flagsOf(letters: string, value: boolean): Partial<Flags> {
    const flags: Partial<Record<keyof Flags, boolean>> = {};
    if (letters.includes('a') && letters.includes('u')) throw new NoPattern('incompatible flags');
    for (const letter of letters) {
      if (!(letter in LETTERS)) throw new NoPattern('unknown flag');
      const name = LETTERS[letter];
      if (name !== undefined) flags[name] = value;
      else flags.ascii = false;
    }
    return flags;
  }

  private choice(): Part {
    const { path, flags } = this;
    const choice = this.choices++;
    const parts: Part[] = [];
    do {
      this.path = [...path, { choice, at: parts.length }];
      parts.push(this.sequence());
    } while (this.takes('|'));
    this.path = path;
    this.flags = flags;
    return {
      source: parts.map(({ source }) => source).join('|'),
      least: Math.min(...parts.map(({ least }) => least)),
      most: Math.max(...parts.map(({ most }) => most)),
      repeats: 'yes',
    };
  }

  private sequence(): Part {
    let [source, least, most] = ['', 0, 0];
    let last: Part | undefined;
    const push = () => {
      source += last?.source ?? '';
      least += last?.least ?? 0;
      most += last?.most ?? 0;
    };
    for (;;) {
      const char = this.chars[this.at];
      if (char === undefined || char === '|' || char === ')') break;
      if (this.skipsComment() || (this.flags.verbose && this.skipsBlank(char))) continue;
      const groupsBefore = this.groups.length;
      const times = this.repetition();
      if (times) {
        if (!last) throw new NoPattern('nothing to repeat');
        last = this.repeated(last, times, groupsBefore);
        continue;
      }
      push();
      last = this.atom();
    }
    push();
    return { source, least, most, repeats: 'yes' };
  }

  private skipsComment(): boolean {
    if (this.chars.slice(this.at, this.at + 3).join('') !== '(?#') return false;
    const end = this.chars.indexOf(')', this.at);
    if (end < 0) throw new NoPattern('missing ), unterminated comment');
    this.at = end + 1;
    return true;
  }

  private skipsBlank(char: string): boolean {
    if (/[ \t\n\r\v\f]/.test(char)) this.at++;
    else if (char === '#') while (this.at < this.chars.length && this.chars[this.at++] !== '\n');
    else return false;
    return true;
  }

  /** `*`, `{2,3}`; undefined: what comes is none. */
  private repetition(): readonly [least: number, most: number] | undefined {
    const rest = this.chars.slice(this.at, this.at + 24).join('');
    const simple = { '*': [0, Infinity], '+': [1, Infinity], '?': [0, 1] }[rest[0]!] as
      readonly [number, number] | undefined;
    if (simple) this.at++;
    if (simple || rest[0] !== '{') return simple;
    const match = /^\{(\d*)(?:(,)(\d*))?\}/.exec(rest);
    if (!match || match[0] === '{}') return undefined;
    const [text, first, comma, second] = match;
    this.at += text.length;
    const least = first ? Number(first) : 0;
    const most = comma === undefined ? least : second ? Number(second) : Infinity;
    if (least >= MOST_REPEATS || (most !== Infinity && most >= MOST_REPEATS)) throw new NoPattern('too many');
    if (most < least) throw new NoPattern('min repeat greater than max repeat');
    return [least, most];
  }

  private repeated(part: Part, [least, most]: readonly [number, number], groups: number): Part {
    if (part.repeats === 'repeated') throw new NoPattern('multiple repeat');
    if (part.repeats === 'place') throw new NoPattern('nothing to repeat');
    if (least === 0) this.makeOptional(groups);
    const times = most === Infinity ? `{${least},}` : `{${least},${most}}`;
    const source = `(?:${part.source})${times}`;
    const size = {
      least: least * part.least,
      most: part.most === 0 || most === 0 ? 0 : most * part.most,
      repeats: 'repeated' as const,
    };
    if (this.takes('?')) return { source: `${source}?`, ...size };
    return { source: this.takes('+') ? this.atomic(source) : source, ...size };
  }

  /** The groups of what was read last may be left out. */
  private makeOptional(before: number): void {
    for (const [number, group] of this.groups.entries())
      if (group && number >= this.lastAtom && number < before)
        this.groups[number] = { ...group, optional: true };
  }

  /** What is matched once is not tried otherwise; the group that this takes was not counted before. */
  private atomic(source: string): string {
    // A group in front of others changes their numbers.
    if (/\((?!\?)/.test(source.replace(/\\./g, ''))) throw new NoPattern('groups in an atomic one');
    return `(?=(${source}))\\${++this.opened}(?:)`;
  }

  private atom(): Part {
    const first = this.groups.length;
    const part = this.oneAtom();
    this.lastAtom = first;
    return part;
  }

  private oneAtom(): Part {
    const char = this.chars[this.at++]!;
    const { flags } = this;
    if (char === '.') return one(flags.dotAll ? '[\\s\\S]' : '[^\\n]');
    if (char === '^') return place(flags.multiline ? '(?<![^\\n])' : START);
    if (char === '$') return place(flags.multiline ? '(?![^\\n])' : `(?=\\n?${END})`);
    if (char === '[') return one(this.characterClass());
    if (char === '(') return this.group();
    if (char === '\\') return this.escape();
    return this.literal(char);
  }

  private literal(char: string): Part {
    const cases = this.flags.ignoresCase && !this.ignoresCase ? casesOf(char) : [char];
    return one(cases.length > 1 ? `[${cases.map(quoted).join('')}]` : quoted(char));
  }

  private escape(): Part {
    const char = this.chars[this.at++];
    if (char === undefined) throw new NoPattern('bad escape (end of pattern)');
    if (char === 'A') return place(START);
    if (char === 'Z') return place(END);
    if (char === 'b' || char === 'B') return place(this.boundary(char === 'b'));
    const set = CLASSES[char.toLowerCase()];
    if (set) return one(`[${char === char.toLowerCase() ? '' : '^'}${this.set(char)}]`);
    if (/[1-9]/.test(char)) return this.numbered(char);
    return this.literal(this.character(char));
  }

  private boundary(at: boolean): string {
    const word = `[${this.set('w')}]`;
    const [inside, outside] = [`(?<=${word})(?=${word})`, `(?<!${word})(?!${word})`];
    return at ? `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))` : `(?:${inside}|${outside})`;
  }

  /** What `\d` and the like mean, without brackets. */
  private set(letter: string): string {
    return CLASSES[letter.toLowerCase()]![this.flags.ascii ? 1 : 0];
  }

  /** `\12`: a group, or a character in octal digits. */
  private numbered(first: string): Part {
    const rest = first + this.chars.slice(this.at, this.at + 2).join('');
    const octal = /^[0-3][0-7]{2}/.exec(rest);
    if (/^[4-7][0-7]{2}/.test(rest)) throw new NoPattern('octal escape value outside of range');
    if (octal) {
      this.at += 2;
      return this.literal(String.fromCodePoint(parseInt(octal[0], 8)));
    }
    const digits = /^\d{1,2}/.exec(rest)![0];
    this.at += digits.length - 1;
    return this.reference(Number(digits));
  }

  private reference(number: number): Part {
    const group = this.groups[number];
    if (!group) throw new NoPattern('invalid group reference');
    if (this.flags.ignoresCase !== this.ignoresCase) throw new NoPattern('a reference in other cases');
    const size = { least: group.least, most: group.most, repeats: 'yes' as const };
    const elsewhere = group.path.some(({ choice, at }) =>
      this.path.some((other) => other.choice === choice && other.at !== at),
    );
    // JavaScript takes what a group that was left out matched as empty, to Python nothing is the same.
    if (elsewhere) return { source: NEVER, ...size };
    const shared = group.path.filter(({ choice }) => this.path.some((other) => other.choice === choice));
    const optional = group.optional || shared.length < group.path.length;
    if (optional) throw new NoPattern('a reference to what may be left out');
    return { source: `(?:\\${group.number})`, ...size };
  }

  /** What a backslash and a character stand for, in a class or outside. */
  private character(char: string): string {
    const control = CONTROLS[char];
    if (control !== undefined) return control;
    const length = HEX_DIGITS[char];
    if (length !== undefined) {
      const digits = this.chars.slice(this.at, this.at + length).join('');
      if (!new RegExp(`^[0-9A-Fa-f]{${length}}$`).test(digits)) throw new NoPattern('incomplete escape');
      this.at += length;
      const code = parseInt(digits, 16);
      if (code > 0x10ffff) throw new NoPattern('bad escape');
      return String.fromCodePoint(code);
    }
    if (char === '0') {
      const digits = /^[0-7]{0,2}/.exec(this.chars.slice(this.at, this.at + 2).join(''))![0];
      this.at += digits.length;
      return String.fromCodePoint(parseInt(`0${digits}`, 8));
    }
    if (/[A-Za-z0-9]/.test(char)) throw new NoPattern('bad escape');
    return char;
  }

  private characterClass(): string {
    const negated = this.takes('^');
    const plain: string[] = [];
    const sets: string[] = [];
    for (let first = true; ; first = false) {
      if (this.at >= this.chars.length) throw new NoPattern('unterminated character set');
      if (!first && this.takes(']')) break;
      const from = this.member();
      if (this.chars[this.at] !== '-' || this.chars[this.at + 1] === ']') {
        if (typeof from === 'string') plain.push(...this.range(from, from));
        else (from.negated ? sets : plain).push(from.negated ? `[^${from.set}]` : from.set);
        continue;
      }
      this.at++;
      if (this.at >= this.chars.length) throw new NoPattern('unterminated character set');
      const to = this.member();
      if (typeof from !== 'string' || typeof to !== 'string') throw new NoPattern('bad character range');
      if (from.codePointAt(0)! > to.codePointAt(0)!) throw new NoPattern('bad character range');
      plain.push(...this.range(from, to));
    }
    if (sets.length === 0) return `[${negated ? '^' : ''}${plain.join('')}]`;
    const any = `(?:${[...(plain.length > 0 ? [`[${plain.join('')}]`] : []), ...sets].join('|')})`;
    return negated ? `(?:(?!${any})[\\s\\S])` : any;
  }

  private member(): string | { readonly set: string; readonly negated: boolean } {
    const char = this.chars[this.at++]!;
    if (char !== '\\') return char;
    const escaped = this.chars[this.at++];
    if (escaped === undefined) throw new NoPattern('bad escape');
    if (CLASSES[escaped.toLowerCase()])
      return { set: this.set(escaped), negated: escaped !== escaped.toLowerCase() };
    if (escaped === 'b') return '\b';
    const octal = /^[0-7]{1,3}/.exec(escaped + this.chars.slice(this.at, this.at + 2).join(''))?.[0];
    if (octal === undefined) return this.character(escaped);
    this.at += octal.length - 1;
    if (parseInt(octal, 8) > 0o377) throw new NoPattern('octal escape value outside of range');
    return String.fromCodePoint(parseInt(octal, 8));
  }

  private range(from: string, to: string): string[] {
    const scoped = this.flags.ignoresCase && !this.ignoresCase;
    if (!scoped) return [from === to ? quoted(from) : `${quoted(from)}-${quoted(to)}`];
    if (from === to) return casesOf(from).map(quoted);
    const ranges = [`${quoted(from)}-${quoted(to)}`];
    for (let code = from.codePointAt(0)!; code <= to.codePointAt(0)!; code++) {
      if (code > 0x7f) throw new NoPattern('a range in both cases');
      ranges.push(...casesOf(String.fromCodePoint(code)).map(quoted));
    }
    return ranges;
  }

  private group(): Part {
    if (!this.takes('?')) return this.numberedGroup(undefined);
    const kind = this.chars[this.at++];
    if (kind === ':') return this.enclosed();
    if (kind === '=' || kind === '!') return this.look(`(?${kind}`, false);
    if (kind === '>') {
      const part = this.enclosed();
      return { ...part, source: this.atomic(part.source) };
    }
    if (kind === '<') {
      const sign = this.chars[this.at++];
      if (sign !== '=' && sign !== '!') throw new NoPattern('unknown extension');
      return this.look(`(?<${sign}`, true);
    }
    if (kind === 'P') return this.named();
    if (kind !== undefined && (kind in LETTERS || kind === '-')) return this.withFlags();
    throw new NoPattern('unknown extension');
  }

  private enclosed(): Part {
    const part = this.choice();
    if (!this.takes(')')) throw new NoPattern('missing ), unterminated subpattern');
    return { ...part, source: `(?:${part.source})`, repeats: 'yes' };
  }

  private numberedGroup(name: string | undefined): Part {
    const number = this.groups.push(undefined) - 1;
    const own = ++this.opened;
    if (name !== undefined) {
      if (this.names.has(name)) throw new NoPattern('redefinition of group name');
      this.names.set(name, number);
    }
    const part = this.choice();
    if (!this.takes(')')) throw new NoPattern('missing ), unterminated subpattern');
    const { least, most } = part;
    this.groups[number] = { number: own, least, most, path: this.path, optional: false };
    return { source: `(${part.source})`, least, most, repeats: 'yes' };
  }

  private look(opening: string, behind: boolean): Part {
    const before = this.groups.length;
    const part = this.choice();
    if (!this.takes(')')) throw new NoPattern('missing ), unterminated subpattern');
    if (behind && part.least !== part.most) throw new NoPattern('look-behind requires fixed-width pattern');
    if (opening.endsWith('!'))
      for (const [number, group] of this.groups.entries())
        if (group && number >= before) this.groups[number] = { ...group, optional: true };
    return { source: `${opening}${part.source})`, least: 0, most: 0, repeats: 'yes' };
  }

  /** `(?P<name>…)`, `(?P=name)` */
  private named(): Part {
    const sign = this.chars[this.at++];
    const end = this.chars.indexOf(sign === '<' ? '>' : ')', this.at);
    if ((sign !== '<' && sign !== '=') || end < 0) throw new NoPattern('unknown extension');
    const name = this.chars.slice(this.at, end).join('');
    this.at = end + 1;
    if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) throw new NoPattern('bad character in group name');
    if (sign === '<') return this.numberedGroup(name);
    const number = this.names.get(name);
    if (number === undefined) throw new NoPattern('unknown group name');
    return this.reference(number);
  }

  /** `(?i-s:…)`; flags of the whole pattern stand at its start. */
  private withFlags(): Part {
    const match = /^([a-zA-Z]*)(?:-([a-zA-Z]+))?:/.exec(this.chars.slice(this.at - 1).join(''));
    if (!match) throw new NoPattern('global flags not at the start of the expression');
    const [text, on = '', off = ''] = match;
    if (/[au]/.test(off) || [...on].some((letter) => off.includes(letter)) || (on === '' && off === ''))
      throw new NoPattern('bad inline flags');
    this.at += text.length - 1;
    const { flags } = this;
    this.flags = { ...flags, ...this.flagsOf(on, true), ...this.flagsOf(off, false) };
    if (this.ignoresCase && !this.flags.ignoresCase) throw new NoPattern('one case within both');
    const part = this.enclosed();
    this.flags = flags;
    return part;
  }

  private takes(char: string): boolean {
    if (this.chars[this.at] !== char) return false;
    this.at++;
    return true;
  }
}

function one(source: string): Part {
  return { source, least: 1, most: 1, repeats: 'yes' };
}

function place(source: string): Part {
  return { source, least: 0, most: 0, repeats: 'place' };
}

function quoted(char: string): string {
  return /[A-Za-z0-9_]/.test(char) ? char : `\\u{${char.codePointAt(0)!.toString(16)}}`;
}

/** A character and what it is in the other case. */
function casesOf(char: string): string[] {
  return [...new Set([char, char.toLowerCase(), char.toUpperCase()])].filter(
    (other) => [...other].length === 1,
  );
}
