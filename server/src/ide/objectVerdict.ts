/** What was found out about a task's sstate object, in words. Plain data; how it was found out is not known here. */
import type { PlannedTask } from '../sstate/plan.ts';
import type { Presence } from '../sstate/presence.ts';
import { unknownReason, type Verdict, verdictOf } from '../sstate/verdicts.ts';

/** What can be seen of it at a glance. `idle`: neither is the object wanted, nor does the task run. */
export type ObjectMark = 'local' | 'mirror' | 'missing' | 'runs' | 'idle' | 'unknown';

export interface ObjectVerdict {
  readonly mark: ObjectMark;
  /** In a few words, for a place beside the task. */
  readonly label: string;
  readonly text: string;
  /** From the workspace: the mirror, or why it is unknown. */
  readonly detail?: string;
  /** The file in SSTATE_DIR, there or not. */
  readonly object?: string;
  /** How many minutes ago a server said so, where it was not asked again. */
  readonly minutes?: number;
}

const WORDS: Readonly<Record<Verdict, readonly [mark: ObjectMark, label: string, text: string]>> = {
  local: ['local', 'sstate: local', 'local'],
  mirror: ['mirror', 'sstate: mirror', 'on a mirror'],
  awaited: ['idle', 'sstate: from another multiconfig', 'another multiconfig makes it first'],
  missing: ['missing', 'sstate: missing', 'missing'],
  blocked: ['runs', 'sstate: not used', 'not used, as an object that this one needs is not there'],
  skipped: ['runs', 'sstate: left out', 'there, and left out'],
  'not-needed': ['idle', 'sstate: not needed', 'not needed'],
  current: ['idle', 'done, by its stamp', 'current, as the stamp says'],
  noexec: ['idle', 'does nothing', 'the task does nothing'],
  covered: ['idle', 'need not run', 'none, and the task need not run: objects stand for it'],
  runs: ['runs', 'would run', 'none, the task would run'],
  refused: ['runs', 'may not run', 'none, and BB_SETSCENE_ENFORCE does not let the task run'],
  stuck: ['unknown', 'never decided', 'never decided by BitBake'],
  left: ['idle', 'would not run', 'none, and the task would not run'],
  unknown: ['unknown', 'sstate: unknown', 'unknown'],
};

/**
 * @param equivalent whether the object is that of a task with another taskhash, as hash equivalence says
 * @param object the file in SSTATE_DIR
 */
export function objectVerdict(task: PlannedTask, equivalent: boolean, object?: string): ObjectVerdict {
  const verdict = verdictOf(task);
  const [mark, label, text] = WORDS[verdict];
  const { presence } = task;
  const isOwn = verdict === 'local' || verdict === 'mirror' || verdict === 'missing';
  return {
    mark,
    label,
    text: `${text}${equivalent ? ', equal by unihash' : ''}`,
    ...detailOf(verdict === 'unknown' ? unknownReason(task) : undefined, presence),
    ...(task.scene !== undefined && object !== undefined && { object }),
    ...(isOwn && minutesOf(presence)),
  };
}

/** The same of an object, while it is not known yet what a build would do with it. */
export function presenceVerdict(presence: Presence): ObjectVerdict {
  const [mark, label, text] = WORDS[presence.kind];
  const reason = presence.kind === 'unknown' ? presence.reason : undefined;
  return { mark, label, text, ...detailOf(reason, presence), ...minutesOf(presence) };
}

/** `sstate: unknown, because …`: what a place beside the task has room for. */
export function markText({ label, mark, detail }: ObjectVerdict): string {
  return mark === 'unknown' && detail !== undefined ? `${label}, because ${detail}` : label;
}

function detailOf(reason: string | undefined, presence: Presence | undefined): { detail?: string } {
  const detail = reason ?? (presence?.kind === 'mirror' ? presence.mirror : undefined);
  return detail === undefined ? {} : { detail };
}

function minutesOf(presence: Presence | undefined): { minutes?: number } {
  const age = presence && 'age' in presence ? presence.age : undefined;
  return age === undefined ? {} : { minutes: Math.round(age / 60_000) };
}
