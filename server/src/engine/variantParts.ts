/**
 * What is told of a variant in the different cases: skipped, unknown.
 */
import type { Datastore } from '../datastore/datastore.ts';
import type { Variant } from '../metadata/recipe.ts';
import {
  recipeInfo,
  type RecipeInfo,
  type RecipeSurroundings,
  skippedRecipe,
  type SkippedRecipe,
  type TaskDependencies,
} from '../metadata/recipeInfo.ts';
import { pythonText } from '../metadata/statements.ts';
import type { TaskSignature } from '../signature/signatures.ts';

/** @param tasks undefined: it has none */
export function whatOthersKnow(
  { d, skipped }: Variant,
  tasks: TaskDependencies | undefined,
  around: RecipeSurroundings,
): RecipeInfo | SkippedRecipe {
  if (skipped !== undefined || !tasks) return skippedRecipe(d, skipped ?? '', around);
  return recipeInfo(d, tasks, around);
}

/** @param reason why their hashes are unknown */
export function unknownTasks(d: Datastore, reason: string): TaskSignature[] {
  const tasks = d.getVar('__BBTASKS', false);
  return (Array.isArray(tasks) ? tasks : []).map((task) => ({
    task: pythonText(task),
    basehash: { unknown: reason },
    dependencies: [],
  }));
}
