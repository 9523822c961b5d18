/** What was found out about a task's sstate object, in words. Plain data; how it was found out is not known here. */
import type { PlannedTask } from '../sstate/plan.ts';
import { unknownReason, type Verdict, verdictOf } from '../sstate/verdicts.ts';

export interface ObjectVerdict {
  readonly text: string;
  /** From the workspace: the mirror, or why it is unknown. */
  readonly detail?: string;
}

const TEXTS: Readonly<Record<Verdict, string>> = {
  local: 'local',
  mirror: 'on a mirror',
  awaited: 'another multiconfig makes it first',
  missing: 'missing',
  blocked: 'not used, as an object that this one needs is not there',
  skipped: 'there, and left out',
  'not-needed': 'not needed',
  current: 'current, as the stamp says',
  noexec: 'the task does nothing',
  covered: 'none, and the task need not run: objects stand for it',
  runs: 'none, the task would run',
  refused: 'none, and BB_SETSCENE_ENFORCE does not let the task run',
  stuck: 'never decided by BitBake',
  left: 'none, and the task would not run',
  unknown: 'unknown',
};

/** @param equivalent whether the object is that of a task with another taskhash, as hash equivalence says */
export function objectVerdict(task: PlannedTask, equivalent: boolean): ObjectVerdict {
  const verdict = verdictOf(task);
  const text = `${TEXTS[verdict]}${equivalent ? ', equal by unihash' : ''}`;
  const { presence } = task;
  const detail =
    verdict === 'unknown' ? unknownReason(task) : presence?.kind === 'mirror' ? presence.mirror : undefined;
  return detail === undefined ? { text } : { text, detail };
}
