/**
 * The objects that an edit gives up: of the tasks that the baseline's graph has, those that are there under the
 * baseline's hashes. Looked for when they are asked for; what was found stays until the baseline is another.
 */
import type { FoldedGraph, RecipeVariants } from '../engine/foldedGraph.ts';
import type { ObjectTask } from '../engine/results.ts';
import { objectTasks } from '../engine/taskObjects.ts';
import { countObjects, type ObjectCounts } from '../ide/objectCounts.ts';
import type { Unknown } from '../signature/signatures.ts';
import type { Judgement, Presence } from '../sstate/presence.ts';
import type { TaskGraph } from '../taskgraph/graph.ts';
import type { Build } from './build.ts';
import { type ForesightOptions, judgeObjects, unihashed } from './foresight.ts';

type HashedObjects = ReadonlyMap<string, ObjectTask | Unknown>;

export class BaselineObjects {
  /** `MCFN do_x` -> what its object is called by; only of tasks that have one. */
  private readonly tasks: HashedObjects;
  private readonly graph: TaskGraph;
  private readonly recipes: RecipeVariants;
  private readonly presences = new Map<string, Presence>();
  /** The same with all that hash equivalence on this machine knows. */
  private equivalent: Promise<HashedObjects> | undefined;

  /** @param folded as it is for the baseline: it is another once the edits are folded */
  constructor(
    folded: FoldedGraph,
    private readonly build: Build,
  ) {
    this.graph = folded.graph;
    this.recipes = folded.recipes;
    this.tasks = objectTasks(folded.graph, folded.hashes);
  }

  /**
   * Looks for the objects of these tasks as far as they have one.
   * @returns what is wrong on the way, in sentences
   * @throws as `judgeObjects`
   */
  async look(
    names: readonly string[],
    options: Pick<ForesightOptions, 'servers' | 'signal'>,
  ): Promise<readonly string[]> {
    const wanted = names.filter((name) => this.tasks.has(name));
    if (wanted.length === 0) return [];
    const hashed = await this.hashed(options);
    const known: string[] = [];
    const asked: ObjectTask[] = [];
    for (const name of wanted) {
      const task = hashed.get(name)!;
      if ('unknown' in task) this.presences.set(name, { kind: 'unknown', reason: task.unknown });
      else {
        known.push(name);
        asked.push(task);
      }
    }
    const judged: Judgement = await judgeObjects(asked, await this.build.foreseen(), options);
    known.forEach((name, at) => this.presences.set(name, judged.presences[at]!));
    return judged.problems.map(({ severity, message }) => `${severity}: ${message}`);
  }

  /** Of these tasks; undefined where not all of their objects have been looked for. */
  count(names: readonly string[]): ObjectCounts | undefined {
    const wanted = names.filter((name) => this.tasks.has(name));
    const found = wanted.flatMap((name) => this.presences.get(name) ?? []);
    return found.length === wanted.length ? countObjects(found) : undefined;
  }

  private async hashed(options: Pick<ForesightOptions, 'servers' | 'signal'>): Promise<HashedObjects> {
    if (!this.build.equivalence) return this.tasks;
    // What a server has said since may make other hashes.
    if (options.servers) this.equivalent = undefined;
    this.equivalent ??= this.withEquivalence(options);
    try {
      return await this.equivalent;
    } catch (error) {
      this.equivalent = undefined;
      throw error;
    }
  }

  private async withEquivalence(
    options: Pick<ForesightOptions, 'servers' | 'signal'>,
  ): Promise<HashedObjects> {
    const { build, graph, recipes } = this;
    const variants = await build.inOrder(recipes);
    const { hashes } = await unihashed(graph, variants, await build.foreseen(), options, []);
    return objectTasks(graph, hashes);
  }
}
