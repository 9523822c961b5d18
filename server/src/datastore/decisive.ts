/**
 * Which variables and flags decide what is evaluated: all that anybody asks for or changes, except for the assignment
 * that sets them and for who hashes them. With other texts of all others the same statements run, and Python does the
 * same.
 *
 * While a variable is hashed, values that are put in place of `${NAME}` are not noted here: that they are put there is
 * known to caches, and who hashes tells of which of them more depends on them than a text (`engine/editable.ts`).
 */
const NOTHING: ReadonlySet<string> = new Set();

export class DecisiveNames {
  private values = new Set<string>();
  /** Flag -> the variables; `''` for all flags of a variable. */
  private flags = new Map<string, Set<string>>();
  private beginnings = new Set<string>();
  private isNoting = false;
  /** Whose value, or flag, is being set by an assignment. */
  private assigned: string | undefined;
  private assignedFlag: string | undefined;
  private isHashing = false;

  /** Starts over. @param isNoting whether anybody wants to know */
  begin(isNoting: boolean): void {
    this.values = new Set();
    this.flags = new Map();
    this.beginnings = new Set();
    this.isNoting = isNoting;
    this.endAssignment();
  }

  get names(): ReadonlySet<string> {
    return this.values;
  }

  /** The variables of which somebody asked for a flag, or changed it. */
  namesWith(flag: string): ReadonlySet<string> {
    return this.flags.get(flag) ?? NOTHING;
  }

  /** How names begin that somebody has listed. */
  get listed(): ReadonlySet<string> {
    return this.beginnings;
  }

  /** The value of a variable, or whether it is set, is asked for or changed. */
  value(variable: string): void {
    if (!this.isNoting || this.isHashing) return;
    if (this.assigned === variable && this.assignedFlag === undefined) return;
    this.values.add(variable);
  }

  /** @param flag `''` for all */
  flag(variable: string, flag: string): void {
    if (!this.isNoting || this.isHashing) return;
    if (this.assigned === variable && this.assignedFlag === flag) return;
    const variables = this.flags.get(flag);
    if (variables) variables.add(variable);
    else this.flags.set(flag, new Set([variable]));
  }

  /** Whether what is asked for now is asked for only to hash it. */
  get hashes(): boolean {
    return this.isHashing;
  }

  everything(variable: string): void {
    this.value(variable);
    this.flag(variable, '');
  }

  /** Somebody lists what there is, and looks at names that begin with a text. */
  list(beginning: string): void {
    if (this.isNoting && !this.isHashing) this.beginnings.add(beginning);
  }

  /** An assignment begins that asks for nothing else than what it sets. */
  beginAssignment(variable: string, flag: string | undefined): void {
    this.assigned = variable;
    this.assignedFlag = flag;
  }

  endAssignment(): void {
    this.assigned = this.assignedFlag = undefined;
  }

  /** What is asked for is asked for only to hash it. */
  whileHashing<T>(ask: () => T): T {
    return this.during(true, ask);
  }

  /** What is asked for on the way decides more than hashes: Python asks, or the overrides are computed. */
  deciding<T>(ask: () => T): T {
    return this.during(false, ask);
  }

  private during<T>(isHashing: boolean, ask: () => T): T {
    const before = this.isHashing;
    this.isHashing = isHashing;
    try {
      return ask();
    } finally {
      this.isHashing = before;
    }
  }
}
