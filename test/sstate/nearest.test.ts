/** Objects of the same task under other hashes, by their names alone. */
import { describe, expect, it } from 'vitest';
import { mirrorDirectories } from '../../server/src/sstate/mirrors.ts';
import { otherObjects } from '../../server/src/sstate/nearest.ts';

const [A, B] = ['a1'.repeat(32), 'b2'.repeat(32)];
const object = (hash: string, pn = 'zlib', version = '1.3', task = 'package') =>
  `${hash.slice(0, 2)}/sstate:${pn}:core2-64:${version}:r0:core2-64:14:${hash}_${task}.tar.zst`;

describe('objects under other hashes', () => {
  const test = otherObjects(`/srv/${object(A)}`, A, 'zlib')!;

  it('are those of the same recipe and task', () => {
    expect(test(object(B))).toEqual({ name: object(B), hash: B, isSame: true });
    expect(test(object(B, 'zlib', '1.2'))).toEqual({
      name: object(B, 'zlib', '1.2'),
      hash: B,
      isSame: false,
    });
    expect(test(object(A))).toBeUndefined();
    expect(test(object(B, 'zlib-native'))).toBeUndefined();
    expect(test(object(B, 'zlib', '1.3', 'package_qa'))).toBeUndefined();
    expect(test(`${object(B)}.siginfo`)).toBeUndefined();
  });

  it('cannot be told where the name holds no hash', () => {
    expect(otherObjects('/srv/zlib:package', A, 'zlib')).toBeUndefined();
  });
});

it('directories of mirrors are those of file URLs', () => {
  const text =
    'file://.* https://server.example/PATH file://.* file:///srv/sstate/PATH;downloadfilename=PATH file://x file:///srv/other';
  expect(mirrorDirectories(text)).toEqual(['/srv/sstate', '/srv/other']);
});
