/**
 * Which dependencies of a task count for its hash.
 *
 * Follows `bb/siggen.py: SignatureGeneratorBasic.rundep_check` for BitBake's own handlers, and OE-Core's
 * `lib/oe/sstatesig.py: sstate_rundepfilter, tasks_resolved` for its own. Pure.
 */
import { pythonPattern } from '../metadata/pythonPattern.ts';
import type { TaskhashTraits } from '../metadata/release.ts';
import type { TaskhashSettings } from './taskhashSettings.ts';

/** What the rules ask of a recipe variant (`bb/cache.py: CoreRecipeInfo`). */
export interface FilteredRecipe {
  readonly multiconfig: string;
  readonly pn: string;
  /** Names of the inherited classes. */
  readonly inherits: readonly string[];
  readonly packages: readonly string[];
  readonly rrecommends: readonly string[];
  /** RRECOMMENDS of single packages. */
  readonly packageRrecommends: Readonly<Record<string, readonly string[]>>;
}

/** For each multiconfig in BitBake's order, `virtual/…` -> the PN of the recipe that was chosen to provide it. */
export type VirtualProviders = ReadonlyMap<string, ReadonlyMap<string, string>>;

export type DependencyFilter<R> = (recipe: R, task: string, dependency: R, itsTask: string) => boolean;

/** Whether a task's hash takes in what it depends on. @throws Error for a pattern that is none */
export function dependencyFilter<R extends FilteredRecipe>(
  settings: TaskhashSettings,
  traits: TaskhashTraits,
  virtuals: VirtualProviders,
): DependencyFilter<R> {
  switch (settings.handler) {
    case 'noop':
      return () => false;
    case 'basic':
    case 'basichash':
    case 'TestEquivHash':
      return plainFilter(settings, traits);
    case 'OEBasic':
    case 'OEBasicHash':
    case 'OEEquivHash': {
      const filter = sstateFilter<R>(settings, traits, virtuals);
      if (settings.handler !== 'OEBasic' || !traits.plainHandlersSkipMulticonfigs) return filter;
      return (recipe, task, dependency, itsTask) =>
        recipe.multiconfig === dependency.multiconfig && filter(recipe, task, dependency, itsTask);
    }
  }
}

function plainFilter(
  { ignoredRecipes }: TaskhashSettings,
  { plainHandlersSkipMulticonfigs }: TaskhashTraits,
): DependencyFilter<FilteredRecipe> {
  const ignored = ignoredRecipes === '' ? undefined : pythonPattern(ignoredRecipes);
  if (ignoredRecipes !== '' && !ignored) throw new Error(`"${ignoredRecipes}" is no regular expression`);
  return (recipe, _task, dependency) => {
    if (plainHandlersSkipMulticonfigs && recipe.multiconfig !== dependency.multiconfig) return false;
    return !ignored || ignored.test(recipe.pn) || !ignored.test(dependency.pn);
  };
}

/** What the rules of OE-Core need of a recipe, found once. */
interface RecipeKind {
  /** native, cross and nativesdk recipes keep their dependencies. */
  readonly forHost: boolean;
  readonly native: boolean;
  readonly allArchPackageGroup: boolean;
  readonly image: boolean;
  readonly kernel: boolean;
  readonly recommendsKernelModules: boolean;
  readonly abiSafe: boolean;
}

const SPDX_TASKS = ['do_create_spdx', 'do_create_runtime_spdx'];

function sstateFilter<R extends FilteredRecipe>(
  settings: TaskhashSettings,
  traits: TaskhashTraits,
  virtuals: VirtualProviders,
): DependencyFilter<R> {
  const abiSafe = new Set(settings.abiSafeRecipes.map((name) => resolved(name, virtuals)));
  const safe = new Set(
    settings.safeDependencies.map((pair) =>
      pair
        .split('->')
        .map((name) => resolved(name, virtuals))
        .join('->'),
    ),
  );
  const safeForAny = new Set([...safe].flatMap((pair) => (pair.startsWith('*->') ? [pair.slice(3)] : [])));
  const safeTargets = new Set([...safe].map((pair) => pair.slice(pair.indexOf('->') + 2)));
  const kinds = new Map<FilteredRecipe, RecipeKind>();
  const kindOf = (recipe: FilteredRecipe): RecipeKind => {
    let kind = kinds.get(recipe);
    if (!kind) kinds.set(recipe, (kind = recipeKind(recipe, traits, abiSafe)));
    return kind;
  };
  return (recipe, task, dependency, itsTask) => {
    if (task === 'do_rm_work') return false;
    if (traits.keepsSpdxDependencies && SPDX_TASKS.includes(task) && SPDX_TASKS.includes(itsTask))
      return true;
    if (recipe.pn === dependency.pn && recipe.multiconfig === dependency.multiconfig) {
      return !(task === 'do_kernel_configme' && itsTask === 'do_unpack_and_patch');
    }
    if (safeTargets.has(dependency.pn)) {
      if (safe.has(`${recipe.pn}->${dependency.pn}`)) return false;
      if (safeForAny.has(dependency.pn) && recipe.pn !== dependency.pn) return false;
    }
    const own = kindOf(recipe);
    if (own.forHost) return true;
    const other = kindOf(dependency);
    if (own.allArchPackageGroup && !other.native) return false;
    if (other.abiSafe && !own.image) return false;
    return !(other.kernel && !own.kernel && own.recommendsKernelModules);
  };
}

/** The name, with each multiconfig's choice of provider put in, one after the other. */
function resolved(name: string, virtuals: VirtualProviders): string {
  let found = name;
  for (const providers of virtuals.values()) found = providers.get(found) ?? found;
  return found;
}

function recipeKind(
  recipe: FilteredRecipe,
  traits: TaskhashTraits,
  abiSafe: ReadonlySet<string>,
): RecipeKind {
  const { pn, inherits, packages, rrecommends, packageRrecommends } = recipe;
  const native = pn.endsWith('-native');
  const recommended = packages.flatMap((name) => [...rrecommends, ...(packageRrecommends[name] ?? [])]);
  return {
    forHost: native || pn.includes('-cross-') || pn.startsWith('nativesdk-'),
    native,
    allArchPackageGroup: inherits.includes('packagegroup') && inherits.includes('allarch'),
    image: inherits.includes('image'),
    kernel: inherits.includes('module-base') || inherits.includes(traits.kernelClass),
    recommendsKernelModules: recommended.some((name) => name.includes('kernel-module-')),
    abiSafe: abiSafe.has(pn),
  };
}
