/**
 * Whether two texts of a file differ in nothing but what functions in braces do: then all that the file says else is
 * the same, on whatever lines it stands now.
 */
import type { FunctionDefinition, Statement, SyntaxTraits } from './statements.ts';
import { parseFile } from './parser.ts';

/** Another text of a function; both have the form in which they are hashed, and neither is empty. */
export interface FunctionEdit {
  readonly path: string;
  readonly name: string;
  readonly python: boolean;
  readonly before: string;
  readonly after: string;
}

/** @returns undefined where something else differs, or where what a function is to BitBake cannot be told from here */
export function functionEdits(
  path: string,
  before: string,
  after: string,
  traits: SyntaxTraits,
): readonly FunctionEdit[] | undefined {
  const [old, young] = [before, after].map((text) => parseFile(path, text, traits)) as [Tree, Tree];
  if ([...old.problems, ...young.problems].some(({ severity }) => severity === 'error')) return undefined;
  const [from, to] = [old, young].map(({ statements }) => statements.filter(says)) as [
    Statement[],
    Statement[],
  ];
  if (from.length !== to.length) return undefined;
  const edits: FunctionEdit[] = [];
  for (const [at, statement] of from.entries()) {
    const other = to[at]!;
    if (content(statement) === content(other)) continue;
    const edit = editOf(path, statement, other);
    if (!edit || definitions(from, edit.name) !== 1) return undefined;
    edits.push(edit);
  }
  return edits;
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
