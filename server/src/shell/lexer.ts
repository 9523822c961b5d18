/**
 * Shell text as tokens, here-documents included.
 *
 * Follows `bb/pysh/pyshlex.py: Lexer`, whose ways differ from a shell's: reserved words are reserved
 * wherever they stand, an assignment is one only at the very end of the text, a comment must end in a
 * newline. Input is text; knows nothing of grammar.
 */
import { ShellFailure, scanExpansion, unquoted } from './quoting.ts';

/**
 * What a token is. Operators and reserved words are called by their own text. `in` is a plain word unless
 * it stands third in a `for` or `case`.
 */
export type TokenKind = 'word' | 'newline' | 'io-number' | 'assignment' | 'here-name' | Operator | Reserved;
type Operator = '&&' | '||' | ';;' | '<<' | '>>' | '<&' | '>&' | '<>' | '<<-' | '>|' | Punctuation;
type Punctuation = '&' | ';' | '<' | '>' | '(' | ')';
type Reserved =
  | ('if' | 'then' | 'else' | 'elif' | 'fi' | 'do' | 'done' | 'case' | 'esac' | 'while' | 'until')
  | ('for' | '{' | '}' | '!' | 'in' | '|');

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** The line on which it starts, from 0. */
  readonly line: number;
  /** Whether it may hold expansions; where it has none but quotes, it need not be looked at again. */
  readonly expands: boolean;
}

const OPERATORS: ReadonlySet<string> = new Set<Operator>([
  ...(['&&', '||', ';;', '<<', '>>', '<&', '>&', '<>', '<<-', '>|'] as const),
  ...(['&', ';', '<', '>', '(', ')'] as const),
]);
/** What an operator may grow from: `|` is none itself, but a reserved word. */
const OPERATOR_STARTS: ReadonlySet<string> = new Set([...OPERATORS, '|']);
const RESERVED: ReadonlySet<string> = new Set<Reserved>([
  ...(['if', 'then', 'else', 'elif', 'fi', 'do', 'done', 'case', 'esac', 'while', 'until'] as const),
  ...(['for', '{', '}', '!', 'in', '|'] as const),
]);
const PLAIN = /[^\n\\'"`$&|;<>() \t]+/y;
/** As Python's `$` has it, a newline may follow: only the text of a here-document has one. */
const NAME = /^[0-9a-zA-Z_]+\n?$/;
const DIGITS = /^\p{Nd}+\n?$/u;

/** A token as it was read, before it is known what it is. */
interface RawToken {
  readonly text: string;
  readonly kind: 'text' | 'operator' | 'newline' | 'here-name';
  /** The character or text behind it; empty for newlines and where the text ends. */
  readonly delimiter: string;
  readonly line: number;
  readonly expands: boolean;
}

/** A here-document whose operator has been read, and the tokens that wait until it has. */
interface HereDocument {
  readonly operator: '<<' | '<<-';
  name: string | undefined;
  /** The tokens up to the newline, from index `next` on. */
  waiting: RawToken[];
  next: number;
}

/** @throws ShellFailure */
export function tokenize(text: string): readonly Token[] {
  return new Lexer(text).run();
}

function newlines(text: string, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) if (text[i] === '\n') count++;
  return count;
}

/** The end of the line of a here-document that starts at `start`: a backslash joins the next line to it. */
function hereLineEnd(text: string, start: number): number {
  for (let i = start; i < text.length; i++) {
    if (text[i] === '\n') return i;
    if (text[i] === '\\') i++;
  }
  return text.length;
}

class Lexer {
  private readonly tokens: Token[] = [];
  private position = 0;
  private line = 0;
  /** The word being read, and the line on which it starts. */
  private word = '';
  private wordLine = 0;
  private wordExpands = false;
  private hereDocument: HereDocument | undefined;
  /** Set by the newline behind which the text of `hereDocument` starts. */
  private hereDocumentDue = false;
  /** How many tokens came since `for` or `case`, themselves included. */
  private sinceFor: number | undefined;

  constructor(private readonly text: string) {}

  run(): readonly Token[] {
    const { text } = this;
    while (this.position < text.length) {
      const char = text[this.position]!;
      switch (char) {
        case '\n':
          this.endWord(char);
          this.push({ text: char, kind: 'newline', delimiter: '', line: this.line, expands: false });
          this.position++;
          this.line++;
          while (this.hereDocumentDue) this.readHereDocument();
          break;
        case ' ':
        case '\t':
          this.endWord(char);
          this.position++;
          break;
        case '\\':
        case "'":
        case '"':
        case '`':
        case '$':
          this.readExpansion(char);
          break;
        case '&':
        case '|':
        case ';':
        case '<':
        case '>':
        case '(':
        case ')':
          this.endWord(char);
          this.readOperator();
          break;
        default:
          if (char === '#' && this.word === '') this.readComment();
          else this.readPlain();
      }
    }
    this.endWord('');
    if (this.hereDocument !== undefined) this.fail('a here-document has no text', this.line);
    return this.tokens;
  }

  private fail(message: string, line: number): never {
    throw new ShellFailure(message, line);
  }

