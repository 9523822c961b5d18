/**
 * What edits of assignments make of the variables that are hashed for a variant, where nobody but who hashes has asked
 * for these variables: their texts, what flags of functions name, and what shell functions have in their texts.
 *
 * Where that cannot be told from what was kept, it says so: nothing is guessed.
 */
import { digestOfName, type NameTable } from '../base/nameTable.ts';
import { expandKnown } from '../datastore/expansion.ts';
import { splitWords } from '../base/words.ts';
import { keyOf } from '../syntax/assignments.ts';
import type { VariableEdit } from '../syntax/fileEdits.ts';
import { CONFIGURED, type EditableVariables } from './ingredients.ts';
import type { KeptVariant } from './keptIngredients.ts';
import type { KeptNode } from './keptNodes.ts';
import { Unmade } from './unmade.ts';
import {
  type AssignmentsOf,
  type Composed,
  type EditedVariable,
  Route,
  startOf,
  textOf,
} from './variableEdits.ts';

export class RewrittenVariables {
  /** Place -> what is there now. */
  readonly nodes = new Map<number, KeptNode>();
  /** What was not hashed before. */
  readonly fresh: KeptNode[] = [];
  /** What is put in place of names in shell functions now, where it is another text. */
  readonly values = new Map<number, string>();
  private readonly editable: ReadonlySet<number>;
  private readonly asked: Uint32Array;
  private readonly open: ReadonlySet<number>;
  /** Whether what is looked at first may decide what others come to. */
  private readonly orderCounts: boolean;
  /** What nothing said anything of before. */
  private readonly added = new Map<number, string>();
  private readonly route: Route;
  private readonly around: EditableVariables['around'];
  private readonly listed: readonly string[];

  /**
   * @param edits those of each variable or flag
   * @param places by number of a name, its place in the variant
   * @throws Unmade
   */
  constructor(
    private readonly variant: KeptVariant,
    edits: readonly (readonly VariableEdit[])[],
    private readonly table: NameTable,
    private readonly places: Int32Array,
    assignmentsOf: AssignmentsOf,
  ) {
    const { edits: told, orderCounts, unknown } = variant;
    if (!told) throw new Unmade('which variables decide more than hashes is not known');
    this.orderCounts = orderCounts || unknown.size > 0;
    this.around = told.around;
    this.listed = told.listed;
    this.route = new Route(told.route, table, assignmentsOf);
    const here = edits.map((each) => each.filter(({ path }) => this.route.has(path)));
    const missing = this.route.missing[0];
    if (missing !== undefined) throw new Unmade(`what ${missing} said is not known`);
    this.editable = new Set(told.editable);
    this.asked = told.asked;
    this.open = new Set(told.open);
    const edited = here.filter((each) => each.length > 0).map((each) => this.edited(each));
    for (const each of edited) if (each.flag === undefined) this.rewriteVariable(each);
    for (const each of edited) if (each.flag !== undefined) this.rewriteFlag(each, each.flag);
  }

  private edited(edits: readonly VariableEdit[]): EditedVariable {
    const edited = this.route.edited(edits);
    if (edited) return edited;
    const { variable, flag } = edits[0]!;
    throw new Unmade(`more than assignments decides ${keyOf(variable, flag)}`);
  }

  private placeOf(number: number): number {
    return this.places[number] ?? -1;
  }

  private nodeAt(at: number): KeptNode {
    return this.nodes.get(at) ?? this.variant.nodes.nodeAt(at);
  }

  private rewriteVariable({ variable, before, after }: EditedVariable): void {
    const number = this.table.find(variable);
    if (number === undefined || !this.editable.has(number)) {
      if (!this.isNew(variable, number)) throw new Unmade(`more than hashes depends on ${variable}`);
      this.added.set(this.table.add(variable), textOf(after, ''));
      return;
    }
    const at = this.placeOf(number);
    const node = at < 0 ? undefined : this.nodeAt(at);
    if (node?.function) throw new Unmade(`${variable} is a function`);
    const [ahead, behind] = this.around.get(number) ?? ['', ''];
    // What is not hashed, nor part of a function, is nothing to anybody.
    if (!node && !this.isInShell(number)) return;
    if (before.whole && !after.whole) throw new Unmade(`what ${variable} was before is not known`);
    if (!node && !before.whole) throw new Unmade(`what ${variable} was before is not known`);
    const start = node ? this.startIn(node, before, ahead, behind, variable) : '';
    const [old, young] = [before, after].map((composed) => ahead + textOf(composed, start) + behind);
    if (old === young) return;
    this.checkReferences(variable, number, old!, young!, node !== undefined);
    if (node) this.nodes.set(at, { ...node, value: young! });
    if (this.isInShell(number)) this.values.set(number, this.expanded(variable, number, old!, young!));
  }

