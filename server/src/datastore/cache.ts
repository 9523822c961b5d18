/**
 * Expansions that are known, and what each of them read, so that a change forgets only what it can reach.
 *
 * Every expansion in progress is a frame; each variable read meanwhile is noted in the innermost one. The
 * frames are shared by all datastores of the process (Python can read a copy while it computes a value of
 * the original), the cached expansions belong to one datastore.
 *
 * Invariant: an entry is found only while nothing it read, directly or through other entries, was changed
 * since it was stored.
 */
import { DecisiveNames } from './decisive.ts';
import { DoubtfulVariables } from './doubts.ts';
import { EndlessError } from './errors.ts';
import type { Expansion } from './expansion.ts';
import { OccasionalValues, type Origin } from './occasionalValues.ts';
import type { Value } from './value.ts';

export interface CachedExpansion {
  readonly expansion: Expansion;
  /** Whether the value depends on the current overrides, directly or through what it read. */
  readonly usesOverrides: boolean;
  /** How often the datastore had been changed when it was made, where it counts only until the next change. */
  readonly until: number | undefined;
  /** Why it is not what BitBake would get, where it may not be: it read something that the host was not asked for. */
  readonly doubt: string | undefined;
  /** Whether more than variables decided it. */
  readonly outside: boolean;
  /** What is another at every parse and had a part in it. */
  readonly origin: Origin | undefined;
}

/** One expansion in progress. */
interface Frame {
  /** `NAME` or `NAME[flag]`. */
  readonly key: string;
  /** The cache of the datastore it belongs to; undefined: of what is watched, which may read several. */
  readonly owner: ExpansionCache | undefined;
  /** Undefined: none so far. */
  reads: Set<string> | undefined;
  usesOverrides: boolean;
  /** It changed its datastore, listed all of it, or read another: it counts until the next change only. */
  passing: boolean;
  /** Files, the clock, or what Python keeps had a part in it. */
  outside: boolean;
  doubt: string | undefined;
  /** What is another at every parse and had a part in it. */
  origin: Origin | undefined;
  /** What was changed meanwhile. */
  written: Set<string> | undefined;
}

const NOTHING: ReadonlySet<string> = new Set();
/** How deep values may refer to each other; BitBake reaches Python's limit after about as many. */
const DEEPEST = 250;
const MOST_NAMED = 6;

/** The expansions in progress, innermost last; shared by all datastores of an evaluation. */
export class ReadFrames {
  private readonly frames: Frame[] = [];
  /** What is done outside of all expansions, where somebody wants to know what it reads. */
  private watched: Frame | undefined;
  /** Of what was computed outside of all expansions, or came out of them. */
  private doubt: string | undefined;
  private inStep = false;
  /** What was changed outside of all expansions during a step. */
  private written: Set<string> | undefined;
  private readonly doubtful = new DoubtfulVariables();
  private lastDoubt = '';
  /** What is another at every parse and had a part in what is done outside of all expansions. */
  private readonly unframed: { origin: Origin | undefined } = { origin: undefined };
  private readonly occasional = new OccasionalValues();
  /** Variables whose values were asked for, from anywhere, by others than who hashes them. */
  private values = new Set<string>();
  /** What is being hashed itself. */
  private hashed: string | undefined;
  /** Variables of which it is told that their values are asked for. */
  private observed: ReadonlySet<string> = NOTHING;
  private onAsked: (variable: string) => void = () => undefined;
  readonly decisive = new DecisiveNames();
  /** How often anything was in doubt. */
  doubts = 0;

  /** How many expansions are in progress. */
  get depth(): number {
    return this.frames.length;
  }

  /** @throws EndlessError where they nest too deeply */
  enter(owner: ExpansionCache, key: string): Frame {
    if (this.frames.length >= DEEPEST) throw this.endless(key);
    const frame = newFrame(owner, key);
    this.frames.push(frame);
    return frame;
  }

  /**
   * Does something outside of all expansions.
   * @returns with the variables that it read; undefined where more than their values decides what comes of it
   */
  watch<T>(step: () => T): { readonly result: T; readonly reads: ReadonlySet<string> | undefined } {
    const frame = (this.watched = newFrame(undefined, ''));
    try {
      const result = step();
      return { result, reads: frame.passing || frame.outside ? undefined : (frame.reads ?? NOTHING) };
    } finally {
      this.watched = undefined;
    }
  }

