/**
 * The grammar of shell code as BitBake takes it: which simple commands a text holds.
 *
 * Accepts what the grammar of `bb/pysh/pyshyacc.py` accepts once PLY has resolved its conflicts, which is
 * more than a shell and also less:
 * - outside all groups, a command may follow another with nothing between them where the first can go no
 *   further: `(a) b`, `echo case x in y) z; esac`;
 * - a group needs no separator before its closing word: `{ echo }`;
 * - behind a command's name `if then fi for do done until !` are plain words, the other reserved words
 *   are reserved;
 * - not implemented: `for` without `in`, `&` at the end of a group, redirections behind a function's body.
 *
 * Input is tokens; output goes to a `CommandSink` as it is met. Knows nothing of what words mean.
 */
import type { Token, TokenKind } from './lexer.ts';
import { FRAMES, ShellFailure } from './quoting.ts';

/** A word that is looked at for commands. */
export interface Word {
  /**
   * `cmd_name` for a command's name, `cmd_word` for one behind redirections, `TOKEN` for other words. Of an
   * assignment that ends the text it is the variable's name, and `text` its value: BitBake mixes them up.
   */
  readonly kind: string;
  readonly text: string;
  readonly line: number;
  readonly expands: boolean;
}

/** What takes the commands. `frames` is how deep BitBake's Python calls are nested there. */
export interface CommandSink {
  /** The words of a simple command, of a `for`, or a pattern of a `case`. */
  words(words: readonly Word[], frames: number): void;
  /** A function of this name is defined. */
  define(name: string): void;
}

const REDIRECTIONS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  ...(['io-number', '<', '>', '>>', '<&', '>&', '<>', '>|', '<<', '<<-'] as const),
]);
const COMPOUNDS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  ...(['{', '(', 'for', 'case', 'if', 'while', 'until'] as const),
]);
const COMMAND_STARTS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  ...(['word', 'assignment', '!'] as const),
  ...COMPOUNDS,
  ...REDIRECTIONS,
]);
const ARGUMENTS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  ...(['word', 'assignment', 'if', 'then', 'fi', 'for', 'do', 'done', 'until', '!'] as const),
]);

/** Python calls that BitBake nests for a text, and for each pipeline and compound command inside it. */
const TEXT_FRAMES = 4;
const NODE_FRAMES = 2;

/** Reads all tokens. @throws ShellFailure where BitBake's parser fails */
export function parseCommands(tokens: readonly Token[], sink: CommandSink, frames: number): void {
  new Parser(tokens, sink).text(frames + TEXT_FRAMES);
}

