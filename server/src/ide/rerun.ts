/**
 * What the task graph adds to a view: taskhashes, and the tasks that run again because of the present edits. Plain
 * data and words; how it is known is not known here.
 */
import type { BitBakeHash, Unknown } from '../signature/signatures.ts';
import { type ObjectCounts, objectCountsText } from './objectCounts.ts';
import type { ObjectVerdict } from './objectVerdict.ts';
import { counted } from './wording.ts';

/** The tasks of one recipe in a list. */
export interface RecipeTasks {
  /** PN, after `mc:NAME:` where it is one of a multiconfig. */
  readonly recipe: string;
  readonly path: string;
  readonly tasks: readonly string[];
}

/** Tasks whose taskhash is another than the baseline's. */
export interface Rerun {
  readonly recipes: readonly RecipeTasks[];
  /** How many other recipes an edited file takes part in, of which nothing is known: there may be more. */
  readonly unseen: number;
  /** Of their objects as they are without the edits; undefined where nobody has looked for them. */
  readonly objects?: ObjectCounts;
}

export interface TaskReference {
  readonly mcfn: string;
  readonly task: string;
}

/** Without a graph there is none of this. */
export interface GraphView {
  /** What hashes rest on where tasks may be equal to others by hash equivalence. */
  readonly equivalenceNote?: string | undefined;
  taskhash(of: TaskReference): BitBakeHash | Unknown;
  /** The baseline's, where it is known and another. */
  previousTaskhash(of: TaskReference): BitBakeHash | undefined;
  /** @param starts only what these tasks reach; undefined: all */
  rerun(starts?: readonly TaskReference[]): Rerun;
  /** These tasks, as far as they are in the graph, and all whose taskhashes depend on them. */
  dependents(of: readonly TaskReference[]): readonly RecipeTasks[];
  /** What was found out about its sstate object; undefined: nobody has asked since its hash is what it is. */
  objectVerdict(of: TaskReference): ObjectVerdict | undefined;
}

export function taskCount({ recipes }: Pick<Rerun, 'recipes'>): number {
  return recipes.reduce((sum, { tasks }) => sum + tasks.length, 0);
}

/** `7 tasks in 2 recipes would rerun`, and what of it is in sstate; undefined where there are none. */
export function rerunText(rerun: Rerun): string | undefined {
  const { recipes, unseen, objects } = rerun;
  if (recipes.length === 0) return undefined;
  const text = `${counted(taskCount(rerun), 'task')} in ${counted(recipes.length, 'recipe')} would rerun`;
  const inSstate = objects && objectCountsText(objects);
  const parts = [unseen === 0 ? text : `at least ${text}`, ...(inSstate === undefined ? [] : [inSstate])];
  if (unseen === 0) return parts.join('; ');
  return `${parts.join('; ')}: ${counted(unseen, 'other recipe')} ${unseen === 1 ? 'uses' : 'use'} an edited file`;
}
