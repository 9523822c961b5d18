/**
 * From the names that targets and recipes ask for to the recipes that provide them, until nothing new is asked for.
 *
 * Follows `bb/taskdata.py: TaskData`, one for each multiconfig. Works with numbers of recipes and of names; what
 * cannot be provided takes out the recipes that need it, as in BitBake.
 */
import type { Steps } from '../base/turns.ts';
import { splitWords } from '../base/words.ts';
import type { RecipeInfo } from '../metadata/recipeInfo.ts';
import { closeMatches } from './closeMatches.ts';
import type { Preferences } from './preferences.ts';
import { Providers } from './providers.ts';
import type { RecipeSet } from './recipes.ts';
import type { Reports } from './reports.ts';

/** A task of another recipe that a task needs: the name it is asked for by, and the task's. */
export interface NeededTask {
  readonly name: number;
  readonly task: string;
}

/** What a recipe asks for. Names are numbers of `TaskData.build` and `TaskData.runtime`. */
export interface Wants {
  readonly depends: readonly number[];
  readonly rdepends: readonly number[];
  /** Task -> its `[depends]` and `[rdepends]`. */
  readonly idepends: ReadonlyMap<string, readonly NeededTask[]>;
  readonly irdepends: ReadonlyMap<string, readonly NeededTask[]>;
}

/** Names asked for, of one kind, and who provides them. */
export class Names {
  readonly texts: string[] = [];
  /** Name -> recipes, the one to use first; empty: none yet. */
  readonly providers: number[][] = [];
  /** The same with those that have failed since. */
  readonly chosen: number[][] = [];
  readonly failed = new Set<number>();
  /** Names that no recipe has to provide. */
  readonly assumed: boolean[] = [];
  private readonly numbers = new Map<string, number>();

  constructor(private readonly isAssumed: (name: string) => boolean) {}

  /** The same, to be asked for more. */
  copy(): Names {
    const copy = new Names(this.isAssumed);
    for (const [number, text] of this.texts.entries()) {
      copy.texts.push(text);
      copy.numbers.set(text, number);
      copy.providers.push([...this.providers[number]!]);
      copy.chosen.push([...this.chosen[number]!]);
      copy.assumed.push(this.assumed[number]!);
    }
    for (const name of this.failed) copy.failed.add(name);
    return copy;
  }

  number(text: string): number {
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.texts.length;
      this.numbers.set(text, number);
      this.texts.push(text);
      this.providers.push([]);
      this.chosen.push([]);
      this.assumed.push(this.isAssumed(text));
    }
    return number;
  }

  find(text: string): number | undefined {
    return this.numbers.get(text);
  }

  choose(name: number, recipe: number): void {
    if (this.providers[name]!.includes(recipe)) return;
    this.providers[name]!.push(recipe);
    this.chosen[name]!.push(recipe);
  }

  /** The recipe that provides a name; undefined where none does, or none has to. */
  provider(name: number): number | undefined {
    return this.providers[name]![0];
  }

  /** @param from the first name to be looked at */
  unresolved(from: number): number[] {
    const found: number[] = [];
    for (let name = from; name < this.texts.length; name++) {
      if (this.providers[name]!.length === 0 && !this.assumed[name] && !this.failed.has(name))
        found.push(name);
    }
    return found;
  }
}

export interface TaskDataOptions {
  /** Build-time names without provider do not take out the recipes that need them: `bitbake -g`. */
  readonly allowIncomplete: boolean;
  /** Virtual file name -> DEPENDS with what `calculate_extra_depends` adds. */
  readonly extraDepends: ReadonlyMap<string, readonly string[]>;
}

export class TaskData {
  readonly build: Names;
  readonly runtime: Names;
  /** Recipes in the order in which they were added -> what they ask for. */
  readonly wants: Map<number, Wants>;
  readonly failed: Set<number>;
  readonly mcdepends: Set<string>;
  private readonly providers: Providers;
  private readonly targets: Set<number>;

