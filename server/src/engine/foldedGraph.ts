/**
 * A task graph with its taskhashes that can be told of recipes as they are now, as long as these leave the graph
 * the same: then only what their basehashes reach is folded again.
 *
 * Knows no evaluator; whoever holds it makes another one where `take` says that it does not fit any more.
 */
import type { Steps } from '../base/turns.ts';
import type { RecipeInfo, SkippedRecipe } from '../metadata/recipeInfo.ts';
import type { BitBakeHash, Unknown, VariantSignatures } from '../signature/signatures.ts';
import type { TaskGraph } from '../taskgraph/graph.ts';
import { Taskhashes } from '../taskgraph/taskhash.ts';
import { type InputSources, taskhashInputs } from '../taskgraph/taskhashInputs.ts';

/** Path of a recipe file -> its variants, with their recipe information. */
export type RecipeVariants = ReadonlyMap<string, readonly VariantSignatures[]>;

/** Virtual file name -> task -> number. */
type Numbers = ReadonlyMap<string, ReadonlyMap<string, number>>;

export class FoldedGraph {
  private constructor(
    readonly graph: TaskGraph,
    readonly hashes: Taskhashes,
    private taken: RecipeVariants,
    private readonly numbers: Numbers,
    private readonly basehashes: Basehashes,
  ) {}

  /** @throws Error where no hashes can be made of the graph (a circle) or of the settings */
  static *of(
    graph: TaskGraph,
    recipes: RecipeVariants,
    sources: Omit<InputSources, 'signatures'>,
  ): Steps<FoldedGraph> {
    const signatures = new Map([...recipes.values()].flat().map((variant) => [variant.mcfn, variant]));
    const basehashes = new Basehashes(graph, signatures);
    yield;
    const inputs = taskhashInputs(graph, { ...sources, signatures });
    const hashes = yield* Taskhashes.folded({ ...inputs, basehash: (task) => basehashes.of(task) });
    return new FoldedGraph(graph, hashes, recipes, numbersOf(graph), basehashes);
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
    if (recipes.size !== this.taken.size) return false;
    const news: VariantSignatures[] = [];
    for (const [path, variants] of recipes) {
      const before = this.taken.get(path);
      if (before === variants) continue;
      if (before?.length !== variants.length) return false;
      for (const [index, variant] of variants.entries()) {
        const known = before[index]!;
        if (known.mcfn !== variant.mcfn || !sameInfo(known.recipe, variant.recipe)) return false;
        news.push(variant);
      }
    }
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
    private readonly signatures: Map<string, VariantSignatures>,
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
