/**
 * The configuration of a build directory: bblayers.conf, the layers, bitbake.conf and all it includes, the
 * classes every recipe inherits, and what event handlers make of it.
 *
 * Follows `bb/cookerdata.py: CookerDataBuilder`. BitBake stops at the first fault; this goes on where something
 * can still be known, and every fault is a problem with its place.
 */
import { sortedStrings, splitWords } from '../base/words.ts';
import type { Datastore } from '../datastore/datastore.ts';
import { FatalError, ParseError } from '../datastore/errors.ts';
import type { HostFacts } from '../inputs/ports.ts';
import { DatastoreHandle } from '../datastore/value.ts';
import type { ModuleFunction } from '../python/runtime.ts';
import type { ParseContext } from './context.ts';
import { approvedEnvironment, EXPORTED_ENVIRONMENT } from './environment.ts';
import { EventHandlers } from './events.ts';
import { textList } from './tasks.ts';
import { handleFile, inherit, which } from './files.ts';
import { type Collection, collections, type RecipeFile, recipeFiles } from './layers.ts';

const MOST_REPARSES = 20;

/** One configuration: the plain one (`''`) or that of a multiconfig. */
export interface Configuration {
  readonly multiconfig: string;
  /** The datastore recipes are copied from. */
  readonly d: Datastore;
  readonly collections: readonly Collection[];
  readonly recipes: readonly RecipeFile[];
}

export interface BuildConfiguration {
  /** The plain one first. */
  readonly configurations: readonly Configuration[];
  readonly handlers: EventHandlers;
  /** Why BitBake would refuse to go on, where it would; hashes are then not those of any build. */
  readonly refused: string | undefined;
}

/**
 * Reads the whole configuration of `buildDir` (a real path). Faults are reported in `ctx`.
 * @param parsed told of the plain configuration when its variables are known, before recipes are looked for
 */
export function readConfiguration(
  buildDir: string,
  facts: HostFacts,
  ctx: ParseContext,
  parsed: (plain: Datastore) => void = () => undefined,
): BuildConfiguration {
  const reader = new ConfigurationReader(buildDir, facts, ctx);
  return reader.read(parsed);
}

/**
 * Where only builds put something: wherever that is, a build may begin with nothing there, so that what is found there
 * decides no hash. Handlers and recipes look into it and make directories in it.
 */
const FILLED_BY_BUILDS = ['TMPDIR', 'BASE_WORKDIR', 'HOSTTOOLS_DIR'];

class ConfigurationReader {
  private readonly handlers = new EventHandlers();
  private refused: string | undefined;
  private readonly base: Datastore;

  constructor(
    private readonly buildDir: string,
    facts: HostFacts,
    private readonly ctx: ParseContext,
  ) {
    this.base = ctx.newDatastore();
    ctx.listeners = this.handlers;
    this.inheritEnvironment(facts.environment);
    this.base.setVar('__bbclasstype', 'global');
  }

  read(parsed: (plain: Datastore) => void): BuildConfiguration {
    const plain = this.parsePlain();
    const data: { multiconfig: string; d: Datastore }[] = [{ multiconfig: '', d: plain }];
    for (const name of this.multiconfigs(plain)) data.push({ multiconfig: name, d: this.parseOnce(name) });
    if (data.length > 1) {
      this.attempt(() =>
        this.handlers.fire(
          'MultiConfigParsed',
          [
            Object.fromEntries(
              data.map(({ multiconfig, d }) => [multiconfig, new DatastoreHandle(this.ctx.numberOf(d))]),
            ),
          ],
          plain,
          this.ctx,
        ),
      );
    }
    this.applyModuleExclusions(plain);
    this.checkRenamed(plain);
    parsed(plain);
    let layers: readonly Collection[] | undefined;
    const configurations = data.map(({ multiconfig, d }) => {
      d.setVar('__bbclasstype', 'recipe');
      const copy = d.createCopy();
      // Those of the plain one are everybody's: `bb/cooker.py: handleCollections`.
      const own = (layers ??= this.attempt(() => collections(copy, this.ctx)) ?? []);
      const recipes = this.attempt(() => recipeFiles(copy, own, this.ctx)) ?? [];
      return { multiconfig, d: copy, collections: own, recipes };
    });
    this.ctx.datastoreContext.frames.settleDoubts();
    return { configurations, handlers: this.handlers, refused: this.refused };
  }

