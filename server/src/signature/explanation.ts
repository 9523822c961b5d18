/**
 * Why a hash is what it is, and why it is another now, as lines of text: the tree of what goes into a task, and
 * differences followed down to their roots.
 *
 * Pure: places are looked up by the caller. Words are BitBake's (`diffText.ts`).
 */
import { describeDifference } from './diffText.ts';
import type { Difference, ExplainedTask } from './diff.ts';
import type { DependencyNode } from './signatures.ts';

/** `file:12` where a variable of a task's recipe got its value; undefined: nobody knows. */
export type PlaceOf = (task: string, variable: string) => string | undefined;

const INDENT = '    ';

/** Everything that differs, changed dependencies followed into their own differences. */
export function explanationLines(task: string, explained: ExplainedTask, placeOf: PlaceOf): string[] {
  const lines: string[] = [];
  for (const difference of explained.differences) {
    if (isRepeatedBelow(difference)) continue;
    const [first = '', ...more] = describeDifference(difference);
    const variable = variableOf(difference);
    const place = variable === undefined ? undefined : placeOf(task, variable);
    lines.push(place === undefined ? first : `${first} (${place})`, ...more);
    if (difference.kind !== 'task-hash') continue;
    const cause = explained.causes.find((known) => known.task === difference.task)!;
    if (cause.explained === 'shown') lines.push(`${INDENT}(explained above)`);
    else if (cause.explained === 'missing') lines.push(`${INDENT}no signature data of both hashes was found`);
    else lines.push(...explanationLines(cause.task, cause.explained, placeOf).map((line) => INDENT + line));
  }
  return lines;
}

/** The tasks where something differs that no dependency accounts for, the deepest last. */
export function rootCauses(task: string, explained: ExplainedTask): { task: string; own: Difference[] }[] {
  const found: { task: string; own: Difference[] }[] = [];
  const own = explained.differences.filter(isOwn);
  if (own.length > 0) found.push({ task, own });
  for (const cause of explained.causes) {
    if (typeof cause.explained === 'object') found.push(...rootCauses(cause.task, cause.explained));
  }
  return found;
}

/** The variable that a difference is about. */
export function variableOf(difference: Difference): string | undefined {
  return 'variable' in difference ? difference.variable : undefined;
}

/** Not made by the tasks it depends on, nor by other variables. */
function isOwn({ kind }: Difference): boolean {
  return kind !== 'task-hash' && kind !== 'run-dependencies' && kind !== 'basehash';
}

/** Where the same tasks are depended on, their hashes are named one by one. */
function isRepeatedBelow(difference: Difference): boolean {
  return (
    difference.kind === 'run-dependencies' &&
    difference.pairs !== undefined &&
    difference.before.every((name, at) => name === difference.after[at])
  );
}

const LONGEST = 100;

/**
 * What goes into a task's basehash: what names what, each name with its value and place, told once.
 * @param nodes by name, at least all that the task reaches
 */
export function hashTree(
  task: string,
  nodes: ReadonlyMap<string, DependencyNode>,
  placeOf: (variable: string) => string | undefined,
): string[] {
  const lines: string[] = [];
  const shown = new Set<string>();
  const show = (name: string, depth: number): void => {
    const node = nodes.get(name);
    const place = placeOf(name);
    const head = `${'  '.repeat(depth)}${name}`;
    if (shown.has(name)) {
      lines.push(`${head} (above)`);
      return;
    }
    shown.add(name);
    lines.push(`${head}${valueText(node?.value)}${place === undefined ? '' : `  [${place}]`}`);
    for (const dependency of node?.dependencies ?? []) if (dependency !== name) show(dependency, depth + 1);
  };
  show(task, 0);
  return lines;
}

function valueText(value: string | undefined): string {
  if (value === undefined) return ' is not set';
  const lines = value.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > 1) return ` = ${lines.length} lines: ${shortened(lines[0]!.trim())}`;
  return ` = ${JSON.stringify(shortened(value))}`;
}

function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
