/**
 * Evaluations on their way from an evaluator's process: what is the same as in one that was sent before is not sent
 * again, since what hashes are made of is large and an edit changes little of it. What arrives is what was sent, and
 * what is the same is the same object as before.
 *
 * Both ends go through the same sequence: the sender names an earlier evaluation by its number, and both keep as many.
 */
import { keepLast } from '../base/recent.ts';
import type { DependencyNode, Origin, TaskSignature, VariantSignatures } from '../signature/signatures.ts';
import type { RecipeEvaluation } from './results.ts';

/** How many evaluations both ends keep. */
const MOST_KEPT = 4;

/** A map as what is other than in an earlier one. */
interface MapChange<V> {
  /** Its keys in order, where they are not those of the earlier one. */
  readonly keys: readonly string[] | undefined;
  readonly changed: ReadonlyMap<string, V>;
}

interface VariantChange extends Omit<VariantSignatures, 'tasks' | 'nodes'> {
  /** A number is the place of the same task in the earlier one. */
  readonly tasks: readonly (number | TaskSignature)[];
  readonly nodes: MapChange<DependencyNode>;
}

export type SentEvaluation =
  | { readonly number: number | undefined; readonly whole: RecipeEvaluation }
  | {
      readonly number: number;
      readonly earlier: number;
      readonly rest: Omit<RecipeEvaluation, 'variants' | 'origins'>;
      readonly variants: readonly VariantChange[];
      readonly origins: MapChange<readonly Origin[]>;
    };

/** The evaluations that were sent last, by number. */
class Kept {
  private readonly evaluations = new Map<number, RecipeEvaluation>();

  get(number: number): RecipeEvaluation | undefined {
    return this.evaluations.get(number);
  }

  add(number: number, evaluation: RecipeEvaluation): void {
    keepLast(this.evaluations, MOST_KEPT, number, evaluation);
  }

  /** The last one that the same recipe came to, in the same variants. */
  like({ path, variants }: RecipeEvaluation): [number, RecipeEvaluation] | undefined {
    return [...this.evaluations].findLast(
      ([, known]) =>
        known.path === path &&
        known.variants.length === variants.length &&
        known.variants.every(({ mcfn }, at) => mcfn === variants[at]!.mcfn),
    );
  }
}

/** The sender's end. */
export class SentEvaluations {
  private readonly kept = new Kept();
  private last = 0;

  send(evaluation: RecipeEvaluation): SentEvaluation {
    // Of hashes alone nothing is worth to be kept.
    if (evaluation.variants.every(({ nodes }) => nodes.size === 0))
      return { number: undefined, whole: evaluation };
    const number = ++this.last;
    const [earlier, before] = this.kept.like(evaluation) ?? [];
    this.kept.add(number, evaluation);
    if (earlier === undefined || !before) return { number, whole: evaluation };
    const { variants, origins, ...rest } = evaluation;
    return {
      number,
      earlier,
      rest,
      variants: variants.map((variant, at) => changeOf(variant, before.variants[at]!)),
      origins: mapChange(origins, before.origins, sameOrigins),
    };
  }
}

/** The receiver's end. */
export class ReceivedEvaluations {
  private readonly kept = new Kept();

  /** @throws Error for one that is based on what has not arrived */
  receive(sent: SentEvaluation): RecipeEvaluation {
    const evaluation = 'whole' in sent ? sent.whole : this.restored(sent);
    if (sent.number !== undefined) this.kept.add(sent.number, evaluation);
    return evaluation;
  }

  private restored({
    earlier,
    rest,
    variants,
    origins,
  }: Exclude<SentEvaluation, { whole: unknown }>): RecipeEvaluation {
    const before = this.kept.get(earlier);
    if (!before) throw new Error(`the evaluation of ${rest.path} is based on another that has not arrived`);
    return {
      ...rest,
      variants: variants.map(({ tasks, nodes, ...variant }, at) => {
        const known = before.variants[at]!;
        return {
          ...variant,
          tasks: tasks.map((task) => (typeof task === 'number' ? known.tasks[task]! : task)),
          nodes: restoredMap(nodes, known.nodes),
        };
      }),
      origins: restoredMap(origins, before.origins),
    };
  }
}

function changeOf({ tasks, nodes, ...rest }: VariantSignatures, before: VariantSignatures): VariantChange {
  return {
    ...rest,
    tasks: tasks.map((task) => {
      const at = before.tasks.indexOf(task);
      return at < 0 ? task : at;
    }),
    nodes: mapChange(nodes, before.nodes, (a, b) => a === b),
  };
}

function mapChange<V>(
  map: ReadonlyMap<string, V>,
  before: ReadonlyMap<string, V>,
  isSame: (a: V, b: V) => boolean,
): MapChange<V> {
  const changed = new Map<string, V>();
  const keys = [...map.keys()];
  const earlier = before.keys();
  let isSameOrder = map.size === before.size;
  for (const [key, value] of map) {
    if (isSameOrder && earlier.next().value !== key) isSameOrder = false;
    const known = before.get(key);
    if (known === undefined || !isSame(value, known)) changed.set(key, value);
  }
  return { keys: isSameOrder ? undefined : keys, changed };
}

function restoredMap<V>({ keys, changed }: MapChange<V>, before: ReadonlyMap<string, V>): Map<string, V> {
  const map = new Map<string, V>();
  for (const key of keys ?? before.keys()) map.set(key, changed.get(key) ?? before.get(key)!);
  return map;
}

function sameOrigins(a: readonly Origin[], b: readonly Origin[]): boolean {
  if (a.length !== b.length) return false;
  return a.every(({ path, line, operation }, at) => {
    const other = b[at]!;
    return path === other.path && line === other.line && operation === other.operation;
  });
}
