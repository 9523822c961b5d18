/**
 * What the value of each variable, flag and function depends on, and what text of it is hashed.
 *
 * Follows `bb/data.py: build_dependencies, generate_dependencies`. Code analysis is asked of a port, so that
 * its results can be remembered by text. Pure apart from the expansions it causes in the datastore.
 */
import { sortedStrings, splitWords } from '../base/words.ts';
import type { Datastore } from '../datastore/datastore.ts';
import { ExpansionError, FatalError } from '../datastore/errors.ts';
import { type Expansion, namesLeft } from '../datastore/expansion.ts';
import { DatastoreHandle, Opaque, type Value } from '../datastore/value.ts';
import type { ModuleFunction, PythonAnalysis } from '../python/runtime.ts';
import type { SignatureTraits } from '../metadata/release.ts';
import { pythonText } from '../metadata/statements.ts';
import { taskList } from '../metadata/tasks.ts';

/** Analysis of code, remembered by the caller. */
export interface CodeAnalysis {
  /** @throws FatalError where BitBake refuses the text */
  python(text: string, variable: string): PythonAnalysis;
  /** The commands that shell text runs. @throws FatalError where BitBake refuses the text */
  shell(text: string, variable: string): Iterable<string>;
}

export interface Dependency {
  readonly names: ReadonlySet<string>;
  /** The text that is hashed for it; undefined where BitBake has None. */
  readonly value: string | undefined;
  /** Of a function, how its text leads to both; only where that is wanted. */
  readonly function?: FunctionText;
}

/** The text of a function, and what of its dependencies does not come of the text. */
export interface FunctionText {
  /** The file that defines it. */
  readonly path: string | undefined;
  readonly python: boolean;
  /** Unexpanded; undefined where more than the text and its tests decides what is hashed. */
  readonly text: string | undefined;
  /** What it depends on whatever its text is, exported variables apart, which every shell function has. */
  readonly others: ReadonlySet<string>;
  /** What it does not depend on whatever its text is. */
  readonly excluded: ReadonlySet<string>;
  /** The variables that it names, with the values that its text was analysed with. */
  readonly values: ReadonlyMap<string, Value>;
}

/** What it takes to tell where the value of a variable decides more than the variable's own text. */
export interface Substitutions {
  /** What shell functions have in their texts. */
  readonly inShell: ReadonlySet<string>;
  readonly shellFunctions: ReadonlySet<string>;
  /** Variables that run Python when they, or flags of them, are expanded, or lose words. */
  readonly computed: ReadonlySet<string>;
  /** What these have in their texts. */
  readonly inComputed: ReadonlySet<string>;
  /** Variables and flags (`NAME[flag]`) that name something which is not there. */
  readonly open: ReadonlySet<string>;
  /** What it is that is not there, where no shell function names it. */
  readonly missing: ReadonlySet<string>;
}

export interface GeneratedDependencies {
  /** In BitBake's order. */
  readonly tasks: readonly string[];
  readonly dependencies: ReadonlyMap<string, Dependency>;
  /** All names as numbers, counted from 0. */
  readonly numbers: ReadonlyMap<string, number>;
  /** Number of a name -> the numbers of what it depends on directly. */
  readonly edges: readonly (readonly number[])[];
  /**
   * The variables that decide all of a dependency, with what they are made of; those that more decides are left out,
   * and all where it is not wanted.
   */
  readonly reads: ReadonlyMap<string, ReadonlySet<string>>;
  /** Names whose text or dependencies are not certain to be BitBake's, and why. */
  readonly unknown: ReadonlyMap<string, string>;
  /** Names that are hashed with what is another at every parse, and what that is, as `the clock`. */
  readonly occasional: ReadonlyMap<string, string>;
  /** Variables that every shell function depends on. */
  readonly exported: ReadonlySet<string>;
  /** Whether there is such a variable or library function. */
  isKnown(name: string): boolean;
  /** Where functions are wanted. */
  readonly substitutions: Substitutions | undefined;
  /** The datastore whose values code was analysed with. */
  readonly analysed: Datastore;
  /** The variables that have other values there than they are hashed with. */
  readonly fixed: ReadonlySet<string>;
}

