import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseFile } from '../../server/src/syntax/parser.ts';
import { syntaxTraits } from '../../server/src/syntax/traits.ts';
import { answerOf, casesOf, comparable, gaps, type Answer } from './cases.ts';

const CASES = casesOf(readFileSync(join(import.meta.dirname, 'cases.txt'), 'utf8'));
const RECORDED = JSON.parse(readFileSync(join(import.meta.dirname, 'recorded.json'), 'utf8')) as Record<
  string,
  (Answer & { readonly versions: readonly string[] })[]
>;

describe('reads as BitBake does', () => {
  for (const { path, intent, text } of CASES) {
    for (const answer of RECORDED[path] ?? []) {
      it.each(answer.versions)(`${path.slice(7)}: ${intent}, in BitBake %s`, (version) => {
        const [major, minor] = version.split('.').map(Number);
        const tree = parseFile(path, text, syntaxTraits(major!, minor!));
        const ours = answerOf(tree);
        expect(ours).toEqual(comparable(answer, ours.warnings));
        expect(gaps(tree, text)).toEqual([]);
      });
    }
  }

  it('all that was recorded, and nothing else', () => {
    expect(Object.keys(RECORDED)).toEqual(CASES.map(({ path }) => path));
    for (const path of Object.keys(RECORDED)) {
      const versions = RECORDED[path]!.flatMap((answer) => answer.versions);
      expect([path, versions.sort()]).toEqual([path, ['2.0', '2.12', '2.16', '2.18', '2.19', '2.8']]);
    }
  });
});

describe('says where BitBake refuses a line', () => {
  // BitBake finds these at the line that follows, at the end of the file, or without counting.
  const elsewhere = /unclosed|continuation-last|comment-joins|backslash-alone/;
  for (const { path, intent, text } of CASES) {
    if (elsewhere.test(path)) continue;
    for (const { refused, versions } of RECORDED[path] ?? []) {
      if (refused === null) continue;
      it.each(versions)(`${path.slice(7)}: ${intent}, in BitBake %s`, (version) => {
        const [major, minor] = version.split('.').map(Number);
        const tree = parseFile(path, text, syntaxTraits(major!, minor!));
        const unreadable = tree.statements.find(({ kind }) => kind === 'unreadable');
        const problem = tree.problems.find(({ severity }) => severity === 'error')!;
        expect(unreadable!.range.start.line).toBeLessThan(refused.lineno);
        expect(unreadable!.range.end.line + 1).toBeGreaterThanOrEqual(refused.lineno);
        expect(problem.range!.start.line).toBeGreaterThanOrEqual(unreadable!.range.start.line);
        expect(problem.range!.end.line).toBeLessThanOrEqual(unreadable!.range.end.line);
      });
    }
  }
});
