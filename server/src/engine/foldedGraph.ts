/**
 * A task graph with its taskhashes that can be told of recipes as they are now: as long as these leave the graph the
 * same, only what their basehashes reach is folded again; where they depend on others, only that is made again.
 *
 * Knows no evaluator; whoever holds it makes another one where neither `take` nor `remade` fits any more.
 */
import type { Steps } from '../base/turns.ts';
import type { RecipeInfo, SkippedRecipe } from '../metadata/recipeInfo.ts';
import type { BitBakeHash, Unknown, VariantSignatures } from '../signature/signatures.ts';
import type { TaskGraph } from '../taskgraph/graph.ts';
import type { GraphMaking } from '../taskgraph/remaking.ts';
import { Taskhashes } from '../taskgraph/taskhash.ts';
import { type InputSources, taskhashInputs } from '../taskgraph/taskhashInputs.ts';

/** Path of a recipe file -> its variants, with their recipe information. */
export type RecipeVariants = ReadonlyMap<string, readonly VariantSignatures[]>;

/** Virtual file name -> task -> number. */
type Numbers = ReadonlyMap<string, ReadonlyMap<string, number>>;

type HashSources = Omit<InputSources, 'signatures'>;

/** What the first graph was made of. */
interface Origin {
  readonly making: GraphMaking;
  readonly recipes: RecipeVariants;
  readonly sources: HashSources;
}

export class FoldedGraph {
  private constructor(
    readonly graph: TaskGraph,
    readonly hashes: Taskhashes,
    private taken: RecipeVariants,
    private readonly numbers: Numbers,
    private readonly basehashes: Basehashes,
    private readonly origin: Origin,
    /** The tasks that are others than in the first graph. */
    private readonly others: readonly number[] = [],
  ) {}

  /** @throws Error where no hashes can be made of the graph (a circle) or of the settings */
  static *of(making: GraphMaking, recipes: RecipeVariants, sources: HashSources): Steps<FoldedGraph> {
    const { graph } = making;
    const signatures = new Map([...recipes.values()].flat().map((variant) => [variant.mcfn, variant]));
    const basehashes = new Basehashes(graph, signatures);
    yield;
    const inputs = taskhashInputs(graph, { ...sources, signatures });
    const hashes = yield* Taskhashes.folded({ ...inputs, basehash: (task) => basehashes.of(task) });
    const origin = { making, recipes, sources };
    return new FoldedGraph(graph, hashes, recipes, numbersOf(graph), basehashes, origin);
  }

  /**
   * Another one, with what recipes ask for now; this one stays as it is.
   * @param recipes the same files
   * @returns undefined where the graph may differ in more than dependencies
   */
  *remade(recipes: RecipeVariants): Steps<FoldedGraph | undefined> {
    const { making, sources } = this.origin;
    // Which locks count depends on the whole graph.
    if (Object.keys(sources.settings.locked).length > 0) return undefined;
    const asking = others(this.origin.recipes, recipes);
    const news = others(this.taken, recipes);
    if (!asking || !news) return undefined;
    const infos: RecipeInfo[] = [];
    for (const { mcfn, recipe } of asking) {
      const before = making.info(mcfn);
      if (!before || !recipe || recipe.skipped !== undefined) return undefined;
      if (!sameInfo(before, recipe)) infos.push(recipe);
    }
    const remade = yield* making.remade(infos);
    if (!remade || !sameProviders(this.graph, remade.graph)) return undefined;
    const { graph, changed } = remade;
    const signatures = new Map(this.basehashes.signatures);
    for (const variant of news) signatures.set(variant.mcfn, variant);
    const basehashes = new Basehashes(graph, signatures);
    yield;
    const inputs = {
      ...taskhashInputs(graph, { ...sources, signatures }),
      basehash: (task: number) => basehashes.of(task),
    };
    const same = making.graph.recipeOf.length;
    const count = graph.recipeOf.length;
    const isSame = count === same && this.graph.recipeOf.length === same;
    const numbers = isSame ? this.numbers : numbersOf(graph);
    const stale = news.flatMap(({ mcfn }) => [...(numbers.get(mcfn)?.values() ?? [])]);
    const changes = new Set([...this.others, ...changed].filter((task) => task < count));
    const hashes = yield* this.hashes.remade(inputs, changes, stale, same);
    return new FoldedGraph(graph, hashes, recipes, numbers, basehashes, this.origin, changed);
  }

