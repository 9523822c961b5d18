/**
 * What was last found out about the sstate objects of tasks, and for how long it counts: what is said of a task's own
 * object until its hash changes, what follows from other tasks (it would run, its object is not needed) until any hash
 * does, and all of it until the configuration is another. Nothing is looked for unless it is asked.
 */
import type { FoldedGraph, RecipeVariants } from '../engine/foldedGraph.ts';
import type { ConfigurationSummary } from '../engine/results.ts';
import { type ObjectVerdict, objectVerdict, presenceVerdict } from '../ide/objectVerdict.ts';
import type { TaskReference } from '../ide/rerun.ts';
import type { Presence } from '../sstate/presence.ts';
import { isEquivalent, verdictOf } from '../sstate/verdicts.ts';
import { recipeLabel, type TaskGraph } from '../taskgraph/graph.ts';
import type { Build } from './build.ts';
import type { Foresight, ForesightOptions } from './foresight.ts';

/** One look for the objects of targets. */
interface Look {
  readonly targets: readonly string[];
  /** Of all tasks at that time: `MCFN do_x` -> key. */
  readonly keys: ReadonlyMap<string, string>;
  /** On a clock that never goes back, in milliseconds. */
  readonly at: number;
  /** Of which recipes it was last seen whether any hash has changed since, and what came of it. */
  checked: { readonly recipes: RecipeVariants; readonly isSame: boolean };
}

interface Remembered {
  readonly verdict: ObjectVerdict;
  /** Of the task, when it was looked for. */
  readonly key: string;
  readonly look: Look;
  /** Whether it is said of the object alone. */
  readonly own: boolean;
  /** Whether the task's recipe was among the targets: what a build of another one does counts for less. */
  readonly named: boolean;
}

export class ObjectVerdicts {
  /** `MCFN do_x` -> what was found out. */
  private readonly remembered = new Map<string, Remembered>();
  /** Targets -> the last look for them that came to its end. */
  private readonly looks = new Map<string, Look>();
  /** Of the configuration that they belong to. */
  private summary: ConfigurationSummary | undefined;
  private readonly closing = new AbortController();

  /** @param changed is called where there may be more to show */
  constructor(
    private readonly build: Pick<Build, 'foresee' | 'lastSummary'>,
    private readonly changed: () => void,
  ) {}

  /** Looks for the objects of targets. @throws as `Build.foresee`; also when this is disposed of */
  async look(targets: readonly string[], folded: FoldedGraph, options: ForesightOptions): Promise<Foresight> {
    const { lastSummary: summary } = this.build;
    const { recipes } = folded;
    const look: Look = {
      targets,
      keys: folded.keys(),
      at: performance.now(),
      checked: { recipes, isSame: true },
    };
    const signal = AbortSignal.any([options.signal, this.closing.signal]);
    const isCurrent = () => summary === this.build.lastSummary && !signal.aborted;
    const found = (graph: TaskGraph, task: number, presence: Presence): void => {
      if (isCurrent()) this.show(graph, task, presence, look, summary);
    };
    const foreseen = await this.build.foresee(targets, recipes, { ...options, signal, found });
    if (isCurrent()) this.remember(foreseen, look, summary);
    return foreseen;
  }

  /** How long ago the objects of targets were looked for, in milliseconds; undefined: not since hashes have changed. */
  age(targets: readonly string[], folded: FoldedGraph): number | undefined {
    const look = this.looks.get(targets.join(' '));
    if (!look || this.summary !== this.build.lastSummary || !isSame(look, folded)) return undefined;
    return performance.now() - look.at;
  }

  /** What still counts. @param folded with the present hashes */
  of({ mcfn, task }: TaskReference, folded: FoldedGraph): ObjectVerdict | undefined {
    const found = this.remembered.get(`${mcfn} ${task}`);
    if (!found || !this.counts(found, mcfn, task, folded)) return undefined;
    return found.own || isSame(found.look, folded) ? found.verdict : undefined;
  }

  private counts({ key }: Remembered, mcfn: string, task: string, folded: FoldedGraph): boolean {
    const number = folded.task(mcfn, task);
    return (
      number !== undefined && this.summary === this.build.lastSummary && folded.hashes.key(number) === key
    );
  }

  /** As soon as it is known of an object whether it is there. */
  private show(
    graph: TaskGraph,
    task: number,
    presence: Presence,
    look: Look,
    summary: ConfigurationSummary | undefined,
  ): void {
    this.keepOnly(summary);
    const own = presence.kind !== 'unknown';
    this.put(graph, task, { verdict: presenceVerdict(presence), look, own });
    this.changed();
  }

  private remember(
    { graph, hashes, run, objectOf }: Foresight,
    look: Look,
    summary: ConfigurationSummary | undefined,
  ): void {
    this.keepOnly(summary);
    const name = look.targets.join(' ');
    for (const [task, { own, look: known }] of this.remembered)
      if (!own && known.targets.join(' ') === name) this.remembered.delete(task);
    this.looks.set(name, look);
    // Where BitBake looks for no objects there is nothing to be said of them.
    if (!run.hasSummary) return;
    for (const planned of run.plan.tasks) {
      const own = ['local', 'mirror', 'missing'].includes(verdictOf(planned));
      const verdict = objectVerdict(planned, isEquivalent(planned, hashes), objectOf(planned.task));
      this.put(graph, planned.task, { verdict, look, own });
    }
    this.changed();
  }

  private put(graph: TaskGraph, task: number, found: Omit<Remembered, 'key' | 'named'>): void {
    const recipe = graph.recipes[graph.recipeOf[task]!]!;
    const name = `${recipe.mcfn} ${graph.names[graph.nameOf[task]!]!}`;
    const { look, own } = found;
    const key = look.keys.get(name);
    if (key === undefined) return;
    const named = look.targets.some((target) => target.replace(/:do_\w+$/, '') === recipeLabel(recipe));
    const known = this.remembered.get(name);
    if (!own && !named && known?.named && known.key === key) return;
    this.remembered.set(name, { ...found, key, named });
  }

  private keepOnly(summary: ConfigurationSummary | undefined): void {
    if (this.summary === summary) return;
    this.remembered.clear();
    this.looks.clear();
    this.summary = summary;
  }

  dispose(): void {
    this.closing.abort(new Error('the build directory was closed'));
  }
}

/** Whether no hash has changed since. */
function isSame(look: Look, folded: FoldedGraph): boolean {
  const { recipes } = folded;
  if (look.checked.recipes !== recipes)
    look.checked = { recipes, isSame: folded.changedSince(look.keys).length === 0 };
  return look.checked.isSame;
}
