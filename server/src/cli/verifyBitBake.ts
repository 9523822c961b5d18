/**
 * `sstate-lens verify --bitbake`: can our basehashes be trusted here? Runs the user's own BitBake in the build
 * directory, and compares every task of every variant, and what is skipped, in both directions.
 */
import { candidates } from '../engine/targets.ts';
import { BitBake, BitBakeFailure, type BitBakeRecipe, type BitBakeValues } from '../host/bitbake.ts';
import { splitVirtual } from '../signature/table.ts';
import type { VariantSignatures } from '../signature/signatures.ts';
import {
  chosenNames,
  describeSkip,
  describeTask,
  firstDifference,
  matched,
  skipDifferences,
  type TaskDifference,
  taskDifferences,
  variantsByName,
} from './comparison.ts';
import { CommandError, EXIT, type ExitCode, type Output } from './output.ts';
import { type BuildOptions, evaluatePaths, openSession, type Session, withMaterial } from './session.ts';

/** Of how many recipe files BitBake is asked what went into their hashes; the others only count. */
const MOST_EXPLAINED = 20;
const UNSTEADY = 'BitBake computes another hash when it parses again';

export async function verifyBitBake(
  options: BuildOptions,
  only: string | undefined,
  output: Output,
): Promise<ExitCode> {
  const session = await openSession({ ...options, cache: false }, output);
  try {
    await refuseRoot(session);
    const bitbake = new BitBake(session.build);
    output.note(`Running bitbake -p in ${session.build.path}…`);
    await bitbake.parse();
    output.note('Reading what BitBake parsed…');
    const cached = await bitbake.recipes();
    return await compare(cached, bitbake, session, only, output);
  } catch (error) {
    if (error instanceof BitBakeFailure) throw new CommandError(error.message);
    throw error;
  } finally {
    await session.close();
  }
}

/** The class `sanity` stops BitBake when root runs it; other metadata may not mind. */
async function refuseRoot({ workspace, summary }: Session): Promise<void> {
  const first = summary.recipes[0];
  if (process.getuid?.() !== 0 || first === undefined) return;
  const { files } = await workspace.evaluate(first.path);
  if (!files.some(({ path }) => path.endsWith('/sanity.bbclass'))) return;
  throw new CommandError('BitBake does not run as root here: run this as the user who builds');
}

async function compare(
  cached: readonly BitBakeRecipe[],
  bitbake: BitBake,
  session: Session,
  only: string | undefined,
  output: Output,
): Promise<ExitCode> {
  const isChosen = chosenNames(only);
  const recipes = cached.filter(({ pn }) => isChosen(pn));
  const ours = variantsByName(await evaluatePaths(pathsToEvaluate(recipes, session, only), session, output));
  for (const [mcfn, { pn }] of ours) if (!isChosen(pn)) ours.delete(mcfn);
  const values = new Map<string, BitBakeValues>();
  recipes.push(...(await uncached(recipes, ours, bitbake, values, output)));
  if (recipes.length === 0) throw new CommandError('BitBake knows no recipe of these names');

  const differences = taskDifferences(recipes, ours, true);
  const skips = skipDifferences(recipes, ours);
  const skipped = recipes.filter((recipe) => recipe.skipped !== undefined).length;
  const theirTasks = recipes.reduce((sum, { tasks }) => sum + tasks.size, 0);
  const total = theirTasks + differences.filter(({ theirs }) => theirs === undefined).length;
  output.result(matched(total, differences));
  output.result(
    `skipped alike ${skipped - skips.filter(({ theirs }) => theirs !== undefined).length} of ${skipped}`,
  );
  for (const skip of skips) output.result(describeSkip(skip, skip.mcfn));
  const known = await explanations(differences, values, bitbake, output);
  let unsteady = 0;
  for (const difference of differences) {
    output.result(describeTask(difference, difference.mcfn));
    const why = await explain(difference, known, session);
    if (why !== undefined) output.result(`  ${why}`);
    if (why?.startsWith(UNSTEADY)) unsteady++;
  }
  if (unsteady > 0)
    output.result(`${unsteady} of the different ones BitBake computes anew each time it parses`);
  return differences.length === 0 && skips.length === 0 ? EXIT.done : EXIT.no;
}

