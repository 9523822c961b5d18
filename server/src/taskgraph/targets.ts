/**
 * From what a user asks for to recipes and tasks: `zlib`, `zlib:do_fetch`, `mc:musl:zlib`, `mc:*:zlib`, `world`,
 * `universe`.
 *
 * Follows `bb/cooker.py: checkPackages, buildTaskData`.
 */
import type { Steps } from '../base/turns.ts';
import type { Preferences } from './preferences.ts';
import type { Recipes } from './recipes.ts';
import type { Reports } from './reports.ts';
import { TaskData, type TaskDataOptions } from './taskdata.ts';

/** A task that was asked for. */
export interface RequestedTask {
  readonly multiconfig: string;
  readonly target: string;
  /** With `do_`; a `-` at its end stands for what the task depends on, without itself. */
  readonly task: string;
  readonly recipe: number;
}

export interface ResolvedTargets {
  readonly requested: readonly RequestedTask[];
  /** By multiconfig. */
  readonly taskData: ReadonlyMap<string, TaskData>;
}

export function taskName(name: string): string {
  return name.startsWith('do_') ? name : `do_${name}`;
}

/** `mc:musl:zlib` -> `musl` and `zlib`; other names are of the plain configuration. */
export function splitMulticonfig(name: string): readonly [multiconfig: string, rest: string] {
  const match = /^mc:([^:]*):(.*)$/s.exec(name);
  return match ? [match[1]!, match[2]!] : ['', name];
}

/** @param task that of targets that name none, with `do_` */
export function* resolveTargets(
  targets: readonly string[],
  task: string,
  recipes: Recipes,
  preferences: ReadonlyMap<string, Preferences>,
  options: TaskDataOptions,
  reports: Reports,
): Steps<ResolvedTargets> {
  const taskData = new Map<string, TaskData>();
  for (const [name, set] of recipes.sets) {
    taskData.set(name, new TaskData(set, preferences.get(name)!, options, reports));
  }
  const requested: RequestedTask[] = [];
  for (const target of everyTarget(targets, task, recipes, preferences.get('')!, reports)) {
    const [multiconfig, rest] = splitMulticonfig(target);
    const [name, ownTask] = splitTask(rest);
    const data = taskData.get(multiconfig);
    if (!data) {
      reports.add(
        'missing-multiconfig',
        `${target} names multiconfig ${multiconfig}, which BBMULTICONFIG lacks`,
        {
          fatal: true,
        },
      );
      continue;
    }
    yield;
    const recipe = data.addTarget(name);
    if (recipe !== undefined) requested.push({ multiconfig, target: name, task: ownTask ?? task, recipe });
  }
  yield* resolveMulticonfigs(taskData, reports);
  for (const data of taskData.values()) yield* data.resolve();
  return { requested, taskData };
}

/** `zlib:do_fetch`; where `do_` is left out, it is understood. */
function splitTask(target: string): readonly [name: string, task: string | undefined] {
  const [name, task] = target.split(':do_');
  if (task !== undefined) return [name!, `do_${task}`];
  const colon = target.lastIndexOf(':');
  return colon < 0 ? [target, undefined] : [target.slice(0, colon), taskName(target.slice(colon + 1))];
}

function everyTarget(
  targets: readonly string[],
  task: string,
  recipes: Recipes,
  preferences: Preferences,
  reports: Reports,
): string[] {
  let all = targets.map((target) => target.replace(/^multiconfig:/, 'mc:'));
  for (const target of all) {
    if (!preferences.assumedProvided.includes(target)) continue;
    reports.add('assumed-provided', `Explicit target "${target}" is in ASSUME_PROVIDED, ignoring`, {
      severity: 'warning',
    });
  }
  const ofAll = (name: string, pns: (multiconfig: string) => readonly string[]): void => {
    if (!all.includes(name)) return;
    all = all.filter((target) => target !== name);
    for (const multiconfig of recipes.sets.keys()) {
      all.push(...pns(multiconfig).map((pn) => (multiconfig ? `mc:${multiconfig}:${pn}` : pn)));
    }
  };
  ofAll('world', (multiconfig) => recipes.sets.get(multiconfig)!.worldTargets(task));
  ofAll('universe', (multiconfig) => recipes.sets.get(multiconfig)!.universeTargets(task));
  return everyMulticonfig(all, [...recipes.sets.keys()]);
}

/** `mc:*:zlib` is zlib of every multiconfig, and of the plain one where no target names that. */
function everyMulticonfig(targets: readonly string[], multiconfigs: readonly string[]): string[] {
  const all: string[] = [];
  let plain: string | undefined;
  for (const target of targets) {
    if (!target.startsWith('mc:*:')) {
      all.push(target);
      continue;
    }
    plain = target.slice('mc:*:'.length);
    for (const name of multiconfigs) if (name) all.push(`mc:${name}:${plain}`);
  }
  if (plain !== undefined && targets.every((target) => target.startsWith('mc:'))) all.push(plain);
  return all;
}

/** What tasks of one multiconfig need of another is a target there. */
function* resolveMulticonfigs(taskData: ReadonlyMap<string, TaskData>, reports: Reports): Steps<void> {
  const hasAny = [...taskData.values()].some(({ mcdepends }) => mcdepends.size > 0);
  if (!hasAny && taskData.size === 1) return;
  const seen = new Set<string>();
  for (let isNew = true; isNew;) {
    for (const data of taskData.values()) yield* data.resolve();
    isNew = false;
    for (const entry of new Set([...taskData.values()].flatMap(({ mcdepends }) => [...mcdepends]))) {
      if (seen.has(entry)) continue;
      seen.add(entry);
      const [, , to, name] = entry.split(':');
      const data = taskData.get(to!);
      if (data) data.addTarget(name!);
      else {
        reports.add(
          'missing-multiconfig',
          `Multiconfig dependency ${entry} depends on nonexistent multiconfig configuration named ${to}: ` +
            'add it to BBMULTICONFIG',
          { fatal: true },
        );
      }
      isNew = true;
    }
  }
}
