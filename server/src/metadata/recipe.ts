/**
 * A recipe and its variants: from the .bb file to finished datastores, one per variant.
 *
 * Follows `bb/parse/ast.py: multi_finalize, finalize` step by step; the order is observable. Signatures are
 * computed by the caller at the point where BitBake computes them (`Observer`), before RecipeParsed.
 */
import { splitWords, sortedStrings } from '../base/words.ts';
import type { Datastore } from '../datastore/datastore.ts';
import { FatalError, ParseError } from '../datastore/errors.ts';
import { PythonError } from '../python/runtime.ts';
import { type ParseContext, SKIP_RECIPE } from './context.ts';
import { EventHandlers } from './events.ts';
import { deferInherit, handleFile, inherit } from './files.ts';
import type { RecipeFile } from './layers.ts';
import { evaluateStatements, pythonText } from './statements.ts';
import { markTasks, taskList, textList } from './tasks.ts';

/** A variant that was evaluated to its end, or skipped on the way. */
export interface Variant {
  /** `''` for the plain recipe. */
  readonly name: string;
  readonly d: Datastore;
  /** Why the recipe asks to be left out. */
  readonly skipped: string | undefined;
  /** What stopped BitBake from parsing it. */
  readonly failed: unknown;
}

/** Told how far a variant is. */
export interface Observer {
  /** Its own finalisation begins; what came before it shares with others. */
  starts(): void;
  /** Its tasks and values are final: where BitBake computes its signatures. */
  finalised(variant: string, d: Datastore): void;
  /** It is at its end, whatever that was. */
  ends(variant: string, d: Datastore): void;
}

/** `bb/cache.py: realfn2virtual`. */
export function virtualFileName(path: string, variant: string, multiconfig: string): string {
  const virtual = variant ? `virtual:${variant}:${path}` : path;
  return multiconfig ? `mc:${multiconfig}:${virtual}` : virtual;
}

/**
 * Evaluates one recipe in a copy of the configuration. Never throws for what the metadata does: a variant that
 * cannot be parsed is returned with the reason; the others go on where BitBake's rules let them be known.
 */
export function evaluateRecipe(
  recipe: RecipeFile,
  configuration: Datastore,
  handlers: EventHandlers,
  multiconfig: string,
  observer: Observer,
  ctx: ParseContext,
): Variant[] {
  const base = configuration.createCopy();
  ctx.current = ctx.base = base;
  ctx.listeners = handlers;
  const traits = ctx.release.parse;
  base.setVar('__BBMULTICONFIG', multiconfig);
  if (traits.setsLayerName) base.setVar('FILE_LAYERNAME', recipe.layer);
  if (traits.setsRecipeFile) base.setVar('__BB_RECIPE_FILE', recipe.path);
  if (recipe.appends.length > 0) base.setVar('__BBAPPEND', recipe.appends.join(' '));
  try {
    if (!readRecipe(recipe.path, base, ctx)) {
      return [{ name: '', d: base, skipped: skipReason(base) ?? '', failed: undefined }];
    }
    for (const append of splitWords(base.getText('__BBAPPEND') ?? '')) {
      handleFile(append, base, ctx, { path: recipe.path, line: 0 });
    }
  } catch (error) {
    return [{ name: '', d: base, skipped: undefined, failed: error }];
  }
  const first = finishVariant('', recipe.path, base.createCopy(), handlers, observer, ctx);
  const variants = [first];
  if (first.failed === undefined) {
    try {
      variants.push(...extendedVariants(recipe.path, base, first.d, handlers, observer, ctx));
    } catch (error) {
      variants[0] = { ...first, failed: error };
    }
  }
  return variants;
}

