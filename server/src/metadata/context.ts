/**
 * What evaluating metadata needs at hand: the release, the files, Python, and a place to put problems.
 *
 * One context serves one evaluator for as long as the configuration stands; `begin` starts a recipe. It gives
 * datastores the numbers under which Python knows them. It knows nothing of signatures.
 */
import type { Value } from '../datastore/value.ts';
import type { Problem, Severity } from '../base/problem.ts';
import { lineRange, type Range } from '../base/text.ts';
import { ReadFrames } from '../datastore/cache.ts';
import { Datastore, type DatastoreContext } from '../datastore/datastore.ts';
import { EndlessError, ExpansionError, FatalError, ParseError } from '../datastore/errors.ts';
import type { ChangeSource } from '../datastore/history.ts';
import type { InlinePython } from '../datastore/python.ts';
import type { FileSystem } from '../inputs/ports.ts';
import { FAILED_FOR_GOOD, PythonError, type ModuleFunction, type PythonRuntime } from '../python/runtime.ts';
import { parseFile } from '../syntax/parser.ts';
import type { Assignment } from '../syntax/statements.ts';
import type { SyntaxTree } from '../syntax/tree.ts';
import type { Release } from './release.ts';

const NEWLINE = 10;
/** How many variables of a chain are named. */
const MOST_NAMED = 8;
/** How many messages one line of metadata may give before they become one. */
const MOST_MESSAGES = 20;

/** Raised by the metadata itself to leave a recipe out; not a fault. */
export const SKIP_RECIPE = 'bb.parse.SkipRecipe';

/** Names that variables had in older releases, and what replaced them. */
const RENAMED_VARIABLES: readonly (readonly [string, string])[] = [
  ['BB_ENV_WHITELIST', 'BB_ENV_PASSTHROUGH'],
  ['BB_ENV_EXTRAWHITE', 'BB_ENV_PASSTHROUGH_ADDITIONS'],
  ['BB_HASHBASE_WHITELIST', 'BB_BASEHASH_IGNORE_VARS'],
  ['BB_HASHCONFIG_WHITELIST', 'BB_HASHCONFIG_IGNORE_VARS'],
  ['BB_HASHTASK_WHITELIST', 'BB_TASKHASH_IGNORE_TASKS'],
  ['BB_SETSCENE_ENFORCE_WHITELIST', 'BB_SETSCENE_ENFORCE_IGNORE_TASKS'],
  ['MULTI_PROVIDER_WHITELIST', 'BB_MULTI_PROVIDER_ALLOWED'],
  ['BB_STAMP_WHITELIST', 'is deprecated and no longer supported; remove it'],
  ['BB_STAMP_POLICY', 'is deprecated and no longer supported; remove it'],
];

/** A file whose statements were evaluated, and by which statement of another. */
export interface RoutedFile {
  readonly path: string;
  readonly d: Datastore;
  /** A number in the route; undefined: nothing that was being read asked for it. */
  readonly parent: number | undefined;
  /** Which of the parent's statements that read files it was, counted from 1; 0: none. */
  readonly at: number;
}

/** Texts of one file, read once while it stays the same. */
interface ReadTree {
  readonly text: string;
  readonly tree: SyntaxTree;
}

/** Who hears of events: `EventHandlers`. */
export interface Listeners {
  /** @param event `bb.event.RecipeParsed` */
  listens(event: string, d: Datastore): boolean;
}

