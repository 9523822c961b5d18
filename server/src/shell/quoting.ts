/**
 * Quotes and expansions inside shell words: where each ends, and which commands it would run.
 *
 * Follows `bb/pysh/pyshlex.py: WordLexer, make_wordtree`, which is simpler than a shell: a `$(` ends at
 * the first `)` outside quotes, `$((` is unknown, and a `$` must have something behind it. Input is
 * text and an offset, and the line to name in failures. Knows nothing of commands or grammar.
 */

/** Shell text on which BitBake raises an exception. Never leaves this layer. */
export class ShellFailure extends Error {
  constructor(
    message: string,
    /** Counts from 0 in the text at hand. */
    readonly line: number,
  ) {
    super(message);
  }
}

/** How many Python calls BitBake may nest here (of 1000 in all) before Python gives up. */
export const FRAMES = 940;

const SPECIAL = '@*#?-$!0';
const NAME = /[a-zA-Z0-9_]*/y;
/** What ends plain text inside an expansion, its own end included. */
const NEXT: Readonly<Record<Opening, RegExp>> = {
  '"': /[$\\`"]/g,
  '`': /[$\\`"']/g,
  '$(': /[$\\`"')]/g,
  '${': /[$\\`"'}]/g,
};
const END: Readonly<Record<Opening, string>> = { '"': '"', '`': '`', '$(': ')', '${': '}' };
const UNENDED: Readonly<Record<Opening, string>> = {
  '"': 'a double quote is never closed',
  '`': 'a backquote is never closed',
  '$(': 'a $( is never closed',
  '${': 'a ${ is never closed',
};

type Opening = '"' | '`' | '$(' | '${';

/** A part of an expansion that runs commands, as a range of its text. */
interface Substitution {
  readonly start: number;
  readonly end: number;
  /** Directly inside double quotes, else outside all quotes. */
  readonly quoted: boolean;
}

/** One quoted part or expansion: what `scanExpansion` finds. */
export class Expansion {
  /** The offset behind it. */
  end = 0;
  /** Its text without line continuations. */
  text = '';
  /** Its text without quotes, as a here-document's name is compared. */
  bare = '';
  /** Those outside quotes and those directly inside double quotes, as ranges of `text`. */
  readonly substitutions: Substitution[] = [];
}

/** Whether a backslash before `char` is a quote, given the innermost expansion around it. */
function escapes(within: Opening | undefined, char: string): boolean {
  if (within === '"') return '$\\`"'.includes(char);
  if (within === '`') return '$\\`'.includes(char);
  return true;
}

/**
 * Reads the quoted part or expansion that begins at `start`, where `text` has one of `\ $ backquote " '`.
 * @throws ShellFailure where it has no end, or is unknown to BitBake
 */
export function scanExpansion(text: string, start: number, line: number): Expansion {
  const found = new Expansion();
  const open: Opening[] = [];
  const starts: number[] = [];
  let position = start;
  const enter = (opening: Opening) => {
    if (open.length >= FRAMES) throw new ShellFailure('quotes and expansions nest too deeply', line);
    open.push(opening);
    found.text += opening;
    if (opening !== '"') found.bare += opening;
    starts.push(found.text.length);
    position += opening.length;
  };
  const take = (end: number, bare = text.slice(position, end)) => {
    found.text += text.slice(position, end);
    found.bare += bare;
    position = end;
  };
  for (;;) {
    const within = open[open.length - 1];
    if (within !== undefined) {
      const next = NEXT[within];
      next.lastIndex = position;
      const match = next.exec(text);
      if (match === null) throw new ShellFailure(UNENDED[within], line);
      if (match.index > position) take(match.index);
    }
    const char = text[position]!;
    if (within !== undefined && char === END[within]) {
      open.pop();
      const inside = starts.pop()!;
      if (
        (within === '`' || within === '$(') &&
        (open.length === 0 || (open.length === 1 && open[0] === '"'))
      ) {
        found.substitutions.push({ start: inside, end: found.text.length, quoted: open.length === 1 });
      }
      take(position + 1, within === '"' ? '' : char);
    } else if (char === "'") {
      const close = text.indexOf("'", position + 1);
      if (close < 0) throw new ShellFailure('a single quote is never closed', line);
      take(close + 1, text.slice(position + 1, close));
    } else if (char === '\\') {
      const escaped = text[position + 1];
      if (escaped === undefined) throw new ShellFailure('a backslash has nothing behind it', line);
      if (escaped === '\n') position += 2;
      else take(position + 2, escapes(within, escaped) ? escaped : `\\${escaped}`);
    } else if (char === '$') {
      const behind = text[position + 1];
      if (behind === undefined) {
        throw new ShellFailure("a word ends in an unquoted '$'; write '\\$' or quote it", line);
      }
      if (behind === '(') {
        if (text[position + 2] === undefined) throw new ShellFailure(UNENDED['$('], line);
        if (text[position + 2] === '(') {
          throw new ShellFailure('BitBake knows no arithmetic expansion, $(( )); use expr', line);
        }
        enter('$(');
      } else if (behind === '{') {
        enter('${');
      } else if (SPECIAL.includes(behind)) {
        take(position + 2);
      } else {
        NAME.lastIndex = position + 1;
        NAME.exec(text);
        take(NAME.lastIndex);
      }
    } else {
      enter(char as '"' | '`');
    }
    if (open.length === 0) {
      found.end = position;
      return found;
    }
  }
}

const QUOTING = /[\\$`'"]/g;

/** A command that a word runs before it is a word. */
export interface Command {
  readonly text: string;
  /** Whether it stands directly inside double quotes, else outside all quotes. */
  readonly quoted: boolean;
}

/**
 * The commands that a word runs before it is a word, in order (`make_wordtree`).
 * @throws ShellFailure
 */
export function commandsIn(word: string, line: number): readonly Command[] {
  const commands: Command[] = [];
  for (let position = 0; ;) {
    QUOTING.lastIndex = position;
    const match = QUOTING.exec(word);
    if (match === null) return commands;
    const { end, text, substitutions } = scanExpansion(word, match.index, line);
    for (const { start, end, quoted } of substitutions) {
      commands.push({ text: text.slice(start, end), quoted });
    }
    position = end;
  }
}

/**
 * A word without its quotes (`unquote_wordtree`).
 * @throws ShellFailure
 */
export function unquoted(word: string, line: number): string {
  let bare = '';
  for (let position = 0; ;) {
    QUOTING.lastIndex = position;
    const match = QUOTING.exec(word);
    if (match === null) return bare + word.slice(position);
    const expansion = scanExpansion(word, match.index, line);
    bare += word.slice(position, match.index) + expansion.bare;
    position = expansion.end;
  }
}