  /** What notes what is read. */
  private get noting(): Frame | undefined {
    return this.frames.at(-1) ?? this.watched;
  }

  private endless(key: string): EndlessError {
    const keys = this.frames.map((frame) => frame.key);
    const again = keys.findIndex((name, index) => keys.indexOf(name) < index);
    if (again >= 0) {
      const first = keys[again]!;
      const circle = keys.slice(keys.indexOf(first), again);
      const path = [...(circle.length > MOST_NAMED ? [...circle.slice(0, MOST_NAMED), '…'] : circle), first];
      const message = `${first} refers to itself without end (${path.join(' -> ')}): break the circle`;
      return new EndlessError(message, circle.at(-1));
    }
    const path = [...keys.slice(0, MOST_NAMED), '…', key].join(' -> ');
    return new EndlessError(
      `Values refer to each other more than ${DEEPEST} deep (${path}): let them nest less deeply`,
      keys[0],
    );
  }

  /** Ends `frame`; what it depends on, the expansion around it depends on too. */
  leave(frame: Frame): void {
    this.frames.pop();
    if (frame.doubt !== undefined) this.leaveInDoubt(frame, frame.doubt);
    if (frame.origin !== undefined) this.comesFrom(frame.origin);
    const outer = this.noting;
    if (frame.written) for (const name of frame.written) this.noteWritten(name);
    if (!outer) return;
    if (frame.outside) outer.outside = true;
    if (outer.owner !== frame.owner && outer.owner !== undefined) {
      outer.passing = true;
      return;
    }
    if (frame.usesOverrides) outer.usesOverrides = true;
    if (frame.passing) outer.passing = true;
  }

  // Whose values decide what is evaluated

  /** Starts over. @returns the variables whose values were asked for until now */
  takeValues(): Set<string> {
    const { values } = this;
    this.values = new Set();
    return values;
  }

  /** What `takeValues` has told counts as asked for since then. */
  giveBackValues(values: Iterable<string>): void {
    for (const variable of values) this.values.add(variable);
  }

  /** Whether the value of a variable was asked for since `takeValues`. */
  hasAskedFor(variable: string): boolean {
    return this.values.has(variable);
  }

  /** @param asked told each time the value of one of the variables is asked for; what is made of it is not kept for long */
  observe(variables: ReadonlySet<string>, asked: (variable: string) => void): void {
    this.observed = variables;
    this.onAsked = asked;
  }

  /** The value of a variable, not of one of its flags, is asked for. */
  askValue(variable: string): void {
    this.decisive.value(variable);
    if (this.observed.has(variable)) {
      this.lookOutside();
      this.onAsked(variable);
    }
    if (variable !== this.hashed || this.frames.length > 0) this.values.add(variable);
  }

  /** Asks for a value only to hash it: what is evaluated does not depend on it. */
  forHash<T>(variable: string, ask: () => T): T {
    this.hashed = variable;
    try {
      return this.decisive.whileHashing(ask);
    } finally {
      this.hashed = undefined;
    }
  }

  // What is in doubt

  /** What is computed at this point asks for something that it does not get. */
  putInDoubt(reason: string): void {
    this.doubts++;
    this.lastDoubt = reason;
    const frame = this.frames.at(-1);
    if (frame) frame.doubt ??= reason;
    else this.doubt ??= reason;
  }

  /** What was last in doubt may have changed anything: nothing that is computed from now on is certain. */
  putAllInDoubt(reason = this.lastDoubt): void {
    this.doubtful.all ??= reason;
  }

  /** Why nothing is certain, where that is so. */
  get everything(): string | undefined {
    return this.doubtful.all;
  }

  /** The doubt of what was computed outside of all expansions since the last call. */
  takeDoubt(): string | undefined {
    const { doubt } = this;
    this.doubt = undefined;
    return doubt;
  }

  /** Starts over: what a variant changed does not concern the next. */
  forgetDoubts(): void {
    this.doubt = this.written = undefined;
    this.inStep = false;
    this.doubtful.forget();
  }

