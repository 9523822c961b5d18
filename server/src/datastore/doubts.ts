/**
 * Variables whose values are in doubt, and why: while they were found, something was asked for and not given. Knows no
 * datastore; whoever reads one of them asks here.
 */
export class DoubtfulVariables {
  /** Why everything is in doubt, where it is. */
  all: string | undefined;
  /** Those that a variant changed. */
  private readonly own = new Map<string, string>();
  /** Those that the configuration has set. */
  private readonly lasting = new Map<string, string>();
  private lastingAll: string | undefined;

  add(variable: string, reason: string): void {
    this.own.set(variable, reason);
  }

  addLasting(variable: string, reason: string): void {
    this.lasting.set(variable, reason);
    // `X:append` and `X:override` are part of X.
    const colon = variable.indexOf(':');
    if (colon > 0) this.lasting.set(variable.slice(0, colon), reason);
  }

  /** Why a variable is in doubt; undefined where it is not. */
  of(variable: string): string | undefined {
    if (this.own.size === 0 && this.lasting.size === 0) return undefined;
    return this.own.get(variable) ?? this.lasting.get(variable);
  }

  /** Why it is in doubt which variables there are. Those that last are set, whatever their values are. */
  get ofNames(): string | undefined {
    for (const reason of this.own.values()) return reason;
    return undefined;
  }

  /** Nothing more of the configuration is to come. @param besides what is in doubt besides variables */
  settle(besides: string | undefined): void {
    this.lastingAll = this.all ?? besides ?? this.ofNames;
  }

  /** A variant begins: only what lasts is in doubt. */
  forget(): void {
    this.all = this.lastingAll;
    if (this.own.size > 0) this.own.clear();
  }
}
