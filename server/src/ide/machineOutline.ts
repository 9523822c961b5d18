/**
 * How one recipe's basehashes differ between two machines, as a tree of plain data: variants, their tasks, and what
 * differs in each with the line that sets it.
 */
import type { RecipeEvaluation } from '../engine/results.ts';
import { explainDifference } from '../signature/diff.ts';
import { ownSignature } from '../signature/own.ts';
import type { TaskSignature, VariantSignatures } from '../signature/signatures.ts';
import { differenceOutline, placeOfOrigins, type PlaceOfVariable } from './differenceOutline.ts';
import type { OutlineNode } from './outline.ts';
import { counterpart, isUnknown, shortHash, taskOf, type Trees, variantName } from './view.ts';
import { counted } from './wording.ts';

/** A recipe as one machine has it. */
export interface MachineSide {
  readonly machine: string;
  readonly evaluation: RecipeEvaluation;
}

/** Each variant with those of its tasks whose basehash is not the same. */
export function machineOutline(before: MachineSide, after: MachineSide, trees: Trees): OutlineNode[] {
  const known = after.evaluation.variants.map((variant) => variantNode(variant, before, after, trees));
  const gone = before.evaluation.variants.filter((variant) => !counterpart(variant, after.evaluation));
  return [...known, ...gone.map((variant) => onlyOn(variantName(variant), before.machine))];
}

function onlyOn(label: string, machine: string): OutlineNode {
  return { label, description: `only ${machine} has it`, kind: 'changed' };
}

function variantNode(
  variant: VariantSignatures,
  before: MachineSide,
  after: MachineSide,
  trees: Trees,
): OutlineNode {
  const { tasks } = variant;
  const name = variantName(variant);
  const old = counterpart(variant, before.evaluation);
  if (!old) return onlyOn(name, after.machine);
  const why = left(old, before.machine) ?? left(variant, after.machine);
  if (why !== undefined) return { label: name, description: why, kind: 'unknown' };
  const placeOf = placeOfOrigins([after.evaluation.origins, before.evaluation.origins], trees);
  const children = tasks.flatMap((task) => taskNode(task, variant, old, after.machine, placeOf));
  const gone = old.tasks.filter(({ task }) => !taskOf(variant, task));
  children.push(...gone.map(({ task }) => onlyOn(task, before.machine)));
  const description =
    children.length === 0
      ? `the same ${counted(tasks.length, 'basehash')}`.replace(/hashs$/, 'hashes')
      : `${children.length} of ${counted(tasks.length, 'task')}`;
  return { label: name, description, kind: 'recipe', children };
}

/** Why nothing is known of a variant on one side. */
function left({ skipped, failed }: VariantSignatures, machine: string): string | undefined {
  if (skipped !== undefined) return `skipped for ${machine}: ${skipped}`;
  return failed === undefined ? undefined : `unknown for ${machine}: ${failed}`;
}

/** Nothing where both have the same hash. */
function taskNode(
  { task, basehash }: TaskSignature,
  variant: VariantSignatures,
  old: VariantSignatures,
  machine: string,
  placeOf: PlaceOfVariable,
): OutlineNode[] {
  const before = taskOf(old, task)?.basehash;
  if (before === undefined) return [onlyOn(task, machine)];
  const unknown = [before, basehash].find(isUnknown);
  if (unknown) return [{ label: task, description: 'unknown', detail: unknown.unknown, kind: 'unknown' }];
  if (before === basehash || isUnknown(before) || isUnknown(basehash)) return [];
  const explained = explainDifference(
    ownSignature(task, old, undefined),
    ownSignature(task, variant, undefined),
    () => undefined,
  );
  const differences = explained.differences.filter(({ kind }) => kind !== 'basehash');
  return [
    {
      label: task,
      description: `${shortHash(before)} → ${shortHash(basehash)}`,
      detail: `basehash ${before}\nand ${basehash}`,
      kind: 'changed',
      children: differenceOutline(task, { ...explained, differences }, placeOf),
    },
  ];
}