  /**
   * Finds what a variable is set to that lasts. Where that is in doubt, so is the variable, and nothing else is.
   * @returns `instead` where it is in doubt and cannot be found
   */
  findLasting<T>(variable: string, find: () => T, instead: T): T {
    return this.apart(() => {
      try {
        return find();
      } catch (error) {
        if (this.doubt === undefined) throw error;
        return instead;
      } finally {
        const doubt = this.takeDoubt();
        if (doubt !== undefined) this.doubtful.addLasting(variable, doubt);
      }
    });
  }

  /** Does something outside of all expansions that puts nothing else in doubt than what is. */
  apart<T>(step: () => T): T {
    const before = this.takeDoubt();
    try {
      return step();
    } finally {
      this.doubt = before;
    }
  }

  /** The configuration is complete: what is in doubt now is in doubt for every recipe. */
  settleDoubts(): void {
    this.doubtful.settle(this.doubt);
    this.occasional.settle();
  }

  /** Begins a step outside of all expansions, whose doubt `endStep` tells. */
  beginStep(): void {
    this.doubt = this.written = this.unframed.origin = undefined;
    this.inStep = true;
  }

  endStep(): string | undefined {
    const doubt = this.takeDoubt();
    if (doubt !== undefined) for (const name of this.written ?? []) this.doubtful.add(name, doubt);
    this.written = undefined;
    this.inStep = false;
    return doubt;
  }

  // What is another at every parse

  /** What is computed at this point asks for something that is another at every parse. @param what as `the clock` */
  askOccasion(what: string): void {
    this.comesFrom({ what, isRead: false });
  }

  private comesFrom(origin: Origin): void {
    const frame = this.frames.at(-1) ?? this.unframed;
    if (frame.origin === undefined || (frame.origin.isRead && !origin.isRead)) frame.origin = origin;
  }

  /** What is computed at this point comes from that is another at every parse; undefined where it does not. */
  get occasion(): string | undefined {
    return (this.frames.at(-1) ?? this.unframed).origin?.what;
  }

  /** Something begins, outside of all expansions, that does not depend on what was computed before. */
  beginOccasion(): void {
    this.unframed.origin = undefined;
  }

  /** A variable or flag was set to what was computed for it at this point. */
  noteOccasion(variable: string, flag: string | undefined, value: Value): void {
    const { occasion } = this;
    if (occasion !== undefined) this.occasional.add(variable, flag, value, occasion);
  }

  /** A variable or flag was set to something at this point. */
  noteWrite(variable: string, flag: string | undefined, value: Value): void {
    const what = this.occasionFor(value);
    if (what !== undefined) this.occasional.add(variable, flag, value, what);
  }

  /** What a value that was made at this point may come from that is another at every parse. */
  occasionFor(value: Value): string | undefined {
    const { origin } = this.frames.at(-1) ?? this.unframed;
    return origin && (!origin.isRead || this.occasional.isIn(value)) ? origin.what : undefined;
  }

  /** A variable or flag is read. @param value unexpanded */
  readOccasion(variable: string, flag: string | undefined, value: Value): void {
    const what = this.occasional.originOf(variable, flag, value);
    if (what !== undefined) this.comesFrom({ what, isRead: true });
  }

  /** What a text that is hashed of a variable or flag comes from that is another at every parse. */
  occasionOf(variable: string, flag: string | undefined, text: Value): string | undefined {
    return this.occasional.originOf(variable, flag, text);
  }

  /** The variables that the recipe has set to what is another at every parse, or a flag of them. */
  occasionalNames(): Iterable<string> {
    return this.occasional.names();
  }

  /** Whether any flag has a value that is another at every parse. */
  get hasOccasionalFlags(): boolean {
    return this.occasional.hasFlags;
  }

  /** A recipe begins: what another has set is no matter. */
  forgetOccasions(): void {
    this.unframed.origin = undefined;
    this.occasional.forget();
  }

  private leaveInDoubt(frame: Frame, doubt: string): void {
    for (const name of frame.written ?? []) this.doubtful.add(name, doubt);
    // The overrides are kept elsewhere, for all to use.
    if (frame.key === 'OVERRIDES') this.putAllInDoubt(doubt);
    this.putInDoubt(doubt);
  }

  private noteWritten(variable: string): void {
    const frame = this.frames.at(-1);
    if (frame) (frame.written ??= new Set()).add(variable);
    else if (this.inStep) (this.written ??= new Set()).add(variable);
  }

