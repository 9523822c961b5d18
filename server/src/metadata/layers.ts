/**
 * Layers: their order and priorities, the recipes they bring, and which bbappends belong to which recipe.
 *
 * Follows `bb/cooker.py: handleCollections, CookerCollectFiles` and `bb/utils.py: get_file_layer`. Reads
 * directory listings through the file system port; evaluates nothing.
 */
import { sortedStrings, splitWords } from '../base/words.ts';
import type { Datastore } from '../datastore/datastore.ts';
import { FatalError } from '../datastore/errors.ts';
import type { ParseContext } from './context.ts';
import { fileName, joinPath } from './files.ts';
import { isVersion } from './versions.ts';
import { filePattern, glob } from './patterns.ts';
import { matchesAtStart, pythonPattern } from './pythonPattern.ts';

/** A collection of BBFILE_COLLECTIONS. */
export interface Collection {
  readonly name: string;
  /** BBFILE_PATTERN as written; the longest match decides. */
  readonly patternText: string;
  readonly pattern: RegExp;
  readonly priority: number;
}

export interface RecipeFile {
  readonly path: string;
  /** In the order in which they apply. */
  readonly appends: readonly string[];
  /** The collection the recipe is in (FILE_LAYERNAME). */
  readonly layer: string | undefined;
}

/** The collections in order of BBFILE_COLLECTIONS, with priorities worked out from dependencies where unset. */
export function collections(d: Datastore, ctx: ParseContext): Collection[] {
  const names = splitWords(d.getText('BBFILE_COLLECTIONS') ?? '');
  const priorities = new Map<string, number>();
  const dependencies = new Map<string, string[]>();
  let lowest = 0;
  for (const name of names) {
    const text = d.getText(`BBFILE_PRIORITY_${name}`);
    if (text) {
      const priority = /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : Number.NaN;
      if (Number.isNaN(priority)) {
        ctx.report(
          'error',
          'layer',
          `Invalid value for BBFILE_PRIORITY_${name}: "${text}" is no number`,
          undefined,
        );
      } else {
        if (lowest === 0 || priority < lowest) lowest = priority;
        priorities.set(name, priority);
      }
    }
    dependencies.set(name, layerDependencies(name, names, d, ctx));
  }
  const settle = (name: string, path: readonly string[]): number => {
    const known = priorities.get(name);
    if (known) return known;
    if (path.includes(name)) return lowest;
    const deps = (dependencies.get(name) ?? []).map((dep) => settle(dep, [...path, name]));
    const priority = Math.max(lowest, ...deps) + 1;
    priorities.set(name, priority);
    return priority;
  };
  const found: Collection[] = [];
  for (const name of names) {
    const priority = settle(name, []);
    const patternText = d.getText(`BBFILE_PATTERN_${name}`);
    if (patternText === undefined) {
      ctx.report(
        'error',
        'layer',
        `BBFILE_PATTERN_${name} is not defined: set it in the layer's conf/layer.conf`,
        undefined,
      );
      continue;
    }
    const pattern = pythonPattern(patternText === '' ? '^NULL$' : patternText);
    if (!pattern) {
      ctx.report(
        'error',
        'layer',
        `BBFILE_PATTERN_${name} "${patternText}" is not a valid regular expression`,
        undefined,
      );
      continue;
    }
    found.push({ name, patternText, pattern, priority });
  }
  return found;
}

function layerDependencies(name: string, all: readonly string[], d: Datastore, ctx: ParseContext): string[] {
  const names = (text: string) => splitWords(text.replace(/\([^)]*\)/g, ' '));
  const needed = names(d.getText(`LAYERDEPENDS_${name}`) ?? '');
  for (const dep of needed) {
    if (all.includes(dep)) continue;
    ctx.report(
      'error',
      'layer',
      `Layer ${name} depends on layer ${dep}, which is not in BBLAYERS: add it to conf/bblayers.conf`,
      undefined,
    );
  }
  const wanted = recommended(d.getText(`LAYERRECOMMENDS_${name}`) ?? '').filter(
    ({ layer, operator, version }) =>
      operator === undefined || isThere(d.getText(`LAYERVERSION_${layer}`), operator, version),
  );
  return [...needed, ...wanted.map(({ layer }) => layer)].filter((dep) => all.includes(dep));
}

/** What a layer recommends, with the first version that it asks of each: `bb/utils.py: explode_dep_versions2`. */
function recommended(text: string): { layer: string; operator?: string; version: string }[] {
  const found = new Map<string, { layer: string; operator?: string; version: string }>();
  let last: { layer: string; operator?: string; version: string } | undefined;
  const words = text.replaceAll(',', '').matchAll(/\(\s*([<>=!]{1,2})\s*([^)]*)\)|[^\s()]+/g);
  for (const [word, operator, version] of words) {
    if (operator === undefined) {
      last = found.get(word) ?? { layer: word, version: '' };
      found.set(word, last);
    } else if (last?.operator === undefined && last)
      Object.assign(last, { operator, version: version!.trim() });
  }
  return [...found.values()];
}

/** A layer without a version is none that is asked for. */
function isThere(version: string | undefined, operator: string, asked: string): boolean {
  return Boolean(version) && isVersion(version!, operator, asked) === true;
}

/** Collections in the order in which they are tried: longest pattern first, so that nested layers win. */
function byPattern(all: readonly Collection[]): Collection[] {
  return [...all].sort((a, b) =>
    a.patternText < b.patternText ? 1 : a.patternText > b.patternText ? -1 : 0,
  );
}

