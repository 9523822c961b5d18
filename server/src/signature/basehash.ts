/**
 * Basehashes: from dependencies to the hash of each task.
 *
 * Follows `bb/data.py: generate_dependency_hash` and `bb/siggen.py: SignatureGeneratorBasic._build_data`.
 */
import { createHash } from 'node:crypto';
import { sortedStrings } from '../base/words.ts';
import type { GeneratedDependencies } from './dependencies.ts';
import type { BitBakeHash, DependencyNode, TaskSignature } from './signatures.ts';

/** The signature of every task, in BitBake's order. */
export function taskSignatures(generated: GeneratedDependencies): TaskSignature[] {
  return generated.tasks.map((task) => {
    const dependencies = sortedStrings(reachableFrom(task, generated));
    return { task, basehash: basehash(task, dependencies, generated), dependencies };
  });
}

/** Everything `task` depends on, directly or not. The task itself is in it only if something names it. */
function reachableFrom(task: string, generated: GeneratedDependencies): Set<string> {
  const seen = new Set<string>();
  const waiting = [...(generated.dependencies.get(task)?.names ?? [])];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    waiting.push(...(generated.dependencies.get(name)?.names ?? []));
  }
  return seen;
}

/** SHA-256 over the task's text, then each dependency's name and text, joined without delimiters. */
function basehash(task: string, sorted: readonly string[], generated: GeneratedDependencies): BitBakeHash {
  const parts = [generated.dependencies.get(task)?.value ?? ''];
  for (const name of sorted) parts.push(name, generated.dependencies.get(name)?.value ?? '');
  return createHash('sha256').update(parts.join(''), 'utf8').digest('hex') as BitBakeHash;
}

/** The dependencies as plain data. */
export function dependencyNodes(generated: GeneratedDependencies): Map<string, DependencyNode> {
  const nodes = new Map<string, DependencyNode>();
  for (const [name, { names, value }] of generated.dependencies) {
    nodes.set(name, { dependencies: sortedStrings(names), value });
  }
  return nodes;
}
