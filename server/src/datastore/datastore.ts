/**
 * The datastore: every variable with its flags, its overrides and its pending appends, prepends and removes.
 *
 * Follows `bb/data_smart.py: DataSmart` operation by operation; names and defaults are the same, so that
 * metadata's Python sees what it expects. Where BitBake forgets every cached expansion at each change, this
 * one remembers what each expansion read (`cache.ts`) and forgets only what the change can reach.
 *
 * Knows nothing of files, statements or recipes.
 */
import { ExpansionCache, type ReadFrames } from './cache.ts';
import { CurrentOverrides } from './currentOverrides.ts';
import type { DecisiveNames } from './decisive.ts';
import { FatalError } from './errors.ts';
import { type Expansion, type ExpansionTraits, expandWithReferences } from './expansion.ts';
import { VariableFilters } from './filters.ts';
import { type ChangeSource, History } from './history.ts';
import { Level } from './levels.ts';
import { type Forms, isActive, OverrideTable } from './overrideForms.ts';
import {
  type Keyword,
  KEYWORDS,
  nameOfPending,
  type Pending,
  pendingName,
  type PendingName,
  pendingOf,
} from './pending.ts';
import type { InlinePython } from './python.ts';
import type { Value } from './value.ts';
import { type AssignedText, DEFAULT_FLAG, type ReadOptions, Values } from './values.ts';

/** What all datastores of one evaluation share. */
export interface DatastoreContext {
  readonly traits: ExpansionTraits;
  readonly python: InlinePython;
  /** Whether an error goes through expansions unwrapped: a skipped recipe, an error already reported. */
  passesThrough(error: unknown): boolean;
  report(severity: 'warning' | 'error', message: string, source: ChangeSource | undefined): void;
  /** Old variable names and what to say of them (`bitbake_renamed_vars`, BB_RENAMED_VARIABLES). */
  readonly renamed: Map<string, string>;
  /** Every variable that was ever given an `export` or `unexport` flag (`__exportlist`, shared by all copies). */
  readonly exported: Set<string>;
  readonly frames: ReadFrames;
}

const OLD_STYLE = /_append|_prepend|_remove/;

export class Datastore {
  readonly history: History;
  private readonly level: Level;
  private readonly cache = new ExpansionCache();
  private readonly forms: OverrideTable;
  private readonly overrides: CurrentOverrides;
  private readonly filters: VariableFilters;
  private readonly values: Values;
  private writes = 0;

  constructor(
    readonly context: DatastoreContext,
    from?: Datastore,
  ) {
    this.level = new Level(from?.level);
    this.history = new History(from?.history);
    this.forms = new OverrideTable(context.traits.overrideNeedsLowerStart, from?.forms);
    this.overrides = new CurrentOverrides(this, this.cache, from?.overrides);
    this.filters = new VariableFilters(from?.filters);
    const { level, forms, overrides, filters, cache } = this;
    this.values = new Values(this, { level, forms, overrides, filters, cache });
  }

  get traits(): ExpansionTraits {
    return this.context.traits;
  }
  /** @internal for the overrides */
  decisively<T>(ask: () => T): T {
    return this.decisive.deciding(ask);
  }

  private get decisive(): DecisiveNames {
    return this.context.frames.decisive;
  }
  get python(): InlinePython {
    return this.context.python;
  }
  passesThrough(error: unknown): boolean {
    return this.context.passesThrough(error);
  }

  /** Gives back the memory of what was expanded: for a datastore that is asked little from here on. */
  forgetExpansions(): void {
    this.cache.clear();
  }

  /** What is expanded from here on can be taken over by a later datastore that is like this one. */
  noteChanges(): void {
    this.cache.noteChanges();
  }

