/**
 * The plan of a build directory: what BitBake would do for targets, with what its configuration, its stamps, the
 * objects there are and the Python of its classes say.
 *
 * Asks the evaluators for values of the configuration and for what BB_SETSCENE_DEPVALID decides; objects and stamps
 * come through ports.
 */
import { splitWords } from '../base/words.ts';
import type { FileSystem } from '../inputs/ports.ts';
import type { StampFiles } from '../inputs/stampFiles.ts';
import { detectRelease, type HandlerName, type SetsceneTraits } from '../metadata/release.ts';
import {
  type DispensableQuestion,
  foresee,
  type Plan,
  type PlanInputs,
  type PlanOptions,
  questionKey,
  wantedTasks,
} from '../sstate/plan.ts';
import type { Judgement, Presence, SstateProblem } from '../sstate/presence.ts';
import { sceneGraph, taskId } from '../sstate/sceneGraph.ts';
import { stampNames, Stamps } from '../sstate/stamps.ts';
import { enforcedPatterns } from '../sstate/taskOutcomes.ts';
import type { TaskGraph } from '../taskgraph/graph.ts';
import type { Taskhashes } from '../taskgraph/taskhash.ts';
import type { ConfigurationSummary } from './results.ts';
import type { Workspace } from './workspace.ts';

/** What the plain configuration says about setscene tasks. */
export interface SetsceneConfiguration {
  readonly traits: SetsceneTraits;
  /** BB_HASHCHECK_FUNCTION; `''`: BitBake looks for no objects and prints no summary. */
  readonly checkFunction: string;
  /** BB_SETSCENE_DEPVALID; `''`: every object that is there is used. */
  readonly validFunction: string;
  /** The words of BB_SETSCENE_ENFORCE_IGNORE_TASKS; undefined: BB_SETSCENE_ENFORCE is not "1". */
  readonly enforced: readonly string[] | undefined;
}

/** Which variables of the configuration to ask for. */
export const SETSCENE_VARIABLES: readonly string[] = [
  'BB_HASHCHECK_FUNCTION',
  'BB_SETSCENE_DEPVALID',
  'BB_SETSCENE_ENFORCE',
  'BB_SETSCENE_ENFORCE_IGNORE_TASKS',
];

export async function setsceneConfiguration(
  workspace: Workspace,
  { bitbakeDir, bitbakeVersion }: ConfigurationSummary,
  files: FileSystem,
): Promise<SetsceneConfiguration> {
  const [plain] = await workspace.configurationValues(SETSCENE_VARIABLES, []);
  const { setscene } = detectRelease(files, bitbakeDir, bitbakeVersion);
  return setsceneSettings((name) => plain?.values[name], setscene);
}

/** @param value the final value of a variable of the plain configuration */
export function setsceneSettings(
  value: (name: string) => string | undefined,
  traits: SetsceneTraits,
): SetsceneConfiguration {
  const text = (name: string) => value(name) ?? '';
  return {
    traits,
    checkFunction: text('BB_HASHCHECK_FUNCTION'),
    validFunction: text('BB_SETSCENE_DEPVALID'),
    enforced:
      text('BB_SETSCENE_ENFORCE') === '1' ? splitWords(text('BB_SETSCENE_ENFORCE_IGNORE_TASKS')) : undefined,
  };
}

/** What a plan is made with. */
export interface PlanSources {
  readonly workspace: Pick<Workspace, 'dispensable'>;
  readonly configuration: SetsceneConfiguration;
  /** The handler of signatures: it decides how stamps are named. */
  readonly handler: HandlerName;
  readonly stamps: StampFiles;
  /** Whether the objects of tasks are there, and where. */
  judge(tasks: readonly number[], signal: AbortSignal | undefined): Promise<Judgement>;
  /** Whether two tasks have the same object. */
  sameObject(task: number, other: number): boolean;
}

export interface PlannedRun {
  readonly plan: Plan;
  readonly problems: readonly SstateProblem[];
  /** Whether BitBake would print a summary at all. */
  readonly hasSummary: boolean;
}