  private startWord(): void {
    if (this.word === '') {
      this.wordLine = this.line;
      this.wordExpands = false;
    }
  }

  private endWord(delimiter: string): void {
    if (this.word === '') return;
    const { word: text, wordLine: line, wordExpands: expands } = this;
    this.word = '';
    this.push({ text, kind: 'text', delimiter, line, expands });
  }

  private readPlain(): void {
    PLAIN.lastIndex = this.position;
    const plain = PLAIN.exec(this.text)![0];
    this.startWord();
    this.word += plain;
    this.position += plain.length;
  }

  private readExpansion(char: string): void {
    this.startWord();
    const expansion = scanExpansion(this.text, this.position, this.line);
    this.word += expansion.text;
    const { end } = expansion;
    this.line += newlines(this.text, this.position, end);
    // A line continuation may bring together what was apart, such as `$` and `{`.
    if (char === '$' || char === '`' || (char !== "'" && expansion.text.length !== end - this.position)) {
      this.wordExpands = true;
    } else if (char === '"' && /[$`]/.test(expansion.text)) {
      this.wordExpands = true;
    }
    this.position = end;
  }

  private readOperator(): void {
    const { text, position } = this;
    let end = position + 1;
    while (end < text.length && OPERATOR_STARTS.has(text.slice(position, end + 1))) end++;
    this.position = end;
    this.push({
      text: text.slice(position, end),
      kind: 'operator',
      delimiter: text[end] ?? '',
      line: this.line,
      expands: false,
    });
  }

  private readComment(): void {
    const end = this.text.indexOf('\n', this.position);
    if (end < 0 && this.position + 1 < this.text.length) {
      this.fail('a comment at the end has no newline behind it', this.line);
    }
    this.position = end < 0 ? this.text.length : end;
  }

  private readHereDocument(): void {
    const { text } = this;
    const here = this.hereDocument!;
    const { operator, name, waiting } = here;
    if (!name) this.fail('a here-document has an empty delimiter', this.line);
    if (this.position >= text.length) this.fail('a here-document has no text', this.line);
    const start = this.position;
    const { line } = this;
    let content = '';
    while (this.position < text.length) {
      const end = hereLineEnd(text, this.position);
      const raw = text.slice(this.position, end);
      const body = operator === '<<-' ? raw.replace(/^\t+/, '') : raw;
      this.position = Math.min(end + 1, text.length);
      if (body === name) break;
      content += body + text.slice(end, this.position);
    }
    this.line += newlines(text, start, this.position);
    this.hereDocument = undefined;
    this.hereDocumentDue = false;
    // An empty text makes no token, and then the grammar is at a loss.
    if (content !== '') {
      this.push({ text: content, kind: 'text', delimiter: name, line, expands: false });
    }
    for (let next = here.next; next < waiting.length; next++) {
      this.push(waiting[next]!);
      const another = this.hereDocument as HereDocument | undefined;
      if (another?.name !== undefined) {
        // Another one of the same line: what is left, to the newline, waits for that.
        another.waiting = waiting;
        another.next = next + 1;
        this.hereDocumentDue = true;
        return;
      }
    }
  }

  /** Decides what a token is, unless it must wait for a here-document. */
  private push(raw: RawToken): void {
    const here = this.hereDocument;
    if (here !== undefined) {
      if (here.name !== undefined) {
        here.waiting.push(raw);
        if (raw.kind === 'newline') this.hereDocumentDue = true;
        return;
      }
      if (raw.kind !== 'text') this.fail('a here-document has no delimiter', raw.line);
      here.name = unquoted(raw.text, raw.line);
      this.emit('here-name', raw);
      return;
    }
    if (raw.kind === 'newline') {
      this.emit('newline', raw);
    } else if (raw.kind === 'operator' && OPERATORS.has(raw.text)) {
      if (raw.text === '<<' || raw.text === '<<-') {
        this.hereDocument = { operator: raw.text, name: undefined, waiting: [], next: 0 };
      }
      this.emit(raw.text as Operator, raw);
    } else {
      this.emit(this.kindOfWord(raw), raw);
    }
  }

  private kindOfWord({ text, delimiter }: RawToken): TokenKind {
    const equals = text.indexOf('=');
    if (equals >= 0 && delimiter === '') {
      return equals > 0 && NAME.test(text.slice(0, equals)) ? 'assignment' : 'word';
    }
    if (RESERVED.has(text)) {
      if (text === 'in' && this.sinceFor !== 2) return 'word';
      if (text === 'for' || text === 'case') this.sinceFor = 0;
      return text as Reserved;
    }
    if ((delimiter === '<' || delimiter === '>') && DIGITS.test(text)) return 'io-number';
    // Only a here-document can hold these as its text.
    if (text === ';' || text === '&') return text;
    return 'word';
  }

  private emit(kind: TokenKind, { text, line, expands }: RawToken): void {
    if (this.sinceFor !== undefined && ++this.sinceFor === 3) this.sinceFor = undefined;
    this.tokens.push({ kind, text, line, expands });
  }
}