  private multiconfigs(plain: Datastore): string[] {
    return splitWords(this.attempt(() => plain.getText('BBMULTICONFIG')) ?? '').filter((name) => {
      if (!/^\d/.test(name)) return true;
      this.refuse(new FatalError(`Multiconfig name '${name}' is invalid: it must not start with a digit`));
      return false;
    });
  }

  /** What BitBake lets through from the environment it is started in. */
  private inheritEnvironment(environment: Readonly<Record<string, string>>): void {
    const saved = this.ctx.newDatastore();
    for (const [name, value] of Object.entries(environment)) saved.setVar(name, value);
    for (const [name, value] of Object.entries(approvedEnvironment(environment))) {
      this.base.setVar(name, value);
      if (EXPORTED_ENVIRONMENT.includes(name)) this.base.setVarFlag(name, 'export', true);
    }
    this.base.setVar('BB_ORIGENV', new DatastoreHandle(this.ctx.numberOf(saved)));
  }

  /** One pass over all configuration files, and again for as long as a handler says that it is needed. */
  private parsePlain(): Datastore {
    const multiconfig = this.ctx.release.parse.plainMulticonfigName;
    let d = this.parseOnce(multiconfig);
    for (let count = 0; d.getVar('BB_INVALIDCONF', false) === true; count++) {
      if (count > MOST_REPARSES) {
        this.refuse(
          new FatalError(
            'An event handler asks for the configuration to be read again without end (BB_INVALIDCONF)',
          ),
        );
        break;
      }
      d.setVar('BB_INVALIDCONF', false);
      d = this.parseOnce(multiconfig);
    }
    return d;
  }

  private parseOnce(multiconfig: string): Datastore {
    const d = this.parseFiles(multiconfig);
    for (const name of FILLED_BY_BUILDS) {
      const directory = this.attempt(() => d.getText(name));
      if (directory) this.ctx.python.lend(directory);
    }
    this.attempt(() => this.handlers.fire('ConfigParsed', [], d, this.ctx));
    return d;
  }

  private parseFiles(multiconfig: string): Datastore {
    const { ctx } = this;
    let d = this.base.createCopy();
    d.setVar('BB_CURRENT_MC', multiconfig);
    const layersFile = `${this.buildDir}/conf/bblayers.conf`;
    d.setVar('TOPDIR', this.buildDir);
    if (ctx.files.stat(layersFile)) {
      this.attempt(() => handleFile(layersFile, d, ctx, undefined, true));
      if (ctx.release.parse.defaultsCacheDir && !d.getVar('BB_CACHEDIR'))
        d.setVar('BB_CACHEDIR', '${TOPDIR}/cache');
      d = d.createCopy();
      this.readLayers(d, layersFile);
    } else {
      this.refuse(
        new ParseError(
          `There is no conf/bblayers.conf in ${this.buildDir}: name a build directory made by oe-init-build-env`,
          layersFile,
          0,
        ),
      );
    }
    if (ctx.release.parse.defaultsCacheDir && !d.getVar('BB_CACHEDIR'))
      d.setVar('BB_CACHEDIR', '${TOPDIR}/cache');
    const bitbakeConf = which(d.getText('BBPATH') ?? '', 'conf/bitbake.conf', ctx);
    if (bitbakeConf === undefined) {
      const message = 'No layer has a conf/bitbake.conf: add the core layer (meta) to BBLAYERS';
      // Of layers that could not be read, nothing else is to be expected.
      if (this.refused === undefined) this.refuse(new ParseError(message, layersFile, 0));
      return d;
    }
    this.attempt(() => handleFile(bitbakeConf, d, ctx, undefined, true));
    this.attempt(() => inherit('base', bitbakeConf, 0, d, false, ctx));
    const { path, line } = d.history.of('INHERIT').at(-1) ?? { path: bitbakeConf, line: 0 };
    for (const name of splitWords(this.attempt(() => d.getText('INHERIT')) ?? '')) {
      this.attempt(() => inherit(name, path, line, d, false, ctx));
    }
    ctx.place = undefined;
    const checked = textList(d.getVar('__inherit_cache', false)).some((path) =>
      path.endsWith('/sanity.bbclass'),
    );
    if (ctx.unknownMachine !== undefined && checked) this.refused ??= ctx.unknownMachine;
    this.attempt(() => this.handlers.registerAll(d, ctx));
    d.setVar('BBINCLUDED', [...ctx.involved].join(' '));
    return d;
  }

