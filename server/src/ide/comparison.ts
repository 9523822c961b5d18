/**
 * Two evaluations of one recipe compared: which tasks got another basehash, and which variables and functions on
 * the way are no longer the same. Pure data in and out.
 */
import type { RecipeEvaluation } from '../engine/results.ts';
import type { BitBakeHash, DependencyNode, VariantSignatures } from '../signature/signatures.ts';
import { counterpart, taskOf } from './view.ts';

export interface TaskChange {
  readonly task: string;
  /** Undefined: the task is new. */
  readonly before: BitBakeHash | undefined;
  readonly after: BitBakeHash;
}

/** What is different in one variant; only variants with a changed task have one. */
export interface VariantChange {
  readonly current: VariantSignatures;
  readonly baseline: VariantSignatures;
  /** In BitBake's order of definition. */
  readonly tasks: readonly TaskChange[];
  /** The variables, flags and functions whose text or dependencies differ, removed ones included. */
  readonly nodes: ReadonlySet<string>;
}

/** A hash that is unknown on one side is no change: nothing is known about it. */
export function compareEvaluations(
  current: RecipeEvaluation | undefined,
  baseline: RecipeEvaluation | undefined,
): VariantChange[] {
  if (!current || !baseline || current === baseline) return [];
  return current.variants.flatMap((variant) => {
    const known = counterpart(variant, baseline);
    if (!known || known.skipped !== undefined) return [];
    const tasks = changedTasks(variant, known);
    if (tasks.length === 0) return [];
    return [{ current: variant, baseline: known, tasks, nodes: changedNodes(variant, known) }];
  });
}

function changedTasks(current: VariantSignatures, baseline: VariantSignatures): TaskChange[] {
  const changes: TaskChange[] = [];
  for (const { task, basehash } of current.tasks) {
    const before = taskOf(baseline, task)?.basehash;
    if (typeof basehash !== 'string' || (before !== undefined && typeof before !== 'string')) continue;
    if (before !== basehash) changes.push({ task, before, after: basehash });
  }
  return changes;
}

function changedNodes(current: VariantSignatures, baseline: VariantSignatures): Set<string> {
  const changed = new Set<string>();
  for (const [name, node] of current.nodes) {
    const before = baseline.nodes.get(name);
    if (!before || !sameNode(node, before)) changed.add(name);
  }
  for (const name of baseline.nodes.keys()) if (!current.nodes.has(name)) changed.add(name);
  return changed;
}

function sameNode(a: DependencyNode, b: DependencyNode): boolean {
  return a === b || (a.value === b.value && sameNames(a.dependencies, b.dependencies));
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}
