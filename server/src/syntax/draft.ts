/**
 * A tree while it is being read: where both handlers put statements and problems.
 *
 * Knows nothing of how lines are recognised.
 */
import type { Problem, Severity } from '../base/problem.ts';
import type { Range } from '../base/text.ts';
import { linesRange, type Line, type LogicalLine } from './lines.ts';
import type { Statement, SyntaxTraits } from './statements.ts';

export class Draft {
  readonly statements: Statement[] = [];
  /** Whether a statement so far has another file read. */
  readsOthers = false;
  private readonly found: Problem[] = [];

  constructor(
    readonly path: string,
    readonly lines: readonly Line[],
    readonly traits: SyntaxTraits,
  ) {}

  add(statement: Statement): void {
    this.statements.push(statement);
    if (statement.kind === 'inherit' || statement.kind === 'include') this.readsOthers = true;
  }

  /** A node without meaning over the physical lines `first` to `last`. */
  addLayout(kind: 'blank' | 'comment', first: number, last: number): void {
    this.statements.push({ kind, range: linesRange(this.lines, first, last), lineno: last + 1 });
  }

  /** A node for lines that BitBake refuses; the reason is said by a problem of its own. */
  addUnreadable(line: LogicalLine): void {
    this.statements.push({ kind: 'unreadable', range: line.range, lineno: line.lineno, text: line.text });
  }

  problem(severity: Severity, code: string, range: Range, message: string): void {
    this.found.push({ severity, code, message, path: this.path, range });
  }

  /** What was found, in file order. */
  problems(): Problem[] {
    const start = (problem: Problem) => problem.range!.start;
    return this.found.sort((a, b) => start(a).line - start(b).line || start(a).column - start(b).column);
  }
}
