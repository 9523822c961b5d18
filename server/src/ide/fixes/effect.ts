/**
 * What a quick fix does to hashes, found by comparing the recipe as it is with the recipe as it would be, in words:
 * the preview, with the risk.
 */
import type { RecipeEvaluation } from '../../engine/results.ts';
import { compareEvaluations } from '../comparison.ts';
import { changedTasksText } from '../findings.ts';
import { isUnknown, variantName } from '../view.ts';
import type { Fix } from './fix.ts';

/** What would be, or why that cannot be told. */
export type Outcome = RecipeEvaluation | { readonly unknown: string };

/** One or two lines: what changes, then what happens besides and the risk. */
export function effectText(fix: Fix, before: RecipeEvaluation, after: Outcome): string {
  const besides = fix.besides === undefined ? '' : ` ${fix.besides}.`;
  return `${hashesText(before, after)}.${besides}\nRisk: ${fix.risk}.`;
}

/** `Changes the basehash of do_install of hello`, `Changes no basehash`, `What it changes is unknown: …` */
export function hashesText(before: RecipeEvaluation, after: Outcome): string {
  if ('unknown' in after) return `What it changes is known once it is done: ${after.unknown}`;
  const variants = compareEvaluations(after, before).map(({ current, tasks }) => ({
    name: variantName(current),
    tasks,
  }));
  const lost = unknownOnly(after, before);
  const unknown = lost.length > 0 ? `; makes those of ${lost.join(', ')} unknown` : '';
  const changed = variants.length > 0 ? changedTasksText(variants) : 'Changes no basehash';
  return `${changed}${unknown}`;
}

/** Tasks whose hash is known before and not after. */
function unknownOnly(after: RecipeEvaluation, before: RecipeEvaluation): string[] {
  const lost = new Set<string>();
  for (const { mcfn, tasks } of after.variants) {
    const known = before.variants.find((variant) => variant.mcfn === mcfn);
    for (const { task, basehash } of tasks) {
      const was = known?.tasks.find((other) => other.task === task)?.basehash;
      if (isUnknown(basehash) && was !== undefined && !isUnknown(was)) lost.add(task);
    }
  }
  return [...lost];
}
