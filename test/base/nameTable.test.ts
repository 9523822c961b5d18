/** Names as numbers. */
import { describe, expect, it } from 'vitest';
import { digestOfName, NameTable } from '../../server/src/base/nameTable.ts';

describe('names', () => {
  it('are numbers in the order in which they came', () => {
    const table = new NameTable();
    expect(['a', 'b', 'a', 'c'].map((name) => table.add(name))).toEqual([0, 1, 0, 2]);
    expect(table.names).toEqual(['a', 'b', 'c']);
    expect(table.find('c')).toBe(2);
    expect(table.find('d')).toBeUndefined();
  });

  it('have digests of 32 bits', () => {
    expect(['', 'a', 'foobar'].map(digestOfName)).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
  });
});
