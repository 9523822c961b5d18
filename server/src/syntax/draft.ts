/**
 * A tree while it is being read: where both handlers put statements and problems.
 *
 * Knows nothing of how lines are recognised.
 */
import type { Problem, Severity } from '../base/problem.ts';
import type { Range } from '../base/text.ts';
import { linesRange, type Line, type LogicalLine } from './lines.ts';
import type { Statement, SyntaxTraits } from './statements.ts';

/** How many problems of one severity are kept: a file of noise is not to flood who reads them. */
const MOST_PROBLEMS = 500;

export class Draft {
  readonly statements: Statement[] = [];
  /** Whether a statement so far has another recipe, class or include file read. */
  readsOthers = false;
  private readonly found: Problem[] = [];
  private readonly counts = { error: 0, warning: 0, information: 0 };

  constructor(
    readonly path: string,
    readonly lines: readonly Line[],
    readonly traits: SyntaxTraits,
  ) {}

  add(statement: Statement): void {
    this.statements.push(statement);
    this.readsOthers ||=
      statement.kind === 'inherit' || (statement.kind === 'include' && !statement.target.endsWith('.conf'));
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
    if (this.counts[severity]++ >= MOST_PROBLEMS) return;
    this.found.push({ severity, code, message, path: this.path, range });
  }

  /** What was found, in file order. */
  problems(): Problem[] {
    const start = (problem: Problem) => problem.range!.start;
    return this.found.sort((a, b) => start(a).line - start(b).line || start(a).column - start(b).column);
  }
}
