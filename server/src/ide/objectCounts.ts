/**
 * How many objects of some tasks are there, and in words: `12 of them are in sstate now (9 local, 3 on the mirror)`. Plain
 * data; who looked for them is not known here.
 */
import type { Presence } from '../sstate/presence.ts';

export interface ObjectCounts {
  readonly local: number;
  /** By mirror. */
  readonly mirrors: ReadonlyMap<string, number>;
  readonly missing: number;
  readonly unknown: number;
  /** Why the first of those is unknown. */
  readonly reason: string;
}

export function countObjects(presences: readonly Presence[]): ObjectCounts {
  const mirrors = new Map<string, number>();
  const counts = { local: 0, missing: 0, unknown: 0, reason: '' };
  for (const presence of presences) {
    if (presence.kind === 'mirror') mirrors.set(presence.mirror, (mirrors.get(presence.mirror) ?? 0) + 1);
    else counts[presence.kind]++;
    if (presence.kind === 'unknown') counts.reason ||= presence.reason;
  }
  return { ...counts, mirrors };
}

/** Of tasks that were named before (`them`); undefined where none of them has an object. */
export function objectCountsText({
  local,
  mirrors,
  missing,
  unknown,
  reason,
}: ObjectCounts): string | undefined {
  const onMirrors = [...mirrors.values()].reduce((sum, count) => sum + count, 0);
  const there = local + onMirrors;
  if (there + missing + unknown === 0) return undefined;
  const line = reason.replace(/\s+/g, ' ').trim();
  if (there === 0 && unknown > 0) return `${unknown} of them may be in sstate: ${line}`;
  if (there === 0) return 'none of them is in sstate now';
  const places = [
    ...(local > 0 ? [`${local} local`] : []),
    ...(onMirrors > 0 ? [`${onMirrors} on ${mirrors.size === 1 ? 'the mirror' : 'mirrors'}`] : []),
  ];
  const text = `${there} of them ${there === 1 ? 'is' : 'are'} in sstate now (${places.join(', ')})`;
  return unknown > 0 ? `${text}, ${unknown} more may be: ${line}` : text;
}
