/**
 * What BitBake would do for targets: which objects it would use, which tasks these stand for, which tasks run.
 *
 * Brings together the setscene graph, stamps, what is known of objects, and what the class's Python decides. Pure: what
 * Python decides is asked for in rounds, since each answer may raise further questions. Where it is not known whether
 * an object is there, both are tried, and what comes out the same is known all the same; so are the orders that
 * BitBake may happen to take.
 */
import type { SetsceneTraits } from '../metadata/release.ts';
import type { BitBakeHash, Unknown } from '../signature/signatures.ts';
import type { TaskGraph } from '../taskgraph/graph.ts';
import type { Presence } from './presence.ts';
import type { SceneGraph } from './sceneGraph.ts';
import { runSceneQueue, type SceneInputs, type SceneOutcome, type SceneState } from './sceneQueue.ts';
import type { Stamps } from './stamps.ts';
import type { SstateSummary } from './summary.ts';
import { isCovered, type TaskOutcome, taskOutcomes } from './taskOutcomes.ts';

/** How BitBake is called. */
export interface PlanOptions {
  /** `--no-setscene`; the scene graph is then one without setscene tasks. */
  readonly noSetscene?: boolean;
  /** `--skip-setscene`. */
  readonly skipSetscene?: boolean;
  /** `--setscene-only`. */
  readonly setsceneOnly?: boolean;
  /** `-n`. */
  readonly dryRun?: boolean;
}

export interface PlanInputs {
  readonly graph: TaskGraph;
  readonly scene: SceneGraph;
  readonly traits: SetsceneTraits;
  readonly options: PlanOptions;
  /** What enters the hashes of dependents, and names objects. */
  unihash(task: number): BitBakeHash | Unknown;
  /** As they are before the run, anew at each call. */
  stamps(): Stamps;
  /** Of the object of a setscene task that is wanted (`wantedTasks`). */
  presence(task: number): Presence;
  /** Whether two tasks have the same object. */
  sameObject(task: number, other: number): boolean;
  /** See `enforcedPatterns`; undefined: BB_SETSCENE_ENFORCE is not set. */
  readonly enforced: readonly string[] | undefined;
  /** See `SceneInputs`, in tasks. */
  isDispensable(question: DispensableQuestion): boolean | undefined;
}

/** Whether a task's object can be done without, in tasks of the graph; both lists ascending. */
export interface DispensableQuestion {
  readonly task: number;
  readonly needing: readonly number[];
  readonly notNeeded: readonly number[];
}

/** What is foreseen of one task. */
export interface PlannedTask {
  readonly task: number;
  /** Of its setscene task; undefined: it has none. */
  readonly scene: SceneOutcome | Unknown | undefined;
  /** Of its object; undefined: it is not looked for. */
  readonly presence: Presence | undefined;
  /** Of the task itself; undefined: nothing, with `--setscene-only`. */
  readonly outcome: TaskOutcome | Unknown | undefined;
}

export interface Plan {
  /** By task. */
  readonly tasks: readonly PlannedTask[];
  /** With the objects counted as missing of which it is not known whether they are there. */
  readonly summary: SstateSummary;
  /** The same with these counted as found on mirrors; the same one where all are known. */
  readonly summaryAtBest: SstateSummary;
}

/** Setscene tasks whose objects BitBake would look for: those that neither do nothing nor have a stamp. */
export function wantedTasks(inputs: Pick<PlanInputs, 'graph' | 'scene' | 'stamps'>): number[] {
  const states = statesBefore(inputs, inputs.stamps());
  return inputs.scene.tasks.filter((_, place) => states[place] === 'wanted');
}

/**
 * @returns the plan, or the questions that have to be answered first (`PlanInputs.isDispensable`)
 */
export function foresee(inputs: PlanInputs): Plan | readonly DispensableQuestion[] {
  const open = new Map<string, DispensableQuestion>();
  const assumptions: boolean[] = [false];
  const states = statesBefore(inputs, inputs.stamps());
  const { scene } = inputs;
  const presences = scene.tasks.map((task, place) =>
    states[place] === 'wanted' ? inputs.presence(task) : undefined,
  );
  if (presences.some((presence) => presence?.kind === 'unknown')) assumptions.push(true);
  const runs: ForeseenRun[] = [];
  for (const areThere of assumptions) {
    for (const order of inputs.traits.sortsSetscene ? (['ascending'] as const) : ORDERS) {
      const run = foreseenRun(inputs, presences, areThere, order, open);
      if (run) runs.push(run);
    }
  }
  if (open.size > 0) return [...open.values()];
  return planOf(inputs, states, presences, runs);
}

const ORDERS = ['ascending', 'descending'] as const;

interface ForeseenRun {
  readonly scene: readonly SceneOutcome[];
  readonly tasks: readonly (TaskOutcome | undefined)[];
}

type StateBefore = 'noexec' | 'current' | 'wanted';

/** By place. In BitBake's order, since what does nothing gets its stamp on the way. */
function statesBefore({ graph, scene }: Pick<PlanInputs, 'graph' | 'scene'>, stamps: Stamps): StateBefore[] {
  return scene.tasks.map((task) => {
    const recipe = graph.recipes[graph.recipeOf[task]!]!;
    if (Object.hasOwn(recipe.flags.noexec, graph.names[graph.nameOf[task]!]!)) {
      stamps.unpacked(task);
      return 'noexec';
    }
    return stamps.isSetsceneCurrent(task) ? 'current' : 'wanted';
  });
}

