/**
 * Quick fixes at a name in code or in a value: whether it counts in the hash of what names it, and as what.
 *
 * The flags are those of `bb/data.py: build_dependencies`: `vardeps`, `vardepsexclude`, `vardepvalue`,
 * `vardepvalueexclude`.
 */
import { contains } from '../../base/text.ts';
import { splitWords } from '../../base/words.ts';
import { physicalLines } from '../../syntax/lines.ts';
import type { Assignment } from '../../syntax/statements.ts';
import { dependsOn, type Fix, type Known, nodeOf, type Subject } from './fix.ts';
import {
  addToFlag,
  assignmentText,
  flagAssignments,
  insertAbout,
  isQuotable,
  removeFromFlag,
  removeStatement,
} from './placement.ts';

const LIST_FLAGS = ['vardeps', 'vardepsexclude'];
const VALUE_FLAGS = ['vardepvalue', 'vardepvalueexclude'];

export function dependencyFixes(subject: Subject, known: Known): Fix[] {
  const { statement } = subject;
  if (statement?.kind === 'assignment' && statement.flag !== undefined) {
    return flagFixes(subject, statement, statement.flag);
  }
  return [...referenceFixes(subject, known), ...valueFixes(subject, known), ...selectionFixes(subject)];
}

/** Leaves a variable out of the hash of what names it. */
export function excludeFix(owner: string, name: string, problem?: Fix['problem']): Fix {
  return {
    id: `exclude ${owner} ${name}`,
    title: `Leave ${name} out of the hash of ${owner} (vardepsexclude)`,
    risk: `Another value of ${name} no longer makes ${owner} run again: what it makes must not depend on it`,
    ...(problem && { problem }),
    portable: true,
    edits: (file) => addToFlag(file, owner, 'vardepsexclude', name),
  };
}

function includeFix(owner: string, name: string): Fix {
  return {
    id: `include ${owner} ${name}`,
    title: `Let ${name} count in the hash of ${owner} (vardeps)`,
    risk: `From now on every other value of ${name} makes ${owner} run again`,
    portable: true,
    edits: (file) => addToFlag(file, owner, 'vardeps', name),
  };
}

/** Takes a word out of `vardeps` or `vardepsexclude`, where this very file lists it. */
export function unlistFix(owner: string, flag: string, word: string, problem?: Fix['problem']): Fix {
  const risk =
    flag === 'vardeps'
      ? `Where the code of ${owner} reads ${word} in a way that BitBake cannot see, another value no longer makes it run again`
      : `From now on every other value of ${word} makes ${owner} run again, and shared state made before is not found`;
  return {
    id: `unlist ${owner} ${flag} ${word}`,
    title: `Take ${word} out of ${owner}[${flag}]`,
    risk,
    ...(problem && { problem }),
    portable: false,
    edits: (file) => removeFromFlag(file, owner, flag, word),
  };
}

/** At a name that a function or a value uses. */
function referenceFixes(subject: Subject, { variables, ignored }: Known): Fix[] {
  const { symbol, owners, file, view } = subject;
  if (!symbol || symbol.kind === 'task-word' || isHead(subject)) return [];
  const { name } = symbol;
  return owners.flatMap((owner): Fix[] => {
    const node = nodeOf(view, owner)!;
    if (owner === name) return [];
    const flags = variables.get(owner)?.flags ?? {};
    if (dependsOn(node, name)) {
      const listed = lists(subject, owner, 'vardeps', name) ? [unlistFix(owner, 'vardeps', name)] : [];
      return [excludeFix(owner, name), ...listed];
    }
    if (splitWords(flags['vardepsexclude'] ?? '').includes(name)) {
      return removeFromFlag(file, owner, 'vardepsexclude', name).length > 0
        ? [unlistFix(owner, 'vardepsexclude', name)]
        : [];
    }
    const isSet = variables.get(name)?.unexpanded !== undefined;
    return isSet && !ignored.has(name) ? [includeFix(owner, name)] : [];
  });
}

