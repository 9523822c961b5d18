/**
 * BitBake's own line about setscene tasks, as OE-Core's class prints it.
 *
 * Follows `sstate.bbclass: sstate_checkhashes`: what counts as wanted is what neither does nothing nor has a stamp.
 */

export interface SstateSummary {
  /** Objects that were looked for. */
  readonly wanted: number;
  /** Found in SSTATE_DIR. */
  readonly local: number;
  /** Found on mirrors. */
  readonly mirrors: number;
  readonly missed: number;
  /** Setscene tasks that stamps say are done. */
  readonly current: number;
}

/** How many of the wanted objects there are, in whole percent, cut off as BitBake does; 0 of none. */
export function matchPercentage({ wanted, local, mirrors }: SstateSummary): number {
  return wanted === 0 ? 0 : Math.trunc(((local + mirrors) / wanted) * 100);
}

/** The same with what is done already; 0 where nothing is. */
export function completePercentage({ wanted, local, mirrors, current }: SstateSummary): number {
  return current === 0 ? 0 : Math.trunc(((local + mirrors + current) / (wanted + current)) * 100);
}

/** BitBake's line; a second one where objects are unknown, as it would be were they all there. */
export function summaryLines(plan: {
  readonly summary: SstateSummary;
  readonly summaryAtBest: SstateSummary;
}): string[] {
  const line = summaryLine(plan.summary);
  const best = summaryLine(plan.summaryAtBest);
  return line === best ? [line] : [line, `at best         ${best.slice('Sstate summary:'.length)}`];
}

export function summaryLine(summary: SstateSummary): string {
  const { wanted, local, mirrors, missed, current } = summary;
  return (
    `Sstate summary: Wanted ${wanted} Local ${local} Mirrors ${mirrors} Missed ${missed} Current ${current} ` +
    `(${matchPercentage(summary)}% match, ${completePercentage(summary)}% complete)`
  );
}
