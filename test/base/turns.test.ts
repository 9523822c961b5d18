/** Long work in steps: what waits has its turn, and the work can be given up. */
import { describe, expect, it } from 'vitest';
import { atOnce, stepByStep, type Steps } from '../../server/src/base/turns.ts';

/** Steps that take longer than others are to wait. */
function* work(count: number, done: number[]): Steps<string> {
  for (let step = 1; step <= count; step++) {
    for (const began = performance.now(); performance.now() - began < 11;);
    done.push(step);
    yield;
  }
  return 'all of it';
}

describe('work in steps', () => {
  it('is done at once', () => {
    const done: number[] = [];
    expect(atOnce(work(3, done))).toBe('all of it');
    expect(done).toEqual([1, 2, 3]);
  });

  it('lets others have their turn', async () => {
    const done: number[] = [];
    const seen: number[] = [];
    const others = (): void => {
      seen.push(done.length);
      if (done.length < 5) setImmediate(others);
    };
    setImmediate(others);
    expect(await stepByStep(work(5, done))).toBe('all of it');
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  it('ends with what is thrown in between', async () => {
    const done: number[] = [];
    const goOn = () => {
      if (done.length > 3) throw new Error('not wanted any more');
    };
    await expect(stepByStep(work(9, done), goOn)).rejects.toThrow('not wanted any more');
    expect(done).toEqual([1, 2, 3, 4]);
  });
});
