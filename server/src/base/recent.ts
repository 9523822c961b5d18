/** Of what is kept for a while: the last few that were put in. */

/** Puts an entry at the end of a map, and takes the oldest out where that holds more than `most` then. */
export function keepLast<K, V>(kept: Map<K, V>, most: number, key: K, value: V): void {
  kept.delete(key);
  kept.set(key, value);
  dropOldest(kept, most);
}

/** Takes the oldest out of a map or set that holds more than `most`; to be asked for whenever one was put in. */
export function dropOldest<K>(kept: Map<K, unknown> | Set<K>, most: number): void {
  if (kept.size <= most) return;
  const [oldest] = kept.keys();
  kept.delete(oldest!);
}
