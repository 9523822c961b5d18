/**
 * What other recipes, the task graph and taskhashes need to know of one recipe variant, as plain data: what it
 * provides and needs, its tasks and their flags, its stamps. The counterpart of what BitBake keeps in its cache.
 *
 * Follows `bb/cache.py: CoreRecipeInfo` and, for tasks, `bb/build.py: add_tasks`. Knows nothing of hashes, nor of
 * any other recipe. Where a value was set can be asked later (`RecipeEvaluator.inspect`); it is not carried along.
 */
import { explodeDependencies, splitWords, strip } from '../base/words.ts';
import type { Datastore } from '../datastore/datastore.ts';
import { FatalError } from '../datastore/errors.ts';
import type { Value } from '../datastore/value.ts';
import { pythonText } from './statements.ts';
import { taskList, textList } from './tasks.ts';

/** The flags of tasks that are expanded when tasks are added, all texts. */
export const TASK_FLAGS = [
  'depends',
  'rdepends',
  'deptask',
  'rdeptask',
  'recrdeptask',
  'recideptask',
  'mcdepends',
  'nostamp',
  'noexec',
] as const;
const COUNT_BY_BEING_THERE: readonly string[] = ['nostamp', 'noexec', 'mcdepends'];
export type TaskFlag = (typeof TASK_FLAGS)[number];

/** Task -> text; tasks without the flag are left out. */
export type TaskTexts = Readonly<Record<string, string>>;

/** Package -> names; packages without any are left out. */
export type PackageNames = Readonly<Record<string, readonly string[]>>;

/** The tasks of a variant (`_task_deps`). */
export interface TaskDependencies {
  /** Expanded, in BitBake's order of definition; with the `_setscene` tasks. */
  readonly tasks: readonly string[];
  /** For each of `tasks`, what it comes after in the same recipe; may name tasks that do not exist. */
  readonly parents: readonly (readonly string[])[];
  /** Blank texts are left out, but not those of `nostamp` and `noexec`: these count by being there. */
  readonly flags: Readonly<Record<TaskFlag, TaskTexts>>;
}

/** What is known of a skipped variant too. Lists keep their order; repeated names stay. */
export interface RecipeNames {
  /** BitBake's virtual file name: `mc:musl:virtual:native:/abs/zlib_1.3.bb`. */
  readonly mcfn: string;
  /** `''` for the plain configuration. */
  readonly multiconfig: string;
  readonly pn: string;
  /** PROVIDES, without PN unless it names it. */
  readonly provides: readonly string[];
  readonly rprovides: readonly string[];
  /** PACKAGES; PN where that is empty. */
  readonly packages: readonly string[];
  readonly packagesDynamic: readonly string[];
  /** RPROVIDES of single packages. */
  readonly packageRprovides: PackageNames;
}

export interface SkippedRecipe extends RecipeNames {
  readonly skipped: string;
}

export interface RecipeInfo extends RecipeNames, TaskDependencies {
  readonly skipped: undefined;
  readonly pe: string;
  readonly pv: string;
  readonly pr: string;
  readonly defaultPreference: number;
  /** That of the layer: BBFILE_PRIORITY. */
  readonly priority: number;
  /** EXCLUDE_FROM_WORLD. */
  readonly excludedFromWorld: boolean;
  readonly depends: readonly string[];
  readonly rdepends: readonly string[];
  readonly rrecommends: readonly string[];
  /** RDEPENDS and RRECOMMENDS of single packages. */
  readonly packageRdepends: PackageNames;
  readonly packageRrecommends: PackageNames;
  /** Names of all inherited classes (`image` for …/image.bbclass), in order. */
  readonly inherits: readonly string[];
  readonly stamp: string;
  readonly stampclean: string;
  /** BB_HASHFILENAME. */
  readonly hashFilename: string;
  /** The body of the Python function `calculate_extra_depends`; empty: there is none. */
  readonly extraDependsFunction: string;
  /** `[stamp-extra-info]`, where it is set at all. */
  readonly stampExtraInfo: TaskTexts;
  /**
   * `[file-checksums]`, `/abs/file:True /abs/directory:True`. Files that are not there (`:False`), most of the text,
   * are left out: they take no part in hashes.
   */
  readonly fileChecksums: TaskTexts;
  /** Task -> why it is not known which files these are: what takes the place of the reason in "unknown, because …". */
  readonly unknownFiles: TaskTexts;
}

