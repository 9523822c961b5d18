import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createOnigScanner, createOnigString, loadWASM } from 'vscode-oniguruma';
import { INITIAL, parseRawGrammar, Registry, type IGrammar } from 'vscode-textmate';

const ROOT = join(import.meta.dirname, '../..');
const GRAMMAR = join(ROOT, 'syntaxes/bitbake.tmLanguage.json');

/**
 * Stand-ins for the grammars of Python and shell, which come with VS Code: enough to tell what is
 * theirs, with the rules that are dangerous to embed, since they stay open over lines.
 */
const STAND_INS: Readonly<Record<string, object>> = {
  'source.python': {
    patterns: [
      { name: 'comment.python', match: '#.*$' },
      { name: 'string.python', begin: '"""', end: '"""' },
      { name: 'string.python', begin: "'''", end: "'''" },
      { name: 'string.python', match: '"[^"\\n]*("|$)' },
      { name: 'string.python', match: "'[^'\\n]*('|$)" },
      { name: 'meta.parens.python', begin: '\\(', end: '\\)', patterns: [{ include: '$self' }] },
      { name: 'meta.braces.python', begin: '\\{', end: '\\}', patterns: [{ include: '$self' }] },
      { name: 'keyword.python', match: '\\b(def|return|pass|if|import)\\b' },
    ],
  },
  'source.shell': {
    patterns: [
      { name: 'comment.shell', match: '(?<=^|\\s)#.*$' },
      {
        name: 'string.shell',
        begin: '"',
        end: '"',
        patterns: [{ match: '\\$\\w+', name: 'variable.shell' }],
      },
      { name: 'string.shell', begin: "'", end: "'" },
      { name: 'string.heredoc.shell', begin: '<<(\\w+)', end: '^\\1$' },
      { name: 'meta.braces.shell', begin: '(?<!\\$)\\{', end: '\\}', patterns: [{ include: '$self' }] },
      { name: 'variable.shell', match: '\\$\\{[^}]*\\}|\\$\\w+' },
    ],
  },
};

let grammar: IGrammar;

beforeAll(async () => {
  const wasm = createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm');
  await loadWASM(new Uint8Array(readFileSync(wasm)).buffer);
  const registry = new Registry({
    onigLib: Promise.resolve({ createOnigScanner, createOnigString }),
    loadGrammar: (scopeName) => {
      const standIn = STAND_INS[scopeName];
      const text = standIn ? JSON.stringify({ scopeName, ...standIn }) : readFileSync(GRAMMAR, 'utf8');
      return Promise.resolve(parseRawGrammar(text, `${scopeName}.json`));
    },
  });
  grammar = (await registry.loadGrammar('source.bb'))!;
});

/** The scopes of each character of each line. */
function scopesOf(lines: readonly string[]): string[][][] {
  let stack = INITIAL;
  return lines.map((line) => {
    const { tokens, ruleStack, stoppedEarly } = grammar.tokenizeLine(line, stack);
    expect(stoppedEarly).toBe(false);
    stack = ruleStack;
    return [...line].map(
      (_, column) =>
        tokens.find(({ startIndex, endIndex }) => startIndex <= column && column < endIndex)!.scopes,
    );
  });
}

interface Claim {
  readonly line: number;
  readonly columns: readonly number[];
  readonly present: readonly string[];
  readonly absent: readonly string[];
}

function readSection(section: string): { title: string; lines: string[]; claims: Claim[] } {
  const [title, ...rest] = section.split('\n');
  const lines: string[] = [];
  const claims: Claim[] = [];
  for (const each of rest) {
    if (each.startsWith('|')) lines.push(each.slice(1));
    else if (each.trim() !== '') {
      const [, indent, marks, words] = /^ (\s*)(\^+)\s(.*)$/.exec(each)!;
      const columns = [...marks!].map((_, index) => indent!.length + index);
      const [present, ...absent] = ` ${words!}`.split(' - ');
      claims.push({
        line: lines.length - 1,
        columns,
        present: present!.split(' ').filter((word) => word !== ''),
        absent,
      });
    }
  }
  return { title: title!, lines, claims };
}

const has = (scopes: readonly string[], wanted: string) =>
  scopes.some((scope) => scope === wanted || scope.startsWith(`${wanted}.`));

describe('the grammar', () => {
  const sections = readFileSync(join(import.meta.dirname, 'grammar.txt'), 'utf8')
    .split(/^--- /m)
    .slice(1);

  it.each(sections.map(readSection))('$title', ({ lines, claims }) => {
    const scopes = scopesOf(lines);
    expect(claims).not.toEqual([]);
    const wrong = claims.flatMap(({ line, columns, present, absent }) =>
      columns.flatMap((column) => {
        const found = scopes[line]![column] ?? [];
        const missing = present.filter((scope) => !has(found, scope));
        const forbidden = absent.filter((scope) => has(found, scope));
        return missing.length + forbidden.length === 0
          ? []
          : [{ at: `${lines[line]!} :${column}`, missing, forbidden, found }];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('gets through a long line of anything', () => {
    for (const piece of ['${@{', '${', '{}', '"', ':append', 'python ', 'a', ' ', '\\', 'A[', '(']) {
      for (const head of ['A = "', 'inherit ', '']) {
        const { tokens } = grammar.tokenizeLine(head + piece.repeat(500), INITIAL);
        expect(tokens.at(-1)!.endIndex).toBeGreaterThanOrEqual(head.length + piece.length * 500);
      }
    }
  });
});
