/**
 * Objects of a task under other hashes than the one that is wanted: what a cache has of it.
 *
 * Works on the names of files alone, whatever the class makes of them: a name that differs from the wanted one in its
 * hash only, or that starts with the same recipe and ends with the same task.
 */

export interface OtherObject {
  /** Relative to the directory that was listed. */
  readonly name: string;
  readonly hash: string;
  /** Nothing but the hash differs: version and architecture are the same. */
  readonly isSame: boolean;
}

/**
 * A test of file names, given where the wanted object would be.
 * @param wanted the path of the object
 * @param hash in it; undefined is returned where it is not in the name
 * @param pn the recipe; a name that does not have it is only compared as a whole
 */
export function otherObjects(
  wanted: string,
  hash: string,
  pn: string,
): ((name: string) => OtherObject | undefined) | undefined {
  const file = wanted.slice(wanted.lastIndexOf('/') + 1);
  const at = file.indexOf(hash);
  if (at < 0) return undefined;
  const [before, after] = [file.slice(0, at), file.slice(at + hash.length)];
  const marked = `:${pn}:`;
  const start = before.includes(marked) ? before.slice(0, before.indexOf(marked) + marked.length) : before;
  return (name) => {
    const own = name.slice(name.lastIndexOf('/') + 1);
    if (!own.startsWith(start) || !own.endsWith(after)) return undefined;
    const other = own.slice(0, own.length - after.length).slice(-hash.length);
    if (other === hash || !/^[0-9a-f]+$/.test(other) || other.length < hash.length) return undefined;
    const isSame = own.length === file.length && own.startsWith(before);
    return { name, hash: other, isSame };
  };
}