  /** Whether a variable is set, or what its value is, is asked. */
  ask(variable: string): void {
    const doubt = this.doubtful.of(variable);
    if (doubt !== undefined) this.putInDoubt(doubt);
  }

  read(variable: string, owner: ExpansionCache): void {
    this.ask(variable);
    const frame = this.noting;
    if (!frame) return;
    if (frame.owner === owner || frame.owner === undefined) (frame.reads ??= new Set()).add(variable);
    else frame.passing = true;
  }

  /** What is computed at this point is decided by more than variables. */
  lookOutside(): void {
    const frame = this.noting;
    if (frame) frame.outside = true;
  }

  /** A cached expansion was used: what makes it pass makes the one around it pass. */
  reuse(cached: CachedExpansion): void {
    if (cached.doubt !== undefined) this.putInDoubt(cached.doubt);
    if (cached.origin !== undefined) this.comesFrom(cached.origin);
    const frame = this.noting;
    if (!frame) return;
    if (cached.outside) frame.outside = true;
    if (cached.usesOverrides) frame.usesOverrides = true;
    if (cached.until !== undefined) frame.passing = true;
  }

  readOverrides(): void {
    const frame = this.noting;
    if (frame) frame.usesOverrides = true;
  }

  /** All names are listed. */
  readNames(): void {
    const doubt = this.doubtful.ofNames;
    if (doubt !== undefined) this.putInDoubt(doubt);
    this.readEverything();
  }

  readEverything(): void {
    const frame = this.noting;
    if (frame) frame.passing = true;
  }

  write(variable: string, owner: ExpansionCache): void {
    this.noteWritten(variable);
    for (const frame of this.frames) if (frame.owner === owner) frame.passing = true;
    if (this.watched) this.watched.passing = true;
  }
}

function newFrame(owner: ExpansionCache | undefined, key: string): Frame {
  return {
    key,
    owner,
    reads: undefined,
    usesOverrides: false,
    passing: false,
    outside: false,
    doubt: undefined,
    origin: undefined,
    written: undefined,
  };
}

/** Some entries of a cache, and what was read for them: variable and who read it. */
interface Part {
  readonly entries: readonly {
    readonly variable: string;
    readonly key: string;
    readonly entry: CachedExpansion;
  }[];
  readonly reads: readonly (readonly [read: string, reader: string])[];
}

export class ExpansionCache {
  private entries = new Map<string, CachedExpansion>();
  /** Variable -> the keys (`NAME[flag]`) of the entries of its flags. */
  private flags = new Map<string, Set<string>>();
  /** Variable -> the variables whose entries read it. */
  private readers = new Map<string, Set<string>>();
  /** Variable -> the entries that were made of it only to hash them; undefined: nobody wants to know. */
  private hashed: Map<string, Set<string>> | undefined;
  /** Variables with at least one entry that depends on the overrides. */
  private overrideUsers = new Set<string>();
  /** Variables with an entry that may be another one next time, though no variable is. */
  private uncertain = new Set<string>();
  /** How often the datastore was changed. */
  private changes = 0;
  /** What was changed, and all that had read it, since `noteChanges`. */
  private noted: Set<string> | undefined;

  get(key: string): CachedExpansion | undefined {
    const entry = this.entries.get(key);
    return entry?.until === undefined || entry.until === this.changes ? entry : undefined;
  }

  /**
   * @param provisional made while the overrides themselves are being computed
   * @param isHashed asked for only to hash it
   */
  store(
    key: string,
    variable: string,
    expansion: Expansion,
    frame: Frame,
    provisional: boolean,
    isHashed: boolean,
  ): void {
    if (provisional && frame.usesOverrides) return;
    const until = frame.passing ? this.changes : undefined;
    const { usesOverrides, doubt, outside, origin } = frame;
    this.put(variable, key, { expansion, usesOverrides, until, doubt, outside, origin });
    for (const read of frame.reads ?? NOTHING) {
      if (read === variable) continue;
      add(this.readers, read, variable);
      if (this.hashed && isHashed) add(this.hashed, read, key);
    }
    if (frame.usesOverrides) this.overrideUsers.add(variable);
    if (frame.passing || frame.outside || frame.doubt !== undefined) this.uncertain.add(variable);
  }

