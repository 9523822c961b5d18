/**
 * Compares the engine's answer with BitBake's: what has to be equal, and where ours may know better.
 *
 * BitBake stops at an error; ours says it and goes on. So an error of BitBake's asks for an error of ours in the
 * same place, in whatever words, and nothing more of what we could evaluate all the same. Knows nothing of the
 * engine.
 */
import type { Answer, VariantAnswer } from './fixture.ts';

/** BitBake's reason for a recipe that skips itself while it is read: the real one is lost. */
const LOST_REASON = 'True';

/** @returns what differs, a line each: the variant, the task, theirs and ours; empty when all is as it should be */
export function differences(expected: Answer, actual: Answer): string[] {
  if (expected['']?.error !== undefined) {
    return actual['']?.error === undefined ? [`the configuration: theirs fails (${expected[''].error})`] : [];
  }
  const failed = Object.keys(expected).filter((mcfn) => expected[mcfn]?.error !== undefined);
  const found = failed
    .filter((file) => !variantsOf(file, actual).some((mcfn) => actual[mcfn]?.error !== undefined))
    .map((file) => `${file}: theirs fails (${expected[file]?.error})`);
  const excused = new Set(failed.flatMap((file) => variantsOf(file, actual)));
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  for (const mcfn of [...names].sort()) {
    if (failed.includes(mcfn) || excused.has(mcfn)) continue;
    found.push(...variantDifferences(mcfn, expected[mcfn], actual[mcfn]));
  }
  return found;
}

function variantDifferences(
  mcfn: string,
  expected: VariantAnswer | undefined,
  actual: VariantAnswer | undefined,
): string[] {
  if (!expected) return [`${mcfn || 'the configuration'}: only ours (${actual?.error ?? actual?.pn})`];
  if (!actual) return [`${mcfn}: only theirs`];
  if (actual.error !== undefined) return [`${mcfn}: ours fails (${actual.error})`];
  const found: string[] = [];
  const compare = (what: string, theirs: string | undefined, ours: string | undefined): void => {
    if (theirs !== ours) found.push(`${mcfn} ${what}: theirs ${theirs}, ours ${ours}`);
  };
  compare('PN', expected.pn, actual.pn);
  const reasonIsLost = expected.skipped === LOST_REASON && actual.skipped !== undefined;
  if (!reasonIsLost) compare('skipped', expected.skipped, actual.skipped);
  const tasks = new Set([...Object.keys(expected.tasks ?? {}), ...Object.keys(actual.tasks ?? {})]);
  for (const task of tasks) compare(task, expected.tasks?.[task], actual.tasks?.[task]);
  return found;
}

/** The virtual names of a recipe file's variants; BitBake names a file that fails by its plain name. */
function variantsOf(file: string, answer: Answer): string[] {
  const [, multiconfig = '', path = file] = /^(mc:[^:]*:)?(.*)$/.exec(file) ?? [];
  return Object.keys(answer).filter(
    (mcfn) => mcfn === file || (mcfn.startsWith(`${multiconfig}virtual:`) && mcfn.endsWith(`:${path}`)),
  );
}