export function collectionOf(path: string, all: readonly Collection[]): Collection | undefined {
  return byPattern(all).find((collection) => matchesAtStart(collection.pattern, path));
}

/** `bb/utils.py: get_file_layer`: the collection a file of any kind belongs to. */
export function layerOfFile(path: string, d: Datastore): string | undefined {
  const patterns = splitWords(d.getText('BBFILE_COLLECTIONS') ?? '').map(
    (name) => [name, d.getText(`BBFILE_PATTERN_${name}`) ?? ''] as const,
  );
  const layerOf = (text: string) => {
    let best: readonly [string, string] | undefined;
    for (const candidate of patterns) {
      if (candidate[1].length <= (best?.[1].length ?? 0)) continue;
      const pattern = pythonPattern(candidate[1]);
      if (pattern && matchesAtStart(pattern, text)) best = candidate;
    }
    return best?.[0];
  };
  const entry = splitWords(d.getText('BBFILES_PRIORITIZED') ?? '').find((glob) =>
    filePattern(glob).test(path),
  );
  return layerOf(entry ?? path);
}

/** Every recipe that BBFILES names and BBMASK leaves, with its appends. Sets BBFILES_PRIORITIZED in `d`. */
export function recipeFiles(d: Datastore, all: readonly Collection[], ctx: ParseContext): RecipeFile[] {
  const priority = (text: string) => collectionOf(text, all)?.priority ?? 0;
  const patterns = splitWords(d.getText('BBFILES') ?? '')
    .map((text, index) => ({ text, index, priority: priority(text) }))
    .sort((a, b) => a.priority - b.priority || a.index - b.index)
    .map(({ text }) => text);
  d.setVar('BBFILES_PRIORITIZED', patterns.join(' '));
  const paths = new Set<string>();
  for (const pattern of patterns) {
    const found =
      ctx.files.stat(pattern)?.kind === 'directory' ? metadataBelow(pattern, ctx) : glob(pattern, ctx.files);
    for (const path of sortedStrings(found)) paths.add(path);
  }
  const mask = bbmask(d.getText('BBMASK'), ctx);
  const kept = [...paths].filter((path) => !mask?.test(path));
  const appends = kept
    .filter((path) => path.endsWith('.bbappend'))
    .map((path) => ({ base: fileName(path).replaceAll('.bbappend', '.bb'), path }));
  const recipes = kept.filter((path) => path.endsWith('.bb'));
  reportDangling(appends, recipes, d, ctx);
  return recipes.map((path) => ({
    path,
    appends: appends.filter(({ base }) => appliesTo(base, fileName(path))).map((append) => append.path),
    layer: collectionOf(path, all)?.name,
  }));
}

/** `bb/cooker.py: show_appends_with_no_recipes`. */
function reportDangling(
  appends: readonly { readonly base: string; readonly path: string }[],
  recipes: readonly string[],
  d: Datastore,
  ctx: ParseContext,
): void {
  const names = new Set(recipes.map(fileName));
  // Releases after kirkstone have no such switch.
  const warnOnly = ctx.release.version.startsWith('2.0.')
    ? d.getText('BB_DANGLINGAPPENDS_WARNONLY')
    : undefined;
  const warns = ['1', 'yes', 'true'].includes((warnOnly ?? '').toLowerCase());
  for (const { base, path } of appends) {
    if (names.has(base) || (base.includes('%') && [...names].some((name) => appliesTo(base, name)))) continue;
    ctx.report(
      warns ? 'warning' : 'error',
      'dangling-append',
      `There is no recipe ${base} for this bbappend${warns ? '' : ', and BitBake builds nothing until there is'}: ` +
        'name it after a recipe (% stands for any rest of its name), or remove it',
      { path, line: 0 },
    );
  }
}

function appliesTo(append: string, recipe: string): boolean {
  if (append === recipe) return true;
  const wildcard = append.indexOf('%');
  return wildcard >= 0 && append.startsWith(recipe.slice(0, wildcard));
}

/** `bb/cooker.py: find_bbfiles`. */
function metadataBelow(directory: string, ctx: ParseContext): string[] {
  return (ctx.files.list(directory) ?? []).flatMap((name) => {
    const path = joinPath(directory, name);
    if (ctx.files.stat(path)?.kind === 'directory')
      return ['SCCS', 'CVS', '.svn'].includes(name) ? [] : metadataBelow(path, ctx);
    if (!ctx.release.parse.searchesDirectories)
      throw new FatalError(
        `BBFILES names a directory, ${directory}: BitBake before 2.8 fails there; name *.bb in it`,
      );
    return path.endsWith('.bb') || path.endsWith('.bbappend') ? [path] : [];
  });
}

/**
 * What BBMASK finds: its regular expressions joined to one, so that flags and groups of one count for the others.
 * Undefined: it leaves nothing out.
 */
function bbmask(text: string | undefined, ctx: ParseContext): RegExp | undefined {
  const say = (message: string) => ctx.report('warning', 'bbmask', message, undefined);
  const valid = splitWords(text ?? '')
    .map((mask) => mask.replace(/^\|/, ''))
    .filter((mask) => {
      const isValid = pythonPattern(mask) !== undefined;
      if (!isValid) say(`BBMASK contains an invalid regular expression, which is ignored: ${mask}`);
      return isValid;
    });
  const joined = valid.join('|');
  if (joined === '') return undefined;
  const pattern = pythonPattern(joined);
  if (!pattern)
    say(`BBMASK is ignored: its regular expressions joined are none, as BitBake joins them: ${joined}`);
  return pattern;
}
