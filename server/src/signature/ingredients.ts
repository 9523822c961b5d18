/**
 * What the hashes of a variant are made of, on its way to who keeps it to make them again after an edit of a function
 * (`rehash.ts`). Variants share most of it: each name, and each name with its text and dependencies, is told once and
 * is a number from then on.
 */
import type { Dependency, GeneratedDependencies } from './dependencies.ts';
import { NameTable } from '../base/nameTable.ts';

/** A name as it is hashed; names of others are numbers of `Fresh.texts`. */
export interface ToldNode {
  readonly name: number;
  /** What it depends on directly. */
  readonly names: readonly number[];
  readonly value: string | undefined;
  /** Whether there is such a variable or library function, so that code that runs it depends on it. */
  readonly known: boolean;
  readonly function?: {
    readonly path: string | undefined;
    readonly python: boolean;
    /** How much of `value` is its text; undefined where `value` is not its text with its tests behind. */
    readonly length: number | undefined;
    /** See `FunctionText`. */
    readonly others: readonly number[];
    readonly excluded: readonly number[];
    readonly references: readonly number[];
  };
}

export interface ToldVariant {
  readonly mcfn: string;
  /** In BitBake's order. */
  readonly tasks: readonly number[];
  /** Numbers of nodes, in the order in which they are hashed. */
  readonly nodes: Uint32Array;
  /** Of each of these, when it was looked at among the others. */
  readonly ranks: Uint16Array | Uint32Array;
  /** What every shell function depends on. */
  readonly exported: readonly number[];
  /** What no hash depends on. */
  readonly ignored: readonly number[];
  /** Variables that shell functions name and the texts of their values; those that are unset have none. */
  readonly values: ReadonlyMap<number, string | undefined>;
  /** Nodes (by name) that are in doubt, and why. */
  readonly unknown: ReadonlyMap<number, string>;
  /** Whether what is looked at first may decide what others come to: values were filtered or changed meanwhile. */
  readonly orderCounts: boolean;
}

export interface ToldIngredients {
  /** What is told for the first time, in the order of numbers. */
  readonly texts: readonly string[];
  readonly nodes: readonly ToldNode[];
  /** Functions whose own text decided what was evaluated, not hashes alone. */
  readonly evaluated: readonly string[];
  readonly variants: readonly ToldVariant[];
}

/** The side of who evaluates. */
export class TellingIngredients {
  private readonly table = new NameTable();
  /** Name -> value -> nodes. */
  private readonly nodes = new Map<string, Map<string | undefined, KnownNode[]>>();
  private nodeCount = 0;
  /** How many names have been told. */
  private toldNames = 0;
  private fresh: ToldNode[] = [];

  /** @param sorted all names of `generated`, as they are hashed */
  variant(
    mcfn: string,
    generated: GeneratedDependencies,
    sorted: readonly string[],
    ignored: ReadonlySet<string>,
    orderCounts: boolean,
  ): ToldVariant {
    const values = new Map<number, string | undefined>();
    const nodes = new Uint32Array(sorted.length);
    const order = new Map([...generated.dependencies.keys()].map((name, rank) => [name, rank]));
    const ranks = sorted.map((name) => order.get(name)!);
    sorted.forEach((name, at) => {
      const dependency = generated.dependencies.get(name)!;
      nodes[at] = this.node(name, dependency, generated.isKnown(name));
      for (const [reference, value] of dependency.function?.values ?? [])
        values.set(this.table.add(reference), typeof value === 'string' ? value : undefined);
    });
    return {
      mcfn,
      tasks: generated.tasks.map((task) => this.table.add(task)),
      nodes,
      ranks: sorted.length < 0x10000 ? Uint16Array.from(ranks) : Uint32Array.from(ranks),
      exported: this.list(generated.exported),
      ignored: this.list(ignored),
      values,
      unknown: new Map([...generated.unknown].map(([name, reason]) => [this.table.add(name), reason])),
      orderCounts,
    };
  }

  /** Names of which there are variables in some variant. */
  note(names: Iterable<string>): void {
    for (const name of names) this.table.add(name);
  }

  /** Everything since the last call. */
  take(variants: readonly ToldVariant[], evaluated: readonly string[]): ToldIngredients {
    const { fresh: nodes, table } = this;
    const texts = table.names.slice(this.toldNames);
    this.toldNames = table.names.length;
    this.fresh = [];
    return { texts, nodes, evaluated, variants };
  }

  private list(names: Iterable<string>): readonly number[] {
    return Array.from(names, (name) => this.table.add(name));
  }

  private node(name: string, dependency: Dependency, known: boolean): number {
    let byValue = this.nodes.get(name);
    if (!byValue) this.nodes.set(name, (byValue = new Map()));
    let same = byValue.get(dependency.value);
    if (!same) byValue.set(dependency.value, (same = []));
    const node = this.told(name, dependency, known);
    const found = same.find((other) => isSame(other.node, node));
    if (found) return found.number;
    const number = this.nodeCount++;
    same.push({ node, number });
    this.fresh.push(node);
    return number;
  }

  private told(name: string, { names, value, function: code }: Dependency, known: boolean): ToldNode {
    const node = { name: this.table.add(name), names: this.list(names), value, known };
    if (!code) return node;
    const { path, python, text, others, excluded, values } = code;
    return {
      ...node,
      function: {
        path,
        python,
        length: text !== undefined && value?.startsWith(text) === true ? text.length : undefined,
        others: this.list(others),
        excluded: this.list(excluded),
        references: this.list(values.keys()),
      },
    };
  }
}

interface KnownNode {
  readonly node: ToldNode;
  readonly number: number;
}

/** Of two nodes with the same name and value. */
function isSame(a: ToldNode, b: ToldNode): boolean {
  if (a.known !== b.known || !sameList(a.names, b.names)) return false;
  const { function: one } = a;
  const { function: other } = b;
  if (!one || !other) return one === other;
  return (
    one.path === other.path &&
    one.python === other.python &&
    one.length === other.length &&
    sameList(one.others, other.others) &&
    sameList(one.excluded, other.excluded) &&
    sameList(one.references, other.references)
  );
}

function sameList(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((number, at) => number === b[at]);
}
