/**
 * What BitBake would do for targets in the editor's build directory: the graph of these targets with unihashes, the
 * objects that are there, the plan. Gathers what is wrong on the way in sentences; knows nothing of clients.
 */
import type { HashedTasks } from '../engine/hashedTasks.ts';
import type { ConfigurationSummary, ObjectTask } from '../engine/results.ts';
import { type PlannedRun, planRun, setsceneConfiguration } from '../engine/sstatePlan.ts';
import { graphConfigurations, knownRecipes, unplacedTaskGraphOf } from '../engine/taskGraph.ts';
import { equivalenceOf, taskhashesOf, unihashedTaskhashes } from '../engine/taskhashes.ts';
import { TaskObjects } from '../engine/taskObjects.ts';
import type { Workspace } from '../engine/workspace.ts';
import { equivalenceAccess } from '../host/hashEquivalence.ts';
import { sqliteFile } from '../host/installation.ts';
import { HostStampFiles } from '../host/stampFiles.ts';
import type { VariantSignatures } from '../signature/signatures.ts';
import type { Judgement, Presence } from '../sstate/presence.ts';
import { openUnihashes } from '../sstate/unihashSources.ts';
import type { TaskGraph } from '../taskgraph/graph.ts';
import type { Taskhashes, TaskhashInputs } from '../taskgraph/taskhash.ts';
import type { InputSources } from '../taskgraph/taskhashInputs.ts';
import type { ObjectAccess } from './objectAccess.ts';

/** What it is found out with. */
export interface ForeseenBuild {
  readonly workspace: Workspace;
  readonly summary: ConfigurationSummary;
  readonly sources: Omit<InputSources, 'signatures'>;
  readonly access: ObjectAccess;
}

export interface ForesightOptions {
  /**
   * Whether servers are asked: mirrors over http, hash equivalence. Otherwise what they said last counts, and what only
   * they could say is unknown.
   */
  readonly servers: boolean;
  readonly signal: AbortSignal;
  /** Told as objects are looked for. */
  report?(done: number, total: number): void;
  /** Told of each object as soon as it is known. */
  found?(graph: TaskGraph, task: number, presence: Presence): void;
}

export interface Foresight {
  readonly graph: TaskGraph;
  readonly hashes: Taskhashes;
  readonly run: PlannedRun;
  /** `warning: …`, one line each: of the graph, of hash equivalence, of what objects were looked for in. */
  readonly problems: readonly string[];
  /** The file of a task's object. */
  objectOf(task: number): string | undefined;
}

/**
 * @param variants of all recipes, in the order of recipe files
 * @throws Error where no hashes can be made; the signal's reason when it is aborted
 */
export async function foresight(
  targets: readonly string[],
  variants: readonly VariantSignatures[],
  build: ForeseenBuild,
  options: ForesightOptions,
): Promise<Foresight> {
  const { workspace, summary, sources } = build;
  const { signal } = options;
  const problems: string[] = [];
  const { graph, hashes } = await hashedTargets(targets, variants, build, options, problems);
  const configuration = await setsceneConfiguration(workspace, summary, sources.files);
  const { availability } = await build.access.objects(summary, sources.files);
  const objects = new TaskObjects(graph, hashes, build.access.names(summary), availability);
  const run = await planRun(
    targets,
    graph,
    hashes,
    {
      workspace,
      configuration,
      handler: sources.settings.handler,
      stamps: new HostStampFiles(),
      judge(tasks) {
        let done = 0;
        const onVerdict = (at: number, presence: Presence) => {
          options.report?.(++done, tasks.length);
          options.found?.(graph, tasks[at]!, presence);
        };
        return objects.judge(tasks, { signal, onVerdict, asksServers: options.servers });
      },
      sameObject: (task, other) => objects.areSame(task, other),
    },
    {},
    signal,
  );
  problems.push(...run.problems.map(({ severity, message }) => `${severity}: ${message}`));
  return { graph, hashes, run, problems, objectOf: (task) => objects.pathOf(task) };
}

/**
 * Whether objects of tasks are there whose hashes are known.
 * @throws EvaluatorStopped; the signal's reason when it is aborted
 */
export async function judgeObjects(
  tasks: readonly ObjectTask[],
  { summary, sources, access }: ForeseenBuild,
  { servers, signal }: Pick<ForesightOptions, 'servers' | 'signal'>,
): Promise<Judgement> {
  const { availability } = await access.objects(summary, sources.files);
  const paths = await access.names(summary).paths(tasks, { signal });
  return availability.judge(paths, { signal, asksServers: servers });
}

/**
 * The graph of targets with its hashes.
 * @param variants of all recipes, in the order of recipe files
 * @param problems is added to
 * @throws as `unihashed`
 */
export async function hashedTargets(
  targets: readonly string[],
  variants: readonly VariantSignatures[],
  build: ForeseenBuild,
  options: Pick<ForesightOptions, 'servers' | 'signal'>,
  problems: string[],
): Promise<HashedTasks> {
  const { workspace } = build;
  const known = knownRecipes(variants, await graphConfigurations(workspace));
  const graph = await unplacedTaskGraphOf(targets, known, workspace);
  for (const { severity, message } of graph.problems)
    if (severity !== 'information') problems.push(`${severity}: ${message}`);
  const { inputs, hashes } = await unihashed(graph, variants, build, options, problems);
  return { graph, hashes, files: (task) => inputs.files(task) };
}

/** The graph's hashes, with unihashes where the signature handler knows any. @param problems is added to */
export async function unihashed(
  graph: TaskGraph,
  variants: readonly VariantSignatures[],
  { workspace, summary, sources, access: objects }: ForeseenBuild,
  { servers, signal }: Pick<ForesightOptions, 'servers' | 'signal'>,
  problems: string[],
): Promise<{ readonly inputs: TaskhashInputs; readonly hashes: Taskhashes }> {
  const settings = await equivalenceOf(workspace, summary, sources.files, sources.settings.handler);
  if (typeof settings === 'string') throw new Error(`BitBake stops: ${settings}`);
  if (!settings) return taskhashesOf(graph, variants, sources);
  const access = equivalenceAccess(sqliteFile());
  const { unihashes, warnings, dispose } = await openUnihashes(settings, access, {
    servers,
    signal,
    served: objects.servedBy(settings),
  });
  try {
    const hashed = await unihashedTaskhashes(graph, variants, sources, unihashes);
    problems.push(...warnings.map((warning) => `warning: ${warning}`));
    problems.push(...unihashes.failures.map((failure) => `error: ${failure}`));
    return hashed;
  } finally {
    dispose();
  }
}
