/**
 * From the place that BitBake records for a variable to the range a user wants to see: BitBake names the last line
 * of a statement, the user looks for its head.
 */
import type { Range } from '../base/text.ts';
import type { Statement } from '../syntax/statements.ts';
import type { Origin } from '../signature/signatures.ts';
import type { Trees } from './view.ts';

/** The name in the statement that the origin means; the whole line where the file is not at hand. */
export function originRange({ path, line }: Pick<Origin, 'path' | 'line'>, trees: Trees): Range {
  const statement = trees(path)?.statements.find(({ lineno, range }) => {
    return lineno === line || (range.start.line < line && line <= range.end.line + 1);
  });
  if (statement) return nameRange(statement);
  const at = Math.max(line - 1, 0);
  return { start: { line: at, column: 0 }, end: { line: at, column: 0 } };
}

/** Where a statement says what it is about. */
export function nameRange(statement: Statement): Range {
  switch (statement.kind) {
    case 'assignment':
      return statement.variableRange;
    case 'function':
    case 'def':
      return statement.nameRange;
    case 'addtask':
      return statement.tasksRange;
    default:
      return statement.range;
  }
}
