/**
 * What a variable or a flag comes to: its value with overrides, defaults, appends and prepends, expanded, without what
 * is removed from it, and filtered.
 *
 * Follows `bb/data_smart.py: getVarFlag`. Changes no variable; what it found is kept in the datastore's cache.
 */
import { splitWords } from '../base/words.ts';
import type { CachedExpansion, ExpansionCache } from './cache.ts';
import type { CurrentOverrides } from './currentOverrides.ts';
import type { Datastore } from './datastore.ts';
import { FatalError } from './errors.ts';
import { Expansion, expandWithReferences, isPlain } from './expansion.ts';
import type { VariableFilters } from './filters.ts';
import type { Flags, Level } from './levels.ts';
import { type Forms, type OverrideTable, strongestForm } from './overrideForms.ts';
import { joinTexts, KEYWORDS, pendingOf, withoutWords } from './pending.ts';
import type { Value } from './value.ts';

export const DEFAULT_FLAG = '_defaultval_flag_';

export interface ReadOptions {
  readonly noWeakDefault?: boolean;
  /** As during parsing: neither overrides nor appends apply. */
  readonly parsing?: boolean;
}

/** What assignments made of a variable, and what appends and prepends put around it. */
export interface AssignedText {
  readonly text: string;
  readonly before: string;
  readonly behind: string;
}

/** What the values of a datastore are made of. */
interface ValueParts {
  readonly level: Level;
  readonly forms: OverrideTable;
  readonly overrides: CurrentOverrides;
  readonly filters: VariableFilters;
  readonly cache: ExpansionCache;
}

export class Values {
  constructor(
    private readonly d: Datastore,
    private readonly parts: ValueParts,
  ) {}

  /** @param filtered whether the variable's filter is applied */
  expansion(name: string, flag: string, options: ReadOptions | undefined, filtered: boolean): Expansion {
    this.d.context.frames.read(name, this.parts.cache);
    if (!flag) throw new FatalError(`getVarFlag of ${name} with an empty flag name`);
    const key = flag === '_content' ? name : `${name}[${flag}]`;
    if (flag === '_content') this.d.context.frames.askValue(name);
    else this.d.context.frames.decisive.flag(name, flag);
    const cacheable = !options?.noWeakDefault && !options?.parsing;
    if (cacheable) {
      const cached = this.cachedExpansion(key);
      if (cached) return cached.expansion;
    }
    const plain = this.plainExpansion(name, flag, options);
    if (plain) return plain;
    const frame = this.d.context.frames.enter(this.parts.cache, key);
    try {
      const expansion = this.expandAfresh(name, flag, key, options);
      const filter = flag === '_content' ? this.parts.filters.of(name) : undefined;
      if (filtered && filter) this.applyFilter(filter, expansion);
      if (filter) this.parts.filters.pass(name);
      if (cacheable) {
        const { hashes } = this.d.context.frames.decisive;
        this.parts.cache.store(key, name, expansion, frame, this.parts.overrides.computing, hashes);
      }
      return expansion;
    } finally {
      this.d.context.frames.leave(frame);
    }
  }

  /**
   * The expansion of what nothing else has a part in, as most variables and flags are: it is made as fast as found again.
   * Undefined where something may have.
   */
  private plainExpansion(
    name: string,
    flag: string,
    options: ReadOptions | undefined,
  ): Expansion | undefined {
    const flags = this.parts.level.find(name);
    if (flag === '_content') {
      if (this.parts.filters.of(name) !== undefined) return undefined;
      if (!options?.parsing && (this.parts.forms.has(name) || (flags && hasPending(flags)))) return undefined;
    }
    const value = flags && this.given(flags, flag, options);
    if (!isPlain(value)) return undefined;
    this.d.context.frames.readOccasion(name, flag === '_content' ? undefined : flag, value);
    return new Expansion(name, value, value);
  }

  private cachedExpansion(key: string): CachedExpansion | undefined {
    let cached = this.parts.cache.get(key);
    if (cached?.usesOverrides) {
      if (this.parts.overrides.computing) return undefined;
      this.parts.overrides.need();
      cached = this.parts.cache.get(key);
    }
    if (cached) this.d.context.frames.reuse(cached);
    return cached;
  }

