/**
 * Problems: what is wrong with a user's text or workspace, said as data.
 *
 * User text never throws: whatever is wrong with it becomes one of these, with a place and, in the
 * message, what to do. Knows nothing of BitBake or of how problems are shown.
 */
import type { Range } from './text.ts';

export type Severity = 'error' | 'warning' | 'information';

/** One thing wrong. `path` is absolute; `range` is absent where no line can be named. */
export interface Problem {
  readonly severity: Severity;
  /** A stable short name, such as `unparsed-line`, that tests and settings can refer to. */
  readonly code: string;
  /** What happened and what to do, in one or two sentences. */
  readonly message: string;
  readonly path: string;
  readonly range?: Range;
  /** What the message is about, name by name, for what acts on the problem instead of showing it. */
  readonly facts?: Readonly<Record<string, string>>;
}
