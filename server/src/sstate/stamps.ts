/**
 * Which tasks count as done because of the stamp files that earlier builds left.
 *
 * Follows `bb/runqueue.py: RunQueue.check_stamp_task, check_setscene_stamps`, `bb/siggen.py: stampfile_mcfn,
 * SignatureGeneratorBasicHash.stampfile, get_stampfile_hash`. Pure: what files there are is passed in.
 */
import type { BitBakeHash, Unknown } from '../signature/signatures.ts';
import type { TaskGraph } from '../taskgraph/graph.ts';

/** Stamp file -> when it was made, in whole seconds since 1970, which is what BitBake compares. */
export type StampTimes = ReadonlyMap<string, number>;

export interface StampNames {
  /** Of the task itself; undefined: its hash, and so the name, is unknown. */
  readonly task: string | undefined;
  /** Of its setscene task. */
  readonly setscene: string | undefined;
}

/**
 * @param hash what enters the hashes of dependents: the unihash
 * @param hashesInNames whether the signature handler puts hashes into the names of stamps
 */
export function stampNames(
  graph: TaskGraph,
  task: number,
  hash: BitBakeHash | Unknown,
  hashesInNames: boolean,
): StampNames {
  const { stamp, stampExtraInfo } = graph.recipes[graph.recipeOf[task]!]!;
  const name = graph.names[graph.nameOf[task]!]!;
  const extra = stampExtraInfo[name] ?? '';
  if (hashesInNames && typeof hash !== 'string') return { task: undefined, setscene: undefined };
  const rest = hashesInNames ? `${hash as string}.${extra}` : extra;
  const file = (task: string) => `${stamp}.${task}.${rest}`.replace(/\.+$/, '');
  return { task: file(name), setscene: file(`${name}_setscene`) };
}

/** Later than any stamp that is there: made in the build that is being foreseen. */
const NOW = Number.POSITIVE_INFINITY;

/** The stamps of a graph's tasks, kept up as the foreseen build goes on. */
export class Stamps {
  /** By task; NaN: there is none. */
  private readonly done: Float64Array;
  private readonly setscene: Float64Array;
  /** What the recursive look found, task by task; BitBake keeps it for a whole run. */
  private readonly kept: Int8Array;
  /** Recipe -> number of its file and variant, whatever the multiconfig. */
  private readonly fileOf: Int32Array;

  /** @param names by task */
  constructor(
    private readonly graph: TaskGraph,
    names: (task: number) => StampNames,
    times: StampTimes,
  ) {
    const count = graph.recipeOf.length;
    this.done = new Float64Array(count).fill(NaN);
    this.setscene = new Float64Array(count).fill(NaN);
    this.kept = new Int8Array(count).fill(-1);
    const files = new Map<string, number>();
    this.fileOf = Int32Array.from(graph.recipes, ({ mcfn }) => {
      const file = mcfn.replace(/^mc:[^:]*:/, '');
      if (!files.has(file)) files.set(file, files.size);
      return files.get(file)!;
    });
    for (let task = 0; task < count; task++) {
      const { task: own, setscene } = names(task);
      this.done[task] = (own === undefined ? undefined : times.get(own)) ?? NaN;
      this.setscene[task] = (setscene === undefined ? undefined : times.get(setscene)) ?? NaN;
    }
  }

  /** Whether the object was unpacked or the task done (`check_setscene_stamps`). */
  isSetsceneCurrent(task: number): boolean {
    return (
      (!Number.isNaN(this.setscene[task]!) && !this.isNostamp(task, '_setscene')) ||
      this.isCurrentThroughout(task)
    );
  }

  /** Whether the task would be left out because its stamp is newer than those it depends on in its recipe. */
  isCurrent(task: number): boolean {
    return this.current(task, false);
  }

  /** The same of all that it depends on in its recipe. */
  private isCurrentThroughout(task: number): boolean {
    if (this.kept[task] === -1) this.kept[task] = this.current(task, true) ? 1 : 0;
    return this.kept[task] === 1;
  }

  private current(task: number, throughout: boolean): boolean {
    const { fileOf } = this;
    const { first, dependencies, recipeOf } = this.graph;
    const own = this.done[task]!;
    if (Number.isNaN(own) || this.isNostamp(task, '')) return false;
    for (let at = first[task]!; at < first[task + 1]!; at++) {
      const dependency = dependencies[at]!;
      const other = this.done[dependency]!;
      const unpacked = this.setscene[dependency]!;
      if (!Number.isNaN(unpacked) && (Number.isNaN(other) || unpacked > other)) continue;
      if (fileOf[recipeOf[dependency]!] !== fileOf[recipeOf[task]!]) continue;
      if (Number.isNaN(other) || own < other) return false;
      if (throughout && !this.isCurrentThroughout(dependency)) return false;
    }
    return true;
  }

  private isNostamp(task: number, suffix: string): boolean {
    const { recipes, recipeOf, names, nameOf } = this.graph;
    return Object.hasOwn(recipes[recipeOf[task]!]!.flags.nostamp, names[nameOf[task]!]! + suffix);
  }

  /** The task has run: its new stamp takes the place of all older ones. */
  ran(task: number): void {
    this.done[task] = NOW;
    this.setscene[task] = NaN;
  }

  /** The task's object was unpacked. */
  unpacked(task: number): void {
    this.setscene[task] = NOW;
    this.done[task] = NaN;
  }
}
