/**
 * Reads a recipe, class, include file or bbappend into a draft, as `bb/parse/parse_py/BBHandler.py:
 * get_statements` and `feeder` do: functions and `def` blocks take whole lines; elsewhere lines that
 * end in `\` are kept until one does not.
 */
import type { Draft } from './draft.ts';
import { excerpt, isSpace } from './characters.ts';
import { Feeder } from './feeder.ts';
import { argument, definitionName, functionHead, type FunctionHead } from './keyword.ts';
import { LogicalLine, linesRange, type Line } from './lines.ts';

export function readRecipe(draft: Draft): void {
  new Reading(draft).run();
}

class Reading {
  private readonly lines: readonly Line[];
  private readonly feeder: Feeder;
  /** Set once a function was found open at the end of the file: no `}` is left from there on. */
  private noClosingBrace = false;

  constructor(private readonly draft: Draft) {
    this.lines = draft.lines;
    this.feeder = new Feeder(draft, false);
  }

  run(): void {
    let at = 0;
    while (at < this.lines.length) {
      if (this.lines[at]!.text === '') {
        this.draft.addLayout('blank', at, at);
        at++;
      } else at = this.statement(at);
    }
  }

  /** Reads what begins at line `first`; returns the line after it. */
  private statement(first: number): number {
    const joined = this.join(first);
    if (typeof joined === 'number') return joined;
    const next = joined.last + 1;
    const { text } = joined;
    if (text.startsWith('#')) {
      this.draft.addLayout('comment', first, joined.last);
      return next;
    }
    const head = functionHead(text);
    if (head !== undefined) return this.functionBody(joined, head);
    const name = definitionName(text);
    if (name !== undefined) return this.definitionBody(joined, name);
    this.feeder.feed(joined);
    return next;
  }

  /** The logical line that begins at line `first`, or the next line where it was refused. */
  private join(first: number): LogicalLine | number {
    const { draft, lines } = this;
    const parts: string[] = [];
    let refused = false;
    for (let at = first; at < lines.length; at++) {
      const { text } = lines[at]!;
      if (at > first) {
        const head = parts[0]!;
        if (head === '') {
          draft.problem(
            'error',
            'lone-backslash',
            linesRange(lines, first, first),
            'The line holds nothing but "\\", which BitBake cannot read. Remove it.',
          );
          return this.refuse(first, at - 1, parts);
        }
        if (head.startsWith('#')) {
          if (!text.startsWith('#')) {
            draft.problem(
              'error',
              'continued-comment',
              linesRange(lines, at - 1, at - 1),
              'The comment ends in "\\", so the next line would be part of it. Remove the "\\", or begin the next line with "#".',
            );
            return this.refuse(first, at - 1, parts);
          }
        } else if (text.startsWith('#')) {
          if (!refused) {
            draft.problem(
              'error',
              'comment-in-continuation',
              linesRange(lines, at, at),
              'A comment cannot stand inside a statement of several lines. Move it before the statement.',
            );
          }
          refused = true;
          parts.push('');
          continue;
        }
      }
      if (text.endsWith('\\')) {
        parts.push(text.slice(0, -1));
        continue;
      }
      parts.push(text);
      if (refused) return this.refuse(first, at, parts);
      return new LogicalLine(lines, first, at, parts, at + 1);
    }
    const last = lines.length - 1;
    if (!refused) {
      this.unclosed(
        'unclosed-continuation',
        last,
        'The file ends in a line that "\\" continues. Remove the "\\".',
        'BitBake drops this statement without a word, since the file ends in a line that "\\" continues. Remove the "\\".',
      );
    }
    return this.refuse(first, last, parts);
  }

  private refuse(first: number, last: number, parts: readonly string[]): number {
    this.draft.addUnreadable(new LogicalLine(this.lines, first, last, parts, last + 1));
    return last + 1;
  }

  /** Whether BitBake notices at the end of the file what was left open so far. */
  private get noticesUnclosed(): boolean {
    return this.draft.traits.refusesUnclosed || !this.draft.readsOthers;
  }

