/**
 * Tasks as the datastore holds them: the list `__BBTASKS` and the flags `task` and `deps`.
 *
 * Follows `bb/build.py: addtask, deltask, add_tasks`. Knows nothing of hashes or of other recipes.
 */
import { splitWords } from '../base/words.ts';
import type { Datastore } from '../datastore/datastore.ts';
import type { ChangeSource } from '../datastore/history.ts';
import type { Value } from '../datastore/value.ts';
import type { ParseTraits } from './release.ts';

function prefixed(name: string): string {
  return name.startsWith('do_') ? name : `do_${name}`;
}

/** A flag or variable that holds a list of texts; empty where it is unset. */
export function textList(value: Value): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

export function taskList(d: Datastore): string[] {
  return textList(d.getVar('__BBTASKS', false));
}

export function addTask(
  name: string,
  before: string | undefined,
  after: string | undefined,
  d: Datastore,
  traits: ParseTraits,
  source?: ChangeSource,
): void {
  const task = prefixed(name);
  const neighbour = (entry: string) => (traits.prefixesNeighbourTasks ? prefixed(entry) : entry);
  d.setVarFlag(task, 'task', 1, source);
  const tasks = taskList(d);
  d.setVar('__BBTASKS', tasks.includes(task) ? tasks : [...tasks, task]);
  const follows = textList(d.getVarFlag(task, 'deps', false));
  for (const entry of splitWords(after ?? '').map(neighbour)) {
    if (!follows.includes(entry)) follows.push(entry);
  }
  d.setVarFlag(task, 'deps', follows);
  for (const entry of splitWords(before ?? '').map(neighbour)) {
    const existing = textList(d.getVarFlag(entry, 'deps', false));
    if (!existing.includes(task)) d.setVarFlag(entry, 'deps', [task, ...existing]);
  }
}

export function deleteTask(name: string, d: Datastore): void {
  const task = prefixed(name);
  const tasks = taskList(d);
  if (tasks.includes(task)) {
    d.delVarFlag(task, 'task');
    d.setVar(
      '__BBTASKS',
      tasks.filter((other) => other !== task),
    );
  }
  d.delVarFlag(task, 'deps');
  for (const other of taskList(d)) {
    const deps = textList(d.getVarFlag(other, 'deps', false));
    if (deps.includes(task)) {
      d.setVarFlag(
        other,
        'deps',
        deps.filter((dep) => dep !== task),
      );
    }
  }
}

/** The last step before signatures: every task of the list is marked as one, under its expanded name. */
export function markTasks(tasks: readonly string[], d: Datastore): void {
  for (const task of tasks) d.setVarFlag(d.expandText(task), 'task', 1);
}
