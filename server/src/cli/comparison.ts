/**
 * Our basehashes against BitBake's, wherever those come from: what is not the same, and which variable is to blame.
 *
 * Pure: takes evaluations and BitBake's answers, returns differences and the lines that tell of them.
 */
import { sortedStrings } from '../base/words.ts';
import type { RecipeEvaluation } from '../engine/results.ts';
import type { SignatureData } from '../signature/sigdata.ts';
import type { TaskSignature, VariantSignatures } from '../signature/signatures.ts';
import { plainName } from '../signature/table.ts';

/** What BitBake says of one recipe variant. */
export interface Theirs {
  /** BitBake's virtual file name, its path absolute. */
  readonly mcfn: string;
  readonly skipped: string | undefined;
  /** Task -> basehash. */
  readonly tasks: ReadonlyMap<string, string>;
}

/** A task that is not the same on both sides. */
export interface TaskDifference {
  readonly mcfn: string;
  readonly task: string;
  /** Undefined: BitBake has no such task. */
  readonly theirs: string | undefined;
  /** Undefined: we have no such task. */
  readonly ours: TaskSignature | undefined;
  readonly variant: VariantSignatures | undefined;
}

/** A variant that is skipped on one side only, or for another reason. */
export interface SkipDifference {
  readonly mcfn: string;
  readonly theirs: string | undefined;
  readonly ours: string | undefined;
}

/** Whether `--only` asks for a recipe of this name. */
export function chosenNames(only: string | undefined): (pn: string) => boolean {
  const names = only === undefined ? undefined : new Set(only.split(','));
  return (pn) => !names || names.has(pn) || names.has(plainName(pn));
}

/** Every variant of evaluations, by virtual file name. */
export function variantsByName(evaluations: Iterable<RecipeEvaluation>): Map<string, VariantSignatures> {
  const variants = new Map<string, VariantSignatures>();
  for (const evaluation of evaluations) {
    for (const variant of evaluation.variants) variants.set(variant.mcfn, variant);
  }
  return variants;
}

/** Tasks of theirs that ours are not equal to; with `complete`, also tasks that only we have. */
export function taskDifferences(
  theirs: Iterable<Theirs>,
  ours: ReadonlyMap<string, VariantSignatures>,
  complete: boolean,
): TaskDifference[] {
  const differences: TaskDifference[] = [];
  const seen = new Set<string>();
  for (const { mcfn, skipped, tasks } of theirs) {
    seen.add(mcfn);
    const variant = ours.get(mcfn);
    const known = new Map(variant?.tasks.map((task) => [task.task, task]));
    for (const [task, hash] of tasks) {
      const found = known.get(task);
      known.delete(task);
      if (found?.basehash !== hash) differences.push({ mcfn, task, theirs: hash, ours: found, variant });
    }
    if (!complete || skipped !== undefined) continue;
    for (const [task, found] of known)
      differences.push({ mcfn, task, theirs: undefined, ours: found, variant });
  }
  if (!complete) return differences;
  for (const [mcfn, variant] of ours) {
    if (seen.has(mcfn)) continue;
    for (const task of variant.tasks)
      differences.push({ mcfn, task: task.task, theirs: undefined, ours: task, variant });
  }
  return differences;
}

/** Where a recipe skips itself while it is read, BitBake keeps only that it did. */
const LOST_REASON = 'True';

/** A reason may list the members of a Python set, whose order changes from one BitBake to the next. */
function sameReason(theirs: string, ours: string): boolean {
  const words = (reason: string) => sortedStrings(reason.match(/\w+|[^\w\s]/g) ?? []).join('\n');
  return theirs === ours || theirs === LOST_REASON || words(theirs) === words(ours);
}

/** Variants that one side skips and the other does not, or that are skipped for different reasons. */
export function skipDifferences(
  theirs: Iterable<Theirs>,
  ours: ReadonlyMap<string, VariantSignatures>,
): SkipDifference[] {
  const differences: SkipDifference[] = [];
  for (const { mcfn, skipped } of theirs) {
    const own = ours.get(mcfn)?.skipped;
    if (skipped === own) continue;
    if (skipped !== undefined && own !== undefined && sameReason(skipped, own)) continue;
    differences.push({ mcfn, theirs: skipped, ours: own });
  }
  return differences;
}

/** How many are the same, and of the others what they are. @param total tasks of both sides */
export function matched(total: number, differences: readonly TaskDifference[]): string {
  const count = (is: (difference: TaskDifference) => boolean) => differences.filter(is).length;
  const onOneSide = count(({ theirs, ours }) => theirs === undefined || ours === undefined);
  const different = count(({ theirs, ours }) => theirs !== undefined && typeof ours?.basehash === 'string');
  const kinds = Object.entries({
    unknown: differences.length - onOneSide - different,
    different,
    'on one side only': onOneSide,
  });
  const others = kinds.flatMap(([kind, number]) => (number > 0 ? [`${number} ${kind}`] : []));
  const rest = others.length > 0 ? ` (${others.join(', ')})` : '';
  return `matched ${total - differences.length} of ${total}${rest}`;
}

/** One line that says what is not the same. @param name how the recipe is called there */
export function describeTask({ task, theirs, ours, variant }: TaskDifference, name: string): string {
  const what = `${name} ${task}`;
  if (!ours) {
    if (!variant) return `${what}: we have no such recipe`;
    return variant.skipped === undefined
      ? `${what}: we have no such task`
      : `${what}: we skip the recipe: ${variant.skipped}`;
  }
  if (theirs === undefined) return `${what}: BitBake has no such task`;
  if (typeof ours.basehash !== 'string') return `${what}: unknown, because ${ours.basehash.unknown}`;
  return `${what}: theirs ${theirs}, ours ${ours.basehash}`;
}

export function describeSkip({ theirs, ours }: SkipDifference, name: string): string {
  if (theirs === undefined) return `${name}: we skip it, BitBake does not: ${ours}`;
  if (ours === undefined) return `${name}: BitBake skips it, we do not: ${theirs}`;
  return `${name}: skipped for another reason: theirs ${JSON.stringify(theirs)}, ours ${JSON.stringify(ours)}`;
}

/** The first variable, in the order of hashing, that is not the same on both sides. @param ours with its material */
export function firstDifference(
  theirs: Pick<SignatureData, 'task' | 'values'>,
  ours: VariantSignatures | undefined,
): string {
  const { task } = theirs;
  const own = ours?.tasks.find((candidate) => candidate.task === task);
  if (!ours || !own) return 'we have no such task';
  const show = (value: string | undefined) => (value === undefined ? 'not set' : JSON.stringify(value));
  const ourNames = new Set([task, ...own.dependencies]);
  for (const name of sortedStrings(new Set([task, ...ourNames, ...theirs.values.keys()]))) {
    const value = ours.nodes.get(name)?.value;
    const has = theirs.values.has(name);
    if (has && !ourNames.has(name)) return `${name} enters their hash only: ${show(theirs.values.get(name))}`;
    if (!has && ourNames.has(name)) return `${name} enters our hash only: ${show(value)}`;
    if ((theirs.values.get(name) ?? '') !== (value ?? '')) {
      return `${name} differs: theirs ${show(theirs.values.get(name))}, ours ${show(value)}`;
    }
  }
  return 'every variable is the same: the hashes were made of the same values in another way';
}
