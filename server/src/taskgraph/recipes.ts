/**
 * All recipes of one multiconfig, found by what they provide: what providers are chosen from.
 *
 * Follows `bb/cache.py: CoreRecipeInfo.add_cacheData` and `bb/providers.py: getRuntimeProviders,
 * buildWorldTargetList`. Recipes are numbers, in the order of their virtual file names; of all multiconfigs together,
 * so that a number names one recipe. Knows no preferences.
 */
import { compareCodePoints } from '../base/words.ts';
import { pythonPattern } from '../metadata/pythonPattern.ts';
import type { RecipeInfo, SkippedRecipe } from '../metadata/recipeInfo.ts';

/** The tasks of recipes that have the same ones. */
export interface TaskLayout {
  /** Numbers of task names, in the recipe's order. */
  readonly names: readonly number[];
  /** Number of a task name -> its place in `names`. */
  readonly places: ReadonlyMap<number, number>;
}

/** Every recipe of every multiconfig. */
export class Recipes {
  readonly infos: RecipeInfo[] = [];
  /** By recipe, as `infos`. */
  readonly layouts: TaskLayout[] = [];
  readonly sets = new Map<string, RecipeSet>();
  readonly taskNames: string[] = [];
  private readonly taskNumbers = new Map<string, number>();

  /** @param multiconfigs all there are, `''` first, with or without recipes */
  constructor(multiconfigs: readonly string[], recipes: Iterable<RecipeInfo | SkippedRecipe>) {
    const found = new Map<string, { infos: RecipeInfo[]; skipped: SkippedRecipe[] }>();
    for (const name of multiconfigs) found.set(name, { infos: [], skipped: [] });
    for (const recipe of recipes) {
      const set = found.get(recipe.multiconfig);
      if (recipe.skipped === undefined) set?.infos.push(recipe);
      else set?.skipped.push(recipe);
    }
    const layouts = new Map<string, TaskLayout>();
    for (const [name, { infos, skipped }] of found) {
      infos.sort((a, b) => compareCodePoints(a.mcfn, b.mcfn));
      const start = this.infos.length;
      for (const info of infos) {
        this.infos.push(info);
        this.layouts.push(this.layoutOf(info.tasks, layouts));
      }
      const index = new RecipeIndex(infos, start);
      this.sets.set(name, new RecipeSet(name, this.infos, [start, this.infos.length], skipped, index));
    }
  }

  /** @param others by number, with the same names, versions and tasks as the recipes whose place they take */
  with(others: ReadonlyMap<number, RecipeInfo>): Recipes {
    const recipes = new Recipes([], []);
    for (const name of this.taskNames) recipes.taskNumber(name);
    for (const [recipe, info] of this.infos.entries()) {
      recipes.infos.push(others.get(recipe) ?? info);
      recipes.layouts.push(this.layouts[recipe]!);
    }
    for (const [name, set] of this.sets) recipes.sets.set(name, set.with(recipes.infos));
    return recipes;
  }

  taskNumber(name: string): number {
    let number = this.taskNumbers.get(name);
    if (number === undefined) {
      number = this.taskNames.length;
      this.taskNumbers.set(name, number);
      this.taskNames.push(name);
    }
    return number;
  }

  private layoutOf(tasks: readonly string[], known: Map<string, TaskLayout>): TaskLayout {
    const key = tasks.join('\n');
    let layout = known.get(key);
    if (!layout) {
      const names = tasks.map((task) => this.taskNumber(task));
      layout = { names, places: new Map(names.map((name, place) => [name, place])) };
      known.set(key, layout);
    }
    return layout;
  }
}

/** Name -> recipes, by number. */
type Index = ReadonlyMap<string, readonly number[]>;

/** An entry of PACKAGES_DYNAMIC. */
interface DynamicPackages {
  /** What every name that matches starts with: most names are told apart by it. */
  readonly start: string;
  readonly pattern: RegExp;
  readonly recipes: readonly number[];
}

