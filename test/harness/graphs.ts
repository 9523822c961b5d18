/**
 * The task graph as the fixtures see it: a workspace and the arguments of BitBake in; tasks, faults, hashes, and what
 * would run, out.
 *
 * The one place in the tests of graphs that has to change when the engine's own interface does.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { firstDoubt } from '../../server/src/engine/taskhashes.ts';
import { planRun, SETSCENE_VARIABLES, setsceneSettings } from '../../server/src/engine/sstatePlan.ts';
import { HostStampFiles } from '../../server/src/host/stampFiles.ts';
import type { PlannedTask } from '../../server/src/sstate/plan.ts';
import type { Presence } from '../../server/src/sstate/presence.ts';
import { taskId } from '../../server/src/sstate/sceneGraph.ts';
import { summaryLine } from '../../server/src/sstate/summary.ts';
import { buildTaskGraph, PREFERENCE_VARIABLES } from '../../server/src/taskgraph/build.ts';
import { taskLabel, type TaskGraph } from '../../server/src/taskgraph/graph.ts';
import { Recipes } from '../../server/src/taskgraph/recipes.ts';
import { HostFiles } from '../../server/src/host/files.ts';
import { releaseOf, withSignatureClasses } from '../../server/src/metadata/release.ts';
import { Taskhashes } from '../../server/src/taskgraph/taskhash.ts';
import { taskhashInputs } from '../../server/src/taskgraph/taskhashInputs.ts';
import { SETTING_VARIABLES, taskhashSettings } from '../../server/src/taskgraph/taskhashSettings.ts';
import { atOnce } from '../../server/src/base/turns.ts';
import { openEvaluator } from './engine.ts';
import type { GraphAnswer, RunAnswer, Workspace } from './fixture.ts';

export interface OpenGraphs {
  /** By arguments of `bitbake -g`. */
  graph(args: readonly string[]): Required<GraphAnswer>;
  /** Stamp and task, from the build directory -> hash that its signature data is named by; null: unknown. */
  taskhashes(args: readonly string[]): Record<string, string | null>;
  /** What `bitbake -n` would do, by its arguments. */
  run(args: readonly string[]): Promise<RunAnswer>;
}

/** Evaluates every recipe of a workspace, by the rules of one release. */
export async function openGraphs(
  { root, buildDir }: Workspace,
  release: string,
  environment: Readonly<Record<string, string>>,
): Promise<OpenGraphs> {
  const evaluator = await openEvaluator(buildDir, release, environment);
  const { names, prefixes } = PREFERENCE_VARIABLES;
  const configurations = evaluator.configurationValues(names, prefixes);
  const variants = evaluator.summary.recipes.flatMap(
    ({ path }) => evaluator.evaluate(path, { hashesOnly: true, recipeInfo: true }).variants,
  );
  const recipes = new Recipes(
    configurations.map(({ multiconfig }) => multiconfig),
    variants.flatMap(({ recipe }) => recipe ?? []),
  );
  const graphOf = (args: readonly string[]) => {
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
    return atOnce(buildTaskGraph(targets, recipes, configurations, options));
  };
  const hashesOf = (graph: TaskGraph) => {
    const files = new HostFiles([root]);
    const traits = withSignatureClasses(
      releaseOf(evaluator.summary.bitbakeVersion).taskhash,
      files.readText(join(root, 'layer/lib/oe/sstatesig.py')),
    );
    const settings = taskhashSettings((name) => plain.values[name], traits);
    const doubt = firstDoubt([plain, ...configurations]);
    const inputs = taskhashInputs(graph, {
      ...(doubt !== undefined && { doubt }),
      settings,
      traits,
      signatures: new Map(variants.map((variant) => [variant.mcfn, variant])),
      files,
      digests: new Map(),
      stamps: files,
    });
    return { hashes: Taskhashes.of(inputs), handler: settings.handler };
  };
  const plain = evaluator.configurationValues(SETTING_VARIABLES.names, SETTING_VARIABLES.prefixes)[0]!;
  return {
    graph: (args) => answerOf(graphOf(args), root),
    taskhashes(args) {
      const graph = graphOf(args);
      return hashesByStamp(graph, hashesOf(graph).hashes, buildDir);
    },
    async run(args) {
      const targets = args.filter((argument) => !argument.startsWith('-'));
      const graph = graphOf(targets);
      const { hashes, handler } = hashesOf(graph);
      const values = evaluator.configurationValues(SETSCENE_VARIABLES, [])[0]!.values;
      const { setscene } = releaseOf(evaluator.summary.bitbakeVersion);
      const nameOf = (task: number) =>
        `${graph.recipes[graph.recipeOf[task]!]!.pn}:${graph.names[graph.nameOf[task]!]!}`;
      const { plan } = await planRun(
        targets,
        graph,
        hashes,
        {
          workspace: { dispensable: (questions) => Promise.resolve(evaluator.dispensable(questions)) },
          configuration: setsceneSettings((name) => values[name], setscene),
          handler,
          stamps: new HostStampFiles(),
          judge: (tasks) =>
            Promise.resolve({
              presences: tasks.map((task): Presence => {
                const path = join(buildDir, 'objects', nameOf(task));
                return existsSync(path) ? { kind: 'local', path } : { kind: 'missing' };
              }),
              problems: [],
            }),
          sameObject: () => false,
        },
        {
          dryRun: true,
          noSetscene: args.includes('--no-setscene'),
          skipSetscene: args.includes('--skip-setscene'),
          setsceneOnly: args.includes('--setscene-only'),
        },
      );
      const named = (chosen: (task: PlannedTask) => boolean) =>
        plan.tasks
          .filter(chosen)
          .map(({ task }) => taskId(graph, task).replace(`${root}/`, ''))
          .sort();
      return {
        summary: summaryLine(plan.summary),
        setscene: named(({ scene }) => scene === 'used'),
        runs: named(({ outcome }) => outcome === 'runs'),
        noexec: named(({ outcome }) => outcome === 'noexec'),
      };
    },
  };
}

/** As the files of `bitbake -S none` are named: by unihashes, and there are none of locked tasks. */
function hashesByStamp(
  graph: TaskGraph,
  hashes: Taskhashes,
  buildDir: string,
): Record<string, string | null> {
  const written = (task: number) => {
    const unihash = hashes.unihash(task);
    return !hashes.lock(task) && (typeof unihash !== 'string' || unihash.length === 64);
  };
  const found = Array.from(graph.recipeOf.keys())
    .filter(written)
    .map((task) => {
      const { stamp } = graph.recipes[graph.recipeOf[task]!]!;
      const name = `${stamp}.${graph.names[graph.nameOf[task]!]!}`.replace(`${buildDir}/`, '');
      const hash = hashes.unihash(task);
      return [name, typeof hash === 'string' ? hash : null] as const;
    });
  return Object.fromEntries(found);
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
