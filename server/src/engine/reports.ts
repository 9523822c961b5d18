/**
 * What is told of an entry into Python: messages of its code and refusals of the sandbox, each with its place.
 *
 * Decides only where and how they are told, nothing about values or hashes.
 */
import type { ChangeSource } from '../datastore/history.ts';
import type { ParseContext } from '../metadata/context.ts';
import { LATEST_KNOWN, OLDEST_KNOWN, type Release } from '../metadata/release.ts';
import type { PythonRuntime } from '../python/runtime.ts';
import type { MessageLevel } from '../python/sandbox.ts';
import { describeRefusal } from './doubts.ts';

/** Reports what Python says, at its place; notes are left out. */
export function say(
  ctx: ParseContext | undefined,
  level: MessageLevel,
  message: string,
  frame: { file: string; line: number } | undefined,
): void {
  if (!ctx || level === 'note' || level === 'plain') return;
  const source = frame ? { path: frame.file, line: frame.line } : ctx.place;
  ctx.reportMessage(level === 'warning' ? 'warning' : 'error', message, source);
}

/** Why no hash of a release can be told; undefined: it can. */
export function whyUntold({ age, version }: Release): string | undefined {
  if (age !== 'older') return undefined;
  return `BitBake ${version} is older than ${OLDEST_KNOWN} (kirkstone), the first whose rules are known`;
}

/** Reports a release whose hashes were never compared with real BitBake. @param source where the user chose it */
export function reportRelease(ctx: ParseContext, source: ChangeSource): void {
  const { release } = ctx;
  const untold = whyUntold(release);
  if (untold !== undefined) ctx.report('error', 'release', `${untold}: no hash is told`, source);
  if (release.age !== 'newer') return;
  const message =
    `BitBake ${release.version} is newer than ${LATEST_KNOWN}, the last whose hashes were compared: ` +
    'run sstate-lens verify --bitbake before you rely on them';
  ctx.report('warning', 'release', message, source);
}

/**
 * Reports that the built-in part of BitBake stands for the whole of it, where the configuration may fail for what that
 * does not have.
 * @param refused why it fails, if it does
 */
export function reportMissingBitBake(
  ctx: ParseContext,
  refused: string | undefined,
  source: ChangeSource,
): void {
  if (!/(ModuleNotFound|Import|Attribute)Error/.test(refused ?? '')) return;
  const message =
    'No BitBake was found beside the layers or in PATH. The built-in part of it stands in, which may be why the ' +
    'configuration fails: put a checkout of BitBake beside the layers (in the terminal, name it with --bitbake DIR)';
  ctx.report('warning', 'no-bitbake', message, source);
}

/** The place that an entry into Python belongs to, where one is known; else `what` as it is. */
export function whereOf(what: string, ctx: ParseContext | undefined): string {
  if (!ctx || /:\d+$/.test(what)) return what;
  const variable = /^the value of ([^[\]]+)/.exec(what)?.[1];
  const place = ctx.originOf(variable) ?? ctx.place;
  return place && place.line > 0 ? `${place.path}:${place.line}` : what;
}

/** What `whereOf` says as a place, where it is one. */
export function placeOf(where: string): ChangeSource | undefined {
  const place = /^(.*):(\d+)$/.exec(where);
  return place ? { path: place[1]!, line: Number(place[2]) } : undefined;
}

/** Reports what the sandbox refused. */
export function reportRefusals(python: PythonRuntime, ctx: ParseContext): void {
  ctx.reportRefusals(
    python.takeRefusals().map((refusal) => {
      const { message, variable } = describeRefusal(refusal, ctx);
      const { frame, entered } = refusal;
      const source =
        ctx.originOf(variable) ??
        (frame ? { path: frame.file, line: frame.line } : (placeOf(entered) ?? ctx.place));
      return { message, source };
    }),
  );
}