export class ParseContext {
  readonly datastoreContext: DatastoreContext;
  /** Functions of the layers' Python libraries, by name, with what they depend on. */
  readonly moduleFunctions = new Map<string, ModuleFunction>();
  /** The names of all functions that were ever defined in braces. */
  readonly functions = new Set<string>();
  /** Every file that took part since `begin`, in order of first use. */
  readonly involved = new Set<string>();
  private problems: Problem[] = [];
  /** What Python failed of for good: all that was asked of it since failed alike. */
  private dead: Problem | undefined;
  /** Place -> what metadata said there, with bb.warn and its like. */
  private readonly messages = new Map<string, Problem[]>();
  private readonly trees = new Map<string, ReadTree>();
  private readonly datastores = new Map<number, Datastore>();
  private readonly numbers = new WeakMap<Datastore, number>();
  private nextNumber = 1;
  private lasting = 0;
  /** The statement being evaluated, where a problem without a place of its own belongs. */
  place: ChangeSource | undefined;
  /** The datastore of the variant at work, for telling where a value that is being computed was set. */
  current: Datastore | undefined;
  /** The event handlers of what is at work. */
  listeners: Listeners | undefined;
  /** What was said of a MACHINE that no layer knows. */
  unknownMachine: string | undefined;
  /** Does what finds the value that a statement gives a variable; undefined: nobody wants to see to it. */
  findingValue: ((statement: Assignment, find: () => Value) => Value) | undefined;
  /** The files whose statements were evaluated since `begin`, in order, as often as that was done. */
  readonly route: RoutedFile[] = [];
  /** The statement that reads files. */
  private reader: { readonly file: number; readonly at: number } | undefined;
  /** The datastore that every variant of a recipe is a copy of. */
  base: Datastore | undefined;
  /** The files being read inside one another, each with the statement that asked for it. */
  readonly reading: { readonly path: string; readonly from: ChangeSource | undefined }[] = [];

  constructor(
    readonly release: Release,
    /** Absolute; BitBake's working directory. */
    readonly buildDir: string,
    readonly files: FileSystem,
    readonly python: PythonRuntime,
    inline: InlinePython,
  ) {
    this.datastoreContext = {
      traits: release.expansion,
      python: inline,
      passesThrough: (error) =>
        error instanceof PythonError && (error.is(SKIP_RECIPE) || error.is('bb.BBHandledException')),
      report: (severity, message, source) => this.report(severity, 'metadata', message, source),
      renamed: new Map(
        release.signature.ignoreVariable === 'BB_BASEHASH_IGNORE_VARS' ? RENAMED_VARIABLES : [],
      ),
      exported: new Set(),
      frames: new ReadFrames(),
    };
  }

  // Datastores by number

  numberOf(d: Datastore): number {
    let number = this.numbers.get(d);
    if (number === undefined) {
      number = this.nextNumber++;
      this.numbers.set(d, number);
      this.datastores.set(number, d);
    }
    return number;
  }

  datastore(number: number): Datastore {
    const d = this.datastores.get(number);
    if (!d) throw new Error(`Python asked for datastore ${number}, which is gone`);
    return d;
  }

  newDatastore(): Datastore {
    return new Datastore(this.datastoreContext);
  }

  /** What exists now outlasts every `begin`: the configuration. */
  settle(): void {
    this.lasting = this.nextNumber;
  }

  /** Starts a recipe: problems, involved files and datastores of the one before are gone. */
  begin(): void {
    this.problems = [];
    this.messages.clear();
    this.dead = undefined;
    this.reading.length = 0;
    this.forgetRoute();
    this.datastoreContext.frames.forgetDoubts();
    this.datastoreContext.frames.forgetOccasions();
    this.involved.clear();
    this.place = undefined;
    this.current = undefined;
    for (const number of this.datastores.keys()) if (number >= this.lasting) this.datastores.delete(number);
  }

  /** The datastores of a recipe are let go. */
  forgetRoute(): void {
    this.route.length = 0;
    this.reader = this.base = undefined;
  }

  /**
   * Evaluates the statements of a file.
   * @param evaluate is given what to do before and behind each statement that reads files
   */
  follow(path: string, d: Datastore, evaluate: (reads: (step: () => void) => void) => void): void {
    const outer = this.reader;
    const file = this.route.push({ path, d, parent: outer?.file, at: outer?.at ?? 0 }) - 1;
    let count = 0;
    this.reader = { file, at: 0 };
    try {
      evaluate((step) => {
        this.reader = { file, at: ++count };
        step();
        this.reader = { file, at: 0 };
      });
    } finally {
      this.reader = outer;
    }
  }

  // Problems

  report(
    severity: Severity,
    code: string,
    message: string,
    source: ChangeSource | undefined = this.place,
  ): void {
    this.add(this.problem(severity, code, message, source));
  }

