/**
 * The task graph as the fixtures see it: a workspace and the arguments of `bitbake -g` in, tasks and faults out.
 *
 * The one place in the tests of graphs that has to change when the engine's own interface does.
 */
import { buildTaskGraph, PREFERENCE_VARIABLES } from '../../server/src/taskgraph/build.ts';
import { taskLabel, type TaskGraph } from '../../server/src/taskgraph/graph.ts';
import { Recipes } from '../../server/src/taskgraph/recipes.ts';
import { openEvaluator } from './engine.ts';
import type { GraphAnswer, Workspace } from './fixture.ts';

/** Evaluates every recipe of a workspace, by the rules of one release. @returns graphs by arguments of `bitbake -g` */
export async function openGraphs(
  { root, buildDir }: Workspace,
  release: string,
  environment: Readonly<Record<string, string>>,
): Promise<(args: readonly string[]) => Required<GraphAnswer>> {
  const evaluator = await openEvaluator(buildDir, release, environment);
  const { names, prefixes } = PREFERENCE_VARIABLES;
  const configurations = evaluator.configurationValues(names, prefixes);
  const variants = evaluator.summary.recipes.flatMap(
    ({ path }) => evaluator.evaluate(path, true, true).variants,
  );
  const recipes = new Recipes(
    configurations.map(({ multiconfig }) => multiconfig),
    variants.flatMap(({ recipe }) => recipe ?? []),
  );
  return (args) => {
    const task = args[0] === '-c' ? args[1] : undefined;
    const targets = task === undefined ? args : args.slice(2);
    const worldTask = targets.includes('world') ? `do_${task ?? 'build'}` : undefined;
    const extraDepends = new Map(
      recipes.infos
        .filter(({ extraDependsFunction }) => extraDependsFunction !== '')
        .map((info) => {
          const set = recipes.sets.get(info.multiconfig)!;
          const all = evaluator.extraDepends({
            pn: info.pn,
            function: info.extraDependsFunction,
            depends: info.depends,
            worldTargets: set.worldTargets(worldTask),
            recipes: Object.fromEntries([...set.byPn.keys()].map((pn) => [pn, []])),
          });
          return [info.mcfn, all] as const;
        }),
    );
    const options = { extraDepends, ...(task !== undefined && { task }) };
    return answerOf(buildTaskGraph(targets, recipes, configurations, options), root);
  };
}

function answerOf(graph: TaskGraph, root: string): Required<GraphAnswer> {
  const errors = graph.problems.filter(({ severity }) => severity === 'error');
  const label = (task: number) => taskLabel(graph, task);
  const needed = (task: number) =>
    Array.from(graph.dependencies.subarray(graph.first[task], graph.first[task + 1]), label).sort();
  return {
    tasks: Object.fromEntries(Array.from(graph.recipeOf.keys(), (task) => [label(task), needed(task)])),
    errors: errors.map(({ message }) => message.split('\n')[0]!.replaceAll(`${root}/`, '')),
  };
}
