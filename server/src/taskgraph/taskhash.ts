/**
 * The taskhash of every task of a graph, and, after one input changed, of those that it reaches.
 *
 * Follows `bb/siggen.py: SignatureGenerator.get_taskhash, SignatureGeneratorBasic.prep_taskhash, get_taskhash,
 * SignatureGeneratorUniHashMixIn.get_cached_unihash` and OE-Core's `SignatureGeneratorOEBasicHashMixIn`. Pure: what
 * files hold and what a hash equivalence server knows is passed in. Tasks are integers; hashes lie in one block of
 * memory as the text that enters other hashes, because folding is little else than copying them.
 */
import { createHash } from 'node:crypto';
import * as crypto from 'node:crypto';
import { atOnce, stepByStep, type Steps } from '../base/turns.ts';
import type { TaskhashTraits } from '../metadata/release.ts';
import type { BitBakeHash, Unknown } from '../signature/signatures.ts';
import { checksumText, type FileChecksum } from './checksums.ts';
import { type Lock, locks } from './taskhashLocks.ts';
import { CountedEdges, dependencyOrder, reversed, roundsOf } from './taskhashEdges.ts';
import type { FilteredRecipe, VirtualProviders } from './taskhashRules.ts';
import type { TaskhashSettings } from './taskhashSettings.ts';

export interface HashedRecipe extends FilteredRecipe {
  /** BitBake's virtual file name. */
  readonly mcfn: string;
  /** Tasks that run each time. */
  readonly flags: { readonly nostamp: Readonly<Record<string, string>> };
}

/** The graph as far as hashes need it. Tasks are 0 … count - 1. */
export interface HashedGraph {
  readonly count: number;
  recipe(task: number): HashedRecipe;
  /** `do_install`. */
  name(task: number): string;
  dependencies(task: number): ArrayLike<number>;
  /** Whether the task has a setscene task in this graph. */
  isSetscene(task: number): boolean;
}

/** What a hash is asked for in hash equivalence. */
export interface UnihashQuery {
  readonly multiconfig: string;
  readonly pn: string;
  readonly task: string;
  readonly taskhash: BitBakeHash;
}

export interface TaskhashInputs {
  /** Why the graph itself, or how it is hashed, is not certain: no hash is known then. */
  readonly doubt?: string;
  readonly graph: HashedGraph;
  readonly settings: TaskhashSettings;
  readonly traits: TaskhashTraits;
  readonly virtuals: VirtualProviders;
  basehash(task: number): BitBakeHash | Unknown;
  /** The files of `[file-checksums]`, as they are hashed. */
  files(task: number): readonly FileChecksum[] | Unknown;
  /** What a taint file beside the task's stamps holds. */
  taint(task: number): string | undefined;
  /**
   * What hash equivalence knows; only asked by handlers that use it, and only for setscene tasks. Undefined: it
   * knows that there is none, and the taskhash stands for it.
   */
  unihash?(query: UnihashQuery): string | Unknown | undefined;
}

/** A task whose hash is locked to another than the one that was computed. */
export interface LockMismatch extends Lock {
  readonly task: number;
  readonly computed: BitBakeHash;
}

const HEX = 64;
const KNOWN = -1;

export class Taskhashes {
  /** The reverse. */
  private readonly dependents: Int32Array;
  private readonly dependentStarts: Int32Array;
  /** As hexadecimal text, task after task: what was computed, and what enters the hashes of dependents. */
  private readonly computed: Buffer;
  private readonly unihashes: Buffer;
  /** By task: what follows the dependencies in the text that is hashed. */
  private readonly basehashes: Buffer;
  private readonly rests: (Buffer | undefined)[];
  /** By task: another task that makes the hash unknowable, or itself; `KNOWN`. */
  private readonly because: Int32Array;
  /** Why a task's own inputs are unknown. */
  private readonly reasons = new Map<number, string>();
  /** Why hash equivalence could not be asked for a task whose hash is known. */
  private readonly unanswered = new Map<number, string>();
  /** What dependents see of tasks, where that was given in another length than a hash has. */
  private readonly unusual = new Map<number, string>();
  /** Tasks with a new random number in their hash in each run of BitBake. */
  private readonly newEachTime = new Set<number>();
  private readonly locked: ReadonlyMap<number, Lock>;
  private readonly usesUnihashes: boolean;
  private readonly hasSetscene: boolean;
  private readonly scratch: Buffer;
  private readonly edges: Int32Array;
  private readonly starts: Int32Array;