  /** Says at `line` what was left open: an error, or a warning where BitBake does not notice. */
  private unclosed(code: string, line: number, message: string, silent: string): void {
    const noticed = this.noticesUnclosed;
    this.draft.problem(
      noticed ? 'error' : 'warning',
      code,
      linesRange(this.lines, line, line),
      noticed ? message : silent,
    );
  }

  private functionBody(line: LogicalLine, head: FunctionHead): number {
    const { draft, lines } = this;
    const name = head.name === undefined ? '__anonymous' : line.text.slice(head.name.start, head.name.end);
    const python = head.python || name === '__anonymous';
    const start = line.last + 1;
    let close = start;
    if (this.noClosingBrace) close = lines.length;
    while (close < lines.length && lines[close]!.text !== '}') close++;
    const closed = close < lines.length;
    const end = closed ? close : this.endOfUnclosed(start, python);
    if (python) for (let at = start; at < end; at++) this.warnAboutTab(at);
    if (!closed) {
      this.noClosingBrace = true;
      this.unclosed(
        'unclosed-function',
        line.last,
        `Function ${excerpt(name)} is never closed. End it with a "}" in the first column of a line of its own.`,
        `BitBake drops function ${excerpt(name)} and all that follows without a word, since it is never closed. End it with a "}" in the first column of a line of its own.`,
      );
      const parts = lines.slice(line.first, end).map(({ text }) => `${text}\n`);
      return this.refuse(line.first, end - 1, parts);
    }
    const body: string[] = [];
    for (let at = start; at < close; at++) body.push(lines[at]!.text);
    body.push('');
    draft.add({
      range: linesRange(lines, line.first, close),
      lineno: close + 1,
      kind: 'function',
      name,
      nameRange:
        head.name === undefined
          ? line.span(0, line.text.indexOf('('))
          : line.span(head.name.start, head.name.end),
      python,
      fakeroot: head.fakeroot,
      body,
    });
    return close + 1;
  }

  /**
   * Where a function without `}` most likely was to end, so that what follows can be read on: before
   * a line that no function would hold in its first column. Where BitBake drops all that follows, that
   * is not read either.
   */
  private endOfUnclosed(start: number, python: boolean): number {
    if (!this.noticesUnclosed) return this.lines.length;
    for (let at = start; at < this.lines.length; at++) {
      const { text } = this.lines[at]!;
      if (functionHead(text) !== undefined || (!python && definitionName(text) !== undefined)) return at;
      if (['addtask', 'inherit', 'EXPORT_FUNCTIONS'].some((verb) => argument(text, verb))) return at;
    }
    return this.lines.length;
  }

  private definitionBody(line: LogicalLine, name: { start: number; end: number }): number {
    const { draft, lines } = this;
    const body = [line.text];
    let next = line.last + 1;
    while (next < lines.length) {
      const { text } = lines[next]!;
      if (text !== '' && !text.startsWith('#') && !isSpace(text.charCodeAt(0))) break;
      this.warnAboutTab(next);
      body.push(text);
      next++;
    }
    draft.add({
      range: linesRange(lines, line.first, next - 1),
      lineno: next,
      kind: 'def',
      name: line.text.slice(name.start, name.end),
      nameRange: line.span(name.start, name.end),
      body,
      closingLineno: next + 1,
    });
    return next;
  }

  private warnAboutTab(line: number): void {
    const { text } = this.lines[line]!;
    let at = 0;
    while (text.charCodeAt(at) === 0x20) at++;
    if (text.charCodeAt(at) !== 0x09) return;
    while (text.charCodeAt(at) === 0x20 || text.charCodeAt(at) === 0x09) at++;
    this.draft.problem(
      'warning',
      'tab-in-python',
      { start: { line, column: 0 }, end: { line, column: at } },
      'Python here is indented by a tab. Use 4 spaces for each level.',
    );
  }
}
