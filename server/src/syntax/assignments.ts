/**
 * What a file does to the values and flags of variables by name: which assignments there are, and what else says
 * anything of a variable, so that it can be told what becomes of it without evaluating the file.
 *
 * Knows nothing of what other files do, nor of overrides, appends and prepends, which leave alone what is assigned.
 */
import { parseFile } from './parser.ts';
import type { Assignment, AssignmentOperator, Statement, SyntaxTraits } from './statements.ts';

/** One assignment, whose outcome depends on nothing but what was assigned before. */
export interface AssignedOperation {
  readonly operator: AssignmentOperator;
  readonly value: string;
  /** How many statements stand before it that are no such assignments. */
  readonly at: number;
  /** How many of these read other files. */
  readonly reads: number;
}

export interface Assignments {
  readonly variable: string;
  readonly flag: string | undefined;
  readonly operations: readonly AssignedOperation[];
}

/** What is said of variables in one file. */
export interface FileAssignments {
  /** By variable and flag. */
  readonly assigned: ReadonlyMap<string, Assignments>;
  /** The same keys: where something else than such assignments decides, as `unset` and functions do. */
  readonly decided: ReadonlySet<string>;
  /** Variables of which anything is said, whatever it is. */
  readonly named: ReadonlySet<string>;
}

const SIMPLE: ReadonlySet<AssignmentOperator> = new Set(['=', '+=', '=+', '.=', '=.']);
const OLD_STYLE = /_append|_prepend|_remove/;

/** Whether a name is what it is: nothing in it is expanded, no override. */
export function isPlainName(name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
    if (!isLetter && (at === 0 || !((code >= 48 && code <= 57) || code === 45))) return false;
  }
  return name !== '';
}

/** An assignment to a variable, or to a flag, of such a name. */
export function isAssignment(statement: Statement): statement is Assignment {
  if (statement.kind !== 'assignment' || statement.exported || !SIMPLE.has(statement.operator)) return false;
  return isPlainName(statement.variable) && !OLD_STYLE.test(statement.variable);
}

export function keyOf(variable: string, flag: string | undefined): string {
  return flag === undefined ? variable : `${variable}[${flag}]`;
}

/** By variable and flag. @param statements without comments and blank lines */
export function assignmentsIn(statements: readonly Statement[]): Map<string, Assignments> {
  const found = new Map<
    string,
    { variable: string; flag: string | undefined; operations: AssignedOperation[] }
  >();
  let at = 0;
  let reads = 0;
  for (const statement of statements) {
    if (!isAssignment(statement)) {
      at++;
      if (statement.kind === 'include' || statement.kind === 'inherit') reads++;
      continue;
    }
    const { variable, flag, operator, value } = statement;
    const key = keyOf(variable, flag);
    let assignments = found.get(key);
    if (!assignments) found.set(key, (assignments = { variable, flag, operations: [] }));
    assignments.operations.push({ operator, value, at, reads });
  }
  return found;
}

/** Of a whole file. */
export function fileAssignments(path: string, text: string, traits: SyntaxTraits): FileAssignments {
  const statements = parseFile(path, text, traits).statements.filter(
    ({ kind }) => kind !== 'comment' && kind !== 'blank',
  );
  const decided = new Set<string>();
  const named = new Set<string>();
  for (const statement of statements) {
    for (const name of namesIn(statement)) named.add(name.split(':', 1)[0]!);
    const isSimple: boolean = isAssignment(statement);
    if (isSimple) continue;
    switch (statement.kind) {
      case 'assignment':
        decided.add(keyOf(statement.variable, statement.flag));
        if (statement.exported) decided.add(keyOf(statement.variable, 'export'));
        break;
      case 'unset':
        decided.add(keyOf(statement.variable, statement.flag));
        // All flags go with the variable.
        if (statement.flag === undefined) decided.add(keyOf(statement.variable, ''));
        break;
      case 'function':
      case 'def':
        decided.add(statement.name);
        break;
      case 'export-functions':
        for (const name of statement.functions) decided.add(name);
        break;
    }
  }
  return { assigned: assignmentsIn(statements), decided, named };
}

function namesIn(statement: Statement): readonly string[] {
  switch (statement.kind) {
    case 'assignment':
    case 'export':
    case 'unset':
      return [statement.variable];
    case 'function':
    case 'def':
      return [statement.name];
    case 'export-functions':
      return statement.functions;
    default:
      return [];
  }
}
