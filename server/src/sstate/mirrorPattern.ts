/**
 * Python's regular expressions and replacement texts, as entries of SSTATE_MIRRORS use them, decided exactly: what
 * means the same in JavaScript is translated, what Python refuses is refused, and anything else is said to be
 * unknown rather than guessed at. Texts are parts of URLs: one line, ASCII. A pattern comes from the workspace, which is
 * not to be trusted: one that could take long is unknown, too.
 *
 * Follows Python's `re`: `match` and `sub` with `count=1`.
 */

/** A pattern that can be applied; or why not: Python refuses it, or this file cannot say what Python would do. */
export type MirrorPattern =
  | { readonly kind: 'pattern'; readonly source: string; readonly flags: string; readonly groups: Groups }
  | { readonly kind: 'refused' | 'unknown' };

interface Groups {
  readonly count: number;
  readonly names: ReadonlyMap<string, number>;
}

/** What became of a text: no match, its new form, or why that cannot be said. */
export type Replaced = string | undefined | { readonly kind: 'refused' | 'unknown' };

const REFUSED = { kind: 'refused' } as const;
const UNKNOWN = { kind: 'unknown' } as const;
const ASCII = /^[\x20-\x7e]*$/;
/** Escapes of letters that mean the same, ASCII texts supposed. */
const SAME_ESCAPES = new Set('dDsSwWbBtnrfv');
const CONTROL: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** How many repetitions a pattern may have, and how many parts that may be left out; the work grows with each. */
const MOST_REPETITIONS = 4;
const MOST_OPTIONS = 8;

/** `re.compile`. */
export function mirrorPattern(text: string): MirrorPattern {
  if (!ASCII.test(text)) return UNKNOWN;
  const inline = /^\(\?([aimsu]+)\)/.exec(text);
  const flags = [...new Set((inline?.[1] ?? '').replace(/[au]/g, ''))].join('');
  const scanner = new Scanner(inline ? text.slice(inline[0].length) : text);
  const source = scanner.scan();
  if (typeof source !== 'string') return source;
  try {
    new RegExp(source, flags);
  } catch {
    return REFUSED;
  }
  return { kind: 'pattern', source, flags, groups: scanner.groups() };
}

/** Whether `re.match` finds the pattern at the start. */
export function matchesStart(
  pattern: MirrorPattern,
  text: string,
): boolean | { kind: 'refused' | 'unknown' } {
  if (pattern.kind !== 'pattern') return pattern;
  return ASCII.test(text) ? matcher(pattern).test(text) : UNKNOWN;
}

/** `re.sub(pattern, template, text, count=1)` of a text that the pattern matches at its start. */
export function replaceStart(pattern: MirrorPattern, template: string, text: string): Replaced {
  if (pattern.kind !== 'pattern') return pattern;
  const found = matcher(pattern).exec(text);
  if (!found) return undefined;
  const replacement = expand(template, pattern.groups, found);
  return typeof replacement === 'string' ? replacement + text.slice(found[0].length) : replacement;
}

const matchers = new WeakMap<object, RegExp>();

function matcher(pattern: MirrorPattern & { readonly kind: 'pattern' }): RegExp {
  let found = matchers.get(pattern);
  if (!found) matchers.set(pattern, (found = new RegExp(`^(?:${pattern.source})`, pattern.flags)));
  return found;
}

/** A replacement text with its groups filled in (`re._parser.parse_template`). */
function expand(template: string, groups: Groups, found: RegExpExecArray): Replaced {
  if (!template.includes('\\')) return template;
  let result = '';
  let at = 0;
  while (at < template.length) {
    const char = template[at++]!;
    if (char !== '\\') {
      result += char;
      continue;
    }
    const next = template[at++];
    if (next === undefined) return REFUSED;
    let group: number | undefined;
    if (next === 'g') {
      const name = /^<([^>]+)>/.exec(template.slice(at));
      if (!name) return REFUSED;
      at += name[0].length;
      group = /^\d+$/.test(name[1]!) ? Number(name[1]) : groups.names.get(name[1]!);
      if (group === undefined) return REFUSED;
    } else if (next === '0' || /^[0-7][0-7][0-7]/.test(next + template.slice(at))) return UNKNOWN;
    else if (/\d/.test(next)) {
      const second = /^\d/.exec(template.slice(at))?.[0] ?? '';
      at += second.length;
      group = Number(next + second);
    } else if (CONTROL[next] !== undefined) result += CONTROL[next];
    else if (/[A-Za-z]/.test(next)) return REFUSED;
    else result += next === '\\' ? '\\' : `\\${next}`;
    if (group === undefined) continue;
    if (group > groups.count) return REFUSED;
    result += found[group] ?? '';
  }
  return result;
}

/** A letter that is not escaped often: one that is not known here, or one that Python does not know. */
function rare(letter: string): typeof REFUSED | typeof UNKNOWN {
  return 'axuUN'.includes(letter) ? UNKNOWN : REFUSED;
}