  constructor(
    readonly recipes: RecipeSet,
    readonly preferences: Preferences,
    private readonly options: TaskDataOptions,
    private readonly reports: Reports,
    known?: TaskData,
  ) {
    const isAssumed = (name: string) => preferences.isAssumedProvided(name);
    this.build = known?.build.copy() ?? new Names(isAssumed);
    this.runtime = known?.runtime.copy() ?? new Names(isAssumed);
    this.providers = new Providers(recipes, preferences);
    this.wants = new Map(known?.wants);
    this.failed = new Set(known?.failed);
    this.mcdepends = new Set(known?.mcdepends);
    this.targets = new Set(known?.targets);
  }

  /** A target asked for (`add_provider`). @returns the recipe to use for it, where there is one */
  addTarget(name: string): number | undefined {
    if (this.preferences.isAssumedProvided(name)) return undefined;
    const number = this.build.number(name);
    if (!this.addProviders(number, true)) this.removeBuild(number);
    this.targets.add(number);
    return this.build.provider(number);
  }

  /**
   * The same after some recipes ask for other names.
   * @param recipes with these recipes, whose `[mcdepends]` are as before
   * @param changed those
   * @returns undefined where others take part then, or others fail: all would have to be asked again
   */
  *remade(recipes: RecipeSet, changed: readonly number[], reports: Reports): Steps<TaskData | undefined> {
    const own = changed.filter((recipe) => this.wants.has(recipe));
    if (own.some((recipe) => this.failed.has(recipe))) return undefined;
    const data = new TaskData(recipes, this.preferences, this.options, reports, this);
    yield;
    const known = { build: this.build.texts.length, runtime: this.runtime.texts.length };
    for (const recipe of own) {
      const before = this.wants.get(recipe)!;
      data.ask(recipe);
      // What nothing provides is told with all that ask for it.
      if (asksInVain(before, data, known) || asksInVain(data.wants.get(recipe)!, data, known))
        return undefined;
    }
    yield* data.resolve(known);
    const isSame =
      data.wants.size === this.wants.size &&
      data.failed.size === this.failed.size &&
      data.build.failed.size === this.build.failed.size &&
      data.runtime.failed.size === this.runtime.failed.size;
    return isSame && data.isAllAsked() ? data : undefined;
  }

  /** Whether all names and recipes are there because of what targets need, now that recipes ask for other names. */
  private isAllAsked(): boolean {
    const asked = new Set<number>();
    const seen = [new Set(this.targets), new Set<number>()] as const;
    const waiting: number[] = [];
    const take = (names: Names, name: number): void => {
      for (const recipe of names.chosen[name]!) {
        if (asked.has(recipe)) continue;
        asked.add(recipe);
        waiting.push(recipe);
      }
    };
    for (const name of this.targets) take(this.build, name);
    for (let recipe = waiting.pop(); recipe !== undefined; recipe = waiting.pop()) {
      const all = allNames(this.wants.get(recipe)!);
      for (const [at, names] of [this.build, this.runtime].entries()) {
        for (const name of all[at]!) {
          if (seen[at]!.has(name)) continue;
          seen[at]!.add(name);
          take(names, name);
        }
      }
    }
    return (
      asked.size === this.wants.size &&
      seen[0].size === this.build.texts.length &&
      seen[1].size === this.runtime.texts.length
    );
  }

  /**
   * Provides for all that is asked for (`add_unresolved`).
   * @param from the first names to be looked at
   */
  *resolve(
    from: { readonly build: number; readonly runtime: number } = { build: 0, runtime: 0 },
  ): Steps<void> {
    for (let added = -1; added !== 0;) {
      added = 0;
      for (const name of this.build.unresolved(from.build)) {
        yield;
        if (this.addProviders(name, false)) added++;
        else if (!this.options.allowIncomplete) this.removeBuild(name);
      }
      for (const name of this.runtime.unresolved(from.runtime)) {
        yield;
        if (this.addRuntimeProviders(name)) added++;
        else this.removeRuntime(name);
      }
    }
    this.reportVersions();
  }

