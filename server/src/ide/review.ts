/**
 * A review of what changes between two states of a build directory's layers: every recipe evaluated in both, task
 * graphs and taskhashes compared, and each change led back to its root cause.
 *
 * Asks evaluators for recipes; how these see their state of the files is not known here.
 */
import { knownRecipes, type KnownRecipes, unplacedTaskGraphOf } from '../engine/taskGraph.ts';
import type { ConfigurationSummary, RecipeEvaluation } from '../engine/results.ts';
import { type TaskhashFiles, taskhashesOf, taskhashSources } from '../engine/taskhashes.ts';
import { graphConfigurations } from '../engine/taskGraph.ts';
import type { Workspace } from '../engine/workspace.ts';
import { releaseOf } from '../metadata/release.ts';
import type { VariantSignatures } from '../signature/signatures.ts';
import { splitVirtual } from '../signature/table.ts';
import { SETTING_VARIABLES } from '../taskgraph/taskhashSettings.ts';
import type { GraphProblem } from '../taskgraph/graph.ts';
import { type BothStates, type Impact, impactOf, type Presence } from './impact.ts';
import {
  Causes,
  type ChangedText,
  hasStatements,
  type NamedEdit,
  namedEdits,
  recipeCauses,
  type RecipePair,
} from './impactCauses.ts';
import { withRenamed } from './renames.ts';
import { type FirstHand, type HashedGraphSide, type TaskImpact, taskImpacts } from './impactTasks.ts';

/** A build directory in one state of the layers' files. */
export interface ReviewSide {
  readonly workspace: Workspace;
  /** Keeps what was evaluated, for the other state to find what is the same there; undefined: nothing is kept. */
  readonly keep?: () => Promise<void>;
  readonly files: TaskhashFiles;
}

export interface ReviewOptions {
  readonly targets: readonly string[];
  /** Every file that differs. */
  readonly changed: readonly ChangedText[];
  /** A path with symbolic links and `..` resolved, as those of `changed` are. */
  readonly spelled: (path: string) => string;
  /** Told of what is being done, in words. */
  readonly progress: (what: string) => void;
  /** Told of each recipe that could not be evaluated, and why. */
  readonly lost: (side: 'base' | 'head', path: string, reason: string) => void;
  /** Looks for the sstate objects of tasks of the base state, by number; undefined: nobody looks. */
  readonly presence?: (
    base: HashedGraphSide,
    tasks: readonly TaskImpact[],
  ) => Promise<ReadonlyMap<number, Presence> | undefined>;
}

export interface Review {
  readonly impact: Impact;
  readonly base: ConfigurationSummary;
  readonly head: ConfigurationSummary;
  /** What BitBake would stop at in the head state and would not in the base state. */
  readonly newProblems: readonly GraphProblem[];
  /** Whether all recipes could be evaluated in both states. */
  readonly complete: boolean;
}

/** @throws Error where no taskhashes can be made of a state */
export async function review(base: ReviewSide, head: ReviewSide, options: ReviewOptions): Promise<Review> {
  await base.workspace.prepare();
  const before = await evaluated('base', base, options);
  await base.keep?.();
  const after = await evaluated('head', head, options);
  options.progress('Comparing task graphs…');
  const [old, young] = [await hashed(before, base, options), await hashed(after, head, options)];
  const states = bothStates(before.known.variants, after.known.variants);
  const traits = releaseOf(after.summary.bitbakeVersion).syntax;
  const edits = withRenamed(options.changed, renamedRecipes(states, options.spelled))
    .filter(({ path }) => hasStatements(path))
    .flatMap((file) => namedEdits(file, traits));
  const causes = new Causes();
  const firstHand: FirstHand = {
    ...(await causesOfRecipes(base, head, before, after, states, edits, causes, options)),
    counterparts: states.counterparts,
    settings: await changedSettings(base, head),
    everywhere: edits.filter(({ path, everywhere }) => everywhere || path.endsWith('.conf')),
  };
  const tasks = taskImpacts(old.side, young.side, firstHand, causes);
  const presence = await options.presence?.(old.side, tasks);
  const problems = new Set(old.problems.map(({ message }) => message));
  return {
    impact: impactOf(states, { base: old.side, head: young.side }, tasks, firstHand.tasks, causes, presence),
    base: before.summary,
    head: after.summary,
    newProblems: young.problems.filter(({ message, fatal }) => fatal && !problems.has(message)),
    complete: before.complete && after.complete,
  };
}

