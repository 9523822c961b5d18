/**
 * Which release of BitBake the workspace is built with, and how it differs from the others.
 *
 * Every difference that can change a hash is a named trait here and nowhere else. Stable branches receive
 * fixes without a new version number, so traits that such fixes touched are read off the source text of the
 * BitBake at hand; the version decides the others, and all of them where no BitBake is at hand.
 */
import type { FileSystem } from '../inputs/ports.ts';
import type { ExpansionTraits } from '../datastore/expansion.ts';
import type { PythonTraits } from '../python/traits.ts';
import type { SyntaxTraits } from '../syntax/statements.ts';
import { type ShellTraits, shellTraitsOf } from '../shell/analysis.ts';
import { syntaxTraits } from '../syntax/traits.ts';

export interface ParseTraits {
  /** `inherit_defer`, BBCLASSEXTEND classes inherited late, and where classes are looked for. */
  readonly classDirectoriesByType: boolean;
  /** Classes that BBCLASSEXTEND names are inherited when the variant is finalised, not when it is made. */
  readonly defersExtendedClasses: boolean;
  /** BB_DEFER_BBCLASSES turns an `inherit` of a class into a deferred one. */
  readonly defersListedClasses: boolean;
  /** The event RecipePreDeferredInherits is fired. */
  readonly firesPreDeferredInherits: boolean;
  /** BB_RECIPE_VIRTUAL_PROVIDERS are mapped in DEPENDS and in task dependencies. */
  readonly mapsVirtualProviders: boolean;
  /** EXPORT_FUNCTIONS marks its functions by a line in their text; older releases by a flag. */
  readonly exportFunctionsBySentinel: boolean;
  /** `VAR[flag] ??=` has a slot of its own. */
  readonly flagDefaults: boolean;
  /** `addtask a after b`: names without `do_` get it in `after` and `before` too. */
  readonly prefixesNeighbourTasks: boolean;
  /** `addtask` may name several tasks. */
  readonly addtaskNamesSeveral: boolean;
  /** Event handlers take `(e, d)`; in older releases `(e)` with `d` as a builtin. */
  readonly handlersTakeDatastore: boolean;
  /** Variables set before a recipe is parsed: FILE_LAYERNAME, __BB_RECIPE_FILE. */
  readonly setsLayerName: boolean;
  readonly setsRecipeFile: boolean;
  /** LAYERSERIES_COMPAT_* is taken away while layers are read and put back sorted. */
  readonly collectsLayerSeries: boolean;
  /** BB_CACHEDIR gets a default. */
  readonly defaultsCacheDir: boolean;
  /** EXCLUDE_FROM_WORLD is a boolean in words; older releases take any text but an empty one as yes. */
  readonly worldExclusionIsBoolean: boolean;
  /** BBFILES may hold directories; older releases end at the first one that has files. */
  readonly searchesDirectories: boolean;
  /** AUTOREV that is set too late is refused. */
  readonly checksAutorev: boolean;
  /** BB_CURRENT_MC of the plain configuration. */
  readonly plainMulticonfigName: '' | 'default';
}

export interface SignatureTraits {
  /** Functions of Python libraries are dependencies of their own. */
  readonly moduleFunctions: boolean;
  /** BB_HASH_CODEPARSER_VALS replaces values while code is analysed. */
  readonly codeparserValues: boolean;
  /** BB_SIGNATURE_EXCLUDE_FLAGS is used as one text: a flag counts as excluded when its name occurs anywhere in it. */
  readonly excludesFlagsBySubstring: boolean;
  /** What the text that `:remove` takes away tests variables for counts. */
  readonly removalsCountTests: boolean;
  /** `export` flags are booleans in words (`0`, `no`); older releases take any text but an empty one as yes. */
  readonly exportFlagsAreBoolean: boolean;
  /** Which variable lists what stays out of basehashes. */
  readonly ignoreVariable: 'BB_BASEHASH_IGNORE_VARS' | 'BB_HASHBASE_WHITELIST';
}

/** The signature handlers that there are, in any release. */
export type HandlerName =
  'noop' | 'basic' | 'basichash' | 'TestEquivHash' | 'OEBasic' | 'OEBasicHash' | 'OEEquivHash';

