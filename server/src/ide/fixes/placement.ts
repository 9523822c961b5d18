/**
 * Where new statements go in a file, and what of old ones is changed: edits that keep the file's quotes, line ends
 * and habits (flags follow what they belong to).
 *
 * Text and tree in, edits out; knows nothing of hashes.
 */
import type { Position, Range } from '../../base/text.ts';
import { splitWords } from '../../base/words.ts';
import type { Assignment, Statement } from '../../syntax/statements.ts';
import type { Version } from '../edits.ts';
import { baseName } from '../names.ts';

/** A range of a text and what takes its place. */
export interface TextEdit {
  readonly range: Range;
  readonly text: string;
}

/** `text` with edits that do not overlap. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const starts = lineStarts(text);
  const offset = ({ line, column }: Position) => (starts[line] ?? text.length) + column;
  return [...edits]
    .sort((a, b) => offset(b.range.start) - offset(a.range.start))
    .reduce(
      (result, { range, text: inserted }) =>
        result.slice(0, offset(range.start)) + inserted + result.slice(offset(range.end)),
      text,
    );
}

/** The assignments of a flag, in the order of the file. */
export function flagAssignments({ tree }: Version, name: string, flag: string): Assignment[] {
  return tree.statements.filter(
    (statement): statement is Assignment =>
      statement.kind === 'assignment' && statement.variable === name && statement.flag === flag,
  );
}

/** `VARIABLE operator "value"` in the quotes of the file. */
export function assignmentText(version: Version, target: string, operator: string, value: string): string {
  const usual = usualQuote(version);
  const quote = value.includes(usual) ? (usual === '"' ? "'" : '"') : usual;
  return `${target} ${operator} ${quote}${value}${quote}`;
}

/** Whether a text can stand in an assignment on one line, in one of the two quotes. */
export function isQuotable(value: string): boolean {
  return !/[\n\r\\]/.test(value) && !(value.includes('"') && value.includes("'"));
}

/** A word more in a flag that is a list: in the assignment that is there, or in one more. */
export function addToFlag(version: Version, name: string, flag: string, word: string): TextEdit[] {
  const known = flagAssignments(version, name, flag).findLast(({ operator }) => /^(?:\+?=)$/.test(operator));
  if (known) {
    const added = addWord(version, known, word);
    if (added) return [added];
  }
  return insertAbout(version, name, [assignmentText(version, `${name}[${flag}]`, '+=', word)]);
}

/** A word less, where an assignment of the flag has it as such; nothing is left of one that held only it. */
export function removeFromFlag(version: Version, name: string, flag: string, word: string): TextEdit[] {
  const known = flagAssignments(version, name, flag).find(({ value }) => splitWords(value).includes(word));
  if (!known) return [];
  if (splitWords(known.value).length === 1) return [removeStatement(version, known)];
  const lines = linesOf(version.text);
  const { start, end } = known.valueRange;
  for (let line = start.line; line <= end.line; line++) {
    const text = lines[line]!;
    const from = line === start.line ? start.column + 1 : 0;
    const to = line === end.line ? end.column - 1 : text.length;
    const at = wordAt(text, word, from, to);
    if (at < 0) continue;
    if (line > start.line && line < end.line && text.replace(/\\\s*$/, '').trim() === word)
      return [{ range: { start: { line, column: 0 }, end: { line: line + 1, column: 0 } }, text: '' }];
    // With the blank that parted it from the word before, or else from the one behind.
    const before = at > from && /\s/.test(text[at - 1]!) ? 1 : 0;
    const behind = before === 0 && /\s/.test(text[at + word.length] ?? '') ? 1 : 0;
    return [{ range: onLine(line, at - before, at + word.length + behind), text: '' }];
  }
  return [];
}

/** The statement with its lines. */
export function removeStatement({ text }: Version, { range }: Statement): TextEdit {
  const last = range.end.line + 1 < linesOf(text).length;
  const end = last ? { line: range.end.line + 1, column: 0 } : range.end;
  return { range: { start: { line: range.start.line, column: 0 }, end }, text: '' };
}