  /** @param order all tasks, each after what it depends on */
  private constructor(
    private readonly inputs: TaskhashInputs,
    private readonly counted: CountedEdges,
    private readonly order: Int32Array,
    levels: Int32Array,
  ) {
    const { graph, settings } = inputs;
    const { edges, starts } = counted;
    this.edges = edges;
    this.starts = starts;
    const { count } = graph;
    this.computed = Buffer.alloc(count * HEX);
    this.unihashes = Buffer.alloc(count * HEX);
    this.basehashes = Buffer.alloc(count * HEX);
    this.rests = new Array<Buffer | undefined>(count);
    this.because = new Int32Array(count).fill(KNOWN);
    this.usesUnihashes = settings.handler === 'OEEquivHash' || settings.handler === 'TestEquivHash';
    this.hasSetscene = Array.from({ length: count }, (_, task) => task).some((task) =>
      graph.isSetscene(task),
    );
    [this.dependents, this.dependentStarts] = reversed(edges, starts);
    this.locked = locks(graph, settings, levels);
    let most = 0;
    for (let task = 0; task < count; task++) most = Math.max(most, starts[task + 1]! - starts[task]!);
    this.scratch = Buffer.alloc((most + 1) * HEX);
  }

  /**
   * Folds the whole graph.
   * @throws Error for circles, and for settings that no rule can be made of
   */
  static of(inputs: TaskhashInputs): Taskhashes {
    return atOnce(Taskhashes.folded(inputs));
  }

  /** As `of`, in steps. */
  static *folded(inputs: TaskhashInputs): Steps<Taskhashes> {
    const [hashes] = yield* Taskhashes.unfolded(inputs);
    for (const task of hashes.order) {
      yield;
      hashes.readInputs(task);
      hashes.fold(task);
    }
    return hashes;
  }

  /** With nothing folded yet, and the round of each task. */
  private static *unfolded(inputs: TaskhashInputs): Steps<[hashes: Taskhashes, levels: Int32Array]> {
    const counted = yield* CountedEdges.of(inputs);
    const { order, levels } = dependencyOrder(inputs.graph);
    yield;
    return [new Taskhashes(inputs, counted, order, levels), levels];
  }

  /**
   * After some tasks depend on others or have other inputs.
   * @param inputs with the same settings; of those that lock no hash
   * @param others tasks with other dependencies, or of recipes that say something else
   * @param stale tasks with other inputs
   * @param same how many tasks have the numbers that they had: all from there on are among `others`
   * @throws Error as `of`
   */
  *remade(
    inputs: TaskhashInputs,
    others: ReadonlySet<number>,
    stale: Iterable<number>,
    same: number,
  ): Steps<Taskhashes> {
    const { count } = inputs.graph;
    const sameTasks = count === same && this.inputs.graph.count === same;
    const counted = yield* this.counted.remade(inputs, (task) => others.has(task), sameTasks);
    const { order, levels } = dependencyOrder(inputs.graph);
    yield;
    const hashes = new Taskhashes(inputs, counted, order, levels);
    yield;
    this.computed.copy(hashes.computed, 0, 0, same * HEX);
    this.unihashes.copy(hashes.unihashes, 0, 0, same * HEX);
    this.basehashes.copy(hashes.basehashes, 0, 0, same * HEX);
    hashes.because.set(this.because.subarray(0, same));
    for (let task = 0; task < same; task++) hashes.rests[task] = this.rests[task];
    for (const [task, reason] of this.reasons) if (task < same) hashes.reasons.set(task, reason);
    for (const [task, reason] of this.unanswered) if (task < same) hashes.unanswered.set(task, reason);
    for (const [task, text] of this.unusual) if (task < same) hashes.unusual.set(task, text);
    for (const task of this.newEachTime) if (task < same) hashes.newEachTime.add(task);
    yield* hashes.updating([...others, ...stale]);
    return hashes;
  }