/** What the variant itself does not say. */
export interface RecipeSurroundings {
  readonly mcfn: string;
  readonly multiconfig: string;
  /** The name that the file name gives, for a recipe without PN. */
  readonly nameFromFile: string;
  readonly priority: number;
  /** EXCLUDE_FROM_WORLD is a boolean in words; older releases take any text but an empty one as yes. */
  readonly worldExclusionIsBoolean: boolean;
  /** Told of each value that cannot be expanded or is not what it has to be; it then counts as empty. */
  readonly fault: (error: unknown) => void;
  /** Calls `step` and returns why what it reads is not certain; undefined: it is. */
  readonly doubtOf: (step: () => void) => string | undefined;
}

/** The tasks and their flags, at the point where BitBake adds tasks: before signatures. */
export function taskDependencies(d: Datastore, fault: (error: unknown) => void): TaskDependencies {
  const tasks: string[] = [];
  const parents: string[][] = [];
  const flags = Object.fromEntries(TASK_FLAGS.map((flag) => [flag, {}])) as Record<
    TaskFlag,
    Record<string, string>
  >;
  const expanded = (text: string) => attempt(() => d.expandText(text), fault) ?? text;
  for (const name of taskList(d)) {
    const task = expanded(name);
    for (const flag of TASK_FLAGS) {
      // Not all flags at once: the others are nothing to anybody but who hashes.
      const value = d.getVarFlag(task, flag, false);
      if (value === undefined) continue;
      const text = typeof value === 'string' ? attempt(() => d.expandText(value), fault) : pythonText(value);
      if (strip(text ?? '') !== '' || COUNT_BY_BEING_THERE.includes(flag)) flags[flag][task] = text ?? '';
    }
    const after = textList(d.getVarFlag(task, 'deps', false)).map(expanded);
    const known = tasks.indexOf(task);
    if (known >= 0) parents[known] = after;
    else {
      tasks.push(task);
      parents.push(after);
    }
  }
  return { tasks, parents, flags };
}

/** The names of a variant that is skipped. */
export function skippedRecipe(d: Datastore, skipped: string, around: RecipeSurroundings): SkippedRecipe {
  return { ...recipeNames(new RecipeValues(d, around.fault), around), skipped };
}

/** What BitBake's cache keeps of a finished variant, its tasks being known. */
export function recipeInfo(d: Datastore, tasks: TaskDependencies, around: RecipeSurroundings): RecipeInfo {
  const values = new RecipeValues(d, around.fault);
  const names = recipeNames(values, around);
  const declared = taskList(d);
  return {
    ...names,
    ...tasks,
    skipped: undefined,
    pe: values.text('PE'),
    pv: values.text('PV'),
    pr: values.text('PR'),
    defaultPreference: values.number('DEFAULT_PREFERENCE'),
    priority: around.priority,
    excludedFromWorld: around.worldExclusionIsBoolean
      ? values.boolean('EXCLUDE_FROM_WORLD')
      : values.text('EXCLUDE_FROM_WORLD') !== '',
    stamp: values.text('STAMP'),
    stampclean: values.text('STAMPCLEAN'),
    stampExtraInfo: values.flags('stamp-extra-info', declared),
    ...checksummedFiles(d, declared, around),
    hashFilename: values.text('BB_HASHFILENAME'),
    depends: values.dependencies('DEPENDS'),
    rdepends: values.dependencies('RDEPENDS'),
    rrecommends: values.dependencies('RRECOMMENDS'),
    packageRdepends: values.ofPackages('RDEPENDS', names.packages),
    packageRrecommends: values.ofPackages('RRECOMMENDS', names.packages),
    inherits: textList(d.getVar('__inherit_cache', false)).map(className),
    extraDependsFunction: values.text('calculate_extra_depends'),
  };
}

