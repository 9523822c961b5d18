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
import type { TaskhashTraits } from '../metadata/release.ts';
import type { BitBakeHash, Unknown } from '../signature/signatures.ts';
import { checksumText, type FileChecksum } from './checksums.ts';
import { type Lock, locks } from './taskhashLocks.ts';
import { hashOrder, type PlacedTask } from './taskhashOrder.ts';
import { dependencyFilter, type FilteredRecipe, type VirtualProviders } from './taskhashRules.ts';
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
  readonly graph: HashedGraph;
  readonly settings: TaskhashSettings;
  readonly traits: TaskhashTraits;
  readonly virtuals: VirtualProviders;
  basehash(task: number): BitBakeHash | Unknown;
  /** The files of `[file-checksums]`, as they are hashed. */
  files(task: number): readonly FileChecksum[] | Unknown;
  /** What a taint file beside the task's stamps holds. */
  taint(task: number): string | undefined;
  /** What hash equivalence knows; only asked by handlers that use it, and only for setscene tasks. */
  unihash?(query: UnihashQuery): string | undefined;
}

/** A task whose hash is locked to another than the one that was computed. */
export interface LockMismatch extends Lock {
  readonly task: number;
  readonly computed: BitBakeHash;
}

const HEX = 64;
const KNOWN = -1;

export class Taskhashes {
  /** Dependencies that count, in the order of hashing: those of a task lie from `starts[task]` on. */
  private readonly edges: Int32Array;
  private readonly starts: Int32Array;
  /** The reverse. */
  private readonly dependents: Int32Array;
  private readonly dependentStarts: Int32Array;
  /** All tasks, each after what it depends on. */
  private readonly order: Int32Array;
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
  private readonly locked: ReadonlyMap<number, Lock>;
  private readonly usesUnihashes: boolean;
  private readonly hasSetscene: boolean;
  private readonly scratch: Buffer;

  /** Folds the whole graph. @throws Error for circles, and for settings that no rule can be made of */
  constructor(private readonly inputs: TaskhashInputs) {
    const { graph, settings } = inputs;
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
    [this.edges, this.starts] = countingDependencies(inputs);
    [this.dependents, this.dependentStarts] = reversed(this.edges, this.starts);
    const { order, levels } = dependencyOrder(graph);
    this.order = order;
    this.locked = locks(graph, settings, levels);
    let most = 0;
    for (let task = 0; task < count; task++)
      most = Math.max(most, this.starts[task + 1]! - this.starts[task]!);
    this.scratch = Buffer.alloc((most + 1) * HEX);
    for (const task of order) {
      this.readInputs(task);
      this.fold(task);
    }
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
    return this.unknown(task) ?? textAt(this.unihashes, task);
  }

  /**
   * A key that changes when, and only when, the task's hash does, also where the hash itself is unknown: what cannot
   * be known is left out of it.
   */
  key(task: number): string {
    return textAt(this.unihashes, task);
  }

  /** The dependencies that count for the hash, in the order of hashing. */
  countedDependencies(task: number): Int32Array {
    return this.edges.subarray(this.starts[task], this.starts[task + 1]);
  }

  /** The tasks whose hash takes in this one's. */
  countedDependents(task: number): Int32Array {
    return this.dependents.subarray(this.dependentStarts[task], this.dependentStarts[task + 1]);
  }

  /** The task that a hash is unknown because of; undefined: it is known. */
  unknownBecause(task: number): number | undefined {
    const because = this.because[task]!;
    return because === KNOWN ? undefined : because;
  }

