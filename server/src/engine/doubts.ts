/**
 * Which variants of a recipe are in doubt as a whole, because Python asked the host for what the sandbox refuses
 * where the effect cannot be bounded: while files are read, in event handlers and anonymous functions. What is asked
 * while single values are looked at for hashes concerns those alone (`signature/dependencies.ts`).
 *
 * A refusal while a variant is finalised concerns that variant; one before, all that come after.
 */
import type { ReadFrames } from '../datastore/cache.ts';
import type { ParseContext } from '../metadata/context.ts';
import type { Refusal } from '../python/runtime.ts';

export class VariantDoubts {
  private shared: string | undefined;
  private readonly own = new Map<string, string | undefined>();

  constructor(private readonly frames: ReadFrames) {
    frames.forgetDoubts();
  }

  starts(): void {
    this.shared ??= this.frames.takeDoubt();
  }

  /** Its values are final; from now on they are looked at one by one. */
  finalised(variant: string): void {
    this.own.set(variant, this.shared ?? this.frames.takeDoubt());
    this.frames.forgetDoubts();
  }

  /** Each of its values was looked at; what runs from now on changes no hash of it by what it reads. */
  hashed(variant: string): void {
    this.own.set(variant, this.own.get(variant) ?? this.frames.everything);
    this.frames.forgetDoubts();
  }

  ends(variant: string): void {
    const { frames, own, shared } = this;
    own.set(variant, own.get(variant) ?? shared ?? frames.everything ?? frames.takeDoubt());
    frames.forgetDoubts();
  }

  /** Why nothing of a variant is certain, where that is so. */
  of(variant: string): string | undefined {
    this.starts();
    return this.own.has(variant) ? this.own.get(variant) : this.shared;
  }
}

const AUTOREV =
  'SRCREV is AUTOREV, which asks the network which revision is newest: set SRCREV to a revision';

/** The end of a line "unknown, because …" for something that was refused. */
export function doubtOf(what: string, ctx: ParseContext): string {
  return isAutorev(what, ctx)
    ? `its ${AUTOREV}`
    : `its Python tried to ${what}, which is not done while hashes are computed`;
}

/** What is said of a refusal, and where if that is not where Python was. */
export function describeRefusal(
  { what }: Refusal,
  ctx: ParseContext,
): { readonly message: string; readonly variable: string | undefined } {
  return isAutorev(what, ctx)
    ? { message: `Hashes are unknown: ${AUTOREV}`, variable: 'SRCREV' }
    : {
        message: `Hashes are unknown: this tries to ${what}, which the sandbox does not do`,
        variable: undefined,
      };
}

/** Whether it is BitBake's fetcher that looks up AUTOREV (`bb/fetch2/__init__.py: srcrev_internal_helper`). */
function isAutorev(what: string, { current }: ParseContext): boolean {
  if (!/^(run a command: .*ls-remote|use the network|look up|ask the network)/s.test(what)) return false;
  const text = current?.getVar('SRCREV', false);
  return (
    Boolean(current?.getVar('__BBAUTOREV_ACTED_UPON', false)) ||
    (typeof text === 'string' && /AUTOREV|AUTOINC/.test(text))
  );
}