  /**
   * Folds the whole graph as BitBake does: round by round, all questions to hash equivalence of a round at once.
   *
   * Follows `bb/runqueue.py: RunQueueData.prepare` and `bb/siggen.py: get_unihashes`.
   * @param ask is told what `inputs.unihash` will be asked next; what it rejects with, this rejects with
   */
  static async inRounds(
    inputs: TaskhashInputs,
    ask: (queries: readonly UnihashQuery[]) => Promise<void>,
  ): Promise<Taskhashes> {
    const [hashes, levels] = await stepByStep(Taskhashes.unfolded(inputs));
    for (const round of roundsOf(hashes.order, levels)) {
      const queries = await stepByStep(hashes.questions(round));
      if (queries.length > 0) await ask(queries);
      for (const task of round) hashes.settle(task);
    }
    return hashes;
  }

  /** What BitBake calls the task's hash: the locked one where it is locked. */
  taskhash(task: number): BitBakeHash | Unknown {
    const lock = this.locked.get(task);
    if (lock) return lock.hash as BitBakeHash;
    return this.unknown(task) ?? textAt(this.computed, task);
  }

  /** What enters the hashes of dependents, and names stamps and sstate objects. */
  unihash(task: number): BitBakeHash | Unknown {
    const lock = this.locked.get(task);
    if (lock) return lock.hash as BitBakeHash;
    const unanswered = this.unanswered.get(task);
    if (unanswered !== undefined) return { unknown: unanswered };
    return this.unknown(task) ?? (this.key(task) as BitBakeHash);
  }

  /**
   * A key that changes when, and only when, the task's hash does, also where the hash itself is unknown: what cannot
   * be known is left out of it.
   */
  key(task: number): string {
    return this.unusual.get(task) ?? textAt(this.unihashes, task);
  }

  /** The dependencies that count for the hash, in the order of hashing. */
  countedDependencies(task: number): Int32Array {
    return this.edges.subarray(this.starts[task], this.starts[task + 1]);
  }

  /** The tasks whose hash takes in this one's. */
  countedDependents(task: number): Int32Array {
    return this.dependents.subarray(this.dependentStarts[task], this.dependentStarts[task + 1]);
  }

  /** The task that a taskhash is unknown because of; undefined: it is known. */
  unknownBecause(task: number): number | undefined {
    const because = this.because[task]!;
    return because === KNOWN ? undefined : because;
  }

  /** Whether the task itself gets a new random number into its hash in each run, so that no two are the same. */
  isNewEachTime(task: number): boolean {
    return this.newEachTime.has(task);
  }

  /** Tasks that are locked to other hashes than were computed: SIGGEN_LOCKEDSIGS_TASKSIG_CHECK tells of these. */
  lockMismatches(): LockMismatch[] {
    const found: LockMismatch[] = [];
    for (const [task, lock] of this.locked) {
      if (this.because[task] !== KNOWN) continue;
      const computed = textAt(this.computed, task);
      const unihash = this.equivalent(task, computed);
      if (computed !== lock.hash && typeof unihash === 'string' && unihash !== lock.hash)
        found.push({ ...lock, task, computed });
    }
    return found;
  }

  /** Whether the task's hash is one that was given. */
  lock(task: number): Lock | undefined {
    return this.locked.get(task);
  }

  /**
   * Asks anew for the inputs of these tasks and folds what they reach.
   * @returns the tasks whose hash has changed, each after what it depends on
   */
  update(tasks: Iterable<number>): number[] {
    return atOnce(this.updating(tasks));
  }