  private readLayers(d: Datastore, layersFile: string): void {
    const { ctx } = this;
    const home = d.getText('HOME');
    const layers = splitWords(d.getText('BBLAYERS') ?? '').map((layer) =>
      (home === undefined ? layer : layer.replace(/^~(?=\/|$)/, () => home)).replace(/(.)\/+$/, '$1'),
    );
    const line = d.history.of('BBLAYERS').at(-1)?.line ?? 0;
    if (layers.length === 0 && this.refused === undefined) {
      this.refuse(
        new ParseError('bblayers.conf names no layers: set BBLAYERS to their directories', layersFile, line),
      );
    }
    const compatible = new Map<string, Set<string>>();
    let series: Set<string> | undefined;
    for (const layer of layers) {
      const conf = `${layer}/conf/layer.conf`;
      if (!ctx.files.stat(conf)) {
        const what = !layer.startsWith('/')
          ? 'is not given by its whole path, which is needed here'
          : ctx.files.stat(layer)
            ? 'has no readable conf/layer.conf'
            : 'does not exist or cannot be read';
        this.refuse(new ParseError(`Layer ${layer} ${what}: correct BBLAYERS`, layersFile, line));
        continue;
      }
      d.setVar('LAYERDIR', layer);
      d.setVar('LAYERDIR_RE', escapePattern(layer));
      this.attempt(() => handleFile(conf, d, ctx, undefined, true));
      // Whatever a variable in doubt says, it is changed alone.
      ctx.datastoreContext.frames.apart(() => {
        d.expandVarref('LAYERDIR');
        d.expandVarref('LAYERDIR_RE');
      });
      if (!ctx.release.parse.collectsLayerSeries) continue;
      for (const name of splitWords(d.getText('BBFILE_COLLECTIONS') ?? '')) {
        const entry = d.getText(`LAYERSERIES_COMPAT_${name}`);
        if (!entry) continue;
        compatible.set(name, new Set(splitWords(entry)));
        d.delVar(`LAYERSERIES_COMPAT_${name}`);
      }
      if (!series || series.size === 0) {
        series = new Set(splitWords(d.getText('LAYERSERIES_CORENAMES') ?? ''));
        if (series.size > 0) d.delVar('LAYERSERIES_CORENAMES');
      }
    }
    d.delVar('LAYERDIR_RE');
    d.delVar('LAYERDIR');
    for (const [name, entries] of compatible) {
      d.setVar(`LAYERSERIES_COMPAT_${name}`, sortedStrings(entries).join(' '));
    }
    this.addDynamicRecipes(d);
    this.checkCompatibility(d, compatible, series, layersFile);
  }

  /** BBFILES_DYNAMIC: patterns that count only with (or, with `!`, without) another layer. */
  private addDynamicRecipes(d: Datastore): void {
    const names = splitWords(d.getText('BBFILE_COLLECTIONS') ?? '');
    for (const entry of splitWords(d.getText('BBFILES_DYNAMIC') ?? '')) {
      const colon = entry.indexOf(':');
      if (colon < 0) {
        this.refuse(
          new FatalError(
            `BBFILES_DYNAMIC entries must be of the form {!}<collection name>:<filename pattern>, not: ${entry}`,
          ),
        );
        continue;
      }
      const inverted = entry.startsWith('!');
      const name = entry.slice(inverted ? 1 : 0, colon);
      if (names.includes(name) !== inverted) d.appendVar('BBFILES', ` ${entry.slice(colon + 1)}`);
    }
  }

