/**
 * Unihashes as BitBake finds them: what it remembers of its last run, then what a database or a server knows.
 *
 * Follows `bb/siggen.py: SignatureGeneratorUniHashMixIn.get_cached_unihash, get_unihashes`. Where BitBake warns that
 * it cannot reach its server and goes on with taskhashes, the answer is unknown here: at the next build the server
 * may be there. Pure; sources are passed in.
 */
import { UNIHASH, type UnihashSource, UnihashSourceFailure } from '../inputs/hashEquivalencePorts.ts';
import type { Unknown } from '../signature/signatures.ts';
import type { UnihashQuery } from '../taskgraph/taskhash.ts';
import type { RememberedUnihash, RememberedUnihashes } from './rememberedUnihashes.ts';

/** How many answers came from where. */
export interface UnihashCounts {
  readonly remembered: number;
  /** Name of a source -> how many it knew. */
  readonly found: ReadonlyMap<string, number>;
  /** Asked of all sources, and known to none. */
  readonly nowhere: number;
  /** Not answered. */
  readonly unknown: number;
}

/** Taskhash -> what servers have said of it; undefined: that they know of none. */
export type ServedUnihashes = Map<string, string | undefined>;

export interface UnihashOptions {
  /** SSTATE_HASHEQUIV_METHOD. */
  readonly method: string;
  readonly remembered: RememberedUnihashes;
  /** The next is asked for what the one before does not have. */
  readonly sources: readonly UnihashSource[];
  /** Why what no source has is unknown all the same: another would have to be asked. */
  readonly withheld?: string | undefined;
  /** What servers have said: it counts where they are withheld, and is added to where they are not. */
  readonly served?: ServedUnihashes | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class Unihashes {
  /** As BitBake's `unitaskhashes`: an answer takes the place of what was remembered. */
  private readonly remembered: Map<string, RememberedUnihash>;
  /** Taskhash -> unihash; undefined: there is none. */
  private readonly answers = new Map<string, string | undefined>();
  /** Taskhash -> why there is no answer. */
  private readonly reasons = new Map<string, string>();
  private readonly failed = new Map<UnihashSource, string>();
  private readonly found = new Map<string, number>();
  private readonly fromMemory = new Set<string>();

  constructor(private readonly options: UnihashOptions) {
    this.remembered = new Map(options.remembered);
  }

  /** Where sources failed, one sentence each. */
  get failures(): readonly string[] {
    return [...this.failed.values()];
  }

  get counts(): UnihashCounts {
    return {
      remembered: this.fromMemory.size,
      found: this.found,
      nowhere: [...this.answers.values()].filter((unihash) => unihash === undefined).length,
      unknown: this.reasons.size,
    };
  }

  /** What `Taskhashes` asks for, once `ask` was told of it. */
  answer(query: UnihashQuery): string | Unknown | undefined {
    const { taskhash } = query;
    const remembered = this.remembered.get(keyOf(query));
    if (remembered?.taskhash === taskhash) return remembered.unihash;
    if (this.answers.has(taskhash)) return this.answers.get(taskhash);
    return { unknown: this.reasons.get(taskhash) ?? 'hash equivalence was not asked for this taskhash' };
  }

  /** Gets what will be asked for. @throws the signal's reason, once it is aborted */
  async ask(queries: readonly UnihashQuery[]): Promise<void> {
    const open = queries.filter((query) => {
      const isRemembered = this.remembered.get(keyOf(query))?.taskhash === query.taskhash;
      if (isRemembered) this.fromMemory.add(keyOf(query));
      return !isRemembered;
    });
    const asked = new Set(open.map(({ taskhash }) => taskhash));
    await this.askSources([...asked].filter((taskhash) => !this.answers.has(taskhash)));
    for (const query of open) {
      const { taskhash } = query;
      if (!this.answers.has(taskhash)) continue;
      const unihash = this.answers.get(taskhash) ?? taskhash;
      this.remembered.set(keyOf(query), { taskhash, unihash });
    }
  }

  private async askSources(taskhashes: readonly string[]): Promise<void> {
    const { sources, withheld, served, signal } = this.options;
    let open = taskhashes;
    for (const source of sources) {
      if (open.length === 0) return;
      const answers = await this.askSource(source, open);
      if (typeof answers === 'string') {
        for (const taskhash of open) this.reasons.set(taskhash, answers);
        return;
      }
      open = open.filter((taskhash, index) => {
        const unihash = answers[index];
        if (unihash === undefined) return true;
        this.answers.set(taskhash, unihash);
        if (withheld === undefined) served?.set(taskhash, unihash);
        this.found.set(source.name, (this.found.get(source.name) ?? 0) + 1);
        return false;
      });
    }
    signal?.throwIfAborted();
    for (const taskhash of open) {
      if (withheld === undefined) {
        this.answers.set(taskhash, undefined);
        served?.set(taskhash, undefined);
      } else if (served?.has(taskhash)) this.answers.set(taskhash, served.get(taskhash));
      else this.reasons.set(taskhash, withheld);
    }
  }

  /** @returns why it does not answer, where it does not; it is not asked again then */
  private async askSource(
    source: UnihashSource,
    taskhashes: readonly string[],
  ): Promise<readonly (string | undefined)[] | string> {
    const { method, signal } = this.options;
    const failed = this.failed.get(source);
    if (failed !== undefined) return failed;
    let reason: string;
    try {
      const questions = taskhashes.map((taskhash) => ({ method, taskhash }));
      const answers = await source.unihashes(questions, signal);
      if (answers.every((unihash) => unihash === undefined || UNIHASH.test(unihash))) return answers;
      reason = `${source.name} gives something as a unihash that is none, and BitBake would stop: look at what writes to it`;
    } catch (error) {
      if (!(error instanceof UnihashSourceFailure)) throw error;
      reason = error.message;
    }
    this.failed.set(source, reason);
    return reason;
  }
}

function keyOf({ multiconfig, pn, task }: UnihashQuery): string {
  return `${multiconfig}:${pn}:${task}`;
}