/** Reads the recipe file itself. @returns whether it goes on: false when a statement skipped it */
function readRecipe(path: string, d: Datastore, ctx: ParseContext): boolean {
  const tree = ctx.tree(path);
  if (!tree)
    throw new ParseError(
      `Recipe ${path} cannot be read: see that it is a file, and its permissions`,
      path,
      0,
    );
  d.setVar('FILE', path);
  try {
    evaluateStatements(tree, d, ctx, false);
  } catch (error) {
    if (!(error instanceof PythonError && error.is(SKIP_RECIPE))) throw error;
    d.setVar('__SKIPPED', true);
    return false;
  }
  return true;
}

/** `bb/cache.py: CoreRecipeInfo`: a reason that comes to nothing is none. */
function skipReason(d: Datastore): string | undefined {
  const reason = d.getVar('__SKIPPED');
  return reason === undefined || reason === false || reason === '' ? undefined : pythonText(reason);
}

function finishVariant(
  name: string,
  path: string,
  d: Datastore,
  handlers: EventHandlers,
  observer: Observer,
  ctx: ParseContext,
): Variant {
  ctx.current = d;
  observer.starts();
  try {
    finalise(path, name, d, new EventHandlers(handlers), observer, ctx);
  } catch (error) {
    if (!(error instanceof PythonError && error.is(SKIP_RECIPE)))
      return { name, d, skipped: undefined, failed: error };
    if (error.argument === undefined) {
      const failed = new FatalError(
        'SkipRecipe is raised without a reason, at which BitBake fails: give it one',
      );
      return { name, d, skipped: undefined, failed };
    }
    d.setVar('__SKIPPED', error.argument);
  } finally {
    observer.ends(name, d);
  }
  try {
    return { name, d, skipped: skipReason(d), failed: undefined };
  } catch (error) {
    return { name, d, skipped: undefined, failed: error };
  }
}

function finalise(
  path: string,
  name: string,
  d: Datastore,
  handlers: EventHandlers,
  observer: Observer,
  ctx: ParseContext,
): void {
  ctx.listeners = handlers;
  if (d.getVar('_FAILPARSINGERRORHANDLED', false) === true) {
    throw new FatalError('The recipe uses variables that have been renamed: rename them as the messages say');
  }
  const traits = ctx.release.parse;
  if (traits.firesPreDeferredInherits) {
    const waiting = deferred(d).map(([classes]) => classes);
    handlers.fire('RecipePreDeferredInherits', [path, waiting.length > 0 ? waiting : ['']], d, ctx);
  }
  for (let waiting = deferred(d); waiting.length > 0; waiting = deferred(d)) {
    const [classes, from, line] = waiting[0]!;
    d.setVar('__BBDEFINHERITS', waiting.slice(1));
    ctx.place = { path: from, line };
    inherit(classes, from, line, d, true, ctx);
  }
  ctx.place = undefined;
  handlers.registerAll(d, ctx);
  handlers.fire('RecipePreFinalise', [path], d, ctx);
  expandKeys(d, ctx);
  handlers.fire('RecipePostKeyExpansion', [path], d, ctx);
  callAnonymousFunctions(d, ctx);
  const tasks = taskList(d);
  handlers.fire('RecipeTaskPreProcess', [path, tasks], d, ctx);
  if (traits.mapsVirtualProviders) mapVirtualProviders(tasks, d);
  markTasks(tasks, d);
  observer.finalised(name, d);
  d.setVar('BBINCLUDED', [...ctx.involved].join(' '));
  if (
    traits.checksAutorev &&
    d.getVar('__BBAUTOREV_SEEN') &&
    d.getVar('__BBSRCREV_SEEN') &&
    !d.getVar('__BBAUTOREV_ACTED_UPON')
  ) {
    throw new FatalError('AUTOREV/SRCPV is set too late for the fetcher: set it where SRCREV and PV are set');
  }
  handlers.fire('RecipeParsed', [path], d, ctx);
}

/** BitBake joins them into one piece of code; one after the other is the same, and names the place of each. */
function callAnonymousFunctions(d: Datastore, ctx: ParseContext): void {
  for (const name of textList(d.getVar('__BBANONFUNCS', false))) {
    const file = d.getVarFlag(name, 'filename', false);
    const line = Number(d.getVarFlag(name, 'lineno', false));
    ctx.place = typeof file === 'string' ? { path: file, line } : undefined;
    d.context.frames.beginOccasion();
    ctx.python.callAnonymous([name], ctx.numberOf(d));
  }
  ctx.place = undefined;
}