/** Lines behind what the file says of a variable or function: its last flag, else its text, else `addtask`; or at the end. */
export function insertAbout(version: Version, name: string, lines: readonly string[]): TextEdit[] {
  const about = version.tree.statements.filter((statement) => isAbout(statement, name));
  const flag = about.findLast((statement) => statement.kind === 'assignment' && statement.flag !== undefined);
  const place = flag ?? about.findLast(({ kind }) => kind !== 'addtask') ?? about.at(-1);
  return place ? insertBehind(version, place, lines) : insertAtEnd(version, lines);
}

/** Lines behind a statement, blank lines of its own (those a `def` ends in) left behind them. */
export function insertBehind(
  version: Version,
  { range }: Statement,
  inserted: readonly string[],
): TextEdit[] {
  const lines = linesOf(version.text);
  let line = range.end.line;
  while (line > range.start.line && lines[line]?.trim() === '') line--;
  return insertAfterLine(version, line, inserted);
}

/** Lines at the end of the file, parted by a blank one from anything but flags. */
export function insertAtEnd(version: Version, inserted: readonly string[]): TextEdit[] {
  const written = version.tree.statements.filter(({ kind }) => kind !== 'blank');
  const last = written.at(-1);
  if (!last) return [{ range: onLine(0, 0, 0), text: inserted.map((line) => line + eol(version)).join('') }];
  const parted = last.kind === 'assignment' && last.flag !== undefined ? [] : [''];
  return insertAfterLine(version, last.range.end.line, [...parted, ...inserted]);
}

function insertAfterLine({ text }: Version, line: number, inserted: readonly string[]): TextEdit[] {
  const lines = linesOf(text);
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  if (line + 1 < lines.length) {
    return [{ range: onLine(line + 1, 0, 0), text: inserted.map((each) => each + end).join('') }];
  }
  const { length } = lines[line] ?? '';
  return [{ range: onLine(line, length, length), text: inserted.map((each) => end + each).join('') }];
}

function isAbout(statement: Statement, name: string): boolean {
  switch (statement.kind) {
    case 'assignment':
      return baseName(statement.variable) === name;
    case 'function':
    case 'def':
      return baseName(statement.name) === name;
    case 'addtask':
      return splitWords(statement.tasks).some((task) => task === name || `do_${task}` === name);
    default:
      return false;
  }
}

/** A word behind the last of a list, on a line of its own where its words have lines of their own. */
function addWord(version: Version, { valueRange, value }: Assignment, word: string): TextEdit | undefined {
  const { line, column } = valueRange.end;
  const text = linesOf(version.text)[line] ?? '';
  const quote = text[column - 1];
  if (quote === undefined || word.includes(quote)) return undefined;
  const before = text.slice(0, column - 1);
  if (line > valueRange.start.line && before.trim() === '') {
    const indent = /^\s*/.exec(linesOf(version.text)[line - 1]!)![0];
    return { range: onLine(line, 0, 0), text: `${indent || '    '}${word} \\${eol(version)}` };
  }
  const blank = value.trim() === '' || /\s$/.test(before) ? '' : ' ';
  return { range: onLine(line, column - 1, column - 1), text: `${blank}${word}` };
}

/** The quote that most assignments have. */
function usualQuote({ text, tree }: Version): '"' | "'" {
  const lines = linesOf(text);
  let single = 0;
  let all = 0;
  for (const statement of tree.statements) {
    if (statement.kind !== 'assignment') continue;
    const { line, column } = statement.valueRange.start;
    all++;
    if (lines[line]?.[column] === "'") single++;
  }
  return single * 2 > all ? "'" : '"';
}

function eol({ text }: Version): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** The lines as an editor counts them: behind the last line end is one more. */
function linesOf(text: string): string[] {
  return text.split(/\r\n|\r|\n/);
}

function lineStarts(text: string): number[] {
  return [0, ...[...text.matchAll(/\r\n|\r|\n/g)].map(({ index, 0: end }) => index + end.length)];
}

function wordAt(text: string, word: string, from: number, to: number): number {
  for (
    let at = text.indexOf(word, from);
    at >= 0 && at + word.length <= to;
    at = text.indexOf(word, at + 1)
  ) {
    const isEdge = (character: string | undefined) => character === undefined || /[\s"'\\]/.test(character);
    if ((at === from || isEdge(text[at - 1])) && isEdge(text[at + word.length])) return at;
  }
  return -1;
}

function onLine(line: number, start: number, end: number): Range {
  return { start: { line, column: start }, end: { line, column: end } };
}
