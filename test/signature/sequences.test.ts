import { describe, expect, it } from 'vitest';
import { pieces, unifiedDiff } from '../../server/src/signature/sequences.ts';

const letters = (text: string) => text.split('');

describe('pieces', () => {
  it('take out the longest common run first', () => {
    const before = 'The quick brown fox jumps over the lazy dog'.split(' ');
    const after = 'The slow blue cheese drips over the lazy carrot'.split(' ');
    expect(pieces(before, after)).toEqual([
      ['same', ['The']],
      ['removed', ['quick', 'brown', 'fox', 'jumps']],
      ['added', ['slow', 'blue', 'cheese', 'drips']],
      ['same', ['over', 'the', 'lazy']],
      ['removed', ['dog']],
      ['added', ['carrot']],
    ]);
  });

  it('show what moved as removed and added', () => {
    expect(pieces(letters('abcd'), letters('bcda'))).toEqual([
      ['removed', ['a']],
      ['same', ['b', 'c', 'd']],
      ['added', ['a']],
    ]);
  });

  it('are none for nothing', () => {
    expect(pieces([], [])).toEqual([]);
    expect(pieces([], ['a'])).toEqual([['added', ['a']]]);
  });
});

// Made by Python's difflib.unified_diff of the same lines.
describe('unified diffs', () => {
  it('show three lines around a change', () => {
    expect(unifiedDiff(letters('abcdefghij'), letters('abcdeXghij'))).toEqual([
      '@@ -3,7 +3,7 @@',
      ' c',
      ' d',
      ' e',
      '-f',
      '+X',
      ' g',
      ' h',
      ' i',
    ]);
  });

  it('have a hunk for each group of changes', () => {
    expect(unifiedDiff(letters('abcdefghijklmnop'), letters('Abcdefghijklmnopq'))).toEqual([
      '@@ -1,4 +1,4 @@',
      '-a',
      '+A',
      ' b',
      ' c',
      ' d',
      '@@ -14,3 +14,4 @@',
      ' n',
      ' o',
      ' p',
      '+q',
    ]);
  });

  it('count an empty side from the line before', () => {
    expect(unifiedDiff([], ['a'])).toEqual(['@@ -0,0 +1 @@', '+a']);
    expect(unifiedDiff(['a'], [])).toEqual(['@@ -1 +0,0 @@', '-a']);
    expect(unifiedDiff(['a'], ['a'])).toEqual([]);
  });
});
