/**
 * Requests of our own about multiconfigs (BBMULTICONFIG): in each of them a recipe has hashes of its own, and one speaks
 * for it in lenses, hovers and views, until the server ends.
 *
 * - `sstateLens/multiconfigs`: `{}` to `{ multiconfig, multiconfigs: [{ name, machine? }] }`: the one that speaks, and all
 *   there are, the plain configuration (`''`) first
 * - `sstateLens/selectMulticonfig`: `{ multiconfig }` to `{ multiconfig }`: has another speak; where there is none of that
 *   name, the plain configuration
 */
import type { Build } from './build.ts';

export const MULTICONFIGS = 'sstateLens/multiconfigs';
export const SELECT_MULTICONFIG = 'sstateLens/selectMulticonfig';

interface Multiconfigs {
  readonly multiconfig: string;
  readonly multiconfigs: readonly { readonly name: string; readonly machine?: string | undefined }[];
}

/** @param build undefined: no build directory is open */
export async function multiconfigsOf(build: Build | undefined): Promise<Multiconfigs> {
  const summary = await build?.summary().catch(() => undefined);
  if (!build || !summary) return { multiconfig: '', multiconfigs: [] };
  const multiconfigs = [{ name: '', machine: summary.machine }, ...summary.multiconfigs];
  const { multiconfig } = build;
  const isThere = multiconfigs.some(({ name }) => name === multiconfig);
  return { multiconfig: isThere ? multiconfig : '', multiconfigs };
}

/** The name that is asked for, where there is such a multiconfig; else that of the plain configuration. */
export async function multiconfigNamed(params: unknown, build: Build | undefined): Promise<string> {
  const { multiconfig } = (params ?? {}) as { multiconfig?: unknown };
  const { multiconfigs } = await multiconfigsOf(build);
  return multiconfigs.find(({ name }) => name === multiconfig)?.name ?? '';
}