export interface TaskhashTraits {
  readonly handlers: readonly HandlerName[];
  /** Dependencies are hashed in the order of recipe names and tasks; in older releases of the files' last parts. */
  readonly ordersByRecipeName: boolean;
  /** Files outside of directories are hashed in the order of their names; in older releases of their paths. */
  readonly ordersFilesByName: boolean;
  /** BitBake's own handlers and OEBasic leave out dependencies on other multiconfigs. */
  readonly plainHandlersSkipMulticonfigs: boolean;
  /** Which variable lists recipes that do not count. */
  readonly ignoreTasksVariable: 'BB_TASKHASH_IGNORE_TASKS' | 'BB_HASHTASK_WHITELIST';
  /** The class that makes a recipe a kernel for OE-Core, beside module-base. */
  readonly kernelClass: 'kernel' | 'linux-kernel-base';
  /** SPDX tasks count for SPDX tasks whatever else is left out. */
  readonly keepsSpdxDependencies: boolean;
  /** SIGGEN_UNIHASHMAP. */
  readonly mapsUnihashes: boolean;
}

/** How setscene tasks are gone through. */
export interface SetsceneTraits {
  /**
   * What the setscene task of another has a hard dependency on counts as needing nothing, and as being needed by that
   * other; newer releases set the other aside until what it needs is decided.
   */
  readonly countsHardDependencies: boolean;
  /** In the order of their names, from the first one after each step; newer releases go round in no order. */
  readonly sortsSetscene: boolean;
}

/** How BitBake's fetcher reads URLs. */
export interface MirrorTraits {
  /** By the rules of the web, but for those in mirrors; in older releases all by one pattern. */
  readonly readsByStandard: boolean;
  /** A parameter with a second equals sign is an error. */
  readonly oneEqualsSign: boolean;
  /** There is a fetcher of `gs://`. */
  readonly knowsGoogleStorage: boolean;
}

/** What BitBake's own hash equivalence server is like. */
export interface HashServerTraits {
  /** The table of unihashes that it reads. */
  readonly unihashTable: string;
  /** The table that it takes over into that one when it starts, where the database still has it. */
  readonly olderUnihashTable: string | undefined;
  /** BB_HASHSERVE_DB_DIR. */
  readonly sharesDatabase: boolean;
  /** Clients send a user name and a password. */
  readonly authenticates: boolean;
}

export interface Release {
  /** `2.18.0`. */
  readonly version: string;
  /** Against the versions whose hashes were compared with real BitBake. */
  readonly age: 'older' | 'known' | 'newer';
  readonly syntax: SyntaxTraits;
  readonly expansion: ExpansionTraits;
  readonly parse: ParseTraits;
  readonly signature: SignatureTraits;
  readonly taskhash: TaskhashTraits;
  readonly setscene: SetsceneTraits;
  readonly mirrors: MirrorTraits;
  readonly hashServer: HashServerTraits;
  readonly shell: ShellTraits;
  readonly python: PythonTraits;
}

/** The release that the built-in part of `bb` imitates. */
export const BUILT_IN_VERSION = '2.18.0';
/** The first and the last version whose hashes were compared with real BitBake, and many in between. */
export const OLDEST_KNOWN = '2.0';
export const LATEST_KNOWN = '2.19';

/**
 * Reads BitBake's version and traits from its checkout.
 * @param otherwise the version whose rules count where there is no checkout
 */
export function detectRelease(
  files: FileSystem,
  bitbakeDir: string | undefined,
  otherwise: string = BUILT_IN_VERSION,
): Release {
  const source = (name: string) =>
    bitbakeDir === undefined ? undefined : files.readText(`${bitbakeDir}/lib/bb/${name}`);
  const version = /^__version__ = "([^"]+)"/m.exec(source('__init__.py') ?? '')?.[1] ?? otherwise;
  return releaseOf(version, source);
}