  private startIn(node: KeptNode, before: Composed, ahead: string, behind: string, variable: string): string {
    const value = node.value ?? '';
    const isWhole =
      value.length >= ahead.length + behind.length && value.startsWith(ahead) && value.endsWith(behind);
    const own = isWhole ? value.slice(ahead.length, value.length - behind.length) : undefined;
    const start = own === undefined ? undefined : startOf(before, own);
    if (start === undefined) throw new Unmade(`more than assignments decides ${variable}`);
    return start;
  }

  /** Whether there was nothing of a variable, nor anybody who would have seen it. */
  private isNew(variable: string, number: number | undefined): boolean {
    if (this.table.find(CONFIGURED + variable) !== undefined || this.route.names(variable)) return false;
    if (this.isAsked(variable) || this.listed.some((beginning) => variable.startsWith(beginning)))
      return false;
    return number === undefined || (this.placeOf(number) < 0 && !this.isInShell(number));
  }

  private isAsked(name: string): boolean {
    return this.asked.includes(digestOfName(name));
  }

  private isInShell(number: number): boolean {
    const { nodes } = this.variant;
    for (let at = 0; at < nodes.length; at++) {
      const code = nodes.functionAt(at);
      if (code && !code.python && code.references.includes(number)) return true;
    }
    return false;
  }

  /** What a text names must be the same, and stay what it is when it is expanded. */
  private checkReferences(
    variable: string,
    number: number,
    old: string,
    young: string,
    isHashed: boolean,
  ): void {
    const [from, to] = [old, young].map((text) => referencesOf(text, variable)) as [string[], string[]];
    if (from.join() !== to.join()) throw new Unmade(`${variable} names other variables`);
    if (this.open.has(number) || (from.length > 0 && !isHashed))
      throw new Unmade(`${variable} names what may not be there`);
  }

  /** Its value as shell functions have it. */
  private expanded(variable: string, number: number, old: string, young: string): string {
    const getVar = (name: string): string | undefined => {
      const known = this.table.find(name);
      if (known === undefined || !this.variant.values.has(known))
        throw new Unmade(`the value of ${name} in ${variable} is not known`);
      return this.variant.values.get(known);
    };
    const [was, is] = [old, young].map((text) => expandKnown(text, variable, { getVar })?.value);
    if (typeof was !== 'string' || typeof is !== 'string' || was !== this.variant.values.get(number))
      throw new Unmade(`what ${variable} expands to is not known`);
    return is;
  }

  private rewriteFlag({ variable, before, after }: EditedVariable, flag: string): void {
    const key = keyOf(variable, flag);
    const number = this.table.find(key);
    if (number !== undefined && this.editable.has(number))
      return this.rewriteText(key, number, before, after);
    if (this.isAsked(key)) throw new Unmade(`more than hashes depends on ${key}`);
    if (flag !== 'vardeps' && flag !== 'vardepsexclude')
      throw new Unmade(`what depends on ${key} is not known`);
    const named = this.table.find(variable);
    const at = named === undefined ? -1 : this.placeOf(named);
    if (at < 0) {
      // With a flag there is something of it.
      if (!this.route.names(variable)) throw new Unmade(`whether there is a ${variable} is not known`);
      return;
    }
    const node = this.nodeAt(at);
    if (!node.function) throw new Unmade(`${variable} is no function`);
    const words = this.addedWords(key, before, after);
    this.nodes.set(at, flag === 'vardeps' ? this.withNames(node, words) : this.withoutNames(node, words));
  }

  /** A flag that is hashed by itself. */
  private rewriteText(key: string, number: number, before: Composed, after: Composed): void {
    const at = this.placeOf(number);
    if (at < 0) throw new Unmade(`what depends on ${key} is not known`);
    const node = this.nodeAt(at);
    const start = before.whole && !after.whole ? undefined : startOf(before, node.value ?? '');
    if (start === undefined) throw new Unmade(`more than assignments decides ${key}`);
    const [old, young] = [textOf(before, start), textOf(after, start)];
    if (referencesOf(old, key).length + referencesOf(young, key).length > 0)
      throw new Unmade(`${key} names variables`);
    this.nodes.set(at, { ...node, value: young });
  }