/** Handlers that put no hash into the names of stamps. */
const WITHOUT_HASH: readonly HandlerName[] = ['noop', 'basic', 'OEBasic'];

/**
 * @param targets as they were given
 * @throws PythonError where the function of BB_SETSCENE_DEPVALID fails; the reason of `signal` when it is aborted
 */
export async function planRun(
  targets: readonly string[],
  graph: TaskGraph,
  hashes: Taskhashes,
  sources: PlanSources,
  options: PlanOptions = {},
  signal?: AbortSignal,
): Promise<PlannedRun> {
  const { configuration } = sources;
  const scene = sceneGraph(graph, configuration.traits, options.noSetscene);
  const hashesInNames = !WITHOUT_HASH.includes(sources.handler);
  const names = Array.from(graph.recipeOf.keys(), (task) =>
    stampNames(graph, task, hashes.unihash(task), hashesInNames),
  );
  const times = await sources.stamps.times(
    names.flatMap(({ task, setscene }) => [task, setscene].filter((name) => name !== undefined)),
    signal,
  );
  const stamps = (): Stamps => new Stamps(graph, (task) => names[task]!, times);
  const wanted = wantedTasks({ graph, scene, stamps });
  const problems: SstateProblem[] = scene.faults.map((message) => ({
    severity: 'error',
    code: 'hard-dependency',
    message,
  }));
  const presences = new Map<number, Presence>();
  const askable = wanted.filter((task) => {
    const hash = hashes.unihash(task);
    if (configuration.checkFunction === '' || isNewEachTime(hashes, task))
      presences.set(task, { kind: 'missing' });
    else if (typeof hash !== 'string') presences.set(task, { kind: 'unknown', reason: hash.unknown });
    else return true;
    return false;
  });
  const judgement = await sources.judge(askable, signal);
  askable.forEach((task, at) => presences.set(task, judgement.presences[at]!));
  problems.push(...judgement.problems);
  const answers = new Map<string, boolean>();
  const isVoid = configuration.validFunction === '';
  const inputs: PlanInputs = {
    graph,
    scene,
    traits: configuration.traits,
    options,
    unihash: (task) => hashes.unihash(task),
    stamps,
    presence: (task) => presences.get(task)!,
    sameObject: (task, other) => sources.sameObject(task, other),
    enforced: configuration.enforced && enforcedPatterns(configuration.enforced, targets),
    isDispensable: (question) => (isVoid ? false : answers.get(questionKey(question))),
  };
  for (;;) {
    signal?.throwIfAborted();
    const plan = foresee(inputs);
    if ('tasks' in plan) return { plan, problems, hasSummary: configuration.checkFunction !== '' };
    const found = await askDispensable(plan, graph, sources);
    plan.forEach((question, at) => answers.set(questionKey(question), found[at]!));
  }
}

/** A hash with a new random number in it: there can be no object of that name. */
function isNewEachTime(hashes: Taskhashes, task: number): boolean {
  const because = hashes.unknownBecause(task);
  return because !== undefined && hashes.isNewEachTime(because);
}

async function askDispensable(
  asked: readonly DispensableQuestion[],
  graph: TaskGraph,
  { workspace, configuration }: PlanSources,
): Promise<readonly boolean[]> {
  const numbers = new Map<number, number>();
  const tasks: (readonly [id: string, pn: string, task: string, file: string])[] = [];
  const numberOf = (task: number): number => {
    let number = numbers.get(task);
    if (number === undefined) {
      const { mcfn, pn } = graph.recipes[graph.recipeOf[task]!]!;
      numbers.set(task, (number = tasks.length));
      tasks.push([
        taskId(graph, task),
        pn,
        graph.names[graph.nameOf[task]!]!,
        mcfn.replace(/^mc:[^:]*:/, ''),
      ]);
    }
    return number;
  };
  const questions = asked.map(({ task, needing, notNeeded }) => ({
    task: numberOf(task),
    needing: needing.map(numberOf),
    notNeeded: notNeeded.map(numberOf),
  }));
  return workspace.dispensable({ function: configuration.validFunction, tasks, questions });
}
