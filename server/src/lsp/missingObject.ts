/**
 * Why the object of a task is missing in the editor's build directory: the task's signature as the open documents make it,
 * and the nearest object that is there. Knows nothing of clients.
 */
import { OwnSignatures } from '../engine/ownSignatures.ts';
import type { RecipeEvaluation } from '../engine/results.ts';
import { type ObjectState, whyMissing } from '../host/missingObject.ts';
import { targetOf } from '../ide/view.ts';
import type { VariantSignatures } from '../signature/signatures.ts';
import { type ForeseenBuild, type ForesightOptions, hashedTargets } from './foresight.ts';

/** What was found out about the object of a task. */
export interface FoundObject {
  /** Undefined: the task has no object of its own. */
  readonly state: ObjectState | undefined;
  /** What is wrong on the way, in sentences. */
  readonly notes: readonly string[];
  /** The recipes that were compared: PN, after `mc:NAME:` where it is one of a multiconfig. */
  readonly evaluations: ReadonlyMap<string, RecipeEvaluation>;
}

/**
 * @param target a task, as `zlib:do_package`
 * @param variants of all recipes, in the order of recipe files
 * @param evaluate the recipe of a virtual file name, with what its hashes are made of
 * @throws Error where there is no such task in any graph; the signal's reason when it is aborted
 */
export async function findMissing(
  target: string,
  variants: readonly VariantSignatures[],
  build: ForeseenBuild,
  evaluate: (mcfn: string) => Promise<RecipeEvaluation>,
  { servers, signal }: Pick<ForesightOptions, 'servers' | 'signal'>,
): Promise<FoundObject> {
  const notes: string[] = [];
  const tasks = await hashedTargets([target], variants, build, { servers, signal }, notes);
  const [task] = tasks.graph.targets;
  if (task === undefined) throw new Error(notes[0] ?? `nothing provides ${target}`);
  const evaluations = new Map<string, RecipeEvaluation>();
  const own = new OwnSignatures(tasks, task, async (mcfn) => {
    signal.throwIfAborted();
    const evaluation = await evaluate(mcfn);
    const variant = evaluation.variants.find((known) => known.mcfn === mcfn);
    if (!variant)
      throw new Error(`${mcfn} cannot be evaluated: its problems are in the editor once it is open`);
    evaluations.set(targetOf(variant) ?? variant.pn, evaluation);
    return variant;
  });
  const told = { progress: () => undefined, note: (text: string) => void notes.push(text) };
  const objects = await build.access.objects(build.summary, build.sources.files);
  const names = build.access.names(build.summary);
  const state = await whyMissing({ tasks, task, own, names, objects, servers, told, signal });
  return { state, notes, evaluations };
}
