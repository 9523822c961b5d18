/**
 * Our signatures in the form of BitBake's signature data, so that they can be compared with recorded ones, down
 * through the tasks a task depends on.
 */
import { explainDifference, type ExplainedTask } from '../signature/diff.ts';
import type { SignatureData } from '../signature/sigdata.ts';
import { ownSignature } from '../signature/own.ts';
import type { BitBakeHash, Unknown, VariantSignatures } from '../signature/signatures.ts';
import { nameAt, recipeAt } from '../taskgraph/graph.ts';
import { type HashedTasks, runDataOf } from './hashedTasks.ts';

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

  /** @param evaluate the variant of a virtual file name, with what its hashes are made of */
  constructor(
    private readonly tasks: HashedTasks,
    private readonly task: number,
    private readonly evaluate: (mcfn: string) => Promise<VariantSignatures>,
  ) {
    for (const task of tasks.graph.recipeOf.keys()) {
      const hash = tasks.hashes.unihash(task);
      if (typeof hash === 'string') this.byHash.set(hash, task);
    }
  }

  /** Its own part and what the tasks it depends on add. @throws as `evaluate` */
  async data(): Promise<SignatureData> {
    const { graph } = this.tasks;
    const { mcfn } = recipeAt(graph, this.task);
    const variant = this.material.get(mcfn) ?? (await this.evaluate(mcfn));
    this.material.set(mcfn, variant);
    return ownSignature(nameAt(graph, this.task), variant, this.runData);
  }

  get taskhash(): BitBakeHash | Unknown {
    return this.tasks.hashes.taskhash(this.task);
  }

  get runData(): NonNullable<SignatureData['run']> {
    return runDataOf(this.tasks, this.task);
  }

  /**
   * Evaluates, step by step, the recipes of the tasks that differ, and loads what was recorded of these.
   * @throws as `evaluate`
   */
  async explain(theirs: SignatureData, files: RecordedSignatures): Promise<ExplainedTask> {
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
      for (const mcfn of wanted) this.material.set(mcfn, await this.evaluate(mcfn));
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
