/**
 * What differs between two recorded signatures of a task, and down through the tasks it depends on to the root.
 *
 * Finds everything that `bitbake-diffsigs` reports (`bb/siggen.py: compare_sigfiles`). Pure: the signature data of
 * other tasks is asked of a port.
 */
import { sortedStrings } from '../base/words.ts';
import type { SignatureData } from './sigdata.ts';
import { shortTaskName } from './taskNames.ts';

export interface Before<T> {
  readonly before: T;
  readonly after: T;
}

export type Difference =
  | (Before<readonly string[]> & { readonly kind: 'ignored-variables' })
  | (Before<string | undefined> & { readonly kind: 'ignored-tasks' })
  | (Before<readonly string[]> & { readonly kind: 'task-dependencies' })
  | (Before<string | undefined> & { readonly kind: 'basehash' })
  | (Before<readonly string[]> & { readonly kind: 'variable-dependencies'; readonly variable: string })
  | { readonly kind: 'variable-added' | 'variable-removed'; readonly variable: string }
  | (Before<string | undefined> & { readonly kind: 'value'; readonly variable: string })
  | (Before<string | undefined> & { readonly kind: 'file'; readonly file: string })
  | { readonly kind: 'file-added' | 'file-removed'; readonly file: string }
  | (Before<readonly string[]> & {
      readonly kind: 'run-dependencies';
      /** Where both have as many: those that differ, place by place. Undefined: their number is not the same. */
      readonly pairs: readonly Before<DependencyHash>[] | undefined;
    })
  | (DependencyHash & { readonly kind: 'task-added' | 'task-removed' })
  | (Before<string> & { readonly kind: 'task-hash'; readonly task: string })
  | (Before<string | undefined> & { readonly kind: 'taint' });

export interface DependencyHash {
  /** `zlib:do_install`. */
  readonly task: string;
  readonly hash: string;
}

/** Everything that differs, in BitBake's order; without what the tasks depended on differ in. */
export function compareSignatures(before: SignatureData, after: SignatureData): Difference[] {
  return [
    ...ownDifferences(before, after),
    ...fileDifferences(before.run?.files ?? [], after.run?.files ?? []),
    ...runDifferences(before, after),
    ...(before.taint === after.taint
      ? []
      : [{ kind: 'taint', before: before.taint, after: after.taint } as const]),
  ];
}

function ownDifferences(before: SignatureData, after: SignatureData): Difference[] {
  const found: Difference[] = [];
  const list = (
    kind: 'ignored-variables' | 'task-dependencies',
    a: readonly string[],
    b: readonly string[],
  ) => {
    if (!sameItems(a, b)) found.push({ kind, before: a, after: b });
  };
  list('ignored-variables', before.ignoredVariables, after.ignoredVariables);
  if (before.ignoredTasks !== after.ignoredTasks)
    found.push({ kind: 'ignored-tasks', before: before.ignoredTasks, after: after.ignoredTasks });
  list('task-dependencies', before.taskDependencies, after.taskDependencies);
  if (before.basehash !== after.basehash)
    found.push({ kind: 'basehash', before: before.basehash, after: after.basehash });
  const ignored = new Set(before.ignoredVariables.filter((name) => after.ignoredVariables.includes(name)));
  const variables = keyDifferences(before.dependencies, after.dependencies, sameItems);
  for (const variable of variables.changed) {
    if (ignored.has(variable)) continue;
    const kind = 'variable-dependencies';
    const [a, b] = [before.dependencies.get(variable)!, after.dependencies.get(variable)!];
    found.push({ kind, variable, before: a, after: b });
  }
  for (const variable of variables.added) found.push({ kind: 'variable-added', variable });
  for (const variable of variables.removed) found.push({ kind: 'variable-removed', variable });
  for (const variable of keyDifferences(before.values, after.values, Object.is).changed) {
    const [a, b] = [before.values.get(variable), after.values.get(variable)];
    found.push({ kind: 'value', variable, before: a, after: b });
  }
  return found;
}

type Files = readonly (readonly [name: string, checksum: string | undefined])[];

/** Names may repeat: each entry is matched once. */
function fileDifferences(before: Files, after: Files): Difference[] {
  const key = ([name, checksum]: Files[number]) => `${name}\0${checksum ?? ''}`;
  const removed = without(before, after, key);
  const added = without(after, before, key);
  const changed: Difference[] = [];
  const gone: Difference[] = [];
  for (const [file, checksum] of removed) {
    const at = added.findIndex(([name]) => name === file);
    if (at < 0) gone.push({ kind: 'file-removed', file });
    else changed.push({ kind: 'file', file, before: checksum, after: added.splice(at, 1)[0]![1] });
  }
  return [...changed, ...added.map(([file]): Difference => ({ kind: 'file-added', file })), ...gone];
}

