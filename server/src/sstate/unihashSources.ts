/**
 * Unihashes of a build directory, from what its configuration names: what BitBake remembers, a database, a server.
 *
 * Decides what is asked in which order, and says what was not. Reads through the port only.
 */
import type { UnihashSource } from '../inputs/hashEquivalencePorts.ts';
import type { EquivalenceSettings, HashDatabasePlace, HashServerPlace } from './equivalenceSettings.ts';
import { type ServedUnihashes, Unihashes } from './hashEquivalence.ts';
import type { UnihashMemory } from './rememberedUnihashes.ts';

/** How the places that settings name are reached; `host` implements it. */
export interface EquivalenceAccess {
  /** What is in `bb_unihashes.dat`; undefined: there is none. */
  memory(path: string): Promise<UnihashMemory | undefined>;
  database(place: HashDatabasePlace): UnihashSource;
  server(place: HashServerPlace): UnihashSource;
}

export interface OpenOptions {
  /** Whether servers may be asked: only where somebody has asked for something that needs them. */
  readonly servers: boolean;
  /** What the server has said before. */
  readonly served?: ServedUnihashes;
  readonly signal?: AbortSignal;
}

export interface OpenUnihashes {
  readonly unihashes: Unihashes;
  /** What is worth a warning, in sentences; failures of sources are told by `unihashes` when they happen. */
  readonly warnings: readonly string[];
  dispose(): void;
}

export async function openUnihashes(
  settings: EquivalenceSettings,
  access: EquivalenceAccess,
  { servers, served, signal }: OpenOptions,
): Promise<OpenUnihashes> {
  const { method, memory: path, database, server } = settings;
  const memory = path === undefined ? undefined : await access.memory(path);
  const sources: UnihashSource[] = [];
  const warnings: string[] = [];
  let withheld: string | undefined;
  if (memory !== undefined && 'unknown' in memory) {
    withheld = `BitBake remembers unihashes in ${path}, and ${memory.unknown}: remove it, and BitBake asks anew`;
    warnings.push(withheld);
  } else {
    if (memory?.ignored !== undefined)
      warnings.push(`BitBake remembers nothing of what is in ${path}: ${memory.ignored}`);
    if (database) sources.push(access.database(database));
    if (server && servers) sources.push(access.server(server));
    else if (server)
      withheld = `the hash equivalence server that ${server.variable} names was not asked, as servers are left out here`;
  }
  const remembered = memory !== undefined && 'remembered' in memory ? memory.remembered : new Map();
  // Where what BitBake remembers cannot be read, no server's word counts.
  const said = server && !(memory && 'unknown' in memory) ? served : undefined;
  return {
    unihashes: new Unihashes({ method, remembered, sources, withheld, served: said, signal }),
    warnings,
    dispose() {
      for (const source of sources) source.dispose();
    },
  };
}
