/**
 * The task graph of a build directory: every recipe evaluated once, over the pool of evaluators, and graphs of any
 * targets made of what they say.
 *
 * What is asked of Python on the way (further DEPENDS of a few recipes, the places that problems belong to) goes to
 * the evaluators, too; the graph itself is made by `taskgraph`, in this process.
 */
import { stepByStep } from '../base/turns.ts';
import { lineRange } from '../base/text.ts';
import type { VariantSignatures } from '../signature/signatures.ts';
import { splitVirtual } from '../signature/table.ts';
import { type GraphOptions, makeTaskGraph, PREFERENCE_VARIABLES } from '../taskgraph/build.ts';
import type { GraphProblem, TaskGraph } from '../taskgraph/graph.ts';
import { Recipes } from '../taskgraph/recipes.ts';
import type { GraphMaking } from '../taskgraph/remaking.ts';
import { taskName } from '../taskgraph/targets.ts';
import type { ConfigurationSummary, ConfigurationValues, RecipeEvaluation } from './results.ts';
import type { Workspace } from './workspace.ts';

/** Every recipe of a build directory, evaluated. */
export interface KnownRecipes {
  /** In the order of recipe files; with their basehashes, without what these were made of. */
  readonly variants: readonly VariantSignatures[];
  readonly recipes: Recipes;
  readonly configurations: readonly ConfigurationValues[];
}

/** @param each is told of each recipe file as it is done, or why it is not */
export async function collectRecipes(
  workspace: Workspace,
  summary: ConfigurationSummary,
  each: (path: string, result: RecipeEvaluation | Error) => void,
): Promise<KnownRecipes> {
  const configurations = await graphConfigurations(workspace);
  const paths = summary.recipes.map(({ path }) => path);
  const found = new Map<string, readonly VariantSignatures[]>();
  await workspace.evaluateAll(
    paths,
    (path, result) => {
      if (!(result instanceof Error)) found.set(path, result.variants);
      each(path, result);
    },
    true,
    true,
  );
  return knownRecipes(
    paths.flatMap((path) => found.get(path) ?? []),
    configurations,
  );
}

/** What the configurations prefer. */
export function graphConfigurations(workspace: Workspace): Promise<readonly ConfigurationValues[]> {
  return workspace.configurationValues(PREFERENCE_VARIABLES.names, PREFERENCE_VARIABLES.prefixes);
}

/** @param variants in the order of recipe files, with their recipe information */
export function knownRecipes(
  variants: readonly VariantSignatures[],
  configurations: readonly ConfigurationValues[],
): KnownRecipes {
  return { variants, recipes: recipesOf(variants, configurations), configurations };
}

/** The same recipes with one of them evaluated anew (with its recipe information). */
export function withRecipe(known: KnownRecipes, { path, variants: anew }: RecipeEvaluation): KnownRecipes {
  const isOld = ({ mcfn }: VariantSignatures) => splitVirtual(mcfn).path === path;
  const at = known.variants.findIndex(isOld);
  const variants = known.variants.filter((variant) => !isOld(variant));
  variants.splice(at < 0 ? variants.length : at, 0, ...anew);
  return { ...known, variants, recipes: recipesOf(variants, known.configurations) };
}

function recipesOf(
  variants: readonly VariantSignatures[],
  configurations: KnownRecipes['configurations'],
): Recipes {
  return new Recipes(
    configurations.map(({ multiconfig }) => multiconfig),
    variants.flatMap(({ recipe }) => recipe ?? []),
  );
}

/** The graph of targets, its problems with the lines they belong to where these can be told. */
export async function taskGraphOf(
  targets: readonly string[],
  known: KnownRecipes,
  workspace: Workspace,
  options: GraphOptions = {},
): Promise<TaskGraph> {
  const graph = await unplacedTaskGraphOf(targets, known, workspace, options);
  const problems: GraphProblem[] = [];
  for (const problem of graph.problems) problems.push(await placed(problem, workspace));
  return { ...graph, problems };
}

/** How the graph is made: what waits in the same thread has its turn in between. */
export interface MakingOptions extends GraphOptions {
  /** Is called after others had their turn; what it throws ends the work. */
  readonly goOn?: () => void;
}

/** The same without the lines of its problems, each of which takes an evaluation. */
export async function unplacedTaskGraphOf(
  targets: readonly string[],
  known: KnownRecipes,
  workspace: Workspace,
  options: MakingOptions = {},
): Promise<TaskGraph> {
  const { graph } = await graphMakingOf(targets, known, workspace, options);
  return graph;
}

/** The same with what it was made of. */
export async function graphMakingOf(
  targets: readonly string[],
  known: KnownRecipes,
  workspace: Workspace,
  options: MakingOptions = {},
): Promise<GraphMaking> {
  const { recipes, configurations } = known;
  const problems: GraphProblem[] = [];
  const extraDepends = await extraDependsOf(targets, known, workspace, options, problems);
  const steps = makeTaskGraph(targets, recipes, configurations, { ...options, extraDepends, problems });
  return await stepByStep(steps, options.goOn);
}

/** What `calculate_extra_depends` of the few recipes that have it adds to their DEPENDS. */
async function extraDependsOf(
  targets: readonly string[],
  { recipes, configurations }: KnownRecipes,
  workspace: Workspace,
  options: GraphOptions,
  failures: GraphProblem[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  const asking = recipes.infos.filter(({ extraDependsFunction }) => extraDependsFunction !== '');
  const defaultTask = configurations[0]?.values.BB_DEFAULT_TASK || 'build';
  const task = targets.includes('world') ? taskName(options.task ?? defaultTask) : undefined;
  for (const { mcfn, multiconfig, pn, depends, extraDependsFunction } of asking) {
    const set = recipes.sets.get(multiconfig)!;
    const mcfns = (numbers: readonly number[]) => numbers.map((number) => recipes.infos[number]!.mcfn);
    try {
      const all = await workspace.extraDepends({
        pn,
        function: extraDependsFunction,
        depends,
        worldTargets: set.worldTargets(task),
        recipes: Object.fromEntries([...set.byPn].map(([name, numbers]) => [name, mcfns(numbers)])),
      });
      found.set(mcfn, all);
    } catch (error) {
      failures.push({
        severity: 'error',
        code: 'no-provider',
        message: `calculate_extra_depends of ${pn} fails: ${error instanceof Error ? error.message : String(error)}`,
        path: splitVirtual(mcfn).path,
        fatal: true,
      });
    }
  }
  return found;
}

async function placed(problem: GraphProblem, workspace: Workspace): Promise<GraphProblem> {
  if (!problem.place || problem.severity !== 'error') return problem;
  const { mcfn, variable } = problem.place;
  const seen = await workspace.inspect(splitVirtual(mcfn).path, mcfn, variable).catch(() => undefined);
  const [origin] = seen?.origins ?? [];
  if (!origin || origin.line < 1) return problem;
  return { ...problem, path: origin.path, range: lineRange(origin.line - 1, 1) };
}
