/** The port to what knows unihashes: a database beside the build, a server. `host` implements it. */

export interface UnihashQuestion {
  /** SSTATE_HASHEQUIV_METHOD, as servers file hashes under it. */
  readonly method: string;
  readonly taskhash: string;
}

export interface UnihashSource {
  /** As messages name it, without secrets. */
  readonly name: string;
  /**
   * @returns one answer for each question, in their order; undefined: it has none, which it knows for sure
   * @throws UnihashSourceFailure where it cannot answer; nothing is known then of any of these questions
   */
  unihashes(
    questions: readonly UnihashQuestion[],
    signal?: AbortSignal,
  ): Promise<readonly (string | undefined)[]>;
  /** Ends connections. It is not asked any more. */
  dispose(): void;
}

/** Says what happened, where and what to do, in one line without secrets. */
export class UnihashSourceFailure extends Error {
  override readonly name = 'UnihashSourceFailure';
}

/** What a unihash looks like; BitBake stops at any other (`hashserv/__init__.py: is_valid_unihash`). */
export const UNIHASH = /^[0-9a-f]{64}$/;
