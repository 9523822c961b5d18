/**
 * What the hashes of all variants are made of, as it was told (`ingredients.ts`): names are numbers of one table.
 */
import type { NameTable } from '../base/nameTable.ts';
import type { ToldIngredients, ToldNode, ToldVariant } from './ingredients.ts';

/** See `ToldNode`; names are numbers of `NameTable`. */
export type KeptNode = ToldNode;

/** See `ToldVariant`. */
export interface KeptVariant extends Omit<ToldVariant, 'nodes'> {
  /** In the order in which they are hashed. */
  readonly nodes: readonly KeptNode[];
}

/** What one evaluator process has told. */
export class ReceivedIngredients {
  private readonly numbers: number[] = [];
  private readonly nodes: KeptNode[] = [];

  constructor(private readonly table: NameTable) {}

  receive({ texts, nodes, variants }: ToldIngredients): KeptVariant[] {
    for (const text of texts) this.numbers.push(this.table.add(text));
    for (const node of nodes) this.nodes.push(this.kept(node));
    return variants.map((variant) => ({
      mcfn: variant.mcfn,
      tasks: this.list(variant.tasks),
      nodes: Array.from(variant.nodes, (number) => this.nodes[number]!),
      ranks: variant.ranks,
      exported: this.table.shared(this.list(variant.exported)),
      ignored: this.table.shared(this.list(variant.ignored)),
      values: this.mapped(variant.values),
      unknown: this.mapped(variant.unknown),
      orderCounts: variant.orderCounts,
    }));
  }

  private kept({ function: code, ...node }: ToldNode): KeptNode {
    const kept = { ...node, name: this.numbers[node.name]!, names: this.list(node.names) };
    if (!code) return kept;
    const { others, excluded, references } = code;
    return {
      ...kept,
      function: {
        ...code,
        others: this.list(others),
        excluded: this.list(excluded),
        references: this.list(references),
      },
    };
  }

  private list(numbers: readonly number[]): readonly number[] {
    return numbers.map((number) => this.numbers[number]!);
  }

  private mapped<T>(by: ReadonlyMap<number, T>): ReadonlyMap<number, T> {
    return new Map([...by].map(([number, value]) => [this.numbers[number]!, value]));
  }
}
