/** Maps and sets that hold the last few entries. */
import { describe, expect, it } from 'vitest';
import { dropOldest, keepLast } from '../../server/src/base/recent.ts';

describe('what is kept for a while', () => {
  it('is the last that was put in, in that order', () => {
    const kept = new Map<string, number>();
    for (const [index, key] of ['a', 'b', 'a', 'c', 'd', 'c'].entries()) keepLast(kept, 3, key, index);
    expect([...kept]).toEqual([
      ['a', 2],
      ['d', 4],
      ['c', 5],
    ]);
    keepLast(kept, 3, 'e', 6);
    expect([...kept.keys()]).toEqual(['d', 'c', 'e']);
  });

  it('loses one entry at a time, and none while there is room', () => {
    const kept = new Set(['a', 'b', 'c']);
    dropOldest(kept, 3);
    expect([...kept]).toEqual(['a', 'b', 'c']);
    dropOldest(kept, 1);
    expect([...kept]).toEqual(['b', 'c']);
  });
});
