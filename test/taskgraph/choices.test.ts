/** Versions and likeness of names, on which the choice of providers and its messages depend. */
import { describe, expect, it } from 'vitest';
import { closeMatches } from '../../server/src/taskgraph/closeMatches.ts';
import { circles, dependencyOrder } from '../../server/src/taskgraph/order.ts';
import { compareVersions } from '../../server/src/metadata/versions.ts';

const version = (pv: string, pe = '', pr = 'r0') => ({ pe, pv, pr });

describe('versions', () => {
  it.each([
    ['1.9', '1.10'],
    ['1.10~rc1', '1.10'],
    ['1.0', '1.0a'],
    ['1.0', '1.0.1'],
    ['1.0a', '1.0.1'],
    ['1.0a', '1.0b'],
    ['9999999999999999998', '9999999999999999999'],
  ])('%s is older than %s', (older, newer) => {
    expect(compareVersions(version(older), version(newer))).toBeLessThan(0);
    expect(compareVersions(version(newer), version(older))).toBeGreaterThan(0);
  });

  it('are compared by epoch first and revision last', () => {
    expect(compareVersions(version('9.0'), version('1.0', '1'))).toBeLessThan(0);
    expect(compareVersions(version('1.0', '', 'r9'), version('1.0', '', 'r10'))).toBeLessThan(0);
    expect(compareVersions(version('1.0', '0'), version('1.0'))).toBe(0);
  });
});

describe('close matches', () => {
  it('are the three most alike, as difflib finds them', () => {
    expect(closeMatches('do_compil', ['do_compile', 'do_configure', 'do_install'])).toEqual(['do_compile']);
    expect(closeMatches('appel', ['ape', 'apple', 'peach', 'puppy'])).toEqual(['apple', 'ape']);
    expect(closeMatches('zlib', ['bzip2', 'xz'])).toEqual([]);
  });
});

describe('an order of tasks', () => {
  // 0 <- 1 <- 2 <- 1, 3 needs 2
  const edges = { first: Int32Array.of(0, 0, 2, 3, 4), dependencies: Int32Array.of(0, 2, 1, 2) };

  it('has each task after what it depends on, as far as circles let it', () => {
    const { order, isDone } = dependencyOrder(edges);
    expect([...order]).toEqual([0]);
    expect([...isDone]).toEqual([1, 0, 0, 0]);
  });

  it('names the circles', () => {
    expect(circles(edges, Uint8Array.of(1, 0, 0, 0), 10)).toEqual([[1, 2]]);
  });
});
