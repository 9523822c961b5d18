/**
 * What was last found out about the sstate objects of tasks, and for how long it counts: what is said of a task's own
 * object until its hash changes, what follows from other tasks (it would run, its object is not needed) until any hash
 * does, and all of it until the configuration is another. Nothing is looked for unless it is asked.
 */
import type { FoldedGraph } from '../engine/foldedGraph.ts';
import type { ConfigurationSummary } from '../engine/results.ts';
import { type ObjectVerdict, objectVerdict } from '../ide/objectVerdict.ts';
import type { TaskReference } from '../ide/rerun.ts';
import { isEquivalent, verdictOf } from '../sstate/verdicts.ts';
import type { Build } from './build.ts';
import type { Foresight, ForesightOptions } from './foresight.ts';

interface Remembered {
  readonly verdict: ObjectVerdict;
  /** Of the task, when it was looked for. */
  readonly key: string;
  /** Whether it is said of the object alone. */
  readonly own: boolean;
}

export class ObjectVerdicts {
  /** `MCFN do_x` -> what was found out. */
  private readonly remembered = new Map<string, Remembered>();
  /** Of the configuration that they belong to. */
  private summary: ConfigurationSummary | undefined;
  /** Of all tasks, when objects were last looked for. */
  private keys: ReadonlyMap<string, string> = new Map();
  private readonly closing = new AbortController();

  constructor(private readonly build: Pick<Build, 'foresee' | 'lastSummary'>) {}

  /** Looks for the objects of targets. @throws as `Build.foresee`; also when this is disposed of */
  async look(targets: readonly string[], folded: FoldedGraph, options: ForesightOptions): Promise<Foresight> {
    const { lastSummary: summary } = this.build;
    const keys = folded.keys();
    const signal = AbortSignal.any([options.signal, this.closing.signal]);
    const found = await this.build.foresee(targets, folded.recipes, { ...options, signal });
    if (summary === this.build.lastSummary) this.remember(found, keys, summary);
    return found;
  }

  private remember(
    { graph, hashes, run }: Foresight,
    keys: ReadonlyMap<string, string>,
    summary: ConfigurationSummary | undefined,
  ): void {
    for (const [name, { own }] of this.remembered)
      if (!own || summary !== this.summary) this.remembered.delete(name);
    this.summary = summary;
    this.keys = keys;
    for (const planned of run.plan.tasks) {
      const { task } = planned;
      const name = `${graph.recipes[graph.recipeOf[task]!]!.mcfn} ${graph.names[graph.nameOf[task]!]!}`;
      const key = keys.get(name);
      if (key === undefined) continue;
      const own = ['local', 'mirror', 'missing'].includes(verdictOf(planned));
      this.remembered.set(name, {
        verdict: objectVerdict(planned, isEquivalent(planned, hashes)),
        key,
        own,
      });
    }
  }

  /** What still counts. @param folded with the present hashes */
  of({ mcfn, task }: TaskReference, folded: FoldedGraph): ObjectVerdict | undefined {
    const found = this.remembered.get(`${mcfn} ${task}`);
    const number = folded.task(mcfn, task);
    if (!found || number === undefined || this.summary !== this.build.lastSummary) return undefined;
    if (folded.hashes.key(number) !== found.key) return undefined;
    return found.own || folded.changedSince(this.keys).length === 0 ? found.verdict : undefined;
  }

  dispose(): void {
    this.closing.abort(new Error('the build directory was closed'));
  }
}
