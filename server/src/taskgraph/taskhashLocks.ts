/**
 * Which tasks have a signature that is given, not computed: SIGGEN_LOCKEDSIGS, and bblock with it.
 *
 * Follows OE-Core's `lib/oe/sstatesig.py: SignatureGeneratorOEBasicHashMixIn.get_taskhash`. Pure.
 */
import type { HashedGraph } from './taskhash.ts';
import type { LockedSignature, TaskhashSettings } from './taskhashSettings.ts';

export type Lock = LockedSignature;

/**
 * A recipe that directly depends on an unlocked one is unlocked from there on. Its tasks that BitBake dealt with in
 * an earlier round stay locked; within a round BitBake's order is that of a set, here that of the tasks.
 * @param levels by task: the round in which BitBake deals with it
 */
export function locks(
  graph: HashedGraph,
  settings: TaskhashSettings,
  levels: Int32Array,
): ReadonlyMap<number, Lock> {
  const found = new Map<number, Lock>();
  const { handler, locked } = settings;
  if (handler !== 'OEBasicHash' && handler !== 'OEEquivHash') return found;
  if (Object.keys(locked).length === 0) return found;
  const tasks = Array.from(levels.keys()).sort((a, b) => levels[a]! - levels[b]! || a - b);
  const unlocked = new Set(settings.unlockedRecipes);
  for (const task of tasks) {
    const { pn, multiconfig } = graph.recipe(task);
    if (unlocked.has(pn)) continue;
    if (dependsOnUnlocked(graph, task, multiconfig, unlocked)) {
      unlocked.add(pn);
      continue;
    }
    const lock = locked[pn]?.[graph.name(task)];
    if (lock) found.set(task, lock);
  }
  return found;
}

/** Any part of a dependency's name counts: an unlocked `zlib` unlocks what depends on `zlib-native`, too. */
function dependsOnUnlocked(
  graph: HashedGraph,
  task: number,
  multiconfig: string,
  unlocked: ReadonlySet<string>,
): boolean {
  if (unlocked.size === 0) return false;
  return Array.from(graph.dependencies(task)).some((dependency) => {
    const recipe = graph.recipe(dependency);
    return recipe.multiconfig === multiconfig && [...unlocked].some((name) => recipe.pn.includes(name));
  });
}
