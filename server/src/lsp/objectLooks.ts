/**
 * Looks for the sstate objects of open recipes without being asked, once nothing else is to be done: for those of each
 * recipe as it is now, and for those that the present edits give up.
 *
 * Only what lies on this machine is looked at, unless a setting lets servers be asked, too. What is wrong on the way
 * goes to the log, each sentence once.
 */
import { EvaluatorStopped } from '../engine/protocol.ts';
import type { ObjectsMode } from './settings.ts';
import type { LiveTaskGraph } from './taskGraph.ts';

/** A pause in typing; edits come first. */
const PAUSE_MILLISECONDS = 500;
/** As long as hashes stay the same, objects are looked for again after this. */
const OLD_MILLISECONDS = 60_000;
/** For how many recipes at most, those that were opened last. */
const MOST_RECIPES = 8;

export class ObjectLooks {
  private timer: NodeJS.Timeout | undefined;
  private cancelling = new AbortController();
  private running: Promise<void> = Promise.resolve();
  /** What was looked at the last time. */
  private looked: ObjectsMode = 'off';
  private readonly said = new Set<string>();
  private stopped = false;

  constructor(
    private readonly live: LiveTaskGraph,
    private readonly mode: () => ObjectsMode,
    private readonly log: (message: string) => void,
  ) {}

  /** The graph is that of the open documents. @param targets their recipes, as BitBake is given them */
  schedule(targets: readonly string[]): void {
    this.cancel();
    if (this.stopped || this.mode() === 'off') return;
    this.timer = setTimeout(() => {
      const { signal } = this.cancelling;
      const some = [...new Set(targets)].slice(-MOST_RECIPES);
      this.running = this.running.then(() => this.look(some, signal));
    }, PAUSE_MILLISECONDS);
  }

  dispose(): void {
    this.stopped = true;
    this.cancel();
  }

  private cancel(): void {
    clearTimeout(this.timer);
    this.cancelling.abort(new Error('something else is to be looked for'));
    this.cancelling = new AbortController();
  }

  private async look(targets: readonly string[], signal: AbortSignal): Promise<void> {
    const mode = this.mode();
    const isAnother = mode !== this.looked;
    const options = { servers: mode === 'servers', signal };
    try {
      for (const problem of await this.live.lookBefore(options)) this.say(problem);
      for (const target of targets) {
        const folded = this.live.graph;
        if (signal.aborted || !folded) return;
        const age = this.live.objects.age([target], folded) ?? Infinity;
        if (age < OLD_MILLISECONDS && !isAnother) continue;
        const { problems } = await this.live.objects.look([target], folded, options);
        for (const problem of problems) this.say(problem);
      }
      this.looked = mode;
    } catch (error) {
      // An evaluator that had to be stopped has said so where it was needed for hashes.
      if (!signal.aborted && !this.stopped && !(error instanceof EvaluatorStopped))
        this.say(`error: sstate objects were not looked for: ${(error as Error).message}`);
    }
  }

  private say(problem: string): void {
    if (this.said.has(problem)) return;
    this.said.add(problem);
    // What servers alone could say is not missed by who does not want them asked.
    if (!problem.startsWith('information: ')) this.log(problem);
  }
}
