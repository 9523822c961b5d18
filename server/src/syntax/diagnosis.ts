/**
 * Why a line cannot be read: BitBake says `unparsed line` for all of these; here the reader is told
 * which part is wrong and what to write instead.
 *
 * Only called on lines that no statement matches. Pure text in, offsets and a message out.
 */
import type { AssignmentScanner } from './assignment.ts';
import { CharacterSet, excerpt, isSpace, skipSpace, trimmedEnd } from './characters.ts';
import type { SyntaxTraits } from './statements.ts';

/** Offsets into the line, and what to tell. */
export interface Diagnosis {
  readonly start: number;
  readonly end: number;
  readonly message: string;
}

const VARIABLE = new CharacterSet('a-zA-Z0-9\\-_+.${}/~:');
const KEYWORD = new CharacterSet('A-Za-z_');
const NO_OPERATOR = new CharacterSet('\\x00-\\x1f\\x20"\'a-zA-Z0-9_#(){}\\[\\]$/\\\\');
const OPERATORS = ['=', '?=', '??=', ':=', '+=', '=+', '.=', '=.'];

/** What the directives of recipes and classes name. */
const OPERANDS = {
  inherit: 'classes',
  inherit_defer: 'classes',
  addtask: 'task',
  deltask: 'task',
  addhandler: 'event handler',
  EXPORT_FUNCTIONS: 'functions',
};

export function unparsed(
  text: string,
  traits: SyntaxTraits,
  configuration: boolean,
  scanner: AssignmentScanner,
): Diagnosis {
  const whole = { start: 0, end: text.length };
  if (text.charCodeAt(0) === 0xfeff) {
    return {
      start: 0,
      end: 1,
      message:
        'The file begins with a byte order mark, which BitBake cannot read. Save it as UTF-8 without one.',
    };
  }
  if (['<<<<<<<', '=======', '>>>>>>>'].some((marker) => text.startsWith(marker))) {
    return { ...whole, message: 'A mark of an unresolved merge. Choose one side and remove the marks.' };
  }
  const indent = skipSpace(text, 0);
  if (indent === text.length) {
    return { ...whole, message: 'Lines that "\\" joins hold nothing but blanks. Remove them.' };
  }
  if (indent > 0) {
    return {
      start: 0,
      end: indent,
      message:
        text[indent] === '#'
          ? 'BitBake reads a comment only from the first column. Remove the blanks before "#".'
          : 'BitBake reads statements only from the first column. Remove the blanks, or end the line before with "\\" if this continues it.',
    };
  }
  return (
    brokenFunction(text, configuration) ??
    brokenKeyword(text, traits, configuration) ??
    brokenAssignment(text, traits, scanner) ?? {
      ...whole,
      message: configuration
        ? 'BitBake cannot read this line: it is no assignment, include, require, export or unset.'
        : 'BitBake cannot read this line: it is no assignment, function or directive such as inherit. Commands belong inside a function.',
    }
  );
}

