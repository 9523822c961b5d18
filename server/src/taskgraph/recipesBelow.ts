/**
 * Of each task the recipes of all tasks that it depends on, directly or not: what recrdeptask takes its tasks from.
 *
 * Follows `bb/runqueue.py: RunQueueData.prepare`, where it builds `cumulativedeps`. Sets of recipes are bits, and
 * tasks with equal sets share them. Knows only direct dependencies.
 */
import type { Steps } from '../base/turns.ts';
import { dependents } from './graph.ts';
import { dependencyOrder } from './order.ts';
import type { TaskTable } from './taskTable.ts';

/** A set of recipes; none is the empty set. */
export type Bits = Uint32Array | undefined;

export function wordsFor({ recipes }: TaskTable): number {
  return Math.ceil(recipes.infos.length / 32);
}

export function include(set: Uint32Array, more: Uint32Array): void {
  for (let word = 0; word < set.length; word++) set[word]! |= more[word]!;
}

export class RecipesBelow {
  private readonly scratch: Uint32Array;

  private constructor(
    private readonly table: TaskTable,
    private readonly sets: Bits[],
    /** How many recipes are in each set. */
    private readonly sizes: Uint32Array,
    private readonly isDone: Uint8Array,
  ) {
    this.scratch = new Uint32Array(wordsFor(table));
  }

  /** Circles are left out, as BitBake does. */
  static *of(table: TaskTable): Steps<RecipesBelow> {
    const { start, edges, count } = table;
    const { order, isDone } = dependencyOrder({ first: start, dependencies: edges });
    const sets = new Array<Bits>(count).fill(undefined);
    const below = new RecipesBelow(table, sets, new Uint32Array(count), isDone);
    for (const task of order) {
      yield;
      below.collect(task);
    }
    for (let task = 0; task < count; task++) if (!isDone[task]) below.collect(task);
    return below;
  }

  of(task: number): Bits {
    return this.sets[task];
  }

  /**
   * Of the same tasks, some of which depend on others now.
   * @param changed those
   * @returns also the tasks with another set, as ones; undefined where there are circles
   */
  *remade(
    table: TaskTable,
    changed: Iterable<number>,
  ): Steps<{ readonly below: RecipesBelow; readonly isOther: Uint8Array } | undefined> {
    const { start, edges, count } = table;
    const graph = { first: start, dependencies: edges };
    const { order, isDone } = dependencyOrder(graph);
    if (order.length < count || this.isDone.includes(0)) return undefined;
    yield;
    const needed = dependents(graph);
    yield;
    const below = new RecipesBelow(table, [...this.sets], this.sizes.slice(), isDone);
    const isStale = new Uint8Array(count);
    const isOther = new Uint8Array(count);
    for (const task of changed) isStale[task] = 1;
    for (const task of order) {
      if (!isStale[task]) continue;
      yield;
      below.collect(task);
      if (areSame(below.sets[task], this.sets[task])) {
        below.sets[task] = this.sets[task];
        continue;
      }
      isOther[task] = 1;
      for (let at = needed.first[task]!; at < needed.first[task + 1]!; at++)
        isStale[needed.dependents[at]!] = 1;
    }
    return { below, isOther };
  }

  private collect(task: number): void {
    const { sets, sizes, scratch } = this;
    const { start, edges, recipeOf } = this.table;
    sets[task] = undefined;
    sizes[task] = 0;
    if (start[task] === start[task + 1]) return;
    scratch.fill(0);
    let largest = -1;
    for (let at = start[task]!; at < start[task + 1]!; at++) {
      const dependency = edges[at]!;
      if (!this.isDone[dependency]) continue;
      const recipe = recipeOf[dependency]!;
      scratch[recipe >>> 5]! |= 1 << (recipe & 31);
      const bits = sets[dependency];
      if (!bits) continue;
      include(scratch, bits);
      if (largest < 0 || sizes[dependency]! > sizes[largest]!) largest = dependency;
    }
    const size = countBits(scratch);
    sizes[task] = size;
    if (size > 0) sets[task] = largest >= 0 && sizes[largest] === size ? sets[largest] : scratch.slice();
  }
}

function areSame(a: Bits, b: Bits): boolean {
  if (a === b || !a || !b) return a === b;
  return a.every((word, at) => word === b[at]);
}

function countBits(bits: Uint32Array): number {
  let count = 0;
  for (let word of bits) {
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    count += (((word + (word >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
  }
  return count;
}