  private *updating(tasks: Iterable<number>): Steps<number[]> {
    const stale = new Uint8Array(this.inputs.graph.count);
    for (const task of tasks) {
      yield;
      this.readInputs(task);
      stale[task] = 1;
    }
    const changed: number[] = [];
    for (const task of this.order) {
      if (stale[task] === 0) continue;
      yield;
      if (!this.fold(task)) continue;
      changed.push(task);
      const end = this.dependentStarts[task + 1]!;
      for (let at = this.dependentStarts[task]!; at < end; at++) stale[this.dependents[at]!] = 1;
    }
    return changed;
  }

  private unknown(task: number): Unknown | undefined {
    const because = this.because[task]!;
    if (because === KNOWN) return undefined;
    const reason = this.reasons.get(because) ?? this.unanswered.get(because)!;
    if (because === task) return { unknown: reason };
    const { graph } = this.inputs;
    return {
      unknown: `it depends on ${graph.recipe(because).pn}:${graph.name(because)}, and there ${reason}`,
    };
  }

  /** Computes a round's hashes. @returns what hash equivalence is to be asked about them */
  private *questions(round: Int32Array): Steps<UnihashQuery[]> {
    const queries: UnihashQuery[] = [];
    for (const task of round) {
      yield;
      this.readInputs(task);
      if (this.compute(task) !== KNOWN) continue;
      const taskhash = textAt(this.computed, task);
      const query = this.mapped(task, taskhash) ?? this.query(task, taskhash);
      if (typeof query === 'object') queries.push(query);
    }
    return queries;
  }

  /** What the task itself adds to its hash. */
  private readInputs(task: number): void {
    const { graph, doubt } = this.inputs;
    const reasons: string[] = doubt === undefined ? [] : [doubt];
    const basehash = this.inputs.basehash(task);
    if (typeof basehash === 'string') this.basehashes.write(basehash, task * HEX, HEX, 'latin1');
    else {
      this.basehashes.fill('-', task * HEX, (task + 1) * HEX);
      reasons.push(basehash.unknown);
    }
    let rest = '';
    const files = this.inputs.files(task);
    if ('unknown' in files) reasons.push(files.unknown);
    else for (const file of files) rest += checksumText(file);
    const taint = this.inputs.taint(task);
    this.newEachTime.delete(task);
    if (taint) rest += taint.startsWith('nostamp:') ? taint.slice(8) : taint;
    else if (
      Object.hasOwn(graph.recipe(task).flags.nostamp, graph.name(task)) &&
      this.inputs.settings.handler !== 'noop'
    ) {
      this.newEachTime.add(task);
      reasons.push('the task is marked nostamp: BitBake puts a new random number into its hash in each run');
    }
    this.rests[task] = rest === '' ? undefined : Buffer.from(rest, 'utf8');
    if (reasons.length > 0) this.reasons.set(task, reasons[0]!);
    else this.reasons.delete(task);
  }

  /** @returns whether what dependents see of it has changed */
  private fold(task: number): boolean {
    const before = this.because[task];
    const because = this.compute(task);
    return this.settle(task) || because !== before;
  }

  /** Of the hashes of dependencies, the task's own. @returns what makes it unknown */
  private compute(task: number): number {
    const because = this.reasonOf(task);
    this.computed.write(this.digest(task), task * HEX, HEX, 'latin1');
    return (this.because[task] = because);
  }

  /** Of the task's own hash, what dependents see. @returns whether that has changed */
  private settle(task: number): boolean {
    const computed = textAt(this.computed, task);
    const lock = this.locked.get(task);
    const answer = lock?.hash ?? (this.because[task] === KNOWN ? this.equivalent(task, computed) : computed);
    const reason = typeof answer === 'string' ? undefined : answer.unknown;
    const unihash = typeof answer === 'string' ? answer : computed;
    const changed = this.key(task) !== unihash || this.unanswered.get(task) !== reason;
    if (changed) this.unihashes.write(unihash.padEnd(HEX).slice(0, HEX), task * HEX, HEX, 'latin1');
    // One that is locked may be of any length.
    if (unihash.length === HEX) this.unusual.delete(task);
    else this.unusual.set(task, unihash);
    if (reason === undefined) this.unanswered.delete(task);
    else this.unanswered.set(task, reason);
    return changed;
  }

