/**
 * Which setscene tasks BitBake would use, which it would find not needed, and which it would give up.
 *
 * Follows the setscene half of `bb/runqueue.py: RunQueueExecute` (`update_scenequeue_data, execute,
 * scenequeue_updatecounters, sq_task_skip, sq_task_failoutright`), for a run in which the setscene task of every
 * object that is there succeeds. Pure; what the class's Python decides (BB_SETSCENE_DEPVALID) is a question that may
 * stay open. Everything here is in places of the `SceneGraph`.
 */
import type { SetsceneTraits } from '../metadata/release.ts';
import type { SceneGraph } from './sceneGraph.ts';

/** What is known of a setscene task before the run. */
export type SceneState =
  /** It does nothing, and counts as done. */
  | 'noexec'
  /** Stamps say that it, or the task itself, is done. */
  | 'current'
  /** Its object is there. */
  | 'present'
  | 'missing';

export type SceneOutcome =
  | 'noexec'
  | 'current'
  /** Its object is used. */
  | 'used'
  /** All that would need it is there already, or does not need it then. */
  | 'not-needed'
  /** Its object is not there. */
  | 'missing'
  /** The setscene task of another that it cannot do without is not available. */
  | 'blocked'
  /** `--skip-setscene`: its object is not used although it is there. */
  | 'skipped'
  /** BitBake never comes to a decision. */
  | 'stuck';

export interface SceneInputs {
  readonly scene: SceneGraph;
  readonly traits: SetsceneTraits;
  state(place: number): SceneState;
  /** Whether the task was asked for: what was asked for is never found not needed. */
  isTarget(place: number): boolean;
  /** The place that this one waits for because both have the same recipe name and hash (`sq_deferred`). */
  waitsFor(place: number): number | undefined;
  /** Whether the object of a task that another waited for is there once that one is done. */
  isPresentAfter(place: number, other: number, outcome: SceneOutcome): boolean;
  /**
   * Whether an object can be done without, all that need it being there (`check_dependencies`); undefined: not known
   * yet, and asked again.
   * @param needing what needs it
   * @param notNeeded which of these were themselves not needed
   */
  isDispensable(place: number, needing: readonly number[], notNeeded: readonly number[]): boolean | undefined;
  /** `--skip-setscene`. */
  readonly skipSetscene: boolean;
}

export interface SceneResult {
  /** By place; undefined: an open question keeps it undecided. */
  readonly outcomes: readonly (SceneOutcome | undefined)[];
  /** Whether questions stayed open. */
  readonly isOpen: boolean;
}

/**
 * @param order of the places: BitBake goes through a set of names, whose order is another in each run, but for the
 *   oldest releases, which sort it. Where the order decides, two orders give two results
 */
export function runSceneQueue(
  inputs: SceneInputs,
  order: 'ascending' | 'descending' = 'ascending',
): SceneResult {
  return new SceneQueue(inputs, order).run();
}

class SceneQueue {
  private readonly outcomes: (SceneOutcome | undefined)[];
  /** How many that need it are undecided; it is looked at once there are none. */
  private readonly undecided: Int32Array;
  private readonly isBuildable: Uint8Array;
  /** Enabled because another has a hard dependency on it: then it cannot be done without. */
  private readonly isWanted: Uint8Array;
  /** Set aside until its hard dependencies are decided. */
  private readonly isSetAside: Uint8Array;
  private readonly waits: (number | undefined)[];
  /** Those that have waited -> what for. */
  private readonly waited = new Map<number, number>();
  private isOpen = false;

  constructor(
    private readonly inputs: SceneInputs,
    private readonly order: 'ascending' | 'descending',
  ) {
    const { dependents } = inputs.scene;
    const count = dependents.length;
    this.outcomes = new Array<SceneOutcome | undefined>(count);
    this.undecided = Int32Array.from(dependents, ({ length }) => length);
    this.isBuildable = Uint8Array.from(this.undecided, (waiting) => (waiting === 0 ? 1 : 0));
    this.isWanted = new Uint8Array(count);
    this.isSetAside = new Uint8Array(count);
    this.waits = Array.from({ length: count }, (_, place) => inputs.waitsFor(place));
  }

