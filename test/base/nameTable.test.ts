/** Names as numbers. */
import { describe, expect, it } from 'vitest';
import { digestOfName, NameTable, ReceivedNames, ToldTable } from '../../server/src/base/nameTable.ts';

/** All names of a table, in order. */
const namesOf = (table: NameTable) => Array.from({ length: table.size }, (_, number) => table.name(number));

describe('names', () => {
  it('are numbers in the order in which they came', () => {
    const table = new NameTable();
    const names = ['a', 'b', 'a', 'c', 'a:b', 'b:a', 'a:b:c', ':b', 'a:', '', ':', 'a:b'];
    expect(names.map((name) => table.add(name))).toEqual([0, 1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 3]);
    expect(namesOf(table)).toEqual(['a', 'b', 'c', 'a:b', 'b:a', 'a:b:c', ':b', 'a:', '', ':']);
    for (const [number, name] of namesOf(table).entries()) expect(table.find(name)).toBe(number);
  });

  it('are not there for being parts of others', () => {
    const table = new NameTable();
    table.add('FILES:lib');
    table.add('SUMMARY');
    for (const name of ['FILES', 'lib', 'SUMMARY:lib', 'FILES:', ':lib', 'FILES:lib:x', 'd'])
      expect(table.find(name)).toBeUndefined();
  });

  it('stay what they are when there are many', () => {
    const table = new NameTable();
    const names = Array.from({ length: 20_000 }, (_, at) => `V${at % 37}:p${at >> 2}`);
    const numbers = names.map((name) => table.add(name));
    expect(new Set(numbers).size).toBe(new Set(names).size);
    expect(numbers.map((number) => table.name(number))).toEqual(names);
    expect(names.map((name) => table.find(name))).toEqual(numbers);
  });

  it('are told once, and mean the same in another table', () => {
    const [from, to] = [new NameTable(), new NameTable()];
    to.add('own');
    to.add('FILES:b');
    const told = new ToldTable(from);
    const received = new ReceivedNames(to);
    for (const name of ['FILES', 'a', 'FILES:a', 'FILES:b']) from.add(name);
    received.receive(told.next(3));
    expect(told.isTold).toBe(false);
    received.receive(told.next());
    expect(told.isTold).toBe(true);
    from.add('SUMMARY:b');
    const last = told.next();
    expect(last).toEqual({ parts: ['SUMMARY'], heads: Uint32Array.of(3), tails: Uint32Array.of(3) });
    received.receive(last);
    expect(received.numbers.map((number) => to.name(number))).toEqual(namesOf(from));
    expect(namesOf(to)).toEqual(['own', 'FILES:b', 'FILES', 'a', 'FILES:a', 'SUMMARY:b']);
  });

  it('have digests of 32 bits', () => {
    expect(['', 'a', 'foobar'].map(digestOfName)).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
  });
});
