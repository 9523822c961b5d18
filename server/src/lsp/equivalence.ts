/**
 * What the editor's task graph knows of hash equivalence: the unihashes that BitBake remembers of its last run, which
 * count before any database or server. These are asked where objects are looked for (`foresight.ts`), not here: an
 * edit must not wait for them.
 */
import type { RememberedUnihashes } from '../sstate/rememberedUnihashes.ts';
import type { EquivalenceSettings } from '../sstate/equivalenceSettings.ts';
import type { EquivalenceAccess } from '../sstate/unihashSources.ts';
import type { UnihashQuery } from '../taskgraph/taskhash.ts';

export interface RememberedEquivalence {
  /** In a sentence: what taskhashes rest on. */
  readonly note: string;
  /** Undefined: BitBake remembers none of this taskhash. */
  unihash(query: UnihashQuery): string | undefined;
  /** Whether the file is still the one that was read. */
  isCurrent(): boolean;
}

/**
 * @param settings undefined, or why BitBake stops: there is no equivalence to know of
 * @param modified when a file was last written; undefined where there is none
 */
export async function rememberedEquivalence(
  settings: EquivalenceSettings | string | undefined,
  access: Pick<EquivalenceAccess, 'memory'>,
  modified: (path: string) => number | undefined,
): Promise<RememberedEquivalence | undefined> {
  if (settings === undefined || typeof settings === 'string') return undefined;
  const { memory: path } = settings;
  const state = () => (path === undefined ? undefined : modified(path));
  const read = state();
  const memory = path === undefined ? undefined : await access.memory(path);
  const remembered: RememberedUnihashes =
    memory !== undefined && 'remembered' in memory ? memory.remembered : new Map();
  const from =
    memory !== undefined && 'unknown' in memory
      ? `What BitBake remembers in ${path} is not known (${memory.unknown}: remove the file, and BitBake asks anew)`
      : remembered.size > 0
        ? 'Unihashes are those that BitBake remembers of its last run'
        : 'BitBake remembers no unihashes of an earlier run';
  return {
    note: `${from}; every other task counts as equal to none until a build has asked.`,
    unihash({ multiconfig, pn, task, taskhash }) {
      const known = remembered.get(`${multiconfig}:${pn}:${task}`);
      return known?.taskhash === taskhash ? known.unihash : undefined;
    },
    isCurrent: () => state() === read,
  };
}
