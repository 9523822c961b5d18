/**
 * Which recipe provides what: of all that provide a name, those to use, best first.
 *
 * Follows `bb/providers.py`. Recipes are numbers of `Recipes`, whose order is that of their virtual file names, in
 * which BitBake sorts providers first.
 */
import { sortedStrings } from '../base/words.ts';
import type { RecipeInfo } from '../metadata/recipeInfo.ts';
import type { Preferences } from './preferences.ts';
import type { RecipeSet } from './recipes.ts';
import { compareVersions } from '../metadata/versions.ts';

/** A PREFERRED_VERSION or REQUIRED_VERSION that no recipe has. */
export interface MissingVersion {
  readonly pn: string;
  readonly wanted: string;
  readonly available: readonly string[];
  readonly required: boolean;
}

export interface Choice {
  /** Best first; empty: none is eligible. */
  readonly eligible: readonly number[];
  /** How many of them a preference names; more than one of a runtime name is a conflict. */
  readonly preferred: number;
}

export class Providers {
  /** Each missing version once. */
  readonly missing = new Map<string, MissingVersion>();
  /** PN -> the answer of `best`, which is asked for again and again. */
  private readonly known = new Map<string, { recipes: string; best: number | undefined | 'none' }>();

  constructor(
    private readonly set: RecipeSet,
    private readonly preferences: Preferences,
  ) {}

  /** The providers of a build-time name (`filterProviders`). */
  ofBuild(name: string, providers: readonly number[]): Choice {
    const eligible = this.eligible(name, providers);
    const wanted = this.preferences.provider(name);
    const at = wanted === undefined ? -1 : eligible.findIndex((recipe) => this.pn(recipe) === wanted);
    if (at >= 0) moveToFront(eligible, eligible[at]!);
    return { eligible, preferred: at >= 0 ? 1 : 0 };
  }

  /** The providers of a runtime name (`filterProvidersRunTime`). */
  ofRuntime(name: string, providers: readonly number[]): Choice {
    let eligible = this.eligible(name, providers);
    const wanted = this.preferences.runtimeProvider(name);
    const at = wanted === undefined ? -1 : eligible.findIndex((recipe) => this.pn(recipe) === wanted);
    if (at >= 0) {
      moveToFront(eligible, eligible[at]!);
      return { eligible, preferred: 1 };
    }
    const byPn = new Map(eligible.map((recipe) => [this.pn(recipe), recipe]));
    const preferred: number[] = [];
    // BitBake takes the first one it finds out of the list that it is walking, and so passes over the next.
    const walked = eligible;
    for (let index = 0; index < walked.length; index++) {
      for (const provided of this.set.provides.get(this.pn(walked[index]!))!) {
        const pn = this.preferences.ownProvider(provided);
        const recipe = pn === undefined ? undefined : byPn.get(pn);
        if (recipe === undefined || preferred.includes(recipe)) continue;
        eligible.splice(eligible.indexOf(recipe), 1);
        eligible = [recipe, ...eligible];
        preferred.push(recipe);
        break;
      }
    }
    return { eligible, preferred: preferred.length };
  }

  private pn(recipe: number): string {
    return this.set.info(recipe).pn;
  }

  /** One recipe of each PN (`_filterProviders`), that of PN `name` first. */
  private eligible(name: string, providers: readonly number[]): number[] {
    const byPn = new Map<string, number[]>();
    for (const recipe of [...providers].sort((a, b) => a - b)) {
      const known = byPn.get(this.pn(recipe));
      if (known) known.push(recipe);
      else byPn.set(this.pn(recipe), [recipe]);
    }
    const pns = sortedStrings(byPn.keys());
    const chosen: number[] = [];
    const latest: number[] = [];
    for (const pn of pns) {
      const best = this.ofVersion(pn, byPn.get(pn)!);
      if (best === 'none') return chosen;
      if (best !== undefined) chosen.push(best);
      else latest.push(this.latest(byPn.get(pn)!));
    }
    const eligible = [...chosen, ...latest];
    if (byPn.has(name)) {
      const own = eligible.find((recipe) => this.pn(recipe) === name);
      if (own !== undefined) moveToFront(eligible, own);
    }
    return eligible;
  }

  /**
   * The recipe with the version that is preferred or required (`findPreferredProvider`); undefined: the latest one
   * is to be taken; `none`: a required version is not there.
   */
  private ofVersion(pn: string, recipes: readonly number[]): number | undefined | 'none' {
    const key = recipes.join(' ');
    const known = this.known.get(pn);
    if (known?.recipes === key) return known.best;
    const best = this.searchVersion(pn, recipes);
    this.known.set(pn, { recipes: key, best });
    return best;
  }

  private searchVersion(pn: string, recipes: readonly number[]): number | undefined | 'none' {
    const requiredText = this.preferences.version('REQUIRED', pn);
    const text = requiredText ?? this.preferences.version('PREFERRED', pn);
    const required = requiredText !== undefined;
    if (!text) return required ? 'none' : undefined;
    const [, epochs, version = ''] = /^((?:\d+:)*)(.*)/.exec(text)!;
    const epoch = /(\d+):$/.exec(epochs ?? '')?.[1];
    const sorted = this.byPriority(recipes).flat();
    const found = sorted.find((recipe) => matchesVersion(this.set.info(recipe), epoch, version));
    if (found !== undefined) return found;
    const available = sorted.map((recipe) => {
      const { pe, pv } = this.set.info(recipe);
      return pe ? `${pe}:${pv}` : pv;
    });
    this.missing.set(pn, { pn, wanted: text, available: sortedStrings(new Set(available)), required });
    return required ? 'none' : undefined;
  }

  /** Highest priority of the layer first; in each, lowest DEFAULT_PREFERENCE first (`sortPriorities`). */
  private byPriority(recipes: readonly number[]): number[][] {
    const groups = new Map<number, number[]>();
    for (const recipe of recipes) {
      const { priority } = this.set.info(recipe);
      const known = groups.get(priority);
      if (known) known.push(recipe);
      else groups.set(priority, [recipe]);
    }
    const preference = (recipe: number) => this.set.info(recipe).defaultPreference;
    return [...groups]
      .sort(([a], [b]) => b - a)
      .map(([, group]) => group.sort((a, b) => preference(a) - preference(b)));
  }

  /** The latest version of the highest priority (`findLatestProvider`). */
  private latest(recipes: readonly number[]): number {
    const [first, ...others] = this.byPriority(recipes)[0]!;
    let latest = first!;
    let preference = this.set.info(latest).defaultPreference;
    for (const recipe of others) {
      const info = this.set.info(recipe);
      const isBetter =
        (info.defaultPreference === preference && compareVersions(this.set.info(latest), info) < 0) ||
        info.defaultPreference > preference;
      if (!isBetter) continue;
      latest = recipe;
      preference = info.defaultPreference;
    }
    return latest;
  }
}

function matchesVersion({ pe, pv }: RecipeInfo, epoch: string | undefined, version: string): boolean {
  if (epoch !== undefined && pe !== epoch) return false;
  return version === pv || (version.endsWith('%') && pv.startsWith(version.slice(0, -1)));
}

function moveToFront(list: number[], item: number): void {
  list.splice(list.indexOf(item), 1);
  list.unshift(item);
}
