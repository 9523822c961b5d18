/**
 * Which edited statement changed which task's basehash, and by which chain of dependencies.
 *
 * A statement answers for the variables it may set; a variable that changed without an edited statement of its own
 * (through an `inherit`, anonymous Python, a test for an item of a list) is answered for by the statements that set
 * nothing that changed.
 */
import type { DependencyNode } from '../signature/signatures.ts';
import { type Chain, chainsTo } from './chains.ts';
import type { TaskChange, VariantChange } from './comparison.ts';
import type { EditedStatement } from './edits.ts';
import { matches, type SetName } from './names.ts';
import { variantName } from './view.ts';

export interface ChangedTask extends TaskChange {
  /** From the task to what the statement changed; the task alone where that is the task's own text. */
  readonly chain: Chain;
}

export interface VariantEffect {
  /** `hello-native`, `mc:musl:hello`. */
  readonly name: string;
  readonly mcfn: string;
  readonly tasks: readonly ChangedTask[];
}

/** One edited statement with what it does to hashes; only statements that change a hash have one. */
export interface HashChange {
  readonly edit: EditedStatement;
  readonly variants: readonly VariantEffect[];
}

/** @param edits of all open documents that take part, so that none answers for another's change */
export function attribute(
  changes: readonly VariantChange[],
  edits: readonly EditedStatement[],
): HashChange[] {
  const own = changes.map((change) => ownNodes(change, edits));
  const silent = edits.map((_, index) => own.every((sets) => sets[index]!.size === 0));
  const effects = edits.map((): VariantEffect[] => []);
  for (const [index, change] of changes.entries()) {
    const targets = responsibilities(change, own[index]!, edits, silent);
    for (const [which, nodes] of targets.entries()) {
      const tasks = reached(change, nodes);
      const { mcfn } = change.current;
      if (tasks.length > 0) effects[which]!.push({ name: variantName(change.current), mcfn, tasks });
    }
  }
  return edits.flatMap((edit, index) =>
    effects[index]!.length > 0 ? [{ edit, variants: effects[index]! }] : [],
  );
}

/** The changed nodes that each edit sets. Of several edits of one name, those whose value is seen to have mattered. */
function ownNodes(change: VariantChange, edits: readonly EditedStatement[]): ReadonlySet<string>[] {
  const own = edits.map(() => new Set<string>());
  for (const node of change.nodes) {
    const setting = edits.filter(({ names }) => names.some((name) => matches(name, node)));
    const weights = setting.map((edit) => weight(edit, node, change));
    const heaviest = Math.max(...weights);
    for (const [index, edit] of setting.entries()) {
      if (weights[index] === heaviest) own[edits.indexOf(edit)]!.add(node);
    }
  }
  // A task that only names a new flag of its own is not what was edited.
  for (const nodes of own) for (const node of nodes) if (namesOnly(node, change, nodes)) nodes.delete(node);
  return own;
}

/** 2: the value is what the edit says, or was what it said before; 1: it is a part of it; 0: it is not seen. */
function weight(
  { before, after }: EditedStatement,
  node: string,
  { current, baseline }: VariantChange,
): 0 | 1 | 2 {
  const now = current.nodes.get(node)?.value;
  const was = baseline.nodes.get(node)?.value;
  const is = (value: string | undefined, text: string | undefined) =>
    text !== undefined && (value === text || value?.startsWith(`${text}\n`) === true);
  const has = (value: string | undefined, text: string | undefined) =>
    text !== undefined && text !== '' && value?.includes(text) === true;
  if (is(now, after) || is(was, before)) return 2;
  return (has(now, after) && !has(was, after)) || (has(was, before) && !has(now, before)) ? 1 : 0;
}