/** Every recipe of a state. */
interface EvaluatedSide {
  readonly summary: ConfigurationSummary;
  readonly known: KnownRecipes;
  /** Without what hashes were made of. */
  readonly evaluations: ReadonlyMap<string, RecipeEvaluation>;
  readonly complete: boolean;
}

async function evaluated(
  name: 'base' | 'head',
  { workspace }: ReviewSide,
  { changed, progress, lost }: ReviewOptions,
): Promise<EvaluatedSide> {
  progress(`Reading the configuration of the ${name} state…`);
  const summary = await workspace.summary();
  // Where all hashes are known from before, what they were made of will be asked for, of the recipes that change.
  if (changed.length > 0) workspace.begin();
  const configurations = await graphConfigurations(workspace);
  const paths = summary.recipes.map(({ path }) => path);
  const evaluations = new Map<string, RecipeEvaluation>();
  let done = 0;
  let complete = true;
  const lose = (path: string, reason: string): void => {
    complete = false;
    lost(name, path, reason);
  };
  await workspace.evaluateAll(
    paths,
    (path, result) => {
      progress(`Evaluated ${++done} of ${paths.length} recipes of the ${name} state`);
      if (result instanceof Error) {
        lose(path, result.message);
        return;
      }
      evaluations.set(path, result);
      const failed = result.variants.find((variant) => variant.failed !== undefined);
      if (failed) lose(path, failed.failed!);
    },
    true,
    true,
  );
  const variants = paths.flatMap((path) => evaluations.get(path)?.variants ?? []);
  return { summary, known: knownRecipes(variants, configurations), evaluations, complete };
}

interface HashedSide {
  readonly side: HashedGraphSide;
  readonly problems: readonly GraphProblem[];
}

async function hashed(
  { summary, known }: EvaluatedSide,
  { workspace, files }: ReviewSide,
  { targets }: ReviewOptions,
): Promise<HashedSide> {
  const graph = await unplacedTaskGraphOf(targets, known, workspace);
  const sources = await taskhashSources(workspace, summary, files);
  const { inputs, hashes } = await taskhashesOf(graph, known.variants, sources);
  return { side: { graph, hashes, files: (task) => inputs.files(task) }, problems: graph.problems };
}

/** Which variant of one state is which of the other: the same file's, or else the only one of the same name. */
function bothStates(before: readonly VariantSignatures[], after: readonly VariantSignatures[]): BothStates {
  const byFile = (variants: readonly VariantSignatures[]) =>
    new Map(variants.map((variant) => [variant.mcfn, variant]));
  const [base, head] = [byFile(before), byFile(after)];
  const byName = (variants: readonly VariantSignatures[], others: ReadonlyMap<string, VariantSignatures>) => {
    const found = new Map<string, string | undefined>();
    for (const { mcfn, pn, variant } of variants) {
      if (others.has(mcfn)) continue;
      const name = `${/^mc:[^:]*:/.exec(mcfn)?.[0] ?? ''}${variant}:${pn}`;
      found.set(name, found.has(name) ? undefined : mcfn);
    }
    return found;
  };
  const gone = byName(before, head);
  const counterparts = new Map<string, string>();
  for (const [name, mcfn] of byName(after, base)) {
    const was = gone.get(name);
    if (mcfn !== undefined && was !== undefined) counterparts.set(mcfn, was);
  }
  return { base, head, counterparts };
}

/** The files of recipes that have another name: in the head state -> in the base state. */
function renamedRecipes(
  { counterparts }: BothStates,
  spelled: ReviewOptions['spelled'],
): ReadonlyMap<string, string> {
  const file = (mcfn: string) => spelled(splitVirtual(mcfn).path);
  return new Map([...counterparts].map(([young, old]) => [file(young), file(old)]));
}

/** How many recipes are compared in full at once: what their hashes were made of takes much memory. */
const AT_ONCE = 16;