/** At the name of a variable that is set: what of it is hashed. */
function valueFixes(subject: Subject, { variables }: Known): Fix[] {
  const { statement, owners } = subject;
  if (statement?.kind !== 'assignment' || !isHead(subject)) return [];
  return owners.flatMap((owner): Fix[] => {
    const { flags, unexpanded, expanded } = variables.get(owner) ?? {};
    if (flags?.['vardepvalue'] !== undefined || unexpanded === undefined || unexpanded === expanded)
      return [];
    return [
      {
        id: `value ${owner}`,
        title: `Hash ${owner} by its final value alone (vardepvalue)`,
        risk: `What ${owner} is made of no longer counts, only what comes out of it in this recipe`,
        portable: true,
        edits: (file) =>
          insertAbout(file, owner, [assignmentText(file, `${owner}[vardepvalue]`, '=', `\${${owner}}`)]),
      },
    ];
  });
}

/** With a part of a value selected. */
function selectionFixes({ statement, range, file, owners, view }: Subject): Fix[] {
  if (statement?.kind !== 'assignment' || range.start.line !== range.end.line) return [];
  if (!contains(statement.valueRange, range.start) || !contains(statement.valueRange, range.end)) return [];
  const line = physicalLines(file.text)[range.start.line]?.text ?? '';
  const part = line.slice(range.start.column, range.end.column);
  if (part.trim() === '' || !isQuotable(part) || part.includes('|') || part.includes('${')) return [];
  return owners.flatMap((owner): Fix[] =>
    nodeOf(view, owner)?.value?.includes(part) ? [excludePartFix(owner, part)] : [],
  );
}

/** Leaves a part of a value's text out of what is hashed of it. */
export function excludePartFix(owner: string, part: string, problem?: Fix['problem']): Fix {
  return {
    id: `part ${owner} ${part}`,
    title: `Hash ${owner} without \u201c${part}\u201d (vardepvalueexclude)`,
    risk: `Where that part changes, nothing runs again: what is made of ${owner} must not depend on it`,
    ...(problem && { problem }),
    portable: true,
    edits: (file) => {
      const isThere = flagAssignments(file, owner, 'vardepvalueexclude').length > 0;
      const value = isThere ? `|${part}` : part;
      const operator = isThere ? '.=' : '=';
      return insertAbout(file, owner, [
        assignmentText(file, `${owner}[vardepvalueexclude]`, operator, value),
      ]);
    },
  };
}

/** In the assignment of a flag: takes back what it does. */
function flagFixes({ range, file }: Subject, statement: Assignment, flag: string): Fix[] {
  const { variable, valueRange } = statement;
  if (VALUE_FLAGS.includes(flag)) {
    return [
      {
        id: `unflag ${variable} ${flag}`,
        title: `Take away ${variable}[${flag}]: hash ${variable} as it is`,
        risk: `From now on every change of ${variable} counts, and shared state made before is not found`,
        portable: false,
        edits: ({ tree, text }) => {
          const known = tree.statements.find(({ range }) => range.start.line === statement.range.start.line);
          return known ? [removeStatement({ tree, text }, known)] : [];
        },
      },
    ];
  }
  if (!LIST_FLAGS.includes(flag) || !contains(valueRange, range.start)) return [];
  const line = physicalLines(file.text)[range.start.line]?.text ?? '';
  const word = [...line.matchAll(/[^\s"'\\]+/g)].find(
    ({ index, 0: text }) => index <= range.start.column && range.start.column <= index + text.length,
  )?.[0];
  return word !== undefined && splitWords(statement.value).includes(word)
    ? [unlistFix(variable, flag, word)]
    : [];
}

/** Whether the cursor is on the name that the statement is about. */
export function isHead({ statement, range }: Subject): boolean {
  if (statement?.kind === 'assignment') return contains(statement.variableRange, range.start);
  const isFunction = statement?.kind === 'function' || statement?.kind === 'def';
  return isFunction && contains(statement.nameRange, range.start);
}

function lists({ file }: Subject, owner: string, flag: string, word: string): boolean {
  return flagAssignments(file, owner, flag).some(({ value }) => splitWords(value).includes(word));
}