  /** A problem with its place, which is not reported. */
  problem(severity: Severity, code: string, message: string, source: ChangeSource | undefined): Problem {
    const path = source?.path ?? '';
    const range = source && source.line > 0 ? this.rangeOf(path, source.line - 1) : undefined;
    return { severity, code, message, path, ...(range && { range }) };
  }

  /** @returns whether it is not known already */
  private add(problem: Problem): boolean {
    if (this.problems.some((known) => sameProblem(known, problem))) return false;
    this.problems.push(problem);
    return true;
  }

  /** What metadata says itself. Very many messages of one line become one, with the first of them. */
  reportMessage(severity: Severity, message: string, source: ChangeSource | undefined): void {
    const key = `${source?.path ?? ''}:${source?.line ?? 0}`;
    const said = this.messages.get(key) ?? [];
    this.messages.set(key, said);
    if (said.length > MOST_MESSAGES) return;
    const problem = this.problem(severity, 'message', message, source);
    if (!this.add(problem) || said.push(problem) <= MOST_MESSAGES) return;
    const first = said[0]!;
    this.problems = this.problems.filter((known) => !said.includes(known) || known === first);
    const all = `${first.message} (and more than ${MOST_MESSAGES} other messages of this line)`;
    this.problems[this.problems.indexOf(first)] = { ...first, message: all };
  }

  /** Reports what the sandbox refused: one problem for each place. */
  reportRefusals(
    refusals: readonly { readonly message: string; readonly source: ChangeSource | undefined }[],
  ): void {
    for (const { message, source } of refusals) {
      const problem = this.problem('warning', 'refused', message, source);
      // What Python raised because of it says the same again.
      const isSame = (known: Problem) => samePlace(known, problem);
      if (this.problems.some((known) => known.code === 'refused' && isSame(known))) continue;
      this.problems = this.problems.filter((known) => !(CONSEQUENCES.has(known.code) && isSame(known)));
      this.problems.push(problem);
    }
  }

  /** Turns an error that stopped something into a problem; `instead` names the place if the error has none. */
  reportError(error: unknown, instead: ChangeSource | undefined = this.place): Problem {
    const dead = isDead(error);
    if (dead && this.dead) return this.dead;
    const { code, message, source } = describeError(error, this.placeOf(error) ?? instead);
    const problem = this.problem('error', code, message, source);
    // A place at which something was refused has been told of already.
    const refused = this.problems.find((known) => known.code === 'refused' && samePlace(known, problem));
    if (refused && CONSEQUENCES.has(code)) return refused;
    this.add(problem);
    if (dead) this.dead = problem;
    return problem;
  }

