/**
 * recrdeptask: tasks that take certain tasks of everything they depend on, directly or not.
 *
 * Follows the second part of `bb/runqueue.py: RunQueueData.prepare`. What BitBake adds in rounds until nothing is
 * new depends on no order; here only those are looked at that are asked for and what these take from, and each again
 * only when something it takes from has grown. Sets of recipes are bits.
 */
import type { Steps } from '../base/turns.ts';
import { type Bits, include, RecipesBelow, wordsFor } from './recipesBelow.ts';
import type { RecursiveTask, TaskTable } from './taskTable.ts';

/** A task at work. */
class Node {
  readonly task: number;
  readonly names: readonly number[];
  readonly itasks: readonly number[];
  readonly dependencies: number[] = [];
  /** For each of `names`, the recipes whose task of that name it depends on. */
  readonly taken: readonly Uint32Array[];
  /** All recipes below it, and those of them whose tasks have been taken. */
  readonly below: Uint32Array;
  readonly done: Uint32Array;
  /** What was counted into `below` last. */
  counted: Bits;
  /** Dependencies whose recipes have not been counted into `below` yet: those from here on. */
  pending = 0;
  /** Recursive tasks that it depends on, and, while it grows, those that look for more when it does. */
  readonly sources = new Set<Node>();
  readonly listeners = new Set<Node>();
  /** Those among its `itasks` that grow, with how much of each has been seen. */
  readonly growingItasks = new Map<Node, number>();
  begun = false;
  waiting = false;
  /** Nothing is left that it could take. */
  settled = false;

  /** @param emptySet makes a set of recipes */
  constructor({ task, names, itasks }: RecursiveTask, emptySet: () => Uint32Array) {
    this.task = task;
    this.names = names;
    this.itasks = itasks;
    this.taken = names.map(emptySet);
    this.below = emptySet();
    this.done = emptySet();
  }
}

/** How many sets of recipes are made at once: thousands of pieces of memory are slow to come by. */
const SETS = 1024;

export class RecursiveDependencies {
  private readonly words: number;
  private readonly recursive: ReadonlyMap<number, RecursiveTask>;
  private readonly queue: Node[] = [];
  /** Those that are not settled. */
  private growing: Node[] = [];
  private sets = new Uint32Array(0);
  private usedOfSets = 0;

  private constructor(
    private readonly table: TaskTable,
    private readonly below: RecipesBelow | undefined,
    private readonly nodes = new Map<number, Node>(),
    private readonly found = new Map<number, readonly number[]>(),
  ) {
    this.words = wordsFor(table);
    this.recursive = new Map(table.recursive.map((each) => [each.task, each]));
  }

  static *in(table: TaskTable): Steps<RecursiveDependencies> {
    return new RecursiveDependencies(
      table,
      table.recursive.length > 0 ? yield* RecipesBelow.of(table) : undefined,
    );
  }

  /**
   * Of the same tasks, some of which depend on others now. What was solved and takes from none of these stays.
   * @param changed those
   * @returns undefined where it would have to be made from the start
   */
  *remade(table: TaskTable, changed: ReadonlySet<number>): Steps<RecursiveDependencies | undefined> {
    if (!this.below)
      return table.recursive.length === 0 ? new RecursiveDependencies(table, undefined) : undefined;
    const remade = yield* this.below.remade(table, changed);
    if (!remade) return undefined;
    const { below, isOther } = remade;
    const stale = new Set<Node>();
    for (const node of this.nodes.values()) {
      yield;
      if (this.isReached(node, table, changed, isOther)) stale.add(node);
    }
    for (let before = -1; before !== stale.size;) {
      before = stale.size;
      yield;
      for (const node of this.nodes.values()) {
        if (stale.has(node)) continue;
        const from = [...node.sources, ...node.growingItasks.keys()];
        if (from.some((source) => stale.has(source))) stale.add(node);
      }
    }
    const nodes = new Map([...this.nodes].filter(([, node]) => !stale.has(node)));
    const found = new Map([...this.found].filter(([task]) => nodes.has(task)));
    return new RecursiveDependencies(table, below, nodes, found);
  }

  /** Whether what a task takes may be other than it was. */
  private isReached(
    { task, itasks, sources, dependencies }: Node,
    { start, edges }: TaskTable,
    changed: ReadonlySet<number>,
    isOther: Uint8Array,
  ): boolean {
    if (changed.has(task)) return true;
    for (const itask of itasks) {
      if (changed.has(itask) || isOther[itask]) return true;
      for (let at = start[itask]!; at < start[itask + 1]!; at++) if (isOther[edges[at]!]) return true;
    }
    for (const source of sources) if (changed.has(source.task)) return true;
    for (const dependency of dependencies) if (isOther[dependency]) return true;
    return false;
  }

  /** Finds what a task depends on, which nothing is done for where it is none with recrdeptask. */
  *solve(task: number): Steps<void> {
    if (!this.recursive.has(task) || this.found.has(task)) return;
    const node = this.node(task)!;
    for (let next = this.queue.pop(); next; next = this.queue.pop()) {
      yield;
      next.waiting = false;
      this.grow(next);
    }
    for (const node of this.growing) {
      node.listeners.clear();
      node.settled = true;
    }
    this.growing = [];
    this.found.set(task, this.withoutSelfReferences(node));
  }

