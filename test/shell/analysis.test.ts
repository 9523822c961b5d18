import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyseShell, shellTraitsOf, type ShellTraits } from '../../server/src/shell/analysis.ts';
import { shellTexts } from './texts.ts';

/** What BitBake answers for a text; recorded with `oracle.py`, `before` from releases up to 2.8. */
interface Answer {
  readonly execs?: readonly string[];
  readonly unseen?: readonly string[];
  readonly fails?: true;
}
interface Case extends Answer {
  readonly about: string;
  readonly text: string;
  readonly before?: Answer;
}

const cases = JSON.parse(
  readFileSync(join(import.meta.dirname, '../data/shell/cases.json'), 'utf8'),
) as readonly Case[];
const BEFORE: ShellTraits = { commandsInQuotes: false, skipsAfterName: false };

function answer(text: string, traits?: ShellTraits): Answer {
  const { execs, unseen, problem } = analyseShell(text, traits);
  if (problem !== undefined) return { fails: true };
  return { execs: [...execs].sort(), unseen: [...new Set(unseen.map(({ command }) => command))].sort() };
}

function expected({ execs, unseen, fails }: Answer): Answer {
  return fails ? { fails } : { execs: [...execs!].sort(), unseen: [...unseen!].sort() };
}

describe('shell analysis', () => {
  it.each(cases)('answers as BitBake does: $about', (one) => {
    expect(answer(one.text)).toEqual(expected(one));
    expect(answer(one.text, BEFORE)).toEqual(expected(one.before ?? one));
  });

  it.each([
    ['a\nb $((1))\n', 1, 'BitBake knows no arithmetic expansion, $(( )); use expr'],
    ['a\n\nfor i; do b; done\n', 2, "BitBake cannot take a 'for' without 'in' right behind its variable"],
    ['a\nb \\\n  c; esac\n', 2, "BitBake's shell parser does not expect 'esac' here"],
    ['a\n{ b\n', 1, "the shell code ends too early; '}' is missing"],
    ['a\n\nb "\n\nc\n', 2, 'a double quote is never closed'],
    ['a\ncat <<E\nx\nE\nb $(c\n)) d\n', 5, "BitBake's shell parser does not expect ')' here"],
    ['a\nb\nc $(d\ne;; f)\n', 3, "BitBake's shell parser does not expect ';;' here"],
    ['a\n# b', 1, 'a comment at the end has no newline behind it'],
    ['a\ngrep b$ c\n', 1, "a word ends in an unquoted '$'; write '\\$' or quote it"],
    ['a\ncat <<E\nE\nb\n', 1, 'BitBake cannot take a here-document without text'],
  ])('says why and where BitBake fails: %j', (text, line, message) => {
    expect(analyseShell(text)).toEqual({ execs: new Set(), problem: { message, line }, unseen: [] });
  });

  it('says on which line a command is in a variable', () => {
    const { unseen } = analyseShell('a\nif b; then\n  $CC -c\nfi\nc "$(d\n$LD x)"\n');
    expect(unseen).toEqual([
      { command: '$CC', line: 2 },
      { command: '$LD', line: 5 },
    ]);
  });

  it.each([
    ['open groups', '{ '.repeat(50_000)],
    ['open substitutions', '$(a '.repeat(50_000)],
    ['open quotes in substitutions', '"$(a '.repeat(50_000)],
    ['nested groups', `${'{ '.repeat(2000)}a${'; }'.repeat(2000)}\n`],
    ['nested substitutions', `${'$(a '.repeat(2000)}${')'.repeat(2000)}\n`],
    ['a list without end', `${'a && '.repeat(50_000)}a\n`],
    ['evals of evals', `${'eval '.repeat(2000)}a\n`],
  ])('takes text that nests as no recipe does for a problem: %s', (_, text) => {
    expect(analyseShell(text).problem?.message).toMatch(/nest/);
  });

  it('reads what is repeated by nested evals once', () => {
    const depth = 60;
    expect(answer(`${'eval $('.repeat(depth)}a${')'.repeat(depth)}\n`)).toEqual({ execs: ['a'], unseen: [] });
  });

  it('never throws', () => {
    fc.assert(
      fc.property(shellTexts, (text) => {
        analyseShell(text);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the traits of a release', () => {
  it('are read from its code parser', () => {
    expect(shellTraitsOf('for word in list(words):\n if part[0] in')).toEqual(BEFORE);
    expect(shellTraitsOf('for word in words:\n for candidate in candidates:')).toEqual({
      commandsInQuotes: true,
      skipsAfterName: true,
    });
  });
});
