/**
 * What the configuration says of providers, versions and targets: the values that the task graph is made with.
 *
 * Plain data in, by name of variable; knows nothing of recipes.
 */
import { splitWords } from '../base/words.ts';
import { matchesAtStart, pythonPattern } from '../metadata/pythonPattern.ts';

/** Which variables to ask the configuration for. */
export const PREFERENCE_VARIABLES = {
  names: ['ASSUME_PROVIDED', 'BB_MULTI_PROVIDER_ALLOWED', 'BB_DEFAULT_TASK'],
  prefixes: ['PREFERRED_', 'REQUIRED_'],
};

export class Preferences {
  /** Task of targets that name none, without `do_`. */
  readonly defaultTask: string;
  readonly multiProviderAllowed: ReadonlySet<string>;
  readonly assumedProvided: readonly string[];
  /** PREFERRED_PROVIDERS: `name:PN` pairs. */
  private readonly listed = new Map<string, string>();
  private readonly assumed = new Set<string>();
  private readonly assumedPatterns: RegExp[] = [];

  /** @param values the variables that are set, by name (`PREFERENCE_VARIABLES`) */
  constructor(private readonly values: Readonly<Record<string, string>>) {
    this.defaultTask = values.BB_DEFAULT_TASK || 'build';
    this.multiProviderAllowed = new Set(splitWords(values.BB_MULTI_PROVIDER_ALLOWED ?? ''));
    this.assumedProvided = splitWords(values.ASSUME_PROVIDED ?? '');
    for (const name of this.assumedProvided) {
      // `bb/taskdata.py: re_match_strings`
      const pattern = name.startsWith('^') || name.endsWith('$') ? pythonPattern(name) : undefined;
      if (pattern) this.assumedPatterns.push(pattern);
      else this.assumed.add(name);
    }
    for (const pair of splitWords(values.PREFERRED_PROVIDERS ?? '')) {
      const [name, provider, ...more] = pair.split(':');
      if (provider !== undefined && more.length === 0) this.listed.set(name!, provider);
    }
  }

  isAssumedProvided(name: string): boolean {
    return this.assumed.has(name) || this.assumedPatterns.some((pattern) => matchesAtStart(pattern, name));
  }

  /** The PN that is to provide `name`: PREFERRED_PROVIDER_name, else what PREFERRED_PROVIDERS lists. */
  provider(name: string): string | undefined {
    return this.values[`PREFERRED_PROVIDER_${name}`] || this.listed.get(name);
  }

  /** PREFERRED_PROVIDER_name alone. */
  ownProvider(name: string): string | undefined {
    return this.values[`PREFERRED_PROVIDER_${name}`];
  }

  runtimeProvider(name: string): string | undefined {
    return this.values[`PREFERRED_RPROVIDER_${name}`] || undefined;
  }

  /** `bb/providers.py: versionVariableMatch`. @param kind REQUIRED_VERSION or PREFERRED_VERSION */
  version(kind: 'REQUIRED' | 'PREFERRED', pn: string): string | undefined {
    const { values } = this;
    return values[`${kind}_VERSION:pn-${pn}`] || values[`${kind}_VERSION_${pn}`] || values[`${kind}_VERSION`];
  }
}
