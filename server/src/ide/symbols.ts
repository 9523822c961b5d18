/**
 * What the text at a position names: a task, a variable or a function, as far as syntax tells.
 */
import { contains, type Position, type Range } from '../base/text.ts';
import { physicalLines } from '../syntax/lines.ts';
import type { Statement } from '../syntax/statements.ts';
import type { SyntaxTree } from '../syntax/tree.ts';
import { baseName, taskName } from './names.ts';

export interface Symbol {
  /** `task-word`: a name in `addtask` and `deltask`; `code`: a bare word in a function, which may be none of ours. */
  readonly kind: 'name' | 'task-word' | 'code';
  readonly name: string;
  readonly range: Range;
}

const WORD = /[\w.+-]+/g;
/** `${NAME}`; the name may hold overrides and, in a package's variable, other expansions. */
const EXPANSION = /\$\{([\w.+:/-]+)\}/g;
/** `d.getVar('NAME'`, `d.appendVarFlag("NAME"`, `bb.utils.contains('NAME'` and their like. */
const PYTHON_NAME =
  /(?:\b(?:get|set|append|prepend|del|rename|expand)Var(?:Flags?)?|\bbb\.utils\.(?:contains(?:_any)?|filter))\(\s*(['"])([\w.+:/-]+)\1/g;

export function symbolAt(tree: SyntaxTree, text: string, position: Position): Symbol | undefined {
  const line = physicalLines(text)[position.line]?.text ?? '';
  const statement = tree.statements.find(({ range }) => contains(range, position));
  if (!statement || statement.kind === 'comment' || statement.kind === 'blank') return undefined;
  return (
    headSymbol(statement, position) ??
    matchAt(line, position, EXPANSION, 1) ??
    matchAt(line, position, PYTHON_NAME, 2) ??
    wordSymbol(statement, line, position)
  );
}

/** The name that a statement is about. */
function headSymbol(statement: Statement, position: Position): Symbol | undefined {
  if (statement.kind === 'assignment' && contains(statement.variableRange, position)) {
    const { variable, variableRange } = statement;
    return { kind: 'name', name: baseName(variable), range: variableRange };
  }
  if (statement.kind === 'function' || statement.kind === 'def') {
    const { name, nameRange } = statement;
    if (contains(nameRange, position) && name !== '__anonymous') {
      return { kind: 'name', name: baseName(name), range: nameRange };
    }
  }
  return undefined;
}

function matchAt(line: string, position: Position, pattern: RegExp, group: 1 | 2): Symbol | undefined {
  for (const match of line.matchAll(pattern)) {
    const name = match[group]!;
    const start = match.index + match[0].lastIndexOf(name);
    const range = onLine(position.line, start, start + name.length);
    const whole = onLine(position.line, match.index, match.index + match[0].length);
    if (contains(group === 1 ? whole : range, position)) return { kind: 'name', name: baseName(name), range };
  }
  return undefined;
}

function wordSymbol(statement: Statement, line: string, position: Position): Symbol | undefined {
  for (const match of line.matchAll(WORD)) {
    const range = onLine(position.line, match.index, match.index + match[0].length);
    if (!contains(range, position)) continue;
    const name = match[0];
    switch (statement.kind) {
      case 'addtask':
      case 'deltask':
        if (['addtask', 'deltask', 'after', 'before'].includes(name)) return undefined;
        return { kind: 'task-word', name: taskName(name), range };
      case 'export':
      case 'unset':
        return name === statement.kind ? undefined : { kind: 'name', name, range };
      case 'export-functions':
        return name === 'EXPORT_FUNCTIONS' ? undefined : { kind: 'name', name, range };
      case 'function':
      case 'def':
      case 'assignment':
        return { kind: 'code', name, range };
      default:
        return undefined;
    }
  }
  return undefined;
}

function onLine(line: number, start: number, end: number): Range {
  return { start: { line, column: start }, end: { line, column: end } };
}