/** What was generated in an earlier datastore of the same recipe, by the same Python and configuration. */
export interface EarlierDependencies {
  readonly d: Datastore;
  readonly generated: GeneratedDependencies;
}

/** What is wanted besides the dependencies. */
export interface GenerationOptions {
  /** Functions come with how their texts lead to what is hashed. */
  readonly functions?: boolean;
  /** What it comes to can be an `EarlierDependencies`. Not with `functions`: whose values were asked would be missing. */
  readonly continued?: boolean;
  /** What is the same there is taken from it; it is of no use afterwards. */
  readonly earlier?: EarlierDependencies | undefined;
}

/** Flags that are expanded when they are read for a hash. */
const EXPANDED_FLAGS = [
  'vardeps',
  'vardepvalue',
  'vardepsexclude',
  'exports',
  'postfuncs',
  'prefuncs',
  'lineno',
  'filename',
];

/**
 * All dependencies of all tasks of a finished variant. What the host was not asked for while one name was looked at
 * makes that name unknown, and what reads its value.
 * @throws what expansion throws
 */
export function generateDependencies(
  d: Datastore,
  ignored: ReadonlySet<string>,
  moduleFunctions: ReadonlyMap<string, ModuleFunction>,
  traits: SignatureTraits,
  analysis: CodeAnalysis,
  { functions = false, continued = false, earlier }: GenerationOptions = {},
): GeneratedDependencies {
  const { frames } = d.context;
  frames.beginStep();
  const affected = earlier && d.takeOver(earlier.d);
  if (continued) d.noteChanges();
  if (functions) d.keepHashed();
  const builder = new DependencyBuilder(d, ignored, moduleFunctions, traits, analysis, functions);
  const holds = affected && earlier && builder.takeOver(earlier.generated, affected);
  if (continued) builder.analysed.noteChanges();
  if (functions && builder.analysed !== d) builder.analysed.keepHashed();
  const tasks = taskList(d);
  const shared = frames.endStep();
  if (shared !== undefined) frames.putAllInDoubt(shared);
  const dependencies = new Map<string, Dependency>();
  const reads = new Map<string, ReadonlySet<string>>();
  const unknown = new Map<string, string>();
  const occasional = new Map<string, string>();
  const build = (name: string): Dependency => {
    let dependency = dependencies.get(name);
    if (dependency) return dependency;
    dependency = holds?.(name);
    if (dependency) {
      dependencies.set(name, dependency);
      reads.set(name, earlier!.generated.reads.get(name)!);
      return dependency;
    }
    frames.beginStep();
    let doubt: string | undefined;
    let origin: string | undefined;
    try {
      if (continued) {
        const watched = frames.watch(() => builder.build(name));
        if (watched.reads) reads.set(name, watched.reads);
        const before = earlier?.generated.dependencies.get(name);
        dependency = before && sameDependency(before, watched.result) ? before : watched.result;
      } else dependency = builder.build(name);
      origin = builder.originOf(name, dependency);
      doubt = frames.endStep();
    } catch (error) {
      doubt = frames.endStep();
      // Without an answer of the host it fails here, and perhaps not in BitBake.
      if (doubt === undefined || !(error instanceof ExpansionError)) throw error;
      dependency = { names: new Set(), value: undefined };
    }
    if (origin !== undefined) {
      occasional.set(name, origin);
      doubt ??= `${name} comes from ${origin}, so that every parse gives another hash`;
    }
    if (doubt !== undefined) unknown.set(name, doubt);
    dependencies.set(name, dependency);
    return dependency;
  };
  // Task by task and level by level, as BitBake does: filtered variables make the order count. What a task before
  // has reached leads to nothing new.
  const numbers = new Map<string, number>();
  const names: string[] = [];
  const edges: (readonly number[])[] = [];
  const seen: boolean[] = [];
  const numberOf = (name: string): number => {
    let number = numbers.get(name);
    if (number === undefined) numbers.set(name, (number = names.push(name) - 1));
    return number;
  };
  const edgesOf = (number: number): readonly number[] =>
    (edges[number] ??= Array.from(build(names[number]!).names, numberOf));
  for (const task of tasks) {
    for (let level = edgesOf(numberOf(task)); level.length > 0;) {
      const next: number[] = [];
      for (const number of level) {
        if (seen[number]) continue;
        seen[number] = true;
        for (const named of edgesOf(number)) next.push(named);
      }
      level = next;
    }
  }
  const { exported, analysed, fixed, substitutions } = builder;
  return {
    tasks,
    dependencies,
    numbers,
    edges,
    reads,
    unknown,
    occasional,
    exported,
    analysed,
    fixed,
    substitutions,
    isKnown: knownTo(builder, dependencies),
  };
}

