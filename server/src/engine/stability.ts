/**
 * Basehashes that change from parse to parse: of a clock, a process id or a random number that got into them.
 *
 * A recipe is evaluated twice, on two occasions (`inputs/ports.ts`), each in an evaluator of its own, so that what
 * the configuration computes once is computed twice, too. Pure: takes the two evaluations.
 */
import { differingParts } from '../base/differingParts.ts';
import type { Problem } from '../base/problem.ts';
import { lineRange } from '../base/text.ts';
import type { Occasion } from '../inputs/ports.ts';
import type { TaskSignature, VariantSignatures } from '../signature/signatures.ts';
import type { RecipeEvaluation } from './results.ts';

/** Another time of another day of another year, by another process, with other numbers and another order of sets. */
export const OTHER_OCCASION: Occasion = {
  clockAhead: (((398 * 24 + 3) * 60 + 7) * 60 + 11) * 1000,
  processId: 4242,
  seed: 0x2545f491,
};

const MOST_NAMED = 3;

/** Whether any task of the recipe has another hash on the other occasion, or may have; material is not needed. */
export function mayBeUnstable(once: RecipeEvaluation, again: RecipeEvaluation): boolean {
  return once.variants.some((variant) => suspectTasks(variant, again).length > 0);
}

/** A warning for each variable that makes hashes change, or for the tasks where none can be named. */
export function unstableHashes(once: RecipeEvaluation, again: RecipeEvaluation): Problem[] {
  const problems = new Map<string, Problem>();
  for (const variant of once.variants) {
    const other = variantOf(variant, again);
    if (!other) continue;
    const causes = new Map<string, string[]>();
    for (const task of suspectTasks(variant, again)) {
      for (const cause of causesOf(task, variant, other)) {
        causes.set(cause, [...(causes.get(cause) ?? []), task.task]);
      }
    }
    for (const [name, tasks] of causes) {
      const key = `${name}\0${tasks.join(' ')}`;
      if (!problems.has(key)) problems.set(key, describe(name, tasks, variant, other, once));
    }
  }
  return [...problems.values()];
}

function variantOf({ mcfn }: VariantSignatures, evaluation: RecipeEvaluation): VariantSignatures | undefined {
  return evaluation.variants.find((variant) => variant.mcfn === mcfn);
}

/** Tasks whose hash is not the same on both occasions, or is unknown. */
function suspectTasks(variant: VariantSignatures, again: RecipeEvaluation): TaskSignature[] {
  const hashes = new Map(variantOf(variant, again)?.tasks.map(({ task, basehash }) => [task, basehash]));
  return variant.tasks.filter(({ task, basehash }) => {
    const other = hashes.get(task);
    return other !== undefined && (typeof basehash !== 'string' || basehash !== other);
  });
}

/** The names whose hashed text differs; where there are none, those that name other variables. */
function causesOf(task: TaskSignature, variant: VariantSignatures, other: VariantSignatures): string[] {
  const again = other.tasks.find((candidate) => candidate.task === task.task);
  const either = new Set([task.task, ...task.dependencies, ...(again?.dependencies ?? [])]);
  const names = [...either].filter((name) => variant.nodes.has(name) && other.nodes.has(name));
  const differing = names.filter((name) => variant.nodes.get(name)!.value !== other.nodes.get(name)!.value);
  if (differing.length > 0) return differing;
  const list = (side: VariantSignatures, name: string) => side.nodes.get(name)!.dependencies.join(' ');
  return names.filter((name) => list(variant, name) !== list(other, name));
}

function describe(
  name: string,
  tasks: readonly string[],
  variant: VariantSignatures,
  other: VariantSignatures,
  { origins, path }: RecipeEvaluation,
): Problem {
  const more = tasks.length - MOST_NAMED;
  const named = tasks.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
  const [before, after] = differingParts(
    variant.nodes.get(name)?.value ?? '',
    other.nodes.get(name)?.value ?? '',
  );
  const how =
    before === after ? 'depends on other variables each time' : `is ${before} now, ${after} another time`;
  const origin = origins.get(name)?.[0] ?? origins.get(name.replace(/\[.*/, ''))?.[0];
  return {
    severity: 'warning',
    code: 'unstable-basehash',
    message:
      `The basehash of ${named} of ${variant.pn} changes from parse to parse: ${name} ${how}. ` +
      `Leave ${name} out with vardepsexclude, or make it the same at every parse`,
    path: origin?.path ?? path,
    ...(origin && origin.line > 0 && { range: lineRange(origin.line - 1, 1) }),
  };
}