  /** What it was last told of. */
  get recipes(): RecipeVariants {
    return this.taken;
  }

  task(mcfn: string, name: string): number | undefined {
    return this.numbers.get(mcfn)?.get(name);
  }

  /** Folds anew what other basehashes reach. @returns false, and nothing is done, where the graph may be another */
  take(recipes: RecipeVariants): boolean {
    const news = others(this.taken, recipes);
    if (!news?.every(({ mcfn, recipe }) => sameInfo(this.basehashes.signatures.get(mcfn)?.recipe, recipe)))
      return false;
    this.taken = recipes;
    for (const variant of news) this.basehashes.set(variant);
    if (news.length > 0)
      this.hashes.update(news.flatMap(({ mcfn }) => [...(this.numbers.get(mcfn)?.values() ?? [])]));
    return true;
  }

  /** Of every task, by virtual file name and task, what changes when its hash does. */
  keys(): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const [mcfn, tasks] of this.numbers) {
      for (const [name, task] of tasks) found.set(`${mcfn} ${name}`, this.hashes.key(task));
    }
    return found;
  }

  /** The tasks whose hash is not the one that `keys` told, in ascending order. */
  changedSince(keys: ReadonlyMap<string, string>): number[] {
    const found: number[] = [];
    for (const [mcfn, tasks] of this.numbers) {
      for (const [name, task] of tasks) {
        if (keys.get(`${mcfn} ${name}`) !== this.hashes.key(task)) found.push(task);
      }
    }
    return found.sort((a, b) => a - b);
  }
}

/** What the tasks of a graph have for basehash, which may become others. */
class Basehashes {
  /** By virtual file name, made when one is asked for. */
  private readonly byRecipe = new Map<string, ReadonlyMap<string, BitBakeHash | Unknown>>();

  /** @param signatures by virtual file name */
  constructor(
    private readonly graph: TaskGraph,
    readonly signatures: Map<string, VariantSignatures>,
  ) {}

  of(task: number): BitBakeHash | Unknown {
    const { recipes, names, recipeOf, nameOf } = this.graph;
    const { mcfn } = recipes[recipeOf[task]!]!;
    let known = this.byRecipe.get(mcfn);
    if (!known) {
      const tasks = this.signatures.get(mcfn)?.tasks ?? [];
      this.byRecipe.set(mcfn, (known = new Map(tasks.map(({ task, basehash }) => [task, basehash]))));
    }
    return known.get(names[nameOf[task]!]!) ?? { unknown: 'its recipe could not be evaluated' };
  }

  set(variant: VariantSignatures): void {
    this.signatures.set(variant.mcfn, variant);
    this.byRecipe.delete(variant.mcfn);
  }
}

function numbersOf({ recipes, names, recipeOf, nameOf }: TaskGraph): Numbers {
  const numbers = new Map<string, Map<string, number>>();
  for (const [task, of] of recipeOf.entries()) {
    const { mcfn } = recipes[of]!;
    const known = numbers.get(mcfn);
    if (known) known.set(names[nameOf[task]!]!, task);
    else numbers.set(mcfn, new Map([[names[nameOf[task]!]!, task]]));
  }
  return numbers;
}

type Info = RecipeInfo | SkippedRecipe | undefined;

function sameInfo(a: Info, b: Info): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** The variants that are not the same objects; undefined where there are others than before. */
function others(before: RecipeVariants, now: RecipeVariants): VariantSignatures[] | undefined {
  if (now.size !== before.size) return undefined;
  const found: VariantSignatures[] = [];
  for (const [path, variants] of now) {
    const known = before.get(path);
    if (known === variants) continue;
    if (known?.length !== variants.length) return undefined;
    if (variants.some(({ mcfn }, at) => known[at]!.mcfn !== mcfn)) return undefined;
    found.push(...variants);
  }
  return found;
}

/** Whether names have the same providers: which of them provides `virtual/…` decides what counts for hashes. */
function sameProviders(a: TaskGraph, b: TaskGraph): boolean {
  return [...a.providers].every(([multiconfig, chosen]) => {
    const others = b.providers.get(multiconfig)!;
    return [...chosen, ...others].every(
      ([name]) => !name.startsWith('virtual/') || chosen.get(name)?.pn === others.get(name)?.pn,
    );
  });
}
