/**
 * What a change of layers does to hashes, as a reviewer wants to see it: root causes, each one entry with what it
 * reaches, and the recipes with their tasks. Plain data, to be shown in any form.
 */
import { compareCodePoints } from '../base/words.ts';
import type { BitBakeHash, Unknown, VariantSignatures } from '../signature/signatures.ts';
import { nameAt, recipeAt, recipeLabel } from '../taskgraph/graph.ts';
import { type Cause, type Causes, taskKey } from './impactCauses.ts';
import type { HashedGraphSide, TaskImpact, TaskStatus } from './impactTasks.ts';

/** How many of what. */
export interface Reach {
  readonly tasks: number;
  /** Variants, so that two versions of a recipe count twice, as everywhere. */
  readonly recipes: number;
}

/** Objects in the shared state cache; where it was not looked at, there is no such figure. */
export interface Cost {
  /** Objects of the base state's hashes that are there, and that no task would look for any more. */
  readonly lost: number;
  /** Of these, those that are in no mirror: only local. */
  readonly local: number;
  /** Of which it cannot be told whether they are there. */
  readonly unknown: number;
}

export interface CauseImpact extends Cause {
  /** What it changes at first hand: basehashes. */
  readonly basehashes: Reach;
  /** All tasks of the graph whose taskhash it reaches, those it adds or removes included. */
  readonly taskhashes: Reach;
  readonly cost: Cost | undefined;
  /** A few of the tasks that it changes at first hand: `zlib:do_compile`. */
  readonly examples: readonly string[];
}

export interface TaskChangeEntry {
  readonly task: string;
  readonly status: Exclude<TaskStatus, 'same'>;
  /** Undefined: there is no such hash. */
  readonly before: BitBakeHash | Unknown | undefined;
  readonly after: BitBakeHash | Unknown | undefined;
  /** Places in `causes`. */
  readonly causes: readonly number[];
}

export type RecipeStatus = 'changed' | 'added' | 'removed' | 'renamed';

/** A recipe variant with a change. */
export interface RecipeImpact {
  /** PN, after `mc:NAME:` where it is one of a multiconfig. */
  readonly recipe: string;
  /** BitBake's virtual file name; of a removed one, that of the base state. */
  readonly mcfn: string;
  /** That of the base state, where it is another. */
  readonly was: string | undefined;
  readonly status: RecipeStatus;
  readonly basehashes: readonly TaskChangeEntry[];
  readonly taskhashes: readonly TaskChangeEntry[];
}

export interface Counts {
  readonly changed: number;
  readonly added: number;
  readonly removed: number;
  /** Of which it cannot be told whether they changed. */
  readonly unknown: number;
  /** Recipes with any of these. */
  readonly recipes: number;
  /** All there are in the head state. */
  readonly total: number;
}

export interface Impact {
  readonly basehashes: Counts;
  readonly taskhashes: Counts;
  readonly cost: Cost | undefined;
  /** Those that reach most first. */
  readonly causes: readonly CauseImpact[];
  /** By name. */
  readonly recipes: readonly RecipeImpact[];
}

/** The recipe variants of both states, by virtual file name. */
export interface BothStates {
  readonly base: ReadonlyMap<string, VariantSignatures>;
  readonly head: ReadonlyMap<string, VariantSignatures>;
  /** Head -> base, where it is another. */
  readonly counterparts: ReadonlyMap<string, string>;
}

/** What is known of the sstate object of a task of the base state. */
export type Presence = 'local' | 'mirror' | 'missing' | 'unknown';

const MOST_EXAMPLES = 3;

