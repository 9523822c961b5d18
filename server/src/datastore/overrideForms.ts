/**
 * Which variables have forms with overrides (`VAR:board`), and which of them counts.
 *
 * Follows `bb/data_smart.py: _setvar_update_overrides, getVarFlag`. Knows names only; values and the current overrides
 * are the datastore's.
 */

/** `[variable with override, override]`, in order of definition. */
export type Forms = readonly (readonly [string, string])[];

/** Variable -> its forms. Shared with the table this was copied from until one of them changes. */
export class OverrideTable {
  private forms: ReadonlyMap<string, Forms>;
  private owned = false;

  /** @param needsLowerStart see `ExpansionTraits.overrideNeedsLowerStart` */
  constructor(
    private readonly needsLowerStart: boolean,
    from?: OverrideTable,
  ) {
    this.forms = from?.forms ?? new Map();
    if (from) from.owned = false;
  }

  get(name: string): Forms | undefined {
    return this.forms.get(name);
  }

  has(name: string): boolean {
    return this.forms.has(name);
  }

  entries(): Iterable<readonly [string, Forms]> {
    return this.forms;
  }

  set(name: string, forms: Forms | undefined): void {
    if (!this.owned) {
      this.forms = new Map(this.forms);
      this.owned = true;
    }
    const own = this.forms as Map<string, Forms>;
    if (forms) own.set(name, forms);
    else own.delete(name);
  }

  /** The variables that have other forms here than in another table, or the same in another order. */
  differences(other: OverrideTable): string[] {
    if (this.forms === other.forms) return [];
    const missing = [...other.forms.keys()].filter((name) => !this.forms.has(name));
    const changed = [...this.forms].filter(([name, forms]) => !sameForms(forms, other.forms.get(name)));
    return [...missing, ...changed.map(([name]) => name)];
  }

  /** Enters `name` as a form of every variable it is one of. @returns those that did not have it */
  add(name: string): string[] {
    const changed: string[] = [];
    for (const [short, override] of this.variablesOf(name)) {
      const forms = this.forms.get(short) ?? [];
      if (forms.some(([form, known]) => form === name && known === override)) continue;
      this.set(short, [...forms, [name, override]]);
      changed.push(short);
    }
    return changed;
  }

  /** Takes `name` away from the variables it is a form of. @returns those that had it */
  remove(name: string): string[] {
    const changed: string[] = [];
    for (const [short, override] of this.variablesOf(name)) {
      const forms = this.forms.get(short) ?? [];
      const index = forms.findIndex(([form, known]) => form === name && known === override);
      if (index < 0) continue;
      this.set(short, forms.toSpliced(index, 1));
      changed.push(short);
    }
    return changed;
  }

  /** `A:b:c` is the form `c` of `A:b` and the form `b:c` of `A`. A name without a colon is taken apart as BitBake does. */
  private *variablesOf(name: string): Generator<readonly [string, string]> {
    let at = name.lastIndexOf(':');
    let short = at < 0 ? name.slice(0, -1) : name.slice(0, at);
    let override = name.slice(at + 1);
    while (override && this.isOverride(override)) {
      yield [short, override];
      if (!short.includes(':')) return;
      at = short.lastIndexOf(':');
      override = name.slice(at + 1);
      short = name.slice(0, at);
      if (short.length === 0) return;
    }
  }

  private isOverride(text: string): boolean {
    if (this.needsLowerStart) return /^[a-z0-9]/.test(text);
    return /\p{Ll}/u.test(text) && !/[\p{Lu}\p{Lt}]/u.test(text);
  }
}

function sameForms(a: Forms, b: Forms | undefined): boolean {
  if (a === b) return true;
  return (
    a.length === b?.length && a.every(([form, override], at) => form === b[at]![0] && override === b[at]![1])
  );
}

/** Whether all parts of an override are among the current ones. */
export function isActive(override: string, current: ReadonlySet<string>): boolean {
  if (current.has(override)) return true;
  return override.includes(':') && override.split(':').every((part) => current.has(part));
}

/** The form whose override counts most, by the order of the current overrides; undefined where none is active. */
export function strongestForm(
  forms: Forms,
  overrides: readonly string[],
  current: ReadonlySet<string>,
): string | undefined {
  const active = new Map<string, string>();
  for (const [form, override] of forms) if (isActive(override, current)) active.set(override, form);
  let match: string | undefined;
  for (let modified = active.size > 0; modified;) {
    modified = false;
    for (const override of overrides) {
      for (const key of [...active.keys()]) {
        if (key.endsWith(`:${override}`)) {
          const form = active.get(key)!;
          active.delete(key);
          active.set(key.replaceAll(`:${override}`, ''), form);
          modified = true;
        } else if (key === override) {
          match = active.get(key);
          active.delete(key);
        }
      }
    }
  }
  return match;
}
