/**
 * What the datastore asks of Python while it expands: the port that `metadata` implements with the
 * sandbox. The datastore itself never knows how Python is run.
 */
import type { Datastore } from './datastore.ts';

/** What a piece of inline Python names (`bb/codeparser.py: PythonParser`). */
export interface InlineReferences {
  readonly references: readonly string[];
  readonly execs: readonly string[];
  readonly contains: ReadonlyMap<string, readonly string[]>;
}

export interface InlinePython {
  /**
   * `str()` of the expression's value.
   * @returns undefined where Python says that the text ends inside a string literal: BitBake then leaves
   *   the expression as it is (`bb/data_smart.py: expandWithRefs`)
   * @throws whatever the code raises
   */
  evaluate(expression: string, d: Datastore, variable: string | undefined): string | undefined;
  /** Never throws for text that `evaluate` accepts. */
  analyse(expression: string, variable: string | undefined): InlineReferences;
  /** A variable filter (`bb/filter.py`). */
  applyFilter(value: string, expression: string): string;
}