  private addProviders(name: number, isTarget: boolean): boolean {
    const { build, recipes } = this;
    if (build.providers[name]!.length > 0) return true;
    const text = build.texts[name]!;
    const all = recipes.providers.get(text);
    if (!all) {
      const similar = closeMatches(text, [
        ...recipes.providers.keys(),
        ...recipes.skipped.map(({ pn }) => pn),
      ]);
      const runtime = recipes.runtimeProviders(text).map((at) => `${recipes.info(at).pn} RPROVIDES ${text}`);
      this.reportNone(name, false, isTarget, this.reasons(text, false), [...similar, ...runtime]);
      return false;
    }
    const { eligible, preferred } = this.providers.ofBuild(text, all);
    const usable = eligible.filter((recipe) => !this.failed.has(recipe));
    if (usable.length === 0) {
      this.reportNone(name, false, isTarget, [`No eligible PROVIDERs exist for '${text}'`], []);
      return false;
    }
    if (usable.length > 1 && preferred === 0) this.reportSeveral(text, false, usable);
    for (const recipe of usable) {
      if (this.failed.has(recipe)) continue;
      build.choose(name, recipe);
      this.addRecipe(recipe);
    }
    return true;
  }

  private addRuntimeProviders(name: number): boolean {
    const { runtime, recipes } = this;
    if (runtime.providers[name]!.length > 0) return true;
    const text = runtime.texts[name]!;
    const all = recipes.runtimeProviders(text);
    if (all.length === 0) {
      this.reportNone(name, true, false, this.reasons(text, true), []);
      return false;
    }
    const { eligible, preferred } = this.providers.ofRuntime(text, all);
    const usable = eligible.filter((recipe) => !this.failed.has(recipe));
    if (usable.length === 0) {
      this.reportNone(name, true, false, [`No eligible RPROVIDERs exist for '${text}'`], []);
      return false;
    }
    if (usable.length > 1 && preferred === 0) this.reportSeveral(text, true, usable);
    if (preferred > 1) {
      this.reportSeveral(text, true, usable);
      return false;
    }
    for (const recipe of usable) {
      if (this.failed.has(recipe)) continue;
      runtime.choose(name, recipe);
      this.addRecipe(recipe);
    }
    return true;
  }

  /** `add_tasks`: what a recipe asks for is asked for from now on. */
  private addRecipe(recipe: number): void {
    if (!this.wants.has(recipe)) this.ask(recipe);
  }

  private ask(recipe: number): void {
    const info = this.recipes.info(recipe);
    const idepends = this.neededTasks(info, 'depends', this.build);
    const irdepends = this.neededTasks(info, 'rdepends', this.runtime);
    this.addMcdepends(info);
    const depends = new Set<string>([...info.depends, ...(this.options.extraDepends.get(info.mcfn) ?? [])]);
    const rdepends = new Set<string>([...info.rdepends, ...info.rrecommends]);
    for (const names of [info.packageRdepends, info.packageRrecommends]) {
      for (const list of Object.values(names)) for (const name of list) rdepends.add(name);
    }
    const wants: Wants = {
      depends: [...depends].map((name) => this.build.number(name)),
      rdepends: [...rdepends].map((name) => this.runtime.number(name)),
      idepends,
      irdepends,
    };
    this.wants.set(recipe, wants);
    const lacks =
      wants.depends.some((name) => this.build.failed.has(name)) ||
      wants.rdepends.some((name) => this.runtime.failed.has(name));
    if (lacks) this.fail(recipe);
  }

