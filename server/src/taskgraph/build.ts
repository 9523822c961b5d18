/**
 * The task graph of targets, from what all recipes say of themselves and what the configuration prefers.
 *
 * The one entry to this layer: pure, and the same for the same input. Never throws for what metadata says; what
 * BitBake would stop at is a problem, and the graph holds what can be known all the same.
 */
import type { Steps } from '../base/turns.ts';
import type { GraphProblem, TaskGraph } from './graph.ts';
import { PREFERENCE_VARIABLES, Preferences } from './preferences.ts';
import type { Recipes } from './recipes.ts';
import { chosenProviders, GraphMaking } from './remaking.ts';
import { Reports } from './reports.ts';
import { type RunOptions, runningTasks } from './runqueue.ts';
import { resolveTargets, taskName } from './targets.ts';
import { TaskTable } from './taskTable.ts';

export { PREFERENCE_VARIABLES };

export interface GraphOptions extends RunOptions {
  /** What was found out on the way to the other options. */
  readonly problems?: readonly GraphProblem[];
  /** Task of targets that name none (`-c`), with or without `do_`; default: BB_DEFAULT_TASK. */
  readonly task?: string;
  /** Recipes whose DEPENDS nothing provides stay in the graph, as in `bitbake -g`; else they are taken out. */
  readonly allowIncomplete?: boolean;
  /** Virtual file name -> DEPENDS with what `calculate_extra_depends` adds. */
  readonly extraDepends?: ReadonlyMap<string, readonly string[]>;
}

/** The configuration of a multiconfig, as it is asked for with `PREFERENCE_VARIABLES`. */
export interface GraphConfiguration {
  readonly multiconfig: string;
  readonly values: Readonly<Record<string, string>>;
}

/**
 * In steps, because of thousands of recipes it takes seconds.
 * @param recipes of the same multiconfigs as `configurations`; can be used again for other targets
 * @param configurations the plain one first
 */
export function* buildTaskGraph(
  targets: readonly string[],
  recipes: Recipes,
  configurations: readonly GraphConfiguration[],
  options: GraphOptions = {},
): Steps<TaskGraph> {
  const { graph } = yield* makeTaskGraph(targets, recipes, configurations, options);
  return graph;
}

/** As `buildTaskGraph`; what it was made of is kept, for when recipes ask for other things. */
export function* makeTaskGraph(
  targets: readonly string[],
  recipes: Recipes,
  configurations: readonly GraphConfiguration[],
  options: GraphOptions = {},
): Steps<GraphMaking> {
  const reports = new Reports();
  const preferences = new Map(
    configurations.map(({ multiconfig, values }) => [multiconfig, new Preferences(values)]),
  );
  const task = taskName(options.task ?? preferences.get('')!.defaultTask);
  const { requested, taskData } = yield* resolveTargets(
    targets,
    task,
    recipes,
    preferences,
    {
      allowIncomplete: options.allowIncomplete ?? true,
      extraDepends: options.extraDepends ?? new Map<string, readonly string[]>(),
    },
    reports,
  );
  const table = yield* TaskTable.of(recipes, taskData, reports);
  const queue = yield* runningTasks(requested, table, taskData, preferences, options, reports);
  const graph: TaskGraph = {
    ...queue.running,
    providers: chosenProviders(recipes, taskData),
    problems: [...(options.problems ?? []), ...reports.problems],
  };
  const isWhole = !options.runall && !options.runonly;
  return new GraphMaking(graph, { recipes, preferences, requested, taskData, table, ...queue, isWhole });
}