  /**
   * Takes over what was expanded in an earlier datastore of the same recipe, of no use afterwards, where it would be the
   * same here as far as variables decide it. Filtered variables are looked at anew: who reads them first counts.
   * @param different the variables that may have other flags, where that is known
   * @returns the variables whose flags or values are or may be others; undefined where all may be
   */
  takeOver(earlier: Datastore, different?: ReadonlySet<string>): ReadonlySet<string> | undefined {
    // Those of the datastore itself are not computed for this alone: that runs Python, which may fail.
    const own = different ? this.currentOverrides() : this.overrides.list;
    const others = earlier.overrides.list;
    if (!own || own.length !== others?.length || own.some((override, at) => override !== others[at]))
      return undefined;
    if (!this.filters.isLike(earlier.filters)) return undefined;
    const changed = new Set(different ?? this.differences(earlier));
    for (const name of [...this.filters.read, ...earlier.filters.read]) changed.add(name);
    // Their texts may be what they were, and certain then.
    for (const name of this.context.frames.occasionalNames()) changed.add(name);
    return this.cache.takeOver(earlier.cache, changed, this.filters.read);
  }

  private differences(earlier: Datastore): Iterable<string> {
    const changed = this.level.differences(earlier.level);
    for (const name of this.forms.differences(earlier.forms)) changed.add(name);
    return changed;
  }

  /** How often something was set, changed or deleted. */
  get writeCount(): number {
    return this.writes;
  }

  /** Whether values of variables are filtered. */
  get isFiltered(): boolean {
    return !this.filters.isEmpty;
  }

  createCopy(): Datastore {
    return new Datastore(this.context, this);
  }

  // Reading

  /** @throws ExpansionError when `expand` and the value cannot be expanded */
  getVar(name: string, expand = true, options?: ReadOptions): Value {
    return this.getVarFlag(name, '_content', expand, options);
  }

  /** The text of a variable that should hold one; a value of another type counts as unset. */
  getText(name: string): string | undefined {
    const value = this.getVar(name);
    return typeof value === 'string' ? value : undefined;
  }

  getVarFlag(name: string, flag: string, expand = true, options?: ReadOptions): Value {
    if (expand) return this.values.expansion(name, flag, options, true).value;
    this.context.frames.read(name, this.cache);
    if (flag === '_content') this.context.frames.askValue(name);
    else this.decisive.flag(name, flag);
    return this.values.unexpanded(name, flag, options).value;
  }

  /** Whether the variable has a value that Python takes for true, whatever it is. */
  hasValue(name: string): boolean {
    this.context.frames.read(name, this.cache);
    this.decisive.value(name);
    return Boolean(this.values.unexpanded(name, '_content', undefined).value);
  }

  /**
   * The expansion of a variable or flag with what it names: `getVarFlag(…, retparser=True)`. As in BitBake, a
   * variable's filter is applied by `getVar` alone, and whichever of the two comes first decides what both
   * give until the next change.
   */
  expansionOf(name: string, flag = '_content'): Expansion {
    return this.values.expansion(name, flag, undefined, false);
  }

  expandWithRefs(text: Value, variable: string | undefined): Expansion {
    return expandWithReferences(text, variable, this);
  }

  expand(text: Value, variable?: string): Value {
    return expandWithReferences(text, variable, this).value;
  }

  expandText(text: string, variable?: string): string {
    return String(expandWithReferences(text, variable, this).value);
  }

  /** All flags but internal ones; those named in `expand` expanded. Undefined where there is none. */
  getVarFlags(
    name: string,
    expand: readonly string[] = [],
    internal = false,
  ): Map<string, Value> | undefined {
    this.decisive.flag(name, '');
    return this.allFlags(name, expand, internal);
  }

  /** The same, only to hash them. */
  flagsForHash(name: string, expand: readonly string[]): Map<string, Value> | undefined {
    return this.allFlags(name, expand, false);
  }

  private allFlags(
    name: string,
    expand: readonly string[],
    internal: boolean,
  ): Map<string, Value> | undefined {
    this.context.frames.read(name, this.cache);
    if (internal) this.context.frames.askValue(name);
    const flags = this.level.find(name);
    if (!flags) return undefined;
    const found = new Map<string, Value>();
    for (const [key, value] of flags) {
      let flag = key;
      if (this.traits.flagDefaults && key.startsWith(DEFAULT_FLAG) && !internal) {
        flag = key.slice(DEFAULT_FLAG.length);
        if (flags.has(flag)) continue;
        found.set(flag, value);
      } else if (!internal && (key.startsWith('_') || key.startsWith(':'))) {
        continue;
      } else {
        found.set(key, value);
      }
      if (expand.includes(flag)) found.set(flag, this.expand(found.get(flag), `${name}[${flag}]`));
    }
    return found.size === 0 ? undefined : found;
  }