/** Apart from what it is asked for: what is kept for the next edit must not hold on to what was kept for this one. */
function knownTo(
  builder: DependencyBuilder,
  dependencies: ReadonlyMap<string, Dependency>,
): (name: string) => boolean {
  return (name) => dependencies.get(name) !== NO_VARIABLE && builder.isThere(name);
}

function sameDependency(a: Dependency, b: Dependency): boolean {
  return (
    a.value === b.value && a.names.size === b.names.size && [...a.names].every((name) => b.names.has(name))
  );
}

/** What is hashed of a variable, and what of it is the text of a function. */
interface HashedValue {
  readonly value: string | undefined;
  readonly text?: Value;
  readonly values?: ReadonlyMap<string, Value> | undefined;
}

const NONE: ReadonlyMap<string, Value> = new Map();
const NOTHING: ReadonlySet<string> = new Set();
/** Of what is named, but no variable. */
const NO_VARIABLE: Dependency = { names: NOTHING, value: '' };
/** Flags whose values, once expanded, decide what is hashed. */
const DECIDING_FLAGS = ['vardeps', 'vardepsexclude', 'vardepvalue'];
/** Variables that decide how all names are looked at. */
const DECIDING = ['BB_SIGNATURE_EXCLUDE_FLAGS', 'BB_HASH_CODEPARSER_VALS'];

class NotedSubstitutions implements Substitutions {
  readonly inShell = new Set<string>();
  readonly shellFunctions = new Set<string>();
  readonly computed = new Set<string>();
  readonly inComputed = new Set<string>();
  readonly open = new Set<string>();
  readonly missing = new Set<string>();

  /** @param key what was expanded @param variable the variable that it is or belongs to */
  note(key: string, variable: string, { unexpanded, value, references }: Expansion, d: Datastore): void {
    const runsPython = typeof unexpanded === 'string' && unexpanded.includes('${@');
    if (runsPython || d.mayRemove(variable)) {
      this.computed.add(variable);
      for (const name of references) this.inComputed.add(name);
    }
    if (typeof value !== 'string' || !value.includes('${')) return;
    this.open.add(key);
    if (!this.shellFunctions.has(key)) for (const name of namesLeft(value)) this.missing.add(name);
  }

  noteShell(key: string, expansion: Expansion, d: Datastore): void {
    this.shellFunctions.add(key);
    this.note(key, key, expansion, d);
    for (const name of expansion.references) this.inShell.add(name);
  }
}

class DependencyBuilder {
  /** Names already asked for -> whether there is such a variable or library function. */
  private readonly known = new Map<string, boolean>();
  readonly exported: ReadonlySet<string>;
  private readonly excludesFlag: ((flag: string) => boolean) | undefined;
  /** The datastore whose values code is analysed with. */
  readonly analysed: Datastore;
  readonly fixed: ReadonlySet<string>;
  readonly substitutions: NotedSubstitutions | undefined;

  constructor(
    private readonly d: Datastore,
    private readonly ignored: ReadonlySet<string>,
    private readonly moduleFunctions: ReadonlyMap<string, ModuleFunction>,
    private readonly traits: SignatureTraits,
    private readonly analysis: CodeAnalysis,
    private readonly functions: boolean,
  ) {
    this.exported = exportedVariables(d, traits);
    this.substitutions = functions ? new NotedSubstitutions() : undefined;
    const flags = d.getText('BB_SIGNATURE_EXCLUDE_FLAGS') ?? '';
    const words = new Set(splitWords(flags));
    if (traits.excludesFlagsBySubstring ? flags : words.size > 0) {
      this.excludesFlag = traits.excludesFlagsBySubstring
        ? (flag) => flags.includes(flag)
        : (flag) => words.has(flag);
    }
    const values = traits.codeparserValues ? codeparserValues(d) : undefined;
    this.analysed = values ? withValues(d, values) : d;
    this.fixed = values ? new Set(values.keys()) : NOTHING;
  }