  run(): SceneResult {
    const { outcomes } = this;
    for (let place = 0; place < outcomes.length; place++) {
      const state = this.inputs.state(place);
      if (state === 'noexec' || state === 'current') this.decide(place, state);
    }
    do this.settle();
    while (this.releaseWaiting());
    return {
      outcomes: this.isOpen ? outcomes : outcomes.map((outcome) => outcome ?? 'stuck'),
      isOpen: this.isOpen,
    };
  }

  /** Goes round until nothing more can be decided. */
  private settle(): void {
    const count = this.outcomes.length;
    const startsAnew = this.inputs.traits.sortsSetscene;
    for (let since = 0, at = 0; since < count; since++, at++) {
      if (at >= count) at = 0;
      const place = this.order === 'ascending' ? at : count - 1 - at;
      if (!this.step(place)) continue;
      since = -1;
      if (startsAnew) at = -1;
    }
  }

  /** @returns whether anything was decided or enabled */
  private step(place: number): boolean {
    const { scene, isTarget } = this.inputs;
    if (!this.isBuildable[place] || this.isSetAside[place] || this.outcomes[place]) return false;
    if (this.waits[place] !== undefined) return false;
    if (!scene.isUnskippable[scene.tasks[place]!] && !this.isWanted[place] && !isTarget(place)) {
      const dispensable = this.isDispensable(place);
      if (dispensable === undefined) {
        this.isOpen = true;
        return false;
      }
      if (dispensable) {
        this.decide(place, 'not-needed');
        return true;
      }
    }
    if (!this.inputs.traits.countsHardDependencies && this.hasUndecidedHardDependency(place)) {
      this.isSetAside[place] = 1;
      for (const other of scene.hardDependencies[place]!) {
        this.isBuildable[other] = 1;
        this.isWanted[other] = 1;
      }
      return true;
    }
    if (!this.isPresent(place)) this.fail(place, 'missing');
    else if (this.inputs.skipSetscene) this.fail(place, 'skipped');
    else this.decide(place, 'used');
    return true;
  }

  private isDispensable(place: number): boolean | undefined {
    const needing = this.inputs.scene.dependents[place]!;
    if (needing.length === 0 || !needing.every((other) => this.isCovered(other))) return false;
    const notNeeded = needing.filter((other) => this.outcomes[other] === 'not-needed');
    return this.inputs.isDispensable(place, needing, notNeeded);
  }

  private isPresent(place: number): boolean {
    const first = this.waited.get(place);
    if (first === undefined) return this.inputs.state(place) === 'present';
    return this.inputs.isPresentAfter(place, first, this.outcomes[first]!);
  }

  private hasUndecidedHardDependency(place: number): boolean {
    return this.inputs.scene.hardDependencies[place]!.some((other) => !this.outcomes[other]);
  }

  private isCovered(place: number): boolean {
    const outcome = this.outcomes[place];
    return outcome === 'noexec' || outcome === 'current' || outcome === 'used' || outcome === 'not-needed';
  }

  /** It is not available: neither are those that cannot do without it. */
  private fail(place: number, outcome: SceneOutcome): void {
    this.outcomes[place] = outcome;
    for (const other of this.inputs.scene.hardDependents[place]!) {
      if (!this.outcomes[other]) this.fail(other, 'blocked');
    }
    this.passOn(place);
  }

  private decide(place: number, outcome: SceneOutcome): void {
    this.outcomes[place] = outcome;
    this.passOn(place);
  }

  /** What it needs may come next, and what was set aside for it. */
  private passOn(place: number): void {
    const { scene } = this.inputs;
    for (const other of scene.dependencies[place]!) {
      if (--this.undecided[other]! === 0) this.isBuildable[other] = 1;
    }
    for (const other of scene.hardDependents[place]!) {
      if (this.isSetAside[other] && !this.hasUndecidedHardDependency(other)) this.isSetAside[other] = 0;
    }
  }

  /** Lets go those that waited for another of the same hash. @returns whether there were any */
  private releaseWaiting(): boolean {
    let released = false;
    for (const [place, first] of this.waits.entries()) {
      if (first === undefined || this.outcomes[place] || this.outcomes[first] === undefined) continue;
      this.waits[place] = undefined;
      this.waited.set(place, first);
      released = true;
    }
    return released;
  }
}
