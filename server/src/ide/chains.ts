/**
 * Chains of dependencies: how a variable or function gets into a task's hash, shortest way first.
 */
import type { DependencyNode } from '../signature/signatures.ts';

export type Nodes = ReadonlyMap<string, DependencyNode>;

/** From the task to the variable: `['do_install', 'write_motd', 'MOTD']`. */
export type Chain = readonly string[];

/**
 * The shortest chain from each node that depends on one of `targets`, the targets themselves included (then it is
 * the name alone). Several graphs count as one: what was a dependency in any of them is one.
 */
export function chainsTo(targets: Iterable<string>, ...graphs: readonly Nodes[]): Map<string, Chain> {
  const dependents = reversed(graphs);
  const chains = new Map<string, Chain>();
  for (const target of targets) chains.set(target, [target]);
  // A map goes on with what is added while it is walked: breadth first.
  for (const [name, chain] of chains) {
    for (const dependent of dependents.get(name) ?? []) {
      if (!chains.has(dependent)) chains.set(dependent, [dependent, ...chain]);
    }
  }
  return chains;
}

const reversals = new WeakMap<Nodes, Map<string, string[]>>();

/** Name -> what names it directly. */
function reversed(graphs: readonly Nodes[]): Map<string, readonly string[]> {
  const each = graphs.map((graph) => {
    let found = reversals.get(graph);
    if (!found) reversals.set(graph, (found = reverse(graph)));
    return found;
  });
  if (each.length === 1) return each[0]!;
  const merged = new Map<string, readonly string[]>();
  for (const graph of each) {
    for (const [name, users] of graph) merged.set(name, [...(merged.get(name) ?? []), ...users]);
  }
  return merged;
}

function reverse(graph: Nodes): Map<string, string[]> {
  const dependents = new Map<string, string[]>();
  for (const [name, { dependencies }] of graph) {
    for (const dependency of dependencies) {
      const known = dependents.get(dependency);
      if (known) known.push(name);
      else dependents.set(dependency, [name]);
    }
  }
  return dependents;
}

/** `do_install <- write_motd <- MOTD`. */
export function showChain(chain: Chain): string {
  return chain.join(' <- ');
}
