/**
 * Reads a configuration file into a draft, as `bb/parse/parse_py/ConfHandler.py: handle` does: lines
 * that end in `\` are joined first, whatever they hold; then comments are told from statements.
 */
import type { Draft } from './draft.ts';
import { Feeder } from './feeder.ts';
import { LogicalLine, linesRange } from './lines.ts';

export function readConfiguration(draft: Draft): void {
  const { lines } = draft;
  const feeder = new Feeder(draft, true);
  let at = 0;
  while (at < lines.length) {
    if (lines[at]!.text === '') {
      draft.addLayout('blank', at, at);
      at++;
      continue;
    }
    const joined = join(draft, at);
    at = joined.last + 1;
    if (joined.text === undefined) continue;
    if (joined.text.text.startsWith('#')) draft.addLayout('comment', joined.text.first, joined.last);
    else feeder.feed(joined.text);
  }
}

/**
 * The logical line that begins at line `first`; without text where BitBake refuses it, which is then
 * already said.
 */
function join(draft: Draft, first: number): { text: LogicalLine | undefined; last: number } {
  const { lines } = draft;
  const parts = [lines[first]!.text];
  // The parts that hold the joined text's first and last characters: those around them are empty.
  let head = 0;
  let tail = 0;
  let next = first + 1;
  let beyond = 0;
  while (parts[tail]!.endsWith('\\')) {
    const text = lines[next]?.text ?? '';
    if (parts[head]!.startsWith('#') && !text.startsWith('#')) {
      const last = next - 1;
      draft.problem(
        'error',
        'continued-comment',
        linesRange(lines, last, last),
        'The comment ends in "\\", so the next line would be part of it. Remove the "\\", or begin the next line with "#".',
      );
      draft.addUnreadable(new LogicalLine(lines, first, last, parts, last + 1));
      return { text: undefined, last };
    }
    parts[tail] = parts[tail]!.slice(0, -1);
    if (next < lines.length) {
      parts.push(text);
      next++;
      if (text !== '') tail = parts.length - 1;
    } else beyond++;
    while (tail > head && parts[tail] === '') tail--;
    while (head < tail && parts[head] === '') head++;
    if (parts[tail] === '') {
      const last = next - 1;
      draft.problem(
        'error',
        'lone-backslash',
        linesRange(lines, first, last),
        'Only "\\" is left of this line, which BitBake cannot read. Remove it.',
      );
      draft.addUnreadable(new LogicalLine(lines, first, last, parts, next + beyond));
      return { text: undefined, last };
    }
  }
  const last = next - 1;
  return { text: new LogicalLine(lines, first, last, parts, next + beyond), last };
}