  /** All that a task depends on, in no particular order, where that was solved. */
  of(task: number): readonly number[] | undefined {
    return this.found.get(task);
  }

  /** Undefined: the task is none with recrdeptask. */
  private node(task: number): Node | undefined {
    let node = this.nodes.get(task);
    const recursive = node ? undefined : this.recursive.get(task);
    if (!recursive) return node;
    node = new Node(recursive, () => this.emptySet());
    this.nodes.set(task, node);
    this.growing.push(node);
    this.wake(node);
    return node;
  }

  private emptySet(): Uint32Array {
    const { words } = this;
    if (this.usedOfSets === this.sets.length) {
      this.sets = new Uint32Array(SETS * words);
      this.usedOfSets = 0;
    }
    return this.sets.subarray(this.usedOfSets, (this.usedOfSets += words));
  }

  private begin(node: Node): void {
    node.begun = true;
    const { start, edges } = this.table;
    for (let at = start[node.task]!; at < start[node.task + 1]!; at++) {
      if (node.names.includes(this.table.nameOf[edges[at]!]!)) this.take(node, edges[at]!);
      else this.add(node, edges[at]!);
    }
    for (const itask of node.itasks) {
      this.countBelow(node, itask);
      const growing = this.node(itask);
      if (growing) {
        node.growingItasks.set(growing, 0);
        if (!growing.settled) growing.listeners.add(node);
      } else for (let at = start[itask]!; at < start[itask + 1]!; at++) this.countBelow(node, edges[at]!);
    }
  }

  /** Enters a dependency that is not there yet. */
  private add(node: Node, task: number): void {
    const place = node.names.indexOf(this.table.nameOf[task]!);
    if (place >= 0) {
      const recipe = this.table.recipeOf[task]!;
      node.taken[place]![recipe >>> 5]! |= 1 << (recipe & 31);
    }
    node.dependencies.push(task);
    const source = this.node(task);
    if (source && source !== node) {
      node.sources.add(source);
      if (!source.settled) source.listeners.add(node);
      this.takeFixed(node, task);
    }
  }

  /** The direct dependencies of a recursive task that are of names which only the other one takes. */
  private takeFixed(node: Node, task: number): void {
    const { start, edges, nameOf } = this.table;
    for (let at = start[task]!; at < start[task + 1]!; at++) {
      if (node.names.includes(nameOf[edges[at]!]!)) this.take(node, edges[at]!);
    }
  }

  /** Enters a dependency of one of the node's names, unless it is there. */
  private take(node: Node, task: number): void {
    const recipe = this.table.recipeOf[task]!;
    const taken = node.taken[node.names.indexOf(this.table.nameOf[task]!)]!;
    if ((taken[recipe >>> 5]! >>> (recipe & 31)) & 1) return;
    this.add(node, task);
  }

  private countBelow(node: Node, task: number): void {
    const bits = this.below?.of(task);
    if (!bits || bits === node.counted) return;
    node.counted = bits;
    include(node.below, bits);
  }

  private grow(node: Node): void {
    const before = node.dependencies.length;
    if (!node.begun) this.begin(node);
    do {
      for (const [itask, seen] of node.growingItasks) {
        for (let at = seen; at < itask.dependencies.length; at++)
          this.countBelow(node, itask.dependencies[at]!);
        node.growingItasks.set(itask, itask.dependencies.length);
      }
      for (; node.pending < node.dependencies.length; node.pending++) {
        this.countBelow(node, node.dependencies[node.pending]!);
      }
      this.takeBelow(node);
      for (const source of node.sources) this.takeFrom(node, source);
    } while (node.pending < node.dependencies.length);
    if (node.dependencies.length > before) for (const listener of node.listeners) this.wake(listener);
  }

  private takeBelow(node: Node): void {
    for (let word = 0; word < this.words; word++) {
      let bits = node.below[word]! & ~node.done[word]!;
      node.done[word] = node.below[word]!;
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        for (const name of node.names) {
          const task = this.table.find(word * 32 + bit, name);
          if (task >= 0 && task !== node.task) this.take(node, task);
        }
      }
    }
  }

  /** Takes what another recursive task takes, of the names that both take. */
  private takeFrom(node: Node, source: Node): void {
    for (const [place, name] of node.names.entries()) {
      const at = source.names.indexOf(name);
      if (at < 0) continue;
      const [own, others] = [node.taken[place]!, source.taken[at]!];
      for (let word = 0; word < this.words; word++) {
        let bits = others[word]! & ~own[word]!;
        while (bits !== 0) {
          const bit = 31 - Math.clz32(bits & -bits);
          bits &= bits - 1;
          this.take(node, this.table.find(word * 32 + bit, name));
        }
      }
    }
  }

  private wake(node: Node): void {
    if (node.waiting) return;
    node.waiting = true;
    this.queue.push(node);
  }

  /** `do_a[recrdeptask] = "do_a do_b"` works: such tasks do not depend on one another. */
  private withoutSelfReferences({ task, dependencies }: Node): readonly number[] {
    return this.takesItsOwn(task) ? dependencies.filter((other) => !this.takesItsOwn(other)) : dependencies;
  }

  private takesItsOwn(task: number): boolean {
    return this.recursive.get(task)?.names.includes(this.table.nameOf[task]!) ?? false;
  }
}