/** The causes that recipes have in themselves. */
async function causesOfRecipes(
  base: ReviewSide,
  head: ReviewSide,
  before: EvaluatedSide,
  after: EvaluatedSide,
  states: BothStates,
  edits: readonly NamedEdit[],
  causes: Causes,
  options: ReviewOptions,
): Promise<Pick<FirstHand, 'tasks' | 'edits'>> {
  const { progress, spelled } = options;
  const tasks = new Map<string, readonly number[]>();
  const taking = new Map<string, readonly NamedEdit[]>();
  const take = (pair: RecipePair): void => {
    const found = recipeCauses(pair, edits, spelled, states.counterparts, causes);
    for (const [key, numbers] of found.tasks) tasks.set(key, numbers);
    const own = found.edits.map((at) => edits[at]!);
    for (const { mcfn } of pair.after?.variants ?? []) taking.set(mcfn, own);
  };
  const pairs = changedRecipes(before, after, states);
  const inFull: (readonly [old: string, young: string])[] = [];
  for (const [old, young] of pairs) {
    const pair = { before: before.evaluations.get(old ?? ''), after: after.evaluations.get(young ?? '') };
    if (old === undefined || young === undefined || !pair.before || !pair.after) take(pair);
    else inFull.push([old, young]);
  }
  for (let at = 0; at < inFull.length; at += AT_ONCE) {
    progress(`Compared ${at} of ${inFull.length} changed recipes`);
    const part = inFull.slice(at, at + AT_ONCE);
    const [old, young] = await Promise.all([
      withMaterial(
        'base',
        base,
        part.map(([path]) => path),
        options,
      ),
      withMaterial(
        'head',
        head,
        part.map(([, path]) => path),
        options,
      ),
    ]);
    for (const [was, is] of part)
      take({
        before: old.get(was) ?? before.evaluations.get(was),
        after: young.get(is) ?? after.evaluations.get(is),
      });
  }
  return { tasks, edits: (mcfn) => taking.get(mcfn) ?? [] };
}

/** The evaluations with what hashes were made of; of those that are left out it is told why. */
async function withMaterial(
  name: 'base' | 'head',
  { workspace }: ReviewSide,
  paths: readonly string[],
  { lost }: ReviewOptions,
): Promise<ReadonlyMap<string, RecipeEvaluation>> {
  const found = new Map<string, RecipeEvaluation>();
  const failed = new Map<string, string>();
  const evaluate = (wanted: readonly string[]) =>
    workspace.evaluateAll(wanted, (path, result) => {
      if (result instanceof Error) {
        failed.set(path, result.message);
        return;
      }
      found.set(path, result);
      failed.delete(path);
    });
  await evaluate(paths);
  // It could be evaluated before: what ended it, such as want of memory beside others, need not do so again.
  if (failed.size > 0) await evaluate([...failed.keys()]);
  for (const [path, reason] of failed)
    lost(name, path, `the causes of its changes cannot be told: ${reason}`);
  return found;
}

/** Recipe files with a variant whose hashes or dependencies are others, by their paths in both states. */
function changedRecipes(
  before: EvaluatedSide,
  after: EvaluatedSide,
  { base, counterparts }: BothStates,
): (readonly [old: string | undefined, young: string | undefined])[] {
  const found: (readonly [string | undefined, string | undefined])[] = [];
  const met = new Set<string>();
  for (const [path, { variants }] of after.evaluations) {
    const names = variants.map(({ mcfn }) => counterparts.get(mcfn) ?? mcfn);
    const known = names.find((mcfn) => base.has(mcfn));
    const was = known === undefined ? undefined : splitVirtual(known).path;
    if (was !== undefined) met.add(was);
    const old = was === undefined ? undefined : before.evaluations.get(was);
    if (was !== path || !old || !sameVariants(old.variants, variants)) found.push([was, path]);
  }
  for (const path of before.evaluations.keys()) if (!met.has(path)) found.push([path, undefined]);
  return found;
}

function sameVariants(a: readonly VariantSignatures[], b: readonly VariantSignatures[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((variant, at) => sameVariant(variant, b[at]!));
}

function sameVariant(a: VariantSignatures, b: VariantSignatures): boolean {
  if (a === b) return true;
  if (a.mcfn !== b.mcfn || a.pn !== b.pn || a.skipped !== b.skipped || a.failed !== b.failed) return false;
  return JSON.stringify([a.tasks, a.recipe]) === JSON.stringify([b.tasks, b.recipe]);
}

/** Variables that decide which dependencies count for hashes, and have other values. */
async function changedSettings(base: ReviewSide, head: ReviewSide): Promise<string[]> {
  const { names, prefixes } = SETTING_VARIABLES;
  const [before, after] = [
    await base.workspace.configurationValues(names, prefixes),
    await head.workspace.configurationValues(names, prefixes),
  ];
  const [old, young] = [before[0]?.values ?? {}, after[0]?.values ?? {}];
  return [...new Set([...Object.keys(old), ...Object.keys(young)])].filter(
    (name) => old[name] !== young[name],
  );
}
