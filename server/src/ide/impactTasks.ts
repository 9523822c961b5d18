/**
 * Which tasks of a graph have another taskhash in the head state than in the base state, and which root causes reach
 * each of them: what changes at first hand, and through which tasks it spreads.
 *
 * Both graphs are known with their hashes. Pure.
 */
import type { HashedSide } from '../engine/taskPairs.ts';
import type { RecipeInfo } from '../metadata/recipeInfo.ts';
import type { FileChecksum } from '../taskgraph/checksums.ts';
import {
  type Dependents,
  dependents,
  nameAt,
  recipeAt,
  signatureName,
  type TaskGraph,
} from '../taskgraph/graph.ts';
import { type Cause, type Causes, type NamedEdit, taskKey } from './impactCauses.ts';
import { matches } from './names.ts';

/** A graph with its hashes. */
export type HashedGraphSide = Omit<HashedSide, 'signature'>;

/** What is known of recipes by themselves. */
export interface FirstHand {
  /** `taskKey` -> causes, by number. */
  readonly tasks: ReadonlyMap<string, readonly number[]>;
  /** Virtual file name in the head state -> that in the base state, where it is another. */
  readonly counterparts: ReadonlyMap<string, string>;
  /** The edits that take part in a recipe variant of the head state. */
  edits(mcfn: string): readonly NamedEdit[];
  /** Variables of the configuration that decide which dependencies count, and are others: by name. */
  readonly settings: readonly string[];
  /** Edits of the configuration. */
  readonly everywhere: readonly NamedEdit[];
}

export type TaskStatus = 'same' | 'changed' | 'added' | 'removed' | 'unknown';

export interface TaskImpact {
  readonly side: 'base' | 'head';
  /** Its number in the graph of `side`. */
  readonly task: number;
  readonly status: TaskStatus;
  /** Of a task that is in both graphs, its number in the other one. */
  readonly counterpart: number | undefined;
  /** Causes, by number, in ascending order. */
  readonly causes: readonly number[];
}

/** All tasks of both graphs, those of the head state first. */
export function taskImpacts(
  base: HashedGraphSide,
  head: HashedGraphSide,
  firstHand: FirstHand,
  causes: Causes,
): TaskImpact[] {
  return new Comparison(base, head, firstHand, causes).run();
}

class Comparison {
  private readonly toBase: Int32Array;
  private readonly toHead: Int32Array;
  /** By task of the head state: its causes as bits; 0: it is the same. */
  private readonly reached: bigint[] = [];
  private readonly numbers = new Map<bigint, readonly number[]>();
  /** The same by task of the base state, of those that are gone. */
  private readonly removed: (bigint | undefined)[] = [];
  private baseUsers: Dependents | undefined;

  constructor(
    private readonly base: HashedGraphSide,
    private readonly head: HashedGraphSide,
    private readonly firstHand: FirstHand,
    private readonly causes: Causes,
  ) {
    this.toBase = counterparts(base.graph, head.graph, firstHand.counterparts);
    this.toHead = new Int32Array(base.graph.recipeOf.length).fill(-1);
    for (const [task, other] of this.toBase.entries()) if (other >= 0) this.toHead[other] = task;
  }

  run(): TaskImpact[] {
    const { graph } = this.head;
    const count = graph.recipeOf.length;
    const statuses = Array.from({ length: count }, (_, task) => this.statusOf(task));
    // A task comes after all that it depends on.
    for (let task = 0; task < count; task++) {
      const status = statuses[task]!;
      this.reached[task] = status === 'changed' || status === 'added' ? this.causesOf(task, status) : 0n;
    }
    const users = dependents(graph);
    for (let task = count - 1; task >= 0; task--) {
      if (statuses[task] === 'added' && this.reached[task] === 0n)
        this.reached[task] = this.appearance(task, users);
    }
    const found = statuses.map((status, task): TaskImpact => {
      const other = this.toBase[task]!;
      const counterpart = other < 0 ? undefined : other;
      return { side: 'head', task, status, counterpart, causes: this.listed(this.reached[task]!) };
    });
    for (const [task, other] of this.toHead.entries()) {
      if (other >= 0) continue;
      const causes = this.listed(this.removal(task));
      found.push({ side: 'base', task, status: 'removed', counterpart: undefined, causes });
    }
    return found;
  }

  private statusOf(task: number): TaskStatus {
    const other = this.toBase[task]!;
    if (other < 0) return 'added';
    const [now, before] = [this.head.hashes, this.base.hashes];
    if (now.key(task) !== before.key(other)) return 'changed';
    const [isUnknown, wasUnknown] = [now.unknownBecause(task), before.unknownBecause(other)];
    return (isUnknown === undefined) === (wasUnknown === undefined) ? 'same' : 'unknown';
  }

