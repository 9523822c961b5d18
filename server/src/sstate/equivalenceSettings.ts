/**
 * What the configuration says about hash equivalence: the method, where BitBake remembers unihashes, which database
 * and which server it would ask.
 *
 * Follows `bb/cooker.py: handlePRServ` for BB_HASHSERVE = "auto", OE-Core's `lib/oe/sstatesig.py:
 * SignatureGeneratorOEEquivHash.init_rundepcheck` and `bb/siggen.py: SignatureGeneratorTestEquivHash`. BitBake reads
 * all of it from the plain configuration. Pure.
 */
import type { HandlerName, HashServerTraits } from '../metadata/release.ts';

/** Which variables of the configuration to ask for. */
export const EQUIVALENCE_VARIABLES = [
  'BB_HASHSERVE',
  'BB_HASHSERVE_DB_DIR',
  'BB_HASHSERVE_PASSWORD',
  'BB_HASHSERVE_UPSTREAM',
  'BB_HASHSERVE_USERNAME',
  'CACHE',
  'PERSISTENT_DIR',
  'SSL_CERT_FILE',
  'SSTATE_HASHEQUIV_METHOD',
];

/** A database that BitBake's own server would open. */
export interface HashDatabasePlace {
  readonly path: string;
  readonly traits: HashServerTraits;
  /** BB_HASHSERVE_DB_DIR named its directory: BitBake refuses it on NFS. */
  readonly shared: boolean;
}

export interface HashServerPlace {
  /** `unix://PATH`, `HOST:PORT`, `ws://…`, `wss://…`, as the variable has it. */
  readonly address: string;
  readonly variable: 'BB_HASHSERVE' | 'BB_HASHSERVE_UPSTREAM';
  /** What the configuration says; where either is missing, BitBake looks in .netrc. Never for an upstream. */
  readonly credentials: { readonly username: string; readonly password: string } | 'netrc' | undefined;
  /** SSL_CERT_FILE, where set in the configuration. */
  readonly certificates: string | undefined;
}

export interface EquivalenceSettings {
  readonly method: string;
  /** `bb_unihashes.dat`; undefined: BitBake keeps none. */
  readonly memory: string | undefined;
  /** BB_HASHSERVE = "auto". */
  readonly database: HashDatabasePlace | undefined;
  /** BB_HASHSERVE, or what the server over the database asks in its turn. */
  readonly server: HashServerPlace | undefined;
}

/**
 * @param text the final value of a variable of the plain configuration
 * @returns undefined where the handler knows no unihashes; a sentence where BitBake stops
 */
export function equivalenceSettings(
  text: (name: string) => string | undefined,
  handler: HandlerName,
  traits: HashServerTraits,
): EquivalenceSettings | string | undefined {
  if (handler !== 'OEEquivHash' && handler !== 'TestEquivHash') return undefined;
  const value = (name: string) => text(name) || undefined;
  const hashserve = value('BB_HASHSERVE');
  if (hashserve === undefined)
    return `${handler} requires BB_HASHSERVE: set it to "auto", or to the address of a server`;
  const method = handler === 'TestEquivHash' ? 'sstate_output_hash' : value('SSTATE_HASHEQUIV_METHOD');
  if (method === undefined)
    return `${handler} requires SSTATE_HASHEQUIV_METHOD: leave it as sstate.bbclass sets it`;
  const directory = value('PERSISTENT_DIR') ?? value('CACHE');
  const memory = directory === undefined ? undefined : `${directory}/bb_unihashes.dat`;
  const certificates = value('SSL_CERT_FILE');
  if (hashserve !== 'auto') {
    const username = value('BB_HASHSERVE_USERNAME');
    const password = value('BB_HASHSERVE_PASSWORD');
    const credentials =
      handler === 'TestEquivHash' || !traits.authenticates
        ? undefined
        : username !== undefined && password !== undefined
          ? { username, password }
          : 'netrc';
    const server: HashServerPlace = {
      address: hashserve,
      variable: 'BB_HASHSERVE',
      credentials,
      certificates,
    };
    return { method, memory, database: undefined, server };
  }
  const shared = traits.sharesDatabase ? value('BB_HASHSERVE_DB_DIR') : undefined;
  const place = shared ?? directory;
  if (place === undefined)
    return 'BB_HASHSERVE is "auto", and none of BB_HASHSERVE_DB_DIR, PERSISTENT_DIR and CACHE says where its database is: set PERSISTENT_DIR';
  const upstream = value('BB_HASHSERVE_UPSTREAM');
  return {
    method,
    memory,
    database: { path: `${place}/hashserv.db`, traits, shared: shared !== undefined },
    server:
      upstream === undefined
        ? undefined
        : {
            address: upstream,
            variable: 'BB_HASHSERVE_UPSTREAM',
            credentials: undefined,
            certificates,
          },
  };
}
