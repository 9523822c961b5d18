/**
 * How two signatures differ, as a tree of plain data: each difference with the line that sets what differs, and below
 * each task that is depended on what differs in that. Labels are short, since the view is narrow; what BitBake would say
 * is the detail.
 */
import type { Difference, ExplainedTask } from '../signature/diff.ts';
import { describeDifference } from '../signature/diffText.ts';
import { variableOf } from '../signature/explanation.ts';
import type { Origin } from '../signature/signatures.ts';
import type { OutlineNode } from './outline.ts';
import { originRange } from './places.ts';
import { shortHash, type Trees } from './view.ts';

/** Where a variable of a task got its value; undefined: nobody knows. */
export type PlaceOfVariable = (task: string, variable: string) => OutlineNode['place'];

/** By the origins of names, the first that knows one; that which sets a value before those that add to it. */
export function placeOfOrigins(
  known: readonly ReadonlyMap<string, readonly Origin[]>[],
  trees: Trees,
): PlaceOfVariable {
  return (_, variable) => {
    const places = known.map((origins) => origins.get(variable)).find((found) => found?.length);
    const origin = places?.find(({ operation }) => operation.startsWith('set')) ?? places?.[0];
    return origin && { path: origin.path, range: originRange(origin, trees) };
  };
}

/** What differs in a task, and below each task that it depends on what differs in that. */
export function differenceOutline(
  task: string,
  { differences, causes }: ExplainedTask,
  placeOf: PlaceOfVariable,
): OutlineNode[] {
  const inOrder = [...differences].sort((a, b) => rank(a) - rank(b));
  return inOrder.map((difference): OutlineNode => {
    const [first = '', ...more] = describeDifference(difference);
    const cause = difference.kind === 'task-hash' && causes.find((known) => known.task === difference.task);
    if (cause) return causeNode(cause, first, placeOf);
    const variable = variableOf(difference);
    const place = variable === undefined ? undefined : placeOf(task, variable);
    const [label, what] = headline(difference) ?? [first.replace(/:$/, '')];
    const description = [what, place && placeText(place)].filter(Boolean).join(' · ');
    return {
      label,
      ...(description !== '' && { description }),
      kind: isRoot(difference) ? 'changed' : 'text',
      detail: [first, ...more].join('\n'),
      ...(place && { place }),
      children: more.flatMap((text) => text.split('\n')).map((line) => ({ label: line, kind: 'text' })),
    };
  });
}

/** What differs, and how; undefined: only a sentence says it. */
function headline(difference: Difference): readonly [what: string, how: string] | undefined {
  switch (difference.kind) {
    case 'basehash':
      return ['basehash', [difference.before, difference.after].map((hash) => short(hash)).join(' → ')];
    case 'value':
      return [difference.variable, 'value changed'];
    case 'variable-dependencies':
      return [difference.variable, 'uses other variables'];
    case 'variable-added':
      return [difference.variable, 'enters the hash'];
    case 'variable-removed':
      return [difference.variable, 'no longer enters the hash'];
    case 'file':
      return [difference.file, 'content changed'];
    case 'file-added':
      return [difference.file, 'added'];
    case 'file-removed':
      return [difference.file, 'removed'];
    case 'task-added':
      return [difference.task, 'now depended on'];
    case 'task-removed':
      return [difference.task, 'no longer depended on'];
    default:
      return undefined;
  }
}

function short(hash: string | undefined): string {
  return hash === undefined ? 'none' : shortHash(hash);
}

function causeNode(
  { task, explained }: ExplainedTask['causes'][number],
  label: string,
  placeOf: PlaceOfVariable,
): OutlineNode {
  const kind = 'cause';
  if (explained === 'shown') return { label: task, description: 'explained above', detail: label, kind };
  if (explained === 'missing') {
    return { label: task, description: 'no signature data of both hashes was found', detail: label, kind };
  }
  return { label: task, detail: label, kind, children: differenceOutline(task, explained, placeOf) };
}

/** The hash, then reasons, then what follows from them. */
function rank(difference: Difference): number {
  if (difference.kind === 'basehash') return 0;
  return isRoot(difference) ? 1 : 2;
}

/** Whether it is a reason of its own, and not the sum of others. */
function isRoot({ kind }: Difference): boolean {
  return kind === 'value' || kind === 'file' || kind === 'taint' || kind === 'variable-dependencies';
}

function placeText({ path, range }: NonNullable<OutlineNode['place']>): string {
  return `${path.slice(path.lastIndexOf('/') + 1)}:${range.start.line + 1}`;
}