export function impactOf(
  states: BothStates,
  graphs: { readonly base: HashedGraphSide; readonly head: HashedGraphSide },
  tasks: readonly TaskImpact[],
  firstHand: ReadonlyMap<string, readonly number[]>,
  causes: Causes,
  presence?: ReadonlyMap<number, Presence>,
): Impact {
  const basehashes = basehashChanges(states, firstHand);
  const taskhashes = taskhashChanges(graphs, tasks);
  const reach = new Reaches(causes.all.length);
  for (const [mcfn, changes] of basehashes) reach.add('basehashes', mcfn, changes);
  for (const [mcfn, changes] of taskhashes) reach.add('taskhashes', mcfn, changes);
  const costs = presence && costsOf(graphs.base, tasks, presence, causes.all.length);
  const order = [...causes.all.keys()]
    .filter((number) => reach.isUsed(number))
    .sort((a, b) => reach.size(b) - reach.size(a) || comparePlaces(causes.all[a]!, causes.all[b]!));
  const placeOf = new Map(order.map((number, at) => [number, at]));
  const placed = ({ causes: numbers, ...entry }: TaskChangeEntry): TaskChangeEntry => ({
    ...entry,
    causes: numbers.map((number) => placeOf.get(number)!).sort((a, b) => a - b),
  });
  const names = new Set([...basehashes.keys(), ...taskhashes.keys()]);
  return {
    basehashes: {
      ...countsOf([...basehashes.values()].map(({ entries }) => entries)),
      total: [...states.head.values()].reduce((sum, { tasks }) => sum + tasks.length, 0),
    },
    taskhashes: {
      ...countsOf([...taskhashes.values()].map(({ entries }) => entries)),
      total: graphs.head.graph.recipeOf.length,
    },
    cost: costs?.all,
    causes: order.map((number) => ({
      ...causes.all[number]!,
      ...reach.of(number),
      cost: costs?.each[number],
    })),
    recipes: [...names]
      .map((mcfn): RecipeImpact => {
        const known = basehashes.get(mcfn) ?? taskhashes.get(mcfn)!;
        const was = states.counterparts.get(mcfn);
        const [inHead, inBase] = [states.head.has(mcfn), states.base.has(was ?? mcfn)];
        return {
          recipe: known.recipe,
          mcfn,
          was,
          status: !inHead ? 'removed' : !inBase ? 'added' : was === undefined ? 'changed' : 'renamed',
          basehashes: (basehashes.get(mcfn)?.entries ?? []).map(placed),
          taskhashes: (taskhashes.get(mcfn)?.entries ?? []).map(placed),
        };
      })
      .sort((a, b) => compareCodePoints(a.recipe, b.recipe) || compareCodePoints(a.mcfn, b.mcfn)),
  };
}

interface Changes {
  readonly recipe: string;
  readonly entries: TaskChangeEntry[];
}

/** By virtual file name. */
function basehashChanges(
  { base, head, counterparts }: BothStates,
  firstHand: ReadonlyMap<string, readonly number[]>,
): Map<string, Changes> {
  const found = new Map<string, Changes>();
  const enter = (variant: VariantSignatures, entry: Omit<TaskChangeEntry, 'causes'>): void => {
    const { mcfn } = variant;
    const causes = firstHand.get(taskKey(mcfn, entry.task)) ?? [];
    const known = found.get(mcfn);
    if (known) known.entries.push({ ...entry, causes });
    else found.set(mcfn, { recipe: variantLabel(variant), entries: [{ ...entry, causes }] });
  };
  const kept = new Set<string>();
  for (const variant of head.values()) {
    const was = base.get(counterparts.get(variant.mcfn) ?? variant.mcfn);
    if (was === variant) {
      kept.add(was.mcfn);
      continue;
    }
    const old = new Map(was?.tasks.map(({ task, basehash }) => [task, basehash]));
    if (was) kept.add(was.mcfn);
    for (const { task, basehash: after } of variant.tasks) {
      const before = old.get(task);
      old.delete(task);
      const status = statusOf(before, after);
      if (status !== 'same') enter(variant, { task, status, before, after });
    }
    for (const [task, before] of old) enter(was!, { task, status: 'removed', before, after: undefined });
  }
  for (const variant of base.values()) {
    if (kept.has(variant.mcfn)) continue;
    for (const { task, basehash: before } of variant.tasks)
      enter(variant, { task, status: 'removed', before, after: undefined });
  }
  return found;
}

function statusOf(before: BitBakeHash | Unknown | undefined, after: BitBakeHash | Unknown): TaskStatus {
  if (before === undefined) return 'added';
  const [wasKnown, isKnown] = [typeof before === 'string', typeof after === 'string'];
  if (wasKnown && isKnown) return before === after ? 'same' : 'changed';
  return 'unknown';
}

/** By virtual file name. */
function taskhashChanges(
  { base, head }: { readonly base: HashedGraphSide; readonly head: HashedGraphSide },
  tasks: readonly TaskImpact[],
): Map<string, Changes> {
  const found = new Map<string, Changes>();
  for (const { side, task, status, counterpart, causes } of tasks) {
    if (status === 'same') continue;
    const { graph, hashes } = side === 'head' ? head : base;
    const recipe = recipeAt(graph, task);
    const before = side === 'base' ? task : counterpart;
    const entry: TaskChangeEntry = {
      task: nameAt(graph, task),
      status,
      before: before === undefined ? undefined : base.hashes.taskhash(before),
      after: side === 'head' ? hashes.taskhash(task) : undefined,
      causes,
    };
    const known = found.get(recipe.mcfn);
    if (known) known.entries.push(entry);
    else found.set(recipe.mcfn, { recipe: recipeLabel(recipe), entries: [entry] });
  }
  return found;
}

