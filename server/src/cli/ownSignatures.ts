/**
 * Our signatures in the form of BitBake's signature data, so that they can be compared with recorded ones, down
 * through the tasks a task depends on.
 */
import { explainDifference, type ExplainedTask } from '../signature/diff.ts';
import type { SignatureData } from '../signature/sigdata.ts';
import { ownSignature } from '../signature/own.ts';
import type { BitBakeHash, Unknown, VariantSignatures } from '../signature/signatures.ts';
import { findTask, nameAt, recipeAt } from '../taskgraph/graph.ts';
import { CommandError, type Output } from './output.ts';
import { type Session, withMaterial } from './session.ts';
import { type HashedTasks, hashTasks, runDataOf } from './taskhashes.ts';

/** Signature data that BitBake left. */
export interface RecordedSignatures {
  find(hash: string): SignatureData | undefined;
  /** Looks further for data of other tasks, which `find` gives from then on. */
  load?(wanted: readonly WantedSignature[]): Promise<void>;
}

/** The data of a task of the graph when its hash was this one. */
export interface WantedSignature {
  readonly task: number;
  readonly hash: string;
}

/** Without what only BitBake's data has: the lists of what was ignored, random numbers. */
export function comparable(ours: SignatureData, theirs: SignatureData): SignatureData {
  const { ignoredVariables, ignoredTasks, taint } = theirs;
  // BitBake writes None for what has no value, and an empty text for what is a function without one.
  const values = new Map(
    [...ours.values].map(([name, value]) =>
      !value && !theirs.values.get(name) && theirs.values.has(name)
        ? [name, theirs.values.get(name)]
        : [name, value],
    ),
  );
  return { ...ours, values, ignoredVariables, ignoredTasks, taint };
}

/** One task and all that it depends on, with their hashes. */
export class OwnSignatures {
  /** Hash that enters others -> the task's number. */
  private readonly byHash = new Map<string, number>();
  private readonly material = new Map<string, VariantSignatures>();

  private constructor(
    private readonly tasks: HashedTasks,
    private readonly task: number,
    private readonly session: Session,
  ) {
    for (const task of tasks.graph.recipeOf.keys()) {
      const hash = tasks.hashes.unihash(task);
      if (typeof hash === 'string') this.byHash.set(hash, task);
    }
  }

  /** Evaluates every recipe. @throws CommandError where the task is not among those that run for its recipe */
  static async of(
    variant: VariantSignatures,
    task: string,
    session: Session,
    output: Output,
  ): Promise<OwnSignatures> {
    const { mcfn, pn } = variant;
    const multiconfig = /^mc:([^:]*):/.exec(mcfn)?.[1];
    const target = `${multiconfig ? `mc:${multiconfig}:` : ''}${pn}:${task}`;
    const tasks = await hashTasks([target], session, output);
    const number = findTask(tasks.graph, mcfn, task);
    if (number === undefined) throw new CommandError(`${pn}:${task} cannot run: see the messages above`);
    const own = new OwnSignatures(tasks, number, session);
    own.material.set(mcfn, variant);
    return own;
  }

  /** Those of a task of a graph whose hashes are known. */
  static among(tasks: HashedTasks, task: number, session: Session): OwnSignatures {
    return new OwnSignatures(tasks, task, session);
  }

  /** Its own part and what the tasks it depends on add. @throws CommandError where its recipe cannot be evaluated */
  async data(): Promise<SignatureData> {
    const { graph } = this.tasks;
    const { mcfn } = recipeAt(graph, this.task);
    const variant = this.material.get(mcfn) ?? (await withMaterial(mcfn, this.session));
    if (!variant) throw new CommandError(`${mcfn} cannot be evaluated`);
    this.material.set(mcfn, variant);
    return ownSignature(nameAt(graph, this.task), variant, this.runData);
  }

  get taskhash(): BitBakeHash | Unknown {
    return this.tasks.hashes.taskhash(this.task);
  }

  get runData(): NonNullable<SignatureData['run']> {
    return runDataOf(this.tasks, this.task);
  }

  /** Evaluates, step by step, the recipes of the tasks that differ, and loads what was recorded of these. */
  async explain(theirs: SignatureData, files: RecordedSignatures, output: Output): Promise<ExplainedTask> {
    const ours = comparable(await this.data(), theirs);
    const loaded = new Set<string>();
    for (;;) {
      const wanted = new Set<string>();
      const unrecorded: WantedSignature[] = [];
      const explained = explainDifference(theirs, ours, (_, before, after) => {
        const recorded = files.find(before);
        const number = this.byHash.get(after);
        if (!recorded && number !== undefined && files.load && !loaded.has(before)) {
          loaded.add(before);
          unrecorded.push({ task: number, hash: before });
        }
        const own = recorded && number !== undefined ? this.known(number, wanted) : undefined;
        return recorded && own && [recorded, comparable(own, recorded)];
      });
      if (wanted.size === 0 && unrecorded.length === 0) return explained;
      if (unrecorded.length > 0) await files.load?.(unrecorded);
      for (const mcfn of wanted) {
        output.progress(`Evaluating ${mcfn}…`);
        const found = await withMaterial(mcfn, this.session);
        if (!found) throw new CommandError(`${mcfn} cannot be evaluated`);
        this.material.set(mcfn, found);
      }
      output.progress(undefined);
    }
  }

  /** Undefined, and wanted, as long as the recipe has not been evaluated with what its hashes are made of. */
  private known(task: number, wanted: Set<string>): SignatureData | undefined {
    const { graph } = this.tasks;
    const { mcfn } = recipeAt(graph, task);
    const variant = this.material.get(mcfn);
    if (!variant) {
      wanted.add(mcfn);
      return undefined;
    }
    return ownSignature(nameAt(graph, task), variant, runDataOf(this.tasks, task));
  }
}