  private neededTasks(
    info: RecipeInfo,
    flag: 'depends' | 'rdepends',
    names: Names,
  ): ReadonlyMap<string, readonly NeededTask[]> {
    const found = new Map<string, NeededTask[]>();
    for (const [task, text] of Object.entries(info.flags[flag])) {
      const needed: NeededTask[] = [];
      for (const entry of splitWords(text)) {
        const [name, other, ...more] = entry.split(':');
        if (other !== undefined && more.length === 0) needed.push({ name: names.number(name!), task: other });
        else {
          this.reports.add(
            'malformed-dependency',
            `${task}[${flag}] of ${info.pn} contains ${entry}: write it as RECIPE:TASK, with one colon`,
            { fatal: true, recipe: info, variable: `${task}[${flag}]` },
          );
        }
      }
      found.set(task, needed);
    }
    return found;
  }

  private addMcdepends(info: RecipeInfo): void {
    for (const [task, text] of Object.entries(info.flags.mcdepends)) {
      for (const entry of splitWords(text)) {
        if (entry.split(':').length === 5) this.mcdepends.add(entry);
        else {
          this.reports.add(
            'malformed-dependency',
            `${task}[mcdepends] of ${info.pn} contains ${entry}: write it as mc:FROM:TO:RECIPE:TASK, with four colons`,
            { fatal: true, recipe: info, variable: `${task}[mcdepends]` },
          );
        }
      }
    }
  }

  // What cannot be provided

  /** `fail_fn`: a recipe that cannot be built provides nothing. */
  private fail(recipe: number): void {
    if (this.failed.has(recipe)) return;
    this.failed.add(recipe);
    for (const [names, remove] of [
      [this.build, (name: number) => this.removeBuild(name)],
      [this.runtime, (name: number) => this.removeRuntime(name)],
    ] as const) {
      for (const [name, providers] of names.providers.entries()) {
        const at = providers.indexOf(recipe);
        if (at < 0) continue;
        providers.splice(at, 1);
        if (providers.length === 0) remove(name);
      }
    }
  }

  private removeBuild(name: number): void {
    this.build.failed.add(name);
    this.failAll(({ depends, idepends }) => depends.includes(name) || needs(idepends, name));
    if (!this.targets.has(name)) return;
    const text = this.build.texts[name]!;
    this.reports.add('no-provider', `Required build target '${text}' has no buildable providers`, {
      fatal: true,
    });
  }

  private removeRuntime(name: number): void {
    this.runtime.failed.add(name);
    this.failAll(({ rdepends, irdepends }) => rdepends.includes(name) || needs(irdepends, name));
  }

  private failAll(isConcerned: (wants: Wants) => boolean): void {
    for (const [recipe, wants] of this.wants) if (isConcerned(wants)) this.fail(recipe);
  }

  // Reports

  private reportNone(
    name: number,
    runtime: boolean,
    isTarget: boolean,
    reasons: readonly string[],
    similar: readonly string[],
  ): void {
    const letter = runtime ? 'R' : '';
    const text = (runtime ? this.runtime : this.build).texts[name]!;
    const dependees = [...this.wants].filter(([, { depends, rdepends, idepends, irdepends }]) =>
      runtime
        ? rdepends.includes(name) || needs(irdepends, name)
        : depends.includes(name) || needs(idepends, name),
    );
    const recipes = dependees.map(([recipe]) => this.recipes.info(recipe));
    const by =
      recipes.length > 0
        ? ` (but ${recipes.map(({ mcfn }) => mcfn).join(', ')} ${letter}DEPENDS on or otherwise requires it)`
        : '';
    const hint =
      reasons.length === 0 && similar.length > 0
        ? `. Close matches:\n  ${[...new Set(similar)].sort().join('\n  ')}`
        : '';
    const why = reasons.map((reason) => `\n${reason}`).join('');
    this.reports.add('no-provider', `Nothing ${letter}PROVIDES '${text}'${by}${hint}${why}`, {
      fatal: isTarget,
      recipe: recipes[0],
      variable: recipes[0] ? askingVariable(recipes[0], text, runtime) : '',
    });
  }