class Parser {
  private position = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly sink: CommandSink,
  ) {}

  text(frames: number): void {
    this.newlines();
    while (this.position < this.tokens.length) this.completeCommand(frames);
  }

  private completeCommand(frames: number): void {
    this.andOr(frames);
    while (this.separatorOperator() !== undefined) {
      if (!this.atCommand()) break;
      this.andOr(frames);
    }
    this.newlines();
  }

  private compoundList(frames: number): void {
    this.newlines();
    this.andOr(frames);
    for (;;) {
      const operator = this.separatorOperator();
      const lines = this.newlines();
      if (operator === undefined && !lines) return;
      if (!this.atCommand()) {
        if (operator === '&') this.fail("BitBake cannot take '&' at the end of a group", this.position - 1);
        return;
      }
      this.andOr(frames);
    }
  }

  private andOr(frames: number): void {
    let depth = frames;
    this.pipeline(frames);
    while (this.accept('&&') || this.accept('||')) {
      // Each operator holds all that is on its left.
      depth += NODE_FRAMES;
      this.newlines();
      this.pipeline(frames);
      if (depth > FRAMES) this.failDeep();
    }
  }

  private pipeline(frames: number): void {
    if (frames > FRAMES) this.failDeep();
    this.accept('!');
    this.command(frames + NODE_FRAMES);
    while (this.accept('|')) {
      this.newlines();
      this.command(frames + NODE_FRAMES);
    }
  }

  private command(frames: number): void {
    const kind = this.kind();
    if (kind === 'word' && this.kind(1) === '(') {
      this.functionDefinition(frames);
    } else if (COMPOUNDS.has(kind!)) {
      this.compoundCommand(frames);
      while (this.atRedirection()) this.redirection();
    } else {
      this.simpleCommand(frames);
    }
  }

  private functionDefinition(frames: number): void {
    this.sink.define(this.expect('word').text);
    this.expect('(');
    this.expect(')');
    this.newlines();
    if (!COMPOUNDS.has(this.kind()!)) this.failUnexpected();
    this.compoundCommand(frames + NODE_FRAMES);
    if (this.atRedirection()) this.fail("BitBake cannot take redirections behind a function's body");
  }

  private compoundCommand(frames: number): void {
    const inner = frames + NODE_FRAMES;
    const { kind } = this.next();
    switch (kind) {
      case '(':
        this.compoundList(inner);
        this.expect(')');
        break;
      case '{':
        this.compoundList(inner);
        this.expect('}');
        break;
      case 'while':
      case 'until':
        this.compoundList(inner);
        this.doGroup(inner);
        break;
      case 'if':
        do {
          this.compoundList(inner);
          this.expect('then');
          this.compoundList(inner);
        } while (this.accept('elif'));
        if (this.accept('else')) this.compoundList(inner);
        this.expect('fi');
        break;
      case 'for':
        this.forClause(inner);
        break;
      default:
        this.caseClause(inner);
    }
  }

  private doGroup(frames: number): void {
    this.expect('do');
    this.compoundList(frames);
    this.expect('done');
  }

  private forClause(frames: number): void {
    this.token();
    this.newlines();
    if (!this.accept('in')) this.fail("BitBake cannot take a 'for' without 'in' right behind its variable");
    const items: Word[] = [];
    while (this.atToken()) items.push(word('TOKEN', this.token()));
    if (!this.accept(';') && this.kind() !== 'newline') this.failUnexpected();
    this.newlines();
    this.doGroup(frames);
    this.sink.words(items, frames);
  }

  private caseClause(frames: number): void {
    this.token();
    this.newlines();
    this.expect('in');
    this.newlines();
    while (!this.accept('esac')) {
      const parenthesis = this.accept('(');
      const pattern = word('TOKEN', this.token());
      while (this.accept('|')) this.token();
      this.expect(')');
      this.newlines();
      if (this.kind() !== ';;' && this.kind() !== 'esac') this.compoundList(frames);
      const ended = this.accept(';;');
      this.newlines();
      if (!ended && this.kind() !== 'esac') this.failUnexpected();
      // BitBake looks at the first pattern only, and at none of a last `(a) …` that has no `;;`.
      if (ended || !parenthesis) this.sink.words([pattern], frames);
    }
  }

  private simpleCommand(frames: number): void {
    const words: Word[] = [];
    const assignments: Word[] = [];
    let name: string | undefined;
    if (this.kind() === 'word') {
      name = 'cmd_name';
    } else {
      if (!this.atRedirection() && this.kind() !== 'assignment') this.failUnexpected();
      for (;;) {
        if (this.atRedirection()) {
          this.redirection();
        } else if (this.kind() === 'assignment') {
          const { text, line, expands } = this.next();
          const equals = text.indexOf('=');
          assignments.push({ kind: text.slice(0, equals), text: text.slice(equals + 1), line, expands });
        } else {
          break;
        }
      }
      if (this.atToken()) name = 'cmd_word';
    }
    if (name !== undefined) {
      words.push(word(name, this.next()));
      for (;;) {
        if (this.atRedirection()) this.redirection();
        else if (ARGUMENTS.has(this.kind()!)) words.push(word('TOKEN', this.next()));
        else break;
      }
    }
    for (const assignment of assignments) words.push(assignment);
    this.sink.words(words, frames);
  }

  private redirection(): void {
    this.accept('io-number');
    const { kind } = this.next();
    if (kind === '<<' || kind === '<<-') {
      this.expect('here-name');
      if (this.kind() !== 'word') this.fail('BitBake cannot take a here-document without text');
    }
    this.expect('word');
  }

  /** Reads `;`, `; ;` or `&`. */
  private separatorOperator(): ';' | '&' | undefined {
    if (this.accept('&')) return '&';
    if (!this.accept(';')) return undefined;
    this.accept(';');
    return ';';
  }

  /** Reads newlines; says whether there were any. */
  private newlines(): boolean {
    const start = this.position;
    while (this.kind() === 'newline') this.position++;
    return this.position > start;
  }

  private token(): Token {
    if (!this.atToken()) this.failUnexpected();
    return this.next();
  }

  private atToken(): boolean {
    return this.kind() === 'word' || this.kind() === 'fi';
  }

  private atCommand(): boolean {
    return COMMAND_STARTS.has(this.kind()!);
  }

  private atRedirection(): boolean {
    return REDIRECTIONS.has(this.kind()!);
  }

  private kind(ahead = 0): TokenKind | undefined {
    return this.tokens[this.position + ahead]?.kind;
  }

  private next(): Token {
    return this.tokens[this.position++]!;
  }

  private accept(kind: TokenKind): boolean {
    if (this.kind() !== kind) return false;
    this.position++;
    return true;
  }

  private expect(kind: TokenKind): Token {
    if (this.kind() !== kind) this.failUnexpected(kind);
    return this.next();
  }

  private failUnexpected(instead?: TokenKind): never {
    const token = this.tokens[this.position];
    const wanted = instead === undefined ? '' : `; '${instead}' is missing`;
    if (token === undefined) this.fail(`the shell code ends too early${wanted}`);
    const text = token.kind === 'newline' ? 'a new line' : `'${shortened(token.text)}'`;
    this.fail(`BitBake's shell parser does not expect ${text} here${wanted}`);
  }

  private failDeep(): never {
    this.fail('the commands nest too deeply for BitBake');
  }

  private fail(message: string, position = this.position): never {
    const token = this.tokens[position] ?? this.tokens[this.tokens.length - 1];
    throw new ShellFailure(message, token?.line ?? 0);
  }
}

function word(kind: string, { text, line, expands }: Token): Word {
  return { kind, text, line, expands };
}

function shortened(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
