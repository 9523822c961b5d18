/**
 * Variables that the configuration sets at once to where a repository stands (`METADATA_REVISION := "${@…}"`). Each commit
 * makes them others: what the configuration is made of would be another with it, and all that is kept of recipes void,
 * though hardly any recipe looks at them. So what a repository says counts for those alone that ask for such a variable.
 *
 * That takes that nobody asks while the configuration is read, and that finding the value leaves nothing behind that others
 * could learn it from. Who asks once the repository has moved on needs a configuration that is read anew. Knows neither
 * files nor Python.
 */
import type { Value } from '../datastore/value.ts';
import type { KnownRead, Read, ReadLog } from '../inputs/reads.ts';

interface Finding {
  readonly variable: string;
  readonly find: () => Value;
  readonly reads: ReadonlySet<Read>;
}

export class RepositoryValues {
  /** In the order in which they were set; one may be, in several multiconfigs. */
  private findings: Finding[] = [];
  private states: readonly KnownRead[] = [];
  private movedOn = false;
  private needed = false;

  constructor(private readonly log: ReadLog) {}

  /** Whether a value was asked for that is another by now. */
  get mustBeFoundAnew(): boolean {
    return this.needed;
  }

  /** Finds the value that a variable is set to at once. */
  setting(variable: string, find: () => Value): Value {
    let value: Value;
    const reads = this.log.setApart(() => (value = find()));
    if (reads.size > 0) this.findings.push({ variable, find, reads });
    return value;
  }

  /**
   * The value of one of `variables` is asked for. The repository counts as what metadata says, not as what Python was told:
   * who asks again is told the value as it is then.
   */
  asked(variable: string): void {
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
    const isApart = ({ variable, find, reads }: Finding): boolean => {
      if (wasAsked(variable)) return false;
      let again: ReadonlySet<Read> | undefined;
      // Who does not ask the repository again has kept its answer.
      const isClean = leavesNothing(() => (again = this.log.setApart(() => void find())));
      return isClean && again !== undefined && [...reads].every((read) => again!.has(read));
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
