/**
 * Which variables, flags and functions a statement may set, as the names they have in hashes.
 *
 * A statement says more than a name: overrides, `:append`, flags, `${PN}` inside the name. What it sets in a given
 * variant is known only to the datastore, so the answer here is every name it could be.
 */
import { splitWords } from '../base/words.ts';
import type { Statement } from '../syntax/statements.ts';

const OPERATIONS = new Set(['append', 'prepend', 'remove']);

/** A name, or a pattern of names where the statement has a `${…}` in it. */
export type SetName = string | RegExp;

export function matches(pattern: SetName, name: string): boolean {
  return typeof pattern === 'string' ? pattern === name : pattern.test(name);
}

/** The names that `statement` may set; empty for one that sets nothing by name (`inherit`, `python () {…}`). */
export function namesSetBy(statement: Statement, path: string): SetName[] {
  switch (statement.kind) {
    case 'assignment':
    case 'unset':
      return withOverrides(statement.variable).flatMap((name) =>
        statement.flag === undefined
          ? [pattern(name)]
          : [pattern(`${name}[${statement.flag}]`), pattern(name)],
      );
    case 'export':
      return [statement.variable];
    case 'function':
    case 'def':
      return statement.name === '__anonymous' ? [] : withOverrides(statement.name).map(pattern);
    case 'export-functions': {
      const file = path.slice(path.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '');
      return statement.functions.flatMap((name) => [name, `${file}_${name}`]);
    }
    case 'addtask':
    case 'deltask':
      return splitWords(statement.tasks).map((task) => pattern(taskName(task)));
    default:
      return [];
  }
}

/** `do_install:append:class-native` -> `do_install`, `do_install:class-native`. */
function withOverrides(written: string): string[] {
  const [base = '', ...parts] = partsOf(written);
  const names = [base];
  for (const part of parts) if (!OPERATIONS.has(part)) names.push(`${names.at(-1)!}:${part}`);
  return names;
}

/** The name without overrides and operations: what the variable is called. */
export function baseName(written: string): string {
  return partsOf(written)[0] ?? written;
}

/** Splits at colons outside `${…}`. */
function partsOf(written: string): string[] {
  const parts = [''];
  let depth = 0;
  for (let at = 0; at < written.length; at++) {
    if (written.startsWith('${', at)) depth++;
    else if (written[at] === '}' && depth > 0) depth--;
    if (written[at] === ':' && depth === 0) parts.push('');
    else parts[parts.length - 1] += written[at]!;
  }
  return parts;
}

function pattern(name: string): SetName {
  if (!name.includes('${')) return name;
  const source = name
    .split(/\$\{[^}]*\}/)
    .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.+');
  return new RegExp(`^${source}$`);
}

/** `addtask` takes names with and without `do_`. */
export function taskName(word: string): string {
  return word.startsWith('do_') ? word : `do_${word}`;
}
