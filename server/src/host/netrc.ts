/**
 * Users and passwords of hosts in `~/.netrc`, read as Python's `netrc` reads it, which BitBake uses. Like there, a file
 * with a mistake counts for nothing, nor does one with passwords that others may read.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Account {
  readonly user: string;
  readonly password: string;
}

export interface Netrc {
  /** Of a host by its name, or the default one. */
  account(host: string): Account | undefined;
}

const NOBODY: Netrc = { account: () => undefined };

/** @param home the directory that holds it; what is missing or refused has no accounts */
export function readNetrc(home: string): Netrc {
  const path = join(home, '.netrc');
  try {
    const { uid, mode } = statSync(path);
    const hosts = parseNetrc(readFileSync(path, 'utf8'));
    const safe = (process.getuid?.() ?? uid) === uid && (mode & 0o077) === 0;
    if (!hosts || (!safe && [...hosts.values()].some(({ user }) => user !== 'anonymous'))) return NOBODY;
    return { account: (host) => hosts.get(host) ?? hosts.get('default') };
  } catch {
    return NOBODY;
  }
}

/** Undefined: Python refuses it. */
export function parseNetrc(text: string): Map<string, Account> | undefined {
  const lexer = new Lexer(text);
  const hosts = new Map<string, Account>();
  for (let word = lexer.word(); word !== ''; word = lexer.word()) {
    if (word.startsWith('#')) {
      lexer.skipLine(word);
      continue;
    }
    if (word === 'macdef') {
      lexer.word();
      lexer.skipMacro();
      continue;
    }
    let host = 'default';
    if (word === 'machine') host = lexer.word();
    else if (word !== 'default') return undefined;
    if (host === '') return undefined;
    const account = accountOf(lexer);
    if (!account) return undefined;
    hosts.set(host, account);
  }
  return hosts;
}

function accountOf(lexer: Lexer): Account | undefined {
  let user = '';
  let password = '';
  for (;;) {
    const word = lexer.word();
    if (word.startsWith('#')) lexer.skipLine(word);
    else if (['', 'machine', 'default', 'macdef'].includes(word)) {
      lexer.back(word);
      return { user, password };
    } else if (word === 'login' || word === 'user') user = lexer.word();
    else if (word === 'account') lexer.word();
    else if (word === 'password') password = lexer.word();
    else return undefined;
  }
}

class Lexer {
  private at = 0;
  private waiting: string | undefined;

  constructor(private readonly text: string) {}

  back(word: string): void {
    this.waiting = word;
  }

  /** The next word, without quotes and backslashes; empty at the end. */
  word(): string {
    if (this.waiting !== undefined) {
      const word = this.waiting;
      this.waiting = undefined;
      return word;
    }
    const { text } = this;
    while (this.at < text.length && /[\n\t\r ]/.test(text[this.at]!)) this.at++;
    const quoted = text[this.at] === '"';
    if (quoted) this.at++;
    let word = '';
    for (; this.at < text.length; this.at++) {
      const char = text[this.at]!;
      if (quoted ? char === '"' : /[\n\t\r ]/.test(char)) break;
      word += char === '\\' ? (text[++this.at] ?? '') : char;
    }
    if (quoted) this.at++;
    return word;
  }

  /** What follows a word with which a comment starts. */
  skipLine(word: string): void {
    if (this.text[this.at] === '\n' || (word.length > 1 && this.text[this.at - 1] === '\n')) return;
    const end = this.text.indexOf('\n', this.at);
    this.at = end < 0 ? this.text.length : end + 1;
  }

  /** To the next empty line. */
  skipMacro(): void {
    const end = this.text.indexOf('\n\n', this.at);
    this.at = end < 0 ? this.text.length : end + 2;
  }
}