function dynamicPackages(text: string, recipes: readonly number[]): DynamicPackages[] {
  const pattern = pythonPattern(text.replaceAll('+', '\\+'));
  if (!pattern) return [];
  const start = /[|?*{]/.test(text.replaceAll('.*', '')) ? '' : /^\^?([\w-]*)/.exec(text)![1]!;
  return [{ start, pattern: new RegExp(`^(?:${pattern.source})`, pattern.flags), recipes }];
}

/** Recipes by what they provide. */
class RecipeIndex {
  readonly providers: Index;
  readonly byPn: Index;
  readonly rproviders: Index;
  readonly packages: Index;
  readonly provides: ReadonlyMap<string, readonly string[]>;
  readonly dynamic: readonly DynamicPackages[];
  /** Names that only PACKAGES_DYNAMIC gives -> what was found for them. */
  readonly foundDynamic = new Map<string, number[]>();

  /** @param start the number of the first one */
  constructor(infos: readonly RecipeInfo[], start: number) {
    const providers = new Map<string, number[]>();
    const byPn = new Map<string, number[]>();
    const rproviders = new Map<string, number[]>();
    const packages = new Map<string, number[]>();
    const dynamic = new Map<string, number[]>();
    const provides = new Map<string, Set<string>>();
    const add = (index: Map<string, number[]>, name: string, recipe: number): void => {
      const known = index.get(name);
      if (!known) index.set(name, [recipe]);
      else if (known.at(-1) !== recipe) known.push(recipe);
    };
    for (const [at, info] of infos.entries()) {
      const recipe = start + at;
      add(byPn, info.pn, recipe);
      let own = provides.get(info.pn);
      if (!own) provides.set(info.pn, (own = new Set()));
      for (const name of [info.pn, ...info.provides]) {
        add(providers, name, recipe);
        own.add(name);
      }
      for (const name of info.rprovides) add(rproviders, name, recipe);
      for (const names of Object.values(info.packageRprovides)) {
        for (const name of names) add(rproviders, name, recipe);
      }
      for (const name of info.packages) add(packages, name, recipe);
      for (const name of info.packagesDynamic) add(dynamic, name, recipe);
    }
    this.providers = providers;
    this.byPn = byPn;
    this.rproviders = rproviders;
    this.packages = packages;
    this.provides = new Map([...provides].map(([pn, names]) => [pn, [...names]]));
    this.dynamic = [...dynamic].flatMap(([text, recipes]) => dynamicPackages(text, recipes));
  }
}

/** The recipes of one multiconfig. */
export class RecipeSet {
  readonly providers: Index;
  readonly byPn: Index;
  /** PN -> all that recipes of that PN provide, PN first. */
  readonly provides: ReadonlyMap<string, readonly string[]>;

  /**
   * @param infos of all multiconfigs
   * @param range which of them are its own: from the first up to the second number
   */
  constructor(
    readonly multiconfig: string,
    private readonly infos: readonly RecipeInfo[],
    private readonly range: readonly [from: number, to: number],
    readonly skipped: readonly SkippedRecipe[],
    private readonly index: RecipeIndex,
  ) {
    this.providers = index.providers;
    this.byPn = index.byPn;
    this.provides = index.provides;
  }

  /** @param infos of all multiconfigs, with the same names as before */
  with(infos: readonly RecipeInfo[]): RecipeSet {
    return new RecipeSet(this.multiconfig, infos, this.range, this.skipped, this.index);
  }

  info(recipe: number): RecipeInfo {
    return this.infos[recipe]!;
  }

  /** Recipes with a package of that name or one that provides it; else those that may make one. */
  runtimeProviders(name: string): number[] {
    const { rproviders, packages, foundDynamic } = this.index;
    const found = [...(rproviders.get(name) ?? []), ...(packages.get(name) ?? [])];
    if (found.length > 0) return found;
    let dynamic = foundDynamic.get(name);
    if (!dynamic) {
      dynamic = this.index.dynamic.flatMap(({ start, pattern, recipes }) =>
        name.startsWith(start) && pattern.test(name) ? recipes : [],
      );
      foundDynamic.set(name, dynamic);
    }
    return dynamic;
  }

  /** The PNs of `world`: with `task`, of recipes that have it only. */
  worldTargets(task: string | undefined): string[] {
    const found = new Set<string>();
    for (const { pn, excludedFromWorld, tasks } of this.infos.slice(...this.range)) {
      if (excludedFromWorld || (task !== undefined && !tasks.includes(task))) continue;
      const isTerminal = this.provides
        .get(pn)!
        .every(
          (name) =>
            !name.startsWith('virtual/') &&
            this.providers.get(name)!.every((recipe) => this.info(recipe).pn === pn),
        );
      if (isTerminal) found.add(pn);
    }
    return [...found];
  }

  /** The PNs of `universe`: with `task`, those that a recipe with it provides. */
  universeTargets(task: string): string[] {
    const has = (pn: string) => this.providers.get(pn)!.some((at) => this.info(at).tasks.includes(task));
    return [...new Set(this.infos.slice(...this.range).map(({ pn }) => pn))].filter(has);
  }
}
