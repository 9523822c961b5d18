/**
 * Basehashes after edits of functions and of assignments, and where the repository stands elsewhere, made of what was
 * kept of the evaluation before (`keptIngredients.ts`) and not of another evaluation.
 *
 * That is possible where the text of the function was looked at for hashes only, and where what it depends on now can
 * be told from what is known. Whoever asks is told where it is not, and never given a guess: first the dependencies
 * of the old text are made in the same way, which must come to those that were found. Pure, but for the analysis of
 * code, which is asked of a port.
 */
import type { NameTable } from '../base/nameTable.ts';
import { sortedStrings } from '../base/words.ts';
import { expandKnown } from '../datastore/expansion.ts';
import type { FileEdits, FunctionEdit, VariableEdit } from '../syntax/fileEdits.ts';
import { DependencyGraph } from './dependencyGraph.ts';
import type { KeptVariant } from './keptIngredients.ts';
import {
  EditedNodes,
  type FunctionNode,
  type HashedNodes,
  type KeptNode,
  ListedNodes,
  type NodeList,
} from './keptNodes.ts';
import { RewrittenVariables } from './rewrittenVariables.ts';
import type { TaskSignature } from './signatures.ts';
import { Unmade } from './unmade.ts';
import type { AssignmentsOf } from './variableEdits.ts';

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

/** Names in the order in which they are found. */
interface Found {
  readonly references: readonly number[];
  /** Commands and functions that may or may not be variables. */
  readonly execs: readonly string[];
  readonly tests: string;
}

/** A function whose text, or what is put in it, is another now. */
interface Rewriting {
  readonly name: string;
  readonly python: boolean;
  readonly before: string;
  readonly after: string;
}

/** By number of a name, its place in the variant at hand; as long as the table is, and shared by all. */
export class Places {
  private places = new Int32Array(0);

  /** Nothing has a place. */
  for(table: NameTable): Int32Array {
    if (this.places.length < table.size) this.places = new Int32Array(table.size * 2).fill(-1);
    return this.places;
  }
}

const NO_VALUES: ReadonlyMap<number, string> = new Map();
/** Variables that say where the repository stands, with their texts. */
export type Stand = ReadonlyMap<string, string>;

export class Rehash {
  private places: Int32Array = new Int32Array(0);

  /** @param stand that of now, where it may be another than when variants were evaluated */
  constructor(
    private readonly edits: FileEdits,
    private readonly stand: Stand | undefined,
    private readonly table: NameTable,
    private readonly analysis: EditAnalysis,
    private readonly shared: Places,
  ) {}

  /** Whether every file in which variables are edited was read for one of the variants, and any asked for the repository. */
  reaches(variants: readonly KeptVariant[]): boolean {
    if (this.stand && variants.length === 0) return false;
    const paths = new Set(
      variants.flatMap(({ edits }) => [...(edits?.route ?? [])].filter((_, at) => at % 3 === 0)),
    );
    return this.edits.variables.every(({ path }) => {
      const number = this.table.find(path);
      return number !== undefined && paths.has(number);
    });
  }

  /**
   * The signatures of a variant's tasks with the edits.
   * @param signatures those before, without what they are made of
   * @param assignmentsOf of a file as it was when the variant was evaluated
   * @throws Unmade where the variant must be evaluated
   */
  tasks(
    variant: KeptVariant,
    signatures: readonly TaskSignature[],
    assignmentsOf: AssignmentsOf,
  ): readonly TaskSignature[] {
    const placed: number[] = [];
    const place = (nodes: HashedNodes): void => {
      this.places = this.shared.for(this.table);
      for (let at = 0; at < nodes.length; at++) {
        const name = nodes.nameAt(at);
        this.places[name] = at;
        placed.push(name);
      }
    };
    place(variant.nodes);
    try {
      const edited = new EditedNodes(variant.nodes);
      const variables = this.rewritten(variant, assignmentsOf);
      for (const [at, node] of variables?.nodes ?? []) edited.set(at, node);
      const values = new Map(variables?.values);
      this.restate(variant, edited, values);
      this.rewriteFunctions(variant, edited, values);
      const changed = [...edited.places];
      if (changed.length === 0) return signatures;
      const fresh = variables?.fresh ?? [];
      if (fresh.length === 0) return this.signed(variant, edited, new Set(changed), signatures);
      const nodes = this.mixed(edited, fresh);
      place(nodes);
      const moved = new Set(changed.map((at) => this.places[edited.nameAt(at)]!));
      return this.signed(variant, nodes, moved, signatures);
    } finally {
      for (const name of placed) this.places[name] = -1;
    }
  }

