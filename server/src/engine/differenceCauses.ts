/**
 * Why tasks that ought to have the same hash on two sides do not: the causes, and how far each reaches.
 *
 * A task differs by itself (its basehash, its files, which tasks it depends on), or because a task it depends on does.
 * One cause is one entry, however many tasks it reaches. Pure; what basehashes were made of is asked for by the
 * caller and passed in.
 */
import { checksumName, checksumText } from '../taskgraph/checksums.ts';
import type { Unknown } from '../signature/signatures.ts';
import type { VariableChange } from '../signature/variableChanges.ts';
import { signatureName } from '../taskgraph/graph.ts';
import { type HashedSide, type TaskPair, type TaskPairs } from './taskPairs.ts';

/** What is not the same in a task itself. */
export type OwnDifference =
  | (VariableChange & { readonly kind: 'variable' })
  /** A local file in the hash: its content, or whether it is there. */
  | { readonly kind: 'file'; readonly file: string; readonly change: 'content' | 'added' | 'removed' }
  /** It depends on a task on one side only. */
  | { readonly kind: 'dependency'; readonly task: string; readonly change: 'added' | 'removed' }
  /** It depends on a task that has every right to differ. */
  | { readonly kind: 'dependency'; readonly task: string; readonly change: 'hash' }
  /** Nothing of these: a taint, a locked hash, another order of dependencies. */
  | { readonly kind: 'other'; readonly reason: string };

export interface DifferenceCause {
  readonly difference: OwnDifference;
  /** Pairs that differ by themselves because of it, in the order in which tasks run. */
  readonly own: readonly number[];
  /** These and all that differ because of them. */
  readonly reached: readonly number[];
}

/** What of a differing pair is known without what its basehash was made of. */
export interface PairDifference {
  readonly pair: number;
  /** Whether variables are to be compared. */
  readonly basehash: boolean;
  /** All but variables. */
  readonly own: readonly OwnDifference[];
  /** Differing pairs that it depends on. */
  readonly because: readonly number[];
}

/**
 * What differs in each differing pair of those that ought to be the same, in the order in which tasks run.
 * @param expected whether a pair ought to be the same
 */
export function pairDifferences(pairs: TaskPairs, expected: (pair: TaskPair) => boolean): PairDifference[] {
  const wrong = pairs.pairs.map((pair, at) => pairs.verdict(at) === 'differs' && expected(pair));
  const order = [...wrong.keys()].filter((at) => wrong[at]);
  order.sort((a, b) => pairs.pairs[a]!.after - pairs.pairs[b]!.after);
  return order.map((at) => differenceOf(at, pairs, (pair) => wrong[pair]!));
}

function differenceOf(at: number, pairs: TaskPairs, isWrong: (pair: number) => boolean): PairDifference {
  const { before, after } = pairs;
  const pair = pairs.pairs[at]!;
  const own: OwnDifference[] = [...fileDifferences(before.files(pair.before), after.files(pair.after))];
  const because: number[] = [];
  const needed = (side: HashedSide, task: number) => [...side.hashes.countedDependencies(task)];
  const [old, young] = [needed(before, pair.before), needed(after, pair.after)];
  const youngPairs = new Set(young.map((task) => pairs.pairOfAfter(task)));
  const oldPairs = new Set(old.map((task) => pairs.pairOfBefore(task)));
  for (const task of old) {
    const other = pairs.pairOfBefore(task);
    if (other !== undefined && youngPairs.has(other)) continue;
    own.push({ kind: 'dependency', task: signatureName(before.graph, task), change: 'removed' });
  }
  for (const task of young) {
    const other = pairs.pairOfAfter(task);
    if (other === undefined || !oldPairs.has(other)) {
      own.push({ kind: 'dependency', task: signatureName(after.graph, task), change: 'added' });
    } else if (isWrong(other)) because.push(other);
    else if (pairs.verdict(other) === 'differs') {
      own.push({ kind: 'dependency', task: pairs.pairs[other]!.name, change: 'hash' });
    }
  }
  const basehash = !sameBasehash(pairs, pair);
  if (!basehash && own.length === 0 && because.length === 0) own.push(otherReason(pairs, pair));
  return { pair: at, basehash, own, because };
}