  hasOverrides(name: string): boolean {
    this.context.frames.read(name, this.cache);
    this.decisive.value(name);
    return this.forms.has(name);
  }

  /** The variables that have forms with overrides, in the order in which they got the first. */
  namesWithForms(): string[] {
    this.decisive.list('');
    this.context.frames.readNames();
    return Array.from(this.forms.entries(), ([name]) => name);
  }

  /** The forms of a variable with overrides, in order of definition; undefined where it never had any. */
  formsOf(name: string): Forms | undefined {
    this.context.frames.read(name, this.cache);
    this.decisive.value(name);
    return this.forms.get(name);
  }

  /**
   * Every variable that is set, in no particular order; those that exist by an active override only, too.
   * @param beginning only names that begin with it make a difference by being there
   */
  keys(beginning = ''): Set<string> {
    this.decisive.list(beginning);
    return this.keysWithFlags();
  }

  /** The same for who looks at those alone that have some flag. */
  keysWithFlags(): Set<string> {
    this.context.frames.readNames();
    this.overrides.need();
    const names = this.level.names();
    for (const [name, forms] of this.forms.entries()) {
      if (!names.has(name) && forms.some(([, override]) => isActive(override, this.overrides.set)))
        names.add(name);
    }
    return names;
  }

  /** Whether `keys` has the name. */
  isSet(name: string): boolean {
    this.askWhetherSet(name);
    if (this.level.find(name)?.size) return true;
    const forms = this.forms.get(name);
    if (!forms) return false;
    this.overrides.need();
    return forms.some(([, override]) => isActive(override, this.overrides.set));
  }

  /** Whether there is nothing of a variable: no value, no flag, no form with overrides, no filter. */
  hasNothing(name: string): boolean {
    this.context.frames.read(name, this.cache);
    return !this.level.find(name)?.size && !this.forms.has(name) && this.filters.of(name) === undefined;
  }

  // For who wants to know what an edit of an assignment does; none of it is a reading

  /** See `Values.assigned`. */
  assignedText(name: string): AssignedText | undefined {
    return this.values.assigned(name);
  }

  /** What a flag is set to, no default. */
  assignedFlag(name: string, flag: string): Value {
    return this.level.find(name)?.get(flag);
  }

  /** Whether a variable has any of these flags. */
  hasFlags(name: string, flags: readonly string[]): boolean {
    const own = this.level.find(name);
    return own !== undefined && flags.some((flag) => own.get(flag));
  }

  /** Whether anything is taken from what the variable's value expands to. */
  mayRemove(name: string): boolean {
    const removes = (form: string) => pendingOf(this.level.find(form), ':remove').length > 0;
    return removes(name) || (this.forms.get(name) ?? []).some(([form]) => removes(form));
  }

  /** What is expanded from here on is remembered for `hashedWith`. */
  keepHashed(): void {
    this.cache.keepHashed();
  }

  /** The variables and flags (`NAME[flag]`) that were expanded with a variable only to hash them, since `keepHashed`. */
  hashedWith(name: string): ReadonlySet<string> {
    return this.cache.hashedWith(name);
  }

  /** Whether `keys` has the name has a part in what is computed. */
  askWhetherSet(name: string): void {
    this.decisive.value(name);
    this.context.frames.read(name, this.cache);
    this.context.frames.readOverrides();
  }

  /** Those of `keys` that contain `${`, in no particular order. */
  computedNames(): string[] {
    this.overrides.need();
    const names = this.level.computedNames();
    for (const [name] of this.forms.entries()) if (name.includes('${')) names.add(name);
    return [...names].filter((name) => this.isSet(name));
  }

  /**
   * Every name that has or had an entry here, in no particular order and some of them twice; deciding nothing, it is no
   * reading.
   * @param below a datastore that this was copied from, whose names are left out
   */
  mentioned(below?: Datastore): Iterable<string> {
    return this.level.mentioned(below?.level);
  }

  /** Every name of which there is anything, and some of which there was; as `mentioned`. */
  *said(): Iterable<string> {
    yield* this.level.mentioned(undefined);
    for (const [name] of this.forms.entries()) yield name;
  }

