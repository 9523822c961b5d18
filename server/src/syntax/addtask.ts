/**
 * `addtask`, in the two ways that releases of BitBake have cut it (`bb/parse/parse_py/BBHandler.py:
 * feeder`). Pure text in, strings out.
 */
import { skipSpace, skipWord, words } from './characters.ts';
import { argument, argumentBeforeComment, type Span } from './keyword.ts';

export interface AddTaskParts {
  readonly tasks: Span;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Text behind a single task name that is silently dropped. */
  readonly ignored: Span | undefined;
  /** `before` or `after` where it is written more than once but only one counts. */
  readonly repeated: readonly string[];
}

/**
 * `addtask\s+(?P<func>\w+)\s*(before … | after …)*`: what follows `before` runs to the last `after`
 * behind it, even one inside a word, or to the end; and likewise for `after`. Of several, the last
 * counts.
 */
export function oneWordAddTask(text: string): AddTaskParts | undefined {
  const start = argument(text, 'addtask')?.start;
  if (start === undefined) return undefined;
  const tasks = { start, end: skipWord(text, start) };
  if (tasks.end === start) return undefined;
  const lists: { before: string | undefined; after: string | undefined } = {
    before: undefined,
    after: undefined,
  };
  const last = { before: text.lastIndexOf('before'), after: text.lastIndexOf('after') };
  let at = skipSpace(text, tasks.end);
  let found = false;
  for (;;) {
    const word = text.startsWith('before', at)
      ? 'before'
      : text.startsWith('after', at)
        ? 'after'
        : undefined;
    if (word === undefined) break;
    found = true;
    const from = skipSpace(text, at + word.length);
    const other = last[word === 'before' ? 'after' : 'before'];
    at = other >= from ? other : text.length;
    lists[word] = text.slice(from, at);
  }
  const all = words(text);
  return {
    tasks,
    ...lists,
    ignored: !found && tasks.end < text.length ? { start: tasks.end, end: text.length } : undefined,
    repeated: ['before', 'after'].filter((word) => all.filter((each) => each === word).length > 1),
  };
}

/** Text up to a comment, split at ` before ` and ` after `; what is missing is empty. */
export function splitAddTask(text: string): AddTaskParts | undefined {
  const span = argumentBeforeComment(text, 'addtask');
  if (span === undefined) return undefined;
  const expression = text.slice(span.start, span.end);
  const tasks = expression.split(' before ')[0]!.split(' after ')[0]!;
  return {
    tasks: { start: span.start, end: span.start + tasks.length },
    before: listed(expression, ' after ', ' before '),
    after: listed(expression, ' before ', ' after '),
    ignored: undefined,
    repeated: [],
  };
}

/** What stands behind `word` in each piece between `separator`s, the pieces joined without a blank. */
function listed(expression: string, separator: string, word: string): string {
  let list = '';
  for (const piece of expression.split(separator)) list += piece.split(word).slice(1).join(' ');
  return list;
}

/** Words that hold `:append_`, `:prepend_` or `:remove_`, which no task's name may. */
export function wordsWithKeyword(text: string): string[] {
  return words(text).filter((word) => /:(?:append|prepend|remove)_/.test(word));
}
