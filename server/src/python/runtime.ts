/**
 * The one door to Python: what the layers that evaluate metadata may ask of CPython, and what Python
 * may ask of them. Everything is synchronous; both directions can nest.
 *
 * Python text is untrusted. Implementations run it in WebAssembly with no JavaScript object in reach;
 * only strings and bytes cross. This file knows nothing of how; see `sandbox.ts`.
 */
import type { Value } from '../datastore/value.ts';

/** The `id` of an error after which Python can only be put back. */
export const FAILED_FOR_GOOD = 0;

/** A Python exception that reached the door. */
export class PythonError extends Error {
  override readonly name = 'PythonError';
  constructor(
    /** The class, with its module: `bb.parse.SkipRecipe`, `NameError`. */
    readonly type: string,
    /** The names of all its base classes, itself first: how `except` would see it. */
    readonly types: readonly string[],
    message: string,
    /** `args[0]` as text (the reason of a SkipRecipe); empty where it counts as false, undefined where there is none. */
    readonly argument: string | undefined,
    /** The key under which the exception object is kept, so that it can be raised again unchanged. */
    readonly id: number,
    /** Innermost frame inside workspace code, where there is one; `line` counts from 1. */
    readonly frame: { readonly file: string; readonly line: number } | undefined,
  ) {
    super(message);
  }
  is(type: string): boolean {
    return this.types.includes(type);
  }
}

/** What the code analysis finds in Python text (`bb/codeparser.py: PythonParser`). */
export interface PythonAnalysis {
  readonly references: readonly string[];
  readonly execs: readonly string[];
  /** Variable -> the items it is tested for. */
  readonly contains: ReadonlyMap<string, readonly string[]>;
  /** Calls whose variable name is no literal, which BitBake cannot see; `line` counts from 0 in the text. */
  readonly unseen: readonly { readonly call: string; readonly argument: string; readonly line: number }[];
  /** Where the text is no Python: the message and the line (from 0). All else is empty then. */
  readonly syntaxError?: { readonly message: string; readonly line: number };
  /** What else BitBake's own analysis would fail with on this text. All else is empty then. */
  readonly error?: string;
}

/** A function of a layer's Python library, as a dependency of its own (`add_module_functions`). */
export interface ModuleFunction extends PythonAnalysis {
  /** `oe.utils.foo`. */
  readonly name: string;
  /** What BitBake hashes as its value; see `bb/codeparser.py: parse_python`, `extra`. */
  readonly extra: string | undefined;
}

export interface CodePlace {
  readonly file: string;
  /** Counts from 1: the line of the file on which the first line of the text stands. */
  readonly line: number;
}

/** What an event is made with: values, or a dictionary of them. */
export type EventArgument = Value | Record<string, Value>;

export interface PythonRuntime {
  /**
   * Evaluates the expression of `${@…}` with the variables of datastore `d` as names, as
   * `bb/data_smart.py: python_sub` does, and returns `str()` of it.
   * @throws PythonError
   */
  evaluate(expression: string, d: number, variable: string | undefined): string;
  /** From now on a directory outside all that may be read is there, empty, and what is written to it goes to memory. */
  lend(directory: string): void;
  /** Runs a `def` (or any module-level text) in the shared context (`bb/methodpool.py`). @throws PythonError */
  define(text: string, place: CodePlace): void;
  /** Calls each named function of the shared context with `d`, in order. @throws PythonError */
  callAnonymous(functions: readonly string[], d: number): void;
  /** Compiles `body` as `def name(e, d):`. @throws PythonError */
  defineHandler(name: string, body: string, place: CodePlace): void;
  /**
   * Calls a defined handler with a new event: `bb.event.<eventClass>(*args)`, its `data` being `d`.
   * @throws PythonError
   */
  fireHandler(name: string, eventClass: string, args: readonly EventArgument[], d: number): void;
  /**
   * `addpylib`: appends `directory` to the module path, imports `namespace` and the modules that its
   * BBIMPORTS names into the shared context, and returns their functions.
   * @throws PythonError
   */
  addLibrary(directory: string, namespace: string): readonly ModuleFunction[];
  /** Imports modules by name into the shared context (BB_GLOBAL_PYMODULES). @throws PythonError */
  importGlobals(modules: readonly string[]): void;
  /** Analyses Python text; `variable` is the name that `d.expand` of a literal is expanded under. */
  analyse(text: string, variable: string): PythonAnalysis;
  /** Applies a BB variable filter expression (`bb/filter.py`). @throws PythonError */
  applyFilter(value: string, expression: string): string;
  /** Remembers the whole state of Python now, as what `restore` returns to. */
  checkpoint(): void;
  /**
   * Puts every byte of Python's state back to the last checkpoint, so that nothing one recipe's code
   * did can be seen by the next. Opaque ids made since are void. Also the way out where Python itself has
   * failed (its time was over, its stack was, it left): all that is asked of it then fails until this is called.
   */
  restore(): void;
  /**
   * What of the code that all recipes share (BitBake's modules, those of the layers' libraries, Python's most basic
   * ones) is not what it was at the last checkpoint.
   */
  replaced(): Replaced;
  /** Follows the lines that run, until `restore`, so that `replaced` can name the one to blame; slow. */
  followLines(): void;
  /**
   * What one of our own modules finds out by calling functions of the workspace; nothing of it is remembered. Takes
   * and gives plain data. Python is to be put back before and after.
   * @throws PythonError
   */
  ask(module: QuestionModule, question: unknown, d: number): unknown;
  /** What the sandbox refused since the last call: each makes what depended on it unknown. */
  takeRefusals(): readonly Refusal[];
}

