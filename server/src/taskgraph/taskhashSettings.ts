/**
 * What the configuration says about taskhashes: the signature handler, what it leaves out, what is locked. Plain
 * data, so that it can cross from the process that holds the configuration.
 *
 * Follows `bb/siggen.py: init, SignatureGeneratorBasic.__init__` and the signature classes of OE-Core
 * (`lib/oe/sstatesig.py: sstate_lockedsigs, lockedsigs_unihashmap, SignatureGeneratorOEBasicHashMixIn`). BitBake
 * reads all of it once, from the plain configuration, for all multiconfigs.
 */
import { splitWords } from '../base/words.ts';
import type { HandlerName, TaskhashTraits } from '../metadata/release.ts';

/** A signature that is not computed but given, and which variable gave it. */
export interface LockedSignature {
  readonly hash: string;
  readonly variable: string;
}

export interface TaskhashSettings {
  readonly handler: HandlerName;
  /** What was asked for, where BitBake knows no such handler and takes `noop`. */
  readonly unknownHandler: string | undefined;
  /** BB_TASKHASH_IGNORE_TASKS: a Python pattern searched in recipe names. Only BitBake's own handlers look at it. */
  readonly ignoredRecipes: string;
  /** SIGGEN_EXCLUDERECIPES_ABISAFE. */
  readonly abiSafeRecipes: readonly string[];
  /** SIGGEN_EXCLUDE_SAFE_RECIPE_DEPS: `recipe->dependency`, `*->dependency`. */
  readonly safeDependencies: readonly string[];
  /** Recipe -> task -> signature, of SIGGEN_LOCKEDSIGS_TYPES; what bblock writes is in it. */
  readonly locked: Readonly<Record<string, Readonly<Record<string, LockedSignature>>>>;
  /** SIGGEN_UNLOCKED_RECIPES. */
  readonly unlockedRecipes: readonly string[];
  /** SIGGEN_LOCKEDSIGS_TASKSIG_CHECK: `info`, `warn`, `error`; anything else says nothing. */
  readonly lockedCheck: string;
  /** SIGGEN_UNIHASHMAP: `recipe:task` -> the taskhash it counts for, and its unihash. */
  readonly unihashes: Readonly<Record<string, { readonly taskhash: string; readonly unihash: string }>>;
  /** BB_SIGNATURE_LOCAL_DIRS_EXCLUDE: directories that are no part of a directory's checksum. */
  readonly excludedDirectories: readonly string[];
  /** What in these variables cannot be read, in sentences. BitBake stops there. */
  readonly faults: readonly string[];
}

/** Which variables of the configuration to ask for; STAMPS_DIR is where taint files are. */
export const SETTING_VARIABLES = {
  names: [
    'BB_SIGNATURE_HANDLER',
    'BB_TASKHASH_IGNORE_TASKS',
    'BB_HASHTASK_WHITELIST',
    'BB_SIGNATURE_LOCAL_DIRS_EXCLUDE',
    'STAMPS_DIR',
  ],
  prefixes: ['SIGGEN_'],
};

const EXCLUDED_DIRECTORIES = 'CVS .bzr .git .hg .osc .p4 .repo .svn';

/** @param text the final value of a variable of the plain configuration */
export function taskhashSettings(
  text: (name: string) => string | undefined,
  traits: TaskhashTraits,
): TaskhashSettings {
  const words = (name: string) => splitWords(text(name) ?? '');
  const faults: string[] = [];
  const desired = text('BB_SIGNATURE_HANDLER') || 'noop';
  const handler = traits.handlers.find((name) => name === desired);
  const safeDependencies = words('SIGGEN_EXCLUDE_SAFE_RECIPE_DEPS');
  for (const word of safeDependencies) {
    if (word.split('->').length !== 2) {
      faults.push(
        `SIGGEN_EXCLUDE_SAFE_RECIPE_DEPS has "${word}", which is not of the form recipe->dependency`,
      );
    }
  }
  return {
    handler: handler ?? 'noop',
    unknownHandler: handler ? undefined : desired,
    ignoredRecipes: text(traits.ignoreTasksVariable) ?? '',
    abiSafeRecipes: words('SIGGEN_EXCLUDERECIPES_ABISAFE'),
    safeDependencies,
    locked: lockedSignatures(words, faults),
    unlockedRecipes: words('SIGGEN_UNLOCKED_RECIPES'),
    lockedCheck: text('SIGGEN_LOCKEDSIGS_TASKSIG_CHECK') ?? '',
    unihashes: traits.mapsUnihashes ? unihashMap(words('SIGGEN_UNIHASHMAP'), faults) : {},
    excludedDirectories: splitWords(text('BB_SIGNATURE_LOCAL_DIRS_EXCLUDE') || EXCLUDED_DIRECTORIES),
    faults,
  };
}

function lockedSignatures(
  words: (name: string) => string[],
  faults: string[],
): Record<string, Record<string, LockedSignature>> {
  const locked = new Map<string, Map<string, LockedSignature>>();
  for (const type of words('SIGGEN_LOCKEDSIGS_TYPES')) {
    const variable = `SIGGEN_LOCKEDSIGS_${type}`;
    for (const word of words(variable)) {
      const match = /^([^:]*):([^:]*):(.*)$/s.exec(word);
      if (!match) {
        faults.push(`${variable} has "${word}", which is not of the form recipe:task:hash`);
        continue;
      }
      const [, pn, task, hash] = match as unknown as [string, string, string, string];
      let tasks = locked.get(pn);
      if (!tasks) locked.set(pn, (tasks = new Map()));
      tasks.set(task, { hash, variable });
    }
  }
  return Object.fromEntries([...locked].map(([pn, tasks]) => [pn, Object.fromEntries(tasks)]));
}

function unihashMap(words: readonly string[], faults: string[]): TaskhashSettings['unihashes'] {
  const found: Record<string, { taskhash: string; unihash: string }> = {};
  for (const word of words) {
    const parts = word.split(':');
    if (parts.length !== 4) {
      faults.push(`SIGGEN_UNIHASHMAP has "${word}", which is not of the form recipe:task:taskhash:unihash`);
      continue;
    }
    const [pn, task, taskhash, unihash] = parts as [string, string, string, string];
    found[`${pn}:${task}`] = { taskhash, unihash };
  }
  return found;
}