  /**
   * Takes over what was expanded for code.
   * @param affected what may be another there
   * @returns what tells the dependencies of a name where they hold here, too; undefined where none may
   */
  takeOver(
    earlier: GeneratedDependencies,
    affected: ReadonlySet<string>,
  ): ((name: string) => Dependency | undefined) | undefined {
    const { exported, analysed } = earlier;
    if (DECIDING.some((name) => affected.has(name))) return undefined;
    if (exported.size !== this.exported.size || [...exported].some((name) => !this.exported.has(name)))
      return undefined;
    const affectedInCode = this.analysed !== this.d ? this.analysed.takeOver(analysed, affected) : NOTHING;
    if (!affectedInCode) return undefined;
    return (name) => {
      const reads = earlier.reads.get(name);
      if (!reads) return undefined;
      for (const read of reads) if (affected.has(read) || affectedInCode.has(read)) return undefined;
      return earlier.dependencies.get(name);
    };
  }

  /**
   * What is hashed of a name and is another at every parse; undefined where there is no such thing. What is only expanded
   * to see what it reads does not count.
   */
  originOf(key: string, { value }: Dependency): string | undefined {
    const { frames } = this.d.context;
    const [name = '', flag] = key.endsWith(']') ? key.slice(0, -1).split('[', 2) : [key];
    const origin = frames.occasionOf(name, flag, value);
    // Few have asked for any such thing.
    const isLikely = frames.occasion !== undefined || frames.hasOccasionalFlags;
    if (origin !== undefined || flag !== undefined || !isLikely) return origin;
    return DECIDING_FLAGS.map((each) => this.originOfFlag(name, each)).find((each) => each !== undefined);
  }

  private originOfFlag(name: string, flag: string): string | undefined {
    if (!this.d.hasFlags(name, [flag])) return undefined;
    const { frames } = this.d.context;
    frames.beginOccasion();
    return frames.occasionFor(this.d.getVarFlag(name, flag));
  }

  build(key: string): Dependency {
    const moduleFunction = this.moduleFunctions.get(key);
    if (moduleFunction) {
      const value = this.withContains(moduleFunction.extra, moduleFunction.contains, new Set());
      const names = new Set(moduleFunction.references);
      this.addKnown(names, moduleFunction.execs);
      return { names: this.withoutIgnored(names), value };
    }
    if (key.endsWith(']')) return this.buildFlag(key);
    return this.buildVariable(key);
  }

  private buildFlag(key: string): Dependency {
    const [name = '', flag = ''] = key.slice(0, -1).split('[');
    if (flag === 'vardepvalueexclude') return { names: new Set(), value: '' };
    const { frames } = this.d.context;
    const expansion = frames.decisive.whileHashing(() => this.d.expansionOf(name, flag));
    this.substitutions?.note(key, name, expansion, this.d);
    const names = new Set(expansion.references);
    this.addKnown(names, expansion.execs);
    const value = expansion.unexpanded;
    return { names: this.withoutIgnored(names), value: value === undefined ? undefined : pythonText(value) };
  }