/** The modules of `lib/lens` that answer questions about a datastore with functions of the workspace. */
export type QuestionModule = 'objects';

export interface Replaced {
  /** `bb.utils.contains`; in no particular order. */
  readonly names: readonly string[];
  /** The line that did it, where lines were followed and it is one of a layer; `line` counts from 1. */
  readonly frame: { readonly file: string; readonly line: number } | undefined;
  /** Python itself has failed, and cannot tell. */
  readonly failed?: boolean;
}

/** Something Python asked of the host and did not get. */
export interface Refusal {
  /** What was asked, for the message: `run a command: hostname -f`. */
  readonly what: string;
  readonly frame: { readonly file: string; readonly line: number } | undefined;
  /** What Python had been entered for, for one without a frame: `the value of MOTD`, or where that is. */
  readonly entered: string;
}

/**
 * What Python's `d` calls. `operation` is a method name of `bb/data_smart.py: DataSmart`; the arguments are
 * positional, with the defaults of BitBake filled in. Values are those of `Value`; what throws is raised in
 * Python: a PythonError as the exception it came from, an ExpansionError, FatalError, or an error named
 * `ParseError` (with `file` and `line`) or `SkipRecipe` as BitBake's own, all others as `Exception`.
 *
 * - `getVar(var, expand, noweakdefault, parsing)`, `getVarFlag(var, flag, expand, noweakdefault, parsing)`
 * - `getVarFlags(var, flags to expand, internalflags)`: values by flag, or undefined
 * - `expand(text, varname)`; `expandWithRefs(text, varname)`: `value`, `references`, `execs`, `contains` (a list
 *   of [variable, items]) and `removes`, by name
 * - `hasOverrides(var)`, `need_overrides()`, `overrides()`, `keys(beginning)`, `localkeys()`, `tracking()`, `get_hash()`;
 *   `overridedata()`: the names of variables that have forms with overrides; `overridedata(var)`: a list of [form,
 *   override], or undefined
 * - `variableHistory(var)`: a list of [op, file, line, detail, flag]; `deleteHistory(var, file, line)`
 * - `setVar(var, value, op, file, line, parsing)`; `setVarFlags(var, [[flag, value], …], op, file, line)`;
 *   `setVarFlag`, `appendVarFlag`, `prependVarFlag` `(var, flag, value, op, file, line)`; `appendVar`,
 *   `prependVar` `(var, value, op, file, line)`; `delVar(var, op, file, line)`, `delVarFlag(var, flag, op, …)`,
 *   `delVarFlags(var, op, …)`, `renameVar(var, to, op, …)`: file and line are those of the calling code
 *   where metadata does not give them
 * - `listens(event)`: whether a handler listens to events of that class (`bb.event.RecipeParsed`)
 * - `tasks()`: a list of [name, the tasks it follows] of all that have the flag `task`
 * - `initVar(var)`, `expandVarref(var, parents)`, `setVarFilter(var, filter)`, `enableTracking()`,
 *   `disableTracking()`
 * - `create()` (of no datastore: `d` is 0) and `createCopy()`: the number of a new datastore
 * - `inherit(files, file, line, deferred)`, `inherit_defer(files, file, line)`,
 *   `include(including file, files, line, error text)`: `bb.parse` called from metadata
 */
export interface DatastoreService {
  call(operation: string, d: number, args: readonly Value[]): Value | Record<string, Value>;
}