function countsOf(all: readonly (readonly TaskChangeEntry[])[]): Omit<Counts, 'total'> {
  const counts = { changed: 0, added: 0, removed: 0, unknown: 0, recipes: 0 };
  for (const entries of all) {
    if (entries.length > 0) counts.recipes++;
    for (const { status } of entries) counts[status]++;
  }
  return counts;
}

/** What each cause reaches. */
class Reaches {
  private readonly found: Record<'basehashes' | 'taskhashes', { tasks: number; recipes: Set<string> }>[];
  private readonly examples: string[][];

  constructor(count: number) {
    const none = () => ({ tasks: 0, recipes: new Set<string>() });
    this.found = Array.from({ length: count }, () => ({ basehashes: none(), taskhashes: none() }));
    this.examples = Array.from({ length: count }, () => []);
  }

  add(what: 'basehashes' | 'taskhashes', mcfn: string, { recipe, entries }: Changes): void {
    for (const { task, causes } of entries) {
      for (const number of causes) {
        const of = this.found[number]![what];
        of.tasks++;
        const isNew = !of.recipes.has(mcfn);
        of.recipes.add(mcfn);
        const examples = this.examples[number]!;
        if (what === 'basehashes' && isNew && examples.length < MOST_EXAMPLES)
          examples.push(`${recipe}:${task}`);
      }
    }
  }

  isUsed(number: number): boolean {
    return this.size(number) > 0;
  }

  size(number: number): number {
    const { basehashes, taskhashes } = this.found[number]!;
    return Math.max(basehashes.tasks, taskhashes.tasks);
  }

  of(number: number): Pick<CauseImpact, 'basehashes' | 'taskhashes' | 'examples'> {
    const { basehashes, taskhashes } = this.found[number]!;
    const reach = ({ tasks, recipes }: typeof basehashes): Reach => ({ tasks, recipes: recipes.size });
    return {
      basehashes: reach(basehashes),
      taskhashes: reach(taskhashes),
      examples: this.examples[number]!,
    };
  }
}

/** The objects of tasks whose hash is another now, or that are gone: in all, and by cause. */
function costsOf(
  base: HashedGraphSide,
  tasks: readonly TaskImpact[],
  presence: ReadonlyMap<number, Presence>,
  count: number,
): { readonly all: Cost; readonly each: readonly Cost[] } {
  const none = () => ({ lost: 0, local: 0, unknown: 0 });
  const all = none();
  const each = Array.from({ length: count }, none);
  for (const { side, task, status, counterpart, causes } of tasks) {
    const old = side === 'base' ? task : counterpart;
    if (old === undefined || (status !== 'changed' && status !== 'removed')) continue;
    if (base.graph.setscene[old] !== 1) continue;
    const found = presence.get(old);
    for (const cost of [all, ...causes.map((number) => each[number]!)]) {
      if (found === 'unknown') cost.unknown++;
      if (found !== 'local' && found !== 'mirror') continue;
      cost.lost++;
      if (found === 'local') cost.local++;
    }
  }
  return { all, each };
}

function comparePlaces(a: Cause, b: Cause): number {
  return compareCodePoints(a.path, b.path) || (a.lines?.[0] ?? 0) - (b.lines?.[0] ?? 0);
}

function variantLabel({ mcfn, pn }: VariantSignatures): string {
  const multiconfig = /^mc:([^:]*):/.exec(mcfn)?.[1];
  return multiconfig ? `mc:${multiconfig}:${pn}` : pn;
}

/** The tasks of the base state whose sstate objects count for the cost: those that would no longer be looked for. */
export function abandoned(base: HashedGraphSide, tasks: readonly TaskImpact[]): number[] {
  return tasks.flatMap(({ side, task, status, counterpart }) => {
    const old = side === 'base' ? task : counterpart;
    const counts = old !== undefined && (status === 'changed' || status === 'removed');
    return counts && base.graph.setscene[old] === 1 ? [old] : [];
  });
}