  private rewritten(variant: KeptVariant, assignmentsOf: AssignmentsOf): RewrittenVariables | undefined {
    const { variables } = this.edits;
    if (variables.length === 0) return undefined;
    const byKey = new Map<string, VariableEdit[]>();
    for (const edit of variables) {
      const key = JSON.stringify([edit.variable, edit.flag]);
      byKey.set(key, [...(byKey.get(key) ?? []), edit]);
    }
    return new RewrittenVariables(variant, [...byKey.values()], this.table, this.places, assignmentsOf);
  }

  /** Puts in place what variables say of where the repository stands now. @param values as for `rewriteFunctions` */
  private restate(variant: KeptVariant, nodes: EditedNodes, values: Map<number, string>): void {
    if (!this.stand) return;
    if (!variant.stand) throw new Unmade('more than hashes depends on where the repository stands');
    for (const [number, before] of variant.stand) {
      const name = this.table.name(number);
      const after = this.stand.get(name);
      if (after === undefined || after.includes('$')) throw new Unmade(`what ${name} is now is not known`);
      if (after === before) continue;
      const at = this.places[number] ?? -1;
      if (at >= 0) {
        const node = nodes.nodeAt(at);
        if (node.function || node.value !== before || nodes.has(at) || values.has(number))
          throw new Unmade(`more than the repository decides ${name}`);
        nodes.set(at, { ...node, value: after });
      }
      // Code may have been analysed with a value that is always the same.
      if (variant.values.get(number) === before) values.set(number, after);
    }
  }

  private mixed(nodes: NodeList, fresh: readonly KeptNode[]): HashedNodes {
    const all = [...Array.from({ length: nodes.length }, (_, at) => nodes.nodeAt(at)), ...fresh];
    const byName = new Map(all.map((node) => [this.table.name(node.name), node]));
    return new ListedNodes(sortedStrings(byName.keys()).map((name) => byName.get(name)!));
  }

  /** @param values texts that are put in place of variables now */
  private rewriteFunctions(
    variant: KeptVariant,
    nodes: EditedNodes,
    values: ReadonlyMap<number, string>,
  ): void {
    const rewritings = new Map<number, Rewriting>();
    for (const edit of this.edits.functions) {
      const at = this.placeOf(edit.name);
      if (at !== undefined && isDefinition(nodes.functionAt(at), nodes.valueAt(at), edit))
        rewritings.set(at, edit);
    }
    for (let at = 0; values.size > 0 && at < nodes.length; at++) {
      const code = nodes.functionAt(at);
      if (!code || code.python || rewritings.has(at)) continue;
      if (!code.references.some((reference) => values.has(reference))) continue;
      const name = this.table.name(nodes.nameAt(at));
      if (code.length === undefined) throw new Unmade(`more than its definition decides ${name}`);
      const text = nodes.valueAt(at)!.slice(0, code.length);
      rewritings.set(at, { name, python: false, before: text, after: text });
    }
    for (const [at, rewriting] of rewritings)
      nodes.set(at, this.renewed(nodes.nodeAt(at), at, rewriting, variant, values));
  }

