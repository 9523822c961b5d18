/**
 * What assignments in the files of a variant make of a variable or of a flag, before and after edits of some of these
 * files. Which files were read, and in which order, is known from an evaluation, and the same as then.
 *
 * Follows `bb/parse/ast.py: DataNode.eval`. What was there before the first of these files is left open.
 */
import type { NameTable } from '../base/nameTable.ts';
import type { AssignedOperation, FileAssignments } from '../syntax/assignments.ts';
import { keyOf } from '../syntax/assignments.ts';
import type { VariableEdit } from '../syntax/fileEdits.ts';

/** A text, or what stands around one that was there before. */
export interface Composed {
  readonly before: string;
  readonly behind: string;
  /** Whether what was there before is gone. */
  readonly whole: boolean;
}

/** What is said of variables in a file as it was evaluated; undefined where its text is not known. */
export type AssignmentsOf = (path: string) => FileAssignments | undefined;

export interface EditedVariable {
  readonly variable: string;
  readonly flag: string | undefined;
  readonly before: Composed;
  readonly after: Composed;
}

interface RoutedAssignments {
  readonly path: string;
  readonly at: number;
  readonly file: FileAssignments;
  readonly children: RoutedAssignments[];
}

/** The files of one variant. */
export class Route {
  private readonly roots: RoutedAssignments[] = [];
  private readonly files: RoutedAssignments[] = [];
  /** The paths whose texts are not known. */
  readonly missing: string[] = [];

  /** @param route see `EditableVariables` @param names paths among them */
  constructor(route: Uint32Array, names: NameTable, assignmentsOf: AssignmentsOf) {
    for (let item = 0; item < route.length; item += 3) {
      const path = names.name(route[item]!);
      const parent = route[item + 1]!;
      const file = assignmentsOf(path);
      if (!file) this.missing.push(path);
      const own = { path, at: route[item + 2]!, file: file ?? NOTHING, children: [] };
      this.files.push(own);
      (parent === 0 ? this.roots : this.files[parent - 1]!.children).push(own);
    }
  }

  has(path: string): boolean {
    return this.files.some((file) => file.path === path);
  }

  /** Whether anything is said of a variable, apart from what an edit brings. */
  names(variable: string): boolean {
    return this.files.some(({ file }) => file.named.has(variable));
  }

  /** Undefined where more than assignments decides. */
  edited(edits: readonly VariableEdit[]): EditedVariable | undefined {
    const { variable, flag } = edits[0]!;
    const key = keyOf(variable, flag);
    const isDecided = ({ file }: RoutedAssignments) =>
      file.decided.has(key) || (flag !== undefined && file.decided.has(keyOf(variable, '')));
    if (this.files.some(isDecided)) return undefined;
    const operationsOf = (after: boolean) => (path: string, file: FileAssignments) => {
      const edit = edits.find((each) => each.path === path);
      if (edit) return after ? edit.after : edit.before;
      return file.assigned.get(key)?.operations ?? NONE;
    };
    const [before, after] = [false, true].map((after) => composed(this.walk(operationsOf(after))));
    return { variable, flag, before: before!, after: after! };
  }

  private walk(
    operationsOf: (path: string, file: FileAssignments) => readonly AssignedOperation[],
  ): AssignedOperation[] {
    const found: AssignedOperation[] = [];
    const visit = ({ path, file, children }: RoutedAssignments): void => {
      let next = 0;
      for (const child of children) {
        const operations = operationsOf(path, file);
        while (next < operations.length && operations[next]!.reads < child.at)
          found.push(operations[next++]!);
        visit(child);
      }
      found.push(...operationsOf(path, file).slice(next));
    };
    for (const root of this.roots) visit(root);
    return found;
  }
}

const NONE: readonly AssignedOperation[] = [];
const NOTHING: FileAssignments = { assigned: new Map(), decided: new Set(), named: new Set() };

function composed(operations: readonly AssignedOperation[]): Composed {
  let [before, behind, whole] = ['', '', false];
  for (const { operator, value } of operations) {
    switch (operator) {
      case '=':
        [before, behind, whole] = [value, '', true];
        break;
      case '+=':
        behind += ` ${value}`;
        break;
      case '.=':
        behind += value;
        break;
      case '=+':
        before = `${value} ${before}`;
        break;
      case '=.':
        before = value + before;
        break;
    }
  }
  return { before, behind, whole };
}

/** The text with what was there before in it. */
export function textOf({ before, behind, whole }: Composed, start: string): string {
  return whole ? before + behind : before + start + behind;
}

/** What was there before, where `text` came of it; `''` where that is gone. Undefined: it did not. */
export function startOf({ before, behind, whole }: Composed, text: string): string | undefined {
  if (whole) return text === before + behind ? '' : undefined;
  if (text.length < before.length + behind.length) return undefined;
  if (!text.startsWith(before) || !text.endsWith(behind)) return undefined;
  return text.slice(before.length, text.length - behind.length);
}