/** Recipes that we have and BitBake's cache has not: it does not cache those that fetch their revision. */
async function uncached(
  cached: readonly BitBakeRecipe[],
  ours: ReadonlyMap<string, VariantSignatures>,
  bitbake: BitBake,
  values: Map<string, BitBakeValues>,
  output: Output,
): Promise<BitBakeRecipe[]> {
  const known = new Set(cached.map(({ mcfn }) => mcfn));
  const missing = [...ours.keys()].filter((mcfn) => !known.has(mcfn));
  const files = filesOf(missing);
  if (files.length === 0) return [];
  output.note(`Asking BitBake for ${files.length} recipes that it does not cache…`);
  const found = (await bitbake.values(files)).filter(({ mcfn }) => missing.includes(mcfn));
  for (const recipe of found) values.set(recipe.mcfn, recipe);
  return found;
}

/** What went into BitBake's hashes of the recipes that differ. */
async function explanations(
  differences: readonly TaskDifference[],
  values: Map<string, BitBakeValues>,
  bitbake: BitBake,
  output: Output,
): Promise<ReadonlyMap<string, BitBakeValues>> {
  const comparable = differences.filter(
    ({ theirs, ours, mcfn }) =>
      theirs !== undefined && typeof ours?.basehash === 'string' && !values.has(mcfn),
  );
  const files = filesOf(comparable.map(({ mcfn }) => mcfn));
  if (files.length === 0) return values;
  const asked = files.slice(0, MOST_EXPLAINED);
  const limit = asked.length < files.length ? ` (the first ${asked.length} of ${files.length} recipes)` : '';
  output.note(`Asking BitBake what went into the hashes that differ${limit}…`);
  try {
    for (const recipe of await bitbake.values(asked)) values.set(recipe.mcfn, recipe);
  } catch (error) {
    if (!(error instanceof BitBakeFailure)) throw error;
    output.note(`What differs is not known: ${error.message}`);
  }
  return values;
}

async function explain(
  { mcfn, task, theirs, ours }: TaskDifference,
  values: ReadonlyMap<string, BitBakeValues>,
  session: Session,
): Promise<string | undefined> {
  const found = values.get(mcfn);
  if (theirs === undefined || typeof ours?.basehash !== 'string' || !found) return undefined;
  if (found.tasks.get(task) !== theirs) return `${UNSTEADY}: ${found.tasks.get(task) ?? 'none'}`;
  const names = [task, ...(found.dependencies.get(task) ?? [])];
  const entered = new Map(names.map((name) => [name, found.values.get(name)]));
  return firstDifference({ task, values: entered }, await withMaterial(mcfn, session));
}

/** All recipes, or those that BitBake says, or their file names let us guess, are asked for. */
function pathsToEvaluate(
  recipes: readonly BitBakeRecipe[],
  { summary }: Session,
  only: string | undefined,
): string[] {
  const known = summary.recipes.map(({ path }) => path);
  if (only === undefined) return known;
  const wanted = new Set([
    ...recipes.map(({ mcfn }) => splitVirtual(mcfn).path),
    ...only.split(',').flatMap((name) => candidates(name, summary)),
  ]);
  return known.filter((path) => wanted.has(path));
}

/** Multiconfig and path of the files of variants, each once. */
function filesOf(mcfns: readonly string[]): [multiconfig: string, path: string][] {
  const files = new Map<string, [string, string]>();
  for (const mcfn of mcfns) {
    const { prefix, path } = splitVirtual(mcfn);
    const multiconfig = /^mc:([^:]*):/.exec(prefix)?.[1] ?? '';
    files.set(`${multiconfig}\0${path}`, [multiconfig, path]);
  }
  return [...files.values()];
}
