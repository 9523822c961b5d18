/** Texts and lists that come in copies are held once; what they say stays as it was. */
import { deserialize, serialize, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { SharedTexts } from '../../server/src/base/sharedTexts.ts';

const OWN = new Set(['hash']);
const copied = <T>(data: T): T => deserialize(serialize(data)) as T;

it('gives the lists that came before for those with the same texts', () => {
  const shared = new SharedTexts();
  const data = { tasks: ['do_a', 'do_b'], none: [], deep: { tasks: [['do_a', 'do_b'], ['do_a'], []] } };
  const first = shared.share(copied(data), OWN);
  const second = shared.share(copied(data), OWN);
  expect(first).toStrictEqual(data);
  expect(second).toStrictEqual(data);
  expect(second.tasks).toBe(first.tasks);
  expect(first.deep.tasks[0]).toBe(first.tasks);
  expect(second.deep.tasks[1]).toBe(first.deep.tasks[1]);
  expect(second.none).toBe(first.none);
  expect(first.deep.tasks[2]).toBe(first.none);
});

it('tells lists apart whose texts come to the same behind one another', () => {
  const data = { one: ['a', 'b'], other: ['a","b'], third: ['ab'], fourth: ['a\nb'] };
  expect(new SharedTexts().share(copied(data), OWN)).toStrictEqual(data);
});

it('leaves what is no text as it is, and lists with anything else in them', () => {
  const data = {
    many: [1, 'a', undefined, null, { name: 'a' }],
    map: new Map([['a', ['b']]]),
    bytes: new Uint32Array([1, 2]),
    flag: false,
    nothing: undefined,
  };
  const shared = new SharedTexts();
  const first = shared.share(copied(data), OWN);
  expect(shared.share(copied(data), OWN).many).not.toBe(first.many);
  expect(first).toStrictEqual(data);
});

it('holds copies of a text once, of properties and in lists', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const megabytes = () => {
    collect();
    return process.memoryUsage().heapUsed / 1024 / 1024;
  };
  const text = 'x'.repeat(20_000);
  const shared = new SharedTexts();
  const before = megabytes();
  const kept: object[] = [];
  for (let at = 0; at < 1000; at++)
    kept.push(shared.share(copied({ text, list: [text, String(at)], many: [{ text }, [text, at]] }), OWN));
  expect(megabytes() - before).toBeLessThan(10);
  expect(kept.length).toBe(1000);
});

it('goes through an object once, and through none of its own', () => {
  const shared = new SharedTexts();
  const first = shared.share({ list: ['a'], hash: ['a'] }, OWN);
  const { list, hash } = first;
  expect(hash).not.toBe(list);
  const other = ['a'];
  first.list = other;
  expect(shared.share(first, OWN).list).toBe(other);
  expect(shared.share({ list: ['a'] }, OWN).list).toBe(list);
});
