/**
 * What the hashes of a variant are made of, on its way to who keeps it to make them again after an edit of a function
 * (`rehash.ts`). Variants share most of it: each name, and each name with its text and dependencies, is told once and
 * is a number from then on.
 */
import { keepLast } from '../base/recent.ts';
import type { Dependency, GeneratedDependencies } from './dependencies.ts';
import { NameTable, type ToldNames, ToldTable } from '../base/nameTable.ts';
import { packed, type PackedNodes } from './packedNodes.ts';

/** Before the name of a variable of which a configuration says something, in the table of names. */
export const CONFIGURED = '= ';

/** A name as it is hashed; names of others are numbers, too. */
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

/** Of which variables and flags (`NAME[flag]`) another text changes nothing but hashes; all as numbers of names. */
export interface EditableVariables {
  readonly editable: Uint32Array;
  /** What appends and prepends put around the texts of some of them. */
  readonly around: ReadonlyMap<number, readonly [before: string, behind: string]>;
  /** What somebody asked for that no configuration has, and flags that name dependencies: `digestOfName`. */
  readonly asked: Uint32Array;
  /** How the names begin of variables of which somebody has listed all that there are. */
  readonly listed: readonly string[];
  /** What names something that is not there. */
  readonly open: readonly number[];
  /**
   * The files in the order in which they were read, three numbers for each: that of the path, the place of the one whose
   * statement asked for it, counted from 1 (0: none), and which of its statements that read files that was, from 1.
   */
  readonly route: Uint32Array;
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
  /** Undefined: none may be edited. */
  readonly edits: EditableVariables | undefined;
  /**
   * The variables that somebody asked for where the repository stands, with their texts; undefined where more than
   * hashes depends on one of them.
   */
  readonly stand: ReadonlyMap<number, string> | undefined;
}

export interface ToldIngredients {
  /** What is told for the first time, in the order of numbers. */
  readonly names: ToldNames;
  readonly nodes: PackedNodes;
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

/** The nodes of one name. */
class KnownName {
  /** How long the value is -> nodes: values are long, and most that are as long are the same. */
  private readonly byLength = new Map<number, KnownNode[]>();
  private newest = -1;

  /** Those whose value is as long, which from now on are the last to be forgotten. */
  alike(length: number): KnownNode[] {
    const { byLength } = this;
    let alike = byLength.get(length);
    if (alike && this.newest === length) return alike;
    keepLast(byLength, MOST_ALIKE, length, (alike ??= []));
    this.newest = length;
    return alike;
  }
}

/** The side of who evaluates. */
export class TellingIngredients {
  private readonly table = new NameTable();
  /** What was met in the last variants, and in those before them. */
  private nodes = new Map<string, KnownName>();
  private nodesBefore = new Map<string, KnownName>();
  private variants = 0;
  private nodeCount = 0;
  private readonly toldNames = new ToldTable(this.table);
  private fresh: ToldNode[] = [];

  /** @param sorted all names of `generated`, as they are hashed */
  variant(
    mcfn: string,
    generated: GeneratedDependencies,
    sorted: readonly string[],
    ignored: ReadonlySet<string>,
    orderCounts: boolean,
  ): Omit<ToldVariant, 'edits' | 'stand'> {
    if (++this.variants % GENERATION === 0) {
      this.nodesBefore = this.nodes;
      this.nodes = new Map();
    }
    const { numbers, edges } = generated;
    const inTable = new Uint32Array(numbers.size);
    for (const [name, number] of numbers) inTable[number] = this.table.add(name);
    const order = new Uint32Array(numbers.size);
    let rank = 0;
    for (const name of generated.dependencies.keys()) order[numbers.get(name)!] = rank++;
    const values = new Map<number, string | undefined>();
    const nodes = new Uint32Array(sorted.length);
    const ranks = new Uint32Array(sorted.length);
    sorted.forEach((name, at) => {
      const number = numbers.get(name)!;
      ranks[at] = order[number]!;
      const dependency = generated.dependencies.get(name)!;
      const names = edges[number]!.map((named) => inTable[named]!);
      nodes[at] = this.node(name, dependency, names, generated.isKnown(name));
      for (const [reference, value] of dependency.function?.values ?? [])
        values.set(this.table.add(reference), typeof value === 'string' ? value : undefined);
    });
    return {
      mcfn,
      tasks: generated.tasks.map((task) => this.table.add(task)),
      nodes,
      ranks: sorted.length < 0x10000 ? Uint16Array.from(ranks) : ranks,
      exported: this.list(generated.exported),
      ignored: this.list(ignored),
      values,
      unknown: new Map([...generated.unknown].map(([name, reason]) => [this.table.add(name), reason])),
      orderCounts,
    };
  }

  /** Of a variant of which nothing is hashed. */
  skipped(mcfn: string): Omit<ToldVariant, 'edits' | 'stand'> {
    const values = new Map<number, string>();
    const nodes = new Uint32Array(0);
    const ranks = new Uint16Array(0);
    return {
      mcfn,
      tasks: [],
      nodes,
      ranks,
      exported: [],
      ignored: [],
      values,
      unknown: new Map(),
      orderCounts: false,
    };
  }

  /** The number of a name. */
  readonly numberOf = (name: string): number => this.table.add(name);

  /** Names of which something is said in a configuration. */
  noteConfigured(names: Iterable<string>): void {
    for (const name of names) this.table.add(CONFIGURED + name);
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
    const nodes = packed(this.fresh);
    this.fresh = [];
    return { names: this.toldNames.next(), nodes, evaluated, variants };
  }

  private list(names: Iterable<string>): readonly number[] {
    return Array.from(names, (name) => this.table.add(name));
  }

  /** @param names the numbers of what it depends on */
  private node(name: string, dependency: Dependency, names: readonly number[], known: boolean): number {
    let nodes = this.nodes.get(name);
    if (!nodes) this.nodes.set(name, (nodes = this.nodesBefore.get(name) ?? new KnownName()));
    const alike = nodes.alike(dependency.value?.length ?? -1);
    const found = alike.find((other) => other.node.known === known && this.tells(other, dependency, names));
    if (found) return found.number;
    const number = this.nodeCount++;
    const node = this.told(name, dependency, names, known);
    alike.push({ node, number, text: dependency.function?.text });
    this.fresh.push(node);
    if (alike.length > MOST_ALIKE) alike.shift();
    return number;
  }

  /** Whether a node of the same name says the same. */
  private tells(
    { node, text }: KnownNode,
    { value, function: code }: Dependency,
    names: readonly number[],
  ): boolean {
    if (node.value !== value || node.names.length !== names.length) return false;
    for (let at = 0; at < names.length; at++) if (node.names[at] !== names[at]) return false;
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

  private told(
    name: string,
    { value, function: code }: Dependency,
    names: readonly number[],
    known: boolean,
  ): ToldNode {
    const node = { name: this.table.add(name), names, value, known };
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
