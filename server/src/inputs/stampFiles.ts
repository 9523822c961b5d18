/** Stamp files that builds have left: the port that `host` implements. */

export interface StampFiles {
  /**
   * When files were made, in whole seconds since 1970, symbolic links followed; those that are not there are left out.
   * @param paths absolute
   * @throws the reason of `signal` when it is aborted
   */
  times(paths: readonly string[], signal?: AbortSignal): Promise<ReadonlyMap<string, number>>;
}
