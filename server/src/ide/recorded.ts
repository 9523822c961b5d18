/**
 * What a build recorded of a recipe, as an evaluation to compare with: tasks of which there is signature data have the
 * basehash that BitBake computed then, all others count as they are now.
 */
import type { RecipeEvaluation } from '../engine/results.ts';
import type { SignatureData } from '../signature/sigdata.ts';
import type {
  BitBakeHash,
  DependencyNode,
  TaskSignature,
  VariantSignatures,
} from '../signature/signatures.ts';

/** @param recorded by virtual file name, the latest data of each task */
export function recordedEvaluation(
  current: RecipeEvaluation,
  recorded: ReadonlyMap<string, readonly SignatureData[]>,
): RecipeEvaluation {
  const variants = current.variants.map((variant) => {
    const data = recorded.get(variant.mcfn) ?? [];
    return data.length > 0 ? asRecorded(variant, data) : variant;
  });
  return variants.every((variant, at) => variant === current.variants[at])
    ? current
    : { ...current, variants };
}

function asRecorded(variant: VariantSignatures, data: readonly SignatureData[]): VariantSignatures {
  const byTask = new Map(data.map((each) => [each.task, each]));
  const nodes = new Map(variant.nodes);
  const tasks = variant.tasks.map((task): TaskSignature => {
    const found = byTask.get(task.task);
    if (found?.basehash === undefined || found.basehash === task.basehash) return task;
    for (const [name, value] of found.values) {
      nodes.set(name, nodeOf(name, value, found, variant.nodes.get(name)));
    }
    const basehash = found.basehash as BitBakeHash;
    return { task: task.task, basehash, dependencies: found.taskDependencies };
  });
  return { ...variant, tasks, nodes };
}

function nodeOf(
  name: string,
  value: string | undefined,
  { dependencies }: SignatureData,
  now: DependencyNode | undefined,
): DependencyNode {
  // BitBake writes an empty text for what has none, and None, and hashes both alike.
  const same = now && (now.value ?? '') === (value ?? '');
  return { value: same ? now.value : value, dependencies: dependencies.get(name) ?? now?.dependencies ?? [] };
}