  /** Tasks that are locked to other hashes than were computed: SIGGEN_LOCKEDSIGS_TASKSIG_CHECK tells of these. */
  lockMismatches(): LockMismatch[] {
    const found: LockMismatch[] = [];
    for (const [task, lock] of this.locked) {
      if (this.because[task] !== KNOWN) continue;
      const computed = textAt(this.computed, task);
      if (computed !== lock.hash && this.equivalent(task, computed) !== lock.hash)
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
    const stale = new Uint8Array(this.inputs.graph.count);
    for (const task of tasks) {
      this.readInputs(task);
      stale[task] = 1;
    }
    const changed: number[] = [];
    for (const task of this.order) {
      if (stale[task] === 0 || !this.fold(task)) continue;
      changed.push(task);
      const end = this.dependentStarts[task + 1]!;
      for (let at = this.dependentStarts[task]!; at < end; at++) stale[this.dependents[at]!] = 1;
    }
    return changed;
  }

  private unknown(task: number): Unknown | undefined {
    const because = this.because[task]!;
    if (because === KNOWN) return undefined;
    const reason = this.reasons.get(because)!;
    if (because === task) return { unknown: reason };
    const { graph } = this.inputs;
    return {
      unknown: `it depends on ${graph.recipe(because).pn}:${graph.name(because)}, and there ${reason}`,
    };
  }

  /** What the task itself adds to its hash. */
  private readInputs(task: number): void {
    const { graph } = this.inputs;
    const reasons: string[] = [];
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
    if (taint) rest += taint.startsWith('nostamp:') ? taint.slice(8) : taint;
    else if (
      Object.hasOwn(graph.recipe(task).flags.nostamp, graph.name(task)) &&
      this.inputs.settings.handler !== 'noop'
    ) {
      reasons.push('the task is marked nostamp: BitBake puts a new random number into its hash in each run');
    }
    this.rests[task] = rest === '' ? undefined : Buffer.from(rest, 'utf8');
    if (reasons.length > 0) this.reasons.set(task, reasons[0]!);
    else this.reasons.delete(task);
  }

  /** @returns whether what dependents see of it has changed */
  private fold(task: number): boolean {
    const because = this.reasonOf(task);
    const computed = this.digest(task);
    const lock = this.locked.get(task);
    const at = task * HEX;
    this.computed.write(computed, at, HEX, 'latin1');
    const unihash = lock?.hash ?? (because === KNOWN ? this.equivalent(task, computed) : computed);
    const before = textAt(this.unihashes, task);
    const changed = before !== unihash || this.because[task] !== because;
    // A locked hash may be of any length in BitBake; what is not 64 digits long is cut or filled here.
    if (changed) this.unihashes.write(unihash.padEnd(HEX).slice(0, HEX), at, HEX, 'latin1');
    this.because[task] = because;
    return changed;
  }

  private reasonOf(task: number): number {
    if (this.reasons.has(task)) return task;
    const end = this.starts[task + 1]!;
    for (let at = this.starts[task]!; at < end; at++) {
      const dependency = this.edges[at]!;
      const because = this.because[dependency]!;
      if (because !== KNOWN && !this.locked.has(dependency)) return because;
    }
    return KNOWN;
  }

  private digest(task: number): BitBakeHash {
    const { graph, settings } = this.inputs;
    if (settings.handler === 'noop')
      return sha256(Buffer.from(`${graph.recipe(task).mcfn}:${graph.name(task)}`));
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

  private equivalent(task: number, taskhash: BitBakeHash): string {
    const { graph, settings } = this.inputs;
    const { pn, multiconfig } = graph.recipe(task);
    const name = graph.name(task);
    if (settings.handler === 'OEBasicHash' || settings.handler === 'OEEquivHash') {
      const mapped = settings.unihashes[`${pn}:${name}`];
      if (mapped?.taskhash === taskhash) return mapped.unihash;
    }
    if (!this.usesUnihashes || !this.inputs.unihash) return taskhash;
    if (this.hasSetscene && !graph.isSetscene(task)) return taskhash;
    return this.inputs.unihash({ multiconfig, pn, task: name, taskhash }) ?? taskhash;
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

/** Dependencies that count, task after task in the order of hashing, and where each task's begin. */
function countingDependencies(inputs: TaskhashInputs): [edges: Int32Array, starts: Int32Array] {
  const { graph, settings, traits, virtuals } = inputs;
  const { count } = graph;
  const counts = dependencyFilter<HashedRecipe>(settings, traits, virtuals);
  const places = hashOrder(
    Array.from({ length: count }, (_, task): PlacedTask => {
      const { mcfn, multiconfig, pn } = graph.recipe(task);
      return { mcfn, multiconfig, pn, task: graph.name(task) };
    }),
    traits.ordersByRecipeName,
  );
  const taskAt = new Int32Array(count);
  places.forEach((place, task) => (taskAt[place] = task));
  const starts = new Int32Array(count + 1);
  let edges = new Int32Array(count * 16);
  let end = 0;
  for (let task = 0; task < count; task++) {
    const dependencies = graph.dependencies(task);
    while (end + dependencies.length > edges.length) edges = doubled(edges);
    const from = end;
    const recipe = graph.recipe(task);
    const name = graph.name(task);
    for (let at = 0; at < dependencies.length; at++) {
      const dependency = dependencies[at]!;
      if (counts(recipe, name, graph.recipe(dependency), graph.name(dependency)))
        edges[end++] = places[dependency]!;
    }
    const own = edges.subarray(from, end).sort();
    for (let at = 0; at < own.length; at++) own[at] = taskAt[own[at]!]!;
    starts[task + 1] = end;
  }
  return [edges.slice(0, end), starts];
}

function doubled(values: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(values.length * 2 + 1024);
  larger.set(values);
  return larger;
}

function reversed(edges: Int32Array, starts: Int32Array): [edges: Int32Array, starts: Int32Array] {
  const count = starts.length - 1;
  const reverseStarts = new Int32Array(count + 1);
  for (const to of edges) reverseStarts[to + 1]!++;
  for (let task = 0; task < count; task++) reverseStarts[task + 1]! += reverseStarts[task]!;
  const next = reverseStarts.slice(0, count);
  const reverse = new Int32Array(edges.length);
  for (let task = 0; task < count; task++) {
    for (let at = starts[task]!; at < starts[task + 1]!; at++) reverse[next[edges[at]!]!++] = task;
  }
  return [reverse, reverseStarts];
}

/**
 * All tasks, each after everything it depends on, in rounds: BitBake takes each round all tasks whose dependencies
 * are dealt with. `levels` has each task's round.
 */
function dependencyOrder(graph: HashedGraph): { order: Int32Array; levels: Int32Array } {
  const { count } = graph;
  const waiting = new Int32Array(count);
  const starts = new Int32Array(count + 1);
  for (let task = 0; task < count; task++) {
    const dependencies = graph.dependencies(task);
    waiting[task] = dependencies.length;
    for (let at = 0; at < dependencies.length; at++) starts[dependencies[at]! + 1]!++;
  }
  for (let task = 0; task < count; task++) starts[task + 1]! += starts[task]!;
  const next = starts.slice(0, count);
  const dependents = new Int32Array(starts[count]!);
  for (let task = 0; task < count; task++) {
    const dependencies = graph.dependencies(task);
    for (let at = 0; at < dependencies.length; at++) dependents[next[dependencies[at]!]!++] = task;
  }
  const order = new Int32Array(count);
  const levels = new Int32Array(count);
  let end = 0;
  for (let task = 0; task < count; task++) if (waiting[task] === 0) order[end++] = task;
  for (let at = 0; at < end; at++) {
    const task = order[at]!;
    for (let edge = starts[task]!; edge < starts[task + 1]!; edge++) {
      const dependent = dependents[edge]!;
      levels[dependent] = Math.max(levels[dependent]!, levels[task]! + 1);
      if (--waiting[dependent]! === 0) order[end++] = dependent;
    }
  }
  if (end < count) throw new Error('tasks depend on each other in a circle: no hash can be computed');
  return { order, levels };
}
