/**
 * Which variables make a task's basehash another one on two sides: the roots of the difference, not what follows from
 * them.
 *
 * Pure: takes what both sides' hashes were made of.
 */
import { sortedStrings } from '../base/words.ts';
import type { VariantSignatures } from './signatures.ts';

/** A variable, flag or function whose hashed text differs. */
export interface VariableChange {
  /** As it is hashed: `MACHINE`, `do_install`, `SRC_URI[md5sum]`. */
  readonly variable: string;
  /** The hashed text; undefined: it has none, or does not enter the hash on that side. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** On which sides it enters the hash. */
  readonly enters: 'both' | 'before' | 'after';
}

type Side = Pick<VariantSignatures, 'tasks' | 'nodes'>;

/**
 * The changes that no other accounts for, by name. A variable that enters on one side only is accounted for by
 * whatever names it there, if that has another text or enters on that side only itself.
 */
export function variableChanges(task: string, before: Side, after: Side): VariableChange[] {
  const [old, young] = [namesIn(task, before), namesIn(task, after)];
  const value = (side: Side, name: string) => side.nodes.get(name)?.value;
  const changes: VariableChange[] = [];
  const changed = new Set<string>();
  for (const variable of old) {
    if (!young.has(variable)) continue;
    const [a, b] = [value(before, variable), value(after, variable)];
    if ((a ?? '') === (b ?? '')) continue;
    changed.add(variable);
    changes.push({ variable, before: a, after: b, enters: 'both' });
  }
  const news = [
    ...newcomers('before', before, old, young, changed),
    ...newcomers('after', after, young, old, changed),
  ];
  const roots = news.filter(({ accounted }) => !accounted);
  // Where newcomers only account for each other, all are told of.
  for (const { change } of changes.length + roots.length > 0 ? roots : news) changes.push(change);
  const order = sortedStrings(changes.map(({ variable }) => variable));
  return order.map((name) => changes.find(({ variable }) => variable === name)!);
}

/** What enters on one side only, and whether another change accounts for that. */
function newcomers(
  enters: 'before' | 'after',
  { nodes }: Side,
  own: ReadonlySet<string>,
  other: ReadonlySet<string>,
  changed: ReadonlySet<string>,
): { change: VariableChange; accounted: boolean }[] {
  const news = [...own].filter((name) => !other.has(name));
  const accounted = new Set<string>();
  for (const name of [...changed, ...news]) {
    for (const named of nodes.get(name)?.dependencies ?? []) if (named !== name) accounted.add(named);
  }
  return news.map((variable) => {
    const text = nodes.get(variable)?.value;
    const [before, after] = enters === 'before' ? [text, undefined] : [undefined, text];
    return { change: { variable, before, after, enters }, accounted: accounted.has(variable) };
  });
}

/** The shortest way from a task to a variable in its hash, both included; undefined: it is not in it by any name. */
export function chainTo(variable: string, task: string, { nodes }: Side): string[] | undefined {
  const cameFrom = new Map<string, string | undefined>([[task, undefined]]);
  for (const name of cameFrom.keys()) {
    if (name === variable) break;
    for (const next of nodes.get(name)?.dependencies ?? []) if (!cameFrom.has(next)) cameFrom.set(next, name);
  }
  if (!cameFrom.has(variable)) return undefined;
  const chain: string[] = [];
  for (let at: string | undefined = variable; at !== undefined; at = cameFrom.get(at)) chain.unshift(at);
  return chain;
}

function namesIn(task: string, { tasks }: Side): Set<string> {
  const found = tasks.find((candidate) => candidate.task === task);
  return new Set([task, ...(found?.dependencies ?? [])]);
}