  private expandAfresh(name: string, flag: string, key: string, options: ReadOptions | undefined): Expansion {
    const { value, removes } = this.unexpanded(name, flag, options);
    this.d.context.frames.readOccasion(name, flag === '_content' ? undefined : flag, value);
    const expansion = expandWithReferences(value, key, this.d);
    if (flag === '_content' && !options?.parsing) {
      this.applyRemoves(name, expansion, removes);
    }
    return expansion;
  }

  private applyRemoves(name: string, expansion: Expansion, removes: Set<string>): void {
    if (!expansion.value) return;
    for (const [text, override] of pendingOf(this.parts.level.find(name), ':remove')) {
      if (this.overrideApplies(override)) removes.add(text);
    }
    if (removes.size === 0 || typeof expansion.value !== 'string') return;
    const words = new Map([...removes].map((text) => [text, new Set(splitWords(this.d.expandText(text)))]));
    const { value, used } = withoutWords(expansion.value, words);
    expansion.removes = used;
    expansion.value = value;
  }

  private applyFilter(filter: string, expansion: Expansion): void {
    if (typeof expansion.value !== 'string' || !expansion.value) return;
    expansion.value = this.d.python.applyFilter(expansion.value, filter);
  }

  /** What a flag is set to here, or by default. */
  private given(flags: Flags, flag: string, options: ReadOptions | undefined): Value {
    const value = flags.get(flag);
    if (value !== undefined || flags.has(flag) || options?.noWeakDefault) return value;
    if (flag === '_content' && flags.has('_defaultval')) return flags.get('_defaultval');
    return this.d.traits.flagDefaults ? flags.get(DEFAULT_FLAG + flag) : undefined;
  }

  /** The value with overrides, defaults, appends and prepends applied, and the removes an override brings. */
  unexpanded(
    name: string,
    flag: string,
    options: ReadOptions | undefined,
  ): { value: Value; removes: Set<string> } {
    const flags = this.parts.level.find(name);
    let value: Value;
    let removes = new Set<string>();
    const whole = flag === '_content' && !options?.parsing;
    const forms = whole ? this.parts.forms.get(name) : undefined;
    if (forms) {
      const match = this.activeForm(forms);
      if (match) {
        const expansion = this.expansion(match, '_content', undefined, false);
        value = expansion.unexpanded;
        if (expansion.removes) removes = new Set(expansion.removes);
      }
    }
    if (flags && value === undefined) value = this.given(flags, flag, options);
    if (whole && flags) {
      for (const [text, override] of pendingOf(flags, ':append')) {
        if (this.overrideApplies(override)) value = joinTexts(value ?? '', text);
      }
      for (const [text, override] of pendingOf(flags, ':prepend')) {
        if (this.overrideApplies(override)) value = joinTexts(text, value ?? '');
      }
    }
    return { value, removes };
  }

  /** Undefined where anything else than assignments, appends and prepends has a part in the value before it is expanded. */
  assigned(name: string): AssignedText | undefined {
    const { level, forms, filters } = this.parts;
    const flags = level.find(name);
    const text = flags?.get('_content');
    if (typeof text !== 'string' || filters.of(name) !== undefined) return undefined;
    if (pendingOf(flags, ':remove').length > 0 || this.activeForm(forms.get(name) ?? [])) return undefined;
    const active = (keyword: ':append' | ':prepend') =>
      pendingOf(flags, keyword).flatMap(([text, override]) => (this.overrideApplies(override) ? [text] : []));
    return { text, before: active(':prepend').reverse().join(''), behind: active(':append').join('') };
  }

  private overrideApplies(override: string | undefined): boolean {
    this.parts.overrides.need();
    if (!override) return true;
    this.d.context.frames.readOverrides();
    return override.split(':').every((part) => this.parts.overrides.set.has(part));
  }

  /** The variable whose override counts most, by the order of OVERRIDES. */
  private activeForm(forms: Forms): string | undefined {
    this.parts.overrides.need();
    this.d.context.frames.readOverrides();
    return strongestForm(forms, this.parts.overrides.list ?? [], this.parts.overrides.set);
  }
}

function hasPending(flags: Flags): boolean {
  return KEYWORDS.some((keyword) => flags.has(keyword));
}
