/**
 * Recipes whose file has another name or place in the head state: what BitBake makes of the name (PV, PR) is a cause of
 * its own, like an edited statement, and the edits are those between the two files.
 *
 * Knows evaluations and texts; nothing of the task graph.
 */
import { relative } from 'node:path/posix';
import type { VariantChange } from './comparison.ts';
import type { Cause, ChangedText, NamedEdit } from './impactCauses.ts';
import type { SetName } from './names.ts';

/** What BitBake takes from the name of a recipe's file, in order. Follows `bb/parse/__init__.py: vars_from_file`. */
const PARTS = ['PN', 'PV', 'PR'];

interface NamePart {
  readonly variable: string;
  readonly before: string;
  readonly after: string;
}

/** The parts that are others; where one is missing, the variable has its default, and so it is left out. */
function changedParts(before: string, after: string): NamePart[] {
  const [old, young] = [partsOf(before), partsOf(after)];
  return PARTS.flatMap((variable, at) => {
    const [was, is] = [old[at], young[at]];
    return was !== undefined && is !== undefined && was !== is ? [{ variable, before: was, after: is }] : [];
  });
}

function partsOf(path: string): string[] {
  return fileName(path).replace(/\.bb$/, '').split('_');
}

/** The cause that a recipe's file has another name. @param before its path in the base state, `after` in the head state */
export function renameCause(before: string, after: string): Cause {
  const parts = changedParts(before, after);
  const common = { kind: 'recipe-renamed', path: after, side: 'head', lines: undefined } as const;
  const isMoved = fileName(before) === fileName(after);
  const what = isMoved
    ? `moved from ${relative(directory(after), before)}`
    : `renamed from ${fileName(before)}`;
  if (parts.length === 0) return { ...common, subject: fileName(after), action: what };
  const list = (text: (part: NamePart) => string) => parts.map(text).join(', ');
  return {
    ...common,
    subject: list(({ variable }) => variable),
    action: `${list((part) => part.after)} instead of ${list((part) => part.before)}: ${what}`,
  };
}

/**
 * The rename as an edit: it answers for the variables that the name gives, and for values that differ in nothing but
 * in these.
 */
export function renameEdit(before: string, after: string, changes: readonly VariantChange[]): NamedEdit {
  const parts = changedParts(before, after);
  const names = new Set<SetName>(['FILE', ...parts.map(({ variable }) => variable)]);
  for (const change of changes) {
    for (const node of change.nodes) {
      const was = change.baseline.nodes.get(node)?.value;
      const is = change.current.nodes.get(node)?.value;
      if (was === undefined || is === undefined || was === is) continue;
      if (parts.reduce((text, part) => text.replaceAll(part.before, part.after), was) === is) names.add(node);
    }
  }
  const start = { line: 0, column: 0 };
  return {
    path: after,
    oldPath: before,
    range: { start, end: start },
    whole: undefined,
    replaced: undefined,
    names: [...names],
    before: undefined,
    after: undefined,
    everywhere: false,
    cause: renameCause(before, after),
  };
}

/**
 * The files with those put together that are one recipe in both states, however little alike their texts are.
 * @param recipes path in the head state -> in the base state
 */
export function withRenamed(
  changed: readonly ChangedText[],
  recipes: ReadonlyMap<string, string>,
): ChangedText[] {
  const gone = new Map(
    changed.filter(({ after }) => after === undefined).map((file) => [file.oldPath, file]),
  );
  const taken = new Set<ChangedText>();
  const found = changed.map((file) => {
    const was = file.before === undefined ? gone.get(recipes.get(file.path) ?? '') : undefined;
    if (!was) return file;
    taken.add(was);
    return { ...file, oldPath: was.oldPath, before: was.before };
  });
  return found.filter((file) => !taken.has(file));
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function directory(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
