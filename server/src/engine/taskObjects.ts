/**
 * The objects of a graph's tasks: which file holds each, by the workspace's own sstate class, and whether it is there.
 */
import type { Availability, JudgeOptions } from '../sstate/availability.ts';
import type { Judgement, ObjectPath } from '../sstate/presence.ts';
import { taskId } from '../sstate/sceneGraph.ts';
import type { TaskGraph } from '../taskgraph/graph.ts';
import type { Taskhashes } from '../taskgraph/taskhash.ts';
import type { Unknown } from '../signature/signatures.ts';
import type { ObjectNames } from './objectNames.ts';
import type { ObjectTask } from './results.ts';

export class TaskObjects {
  private readonly known = new Map<number, ObjectPath>();

  constructor(
    private readonly graph: TaskGraph,
    private readonly hashes: Taskhashes,
    private readonly names: ObjectNames,
    private readonly availability: Pick<Availability, 'judge'>,
  ) {}

  /**
   * @param tasks whose hashes are known
   * @param options `onVerdict` is told of each by its place in `tasks`
   * @throws EvaluatorStopped, or the reason of `signal`
   */
  async judge(
    tasks: readonly number[],
    options: Omit<JudgeOptions, 'signal'> & { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Judgement> {
    const { signal, ...rest } = options;
    const paths = await this.paths(tasks, signal);
    return this.availability.judge(paths, { ...rest, ...(signal && { signal }) });
  }

  /** Where the object of each is, or would be, locally. @throws as `judge` */
  async paths(tasks: readonly number[], signal?: AbortSignal): Promise<readonly ObjectPath[]> {
    const unknown = tasks.filter((task) => !this.known.has(task));
    const { graph, hashes } = this;
    const found = await this.names.paths(
      unknown.map((task) => objectTask(graph, hashes, task) as ObjectTask),
      signal ? { signal } : {},
    );
    unknown.forEach((task, at) => this.known.set(task, found[at]!));
    return tasks.map((task) => this.known.get(task)!);
  }

  /** The same of one that has been asked for before; undefined: it has not been, or cannot be told. */
  pathOf(task: number): string | undefined {
    const found = this.known.get(task);
    return found && 'path' in found ? found.path : undefined;
  }

  /** Whether both have been found to have the same object. */
  areSame(task: number, other: number): boolean {
    const path = this.pathOf(task);
    return path !== undefined && path === this.pathOf(other);
  }
}

/** What a task's object is called by; or why its hash is unknown. */
function objectTask(graph: TaskGraph, hashes: Taskhashes, task: number): ObjectTask | Unknown {
  const [taskhash, unihash] = [hashes.taskhash(task), hashes.unihash(task)];
  if (typeof taskhash !== 'string') return taskhash;
  if (typeof unihash !== 'string') return unihash;
  const { hashFilename } = graph.recipes[graph.recipeOf[task]!]!;
  return { tid: taskId(graph, task), hashFilename, taskhash, unihash };
}

/** Of all tasks that have objects: `MCFN do_x` -> what each is called by. */
export function objectTasks(graph: TaskGraph, hashes: Taskhashes): Map<string, ObjectTask | Unknown> {
  const { recipes, recipeOf, names, nameOf, setscene } = graph;
  const found = new Map<string, ObjectTask | Unknown>();
  for (const task of recipeOf.keys()) {
    if (setscene[task] !== 1) continue;
    const name = `${recipes[recipeOf[task]!]!.mcfn} ${names[nameOf[task]!]!}`;
    found.set(name, objectTask(graph, hashes, task));
  }
  return found;
}