  private causesOf(task: number, status: TaskStatus): bigint {
    let all = this.ownCauses(task, status);
    const other = this.toBase[task]!;
    if (other < 0) return all;
    for (const dependency of this.head.hashes.countedDependencies(task)) all |= this.reached[dependency]!;
    all |= this.edgeCauses(task, other);
    if (all !== 0n) return all;
    const recipe = recipeAt(this.head.graph, task);
    return this.bit(dependencyCause(recipe, 'the order of its dependencies'));
  }

  /** What the recipe and the task's own files differ in. */
  private ownCauses(task: number, status: TaskStatus): bigint {
    const { mcfn } = recipeAt(this.head.graph, task);
    const known = this.firstHand.tasks.get(taskKey(mcfn, nameAt(this.head.graph, task)));
    const own = (known ?? []).reduce((bits, number) => bits | (1n << BigInt(number)), 0n);
    if (status === 'added') return own;
    const other = this.toBase[task]!;
    const [now, before] = [this.head.files(task), this.base.files(other)];
    if ('unknown' in now || 'unknown' in before) return own;
    return own | this.fileCauses(now, before, own !== 0n);
  }

  /** @param isExplained files that came or went did so because of what was edited */
  private fileCauses(
    now: readonly FileChecksum[],
    before: readonly FileChecksum[],
    isExplained: boolean,
  ): bigint {
    const [after, old] = [now, before].map(
      (files) => new Map(files.map(({ path, checksum }) => [path.replace('/./', '/'), checksum])),
    ) as [Map<string, string>, Map<string, string>];
    let bits = 0n;
    const add = (path: string, side: Cause['side'], action: string) => {
      const subject = path.slice(path.lastIndexOf('/') + 1);
      bits |= this.bit({ kind: 'file', path, side, lines: undefined, subject, action });
    };
    for (const [path, checksum] of after) {
      const was = old.get(path);
      if (was !== undefined && was !== checksum) add(path, 'head', 'edited');
      else if (was === undefined && !isExplained) add(path, 'head', 'added');
    }
    for (const path of old.keys()) if (!after.has(path) && !isExplained) add(path, 'base', 'removed');
    return bits;
  }

  /** What the task depends on now and did not before, or no longer. */
  private edgeCauses(task: number, other: number): bigint {
    const now = [...this.head.hashes.countedDependencies(task)];
    const before = [...this.base.hashes.countedDependencies(other)];
    const known = new Set(before);
    const kept = new Set(now);
    const gained = now.filter((dependency) => !known.has(this.toBase[dependency]!));
    const lost = before.filter((dependency) => !kept.has(this.toHead[dependency]!));
    let bits = 0n;
    // What has come or gone altogether has a cause of its own.
    for (const dependency of lost) if (this.toHead[dependency]! < 0) bits |= this.removal(dependency);
    if (gained.length === 0 && lost.length === 0) return bits;
    const named = this.linkEdits(task, other, [
      ...gained.map((dependency) => nameAt(this.head.graph, dependency)),
      ...lost.map((dependency) => nameAt(this.base.graph, dependency)),
    ]);
    if (named !== 0n) return bits | named;
    const recipe = recipeAt(this.head.graph, task);
    for (const dependency of gained.filter((dependency) => this.toBase[dependency]! >= 0))
      bits |= this.bit(dependencyCause(recipe, `depends on ${signatureName(this.head.graph, dependency)}`));
    for (const dependency of lost.filter((dependency) => this.toHead[dependency]! >= 0)) {
      const label = signatureName(this.base.graph, dependency);
      bits |= this.bit(dependencyCause(recipe, `no longer depends on ${label}`));
    }
    return bits;
  }

  /**
   * The edits that may have changed what a task depends on: those of what says so, or else of what its recipe's hashes
   * are made of.
   * @param tasks the names of tasks that it gained or lost
   */
  private linkEdits(task: number, other: number, tasks: readonly string[]): bigint {
    const recipe = recipeAt(this.head.graph, task);
    const names = [
      ...dependencyVariables(recipeAt(this.base.graph, other), recipe, nameAt(this.head.graph, task)),
      ...this.firstHand.settings,
      ...tasks,
    ];
    const { everywhere } = this.firstHand;
    const edits = [...new Set([...this.firstHand.edits(recipe.mcfn), ...everywhere])];
    const naming = edits.filter((edit) =>
      edit.names.some((name) => names.some((wanted) => matches(name, wanted))),
    );
    if (naming.length > 0) return naming.reduce((bits, { cause }) => bits | this.bit(cause), 0n);
    return this.recipeCauses(recipe);
  }

  /** All that changes in a recipe at first hand. */
  private recipeCauses({ mcfn, tasks }: RecipeInfo): bigint {
    let bits = 0n;
    for (const task of tasks)
      for (const number of this.firstHand.tasks.get(taskKey(mcfn, task)) ?? []) bits |= 1n << BigInt(number);
    return bits;
  }

