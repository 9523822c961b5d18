/** Long work that lets others have their turn. Knows nothing of what is done. */
import { setImmediate } from 'node:timers/promises';

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
