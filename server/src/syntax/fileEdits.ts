/**
 * Whether two texts of a file differ in nothing but what functions in braces do and what is assigned to variables by
 * name: then all that the file says else is the same, in the same order, on whatever lines it stands now.
 */
import { type AssignedOperation, assignmentsIn, isAssignment } from './assignments.ts';
import { parseFile } from './parser.ts';
import type { FunctionDefinition, Statement, SyntaxTraits } from './statements.ts';

/** Another text of a function; both have the form in which they are hashed, and neither is empty. */
export interface FunctionEdit {
  readonly path: string;
  readonly name: string;
  readonly python: boolean;
  readonly before: string;
  readonly after: string;
}

/** Other assignments to a variable or to one of its flags, or the same in other places. */
export interface VariableEdit {
  readonly path: string;
  readonly variable: string;
  readonly flag: string | undefined;
  readonly before: readonly AssignedOperation[];
  readonly after: readonly AssignedOperation[];
}

export interface FileEdits {
  readonly functions: readonly FunctionEdit[];
  readonly variables: readonly VariableEdit[];
}

export const NO_EDITS: FileEdits = { functions: [], variables: [] };

/** @returns undefined where something else differs, or where what a function is to BitBake cannot be told from here */
export function fileEdits(
  path: string,
  before: string,
  after: string,
  traits: SyntaxTraits,
): FileEdits | undefined {
  const [old, young] = [before, after].map((text) => parseFile(path, text, traits)) as [Tree, Tree];
  if ([...old.problems, ...young.problems].some(({ severity }) => severity === 'error')) return undefined;
  const [from, to] = [old, young].map(({ statements }) => statements.filter(says)) as [
    Statement[],
    Statement[],
  ];
  const functions = functionEdits(path, from, to);
  return functions && { functions, variables: variableEdits(path, from, to) };
}

type Tree = ReturnType<typeof parseFile>;

function says({ kind }: Statement): boolean {
  return kind !== 'comment' && kind !== 'blank';
}

/** What a statement says, wherever it stands. */
function content(statement: Statement): string {
  return JSON.stringify(statement, (key, value: unknown) =>
    /^(?:range|\w+Range|lineno|closingLineno)$/.test(key) ? undefined : value,
  );
}

function functionEdits(
  path: string,
  from: readonly Statement[],
  to: readonly Statement[],
): readonly FunctionEdit[] | undefined {
  const [others, now] = [from, to].map((statements) => statements.filter((each) => !isAssignment(each)));
  if (others!.length !== now!.length) return undefined;
  const edits: FunctionEdit[] = [];
  for (const [at, statement] of others!.entries()) {
    const other = now![at]!;
    if (content(statement) === content(other)) continue;
    const edit = editOf(path, statement, other);
    if (!edit || definitions(from, edit.name) !== 1) return undefined;
    edits.push(edit);
  }
  return edits;
}

function editOf(path: string, from: Statement, to: Statement): FunctionEdit | undefined {
  if (from.kind !== 'function' || to.kind !== 'function') return undefined;
  const { name, python } = from;
  // Of others the name, or the value, is made of more than this.
  if (!/^[\w-]+$/.test(name) || name === '__anonymous') return undefined;
  if (to.name !== name || to.python !== python || to.fakeroot !== from.fakeroot) return undefined;
  const [before, after] = [textOf(from), textOf(to)];
  return before && after ? { path, name, python, before, after } : undefined;
}

function textOf({ body }: FunctionDefinition): string {
  return body.join('\n');
}

function definitions(statements: readonly Statement[], name: string): number {
  return statements.filter((statement) => statement.kind === 'function' && statement.name === name).length;
}

function variableEdits(path: string, from: readonly Statement[], to: readonly Statement[]): VariableEdit[] {
  const [old, young] = [assignmentsIn(from), assignmentsIn(to)];
  return [...new Set([...old.keys(), ...young.keys()])].flatMap((key) => {
    const [before, after] = [old.get(key), young.get(key)];
    if (JSON.stringify(before?.operations) === JSON.stringify(after?.operations)) return [];
    const { variable, flag } = (before ?? after)!;
    return { path, variable, flag, before: before?.operations ?? [], after: after?.operations ?? [] };
  });
}
