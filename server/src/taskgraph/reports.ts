/**
 * What BitBake says while it works out the graph, each thing once, with the recipe it concerns and what to do.
 *
 * Follows the wording of `bb/event.py: NoProvider, MultipleProviders` and `bb/runqueue.py`.
 */
import type { RecipeInfo } from '../metadata/recipeInfo.ts';
import { splitVirtual } from '../signature/table.ts';
import type { GraphProblem } from './graph.ts';

export class Reports {
  private readonly found = new Map<string, GraphProblem>();

  get problems(): GraphProblem[] {
    return [...this.found.values()];
  }

  /** @param recipe the one to look at, in whose file the problem belongs */
  add(
    code: GraphProblem['code'],
    message: string,
    options: {
      readonly severity?: GraphProblem['severity'];
      readonly fatal?: boolean;
      readonly recipe?: RecipeInfo | undefined;
      readonly variable?: string;
    } = {},
  ): void {
    const { severity = 'error', fatal = false, recipe, variable } = options;
    const key = `${code}\n${message}`;
    if (this.found.get(key)?.fatal || (this.found.has(key) && !fatal)) return;
    this.found.set(key, {
      severity,
      code,
      message,
      fatal,
      path: recipe ? splitVirtual(recipe.mcfn).path : '',
      ...(recipe && variable !== undefined && { place: { mcfn: recipe.mcfn, variable } }),
    });
  }
}
