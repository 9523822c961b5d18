/**
 * Variables that the configuration sets at once to where a repository stands (`METADATA_REVISION := "${@…}"`). Each commit
 * makes them others: what the configuration is made of would be another with it, and all that is kept of recipes void,
 * though hardly any recipe looks at them. So what a repository says counts for those alone that ask for such a variable.
 *
 * That takes that nobody asks while the configuration is read, and that finding the value leaves nothing behind that others
 * could learn it from. Who asks once the repository has moved on needs a configuration that is read anew; for who has
 * asked only to hash them, the values are found anew without that. Knows neither files nor Python.
 */
import type { Value } from '../datastore/value.ts';
import type { KnownRead, Read, ReadLog } from '../inputs/reads.ts';

interface Finding {
  readonly variable: string;
  readonly value: Value;
  readonly find: () => Value;
  readonly reads: ReadonlySet<Read>;
}

/** Where a repository stands. */
export interface RepositoryStand {
  /** Variable -> what a configuration that is read now sets it to. */
  readonly values: ReadonlyMap<string, string>;
  /** What that was found by. */
  readonly reads: readonly KnownRead[];
}

export class RepositoryValues {
  /** In the order in which they were set; one may be, in several multiconfigs. */
  private findings: Finding[] = [];
  private states: readonly KnownRead[] = [];
  private movedOn = false;
  private needed = false;
  private readonly askedFor = new Set<string>();

  constructor(private readonly log: ReadLog) {}

  /** Whether a value was asked for that is another by now. */
  get mustBeFoundAnew(): boolean {
    return this.needed;
  }

  /** Finds the value that a variable is set to at once. */
  setting(variable: string, find: () => Value): Value {
    let value: Value;
    const reads = this.log.setApart(() => (value = find()));
    if (reads.size > 0) this.findings.push({ variable, value, find, reads });
    return value;
  }

  /** A recipe is about to be evaluated. */
  begin(): void {
    this.askedFor.clear();
  }

  /** The variables whose values were asked for since. */
  get asked(): ReadonlySet<string> {
    return this.askedFor;
  }

  /** What a variable was set to; undefined where that is no text, or not the same in all multiconfigs. */
  textOf(variable: string): string | undefined {
    return onlyText(
      this.findings.filter((finding) => finding.variable === variable).map(({ value }) => value),
    );
  }

  /**
   * What a new configuration would set the variables to where the repository stands now.
   * @param leavesNothing as for `settle`
   * @returns undefined where that cannot be told without reading one
   */
  foundAnew(
    leavesNothing: (step: () => void) => boolean,
    states: (reads: readonly Read[]) => readonly KnownRead[],
  ): RepositoryStand | undefined {
    const found = new Map<string, Value[]>();
    const reads = new Set<Read>();
    const { needed } = this;
    this.needed = false;
    const isClean = this.findings.every(({ variable, find }) =>
      leavesNothing(() => {
        for (const read of this.log.setApart(() => add(found, variable, find()))) reads.add(read);
      }),
    );
    // What one of them was made of is an old value of another.
    const isOld = this.needed;
    this.needed = needed;
    if (!isClean || isOld) return undefined;
    const values = new Map<string, string>();
    for (const [variable, all] of found) {
      const text = onlyText(all);
      if (text !== undefined) values.set(variable, text);
    }
    return { values, reads: states([...reads]) };
  }

  /**
   * The value of one of `variables` is asked for. The repository counts as what metadata says, not as what Python was told:
   * who asks again is told the value as it is then.
   */
  ask(variable: string): void {
    this.askedFor.add(variable);
    this.log.again(this.readsOf(variable).map((read) => `x${read.slice(1)}`));
    this.needed ||= this.movedOn;
  }

  /** @param states the present states of answers */
  outdate(paths: readonly string[], states: (reads: readonly Read[]) => readonly KnownRead[]): void {
    if (!this.states.some(([read]) => paths.includes(read.slice(1)))) return;
    const now = new Map(states(this.states.map(([read]) => read)));
    this.movedOn = this.states.some(([read, state]) => now.get(read) !== state);
  }

  get variables(): Set<string> {
    return new Set(this.findings.map(({ variable }) => variable));
  }

  /** What a repository was asked for to find the value of a variable. */
  private readsOf(variable: string): Read[] {
    return this.findings.flatMap((finding) => (finding.variable === variable ? [...finding.reads] : []));
  }

  /**
   * To be called when the configuration has been read.
   * @param wasAsked whether anybody has asked for the value of a variable
   * @param leavesNothing does a step anew, and tells whether it leaves nothing behind
   * @param states the present states of answers
   * @returns what the configuration was made of after all
   */
  settle(
    wasAsked: (variable: string) => boolean,
    leavesNothing: (step: () => void) => boolean,
    states: (reads: readonly Read[]) => readonly KnownRead[],
  ): Set<Read> {
    const isApart = ({ variable, value, find, reads }: Finding): boolean => {
      if (wasAsked(variable)) return false;
      let again: ReadonlySet<Read> | undefined;
      let found: Value;
      // Who does not ask the repository again has kept its answer.
      const isClean = leavesNothing(() => (again = this.log.setApart(() => (found = find()))));
      return (
        isClean && found === value && again !== undefined && [...reads].every((read) => again!.has(read))
      );
    };
    const counted = new Set(
      this.findings.filter((finding) => !isApart(finding)).map(({ variable }) => variable),
    );
    const reads = new Set([...counted].flatMap((variable) => this.readsOf(variable)));
    this.findings = this.findings.filter(({ variable }) => !counted.has(variable));
    this.states = states([...this.variables].flatMap((variable) => this.readsOf(variable)));
    return reads;
  }
}

function onlyText(values: readonly Value[]): string | undefined {
  const [first] = values;
  return typeof first === 'string' && values.every((value) => value === first) ? first : undefined;
}

function add(found: Map<string, Value[]>, variable: string, value: Value): void {
  found.set(variable, [...(found.get(variable) ?? []), value]);
}
