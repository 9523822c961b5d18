/** Compares with the real BitBake of a checkout: all its shell functions, changed ones, and random texts. */
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyseShell, shellTraitsOf } from '../../server/src/shell/analysis.ts';
import { shellTexts } from './texts.ts';

const checkout = process.env['SSTATE_LENS_OE_CORE'];

interface Answer {
  readonly execs?: readonly string[];
  readonly unseen?: readonly string[];
  readonly fails?: string;
}

/** Asks BitBake; python3 is the system's, which BitBake runs on. */
function ask(texts: readonly string[]): readonly Answer[] {
  const output = execFileSync('python3', [join(import.meta.dirname, 'oracle.py'), checkout!], {
    input: JSON.stringify(texts),
    maxBuffer: 1 << 30,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return JSON.parse(output) as Answer[];
}

function metadata(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return metadata(path);
    return /\.(bb|bbclass|bbappend|inc)$/.test(entry.name) ? [path] : [];
  });
}

function shellFunctions(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/^(?:fakeroot\s+)?(?!python\b)[\w.+${}:-]+\s*\(\s*\)\s*\{\n([^]*?)^\}/gm)].map(
    (match) => match[1]!,
  );
}

function mismatches(texts: readonly string[]): unknown[] {
  const traits = shellTraitsOf(readFileSync(join(checkout!, 'bitbake/lib/bb/codeparser.py'), 'utf8'));
  const answers = ask(texts);
  return texts.flatMap((text, index) => {
    const { execs, unseen, problem } = analyseShell(text, traits);
    const ours = problem
      ? { fails: true }
      : { execs: [...execs].sort(), unseen: [...new Set(unseen.map(({ command }) => command))].sort() };
    const answer = answers[index]!;
    const theirs =
      answer.fails === undefined
        ? { execs: [...answer.execs!].sort(), unseen: [...answer.unseen!].sort() }
        : { fails: true };
    return JSON.stringify(ours) === JSON.stringify(theirs) ? [] : [{ text, ours, theirs: answer, problem }];
  });
}

describe.skipIf(checkout === undefined)('shell analysis against BitBake', () => {
  it('finds the same in every shell function of the checkout', { timeout: 300_000 }, () => {
    const bodies = metadata(join(checkout!, 'meta')).flatMap(shellFunctions);
    expect(bodies.length).toBeGreaterThan(500);
    const expanded = bodies.map((body) => body.replace(/\$\{@.+?\}/g, 'word').replace(/\$\{[^}]*\}/g, 'a b'));
    const unended = bodies.map((body) => body.trimEnd());
    expect(mismatches([...new Set([...bodies, ...expanded, ...unended])])).toEqual([]);
  });

  it('finds the same in random texts', { timeout: 300_000 }, () => {
    expect(mismatches(fc.sample(shellTexts, { seed: 20260, numRuns: 20_000 }))).toEqual([]);
  });
});