  private checkCompatibility(
    d: Datastore,
    compatible: ReadonlyMap<string, ReadonlySet<string>>,
    collected: ReadonlySet<string> | undefined,
    layersFile: string,
  ): void {
    const { ctx } = this;
    const names = splitWords(d.getText('BBFILE_COLLECTIONS') ?? '');
    const series = collected ?? new Set(splitWords(d.getText('LAYERSERIES_CORENAMES') ?? ''));
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) !== index) {
        this.refuse(
          new FatalError(
            `Found duplicated BBFILE_COLLECTIONS '${name}': check bblayers.conf and the layers' layer.conf`,
          ),
        );
      }
      const entries =
        compatible.get(name) ?? new Set(splitWords(d.getText(`LAYERSERIES_COMPAT_${name}`) ?? ''));
      if (entries.size === 0) {
        ctx.report(
          'warning',
          'layer',
          `Layer ${name} should set LAYERSERIES_COMPAT_${name} in its conf/layer.conf`,
          { path: layersFile, line: 0 },
        );
      } else if (series.size === 0) {
        this.refuse(
          new ParseError(
            `No core layer found to work with layer '${name}': add it to BBLAYERS`,
            layersFile,
            0,
          ),
        );
      } else if (![...entries].some((entry) => series.has(entry))) {
        this.refuse(
          new ParseError(
            `Layer ${name} is not compatible with the core layer, which supports ${[...series].join(' ')} (the layer: ${[...entries].join(' ')})`,
            layersFile,
            0,
          ),
        );
      }
    }
    if (ctx.release.parse.collectsLayerSeries)
      d.setVar('LAYERSERIES_CORENAMES', sortedStrings(series).join(' '));
  }

  /** Variables that have been renamed: BitBake stops when the configuration sets one. */
  private checkRenamed(d: Datastore): void {
    for (const [name, instead] of this.ctx.datastoreContext.renamed) {
      if (this.attempt(() => d.getVar(name)) === undefined && !d.hasOverrides(name)) continue;
      const event = d.history.of(name).at(-1);
      const text = instead.includes(' ') ? instead : `has been renamed to ${instead}`;
      this.refuse(new ParseError(`Variable ${name} ${text}`, event?.path ?? '', event?.line ?? 0));
    }
  }

  /** `bb/codeparser.py: update_module_dependencies`. */
  private applyModuleExclusions(d: Datastore): void {
    for (const [name, found] of this.ctx.moduleFunctions) {
      const flag = this.attempt(() => d.getVarFlag(name, 'vardepsexclude'));
      const excluded = new Set(splitWords(typeof flag === 'string' ? flag : ''));
      if (excluded.size === 0) continue;
      const keep = (names: readonly string[]) => names.filter((dependency) => !excluded.has(dependency));
      const changed: ModuleFunction = {
        ...found,
        references: keep(found.references),
        execs: keep(found.execs),
      };
      this.ctx.moduleFunctions.set(name, changed);
    }
  }

  private attempt<T>(step: () => T): T | undefined {
    const { frames } = this.ctx.datastoreContext;
    const before = frames.doubts;
    try {
      return step();
    } catch (error) {
      // BitBake may well go on where something was asked for and not given.
      if (frames.doubts !== before) frames.putAllInDoubt();
      this.refuse(error);
      return undefined;
    }
  }

  private refuse(error: unknown): void {
    const { message } = this.ctx.reportError(error);
    if (this.ctx.datastoreContext.frames.everything === undefined) this.refused ??= message;
  }
}

/** `re.escape`. */
function escapePattern(text: string): string {
  return text.replace(/[()[\]{}?*+\-|^$\\.&~# \t\n\r\v\f]/g, '\\$&');
}
