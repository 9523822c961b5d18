/**
 * Basehashes after edits of functions, made of what was kept of the evaluation before (`keptIngredients.ts`) and not
 * of another evaluation.
 *
 * That is possible where the text of the function was looked at for hashes only, and where what it depends on now can
 * be told from what is known. Whoever asks is told where it is not, and never given a guess: first the dependencies
 * of the old text are made in the same way, which must come to those that were found. Pure, but for the analysis of
 * code, which is asked of a port.
 */
import { expandKnown } from '../datastore/expansion.ts';
import type { FunctionEdit } from '../syntax/functionEdits.ts';
import { DependencyGraph } from './dependencyGraph.ts';
import type { KeptNode, KeptVariant } from './keptIngredients.ts';
import type { NameTable } from '../base/nameTable.ts';
import type { TaskSignature } from './signatures.ts';

/** What code names, as `CodeAnalysis` tells it, but undefined where there is no answer. */
export interface EditAnalysis {
  python(text: string): CodeNames | undefined;
  /** Of expanded text. */
  shell(text: string): readonly string[] | undefined;
}

export interface CodeNames {
  readonly references: readonly string[];
  readonly execs: readonly string[];
  readonly contains: ReadonlyMap<string, readonly string[]>;
}

/** Why hashes cannot be made again, for those who look into it. */
export class Unmade extends Error {
  override readonly name = 'Unmade';
}

/** Names in the order in which they are found. */
interface Found {
  readonly references: readonly number[];
  /** Commands and functions that may or may not be variables. */
  readonly execs: readonly string[];
  readonly tests: string;
}

export class Rehash {
  /** By number of a name, its place in the variant at hand. */
  private places = new Int32Array(0);

  constructor(
    private readonly edits: readonly FunctionEdit[],
    private readonly table: NameTable,
    private readonly analysis: EditAnalysis,
  ) {}

  /**
   * The signatures of a variant's tasks with the edits.
   * @param signatures those before, without what they are made of
   * @throws Unmade where the variant must be evaluated
   */
  tasks(variant: KeptVariant, signatures: readonly TaskSignature[]): readonly TaskSignature[] {
    this.place(variant);
    try {
      const nodes = [...variant.nodes];
      const changed = new Set<number>();
      for (const edit of this.edits) {
        const at = this.placeOf(edit.name);
        const node = at === undefined ? undefined : nodes[at]!;
        const now = node && this.renewed(node, at!, edit, variant);
        if (!node || now === node) continue;
        nodes[at!] = now!;
        changed.add(at!);
      }
      return changed.size === 0 ? signatures : this.signed(variant, nodes, changed, signatures);
    } finally {
      for (const { name } of variant.nodes) this.places[name] = -1;
    }
  }

  private place({ nodes }: KeptVariant): void {
    if (this.places.length < this.table.names.length)
      this.places = new Int32Array(this.table.names.length).fill(-1);
    for (const [at, { name }] of nodes.entries()) this.places[name] = at;
  }

  private placeOf(name: string): number | undefined {
    const number = this.table.find(name);
    const at = number === undefined ? -1 : this.places[number]!;
    return at < 0 ? undefined : at;
  }

  /** The function with its other text; the same node where another definition counts. */
  private renewed(node: KeptNode, at: number, edit: FunctionEdit, variant: KeptVariant): KeptNode {
    const { function: code, value } = node;
    const { name } = edit;
    if (!code || code.path === undefined) throw new Unmade(`where ${name} is defined is not known`);
    if (code.path !== edit.path) return node;
    if (value === undefined || code.length === undefined || value.slice(0, code.length) !== edit.before)
      throw new Unmade(`more than its definition decides ${name}`);
    if (variant.unknown.has(node.name)) throw new Unmade(`${name} is in doubt`);
    const before = this.found(edit.before, edit, code.python, variant);
    const after = this.found(edit.after, edit, code.python, variant);
    const known = this.namesOf(before, code, variant, before);
    if (known.size !== node.names.length || !node.names.every((number) => known.has(number)))
      throw new Unmade(`what ${name} depends on is not told by its text`);
    if (before.tests !== after.tests) throw new Unmade(`${name} tests variables for other items`);
    const names = this.namesOf(after, code, variant, before);
    this.checkOrder(known, names, before, after, at, variant);
    return { ...node, names: [...names], value: edit.after + value.slice(code.length) };
  }