function foreseenRun(
  inputs: PlanInputs,
  presences: readonly (Presence | undefined)[],
  areThere: boolean,
  order: (typeof ORDERS)[number],
  open: Map<string, DispensableQuestion>,
): ForeseenRun | undefined {
  const { graph, scene, traits, options, enforced } = inputs;
  const stamps = inputs.stamps();
  const states = statesBefore(inputs, stamps).map((state, place): SceneState => {
    if (state !== 'wanted') return state;
    const kind = presences[place]!.kind;
    return kind === 'local' || kind === 'mirror' || (kind === 'unknown' && areThere) ? 'present' : 'missing';
  });
  const targets = new Set(graph.targets);
  const first = sameHashes(inputs);
  const isDryRun = options.dryRun === true;
  const sceneInputs: SceneInputs = {
    scene,
    traits,
    skipSetscene: options.skipSetscene === true,
    state: (place) => states[place]!,
    isTarget: (place) => targets.has(scene.tasks[place]!),
    waitsFor: (place) => first.get(place),
    isPresentAfter: (place, other, outcome) =>
      states[place] === 'present' ||
      (!isDryRun && !isCovered(outcome) && inputs.sameObject(scene.tasks[place]!, scene.tasks[other]!)),
    isDispensable(place, needing, notNeeded) {
      const toTask = (place: number) => scene.tasks[place]!;
      const question = {
        task: toTask(place),
        needing: needing.map(toTask),
        notNeeded: notNeeded.map(toTask),
      };
      const answer = inputs.isDispensable(question);
      if (answer === undefined) open.set(questionKey(question), question);
      return answer;
    },
  };
  const { outcomes, isOpen } = runSceneQueue(sceneInputs, order);
  if (isOpen) return undefined;
  const decided = outcomes as readonly SceneOutcome[];
  const setsceneOnly = options.setsceneOnly === true;
  return {
    scene: decided,
    tasks: taskOutcomes({ graph, scene, outcomes: decided, stamps, isDryRun, enforced, setsceneOnly }),
  };
}

/** What tells questions apart. */
export function questionKey({ task, notNeeded }: DispensableQuestion): string {
  return `${task}:${notNeeded.join(',')}`;
}

/**
 * Place -> the place of the first setscene task of the same recipe name and hash, in another multiconfig as a rule: it
 * waits for that one (`sq_deferred`).
 */
function sameHashes({ graph, scene, unihash }: PlanInputs): Map<number, number> {
  const multiconfigOf = (place: number) => graph.recipes[graph.recipeOf[scene.tasks[place]!]!]!.multiconfig;
  const places = [...scene.tasks.keys()].sort((a, b) => {
    const [x, y] = [multiconfigOf(a), multiconfigOf(b)];
    return x < y ? -1 : x > y ? 1 : a - b;
  });
  const known = new Map<string, number>();
  const found = new Map<number, number>();
  for (const place of places) {
    const task = scene.tasks[place]!;
    const hash = unihash(task);
    if (typeof hash !== 'string') continue;
    const key = `${graph.recipes[graph.recipeOf[task]!]!.pn}:${hash}`;
    const first = known.get(key);
    if (first === undefined) known.set(key, place);
    else found.set(place, first);
  }
  return found;
}

function planOf(
  { graph, scene, unihash }: PlanInputs,
  states: readonly StateBefore[],
  presences: readonly (Presence | undefined)[],
  runs: readonly ForeseenRun[],
): Plan {
  const unknown = presences.find((presence) => presence?.kind === 'unknown');
  const doubt = (task: number): Unknown => {
    const hash = unihash(task);
    if (typeof hash !== 'string') return hash;
    if (unknown?.kind !== 'unknown') {
      return {
        unknown: 'BitBake takes setscene tasks in another order each time, and here the order decides',
      };
    }
    const own = presences[scene.placeOf[task]!];
    const reason = own?.kind === 'unknown' ? own.reason : `of objects it depends on, ${unknown.reason}`;
    return { unknown: reason };
  };
  const agreed = <T>(of: (run: ForeseenRun) => T, task: number): T | Unknown => {
    const first = of(runs[0]!);
    return runs.every((run) => of(run) === first) ? first : doubt(task);
  };
  const tasks = Array.from(graph.recipeOf.keys(), (task): PlannedTask => {
    const place = scene.placeOf[task]!;
    return {
      task,
      scene: place < 0 ? undefined : agreed((run) => run.scene[place]!, task),
      presence: place < 0 ? undefined : presences[place],
      outcome: agreed((run) => run.tasks[task], task),
    };
  });
  const count = (kind: Presence['kind']) => presences.filter((presence) => presence?.kind === kind).length;
  const [wanted, local, mirrors] = [
    states.filter((state) => state === 'wanted').length,
    count('local'),
    count('mirror'),
  ];
  const current = states.filter((state) => state === 'current').length;
  const best = mirrors + count('unknown');
  return {
    tasks,
    summary: { wanted, local, mirrors, missed: wanted - local - mirrors, current },
    summaryAtBest: { wanted, local, mirrors: best, missed: wanted - local - best, current },
  };
}