  /** The names that a flag has now besides. */
  private addedWords(key: string, before: Composed, after: Composed): readonly string[] {
    const [old, young] = [before, after].map((composed) => this.wordsOf(key, composed)) as [
      string[],
      string[],
    ];
    if (before.whole !== after.whole || old.some((word) => !young.includes(word)))
      throw new Unmade(`${key} has lost names`);
    return young.filter((word) => !old.includes(word));
  }

  private wordsOf(key: string, { before, behind, whole }: Composed): string[] {
    if ((before + behind).includes('$')) throw new Unmade(`${key} names variables`);
    // What was there before must end where these begin.
    if (!whole && (/\S$/.test(before) || /^\S/.test(behind)))
      throw new Unmade(`${key} is put together of parts`);
    return [...splitWords(before), ...splitWords(behind)];
  }

  /** What a name leads to must be looked at when it was before, where that counts. */
  private checkOrder({ name }: KeptNode, named: number): void {
    if (!this.orderCounts || this.fresh.some((node) => node.name === named)) return;
    const { ranks } = this.variant;
    if (ranks[this.placeOf(named)]! >= ranks[this.placeOf(name)]!)
      throw new Unmade('names are added or taken away where it counts which is looked at first');
  }

  private withNames(node: KeptNode, words: readonly string[]): KeptNode {
    const code = node.function!;
    const left = new Set([...this.variant.ignored, ...code.excluded]);
    const numbers = words.map((word) => this.numberOf(word)).filter((number) => !left.has(number));
    for (const number of numbers) this.checkOrder(node, number);
    const names = [...new Set([...node.names, ...numbers])];
    return { ...node, names, function: { ...code, others: [...new Set([...code.others, ...numbers])] } };
  }

  /** The number of a name that is hashed now, if it was not before. */
  private numberOf(name: string): number {
    const number = this.table.find(name);
    if (number !== undefined && this.placeOf(number) >= 0) return number;
    const text = number === undefined ? undefined : this.added.get(number);
    if (text === undefined) throw new Unmade(`${name} was not looked at for hashes`);
    const names = referencesOf(text, name).map((reference) => {
      const known = this.table.find(reference);
      if (known === undefined || this.placeOf(known) < 0 || this.open.has(known) || !this.isThere(known))
        throw new Unmade(`${reference} was not looked at for hashes`);
      return known;
    });
    if (names.length > 0 && this.orderCounts)
      throw new Unmade(`${name} names variables where it counts which is looked at first`);
    if (!this.fresh.some((node) => node.name === number))
      this.fresh.push({ name: number!, names: [...new Set(names)], value: text, known: true });
    return number!;
  }

  private isThere(number: number): boolean {
    return this.variant.nodes.isKnownAt(this.placeOf(number));
  }

  private withoutNames(node: KeptNode, words: readonly string[]): KeptNode {
    const code = node.function!;
    const left = new Set(words);
    if (words.some((word) => node.value?.includes(`\n${word}{`)))
      throw new Unmade('what is tested is no longer named');
    const numbers = words.flatMap((word) => this.table.find(word) ?? []);
    for (const number of numbers) if (node.names.includes(number)) this.checkOrder(node, number);
    const names = node.names.filter((number) => !left.has(this.table.name(number)));
    return { ...node, names, function: { ...code, excluded: [...new Set([...code.excluded, ...numbers])] } };
  }
}

/** @throws Unmade where the text may come to name others when it is expanded */
function referencesOf(text: string, variable: string): string[] {
  const parts = text.split(/\$\{([\w.+/:~-]+)\}/);
  const literal = parts.filter((_, at) => at % 2 === 0);
  if (literal.some((part, at) => part.includes('$') || (at > 0 && part.startsWith('{'))))
    throw new Unmade(`${variable} may name what is not told by its text`);
  const references = [...new Set(parts.filter((_, at) => at % 2 === 1))];
  if (references.includes(variable)) throw new Unmade(`${variable} names itself`);
  return references;
}