  /** `get_reasons`: recipes that would provide a name, were they not skipped. */
  private reasons(name: string, runtime: boolean): string[] {
    return this.recipes.skipped.flatMap((recipe) => {
      const { pn, skipped } = recipe;
      if (pn === name) return [`${pn} was skipped: ${skipped}`];
      const provided = runtime
        ? [...recipe.packages, ...recipe.rprovides, ...Object.values(recipe.packageRprovides).flat()]
        : recipe.provides;
      if (!provided.includes(name)) return [];
      return [`${pn} ${runtime ? 'R' : ''}PROVIDES ${name} but was skipped: ${skipped}`];
    });
  }

  private reportSeveral(name: string, runtime: boolean, recipes: readonly number[]): void {
    const pns = recipes.map((recipe) => this.recipes.info(recipe).pn).join(', ');
    const variable = `PREFERRED_${runtime ? 'R' : ''}PROVIDER`;
    this.reports.add(
      'several-providers',
      `Multiple providers are available for ${runtime ? 'runtime ' : ''}${name} (${pns})\n` +
        `Consider defining a ${variable} entry to match ${name}: ${variable}_${name} in the configuration`,
      { severity: 'information', recipe: this.recipes.info(recipes[0]!) },
    );
  }

  private reportVersions(): void {
    for (const { pn, wanted, available, required } of this.providers.missing.values()) {
      const kind = required ? 'required' : 'preferred';
      this.reports.add(
        'preferred-version',
        `${kind} version ${wanted} of ${pn} not available; versions of ${pn} available: ${available.join(' ')}. ` +
          `Correct ${kind.toUpperCase()}_VERSION_${pn}`,
        { severity: required ? 'error' : 'warning' },
      );
    }
  }
}

/** The variable or flag with which a recipe asks for a name. */
function askingVariable(info: RecipeInfo, name: string, runtime: boolean): string {
  const flag = runtime ? 'rdepends' : 'depends';
  if (!runtime && info.depends.includes(name)) return 'DEPENDS';
  if (runtime) {
    if (info.rdepends.includes(name)) return 'RDEPENDS';
    if (info.rrecommends.includes(name)) return 'RRECOMMENDS';
    for (const [variable, packages] of [
      ['RDEPENDS', info.packageRdepends],
      ['RRECOMMENDS', info.packageRrecommends],
    ] as const) {
      const found = Object.entries(packages).find(([, names]) => names.includes(name));
      if (found) return `${variable}:${found[0]}`;
    }
  }
  const task = Object.entries(info.flags[flag]).find(([, text]) =>
    splitWords(text).some((entry) => entry.startsWith(`${name}:`)),
  );
  return task ? `${task[0]}[${flag}]` : runtime ? 'RDEPENDS' : 'DEPENDS';
}

function needs(tasks: ReadonlyMap<string, readonly NeededTask[]>, name: number): boolean {
  for (const needed of tasks.values()) if (needed.some((entry) => entry.name === name)) return true;
  return false;
}

/** The build-time and the runtime names, which may be there more than once. */
function allNames({ depends, rdepends, idepends, irdepends }: Wants): readonly [number[], number[]] {
  const named = (tasks: Wants['idepends']) => [...tasks.values()].flat().map(({ name }) => name);
  return [
    [...depends, ...named(idepends)],
    [...rdepends, ...named(irdepends)],
  ];
}

/** Whether among the names that were known before there is one that nothing provides though something has to. */
function asksInVain(
  wants: Wants,
  { build, runtime }: TaskData,
  known: { readonly build: number; readonly runtime: number },
): boolean {
  const [ofBuild, ofRuntime] = allNames(wants);
  const isVain = (names: Names, end: number) => (name: number) =>
    name < end && !names.assumed[name] && names.provider(name) === undefined;
  return ofBuild.some(isVain(build, known.build)) || ofRuntime.some(isVain(runtime, known.runtime));
}
