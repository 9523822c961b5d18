/** Garbage is collected when there has been nothing to do for a while, and not before. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { collectWhenIdle } from '../../server/src/host/heapMemory.ts';

const MEGABYTE = 1024 * 1024;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Lets go of much that has grown old, so that it stays until everything is looked through. */
function leaveBehind(): void {
  const lists: number[][] = [];
  for (let at = 0; at < 200; at++) lists.push(new Array<number>(MEGABYTE / 8).fill(at));
}

const used = (): number => process.memoryUsage().heapUsed / MEGABYTE;

it('gives memory back once nothing was done for ten seconds', () => {
  leaveBehind();
  const before = used();
  for (let second = 0; second < 30; second++) {
    collectWhenIdle();
    vi.advanceTimersByTime(9000);
  }
  expect(used()).toBeGreaterThan(before - 10);
  vi.advanceTimersByTime(1000);
  expect(used()).toBeLessThan(before - 150);
  // Once: what is left is in use.
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(10_000);
  expect(vi.getTimerCount()).toBe(0);
});