/** The items that there are more of than in `others`: of those with the same key the first. */
function without<T>(items: readonly T[], others: readonly T[], key: (item: T) => string): T[] {
  const surplus = new Map<string, number>();
  const count = (item: T, by: number) => surplus.set(key(item), (surplus.get(key(item)) ?? 0) + by);
  for (const item of items) count(item, 1);
  for (const other of others) count(other, -1);
  return items.filter((item) => {
    const left = surplus.get(key(item))!;
    if (left > 0) count(item, -1);
    return left > 0;
  });
}

function runDifferences(before: SignatureData, after: SignatureData): Difference[] {
  const found: Difference[] = [];
  const [old, young] = [shortNames(before), shortNames(after)];
  const [a, b] = [before, after].map(({ run }) => (run?.dependencies ?? []).map(shortTaskName)) as [
    string[],
    string[],
  ];
  const pairs: Before<DependencyHash>[] = [];
  if (a.length === b.length) {
    a.forEach((task, at) => {
      const other = b[at]!;
      const pair = {
        before: { task, hash: old.get(task) ?? '' },
        after: { task: other, hash: young.get(other) ?? '' },
      };
      if (pair.before.hash !== pair.after.hash) pairs.push(pair);
    });
  }
  if (a.length !== b.length || pairs.length > 0) {
    const listed = a.length === b.length ? pairs : undefined;
    found.push({ kind: 'run-dependencies', before: a, after: b, pairs: listed });
  }
  if (!before.run || !after.run) return found;
  const { changed, added, removed } = keyDifferences(old, young, Object.is);
  // A task under another name but with the same hash is no difference.
  const hashesOf = (names: readonly string[], of: ReadonlyMap<string, string>) =>
    new Set(names.map((name) => of.get(name)!));
  const [removedHashes, addedHashes] = [hashesOf(removed, old), hashesOf(added, young)];
  for (const task of added) {
    if (!removedHashes.has(young.get(task)!))
      found.push({ kind: 'task-added', task, hash: young.get(task)! });
  }
  for (const task of removed) {
    if (!addedHashes.has(old.get(task)!)) found.push({ kind: 'task-removed', task, hash: old.get(task)! });
  }
  for (const task of changed)
    found.push({ kind: 'task-hash', task, before: old.get(task)!, after: young.get(task)! });
  return found;
}

function shortNames({ run }: SignatureData): Map<string, string> {
  return new Map([...(run?.hashes ?? [])].map(([name, hash]) => [shortTaskName(name), hash]));
}

function keyDifferences<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  same: (a: T, b: T) => boolean,
): { changed: string[]; added: string[]; removed: string[] } {
  const names = sortedStrings(before.keys());
  return {
    changed: names.filter((name) => after.has(name) && !same(before.get(name)!, after.get(name)!)),
    added: sortedStrings(after.keys()).filter((name) => !before.has(name)),
    removed: names.filter((name) => !after.has(name)),
  };
}

function sameItems(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}

/** The signature data of a task under both hashes; undefined where either is not known. */
export type FindSignatures = (
  task: string,
  before: string,
  after: string,
) => readonly [before: SignatureData, after: SignatureData] | undefined;

/** What differs in one task, and below it the tasks it depends on that differ. */
export interface ExplainedTask {
  readonly differences: readonly Difference[];
  readonly causes: readonly Cause[];
}

export interface Cause extends Before<string> {
  readonly task: string;
  /** `missing`: signature data of one of both hashes is not there. `shown`: it has been explained before. */
  readonly explained: ExplainedTask | 'missing' | 'shown';
}

/** Follows changed dependencies down to where values, files or taints differ; each change of a task once. */
export function explainDifference(
  before: SignatureData,
  after: SignatureData,
  find: FindSignatures,
  shown: Set<string> = new Set(),
): ExplainedTask {
  const differences = compareSignatures(before, after);
  const causes: Cause[] = [];
  for (const difference of differences) {
    if (difference.kind !== 'task-hash') continue;
    const { task } = difference;
    const key = `${difference.before} ${difference.after}`;
    const cause = { task, before: difference.before, after: difference.after };
    if (shown.has(key)) {
      causes.push({ ...cause, explained: 'shown' });
      continue;
    }
    shown.add(key);
    const found = find(task, cause.before, cause.after);
    causes.push({ ...cause, explained: found ? explainDifference(...found, find, shown) : 'missing' });
  }
  return { differences, causes };
}
