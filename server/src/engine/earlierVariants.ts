/**
 * What the recipes that were evaluated last came to, so that of one that is evaluated again after an edit only what the
 * edit reaches is computed anew. Keeps datastores for that; decides nothing about what holds (`signature/dependencies.ts`).
 */
import { keepLast } from '../base/recent.ts';
import type { EarlierDependencies } from '../signature/dependencies.ts';
import type { TaskSignature } from '../signature/signatures.ts';

export interface EarlierVariant extends EarlierDependencies {
  readonly tasks: readonly TaskSignature[];
  /** The functions that were defined: another text for each set of them. */
  readonly defined: string;
}

/** How many recipes are kept. */
const MOST_RECIPES = 2;

export class EarlierVariants {
  /** Path of the recipe -> virtual file name -> what that came to. */
  private readonly recipes = new Map<string, Map<string, EarlierVariant>>();

  /** Gives what a variant came to, which is of no use twice. @param defined the functions that are defined now */
  take(path: string, mcfn: string, defined: string): EarlierVariant | undefined {
    const variants = this.recipes.get(path);
    const variant = variants?.get(mcfn);
    variants?.delete(mcfn);
    return variant?.defined === defined ? variant : undefined;
  }

  keep(path: string, mcfn: string, variant: EarlierVariant): void {
    const variants = this.recipes.get(path) ?? new Map<string, EarlierVariant>();
    keepLast(this.recipes, MOST_RECIPES, path, variants);
    variants.set(mcfn, variant);
  }
}
