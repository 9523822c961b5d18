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

/**
 * Of how many lengths of values of a name, and of how many nodes of one length, it is known that they were told, and for
 * how many variants at least. What many recipes share is met again soon; what only one has would fill the memory.
 */
const MOST_ALIKE = 8;
const GENERATION = 64;

interface KnownNode {
  readonly node: ToldNode;
  readonly number: number;
  /** Of a function, `FunctionText.text`. */
  readonly text: string | undefined;
}

/** Name -> how long the value is -> nodes: values are long, and most that are as long are the same. */
type KnownNodes = Map<string, Map<number, KnownNode[]>>;

/** The side of who evaluates. */
export class TellingIngredients {
  private readonly table = new NameTable();
  /** What was met in the last variants, and in those before them. */
  private nodes: KnownNodes = new Map();
  private nodesBefore: KnownNodes = new Map();
  private variants = 0;
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
    if (++this.variants % GENERATION === 0) {
      this.nodesBefore = this.nodes;
      this.nodes = new Map();
    }
    const values = new Map<number, string | undefined>();
    const nodes = new Uint32Array(sorted.length);
    const order = new Uint32Array(sorted.length);
    let rank = 0;
    for (const name of generated.dependencies.keys()) order[generated.numbers.get(name)!] = rank++;
    const ranks = sorted.map((name) => order[generated.numbers.get(name)!]!);
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

  /** Names of which there may be variables in some variant. Code hardly calls what has a colon in its name. */
  note(names: Iterable<string>): void {
    for (const name of names) {
      const colon = name.indexOf(':');
      this.table.add(colon < 0 ? name : name.slice(0, colon));
    }
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
    let byLength = this.nodes.get(name);
    if (!byLength) this.nodes.set(name, (byLength = this.nodesBefore.get(name) ?? new Map()));
    const length = dependency.value?.length ?? -1;
    const alike = byLength.get(length) ?? [];
    const found = alike.find((other) => other.node.known === known && this.tells(other, dependency));
    if (found && byLength.size === 1) return found.number;
    // The one that was met last goes last.
    byLength.delete(length);
    byLength.set(length, alike);
    if (found) return found.number;
    const number = this.nodeCount++;
    const node = this.told(name, dependency, known);
    alike.push({ node, number, text: dependency.function?.text });
    this.fresh.push(node);
    if (alike.length > MOST_ALIKE) alike.shift();
    const [oldest] = byLength.keys();
    if (byLength.size > MOST_ALIKE) byLength.delete(oldest!);
    return number;
  }

  /** Whether a node of the same name says the same. */
  private tells({ node, text }: KnownNode, { names, value, function: code }: Dependency): boolean {
    if (node.value !== value || !this.isList(node.names, names)) return false;
    const { function: told } = node;
    if (!told || !code) return !told && !code;
    return (
      told.path === code.path &&
      told.python === code.python &&
      text === code.text &&
      this.isList(told.others, code.others) &&
      this.isList(told.excluded, code.excluded) &&
      this.isList(told.references, code.values)
    );
  }

  /** Whether numbers are those of names, in their order. */
  private isList(
    numbers: readonly number[],
    names: ReadonlySet<string> | ReadonlyMap<string, unknown>,
  ): boolean {
    if (numbers.length !== names.size) return false;
    let at = 0;
    for (const name of names.keys()) if (numbers[at++] !== this.table.find(name)) return false;
    return true;
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
