/** `sstate-lens graph`: the tasks that run for targets and what each needs, as `bitbake -g` tells it. */
import { collectRecipes, type KnownRecipes, taskGraphOf } from '../engine/taskGraph.ts';
import type { GraphOptions } from '../taskgraph/build.ts';
import { recipeLabel, type TaskGraph } from '../taskgraph/graph.ts';
import { graphLines, type ListingFormat, partThatNeeds } from '../taskgraph/listing.ts';
import { CommandError, EXIT, type ExitCode, type Output } from './output.ts';
import { type BuildOptions, describeProblem, openSession, type Session } from './session.ts';

export interface GraphCommandOptions extends BuildOptions {
  readonly cmd?: string;
  readonly reverse?: boolean;
  readonly in?: readonly string[];
  readonly runall?: readonly string[];
  readonly runonly?: readonly string[];
  readonly format: ListingFormat;
}

export async function graph(
  targets: readonly string[],
  options: GraphCommandOptions,
  output: Output,
): Promise<ExitCode> {
  if (options.in && !options.reverse)
    throw new CommandError('--in says where --reverse looks: add --reverse');
  const session = await openSession(options, output);
  try {
    const { known, failed } = await everyRecipe(session, output);
    const wanted: GraphOptions = {
      ...(options.cmd !== undefined && { task: options.cmd }),
      ...(options.runall && { runall: options.runall }),
      ...(options.runonly && { runonly: options.runonly }),
    };
    const found = options.reverse
      ? await reverse(targets, options.in ?? ['world'], known, wanted, session)
      : await taskGraphOf(targets, known, session.workspace, wanted);
    for (const problem of found.problems) {
      if (problem.severity !== 'information') output.note(describeProblem(problem));
    }
    for (const line of graphLines(found, options.format)) output.result(line);
    output.note(`${found.recipeOf.length} tasks of ${new Set(found.recipeOf).size} recipes`);
    if (found.recipeOf.length === 0) return EXIT.bad;
    return failed > 0 || found.problems.some(({ severity }) => severity === 'error') ? EXIT.no : EXIT.done;
  } finally {
    await session.close();
  }
}

/** Evaluates every recipe; says of each that could not be evaluated why. */
export async function everyRecipe(
  { workspace, summary, signal }: Session,
  output: Output,
): Promise<{ readonly known: KnownRecipes; readonly failed: number }> {
  let done = 0;
  let failed = 0;
  const known = await collectRecipes(workspace, summary, (path, result) => {
    signal?.throwIfAborted();
    output.progress(`Evaluated ${++done} of ${summary.recipes.length} recipes`);
    if (result instanceof Error) {
      failed++;
      output.note(`${path}: error: ${result.message}`);
      return;
    }
    if (result.variants.some((variant) => variant.failed !== undefined)) failed++;
    for (const problem of result.problems) {
      if (problem.severity === 'error') output.note(describeProblem(problem));
    }
  });
  output.progress(undefined);
  return { known, failed };
}

/** What needs the targets' tasks, of all that runs for other targets. */
async function reverse(
  targets: readonly string[],
  among: readonly string[],
  known: KnownRecipes,
  options: GraphOptions,
  { workspace }: Session,
): Promise<TaskGraph> {
  const own = await taskGraphOf(targets, known, workspace, options);
  const name = ({ recipeOf, nameOf, recipes, names }: TaskGraph, task: number) =>
    `${recipeLabel(recipes[recipeOf[task]!]!)} ${names[nameOf[task]!]!}`;
  const wanted = new Set(own.targets.map((task) => name(own, task)));
  const all = await taskGraphOf([...new Set([...among, ...targets])], known, workspace, options);
  const tasks = Array.from(all.recipeOf.keys()).filter((task) => wanted.has(name(all, task)));
  return { ...partThatNeeds(all, tasks), problems: own.problems };
}
