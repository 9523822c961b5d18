/**
 * What BitBake would do for targets in the editor's build directory: the graph of these targets with unihashes, the
 * objects that are there, the plan. Gathers what is wrong on the way in sentences; knows nothing of clients.
 */
import { ObjectNames } from '../engine/objectNames.ts';
import type { ConfigurationSummary } from '../engine/results.ts';
import { type PlannedRun, planRun, setsceneConfiguration } from '../engine/sstatePlan.ts';
import { graphConfigurations, knownRecipes, unplacedTaskGraphOf } from '../engine/taskGraph.ts';
import { equivalenceOf, taskhashesOf, unihashedTaskhashes } from '../engine/taskhashes.ts';
import { TaskObjects } from '../engine/taskObjects.ts';
import type { Workspace } from '../engine/workspace.ts';
import { equivalenceAccess } from '../host/hashEquivalence.ts';
import { sqliteFile } from '../host/installation.ts';
import { openObjects } from '../host/objects.ts';
import { HostStampFiles } from '../host/stampFiles.ts';
import type { VariantSignatures } from '../signature/signatures.ts';
import { openUnihashes } from '../sstate/unihashSources.ts';
import type { TaskGraph } from '../taskgraph/graph.ts';
import type { Taskhashes } from '../taskgraph/taskhash.ts';
import type { InputSources } from '../taskgraph/taskhashInputs.ts';

/** What it is found out with. */
export interface ForeseenBuild {
  readonly workspace: Workspace;
  readonly summary: ConfigurationSummary;
  readonly sources: Omit<InputSources, 'signatures'>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface ForesightOptions {
  /** Whether servers are asked: mirrors over http, hash equivalence. Otherwise what only they could say is unknown. */
  readonly servers: boolean;
  readonly signal: AbortSignal;
  /** Told as objects are looked for. */
  report(done: number, total: number): void;
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
  const known = knownRecipes(variants, await graphConfigurations(workspace));
  const graph = await unplacedTaskGraphOf(targets, known, workspace);
  const problems = graph.problems
    .filter(({ severity }) => severity !== 'information')
    .map(({ severity, message }) => `${severity}: ${message}`);
  const hashes = await unihashed(graph, variants, build, options, problems);
  const configuration = await setsceneConfiguration(workspace, summary, sources.files);
  const open = await openObjects(workspace, summary, sources.files, build.environment, !options.servers);
  const objects = new TaskObjects(graph, hashes, new ObjectNames(workspace), open.availability);
  try {
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
          const onVerdict = () => options.report(++done, tasks.length);
          return objects.judge(tasks, { signal, onVerdict });
        },
        sameObject: (task, other) => objects.areSame(task, other),
      },
      {},
      signal,
    );
    problems.push(...run.problems.map(({ severity, message }) => `${severity}: ${message}`));
    return { graph, hashes, run, problems, objectOf: (task) => objects.pathOf(task) };
  } finally {
    await open.close();
  }
}

/** The graph's hashes, with unihashes where the signature handler knows any. @param problems is added to */
async function unihashed(
  graph: TaskGraph,
  variants: readonly VariantSignatures[],
  { workspace, summary, sources }: ForeseenBuild,
  { servers, signal }: ForesightOptions,
  problems: string[],
): Promise<Taskhashes> {
  const settings = await equivalenceOf(workspace, summary, sources.files, sources.settings.handler);
  if (typeof settings === 'string') throw new Error(`BitBake stops: ${settings}`);
  if (!settings) return taskhashesOf(graph, variants, sources).hashes;
  const access = equivalenceAccess(sqliteFile());
  const { unihashes, warnings, dispose } = await openUnihashes(settings, access, { servers, signal });
  try {
    const { hashes } = await unihashedTaskhashes(graph, variants, sources, unihashes);
    problems.push(...warnings.map((warning) => `warning: ${warning}`));
    problems.push(...unihashes.failures.map((failure) => `error: ${failure}`));
    return hashes;
  } finally {
    dispose();
  }
}