  private buildVariable(key: string): Dependency {
    if (this.d.hasNothing(key)) return NO_VARIABLE;
    const ask = () => this.d.flagsForHash(key, EXPANDED_FLAGS) ?? new Map<string, Value>();
    const flags = this.hashesItsText(key) ? this.d.context.frames.decisive.whileHashing(ask) : ask();
    const text = (flag: string) => {
      const value = flags.get(flag);
      return typeof value === 'string' ? value : '';
    };
    const excluded = new Set(splitWords(text('vardepsexclude')));
    const names = new Set<string>();
    /** Names that do not come of the value. */
    const others = this.functions && flags.get('func') ? new Set<string>() : names;
    const hashed = this.hashedValue(key, flags, excluded, names);
    let { value } = hashed;
    if (flags.has('vardepvalueexclude') && value !== undefined) {
      for (const part of text('vardepvalueexclude').split('|')) if (part) value = value.replaceAll(part, '');
    }
    if (flags.get('func')) {
      for (const flag of ['prefuncs', 'postfuncs', 'exports']) {
        if (!flags.has('vardepvalue')) for (const name of splitWords(text(flag))) others.add(name);
      }
    }
    if (this.excludesFlag) {
      for (const flag of flags.keys()) if (!this.excludesFlag(flag)) others.add(`${key}[${flag}]`);
    }
    for (const name of splitWords(text('vardeps'))) others.add(name);
    if (others !== names) for (const name of others) names.add(name);
    for (const name of excluded) names.delete(name);
    this.withoutIgnored(names);
    if (others === names) return { names, value };
    const path = text('filename') || undefined;
    const python = Boolean(flags.get('python'));
    const isPlain = typeof hashed.text === 'string' && !flags.has('vardepvalueexclude');
    const own = isPlain ? (hashed.text as string) : undefined;
    return {
      names,
      value,
      function: { path, python, text: own, others, excluded, values: hashed.values ?? NONE },
    };
  }

  /** Whether all that is asked for by expanding its flags is its own text: `NAME[vardepvalue] = "${NAME}"`. */
  private hashesItsText(key: string): boolean {
    const { d } = this;
    if (d.assignedFlag(key, 'vardepvalue') !== `\${${key}}`) return false;
    const assigned = d.assignedText(key);
    if (!assigned || Object.values(assigned).some((text: string) => text.includes('$'))) return false;
    return !d.hasFlags(
      key,
      EXPANDED_FLAGS.filter((flag) => flag !== 'vardepvalue'),
    );
  }

  /** The text to hash; what it depends on is added to `names`. */
  private hashedValue(
    key: string,
    flags: ReadonlyMap<string, Value>,
    excluded: ReadonlySet<string>,
    names: Set<string>,
  ): HashedValue {
    if (flags.has('vardepvalue')) {
      const value = flags.get('vardepvalue');
      return { value: value === undefined ? undefined : pythonText(value) };
    }
    const { frames } = this.d.context;
    if (!flags.get('func')) {
      const expansion = frames.forHash(key, () => this.d.expansionOf(key));
      this.substitutions?.note(key, key, expansion, this.d);
      for (const name of expansion.references) names.add(name);
      this.addKnown(names, expansion.execs);
      const value = this.withContains(expansion.unexpanded, expansion.contains, excluded);
      return { value: this.withRemoves(value, expansion, excluded, names) };
    }
    if (flags.get('python')) {
      const body = frames.forHash(key, () => this.analysed.getVar(key, false));
      if (body && (flags.get('lineno') === undefined || flags.get('filename') === undefined)) {
        throw new FatalError(
          `the Python function ${key} needs the flags lineno and filename: BitBake cannot analyse it without`,
        );
      }
      const found = this.analysis.python(body === undefined ? '' : pythonText(body), key);
      for (const name of found.references) names.add(name);
      this.addKnown(names, found.execs);
      return { value: this.withContains(body, found.contains, excluded), text: body };
    }
    const expansion = frames.forHash(key, () => this.analysed.expansionOf(key));
    this.substitutions?.noteShell(key, expansion, this.d);
    const commands = this.analysis.shell(pythonText(expansion.value), key);
    for (const name of this.exported) names.add(name);
    for (const name of expansion.references) names.add(name);
    this.addKnown(names, commands);
    this.addKnown(names, expansion.execs);
    const value = this.withContains(expansion.unexpanded, expansion.contains, excluded);
    return {
      value: this.withRemoves(value, expansion, excluded, names),
      text: expansion.removes ? undefined : expansion.unexpanded,
      values: this.functions ? this.valuesOf(expansion.references) : undefined,
    };
  }

  private valuesOf(names: ReadonlySet<string>): ReadonlyMap<string, Value> {
    return this.d.context.frames.decisive.whileHashing(
      () => new Map([...names].map((name) => [name, this.analysed.getVar(name)])),
    );
  }