/** Reads a pattern once, from left to right. */
class Scanner {
  private at = 0;
  private count = 0;
  private repetitions = 0;
  private options = 0;
  private readonly names = new Map<string, number>();
  /** For each open group: whether it looks around. */
  private readonly open: boolean[] = [];
  /** What a repetition would repeat. */
  private last: 'nothing' | 'item' | 'group' | 'around' | 'repeated' = 'nothing';

  constructor(private readonly text: string) {}

  groups(): Groups {
    return { count: this.count, names: this.names };
  }

  scan(): string | typeof REFUSED | typeof UNKNOWN {
    let source = '';
    while (this.at < this.text.length) {
      const part = this.part();
      if (typeof part !== 'string') return part;
      source += part;
    }
    return this.open.length > 0 ? REFUSED : source;
  }

  private part(): string | typeof REFUSED | typeof UNKNOWN {
    const char = this.text[this.at]!;
    switch (char) {
      case '\\':
        return this.escape();
      case '[':
        return this.set();
      case '(':
        return this.group();
      case ')':
        return this.close();
      case '*':
      case '+':
      case '?':
      case '{':
        return this.repetition();
      case '^':
      case '$':
      case '|':
        this.last = 'nothing';
        break;
      default:
        this.last = 'item';
    }
    this.at++;
    return char === ']' || char === '}' || char === '/' ? `\\${char}` : char;
  }

  private escape(): string | typeof REFUSED | typeof UNKNOWN {
    const next = this.text[this.at + 1];
    if (next === undefined) return REFUSED;
    this.at += 2;
    this.last = 'item';
    if (next === 'A' || next === 'Z') {
      this.last = 'nothing';
      return next === 'A' ? '^' : '$';
    }
    // What was found before differs where a group took no part.
    if (/\d/.test(next)) return UNKNOWN;
    if (next === 'b' || next === 'B') this.last = 'nothing';
    return !/[A-Za-z]/.test(next) || SAME_ESCAPES.has(next) ? `\\${next}` : rare(next);
  }

  private set(): string | typeof REFUSED | typeof UNKNOWN {
    let source = '[';
    let at = this.at + 1;
    if (this.text[at] === '^') {
      source += '^';
      at++;
    }
    for (let first = true; ; first = false) {
      const char = this.text[at++];
      if (char === undefined) return REFUSED;
      if (char === ']' && !first) break;
      if (char === '\\') {
        const next = this.text[at++];
        if (next === undefined) return REFUSED;
        if (/[0-9]/.test(next)) return UNKNOWN;
        if (/[A-Za-z]/.test(next) && !SAME_ESCAPES.has(next)) return rare(next);
        // A range that starts with a class of characters, or something that is no escape in a set.
        if (/[A-Za-z]/.test(next) && this.text[at] === '-') return UNKNOWN;
        if (next === 'B') return REFUSED;
        source += `\\${next}`;
      } else source += char === ']' || char === '[' ? `\\${char}` : char;
    }
    this.at = at;
    this.last = 'item';
    return `${source}]`;
  }

  private group(): string | typeof REFUSED | typeof UNKNOWN {
    const rest = this.text.slice(this.at);
    const named = /^\(\?P<([A-Za-z_]\w*)>/.exec(rest);
    const special = /^\(\?(?::|=|!)/.exec(rest);
    const around = special !== null && special[0] !== '(?:';
    let source: string;
    if (named) {
      if (this.names.has(named[1]!)) return REFUSED;
      this.names.set(named[1]!, ++this.count);
      this.at += named[0].length;
      source = '(';
    } else if (special) {
      this.at += special[0].length;
      source = special[0];
    } else if (rest.startsWith('(?')) return UNKNOWN;
    else {
      this.count++;
      this.at++;
      source = '(';
    }
    this.open.push(around);
    this.last = 'nothing';
    return source;
  }

  private close(): string | typeof REFUSED {
    const around = this.open.pop();
    if (around === undefined) return REFUSED;
    this.at++;
    this.last = around ? 'around' : 'group';
    return ')';
  }

  private repetition(): string | typeof REFUSED | typeof UNKNOWN {
    const braces = /^\{(\d*)(,?)(\d*)\}/.exec(this.text.slice(this.at));
    const char = this.text[this.at]!;
    if (char === '{' && (!braces || braces[0] === '{}')) {
      this.at++;
      this.last = 'item';
      return '\\{';
    }
    if (this.last === 'nothing' || this.last === 'repeated') return REFUSED;
    if (this.last === 'around' || (this.last === 'group' && char !== '?')) return UNKNOWN;
    if (char === '?' ? ++this.options > MOST_OPTIONS : ++this.repetitions > MOST_REPETITIONS) return UNKNOWN;
    this.at += braces ? braces[0].length : 1;
    let source = braces ? `{${braces[1] || '0'}${braces[2]}${braces[3]}}` : char;
    const lazy = this.text[this.at];
    if (lazy === '?') {
      this.at++;
      source += '?';
      // Newer releases of Python read a second plus as another kind of repetition.
    } else if (lazy === '+') return UNKNOWN;
    this.last = 'repeated';
    return source;
  }
}