  /** The names set in this datastore itself, not in those it was copied from. */
  localKeys(): string[] {
    this.decisive.list('');
    this.context.frames.readNames();
    return [...this.level.variables.keys()];
  }

  /** The current overrides, weakest first. */
  currentOverrides(): readonly string[] {
    this.overrides.need();
    this.context.frames.readOverrides();
    return this.overrides.list ?? [];
  }

  // Overrides

  private addOverrideForms(name: string): void {
    for (const variable of this.forms.add(name)) this.changed(variable);
  }

  private removeOverrideForms(name: string): void {
    for (const variable of this.forms.remove(name)) this.changed(variable);
  }

  // Writing

  /** @throws FatalError for a name in the old override style */
  setVar(name: string, value: Value, source?: ChangeSource, parsing = false): void {
    if (!name.startsWith('__anon_') && OLD_STYLE.test(name)) {
      throw new FatalError(
        `Variable ${name} contains an operation using the old override syntax; write it with ":" instead of "_" ` +
          `(${name.replace(/_(append|prepend|remove)/g, ':$1')})`,
      );
    }
    this.checkRenamed(name.split(':', 1)[0]!, name, source);
    const pending = pendingName(name);
    if (pending) {
      this.addPending(pending, value, source);
      return;
    }
    this.decisive.value(name);
    const flags = this.level.own(name);
    if (!parsing) {
      for (const keyword of KEYWORDS) flags.delete(keyword);
      const forms = this.forms.get(name);
      if (forms) {
        this.overrides.need();
        const active = forms
          .filter(([, override]) => isActive(override, this.overrides.set))
          .map(([form]) => form);
        for (const form of active) this.delVar(form, source);
        this.forms.set(name, undefined);
      }
    }
    if (name.includes(':')) this.addOverrideForms(name);
    flags.set('_content', value);
    this.context.frames.noteWrite(name, undefined, value);
    this.history.record(name, source, 'set', undefined);
    this.changed(name);
    this.overrides.changed(name, value);
  }

  private pending(name: string, keyword: Keyword): Pending {
    return pendingOf(this.level.find(name), keyword);
  }

  private addPending(name: PendingName, value: Value, source: ChangeSource | undefined): void {
    const { base, keyword, override } = name;
    this.decisive.value(nameOfPending(name));
    const entry = [value as string, override] as const;
    this.level.own(base).set(keyword, [...this.pending(base, keyword), entry]);
    this.context.frames.noteWrite(base, undefined, value);
    this.changed(base);
    const operation = override ? `${keyword}[${override}]` : keyword;
    this.history.record(base, source && { ...source, operation }, operation, undefined);
    this.addOverrideForms(base);
    this.overrides.changed(base, value, nameOfPending(name));
  }

  appendVar(name: string, value: Value, source?: ChangeSource): void {
    this.setVar(`${name}:append`, value, source, true);
  }

  prependVar(name: string, value: Value, source?: ChangeSource): void {
    this.setVar(`${name}:prepend`, value, source, true);
  }

  setVarFlag(name: string, flag: string, value: Value, source?: ChangeSource): void {
    if (name === 'BB_RENAMED_VARIABLES') this.context.renamed.set(flag, String(value));
    this.checkRenamed(name, name, source);
    this.history.record(name, source, 'set', flag);
    this.decisive.flag(name, flag);
    this.level.own(name).set(flag, value);
    this.context.frames.noteWrite(name, flag, value);
    this.changed(name);
    if (flag === '_defaultval') {
      if (name.includes(':')) this.addOverrideForms(name);
      this.overrides.changed(name, value);
    }
    if (flag === 'export' || flag === 'unexport') this.context.exported.add(name);
  }

  setVarFlags(name: string, flags: ReadonlyMap<string, Value>, source?: ChangeSource): void {
    this.decisive.flag(name, '');
    const own = this.level.own(name);
    for (const [flag, value] of flags) {
      if (flag === '_content') continue;
      this.history.record(name, source, 'set', flag);
      own.set(flag, value);
    }
    this.changed(name);
  }

  appendVarFlag(name: string, flag: string, value: string, source?: ChangeSource): void {
    this.setVarFlag(name, flag, `${textOrEmpty(this.getVarFlag(name, flag, false))}${value}`, source);
  }

