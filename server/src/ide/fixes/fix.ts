/**
 * A quick fix for dependencies: what it is called, what it does to a file, and what may go wrong with it; and what is
 * known where one is asked for. Plain data; what it does to hashes is found out by evaluating (`effect.ts`).
 */
import type { Problem } from '../../base/problem.ts';
import type { Range } from '../../base/text.ts';
import type { VariableInspection } from '../../engine/results.ts';
import type { DependencyNode } from '../../signature/signatures.ts';
import type { Statement } from '../../syntax/statements.ts';
import type { Version } from '../edits.ts';
import { namesSetBy } from '../names.ts';
import { type Symbol, symbolAt } from '../symbols.ts';
import type { View } from '../view.ts';
import type { TextEdit } from './placement.ts';

export interface Fix {
  /** Tells it from all others that are offered at the same place. */
  readonly id: string;
  readonly title: string;
  /** What the user takes upon himself, in one sentence. */
  readonly risk: string;
  /** What happens besides the basehashes that change, in one sentence. */
  readonly besides?: string;
  /** The problem that it solves; undefined: it is offered for what is at the cursor. */
  readonly problem?: Problem;
  /** Whether it says the same in an append as in the file at hand. */
  readonly portable: boolean;
  /** Of the file at hand or, of a portable one, of the append; empty where there is nothing to change. */
  readonly edits: (file: Version) => TextEdit[];
}

/** What a place in a document is about, as far as the document and its view tell. */
export interface Subject {
  readonly file: Version;
  readonly path: string;
  readonly view: View;
  /** The selection; empty at a cursor. */
  readonly range: Range;
  readonly statement: Statement | undefined;
  readonly symbol: Symbol | undefined;
  /** The names in hashes that the statement may set, those with overrides last. */
  readonly owners: readonly string[];
}

/** What of the recipe has been looked up for a subject. */
export interface Known {
  /** Those that `lookups` names, where they are set. */
  readonly variables: ReadonlyMap<string, VariableInspection>;
  /** The names that enter no hash by the configuration's word. */
  readonly ignored: ReadonlySet<string>;
}

/** Variables whose values are directories that another place has elsewhere, the narrowest first. */
export const PLACES = ['TMPDIR', 'TOPDIR', 'COREBASE'];

export function subjectAt(file: Version, range: Range, view: View): Subject {
  const { tree, text } = file;
  const statement = tree.statements.find(
    ({ range: lines }) => lines.start.line <= range.start.line && range.start.line <= lines.end.line,
  );
  const owners = statement
    ? namesSetBy(statement, tree.path).filter((name): name is string => typeof name === 'string')
    : [];
  return {
    file,
    path: tree.path,
    view,
    range,
    statement,
    symbol: symbolAt(tree, text, range.start),
    owners: [...new Set(owners)].filter((name) => nodeOf(view, name) !== undefined),
  };
}

/** What is hashed under a name, in the first variant that has it. */
export function nodeOf({ current }: View, name: string): DependencyNode | undefined {
  for (const { nodes } of current?.variants ?? []) {
    const node = nodes.get(name);
    if (node) return node;
  }
  return undefined;
}

/** Whether a name enters what is hashed under another: by its value, or by tests for items of it. */
export function dependsOn(node: DependencyNode, name: string): boolean {
  return node.dependencies.includes(name) || node.value?.includes(`\n${name}{`) === true;
}
