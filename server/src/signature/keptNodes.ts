/**
 * Nodes (`ingredients.ts`) by the hundred thousand: in few arrays, which take a fraction of the memory and of the time
 * that an object for each would. Objects are made of those that an edit is about.
 */
import type { PackedNodes } from './packedNodes.ts';
import type { ToldNode } from './ingredients.ts';

/** See `ToldNode`; names are numbers of `NameTable`. */
export type KeptNode = ToldNode;
export type FunctionNode = NonNullable<KeptNode['function']>;

/** What is hashed of the nodes of a variant, by their places in the order of hashing. */
export interface HashedNodes {
  readonly length: number;
  nameAt(at: number): number;
  valueAt(at: number): string | undefined;
  /** Calls `each` with the names that it depends on directly. */
  namesAt(at: number, each: (name: number) => void): void;
}

/** All that is known of them. */
export interface NodeList extends HashedNodes {
  isKnownAt(at: number): boolean;
  functionAt(at: number): FunctionNode | undefined;
  nodeAt(at: number): KeptNode;
}

/** How much larger arrays are made that are too small. */
const GROWTH = 1.3;

/** All nodes that one teller has told, by number from 0. */
export class KeptNodes {
  private count = 0;
  private name = new Uint32Array(0);
  private known = new Uint8Array(0);
  private readonly values: (string | undefined)[] = [];
  /** Where the names of each begin; one more than there are nodes. */
  private starts = new Uint32Array(1);
  private names = new Uint32Array(0);
  private readonly functions = new Map<number, FunctionNode>();

  /**
   * @param numbers of the table, by the teller's numbers
   * @param text gives the string to keep of a value
   */
  add(
    { name, known, value, counts, names, functions }: PackedNodes,
    numbers: readonly number[],
    text: (value: string) => string,
  ): void {
    const { count } = this;
    this.count += value.length;
    this.name = grown(this.name, this.count);
    this.known = grown(this.known, this.count);
    this.starts = grown(this.starts, this.count + 1);
    let end = this.starts[count]!;
    this.names = grown(this.names, end + names.length);
    for (let at = 0; at < names.length; at++) this.names[end + at] = numbers[names[at]!]!;
    this.known.set(known, count);
    for (let at = 0; at < value.length; at++) {
      this.name[count + at] = numbers[name[at]!]!;
      this.starts[count + at + 1] = end += counts[at]!;
      const own = value[at];
      this.values.push(own === undefined ? undefined : text(own));
    }
    for (const [at, told] of functions) this.functions.set(count + at, renumbered(told, numbers));
  }

  get length(): number {
    return this.count;
  }

  nameOf(node: number): number {
    return this.name[node]!;
  }

  isKnown(node: number): boolean {
    return this.known[node] === 1;
  }

  valueOf(node: number): string | undefined {
    return this.values[node];
  }

  functionOf(node: number): FunctionNode | undefined {
    return this.functions.get(node);
  }

  namesOf(node: number, each: (name: number) => void): void {
    const end = this.starts[node + 1]!;
    for (let at = this.starts[node]!; at < end; at++) each(this.names[at]!);
  }

  node(node: number): KeptNode {
    const names = Array.from(this.names.subarray(this.starts[node], this.starts[node + 1]));
    const kept = {
      name: this.name[node]!,
      names,
      value: this.values[node],
      known: this.isKnown(node),
    };
    const code = this.functions.get(node);
    return code ? { ...kept, function: code } : kept;
  }
}

/** Some of the nodes of a teller. */
export class StoredNodes implements NodeList {
  readonly length: number;

  constructor(
    readonly store: KeptNodes,
    readonly numbers: Uint32Array,
  ) {
    this.length = numbers.length;
  }

  nameAt(at: number): number {
    return this.store.nameOf(this.numbers[at]!);
  }

  valueAt(at: number): string | undefined {
    return this.store.valueOf(this.numbers[at]!);
  }

  isKnownAt(at: number): boolean {
    return this.store.isKnown(this.numbers[at]!);
  }

  functionAt(at: number): FunctionNode | undefined {
    return this.store.functionOf(this.numbers[at]!);
  }

  namesAt(at: number, each: (name: number) => void): void {
    this.store.namesOf(this.numbers[at]!, each);
  }

  nodeAt(at: number): KeptNode {
    return this.store.node(this.numbers[at]!);
  }
}

/** Nodes of which some are others now. */
export class EditedNodes implements NodeList {
  private readonly edited = new Map<number, KeptNode>();

  constructor(private readonly nodes: NodeList) {}

  get length(): number {
    return this.nodes.length;
  }

  /** The places at which there is another. */
  get places(): Iterable<number> {
    return this.edited.keys();
  }

  has(at: number): boolean {
    return this.edited.has(at);
  }

  set(at: number, node: KeptNode): void {
    this.edited.set(at, node);
  }

  nameAt(at: number): number {
    return this.nodes.nameAt(at);
  }

  valueAt(at: number): string | undefined {
    const edited = this.edited.get(at);
    return edited ? edited.value : this.nodes.valueAt(at);
  }

  isKnownAt(at: number): boolean {
    return this.edited.get(at)?.known ?? this.nodes.isKnownAt(at);
  }

  functionAt(at: number): FunctionNode | undefined {
    const edited = this.edited.get(at);
    return edited ? edited.function : this.nodes.functionAt(at);
  }

  namesAt(at: number, each: (name: number) => void): void {
    const edited = this.edited.get(at);
    if (!edited) this.nodes.namesAt(at, each);
    else for (const name of edited.names) each(name);
  }

  nodeAt(at: number): KeptNode {
    return this.edited.get(at) ?? this.nodes.nodeAt(at);
  }
}

/** Nodes as objects. */
export class ListedNodes implements HashedNodes {
  readonly length: number;

  constructor(private readonly nodes: readonly KeptNode[]) {
    this.length = nodes.length;
  }

  nameAt(at: number): number {
    return this.nodes[at]!.name;
  }

  valueAt(at: number): string | undefined {
    return this.nodes[at]!.value;
  }

  namesAt(at: number, each: (name: number) => void): void {
    for (const name of this.nodes[at]!.names) each(name);
  }
}

function renumbered(told: FunctionNode, numbers: readonly number[]): FunctionNode {
  const list = (told: readonly number[]) => told.map((number) => numbers[number]!);
  return {
    ...told,
    others: list(told.others),
    excluded: list(told.excluded),
    references: list(told.references),
  };
}

function grown<T extends Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(array: T, length: number): T {
  if (length <= array.length) return array;
  const larger = new (array.constructor as new (length: number) => T)(Math.ceil(length * GROWTH));
  larger.set(array);
  return larger;
}