  private put(variable: string, key: string, entry: CachedExpansion): void {
    this.entries.set(key, entry);
    if (key !== variable) add(this.flags, variable, key);
  }

  /** The keys of the entries of a variable. */
  private keysOf(variable: string): string[] {
    return [variable, ...(this.flags.get(variable) ?? [])];
  }

  /** Variables and flags with cached expansions: `NAME` and `NAME[flag]`. */
  keys(): Iterable<string> {
    return this.entries.keys();
  }

  /** From here on it is remembered what is made of what only to hash it, whatever is forgotten meanwhile. */
  keepHashed(): void {
    this.hashed ??= new Map();
  }

  /** The entries (`NAME`, `NAME[flag]`) that were made of a variable only to hash them, since `keepHashed`. */
  hashedWith(variable: string): ReadonlySet<string> {
    return this.hashed?.get(variable) ?? NOTHING;
  }

  /** Forgets everything that read `variable`, which has changed. */
  forget(variable: string): void {
    this.changes++;
    if (this.entries.size > 0 || this.noted) this.drop(variable);
  }

  /** Forgets everything, which costs time at the next reading but no memory until then. */
  clear(): void {
    this.changes++;
    this.entries = new Map();
    this.flags = new Map();
    this.readers = new Map();
    this.overrideUsers = new Set();
    this.uncertain = new Set();
    this.noted = undefined;
    this.hashed = undefined;
  }

  /** From here on it is noted what is changed and had read what is changed. */
  noteChanges(): void {
    this.noted = new Set();
  }

  /**
   * Takes the entries of a cache that noted its changes and is of no use afterwards, where they hold in a datastore in
   * which nothing but `changed` is another. Of its own entries, those of `kept` stay, and those that may be another one
   * when they are made again.
   * @returns all that was changed or has read what was, or may not be taken; undefined where the other has noted nothing
   */
  takeOver(
    from: ExpansionCache,
    changed: Iterable<string>,
    kept: Iterable<string>,
  ): ReadonlySet<string> | undefined {
    const affected = from.noted;
    if (!affected) return undefined;
    const own = this.part(new Set([...kept, ...this.uncertain]));
    for (const variable of [...affected, ...from.uncertain, ...changed]) from.drop(variable);
    this.changes++;
    ({
      entries: this.entries,
      flags: this.flags,
      readers: this.readers,
      overrideUsers: this.overrideUsers,
    } = from);
    from.clear();
    for (const { variable, key, entry } of own.entries) {
      this.put(variable, key, entry);
      if (entry.usesOverrides) this.overrideUsers.add(variable);
      this.uncertain.add(variable);
    }
    for (const [read, reader] of own.reads) add(this.readers, read, reader);
    return affected;
  }

  /** What is known of some variables, and what that read, as it will be after one more change of nothing. */
  private part(variables: ReadonlySet<string>): Part {
    const entries = [...variables].flatMap((variable) =>
      this.keysOf(variable).flatMap((key) => {
        const entry = this.get(key);
        const until = entry?.until === undefined ? undefined : this.changes + 1;
        return entry ? [{ variable, key, entry: { ...entry, until } }] : [];
      }),
    );
    const reads: [string, string][] = [];
    for (const [read, readers] of this.readers) {
      for (const reader of readers) if (variables.has(reader)) reads.push([read, reader]);
    }
    return { entries, reads };
  }

  /** What counted only until the next change counts no longer. */
  expire(): void {
    this.changes++;
  }

  forgetOverrides(): void {
    const users = [...this.overrideUsers];
    this.overrideUsers.clear();
    for (const variable of users) this.drop(variable);
  }

  private drop(first: string): void {
    const waiting = [first];
    for (let variable = waiting.pop(); variable !== undefined; variable = waiting.pop()) {
      this.noted?.add(variable);
      this.entries.delete(variable);
      const flags = this.flags.get(variable);
      if (flags) {
        for (const key of flags) this.entries.delete(key);
        this.flags.delete(variable);
      }
      const readers = this.readers.get(variable);
      if (readers) {
        this.readers.delete(variable);
        waiting.push(...readers);
      }
    }
  }
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key);
  if (set) set.add(value);
  else map.set(key, new Set([value]));
}
