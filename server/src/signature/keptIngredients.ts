/**
 * What the hashes of all variants are made of, as it was told (`ingredients.ts`): names are numbers of one table.
 */
import { type NameTable, ReceivedNames, ToldTable } from '../base/nameTable.ts';
import type { EditableVariables, ToldIngredients, ToldVariant } from './ingredients.ts';
import { type KeptNode, KeptNodes, StoredNodes } from './keptNodes.ts';
import { packed } from './packedNodes.ts';

/** See `ToldVariant`. */
export interface KeptVariant extends Omit<ToldVariant, 'nodes'> {
  /** In the order in which they are hashed. */
  readonly nodes: StoredNodes;
}

/** Tells again what was received, to a `ReceivedIngredients` of another table. */
export class RetoldIngredients {
  /** By the number that a node has there, one more than the one it is told by; 0: it is still to be told. */
  private readonly numbers = new Map<KeptNodes, Uint32Array>();
  private count = 0;
  private readonly toldNames: ToldTable;

  constructor(table: NameTable) {
    this.toldNames = new ToldTable(table);
  }

  /** @param most of the names that are still to be told; undefined: there are none @returns those alone */
  names(most: number): ToldIngredients | undefined {
    if (this.toldNames.isTold) return undefined;
    return { names: this.toldNames.next(most), nodes: packed([]), evaluated: [], variants: [] };
  }

  tell(variants: Iterable<KeptVariant>, evaluated: Iterable<string>): ToldIngredients {
    const fresh: KeptNode[] = [];
    const told = Array.from(variants, (variant) => ({
      ...variant,
      nodes: this.told(variant.nodes, fresh),
    }));
    return { names: this.toldNames.next(), nodes: packed(fresh), evaluated: [...evaluated], variants: told };
  }

  private told({ store, numbers }: StoredNodes, fresh: KeptNode[]): Uint32Array {
    let known = this.numbers.get(store);
    if (!known) this.numbers.set(store, (known = new Uint32Array(store.length)));
    return numbers.map((number) => {
      if (known[number] === 0) {
        known[number] = ++this.count;
        fresh.push(store.node(number));
      }
      return known[number]! - 1;
    });
  }
}

/** What one evaluator process has told. */
export class ReceivedIngredients {
  private readonly names: ReceivedNames;
  private readonly nodes = new KeptNodes();

  constructor(private readonly table: NameTable) {
    this.names = new ReceivedNames(table);
  }

  private get numbers(): readonly number[] {
    return this.names.numbers;
  }

  isOf(table: NameTable): boolean {
    return this.table === table;
  }

  receive({ names, nodes, variants }: ToldIngredients): KeptVariant[] {
    this.names.receive(names);
    this.nodes.add(nodes, this.numbers, (text) => this.table.text(text));
    // The variants of a recipe have the same of them.
    const asked = new Map<Uint32Array, Uint32Array>();
    return variants.map((variant) => ({
      mcfn: variant.mcfn,
      tasks: this.list(variant.tasks),
      // Views of the message that brought it would keep all of that.
      nodes: new StoredNodes(this.nodes, variant.nodes.slice()),
      ranks: variant.ranks.slice(),
      exported: this.table.shared(this.list(variant.exported)),
      ignored: this.table.shared(this.list(variant.ignored)),
      values: this.mapped(variant.values, (value) => this.text(value)),
      unknown: this.mapped(variant.unknown, (reason) => reason),
      orderCounts: variant.orderCounts,
      edits: variant.edits && this.edits(variant.edits, asked),
      stand: variant.stand && this.mapped(variant.stand, (text) => this.table.text(text)),
    }));
  }

  private edits(
    { editable, around, asked, listed, open, route }: EditableVariables,
    known: Map<Uint32Array, Uint32Array>,
  ): EditableVariables {
    const numbered = (numbers: Uint32Array) => numbers.map((number) => this.numbers[number]!);
    // A view of the message that brought it would keep all of that.
    const shared = known.get(asked) ?? asked.slice();
    known.set(asked, shared);
    return {
      editable: numbered(editable),
      around: this.mapped(around, ([before, behind]) => [this.table.text(before), this.table.text(behind)]),
      asked: shared,
      listed: listed.map((beginning) => this.table.text(beginning)),
      open: this.list(open),
      route: route.map((number, at) => (at % 3 === 0 ? this.numbers[number]! : number)),
    };
  }

  private list(numbers: readonly number[]): readonly number[] {
    return numbers.map((number) => this.numbers[number]!);
  }

  private text(text: string | undefined): string | undefined {
    return text === undefined ? undefined : this.table.text(text);
  }

  private mapped<T>(by: ReadonlyMap<number, T>, of: (value: T) => T): ReadonlyMap<number, T> {
    return new Map([...by].map(([number, value]) => [this.numbers[number]!, of(value)]));
  }
}