  /** Where the value was set that could not be expanded. */
  private placeOf(error: unknown): ChangeSource | undefined {
    if (!(error instanceof ExpansionError)) return undefined;
    const cause = innermost(error);
    const names = cause instanceof EndlessError ? [cause.variable, ...error.chain] : error.chain;
    for (const name of names) {
      // The value of `X := …` is that of the statement being evaluated.
      if (name?.endsWith('[:=]')) return undefined;
      const place = this.originOf(name?.replace(/\[.*$/s, ''));
      if (place) return place;
    }
    return undefined;
  }

  /** Where a variable of the variant at work got its value. */
  originOf(variable: string | undefined): ChangeSource | undefined {
    if (variable === undefined) return undefined;
    const events = this.current?.history.of(variable) ?? [];
    return events.findLast(({ operation }) => operation !== 'del') ?? events.at(-1);
  }

  /** The problems since `begin`, in order. */
  reported(): readonly Problem[] {
    return this.problems;
  }

  /** The text of a line, the blanks around it left out; all of one that is blank or not known. */
  private rangeOf(path: string, line: number): Range {
    const text = this.trees.get(path)?.text.split('\n', line + 1)[line];
    const length = text?.trimEnd().length ?? 1;
    const start = length === 0 ? 0 : (text?.search(/\S/) ?? 0);
    return { start: { line, column: start }, end: { line, column: length || (text?.length ?? 1) } };
  }

  // Files

  /** The tree of a file, or undefined where there is no such file. Its problems are reported each time. */
  tree(path: string): SyntaxTree | undefined {
    const text = this.files.readText(path);
    if (text === undefined) return undefined;
    this.involved.add(path);
    let known = this.trees.get(path);
    if (known?.text !== text) {
      known = { text, tree: this.parsed(path, text) };
      this.trees.set(path, known);
    }
    for (const problem of known.tree.problems) {
      if (!this.problems.includes(problem)) this.problems.push(problem);
    }
    return known.tree;
  }

  /** BitBake refuses a file that is not UTF-8, whatever the byte stands in. */
  private parsed(path: string, text: string): SyntaxTree {
    const tree = parseFile(path, text, this.release.syntax);
    if (!text.includes('\ufffd')) return tree;
    const line = firstLineNotUtf8(this.files.readBytes(path));
    if (line === undefined) return tree;
    const problem: Problem = {
      severity: 'error',
      code: 'not-utf8',
      message: 'This line is not UTF-8, and BitBake reads nothing else: save the file in UTF-8',
      path,
      range: lineRange(line, text.split('\n', line + 1)[line]?.length ?? 1),
    };
    return { ...tree, problems: [problem] };
  }
}

/** Codes of what Python raises where it did not get what it wanted. */
const CONSEQUENCES: ReadonlySet<string> = new Set(['python', 'expansion']);

/** Whether Python can only be put back after it. */
function isDead(error: unknown): boolean {
  const cause = error instanceof ExpansionError ? innermost(error) : error;
  return cause instanceof PythonError && cause.id === FAILED_FOR_GOOD;
}

function samePlace(a: Problem, b: Problem): boolean {
  return a.path === b.path && a.range?.start.line === b.range?.start.line;
}

/** The first line (from 0) with bytes that are no UTF-8. */
function firstLineNotUtf8(bytes: Uint8Array | undefined): number | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (let line = 0, start = 0; bytes && start < bytes.length; line++) {
    const end = bytes.indexOf(NEWLINE, start);
    const next = end < 0 ? bytes.length : end + 1;
    try {
      decoder.decode(bytes.subarray(start, next));
    } catch {
      return line;
    }
    start = next;
  }
  return undefined;
}

function sameProblem(a: Problem, b: Problem): boolean {
  return a.message === b.message && a.path === b.path && a.range?.start.line === b.range?.start.line;
}

/** What an error says, where it happened, and its code. */
function describeError(
  error: unknown,
  instead: ChangeSource | undefined,
): { code: string; message: string; source: ChangeSource | undefined } {
  if (error instanceof ParseError) {
    const source = error.file ? { path: error.file, line: error.line } : instead;
    return { code: 'parse-error', message: error.message, source };
  }
  if (error instanceof ExpansionError) {
    const inner = innermost(error);
    if (inner instanceof EndlessError) return { code: 'endless', message: inner.message, source: instead };
    const frame = inner instanceof PythonError && inner.frame ? inner.frame : undefined;
    const chain = error.chain.length > 1 ? ` (${error.chain.slice(0, MOST_NAMED).join(' <- ')})` : '';
    return {
      code: 'expansion',
      message: `${error.message}${chain}`,
      source: frame ? { path: frame.file, line: frame.line } : instead,
    };
  }
  if (error instanceof PythonError) {
    const source = error.frame ? { path: error.frame.file, line: error.frame.line } : instead;
    // The place is told already.
    const message = error.is('SyntaxError')
      ? error.message.replace(/ \([^()]*, line \d+\)$/, '')
      : error.message;
    return { code: 'python', message: `${error.type}: ${message}`, source };
  }
  if (error instanceof FatalError) return { code: 'fatal', message: error.message, source: instead };
  if (error instanceof RangeError) {
    return { code: 'too-deep', message: `Evaluation nests too deeply: ${error.message}`, source: instead };
  }
  return {
    code: 'evaluation',
    message: error instanceof Error ? error.message : String(error),
    source: instead,
  };
}

function innermost(error: ExpansionError): unknown {
  let cause: unknown = error;
  while (cause instanceof ExpansionError) cause = cause.cause;
  return cause;
}
