/** What the edits of all open documents do to hashes, in a few words. */
import { compareEvaluations } from './comparison.ts';
import { type Rerun, taskCount } from './rerun.ts';
import type { View } from './view.ts';
import { counted } from './wording.ts';

/**
 * @param rerun what the task graph knows, where there is one
 * @returns undefined where it is not known of every view
 */
export function editsNote(views: readonly View[], rerun: Rerun | undefined): string | undefined {
  const changed = new Set<string>();
  for (const { current, baseline } of views) {
    if (!current || !baseline) return undefined;
    for (const { current: variant, tasks } of compareEvaluations(current, baseline))
      for (const { task } of tasks) changed.add(`${variant.mcfn} ${task}`);
  }
  if (changed.size === 0) return 'no hash changes';
  const tasks = rerun ? taskCount(rerun) : 0;
  if (tasks > 0) return `${counted(tasks, 'task')} would rerun`;
  return changed.size === 1 ? '1 hash changes' : `${changed.size} hashes change`;
}
