/** Long work that lets others have their turn. Knows nothing of what is done. */
import { setImmediate } from 'node:timers/promises';

/** Work in steps of a few milliseconds at most: between two of them it can be put down. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** For how long others wait, in milliseconds. */
const TURN = 10;

/** Does all steps without letting anything else have its turn. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/**
 * Does steps with all that waits in the same thread in between.
 * @param goOn is called after others had their turn; what it throws ends the work
 */
export async function stepByStep<T>(steps: Steps<T>, goOn: () => void = () => undefined): Promise<T> {
  for (let began = performance.now(); ;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() - began < TURN) continue;
    await setImmediate();
    goOn();
    began = performance.now();
  }
}

/** Makes parts of a whole one by one, with all that waits in the same thread in between. @returns the whole */
export async function inTurns<T>(parts: Iterable<readonly T[]>): Promise<T[]> {
  const all: T[] = [];
  for (const part of parts) {
    all.push(...part);
    await setImmediate();
  }
  return all;
}

/** The items for which something holds, in parts: those of `size` items at a time. */
export function* filteredInParts<T>(
  items: Iterable<T>,
  size: number,
  holds: (item: T) => boolean,
): Generator<readonly T[]> {
  let found: T[] = [];
  let looked = 0;
  for (const item of items) {
    if (holds(item)) found.push(item);
    if (++looked % size !== 0) continue;
    yield found;
    found = [];
  }
  yield found;
}