  /** Tests for items of a variable count by their outcome, not by the variable's value. */
  private withContains(
    value: Value,
    contains: ReadonlyMap<string, Iterable<string>>,
    excluded: ReadonlySet<string>,
  ): string {
    if (holdsAddress(value))
      this.d.context.frames.putInDoubt(
        'its value is an object of Python, of which BitBake hashes the address',
      );
    let text = value ? pythonText(value) : '';
    for (const name of sortedStrings(contains.keys())) {
      if (excluded.has(name) || this.ignored.has(name)) continue;
      const current = this.d.getVar(name);
      const words = new Set(splitWords(typeof current === 'string' ? current : ''));
      for (const item of sortedStrings(contains.get(name)!)) {
        const set = splitWords(item).every((word) => words.has(word));
        text += `\n${name}{${item}} = ${set ? 'Set' : 'Unset'}`;
      }
    }
    return text;
  }

  private withRemoves(
    value: string,
    expansion: Expansion,
    excluded: ReadonlySet<string>,
    names: Set<string>,
  ): string {
    if (!expansion.removes) return value;
    let text = value;
    let first = true;
    for (const removed of sortedStrings(expansion.removes)) {
      const found = this.d.expandWithRefs(removed, undefined);
      text += `\n_remove of ${removed}`;
      // BitBake loses what all but the first name: its set is copied within the loop.
      if (first) for (const name of found.references) names.add(name);
      first = false;
      if (this.traits.removalsCountTests) text = this.withContains(text, found.contains, excluded);
    }
    return text;
  }

  private addKnown(names: Set<string>, candidates: Iterable<string>): void {
    for (const name of candidates) if (this.isKnown(name)) names.add(name);
  }

  /** The same for who tells of it. */
  isThere(name: string): boolean {
    return this.d.context.frames.decisive.whileHashing(() => this.isKnown(name));
  }

  isKnown(name: string): boolean {
    this.d.askWhetherSet(name);
    let known = this.known.get(name);
    if (known === undefined) {
      known = this.moduleFunctions.has(name) || (!name.startsWith('__') && this.d.isSet(name));
      this.known.set(name, known);
    }
    return known;
  }

  private withoutIgnored(names: Set<string>): Set<string> {
    for (const name of names) if (this.ignored.has(name)) names.delete(name);
    return names;
  }
}

/** Variables that every shell function gets in its environment. */
function exportedVariables(d: Datastore, traits: SignatureTraits): Set<string> {
  const isSet = (name: string, flag: string) => {
    const value = d.getVarFlag(name, flag, traits.exportFlagsAreBoolean);
    return traits.exportFlagsAreBoolean ? isTrue(value, `${name}[${flag}]`) : Boolean(value);
  };
  const names = new Set<string>();
  for (const name of d.context.exported) {
    if (isSet(name, 'export') && !isSet(name, 'unexport')) names.add(name);
  }
  return names;
}

/** Whether `str(value)` says where in memory something lies: another place in each run. */
function holdsAddress(value: Value): boolean {
  if (value instanceof DatastoreHandle) return true;
  if (value instanceof Opaque) return / at 0x[0-9a-f]+>/.test(value.text);
  return Array.isArray(value) && value.some((item) => holdsAddress(item as Value));
}

/** `bb/utils.py: to_boolean`. @throws TypeError for a text that is neither */
function isTrue(value: Value, name: string): boolean {
  if (!value) return false;
  if (value === true || typeof value === 'number') return value !== 0;
  const text = pythonText(value).toLowerCase();
  if (['y', 'yes', '1', 'true'].includes(text)) return true;
  if (['n', 'no', '0', 'false'].includes(text)) return false;
  throw new TypeError(`${name}: invalid boolean value '${text}'`);
}

/** BB_HASH_CODEPARSER_VALS: values that keep a path or a date out of the text that code analysis sees. */
function codeparserValues(d: Datastore): Map<string, string> {
  const values = new Map<string, string>();
  for (const entry of splitWords(d.getText('BB_HASH_CODEPARSER_VALS') ?? '')) {
    const at = entry.indexOf('=');
    if (at > 0) values.set(entry.slice(0, at), entry.slice(at + 1));
  }
  return values;
}

function withValues(d: Datastore, values: ReadonlyMap<string, string>): Datastore {
  const copy = d.createCopy();
  // Who hashes alone sees them.
  d.context.frames.decisive.whileHashing(() => {
    for (const [name, value] of values) copy.setVar(name, value);
  });
  return copy;
}
