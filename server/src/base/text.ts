/**
 * Places in text files: lines, columns and ranges, and the conversions between them.
 *
 * Input is plain text. Knows nothing of BitBake, of editors or of the file system.
 */

/** A position: `line` and `column` count from 0; `column` is in UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A half-open range of text, `end` excluded. */
export interface Range {
  readonly start: Position;
  readonly end: Position;
}

/** A range of text in a file named by its absolute path. */
export interface Location {
  readonly path: string;
  readonly range: Range;
}

/** A whole line of a file as a range (`line` counts from 0). */
export function lineRange(line: number, length: number): Range {
  return { start: { line, column: 0 }, end: { line, column: length } };
}

/** Whether `position` lies in `range`; its end counts as inside, as a cursor behind a word does. */
export function contains(range: Range, position: Position): boolean {
  const { start, end } = range;
  const afterStart =
    position.line > start.line || (position.line === start.line && position.column >= start.column);
  const beforeEnd = position.line < end.line || (position.line === end.line && position.column <= end.column);
  return afterStart && beforeEnd;
}
