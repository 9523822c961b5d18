/**
 * Told of what Python does besides its requests, by the system that it runs on.
 */
export interface Observer {
  /** A file or directory was looked at. */
  looked(path: string): void;
  /** Something was asked for that may be another thing next time, or that must be told each time. */
  passing(): void;
  /**
   * Something was asked for that may be another thing next time; `passing` is not called as well.
   * @param origin what is another at every parse, as `the clock`; undefined where no value comes of it
   */
  unrepeatable(origin?: string): void;
  /** Something outside Python's memory was changed: a file in memory, the working directory. */
  changed(): void;
}
