/**
 * Who set what: the provenance of every value, in order.
 *
 * Follows `bb/data_smart.py: VariableHistory`, reduced to places and operations: the texts themselves are
 * in the files the places name.
 */

/** One operation on a variable or on one of its flags. `line` counts from 1; 0 where there is none. */
export interface HistoryEvent {
  readonly path: string;
  readonly line: number;
  /** `set`, `set?`, `append`, `:append[override]`, `del`, … */
  readonly operation: string;
  readonly flag: string | undefined;
}

/** Where a change comes from, passed along with it. */
export interface ChangeSource {
  readonly path: string;
  readonly line: number;
  readonly operation?: string;
}

export class History {
  private readonly events = new Map<string, HistoryEvent[]>();
  constructor(private readonly parent: History | undefined) {}

  record(
    variable: string,
    source: ChangeSource | undefined,
    operation: string,
    flag: string | undefined,
  ): void {
    if (!source) return;
    const event = { path: source.path, line: source.line, operation: source.operation ?? operation, flag };
    const own = this.events.get(variable);
    if (own) own.push(event);
    else this.events.set(variable, [event]);
  }

  /** Oldest first, those of the datastores this one was copied from included. */
  of(variable: string): readonly HistoryEvent[] {
    const own = this.events.get(variable) ?? [];
    const inherited = this.parent?.of(variable);
    return inherited?.length ? [...inherited, ...own] : own;
  }

  /** What is known of `from` now also belongs to `to`. */
  rename(from: string, to: string): void {
    const events = this.of(from);
    if (events.length) this.events.set(to, [...this.of(to), ...events]);
  }
}
