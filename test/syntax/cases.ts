/**
 * What recorded tests and conformance tests share: the small files of cases.txt, and a tree put into
 * the words in which bitbake_statements.py describes BitBake's.
 */
import type { Statement } from '../../server/src/syntax/statements.ts';
import type { SyntaxTree } from '../../server/src/syntax/tree.ts';

export interface Case {
  /** Absolute. */
  readonly path: string;
  readonly intent: string;
  readonly text: string;
}

const MARKS: Readonly<Record<string, string>> = { '␠': ' ', '␉': '\t', '␍': '\r' };

/** The files in `archive`, the contents of cases.txt. */
export function casesOf(archive: string): Case[] {
  return archive
    .split(/^--- /m)
    .slice(1)
    .map((section) => {
      const [, name, intent, body] = /^(\S+) \| (.*)\n([^]*)$/.exec(section)!;
      const text = body!
        .replace(/␄\n$/, '')
        .replace(/[␠␉␍]/g, (mark) => MARKS[mark]!)
        .replace(/⟦([0-9a-f]+)⟧/g, (_, digits: string) => String.fromCodePoint(parseInt(digits, 16)));
      return { path: `/layer/${name}`, intent: intent!, text };
    });
}

/** What BitBake said to a file. */
export interface Answer {
  readonly statements: readonly unknown[];
  /** `lineno` is that of the last logical line it looked at. */
  readonly refused: { readonly type: string; readonly message?: string; readonly lineno: number } | null;
  /** Code and, where BitBake says it, line number. */
  readonly warnings: readonly (readonly [string, number | null])[];
}

function described(statement: Statement): unknown[] | undefined {
  const { kind, lineno } = statement;
  switch (kind) {
    case 'assignment': {
      const { variable, flag, operator, exported, value } = statement;
      return [kind, lineno, variable, flag ?? null, operator, exported, value];
    }
    case 'include':
      return [kind, lineno, statement.verb, statement.target];
    case 'inherit':
      return [kind, lineno, statement.deferred, statement.classes];
    case 'export':
      return [kind, lineno, statement.variable];
    case 'unset':
      return [kind, lineno, statement.variable, statement.flag ?? null];
    case 'function':
      return [kind, lineno, statement.name, statement.python, statement.fakeroot, statement.body];
    case 'def':
      return [kind, statement.closingLineno, statement.name, statement.body];
    case 'export-functions':
      return [kind, lineno, statement.functions];
    case 'addtask':
      return [kind, lineno, statement.tasks, statement.before ?? null, statement.after ?? null];
    case 'deltask':
      return [kind, lineno, statement.tasks];
    case 'addhandler':
      return [kind, lineno, statement.handlers];
    case 'addpylib':
      return [kind, lineno, statement.directory, statement.namespace];
    case 'addfragments': {
      const { pathPrefix, fragmentsVariable, flaggedVariablesVariable, builtinFragmentsVariable } = statement;
      const words = [pathPrefix, fragmentsVariable, flaggedVariablesVariable, builtinFragmentsVariable];
      return [kind, lineno, ...words.filter((word) => word !== undefined)];
    }
    case 'comment':
    case 'blank':
    case 'unreadable':
      return undefined;
  }
}

/** What the tree says as far as BitBake reads: up to the first line that it refuses. */
export function answerOf(tree: SyntaxTree): Omit<Answer, 'refused'> & { refused: boolean } {
  const refused = tree.problems.some(({ severity }) => severity === 'error');
  const first = tree.statements.findIndex(({ kind }) => kind === 'unreadable');
  const read = refused ? tree.statements.slice(0, first) : tree.statements;
  return {
    statements: read.map(described).filter((each) => each !== undefined),
    refused,
    warnings: tree.problems
      .filter(({ severity }) => severity === 'warning')
      .map(({ code, range }) => [code, range!.end.line + 1]),
  };
}

/** BitBake's answer in the form of `answerOf`; `warnings` gives the line numbers it does not say. */
export function comparable(answer: Answer, warnings: Answer['warnings']): ReturnType<typeof answerOf> {
  return {
    statements: answer.statements,
    refused: answer.refused !== null,
    warnings: answer.warnings.map(([code, line], index) => [code, line ?? warnings[index]?.[1] ?? null]),
  };
}

/** What is wrong with how the nodes of `tree` cover the lines of `text`; empty if all is well. */
export function gaps(tree: SyntaxTree, text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  const wrong: string[] = [];
  let next = 0;
  for (const { kind, range } of tree.statements) {
    if (range.start.line !== next || range.start.column !== 0)
      wrong.push(`${kind} begins at ${range.start.line}`);
    if (range.end.column !== lines[range.end.line]?.length)
      wrong.push(`${kind} ends inside ${range.end.line}`);
    next = range.end.line + 1;
  }
  if (next !== lines.length) wrong.push(`${next} lines of ${lines.length} are covered`);
  return wrong;
}