  private reasonOf(task: number): number {
    if (this.reasons.has(task)) return task;
    const end = this.starts[task + 1]!;
    for (let at = this.starts[task]!; at < end; at++) {
      const dependency = this.edges[at]!;
      if (this.locked.has(dependency)) continue;
      if (this.unanswered.has(dependency)) return dependency;
      const because = this.because[dependency]!;
      if (because !== KNOWN) return because;
    }
    return KNOWN;
  }

  private digest(task: number): BitBakeHash {
    const { graph, settings } = this.inputs;
    if (settings.handler === 'noop')
      return sha256(Buffer.from(`${graph.recipe(task).mcfn}:${graph.name(task)}`));
    if (this.unusual.size > 0) return this.digestOfTexts(task);
    const { scratch, unihashes } = this;
    this.basehashes.copy(scratch, 0, task * HEX, (task + 1) * HEX);
    let length = HEX;
    const end = this.starts[task + 1]!;
    for (let at = this.starts[task]!; at < end; at++) {
      const from = this.edges[at]! * HEX;
      unihashes.copy(scratch, length, from, from + HEX);
      length += HEX;
    }
    const text = scratch.subarray(0, length);
    const rest = this.rests[task];
    return sha256(rest ? Buffer.concat([text, rest]) : text);
  }

  /** The same where not all that is joined is of one length. */
  private digestOfTexts(task: number): BitBakeHash {
    const texts = Array.from(this.countedDependencies(task), (dependency) => this.key(dependency));
    const text = Buffer.from(textAt(this.basehashes, task) + texts.join(''), 'utf8');
    return sha256(Buffer.concat([text, this.rests[task] ?? Buffer.alloc(0)]));
  }

  private equivalent(task: number, taskhash: BitBakeHash): string | Unknown {
    const mapped = this.mapped(task, taskhash);
    if (mapped !== undefined) return mapped;
    const query = this.query(task, taskhash);
    return (query && this.inputs.unihash?.(query)) ?? taskhash;
  }

  /** What SIGGEN_UNIHASHMAP says. */
  private mapped(task: number, taskhash: BitBakeHash): string | undefined {
    const { graph, settings } = this.inputs;
    if (settings.handler !== 'OEBasicHash' && settings.handler !== 'OEEquivHash') return undefined;
    const mapped = settings.unihashes[`${graph.recipe(task).pn}:${graph.name(task)}`];
    return mapped?.taskhash === taskhash ? mapped.unihash : undefined;
  }

  /** Undefined: BitBake does not ask for this task. */
  private query(task: number, taskhash: BitBakeHash): UnihashQuery | undefined {
    const { graph } = this.inputs;
    if (!this.usesUnihashes || (this.hasSetscene && !graph.isSetscene(task))) return undefined;
    const { pn, multiconfig } = graph.recipe(task);
    return { multiconfig, pn, task: graph.name(task), taskhash };
  }
}

function textAt(hashes: Buffer, task: number): BitBakeHash {
  return hashes.toString('latin1', task * HEX, (task + 1) * HEX) as BitBakeHash;
}

/** Node has `crypto.hash` since 20.12; making a Hash object for each of 25,000 tasks takes twice as long. */
const oneShot = (crypto as { hash?: (algorithm: string, data: Uint8Array, encoding: 'hex') => string }).hash;

const sha256: (text: Uint8Array) => BitBakeHash = oneShot
  ? (text) => oneShot('sha256', text, 'hex') as BitBakeHash
  : (text) => createHash('sha256').update(text).digest('hex') as BitBakeHash;
