/**
 * The little Python that bblayers.conf files work out paths with, evaluated without Python: which directories Python may
 * read is only known once these paths are. What is not understood has no value; then whoever reads the configuration
 * says that a layer is missing. Nothing of it decides a hash: the sandbox evaluates the same text again.
 */
import { homedir } from 'node:os';
import { normalPath } from '../metadata/files.ts';

/** What expressions ask of the one who reads the file. */
export interface PathQuestions {
  /** Expanded; undefined: it is not set. */
  variable(name: string): string | undefined;
  environment(name: string): string | undefined;
  /** Of an absolute path. */
  kind(path: string): 'file' | 'directory' | undefined;
  /** With symbolic links resolved. */
  realPath(path: string): string;
  readonly workingDirectory: string;
}

type PathValue = string | boolean | null | readonly string[];

/** @returns undefined: it is more than is understood here */
export function pathExpression(text: string, questions: PathQuestions): string | undefined {
  try {
    const value = new Reader(text, questions).whole();
    return typeof value === 'string' ? value : undefined;
  } catch (error) {
    if (error instanceof NotUnderstood) return undefined;
    throw error;
  }
}

/** `~` and what begins with `~/`, as `os.path.expanduser` has it. */
export function withHome(path: string, home: string | undefined): string {
  return path === '~' || path.startsWith('~/') ? `${home ?? homedir()}${path.slice(1)}` : path;
}

class NotUnderstood extends Error {}

