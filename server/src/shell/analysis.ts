/**
 * Which commands and functions a piece of shell code runs, as far as BitBake sees.
 *
 * Follows `bb/codeparser.py: ShellParser`. What it finds enters the hashes, so it accepts what that accepts
 * and sees what that sees, oddities included. Input is expanded text; output is plain data. Never throws
 * on any text, knows nothing of variables, and remembers nothing from one text to the next.
 */
import { parseCommands, type CommandSink, type Word } from './grammar.ts';
import { tokenize } from './lexer.ts';
import { ShellFailure, commandsIn } from './quoting.ts';

/** How the releases differ. */
export interface ShellTraits {
  /** A command substitution directly inside double quotes counts, not only one outside quotes. */
  readonly commandsInQuotes: boolean;
  /** The word behind a command's name is not looked at when the name has a command substitution. */
  readonly skipsAfterName: boolean;
}

/** BitBake 2.18. */
const LATEST_SHELL: ShellTraits = { commandsInQuotes: true, skipsAfterName: true };

/** The traits of the release whose `bb/codeparser.py` has this text. */
export function shellTraitsOf(codeparser: string): ShellTraits {
  return {
    commandsInQuotes: codeparser.includes('candidate'),
    skipsAfterName: !/for word in list\(words\):/.test(codeparser),
  };
}

export interface ShellAnalysis {
  /** What is run and is no function of this text, in BitBake's spelling: quotes and all. */
  readonly execs: ReadonlySet<string>;
  /** Why BitBake refuses the recipe for this text; all else is empty then. `line` counts from 0 in it. */
  readonly problem?: { readonly message: string; readonly line: number };
  /** Commands whose name is in a variable, which BitBake cannot see. */
  readonly unseen: readonly { readonly command: string; readonly line: number }[];
}

/** What `ShellParser.parse_shell` returns for `text`. */
export function analyseShell(text: string, traits: ShellTraits = LATEST_SHELL): ShellAnalysis {
  const found = new Found(traits);
  try {
    found.read(text, 0, 0);
  } catch (error) {
    if (!(error instanceof ShellFailure)) throw error;
    return { execs: new Set(), problem: { message: error.message, line: error.line }, unseen: [] };
  }
  for (const name of found.functions) found.execs.delete(name);
  return { execs: found.execs, unseen: found.unseen };
}

/** What one analysis has found, in the text itself and in the commands inside its words. */
class Found implements CommandSink {
  readonly execs = new Set<string>();
  readonly functions = new Set<string>();
  readonly unseen: { command: string; line: number }[] = [];
  /** Texts met already: `eval $(a)` reads `a` twice, `eval $(eval $(a))` four times, and so on. */
  private readonly texts = new Set<string>();
  /** The line on which the text being read starts. */
  private line = 0;

  constructor(private readonly traits: ShellTraits) {}

  /** Reads a text that starts on `line` of the text around it. @throws ShellFailure */
  read(text: string, line: number, frames: number): void {
    if (this.texts.has(text)) return;
    this.texts.add(text);
    this.line += line;
    try {
      parseCommands(tokenize(text), this, frames);
    } catch (error) {
      if (error instanceof ShellFailure && line > 0) throw new ShellFailure(error.message, line + error.line);
      throw error;
    }
    this.line -= line;
  }

  define(name: string): void {
    this.functions.add(name);
  }

  words(all: readonly Word[], frames: number): void {
    const words = this.withoutSubstitutedName(all, frames);
    let assigned = false;
    for (const { kind, text, line } of words) {
      if (!isName(kind) && !(assigned && kind === 'TOKEN')) continue;
      if (text.includes('=')) {
        assigned = true;
        continue;
      }
      if (text.startsWith('$')) {
        this.unseen.push({ command: text, line: this.line + line });
      } else if (text === 'eval') {
        const rest = words.slice(1).map((word) => word.text);
        this.read(rest.join(' '), line, frames + READ_FRAMES);
      } else {
        this.execs.add(text);
      }
      return;
    }
  }

  /** Reads the commands inside the words, and leaves a command's name out if there are some in it. */
  private withoutSubstitutedName(all: readonly Word[], frames: number): readonly Word[] {
    let words = all;
    for (let index = 0; index < all.length; index++) {
      const word = all[index]!;
      if (!word.expands) continue;
      let substituted = false;
      for (const { text, quoted } of commandsIn(word.text, word.line)) {
        if (quoted && !this.traits.commandsInQuotes) continue;
        this.read(text, word.line, frames + READ_FRAMES);
        substituted = true;
      }
      if (substituted && isName(word.kind)) {
        words = words.filter((other) => other !== word);
        if (this.traits.skipsAfterName) index++;
      }
    }
    return words;
  }
}

/** Python calls that BitBake nests from a command's words to a text inside them. */
const READ_FRAMES = 2;

function isName(kind: string): boolean {
  return kind === 'cmd_name' || kind === 'cmd_word';
}
