/** Where variables of recipes got their values, for explanations: looked up once for all that is going to be shown. */
import { relative } from 'node:path';
import { candidates } from '../engine/targets.ts';
import type { RecipeEvaluation } from '../engine/results.ts';
import type { ExplainedTask } from '../signature/diff.ts';
import { type PlaceOf, rootCauses, variableOf } from '../signature/explanation.ts';
import type { Output } from './output.ts';
import type { Session } from './session.ts';
import { evaluateTarget } from './sig.ts';

export class Places {
  private constructor(private readonly evaluations: ReadonlyMap<string, RecipeEvaluation>) {}

  /** Evaluates the recipes in which variables differ. */
  static async of(
    task: string,
    explained: ExplainedTask,
    session: Session | undefined,
    output: Output,
  ): Promise<Places> {
    const evaluations = new Map<string, RecipeEvaluation>();
    if (!session) return new Places(evaluations);
    for (const root of rootCauses(task, explained)) {
      const pn = recipeOf(root.task);
      if (evaluations.has(pn) || !root.own.some((own) => variableOf(own) !== undefined)) continue;
      if (candidates(pn, session.summary).length === 0) continue;
      const found = await evaluateTarget(pn, session, output);
      if (found) evaluations.set(pn, found);
    }
    return new Places(evaluations);
  }

  readonly of: PlaceOf = (task, variable) => {
    const evaluation = this.evaluations.get(recipeOf(task));
    return evaluation && placeInEvaluation(evaluation, variable);
  };
}

/** `layer/recipe.bb:12 append`, from the directory of the command where it lies below. */
export function placeInEvaluation({ origins }: RecipeEvaluation, variable: string): string | undefined {
  const [origin] = origins.get(variable) ?? [];
  if (!origin) return undefined;
  const near = relative(process.cwd(), origin.path);
  const path = near.startsWith('..') ? origin.path : near;
  return `${path}:${origin.line} ${origin.operation}`;
}

/** `zlib` of `zlib:do_install` and of `mc:musl:zlib:do_install`; of old names, what the file is called. */
function recipeOf(task: string): string {
  const file = /([^/:]*)\.bb:do_/.exec(task);
  if (file) return file[1]!.split('_')[0]! + (task.includes(':virtual:native') ? '-native' : '');
  return task.replace(/^mc:[^:]*:/, '').replace(/:do_[^:]*$/, '');
}
