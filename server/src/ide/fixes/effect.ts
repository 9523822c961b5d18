/**
 * What a quick fix does to hashes, found by comparing the recipe as it is with the recipe as it would be, in words:
 * the preview, with the risk.
 */
import type { RecipeEvaluation } from '../../engine/results.ts';
import { compareEvaluations } from '../comparison.ts';
import { changedTasksText } from '../findings.ts';
import { isUnknown, variantName } from '../view.ts';
import { enumerate } from '../wording.ts';
import type { Fix } from './fix.ts';

/** What would be, or why that cannot be told. */
export type Outcome = RecipeEvaluation | { readonly unknown: string };

/** One or two lines: what changes, then what happens besides and the risk. */
export function effectText(fix: Fix, before: RecipeEvaluation, after: Outcome): string {
  const besides = fix.besides === undefined ? '' : ` ${fix.besides}.`;
  return `${hashesText(before, after)}.${besides}\nRisk: ${fix.risk}.`;
}

/**
 * `Changes the basehash of do_install of hello`, `Changes no basehash`, `Makes the basehash of do_time known`,
 * `What it changes is known once it is done: …`; with what stays unknown, for that may change, too.
 */
export function hashesText(before: RecipeEvaluation, after: Outcome): string {
  if ('unknown' in after) return `What it changes is known once it is done: ${after.unknown}`;
  const variants = compareEvaluations(after, before).map(({ current, tasks }) => ({
    name: variantName(current),
    tasks,
  }));
  const { gained, lost, kept } = unknownTasks(after, before);
  const parts = variants.length > 0 ? [changedTasksText(variants)] : [];
  const add = (verb: string, tasks: ReadonlySet<string>, what: string) => {
    if (tasks.size === 0) return;
    const those = parts.length === 0 ? 'the basehash' : tasks.size === 1 ? 'that' : 'those';
    parts.push(`${verb}${those} of ${enumerate([...tasks])} ${what}`);
  };
  add('makes ', gained, 'known');
  add('makes ', lost, 'unknown');
  if (parts.length === 0) parts.push('Changes no basehash');
  add('', kept, kept.size === 1 ? 'stays unknown' : 'stay unknown');
  const text = parts.join('; ');
  return text[0]!.toUpperCase() + text.slice(1);
}

/** The tasks of which the hash is unknown: before alone, after alone, and both. */
function unknownTasks(after: RecipeEvaluation, before: RecipeEvaluation) {
  const gained = new Set<string>();
  const lost = new Set<string>();
  const kept = new Set<string>();
  for (const { mcfn, tasks } of after.variants) {
    const others = before.variants.find((variant) => variant.mcfn === mcfn)?.tasks ?? [];
    for (const { task, basehash } of tasks) {
      const was = others.find((other) => other.task === task)?.basehash;
      if (was === undefined) continue;
      if (isUnknown(was)) (isUnknown(basehash) ? kept : gained).add(task);
      else if (isUnknown(basehash)) lost.add(task);
    }
  }
  return { gained, lost, kept };
}
