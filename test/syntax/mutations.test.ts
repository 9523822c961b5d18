/** Ten thousand damaged recipes, classes and configuration files: each is read to a tree and problems. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseFile } from '../../server/src/syntax/parser.ts';
import { syntaxTraits } from '../../server/src/syntax/traits.ts';
import { damaged } from '../harness/mutations.ts';
import { gaps } from './cases.ts';

const SAMPLE = join(import.meta.dirname, '../../samples/workspace');
const TEXTS = readdirSync(SAMPLE, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(bb|bbclass|inc|conf|bbappend)$/.test(path))
  .sort()
  .map((path) => readFileSync(join(SAMPLE, path), 'utf8'));
const GROUPS = 100;
const ALL = [...damaged(TEXTS, 10_000, 1)];

describe('damaged files', () => {
  it('are ten thousand, hardly two alike', () => {
    expect(ALL.length).toBe(10_000);
    expect(new Set(ALL).size).toBeGreaterThan(9_000);
  });

  // A group is given the time that one file may take.
  it.each(Array.from({ length: GROUPS }, (_, index) => index))('are read: group %i', (group) => {
    for (let index = group; index < ALL.length; index += GROUPS) {
      const text = ALL[index]!;
      const lines = text.split(/\r\n|\r|\n/);
      const path = ['/a.bb', '/a.bbclass', '/a.conf'][index % 3]!;
      const tree = parseFile(path, text, syntaxTraits(2, [0, 8, 12, 19][index % 4]!));
      expect(gaps(tree, text), `text ${index}`).toEqual([]);
      for (const { message, range } of tree.problems) {
        expect(message).not.toBe('');
        const { start, end } = range!;
        const isInside =
          start.line >= 0 &&
          start.column >= 0 &&
          (start.line < end.line || (start.line === end.line && start.column <= end.column)) &&
          end.line < lines.length &&
          start.column <= lines[start.line]!.length &&
          end.column <= lines[end.line]!.length;
        expect(isInside, `text ${index}: ${message} at ${JSON.stringify(range)}`).toBe(true);
      }
    }
  });
});