  /** Why a task is no longer there: its recipe says so, or what needed it does not any more. */
  private removal(task: number): bigint {
    let bits = this.removed[task];
    if (bits !== undefined) return bits;
    const { graph } = this.base;
    const recipe = recipeAt(graph, task);
    const name = nameAt(graph, task);
    const known = this.firstHand.tasks.get(taskKey(recipe.mcfn, name));
    if (known) bits = known.reduce((all, number) => all | (1n << BigInt(number)), 0n);
    else {
      bits = this.removed[task] = 0n;
      this.baseUsers ??= dependents(graph);
      for (const user of usersOf(this.baseUsers, task)) {
        const now = this.toHead[user]!;
        bits |= now < 0 ? this.removal(user) : this.linkEdits(now, user, [name]);
      }
      if (bits === 0n) bits = this.bit(dependencyCause(recipe, 'tasks that nothing needs any more'));
    }
    this.removed[task] = bits;
    return bits;
  }

  /** Why a task is needed now that its recipe had before, too. Those that need it are known. */
  private appearance(task: number, users: Dependents): bigint {
    const { graph } = this.head;
    const name = nameAt(graph, task);
    let bits = 0n;
    for (const user of usersOf(users, task)) {
      const was = this.toBase[user]!;
      bits |= was < 0 ? this.reached[user]! : this.linkEdits(user, was, [name]);
    }
    return bits || this.bit(dependencyCause(recipeAt(graph, task), 'tasks that are needed now'));
  }

  private bit(cause: Cause): bigint {
    return 1n << BigInt(this.causes.number(cause));
  }

  private listed(bits: bigint): readonly number[] {
    let known = this.numbers.get(bits);
    if (!known) {
      const list: number[] = [];
      for (let rest = bits, at = 0; rest > 0n; rest >>= 1n, at++) if (rest & 1n) list.push(at);
      this.numbers.set(bits, (known = list));
    }
    return known;
  }
}

/** Task of the head state -> the same one in the base state; -1: there is none. */
function counterparts(base: TaskGraph, head: TaskGraph, renamed: ReadonlyMap<string, string>): Int32Array {
  const byFile = new Map<string, number>();
  const byLabel = new Map<string, number>();
  for (const task of base.recipeOf.keys()) {
    byFile.set(taskKey(recipeAt(base, task).mcfn, nameAt(base, task)), task);
    byLabel.set(signatureName(base, task), task);
  }
  const found = new Int32Array(head.recipeOf.length).fill(-1);
  const taken = new Set<number>();
  for (const task of head.recipeOf.keys()) {
    const { mcfn } = recipeAt(head, task);
    const other = byFile.get(taskKey(renamed.get(mcfn) ?? mcfn, nameAt(head, task)));
    if (other === undefined) continue;
    found[task] = other;
    taken.add(other);
  }
  // Another recipe of the same name may have been chosen.
  for (const task of head.recipeOf.keys()) {
    const other = found[task]! < 0 ? byLabel.get(signatureName(head, task)) : undefined;
    if (other === undefined || taken.has(other)) continue;
    found[task] = other;
    taken.add(other);
  }
  return found;
}

/** The variables in which what decides dependencies of a task differs between two states of a recipe. */
function dependencyVariables(before: RecipeInfo, after: RecipeInfo, task: string): string[] {
  const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  const found: string[] = [];
  if (differs(before.depends, after.depends)) found.push('DEPENDS');
  if (differs(before.rdepends, after.rdepends)) found.push('RDEPENDS');
  if (differs(before.rrecommends, after.rrecommends)) found.push('RRECOMMENDS');
  if (differs(before.provides, after.provides)) found.push('PROVIDES');
  if (differs(before.rprovides, after.rprovides)) found.push('RPROVIDES');
  if (differs(before.packages, after.packages)) found.push('PACKAGES');
  for (const [name, a, b] of [
    ['RDEPENDS', before.packageRdepends, after.packageRdepends],
    ['RRECOMMENDS', before.packageRrecommends, after.packageRrecommends],
    ['RPROVIDES', before.packageRprovides, after.packageRprovides],
  ] as const) {
    for (const entry of new Set([...Object.keys(a), ...Object.keys(b)]))
      if (differs(a[entry], b[entry])) found.push(`${name}:${entry}`, name);
  }
  for (const [flag, texts] of Object.entries(after.flags)) {
    const old = before.flags[flag as keyof typeof before.flags];
    if (old[task] !== texts[task]) found.push(`${task}[${flag}]`);
  }
  const parents = (info: RecipeInfo) => info.parents[info.tasks.indexOf(task)];
  if (differs(parents(before), parents(after))) found.push(task);
  return found;
}

function dependencyCause({ mcfn }: RecipeInfo, subject: string): Cause {
  const path = mcfn.replace(/^(mc:[^:]*:)?(virtual:[^/]*:)?/, '');
  return { kind: 'dependencies', path, side: 'head', lines: undefined, subject, action: '' };
}

function usersOf({ first, dependents }: Dependents, task: number): Int32Array {
  return dependents.subarray(first[task], first[task + 1]);
}
