/**
 * Filters of variables (`setVarFilter`), and which filtered variables have been read since the last change.
 *
 * As in BitBake, a filter is applied by `getVar` alone, and whichever of `getVar` and looking for references comes first
 * decides what both give until the next change: what was read has to be forgotten then. Follows
 * `bb/data_smart.py: setVarFilter, getVarFlag`. Knows names and the texts of filters; applies none.
 */
export class VariableFilters {
  private readonly filters: Map<string, string>;
  private readonly passed = new Set<string>();

  constructor(from?: VariableFilters) {
    this.filters = new Map(from?.filters);
  }

  get isEmpty(): boolean {
    return this.filters.size === 0;
  }

  /** The filter of a variable, which is that of all its forms: `RDEPENDS` of `RDEPENDS:zlib-dev`. */
  of(name: string): string | undefined {
    return this.isEmpty ? undefined : this.filters.get(baseOf(name));
  }

  /** @param read the variables whose expansions are known */
  set(name: string, filter: string | undefined, read: Iterable<string>): void {
    if (filter) this.filters.set(name, filter);
    else this.filters.delete(name);
    for (const variable of read) if (baseOf(variable) === name) this.passed.add(variable);
  }

  /** A variable with a filter was read, filtered or not. */
  pass(name: string): void {
    this.passed.add(name);
  }

  /** Those that were read since the last change, or may have been. */
  get read(): ReadonlySet<string> {
    return this.passed;
  }

  /** Something has changed. */
  forgetRead(): void {
    this.passed.clear();
  }

  isLike(other: VariableFilters): boolean {
    const { filters } = this;
    return (
      filters.size === other.filters.size &&
      [...filters].every(([name, filter]) => other.filters.get(name) === filter)
    );
  }
}

function baseOf(name: string): string {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(0, colon);
}