  prependVarFlag(name: string, flag: string, value: string, source?: ChangeSource): void {
    this.setVarFlag(name, flag, `${value}${textOrEmpty(this.getVarFlag(name, flag, false))}`, source);
  }

  delVar(name: string, source?: ChangeSource): void {
    this.history.record(name, source, 'del', undefined);
    this.decisive.everything(name);
    this.level.empty(name);
    if (this.forms.has(name)) this.forms.set(name, undefined);
    if (name.includes(':')) this.removeOverrideForms(name);
    this.changed(name);
  }

  delVarFlag(name: string, flag: string, source?: ChangeSource): void {
    this.decisive.flag(name, flag);
    if (!this.level.find(name)?.size) return;
    const flags = this.level.own(name);
    if (flags.delete(flag)) {
      this.history.record(name, source, 'delFlag', flag);
      if (this.traits.deletesFlagDefaults) flags.delete(DEFAULT_FLAG + flag);
    }
    this.changed(name);
  }

  /** Deletes all flags, the content excepted. */
  delVarFlags(name: string, source?: ChangeSource): void {
    this.decisive.flag(name, '');
    const flags = this.level.own(name);
    this.history.record(name, source, 'delete flags', undefined);
    const content = flags.get('_content');
    const had = flags.has('_content');
    flags.clear();
    if (had) flags.set('_content', content);
    else this.level.variables.delete(name);
    this.changed(name);
  }

  renameVar(from: string, to: string, source?: ChangeSource): void {
    if (from === to) {
      this.context.report('warning', `Calling renameVar with equivalent keys (${from}) is invalid`, source);
      return;
    }
    this.decisive.everything(from);
    this.decisive.everything(to);
    const value = this.getVar(from, false, { parsing: true });
    if (value !== undefined) {
      this.history.rename(from, to);
      this.setVar(to, value, source && { ...source, operation: `rename from ${from}` }, true);
    }
    for (const keyword of KEYWORDS) {
      const moved = this.pending(from, keyword);
      if (moved.length === 0) continue;
      this.setVarFlag(to, keyword, [...this.pending(to, keyword), ...moved]);
    }
    const forms = this.forms.get(from);
    if (forms) {
      this.forms.set(to, []);
      for (const [form, override] of forms) {
        const renamed = form.replaceAll(from, to);
        this.forms.set(to, [...(this.forms.get(to) ?? []), [renamed, override]]);
        this.renameVar(form, renamed, source);
      }
      this.changed(to);
    }
    if (to.includes(':') && value === undefined) this.addOverrideForms(to);
    this.delVar(from, source);
  }

  /** Makes sure that the variable has an entry of its own here, empty if it had none. */
  initVar(name: string): void {
    this.decisive.everything(name);
    this.changed(name);
    if (!this.level.variables.has(name)) this.level.empty(name);
  }

  /** Replaces `${VARIABLE}` in every local value by its unexpanded value. */
  expandVarref(variable: string): void {
    const reference = `\${${variable}}`;
    const value = this.getVar(variable, false);
    if (typeof value !== 'string') return;
    for (const name of this.localKeys()) {
      const text = this.getVar(name, false);
      if (typeof text === 'string' && text.includes(reference)) {
        this.setVar(
          name,
          text.replaceAll(reference, () => value),
        );
      }
    }
  }

  setVarFilter(name: string, filter: string | undefined): void {
    this.decisive.value(name);
    this.filters.set(name, filter, this.cache.keys());
    this.changed(name);
  }

  private changed(name: string): void {
    this.writes++;
    this.context.frames.write(name, this.cache);
    this.cache.forget(name);
    for (const filtered of this.filters.read) this.cache.forget(filtered);
    this.filters.forgetRead();
  }

  private checkRenamed(name: string, full: string, source: ChangeSource | undefined): void {
    const instead = this.context.renamed.get(name);
    if (instead === undefined) return;
    const referenced = full === name ? '' : ` (referenced as ${full})`;
    const text = instead.includes(' ') ? instead : `has been renamed to ${instead}`;
    this.context.report('error', `Variable ${name} ${text}${referenced}`, source);
    this.level.own('_FAILPARSINGERRORHANDLED').set('_content', true);
  }
}

function textOrEmpty(value: Value): string {
  return typeof value === 'string' ? value : '';
}