  /** What a text names. */
  private found(text: string, { name }: FunctionEdit, python: boolean, variant: KeptVariant): Found {
    if (python) {
      const names = this.analysis.python(text);
      if (!names) throw new Unmade(`${name} cannot be analysed`);
      const references = names.references.map((reference) => this.referenceOf(reference, name));
      const tests = JSON.stringify([...names.contains].sort(([a], [b]) => (a < b ? -1 : 1)));
      return { references, execs: names.execs, tests };
    }
    const getVar = (reference: string): string | undefined => {
      const number = this.referenceOf(reference, name);
      if (!variant.values.has(number)) throw new Unmade(`the value of ${reference} is not known`);
      return variant.values.get(number);
    };
    const expansion = expandKnown(text, name, { getVar });
    if (!expansion) throw new Unmade(`${name} has inline Python`);
    const references = Array.from(expansion.references, (reference) => this.referenceOf(reference, name));
    const execs = this.analysis.shell(expansion.value as string);
    if (!execs) throw new Unmade(`${name} is no shell that can be read`);
    return { references, execs, tests: '' };
  }

  /** A variable that is named. What has no place among what is hashed has never been looked at. */
  private referenceOf(reference: string, name: string): number {
    const number = this.table.find(reference);
    if (number === undefined) throw new Unmade(`${name} names ${reference}, of which nothing is known`);
    return number;
  }

  /** Follows `dependencies.ts: DependencyBuilder`. @param before what the text named whose dependencies are known */
  private namesOf(
    { references, execs }: Found,
    code: NonNullable<KeptNode['function']>,
    { nodes, exported, ignored }: KeptVariant,
    before: Found,
  ): ReadonlySet<number> {
    const names = new Set(references);
    const left = new Set([...ignored, ...code.excluded]);
    const wasAsked = new Set(before.execs);
    for (const candidate of execs) {
      const number = this.table.find(candidate);
      // Of names with a colon the part before it is told.
      const colon = candidate.indexOf(':');
      const isLikeOne = colon >= 0 && this.table.find(candidate.slice(0, colon)) !== undefined;
      if (number === undefined && isLikeOne && !wasAsked.has(candidate))
        throw new Unmade(`whether ${candidate} is a function is not known`);
      if (number === undefined || candidate.startsWith('__') || left.has(number)) continue;
      const at = this.places[number]!;
      if (at >= 0) {
        if (nodes[at]!.known) names.add(number);
      } else if (!wasAsked.has(candidate))
        throw new Unmade(`whether ${candidate} is a function here is not known`);
    }
    if (!code.python) for (const number of exported) names.add(number);
    for (const number of code.others) names.add(number);
    for (const number of left) names.delete(number);
    for (const number of names) {
      if (this.places[number]! < 0)
        throw new Unmade(`${this.table.names[number]} was not looked at for hashes`);
    }
    return names;
  }

  /** Where it counts what is looked at first, all must be looked at in the order of before. */
  private checkOrder(
    known: ReadonlySet<number>,
    names: ReadonlySet<number>,
    before: Found,
    after: Found,
    at: number,
    { orderCounts, ranks, unknown }: KeptVariant,
  ): void {
    if (!orderCounts && unknown.size === 0) return;
    if (before.references.join() !== after.references.join())
      throw new Unmade('variables are named where it counts which is looked at first');
    const different = [...known, ...names].filter((number) => !known.has(number) || !names.has(number));
    if (different.some((number) => ranks[this.places[number]!]! >= ranks[at]!))
      throw new Unmade('functions are called where it counts which is looked at first');
  }

  private signed(
    variant: KeptVariant,
    nodes: readonly KeptNode[],
    changed: ReadonlySet<number>,
    signatures: readonly TaskSignature[],
  ): readonly TaskSignature[] {
    const graph = new DependencyGraph(
      nodes.map(({ name }) => this.table.names[name]!),
      nodes.map(({ value }) => value ?? ''),
      nodes.map(({ names }) => names),
      this.places,
    );
    return signatures.map((signature, index) => {
      const task = this.places[variant.tasks[index]!]!;
      const reached = graph.reachableFrom(task);
      if (!changed.has(task) && !reached.some((at) => changed.has(at))) return signature;
      const doubtful = [task, ...reached].find((at) => variant.unknown.has(nodes[at]!.name));
      const basehash =
        doubtful === undefined
          ? graph.basehash(task, reached)
          : { unknown: variant.unknown.get(nodes[doubtful]!.name)! };
      return { ...signature, basehash };
    });
  }
}