function deferred(d: Datastore): (readonly [string, string, number])[] {
  const waiting = d.getVar('__BBDEFINHERITS', false);
  return Array.isArray(waiting) ? (waiting as (readonly [string, string, number])[]) : [];
}

/** `bb/data.py: expandKeys`: variables whose names contain `${…}` get their final names. */
export function expandKeys(d: Datastore, ctx: ParseContext): void {
  const renames = new Map<string, string>();
  for (const name of d.computedNames()) {
    const final = d.expandText(name);
    if (final !== name) renames.set(name, final);
  }
  for (const name of sortedStrings(renames.keys())) {
    const final = renames.get(name)!;
    const replaced = d.getVar(final, false);
    if (replaced !== undefined) {
      const value = d.getVar(name, false);
      if (value !== undefined) {
        const source = d.history.of(name).at(-1);
        ctx.report(
          'warning',
          'key-expansion',
          `Variable key ${name} (${String(value)}) replaces original key ${final} (${String(replaced)}).`,
          source,
        );
      }
    }
    d.renameVar(name, final);
  }
}

/** `bb/parse/ast.py: handleVirtRecipeProviders`. */
function mapVirtualProviders(tasks: readonly string[], d: Datastore): void {
  const virtual = new Set(splitWords(d.getText('BB_RECIPE_VIRTUAL_PROVIDERS') ?? ''));
  const depends = splitWords(d.getText('DEPENDS') ?? '').map((name) => {
    if (!virtual.has(name)) return name;
    const provider = d.getText(`PREFERRED_PROVIDER_${name}`);
    if (!provider)
      throw new FatalError(
        `Recipe virtual provider PREFERRED_PROVIDER_${name} is not set: set it in the configuration`,
      );
    return provider;
  });
  d.setVar('DEPENDS', depends.join(' '));
  for (const task of tasks) {
    const flag = d.getVarFlag(task, 'depends');
    const entries = splitWords(typeof flag === 'string' ? flag : '').map((entry) => {
      const [recipe, neededTask, ...more] = entry.split(':');
      if (neededTask === undefined || more.length > 0) {
        throw new FatalError(`${task}[depends] contains ${entry}, which is not of the form RECIPE:TASK`);
      }
      return `${virtual.has(recipe!) ? (d.getText(`PREFERRED_PROVIDER_${recipe!}`) ?? 'None') : recipe}:${neededTask}`;
    });
    d.setVarFlag(task, 'depends', entries.join(' '));
  }
}

/** The variants that BBCLASSEXTEND asks for, each from the recipe as read, then finalised. */
function extendedVariants(
  path: string,
  base: Datastore,
  plain: Datastore,
  handlers: EventHandlers,
  observer: Observer,
  ctx: ParseContext,
): Variant[] {
  const extended = plain.getText('BBCLASSEXTEND') ?? '';
  if (!extended) return [];
  const pn = plain.getText('PN') ?? '';
  base.setVar('BBCLASSEXTEND', extended);
  const stores = new Map<string, Datastore>();
  for (const extension of new Set(splitWords(extended))) {
    const [className, argument] = extension.split(':');
    const d = base.createCopy();
    if (argument !== undefined) {
      d.setVar('BBEXTENDCURR', className);
      d.setVar('BBEXTENDVARIANT', argument);
    } else {
      d.setVar('PN', `${pn}-${extension}`);
    }
    if (ctx.release.parse.defersExtendedClasses) deferInherit(className!, path, 0, d);
    else inherit(className!, path, 0, d, false, ctx);
    stores.set(extension, d);
  }
  return [...stores].map(([name, d]) => finishVariant(name, path, d, handlers, observer, ctx));
}
