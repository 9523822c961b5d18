/**
 * Which variables differ in the tasks whose basehashes do, asked of the evaluators of both sides.
 *
 * What basehashes were made of is large, so recipes are evaluated a few at a time and only the answer is kept.
 */
import type { Origin, VariantSignatures } from '../signature/signatures.ts';
import { splitVirtual } from '../signature/table.ts';
import { chainTo, type VariableChange, variableChanges } from '../signature/variableChanges.ts';
import { nameAt, recipeAt } from '../taskgraph/graph.ts';
import type { PairDifference } from './differenceCauses.ts';
import type { RecipeEvaluation } from './results.ts';
import type { HashedSide, TaskPairs } from './taskPairs.ts';
import type { Workspace } from './workspace.ts';

/** One name on the way from a task to a variable, with where it was last set. */
export interface ChainLink {
  readonly name: string;
  readonly origin: Origin | undefined;
}

/** A change, and how the task comes to it: on the side after, unless it enters the hash before only. */
export interface ReachedChange {
  readonly change: VariableChange;
  readonly chain: readonly ChainLink[];
}

/** Recipe files whose material is held at once, on each side. */
const BATCH = 24;

/** Pair -> what changed in its basehash, of those pairs whose basehash differs. */
export async function changedVariables(
  pairs: TaskPairs,
  differences: readonly PairDifference[],
  [before, after]: readonly [Workspace, Workspace],
  progress: (done: number, of: number) => void = () => undefined,
): Promise<Map<number, readonly ReachedChange[]>> {
  const wanted = new Map<string, number[]>();
  for (const { pair, basehash } of differences) {
    if (!basehash) continue;
    const path = splitVirtual(mcfnOf(pairs.before, pairs.pairs[pair]!.before)).path;
    const known = wanted.get(path);
    if (known) known.push(pair);
    else wanted.set(path, [pair]);
  }
  const found = new Map<number, readonly ReachedChange[]>();
  const files = [...wanted.keys()];
  for (let at = 0; at < files.length; at += BATCH) {
    progress(at, files.length);
    const batch = files.slice(at, at + BATCH);
    const chosen = batch.flatMap((path) => wanted.get(path)!);
    const young = new Set(
      chosen.map((pair) => splitVirtual(mcfnOf(pairs.after, pairs.pairs[pair]!.after)).path),
    );
    const [old, anew] = await Promise.all([evaluated(batch, before), evaluated([...young], after)]);
    for (const pair of chosen) found.set(pair, changesOf(pair, pairs, old, anew));
  }
  return found;
}

type Evaluations = ReadonlyMap<
  string,
  { readonly variant: VariantSignatures; readonly of: RecipeEvaluation }
>;

/** Virtual file name -> variant; what cannot be evaluated is left out: it was told of before. */
async function evaluated(paths: readonly string[], workspace: Workspace): Promise<Evaluations> {
  const found = new Map<string, { variant: VariantSignatures; of: RecipeEvaluation }>();
  await workspace.evaluateAll(paths, (_, result) => {
    if (result instanceof Error) return;
    for (const variant of result.variants) found.set(variant.mcfn, { variant, of: result });
  });
  return found;
}

function changesOf(at: number, pairs: TaskPairs, old: Evaluations, young: Evaluations): ReachedChange[] {
  const pair = pairs.pairs[at]!;
  const a = old.get(mcfnOf(pairs.before, pair.before));
  const b = young.get(mcfnOf(pairs.after, pair.after));
  if (!a || !b) return [];
  const { graph } = pairs.after;
  const task = nameAt(graph, pair.after);
  return variableChanges(task, a.variant, b.variant).map((change) => {
    const [side, other] = change.enters === 'before' ? [a, b] : [b, a];
    const names = chainTo(change.variable, task, side.variant) ?? [task, change.variable];
    const origin = (name: string) =>
      lastOf(name === change.variable ? placesOfChange(name, side.of, other.of) : placesOf(name, side.of));
    return { change, chain: names.map((name) => ({ name, origin: origin(name) })) };
  });
}

/** Newest first. */
function placesOf(name: string, { origins }: RecipeEvaluation): readonly Origin[] {
  return origins.get(name) ?? origins.get(name.replace(/\[.*/, '')) ?? [];
}

/** Those that only one side has, of the one if it has any, or of the other; else all: they are no different. */
function placesOfChange(name: string, side: RecipeEvaluation, other: RecipeEvaluation): readonly Origin[] {
  const [own, others] = [placesOf(name, side), placesOf(name, other)];
  const lacking = (places: readonly Origin[]) => {
    const known = new Set(places.map(placeKey));
    return (place: Origin) => !known.has(placeKey(place));
  };
  const only = [own.filter(lacking(others)), others.filter(lacking(own))];
  return only.find((places) => places.length > 0) ?? own;
}

function placeKey({ path, line, operation }: Origin): string {
  return `${operation} ${line} ${path}`;
}

/** The last place that had a say: `?=` and `??=` have none where something else set the variable. */
function lastOf(places: readonly Origin[]): Origin | undefined {
  const strong = places.find(({ operation }) => !operation.startsWith('set?'));
  return strong ?? places.findLast(({ operation }) => operation === 'set?') ?? places[0];
}

function mcfnOf({ graph }: HashedSide, task: number): string {
  return recipeAt(graph, task).mcfn;
}