/** The changed nodes of a variant that each edit answers for. */
function responsibilities(
  change: VariantChange,
  own: readonly ReadonlySet<string>[],
  edits: readonly EditedStatement[],
  silent: readonly boolean[],
): ReadonlySet<string>[] {
  const explained = new Set(own.flatMap((nodes) => [...nodes]));
  const others = [...change.nodes].filter(
    (node) => !explained.has(node) && !follows(node, change, explained),
  );
  if (others.length === 0) return [...own];
  if (silent.includes(true)) return shareAmongSilent(change, own, edits, silent, others);
  // No edit is left that could be the cause: what nothing else explains, all of them may have done.
  const known = new Set(reached(change, explained).map(({ task }) => task));
  const unexplained = reached(change, new Set(others)).some(({ task }) => !known.has(task));
  return unexplained ? own.map((nodes) => new Set([...nodes, ...others])) : [...own];
}

/**
 * Nodes that no edit sets, shared among the edits that set nothing that changed: a list that is tested for items
 * answers for where it is tested, and for the rest those that may do anything (`inherit`, Python) before others.
 */
function shareAmongSilent(
  change: VariantChange,
  own: readonly ReadonlySet<string>[],
  edits: readonly EditedStatement[],
  silent: readonly boolean[],
  others: readonly string[],
): ReadonlySet<string>[] {
  const shares = own.map((nodes) => new Set(nodes));
  const tested = new Set<string>();
  for (const [index, { names }] of edits.entries()) {
    if (!silent[index]) continue;
    for (const node of others.filter((node) => tests(node, names, change))) {
      tested.add(node);
      shares[index]!.add(node);
    }
  }
  const rest = others.filter((node) => !tested.has(node));
  const opaque = edits.map(({ names }, index) => silent[index]! && names.length === 0);
  const answering = opaque.includes(true) ? opaque : silent;
  for (const [index, answers] of answering.entries()) {
    if (answers) for (const node of rest) shares[index]!.add(node);
  }
  return shares;
}

/** Whether a node's text depends on which items a variable has (`bb.utils.contains`). */
function tests(node: string, names: readonly SetName[], { current, baseline }: VariantChange): boolean {
  return [current, baseline].some(({ nodes }) => {
    const found = nodes.get(node)?.value?.matchAll(/^([^\s{]+)\{.*\} = (?:Set|Unset)$/gm) ?? [];
    return [...found].some(([, variable]) => names.some((name) => matches(name, variable!)));
  });
}

/** Whether a node differs only in naming, or no longer naming, what is explained already. */
function follows(name: string, change: VariantChange, explained: ReadonlySet<string>): boolean {
  const known = change.current.nodes.has(name) && change.baseline.nodes.has(name);
  return known ? namesOnly(name, change, explained) : isReachedOnlyThrough(name, change, explained);
}

/** Whether a node that was there before has the same text, and differs in naming others of `nodes`. */
function namesOnly(name: string, change: VariantChange, nodes: ReadonlySet<string>): boolean {
  const now = change.current.nodes.get(name);
  const before = change.baseline.nodes.get(name);
  if (!now || !before || now.value !== before.value) return false;
  return difference(now, before).every((other) => other !== name && nodes.has(other));
}

/** A node that came or went because something explained names it now, or did. */
function isReachedOnlyThrough(
  name: string,
  { current, baseline }: VariantChange,
  explained: ReadonlySet<string>,
): boolean {
  const nodes = current.nodes.has(name) ? current.nodes : baseline.nodes;
  const users = [...nodes].filter(([, { dependencies }]) => dependencies.includes(name));
  return users.length > 0 && users.every(([user]) => explained.has(user));
}

function difference(a: DependencyNode, b: DependencyNode): string[] {
  const [inA, inB] = [new Set(a.dependencies), new Set(b.dependencies)];
  return [
    ...a.dependencies.filter((name) => !inB.has(name)),
    ...b.dependencies.filter((name) => !inA.has(name)),
  ];
}

function reached(change: VariantChange, nodes: ReadonlySet<string>): ChangedTask[] {
  if (nodes.size === 0) return [];
  const chains = chainsTo(nodes, change.current.nodes, change.baseline.nodes);
  return change.tasks.flatMap((task) => {
    const chain = chains.get(task.task);
    return chain ? [{ ...task, chain }] : [];
  });
}
