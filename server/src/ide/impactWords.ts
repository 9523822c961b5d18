/** How figures, causes and costs of a review are put, in the terminal, in reports and in the editor alike. */
import type { CauseImpact, Cost, Counts, Reach } from './impact.ts';
import type { Cause } from './impactCauses.ts';
import { counted, figure } from './wording.ts';

/** `20,114 of 35,242 taskhashes change in 1,913 recipes`, and what came and went. */
export function countsText(counts: Counts, one: 'basehash' | 'taskhash'): string {
  const { changed, added, removed, unknown, recipes, total } = counts;
  const parts = [`${figure(changed)} of ${counted(total, one, `${one}es`)} change`];
  if (added > 0) parts.push(`${figure(added)} new`);
  if (removed > 0) parts.push(`${figure(removed)} gone`);
  if (unknown > 0) parts.push(`${figure(unknown)} cannot be told`);
  return `${parts.join(', ')}${recipes > 0 ? `, in ${counted(recipes, 'recipe')}` : ''}`;
}

/** What it costs; undefined where nobody looked. */
export function costText(cost: Cost | null | undefined): string | undefined {
  if (!cost) return undefined;
  const { lost, local, unknown } = cost;
  const where = lost === 0 ? '' : ` (${figure(local)} local, ${figure(lost - local)} on mirrors)`;
  const rest = unknown > 0 ? `; of ${figure(unknown)} more it cannot be told` : '';
  return `${counted(lost, 'sstate object')} would no longer be used${where}${rest}`;
}

/** `1,900 basehashes in 950 recipes, 20,000 taskhashes in 1,913`. */
export function reachText({
  basehashes,
  taskhashes,
}: Pick<CauseImpact, 'basehashes' | 'taskhashes'>): string {
  const text = ({ tasks, recipes }: Reach, one: string) =>
    `${counted(tasks, one, `${one}es`)} in ${counted(recipes, 'recipe')}`;
  if (basehashes.tasks === 0) return text(taskhashes, 'taskhash');
  if (taskhashes.tasks === 0) return text(basehashes, 'basehash');
  return `${text(basehashes, 'basehash')}, ${text(taskhashes, 'taskhash')}`;
}

/** `do_unpack edited`. */
export function causeText({
  subject,
  action,
  side,
  kind,
}: Pick<Cause, 'subject' | 'action' | 'side' | 'kind'>): string {
  const where = side === 'base' && kind === 'statement' && action !== 'removed' ? ' (before)' : '';
  return `${subject}${action ? ` ${action}` : ''}${where}`;
}