  private placeOf(name: string): number | undefined {
    const number = this.table.find(name);
    const at = number === undefined ? -1 : this.places[number]!;
    return at < 0 ? undefined : at;
  }

  /** The function with its other text, or with other values in it. */
  private renewed(
    node: KeptNode,
    at: number,
    edit: Rewriting,
    variant: KeptVariant,
    values: ReadonlyMap<number, string>,
  ): KeptNode {
    const code = node.function!;
    const { name } = edit;
    if (variant.unknown.has(node.name)) throw new Unmade(`${name} is in doubt`);
    const before = this.found(edit.before, edit, code.python, variant, NO_VALUES);
    const after = this.found(edit.after, edit, code.python, variant, values);
    const known = this.namesOf(before, code, variant, before);
    if (known.size !== node.names.length || !node.names.every((number) => known.has(number)))
      throw new Unmade(`what ${name} depends on is not told by its text`);
    if (before.tests !== after.tests) throw new Unmade(`${name} tests variables for other items`);
    const names = this.namesOf(after, code, variant, before);
    this.checkOrder(known, names, before, after, at, variant);
    return { ...node, names: [...names], value: edit.after + node.value!.slice(code.length) };
  }

  /** What a text names. */
  private found(
    text: string,
    { name }: Rewriting,
    python: boolean,
    variant: KeptVariant,
    values: ReadonlyMap<number, string>,
  ): Found {
    if (python) {
      const names = this.analysis.python(text);
      if (!names) throw new Unmade(`${name} cannot be analysed`);
      const references = names.references.map((reference) => this.referenceOf(reference, name));
      const tests = JSON.stringify([...names.contains].sort(([a], [b]) => (a < b ? -1 : 1)));
      return { references, execs: names.execs, tests };
    }
    const getVar = (reference: string): string | undefined => {
      const number = this.referenceOf(reference, name);
      if (values.has(number)) return values.get(number);
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
        if (nodes.isKnownAt(at)) names.add(number);
      } else if (!wasAsked.has(candidate))
        throw new Unmade(`whether ${candidate} is a function here is not known`);
    }
    if (!code.python) for (const number of exported) names.add(number);
    for (const number of code.others) names.add(number);
    for (const number of left) names.delete(number);
    for (const number of names) {
      if (this.places[number]! < 0)
        throw new Unmade(`${this.table.name(number)} was not looked at for hashes`);
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
    nodes: HashedNodes,
    changed: ReadonlySet<number>,
    signatures: readonly TaskSignature[],
  ): readonly TaskSignature[] {
    const hashed = {
      length: nodes.length,
      nameAt: (at: number) => this.table.name(nodes.nameAt(at)),
      textAt: (at: number) => nodes.valueAt(at) ?? '',
      namesAt: (at: number, each: (name: number) => void) => nodes.namesAt(at, each),
    };
    const graph = new DependencyGraph(hashed, this.places);
    return signatures.map((signature, index) => {
      const task = this.places[variant.tasks[index]!]!;
      const reached = graph.reachableFrom(task);
      if (!changed.has(task) && !reached.some((at) => changed.has(at))) return signature;
      const doubtful = [task, ...reached].find((at) => variant.unknown.has(nodes.nameAt(at)));
      const basehash =
        doubtful === undefined
          ? graph.basehash(task, reached)
          : { unknown: variant.unknown.get(nodes.nameAt(doubtful))! };
      return { ...signature, basehash };
    });
  }
}

/** Whether it is the function that was edited, not another of its name. */
function isDefinition(
  code: FunctionNode | undefined,
  value: string | undefined,
  { name, path, before }: FunctionEdit,
): boolean {
  if (!code || code.path === undefined) throw new Unmade(`where ${name} is defined is not known`);
  if (code.path !== path) return false;
  if (value === undefined || code.length === undefined || value.slice(0, code.length) !== before)
    throw new Unmade(`more than its definition decides ${name}`);
  return true;
}