function brokenFunction(text: string, configuration: boolean): Diagnosis | undefined {
  const whole = { start: 0, end: text.length };
  if (text === '}') {
    return {
      ...whole,
      message: 'No function is open here. Remove the "}", or write the function\'s first line.',
    };
  }
  if (text.startsWith('def') && isSpace(text.charCodeAt(3))) {
    return {
      ...whole,
      message: configuration
        ? 'A configuration file cannot define functions. Move it to a class.'
        : 'Write a Python function as "def name(arguments):", all on one line.',
    };
  }
  const open = text.indexOf('(');
  if (open < 0) {
    const word = VARIABLE.skip(text, 0);
    if (word > 0 && text.slice(word).trim() === '{') {
      return {
        start: word,
        end: text.length,
        message: `Write "${excerpt(text.slice(0, word))}() {" to begin a function.`,
      };
    }
    if (text === '{' && !configuration) {
      return { ...whole, message: 'The "{" that begins a function must stand at the end of its first line.' };
    }
    return undefined;
  }
  const close = text.indexOf(')', open);
  if (close < 0 || /["'=]/.test(text.slice(0, open))) return undefined;
  const brace = skipSpace(text, close + 1);
  if (skipSpace(text, open + 1) !== close) {
    if (configuration || text.slice(brace) !== '{') return undefined;
    return {
      start: open + 1,
      end: close,
      message:
        'A function of BitBake takes no arguments. Remove them, or write "def name(arguments):" for Python.',
    };
  }
  if (brace < text.length && text[brace] !== '{') return undefined;
  if (configuration) {
    return { ...whole, message: 'A configuration file cannot define functions. Move it to a class.' };
  }
  if (brace >= text.length) {
    return {
      start: open,
      end: text.length,
      message: 'The "{" that begins the function must stand on this line.',
    };
  }
  if (brace + 1 < text.length) {
    return {
      start: brace + 1,
      end: text.length,
      message:
        'Nothing may follow the "{" that begins a function. Write its commands on lines of their own and "}" on the last.',
    };
  }
  return {
    start: 0,
    end: open,
    message:
      'This is no function\'s name: letters, digits and ".-+{}$:_" may stand in it, and "python" or "fakeroot" before it.',
  };
}

function brokenKeyword(text: string, traits: SyntaxTraits, configuration: boolean): Diagnosis | undefined {
  const end = KEYWORD.skip(text, 0);
  const word = text.slice(0, end);
  if (end < text.length && !isSpace(text.charCodeAt(end))) return undefined;
  const rest = skipSpace(text, end);
  if (rest < text.length && ':+.?='.includes(text[rest]!)) return undefined;
  const diagnosis = (message: string, whole = false): Diagnosis =>
    whole && rest < text.length ? { start: rest, end: text.length, message } : { start: 0, end, message };
  switch (word) {
    case 'inherit':
    case 'inherit_defer':
    case 'addtask':
    case 'deltask':
    case 'addhandler':
    case 'EXPORT_FUNCTIONS':
      if (configuration) {
        const message = word === 'inherit' ? 'Set INHERIT, or move it' : 'Move it';
        return diagnosis(`"${word}" is not read in a configuration file. ${message} to a recipe or class.`);
      }
      if (word === 'inherit_defer' && !traits.hasInheritDefer) {
        return diagnosis('This release of BitBake has no "inherit_defer". Use "inherit".');
      }
      if (word === 'addtask' && rest < text.length && traits.addtask === 'one-word') {
        return diagnosis('This release of BitBake wants the name of one task here, written out.', true);
      }
      return diagnosis(`Name the ${OPERANDS[word]} behind "${word}".`);
    case 'include':
    case 'require':
      return diagnosis(`Name the file behind "${word}".`);
    case 'include_all':
      return diagnosis(
        traits.hasIncludeAll
          ? 'Name the file behind "include_all".'
          : 'This release of BitBake has no "include_all". Use "include" or "require".',
      );
    case 'addpylib':
      if (!traits.hasAddPyLib) return diagnosis('This release of BitBake has no "addpylib".');
      return configuration
        ? diagnosis('Write "addpylib DIRECTORY NAMESPACE".', true)
        : diagnosis('"addpylib" is read only in layer.conf and other configuration files. Move it there.');
    case 'addfragments':
      if (traits.addfragmentsWords === 0) return diagnosis('This release of BitBake has no "addfragments".');
      return diagnosis(
        traits.addfragmentsWords === 3
          ? 'Write "addfragments PATH_PREFIX FRAGMENTS_VARIABLE FLAGGED_VARIABLES".'
          : 'Write "addfragments PATH_PREFIX FRAGMENTS_VARIABLE FLAGGED_VARIABLES BUILTIN_VARIABLES".',
        true,
      );
    case 'export':
    case 'unset': {
      const name = text.slice(rest);
      if (text.includes('=', rest)) return undefined;
      if (name.includes(':')) {
        return diagnosis(
          `"${word}" takes a variable's name without overrides.${word === 'export' ? ' Export the variable itself.' : ''}`,
          true,
        );
      }
      return diagnosis(
        word === 'unset' ? 'Write "unset VARIABLE" or "unset VARIABLE[flag]".' : 'Write "export VARIABLE".',
        true,
      );
    }
    default:
      return undefined;
  }
}

/** Takes a line apart as an assignment was probably meant. */
function brokenAssignment(
  text: string,
  traits: SyntaxTraits,
  scanner: AssignmentScanner,
): Diagnosis | undefined {
  const equals = text.indexOf('=');
  if (equals < 0) {
    const end = VARIABLE.skip(text, 0);
    const quote = skipSpace(text, end);
    if (end > 0 && '"\''.includes(text[quote] ?? ' ')) {
      return { start: end, end: quote + 1, message: 'The operator is missing: write "=" before the value.' };
    }
    return undefined;
  }
  const firstQuote = text.search(/["']/);
  if (firstQuote >= 0 && firstQuote < equals) return undefined;
  return brokenName(text, equals, traits, scanner) ?? brokenValue(text, equals);
}

function brokenName(
  text: string,
  equals: number,
  traits: SyntaxTraits,
  scanner: AssignmentScanner,
): Diagnosis | undefined {
  let start = equals;
  while (start > 0 && !NO_OPERATOR.has(text.charCodeAt(start - 1)) && text.charCodeAt(start - 1) < 128)
    start--;
  let end = equals + 1;
  while (end < text.length && !NO_OPERATOR.has(text.charCodeAt(end)) && text.charCodeAt(end) < 128) end++;
  const operator = text.slice(start, end);
  const nameEnd = trimmedEnd(text, 0, start);
  const name = text.slice(0, nameEnd).replace(/^export[ \t]+/, '');
  const nameStart = nameEnd - name.length;
  // A name that the scanner takes with a plain operator and value is not what is wrong.
  if (name !== '' && scanner.scan(`${name} = ""`) !== undefined) {
    const left = text.slice(start, equals + 1);
    if (OPERATORS.includes(left) && text[equals + 1] !== '=') return undefined;
    return {
      start,
      end,
      message: `"${excerpt(operator)}" is no operator. Those are ${OPERATORS.slice(0, -1).join(', ')} and ${OPERATORS.at(-1)!} alone.`,
    };
  }
  const bracket = name.indexOf('[');
  if (bracket > 0) {
    return {
      start: nameStart + bracket,
      end: nameEnd,
      message: `A flag is written as [flag], and only ${classWords(traits.flagRest)} can stand in it.`,
    };
  }
  if (name === '') {
    return { start: 0, end, message: 'The assignment names no variable. Write a name before the operator.' };
  }
  let wrong = nameStart;
  while (wrong < nameEnd && VARIABLE.has(text.charCodeAt(wrong))) wrong++;
  if (wrong >= nameEnd) return undefined;
  const character = String.fromCodePoint(text.codePointAt(wrong)!);
  return {
    start: wrong,
    end: wrong + character.length,
    message: isSpace(text.charCodeAt(wrong))
      ? "A blank cannot stand in a variable's name."
      : `"${character}" cannot stand in a variable's name.`,
  };
}

function classWords(description: string): string {
  return description.replace('a-zA-Z0-9\\-', 'a-z A-Z 0-9 - ').replace(/([_+.@/])(?=[_+.@/])/g, '$1 ');
}

function brokenValue(text: string, equals: number): Diagnosis | undefined {
  let at = equals + 1;
  if (text[at] === '+' || text[at] === '.') at++;
  const opening = skipSpace(text, at);
  const quote = text[opening];
  if (quote === undefined) {
    return {
      start: equals,
      end: text.length,
      message: 'The value is missing. Write it in quotes, "" for an empty one.',
    };
  }
  if (quote !== '"' && quote !== "'") {
    return { start: opening, end: text.length, message: 'Put the value in quotes: "…".' };
  }
  const end = trimmedEnd(text, 0, text.length);
  const closing = text.indexOf(quote, opening + 1);
  if (closing < 0) {
    return {
      start: opening,
      end: text.length,
      message: `The closing ${quote} is missing. End the value with it, or end the line with "\\" to go on in the next.`,
    };
  }
  if (end < text.length && text[end - 1] === quote) {
    return {
      start: end,
      end: text.length,
      message:
        'Behind the closing quote, "\\" joins an empty line, and the blanks between cannot be read. Remove the "\\".',
    };
  }
  const last = text.lastIndexOf(quote);
  if (last < end - 1) {
    const rest = skipSpace(text, last + 1);
    return {
      start: rest,
      end: text.length,
      message:
        text[rest] === '#'
          ? 'A comment cannot follow a value. Put it on a line of its own.'
          : `Nothing may follow the closing ${quote} of a value. If the value goes on, it must end in ${quote}.`,
    };
  }
  const other = quote === '"' ? "'" : '"';
  const middle = text.indexOf(quote, opening + 1);
  return {
    start: middle,
    end: middle + 1,
    message: `A third ${quote} leaves the quotes unbalanced. Put the value in ${other}…${other}, or remove one.`,
  };
}