function recipeNames(
  values: RecipeValues,
  { mcfn, multiconfig, nameFromFile }: RecipeSurroundings,
): RecipeNames {
  const provides = values.dependencies('PROVIDES');
  const rprovides = values.dependencies('RPROVIDES');
  const pn = values.text('PN') || nameFromFile;
  const packages = values.words('PACKAGES');
  if (packages.length === 0) packages.push(pn);
  return {
    mcfn,
    multiconfig,
    pn,
    provides,
    rprovides,
    packages,
    packagesDynamic: values.words('PACKAGES_DYNAMIC'),
    packageRprovides: values.ofPackages('RPROVIDES', packages),
  };
}

/** Values of one datastore in the forms that the cache has them; faults make them empty. */
class RecipeValues {
  constructor(
    private readonly d: Datastore,
    private readonly fault: (error: unknown) => void,
  ) {}

  text(name: string): string {
    return plainText(attempt(() => this.d.getVar(name), this.fault));
  }

  words(name: string): string[] {
    return splitWords(this.text(name));
  }

  dependencies(name: string): string[] {
    return explodeDependencies(this.text(name));
  }

  number(name: string): number {
    const text = this.text(name) || '0';
    if (/^\s*[+-]?\d+\s*$/.test(text)) return Number(text);
    this.fault(new FatalError(`${name} is "${text}", which is no number: set it to a whole number`));
    return 0;
  }

  boolean(name: string): boolean {
    const text = this.text(name).toLowerCase();
    if (['y', 'yes', '1', 'true'].includes(text)) return true;
    if (!['', 'n', 'no', '0', 'false'].includes(text)) {
      this.fault(new FatalError(`${name} is "${text}", which is neither yes nor no: set it to "1" or "0"`));
    }
    return false;
  }

  ofPackages(name: string, packages: readonly string[]): Record<string, string[]> {
    const found: Record<string, string[]> = {};
    for (const entry of packages) {
      const names = this.dependencies(`${name}:${entry}`);
      if (names.length > 0) found[entry] = names;
    }
    return found;
  }

  flags(flag: string, tasks: readonly string[]): Record<string, string> {
    const found: Record<string, string> = {};
    for (const task of tasks) {
      const value = attempt(() => this.d.getVarFlag(task, flag), this.fault);
      if (value !== undefined) found[task] = pythonText(value);
    }
    return found;
  }
}

/** `getVar(…) or ''`. */
function plainText(value: Value): string {
  return value === undefined || value === 0 || value === false ? '' : pythonText(value);
}

/** Of each task by itself, since one that asks the host for something leaves the others known. */
function checksummedFiles(
  d: Datastore,
  tasks: readonly string[],
  { fault, doubtOf }: RecipeSurroundings,
): Pick<RecipeInfo, 'fileChecksums' | 'unknownFiles'> {
  const fileChecksums: Record<string, string> = {};
  const unknownFiles: Record<string, string> = {};
  for (const task of tasks) {
    let reason: string | undefined;
    const doubt = doubtOf(() => {
      const failed = (error: unknown): void => {
        reason = `its [file-checksums] cannot be computed: ${error instanceof Error ? error.message : String(error)}`;
        fault(error);
      };
      const value = attempt(() => d.getVarFlag(task, 'file-checksums'), failed);
      const present = value === undefined ? '' : withoutMissing(pythonText(value));
      if (present !== '') fileChecksums[task] = present;
    });
    reason = doubt ?? reason;
    if (reason !== undefined) unknownFiles[task] = reason;
  }
  return { fileChecksums, unknownFiles };
}

function withoutMissing(files: string): string {
  const entries = strip(files).split(/(?<=:True|:False)\s+/);
  return entries.filter((entry) => entry !== '' && !entry.endsWith(':False')).join(' ');
}

function className(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.bbclass$/, '');
}

function attempt<T>(step: () => T, fault: (error: unknown) => void): T | undefined {
  try {
    return step();
  } catch (error) {
    fault(error);
    return undefined;
  }
}
