/**
 * The unihashes that BitBake remembers from its last run: `bb_unihashes.dat`.
 *
 * Follows `bb/cache.py: SimpleCache` and `bb/siggen.py: SignatureGeneratorBasic.__init__, set_unihash`. It counts
 * before any server: also a taskhash that had no equivalent then is remembered, as its own unihash. The same format
 * in all releases. Pure.
 */
import { UNIHASH } from '../inputs/hashEquivalencePorts.ts';
import { BrokenPickle, NotPlain, parsePickle, type Plain } from './pickle.ts';

export interface RememberedUnihash {
  readonly taskhash: string;
  readonly unihash: string;
}

/** `multiconfig:pn:task` -> what it was last. */
export type RememberedUnihashes = ReadonlyMap<string, RememberedUnihash>;

/** What the file was found to be. */
export type UnihashMemory =
  | { readonly remembered: RememberedUnihashes; readonly ignored?: string }
  /** BitBake might read what is not read here. */
  | { readonly unknown: string };

/** The version that all releases write. */
const VERSION = '3';

/** What BitBake cannot read, and what another version wrote, it ignores (`ignored` says so). */
export function parseRememberedUnihashes(bytes: Uint8Array): UnihashMemory {
  let data: Plain;
  try {
    data = parsePickle(bytes);
  } catch (error) {
    if (error instanceof NotPlain) return { unknown: error.message };
    if (error instanceof BrokenPickle)
      return { remembered: new Map(), ignored: `it is broken: ${error.message}` };
    throw error;
  }
  if (!Array.isArray(data) || data.length !== 2)
    return { remembered: new Map(), ignored: 'it is broken: it is not a pair of data and version' };
  const [entries, version] = data;
  if (version !== VERSION) return { remembered: new Map(), ignored: 'another version of BitBake wrote it' };
  if (!(entries instanceof Map)) return { unknown: 'it holds no dictionary' };
  const remembered = new Map<string, RememberedUnihash>();
  for (const [key, value] of entries) {
    if (typeof key !== 'string' || !Array.isArray(value))
      return { unknown: 'an entry of it is of no known form' };
    const [taskhash, unihash] = value;
    if (typeof taskhash !== 'string' || typeof unihash !== 'string' || !UNIHASH.test(unihash))
      return { unknown: `its entry for ${key} is of no known form` };
    remembered.set(key, { taskhash, unihash });
  }
  return { remembered };
}
