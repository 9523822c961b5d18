/**
 * What `keptRecipes.ts` holds, in parts that take little time each, for the next start of the same build of ours on
 * the same Node. What many recipes have is told once and is a number from then on, as between processes.
 *
 * Says nothing of whether any of it still counts: all that was read is told with its state.
 */
import { deserialize, serialize } from 'node:v8';
import type { NameTable } from '../base/nameTable.ts';
import type { KnownRead } from '../inputs/reads.ts';
import type { ToldIngredients } from '../signature/ingredients.ts';
import { type KeptVariant, ReceivedIngredients, RetoldIngredients } from '../signature/keptIngredients.ts';
import { ReceivedReads, type RequestReads } from './requestReads.ts';
import type { ConfigurationReads, ConfigurationSummary, RecipeEvaluation } from './results.ts';

export interface KeptConfiguration {
  readonly summary: ConfigurationSummary;
  readonly reads: ConfigurationReads;
  /** Whether texts of open documents took part: nothing for the next start. */
  readonly edited: boolean;
}

export interface KeptRecipe {
  readonly configuration: KeptConfiguration;
  readonly evaluation: RecipeEvaluation;
  readonly recipeInfo: boolean;
  readonly edited: boolean;
  readonly reads: readonly KnownRead[];
  readonly evaluated: ReadonlySet<string>;
  readonly variants: ReadonlyMap<string, KeptVariant>;
}

/** Texts of metadata as they were read, by path and then by state. */
export type KeptTexts = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** The first part: without the others it tells what could be made of them. */
export interface KeptHead {
  /** That of the files on disk comes first. */
  readonly configurations: readonly KeptConfiguration[];
  readonly texts: KeptTexts;
}

/** Every other part. */
interface ToldPart {
  readonly names?: ToldIngredients;
  readonly recipes: readonly ToldRecipe[];
}

interface ToldRecipe {
  readonly configuration: number;
  readonly evaluation: RecipeEvaluation;
  readonly recipeInfo: boolean;
  readonly reads: RequestReads;
  readonly ingredients: ToldIngredients;
}

/** How many recipes, and how many names, one part has. */
const MOST_RECIPES = 12;
const MOST_NAMES = 50_000;

/** @param idle resolves when there is time for another part */
export async function* toldParts(
  configuration: KeptConfiguration,
  recipes: readonly KeptRecipe[],
  texts: KeptTexts,
  table: NameTable,
  idle: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  const configurations = [...new Set([configuration, ...recipes.map((recipe) => recipe.configuration)])];
  yield serialize({ configurations, texts: textsRead(texts, configurations, recipes) } satisfies KeptHead);
  const ingredients = new RetoldIngredients(table);
  for (let names = ingredients.names(MOST_NAMES); names; names = ingredients.names(MOST_NAMES)) {
    await idle();
    yield serialize({ names, recipes: [] } satisfies ToldPart);
  }
  const reads = new RetoldReads();
  for (let at = 0; at < recipes.length; at += MOST_RECIPES) {
    await idle();
    const told = recipes.slice(at, at + MOST_RECIPES).map((recipe) => ({
      configuration: configurations.indexOf(recipe.configuration),
      evaluation: recipe.evaluation,
      recipeInfo: recipe.recipeInfo,
      reads: reads.tell(recipe.reads),
      ingredients: ingredients.tell(recipe.variants.values(), recipe.evaluated),
    }));
    yield serialize({ recipes: told } satisfies ToldPart);
  }
}

/** @throws Error where the first part is none. Undefined: there is nothing */
export async function headOf(parts: AsyncIterable<Uint8Array>): Promise<KeptHead | undefined> {
  for await (const part of parts) return deserialize(part) as KeptHead;
  return undefined;
}

/** @throws Error where a part is missing, or none */
export async function recipesOf(
  parts: AsyncIterable<Uint8Array>,
  table: NameTable,
): Promise<{ readonly head: KeptHead; readonly recipes: readonly KeptRecipe[] } | undefined> {
  let head: KeptHead | undefined;
  const recipes: KeptRecipe[] = [];
  const received = { ingredients: new ReceivedIngredients(table), reads: new ReceivedReads() };
  for await (const part of parts) {
    if (!head) {
      head = deserialize(part) as KeptHead;
      continue;
    }
    const told = deserialize(part) as ToldPart;
    if (told.names) received.ingredients.receive(told.names);
    for (const { configuration, reads, ingredients, ...recipe } of told.recipes) {
      recipes.push({
        ...recipe,
        edited: false,
        configuration: head.configurations[configuration]!,
        reads: received.reads.receive(reads),
        evaluated: new Set(ingredients.evaluated),
        variants: variantsOf(received.ingredients, ingredients),
      });
    }
  }
  return head && { head, recipes };
}

/** By virtual file name. */
export function variantsOf(
  received: ReceivedIngredients,
  told: ToldIngredients,
): ReadonlyMap<string, KeptVariant> {
  return new Map(received.receive(told).map((variant) => [variant.mcfn, variant]));
}

/** Those of texts that recipes and configurations were made of. */
function textsRead(
  texts: KeptTexts,
  configurations: readonly KeptConfiguration[],
  recipes: readonly KeptRecipe[],
): KeptTexts {
  const all = [
    ...configurations.flatMap(({ reads }) => reads.parsed),
    ...recipes.flatMap(({ reads }) => reads),
  ];
  const found = new Map<string, Map<string, string>>();
  for (const [read, state] of new Set(all)) {
    const path = read.slice(1);
    const text = read.startsWith('x') ? texts.get(path)?.get(state) : undefined;
    if (text === undefined) continue;
    const same = found.get(path);
    if (same) same.set(state, text);
    else found.set(path, new Map([[state, text]]));
  }
  return found;
}

class RetoldReads {
  private readonly numbers = new Map<KnownRead, number>();

  tell(reads: readonly KnownRead[]): RequestReads {
    const fresh: KnownRead[] = [];
    const numbers = Uint32Array.from(reads, (known) => {
      let number = this.numbers.get(known);
      if (number === undefined) {
        number = this.numbers.size;
        this.numbers.set(known, number);
        fresh.push(known);
      }
      return number;
    });
    return { fresh, numbers };
  }
}