/** The traits of a version, corrected by what the source texts say where they are at hand. */
export function releaseOf(
  version: string,
  source: (name: string) => string | undefined = () => undefined,
): Release {
  const [major = 2, minor = 0] = version.split('.').map(Number);
  const since = (number: number) => major > 2 || (major === 2 && minor >= number);
  const says = (name: string, text: RegExp, otherwise: boolean) => {
    const content = source(name);
    return content === undefined ? otherwise : text.test(content);
  };
  const codeparser = source('codeparser.py');
  const nestedBraces = says('data_smart.py', /\\\$\{@\(\?:\{/, since(4));
  const unexpandedKept = says('data_smart.py', /__expand_var_regexp__\.findall\(code\)/, since(4));
  const flagDefaults = says('parse/ast.py', /_defaultval_flag_/, since(12));
  return {
    version,
    age: isBefore([major, minor], OLDEST_KNOWN)
      ? 'older'
      : isBefore(LATEST_KNOWN, [major, minor])
        ? 'newer'
        : 'known',
    syntax: syntaxTraits(major, minor),
    shell:
      codeparser === undefined
        ? { commandsInQuotes: since(9), skipsAfterName: since(9) }
        : shellTraitsOf(codeparser),
    python: {
      moduleFunctions: says('codeparser.py', /def add_module_functions/, since(4)),
      ownFunctionsOnly: says('codeparser.py', /getsourcefile\(/, since(8)),
      sourcesHashed: says('codeparser.py', /parser\.extra/, since(8)),
      functionVardeps: says('codeparser.py', /bb_vardeps/, since(16)),
      visitorcode: says('codeparser.py', /visitorcode/, since(9)),
      builtinsSkipped: says('codeparser.py', /try:\s+targetfn\b/, since(12)),
      anyLiterals: says('codeparser.py', /node\.args\[1\], ast\.Constant\b/, since(8)),
      shortCallsFail: !says('codeparser.py', /node_str_value/, !since(2)),
      unparse: says('codeparser.py', /ast\.unparse/, since(19)),
      nestedBraces,
      unexpandedKept,
    },
    expansion: {
      inlinePythonNestsBraces: nestedBraces,
      skipsUnexpandedInlinePython: unexpandedKept,
      flagDefaults,
      overrideNeedsLowerStart: says('data_smart.py', /__override_regexp__\.match\(override\)/, true),
      deletesFlagDefaults: flagDefaults,
    },
    parse: {
      classDirectoriesByType: says('parse/parse_py/BBHandler.py', /"classes-"/, since(2)),
      defersExtendedClasses: says('parse/ast.py', /__BBDEFINHERITS/, since(8)),
      defersListedClasses: says('parse/parse_py/BBHandler.py', /BB_DEFER_BBCLASSES/, since(16)),
      firesPreDeferredInherits: says('parse/ast.py', /RecipePreDeferredInherits/, since(16)),
      mapsVirtualProviders: says('parse/ast.py', /handleVirtRecipeProviders\(tasklist, d\)\n/, since(12)),
      exportFunctionsBySentinel: says('parse/ast.py', /sentinel = /, since(8)),
      flagDefaults,
      prefixesNeighbourTasks: says('build.py', /ensure_task_prefix\(entry\)/, since(9)),
      addtaskNamesSeveral: says('parse/ast.py', /tasks = self\.tasks\.split\(\)/, since(9)),
      handlersTakeDatastore: says('event.py', /handler\(event, d\)/, since(4)),
      setsLayerName: says('cookerdata.py', /FILE_LAYERNAME/, since(6)),
      setsRecipeFile: says('cookerdata.py', /__BB_RECIPE_FILE/, since(18)),
      collectsLayerSeries: says('cookerdata.py', /compat_entries/, since(4)),
      defaultsCacheDir: says('cookerdata.py', /BB_CACHEDIR/, since(4)),
      worldExclusionIsBoolean: says('cache.py', /to_boolean\(self\.not_world\)/, since(4)),
      searchesDirectories: !says('cooker.py', /f\.endswith\(\['\.bb'/, !since(8)),
      checksAutorev: says('parse/ast.py', /__BBAUTOREV_SEEN/, since(4)),
      plainMulticonfigName: says('cookerdata.py', /mc = "default"/, !since(12)) ? 'default' : '',
    },
    signature: {
      moduleFunctions: says('data.py', /mod_funcs/, since(4)),
      codeparserValues: says('data.py', /BB_HASH_CODEPARSER_VALS/, since(4)),
      excludesFlagsBySubstring: !says(
        'data.py',
        /BB_SIGNATURE_EXCLUDE_FLAGS'\) or ""\)\.split\(\)/,
        since(18) || minor === 8,
      ),
      removalsCountTests: says('data.py', /handle_contains\(value, r2\.contains/, since(6) || minor === 0),
      exportFlagsAreBoolean: says('data.py', /to_boolean\(d\.getVarFlag\(key, ['"]export['"]/, since(4)),
      ignoreVariable: says('siggen.py', /BB_BASEHASH_IGNORE_VARS/, true)
        ? 'BB_BASEHASH_IGNORE_VARS'
        : 'BB_HASHBASE_WHITELIST',
    },
    mirrors: {
      readsByStandard: says('fetch2/__init__.py', /def decodemirrorurl\(/, since(12)),
      oneEqualsSign: says('fetch2/__init__.py', /s1, s2 = s\.split\('='\)\n/, !since(6)),
      knowsGoogleStorage: says('fetch2/__init__.py', /^from \. import gcp/m, since(6)),
    },
    taskhash: {
      handlers: ['noop', 'basic', 'basichash', 'TestEquivHash'],
      ordersByRecipeName: says('siggen.py', /def build_pnid\(/, since(6)),
      ordersFilesByName: says('siggen.py', /return os\.path\.basename\(f\)/, since(9)),
      plainHandlersSkipMulticonfigs: says('siggen.py', /supports_multiconfig_datacaches = False/, !since(4)),
      ignoreTasksVariable: says('siggen.py', /BB_TASKHASH_IGNORE_TASKS/, true)
        ? 'BB_TASKHASH_IGNORE_TASKS'
        : 'BB_HASHTASK_WHITELIST',
      kernelClass: since(19) ? 'kernel' : 'linux-kernel-base',
      keepsSpdxDependencies: !since(2),
      mapsUnihashes: since(12),
    },
    hashServer: {
      ...unihashTables(
        source('../hashserv/sqlite.py') ?? source('../hashserv/__init__.py'),
        since(8) ? 'unihashes_v3' : 'unihashes_v2',
      ),
      sharesDatabase: says('cooker.py', /BB_HASHSERVE_DB_DIR/, since(18)),
      authenticates: says('siggen.py', /get_hashserv_creds/, since(8)),
    },
    setscene: {
      countsHardDependencies: !says('runqueue.py', /sq_harddep_deferred/, since(8)),
      sortsSetscene: !says('runqueue.py', /itertools\.cycle/, since(8)),
    },
  };
}

type MajorMinor = string | readonly [major: number, minor: number];

function isBefore(one: MajorMinor, other: MajorMinor): boolean {
  const parts = (version: MajorMinor) =>
    typeof version === 'string' ? version.split('.').map(Number) : version;
  const [[a = 0, b = 0], [c = 0, d = 0]] = [parts(one), parts(other)];
  return a < c || (a === c && b < d);
}

/** @param database the text of the part of `hashserv` that makes the tables */
function unihashTables(
  database: string | undefined,
  otherwise: string,
): Pick<HashServerTraits, 'unihashTable' | 'olderUnihashTable'> {
  const unihashTable = /_make_table\(cursor, "(unihashes_v\d+)"/.exec(database ?? '')?.[1] ?? otherwise;
  const older = unihashTable === 'unihashes_v3' ? 'unihashes_v2' : undefined;
  const olderUnihashTable =
    database === undefined ? older : /DROP TABLE (unihashes_v\d+)/.exec(database)?.[1];
  return { unihashTable, olderUnihashTable };
}

/**
 * The traits, with the signature handlers that a layer defines.
 * @param sstatesig the text of that layer's `lib/oe/sstatesig.py`; undefined: there is none, and no such handlers
 */
export function withSignatureClasses(traits: TaskhashTraits, sstatesig: string | undefined): TaskhashTraits {
  if (sstatesig === undefined) return traits;
  const defined = (['OEBasic', 'OEBasicHash', 'OEEquivHash'] as const).filter((name) =>
    new RegExp(`^    name = ["']${name}["']`, 'm').test(sstatesig),
  );
  return {
    ...traits,
    handlers: [...traits.handlers, ...defined],
    kernelClass: sstatesig.includes('"/kernel.bbclass"') ? 'kernel' : 'linux-kernel-base',
    keepsSpdxDependencies: sstatesig.includes('isSPDXTask'),
    mapsUnihashes: sstatesig.includes('SIGGEN_UNIHASHMAP'),
  };
}