function sameBasehash({ before, after }: TaskPairs, pair: TaskPair): boolean {
  const a = before.signature(pair.before)?.basehash;
  const b = after.signature(pair.after)?.basehash;
  return typeof a === 'string' && typeof b === 'string' ? a === b : typeof a === typeof b;
}

function otherReason({ before, after }: TaskPairs, pair: TaskPair): OwnDifference {
  const isLocked = before.hashes.lock(pair.before) ?? after.hashes.lock(pair.after);
  const reason = isLocked
    ? `its hash is locked by ${isLocked.variable}`
    : 'the tasks it depends on are hashed in another order, or it is tainted (bitbake -f)';
  return { kind: 'other', reason };
}

type Files = ReturnType<HashedSide['files']>;

function fileDifferences(before: Files, after: Files): OwnDifference[] {
  const [old, young] = [listOf(before), listOf(after)];
  const text = (files: typeof old) => files.map(checksumText).join('\n');
  if (text(old) === text(young)) return [];
  const sums = (files: typeof old) => {
    const found = new Map<string, string[]>();
    for (const { path, checksum } of files) {
      const name = checksumName(path);
      found.set(name, [...(found.get(name) ?? []), checksum]);
    }
    return found;
  };
  const [a, b] = [sums(old), sums(young)];
  const found: OwnDifference[] = [];
  for (const [file, checksums] of a) {
    const others = b.get(file);
    if (!others) found.push({ kind: 'file', file, change: 'removed' });
    else if (others.join() !== checksums.join()) found.push({ kind: 'file', file, change: 'content' });
  }
  for (const file of b.keys()) if (!a.has(file)) found.push({ kind: 'file', file, change: 'added' });
  return found.length > 0 ? found : [{ kind: 'other', reason: 'its files are hashed in another order' }];
}

function listOf(files: Files): Exclude<Files, Unknown> {
  return 'unknown' in files ? [] : files;
}

/**
 * Groups what differs by its causes, those that reach most first.
 * @param variables what a pair's basehash differs in; asked only of pairs whose basehash does
 */
export function differenceCauses(
  differences: readonly PairDifference[],
  variables: (pair: number) => readonly VariableChange[],
): DifferenceCause[] {
  const causes: { readonly difference: OwnDifference; readonly own: number[]; readonly reached: number[] }[] =
    [];
  const numbers = new Map<string, number>();
  const add = (difference: OwnDifference, pair: number): number => {
    const key = JSON.stringify(difference);
    let number = numbers.get(key);
    if (number === undefined) {
      numbers.set(key, (number = causes.length));
      causes.push({ difference, own: [], reached: [] });
    }
    causes[number]!.own.push(pair);
    return number;
  };
  const own = new Map<number, number[]>();
  for (const { pair, basehash, own: known } of differences) {
    const all = [...(basehash ? variableDifferences(variables(pair)) : []), ...known];
    own.set(
      pair,
      all.map((difference) => add(difference, pair)),
    );
  }
  const sets = new Map<number, Bits>();
  for (const { pair, because } of differences) {
    const bits = new Bits(causes.length);
    for (const number of own.get(pair)!) bits.add(number);
    for (const other of because) bits.addAll(sets.get(other));
    sets.set(pair, bits);
    for (const number of bits.members()) causes[number]!.reached.push(pair);
  }
  return causes.sort((a, b) => b.reached.length - a.reached.length || b.own.length - a.own.length);
}

function variableDifferences(changes: readonly VariableChange[]): OwnDifference[] {
  if (changes.length === 0)
    return [{ kind: 'other', reason: 'its basehash differs, and no variable in it does' }];
  return changes.map((change) => ({ kind: 'variable', ...change }));
}

/** A set of small numbers. */
class Bits {
  private readonly words: Uint32Array;

  constructor(count: number) {
    this.words = new Uint32Array((count + 31) >> 5);
  }

  add(number: number): void {
    this.words[number >> 5]! |= 1 << (number & 31);
  }

  addAll(other: Bits | undefined): void {
    other?.words.forEach((word, at) => (this.words[at]! |= word));
  }

  *members(): Generator<number> {
    for (const [at, word] of this.words.entries()) {
      for (let bit = 0; bit < 32; bit++) if ((word >>> bit) & 1) yield at * 32 + bit;
    }
  }
}