const TOKEN = /\s*(?:r?('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|([A-Za-z_][\w.]*)|(==|!=|[()[\],+.]))/y;
/** Words that are no names. */
const KEYWORDS = new Set(['if', 'else', 'and', 'or', 'not', 'in']);

/** Reads an expression and works it out on the way; of a choice, both sides. */
class Reader {
  private readonly tokens: string[] = [];
  private at = 0;

  constructor(
    text: string,
    private readonly questions: PathQuestions,
  ) {
    const body = text.trim();
    for (TOKEN.lastIndex = 0; TOKEN.lastIndex < body.length;) {
      const match = TOKEN.exec(body);
      if (!match) throw new NotUnderstood();
      const [, quoted, name, sign] = match;
      // Escapes are left to Python.
      if (quoted?.includes('\\')) throw new NotUnderstood();
      this.tokens.push(name ?? quoted ?? sign!);
    }
  }

  whole(): PathValue {
    const value = this.choice();
    if (this.at < this.tokens.length) throw new NotUnderstood();
    return value;
  }

  private choice(): PathValue {
    const first = this.disjunction();
    if (!this.takes('if')) return first;
    const condition = this.disjunction();
    this.expect('else');
    const other = this.choice();
    return isTrue(condition) ? first : other;
  }

  private disjunction(): PathValue {
    let value = this.conjunction();
    while (this.takes('or')) {
      const other = this.conjunction();
      value = isTrue(value) ? value : other;
    }
    return value;
  }

  private conjunction(): PathValue {
    let value = this.negation();
    while (this.takes('and')) {
      const other = this.negation();
      value = isTrue(value) ? other : value;
    }
    return value;
  }

  private negation(): PathValue {
    return this.takes('not') ? !isTrue(this.negation()) : this.comparison();
  }

  private comparison(): PathValue {
    const value = this.sum();
    if (this.takes('==')) return value === this.sum();
    if (this.takes('!=')) return value !== this.sum();
    if (this.takes('in')) return isIn(value, this.sum());
    if (this.tokens[this.at] !== 'not') return value;
    this.at++;
    this.expect('in');
    return !isIn(value, this.sum());
  }

  private sum(): PathValue {
    let value = this.postfix();
    while (this.takes('+')) value = textOf(value) + textOf(this.postfix());
    return value;
  }

  private postfix(): PathValue {
    let value = this.primary();
    // A method is one token with its dot, or a dot and a name.
    while (this.takes('.')) value = this.method(value, this.next());
    return value;
  }

  private primary(): PathValue {
    const token = this.next();
    if (token === '(') {
      const value = this.choice();
      this.expect(')');
      return value;
    }
    if (token === '[') return this.list(']').map(textOf);
    if (/^['"]/.test(token)) return this.adjacent(token.slice(1, -1));
    if (token === 'True' || token === 'False') return token === 'True';
    if (token === 'None') return null;
    if (!/^[A-Za-z_]/.test(token) || KEYWORDS.has(token)) throw new NotUnderstood();
    if (token === 'os.environ') {
      this.expect('[');
      const value = this.questions.environment(textOf(this.choice()));
      this.expect(']');
      if (value === undefined) throw new NotUnderstood();
      return value;
    }
    return this.call(token);
  }

  /** Texts behind one another are one. */
  private adjacent(text: string): string {
    let whole = text;
    while (/^['"]/.test(this.tokens[this.at] ?? '')) whole += this.next().slice(1, -1);
    return whole;
  }

  private call(name: string): PathValue {
    this.expect('(');
    const values = name === 'bb.utils.contains' ? this.containing() : this.list(')');
    const { questions } = this;
    const [first, second] = values;
    const path = () => normalPath(joined([questions.workingDirectory, textOf(first)]));
    switch (name) {
      case 'd.getVar':
        if (second === false) throw new NotUnderstood();
        return questions.variable(textOf(first)) ?? null;
      case 'os.getenv':
      case 'os.environ.get':
        return questions.environment(textOf(first)) ?? second ?? null;
      case 'os.getcwd':
        return questions.workingDirectory;
      case 'os.path.abspath':
        return path();
      case 'os.path.normpath':
        return textOf(first).startsWith('/') ? path() : refused();
      case 'os.path.realpath':
        return questions.realPath(path());
      case 'os.path.expanduser':
        return withHome(textOf(first), questions.environment('HOME'));
      case 'os.path.dirname':
        return parentOf(textOf(first));
      case 'os.path.basename':
        return textOf(first).slice(textOf(first).lastIndexOf('/') + 1);
      case 'os.path.join':
        return joined(values.map(textOf));
      case 'os.path.exists':
        return questions.kind(path()) !== undefined;
      case 'os.path.isfile':
        return questions.kind(path()) === 'file';
      case 'os.path.isdir':
        return questions.kind(path()) === 'directory';
      case 'bb.utils.contains':
        return this.contains(values);
      default:
        throw new NotUnderstood();
    }
  }

  /** The last argument of `bb.utils.contains` is the datastore itself. */
  private containing(): PathValue[] {
    const values: PathValue[] = [];
    while (this.tokens[this.at] !== 'd') {
      values.push(this.choice());
      this.expect(',');
    }
    this.at++;
    this.expect(')');
    return values;
  }

  private contains([variable, words, yes, no]: readonly PathValue[]): PathValue {
    if (yes === undefined || no === undefined) throw new NotUnderstood();
    const known = split(this.questions.variable(textOf(variable)) ?? '');
    return known.length > 0 && split(textOf(words)).every((word) => known.includes(word)) ? yes : no;
  }

  private method(value: PathValue, name: string): PathValue {
    this.expect('(');
    const values = this.list(')');
    const [first] = values;
    if (name === 'join' && Array.isArray(first)) return (first as string[]).join(textOf(value));
    const text = textOf(value);
    if (name === 'split' && values.length === 0) return split(text);
    if (name === 'strip' && values.length === 0) return text.trim();
    if (name === 'startswith') return text.startsWith(textOf(first));
    if (name === 'endswith') return text.endsWith(textOf(first));
    if (name === 'replace' && values.length === 2)
      return text.replaceAll(textOf(first), () => textOf(values[1]));
    throw new NotUnderstood();
  }

  private list(end: string): PathValue[] {
    const values: PathValue[] = [];
    while (!this.takes(end)) {
      values.push(this.choice());
      if (this.tokens[this.at] !== end) this.expect(',');
    }
    return values;
  }

  private next(): string {
    const token = this.tokens[this.at++];
    if (token === undefined) throw new NotUnderstood();
    return token;
  }

  private takes(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at++;
    return true;
  }

  private expect(token: string): void {
    if (!this.takes(token)) throw new NotUnderstood();
  }
}

function refused(): never {
  throw new NotUnderstood();
}

function textOf(value: PathValue | undefined): string {
  return typeof value === 'string' ? value : refused();
}

function isTrue(value: PathValue): boolean {
  return typeof value === 'boolean' ? value : value !== null && value.length > 0;
}

function isIn(value: PathValue, all: PathValue): boolean {
  if (typeof all === 'string') return all.includes(textOf(value));
  return Array.isArray(all) ? all.includes(textOf(value)) : refused();
}

function split(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** `os.path.dirname`: slashes at the end go, but those of the root. */
function parentOf(path: string): string {
  const end = path.lastIndexOf('/') + 1;
  const head = path.slice(0, end);
  return head.replace(/([^/])\/+$/, '$1');
}

/** `os.path.join` */
function joined(parts: readonly string[]): string {
  return parts.reduce((path, part) => {
    if (part.startsWith('/')) return part;
    return path === '' || path.endsWith('/') ? path + part : `${path}/${part}`;
  });
}
