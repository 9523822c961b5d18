/**
 * Physical lines of a file as Python reads them, and logical lines: several physical ones joined by
 * `\`, with the way back from an offset in the joined text to its place in the file.
 *
 * Knows nothing of statements. Lines count from 0 here.
 */
import type { Position, Range } from '../base/text.ts';
import { trimmedEnd } from './characters.ts';

/** One physical line. */
export interface Line {
  /** Without its end of line and the white space before it (Python's `rstrip`). */
  readonly text: string;
  /** The length with that white space, but without the end of line. */
  readonly length: number;
}

/** Cuts `text` at `\n`, `\r\n` and `\r` (universal newlines). A last line may lack its end. */
export function physicalLines(text: string): Line[] {
  const lines: Line[] = [];
  let start = 0;
  while (start < text.length) {
    let end = start;
    while (end < text.length) {
      const code = text.charCodeAt(end);
      if (code === 0x0a || code === 0x0d) break;
      end++;
    }
    lines.push({ text: text.slice(start, trimmedEnd(text, start, end)), length: end - start });
    if (text.charCodeAt(end) === 0x0d && text.charCodeAt(end + 1) === 0x0a) end++;
    start = end + 1;
  }
  return lines;
}

/** The range of the lines `first` to `last`, both included. */
export function linesRange(lines: readonly Line[], first: number, last: number): Range {
  return { start: { line: first, column: 0 }, end: { line: last, column: lines[last]?.length ?? 0 } };
}

/** Physical lines joined to one text. Each contributes its beginning, from column 0 on. */
export class LogicalLine {
  /** Offset in `text` at which each physical line's part begins. */
  private readonly starts: readonly number[];
  readonly text: string;

  constructor(
    private readonly lines: readonly Line[],
    readonly first: number,
    readonly last: number,
    /** What each physical line contributes, from `first` on; later lines may contribute nothing. */
    parts: readonly string[],
    /** The line number that BitBake has counted at its end (from 1). */
    readonly lineno: number,
  ) {
    this.text = parts.length === 1 ? parts[0]! : parts.join('');
    const starts: number[] = [];
    let start = 0;
    for (const part of parts) {
      starts.push(start);
      start += part.length;
    }
    this.starts = starts;
  }

  /** The physical lines as a whole. */
  get range(): Range {
    return linesRange(this.lines, this.first, this.last);
  }

  /** The place of the text from offset `start` to offset `end`. */
  span(start: number, end: number): Range {
    const from = this.position(start);
    if (end <= start) return { start: from, end: from };
    const last = this.position(end - 1);
    return { start: from, end: { line: last.line, column: last.column + 1 } };
  }

  private position(offset: number): Position {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: this.first + low, column: offset - this.starts[low]! };
  }
}
