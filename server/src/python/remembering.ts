/**
 * A runtime that enters Python only where it must: a piece of Python that made the same requests before and got the
 * same answers is taken to do what it did then.
 *
 * Stands between those who evaluate metadata and the sandbox, and between the sandbox and the datastore. What decides
 * a piece: its text, the functions that it can reach by name (`definitions.ts`), and the results of its requests
 * (`traces.ts`). What looks at a clock, a process or random numbers is never remembered, nor what runs after code that
 * might have changed what others run. What keeps something in a module for later (BitBake's fetcher does), or might look
 * at that, is decided by all pieces of that kind before it, too, and is remembered for the same recipe only.
 *
 * Definitions, putting Python back, and running anew what keeps something wait until Python is entered, or are done at
 * once where a piece runs that goes on afterwards. A piece of which only the beginning is known runs from its start, and
 * is given the answers that were got on the way: no request is made twice.
 */
import { keepLast } from '../base/recent.ts';
import type { Read, ReadLog } from '../inputs/reads.ts';
import { CommonTexts, type CompiledText } from './commonTexts.ts';
import { definitionDigest, Definitions } from './definitions.ts';
import type { Observer } from './observer.ts';
import { type Performed, readRecollection, writeRecollection } from './recollection.ts';
import type {
  CodePlace,
  DatastoreService,
  EventArgument,
  ModuleFunction,
  PythonAnalysis,
  PythonRuntime,
  QuestionModule,
  Refusal,
  Replaced,
} from './runtime.ts';
import { RunningPieces } from './runningPieces.ts';
import { Forest, type Leaf, type Request, type Step, type TraceTree } from './traces.ts';

/** A sandbox, as far as remembering needs more of it than evaluating does. */
export interface ObservedRuntime extends PythonRuntime {
  /**
   * Whether modules keep something since it was last asked, or code of those that do was run: what it did then is
   * not decided by its requests alone.
   */
  keeps(): boolean;
  /** Another text where anything that modules hold by name is another object, or has another size. */
  footprint(): string;
  /** Compiles texts that will be run again, which changes nothing but the time that takes. */
  compile(texts: readonly CompiledText[]): void;
}

/** How many recipes have what they did remembered. */
export const MOST_RECENT = 4;
/** How many texts are known to be harmless. */
const MOST_TEXTS = 50_000;
const HEAD = /^(?:async\s+)?(?:def|class)\s+(\w+)/gm;
/** Before the name of a handler, as a word among definitions. */
const HANDLER = '__handler__';
/** What a handler may ask of its event `e` without learning more than its class; and any other use of it. */
const EVENT_CLASS = /\bisinstance\(\s*e\s*,[^()]*(?:\([^()]*\))?\s*\)|\be\.data\b|\bbb\.event\.getName\(e\)/g;
const EVENT_USED = /\be\b/;

/** What an earlier session has told of a recipe. */
interface Recalled {
  readonly leaves: ReadonlySet<Leaf>;
  readonly harmless: ReadonlySet<string>;
  readonly filtered: ReadonlySet<string>;
}

export class RememberingRuntime implements PythonRuntime {
  readonly service: DatastoreService;
  readonly observer: Observer;
  private sandbox!: ObservedRuntime;
  /** What is known of pieces that do the same in many recipes. */
  private readonly shared = new Forest(true);
  /** What is known of the others, as long as it is the same recipe. */
  private own = new Forest(false);
  /** The recipes that were evaluated last. */
  private readonly recent = new Map<string, Forest>();
  /** Additions that count once the recipe has left everything as it was. */
  private fresh: TraceTree[] = [];
  private readonly pieces: RunningPieces;
  private base = new Definitions();
  private definitions = this.base;
  /** The bodies of event handlers, by name. */
  private baseHandlers = new Map<string, string>();
  private handlers = this.baseHandlers;
  /** Definitions that Python has not got yet. */
  private waiting: (() => void)[] = [];
  /** Texts that were defined without a trace of anything else, by their digests. */
  private readonly harmless = new Set<string>();
  /** Those of the present recipe, and what its pieces have done that will be remembered. */
  private harmlessHere = new Set<string>();
  private performed: Performed[] = [];
  private filteredHere = new Map<string, string>();
  /** What was recalled of the present recipe; undefined: nothing was. */
  private recalled: Recalled | undefined;
  private stale = false;
  private readonly common = new CommonTexts();
  private edited = false;
  /** Filters and values -> what came out, by the functions that the configuration left. */
  private readonly filtered = new Map<string, string>();
  /** Pieces that were seen to keep something, or to look at it. */
  private readonly keepers = new Set<string>();
  /** Which of them have run since Python was put back, in order: the same text where they kept the same. */
  private left = '';
  private lastLeft = 0;
  /** What `replaced` tells, until Python is entered. */
  private verdict: Replaced | undefined;
  /** Nothing is remembered or taken from memory until Python is put back. */
  private off = false;
  private noticed = false;

  /**
   * @param remembered called whenever Python was not needed
   * @param reads told what is asked of files, which is kept with what pieces did
   * @param looksOutside called where more than requests and definitions decided what a piece gave
   * @param asksOccasion told what is another at every parse, where it was asked for
   */
  constructor(
    private readonly datastore: DatastoreService,
    private readonly remembered: () => void = () => undefined,
    private readonly reads?: ReadLog,
    private readonly looksOutside: () => void = () => undefined,
    asksOccasion: (origin: string) => void = () => undefined,
  ) {
    this.pieces = new RunningPieces(datastore);
    this.service = {
      call: (operation, d, args) => {
        this.noticed = true;
        return this.pieces.answer(operation, d, args);
      },
    };
    this.observer = {
      looked: (path) => {
        this.noticed = true;
        this.pieces.looked(lastPart(path));
      },
      passing: () => this.passing(),
      unrepeatable: (origin) => {
        this.reads?.unrepeatable();
        this.passing();
        if (origin !== undefined) asksOccasion(origin);
      },
      changed: () => {
        this.noticed = true;
        this.off = true;
      },
    };
  }

  private passing(): void {
    this.noticed = true;
    this.pieces.passing();
  }

  /** Given late: the sandbox needs `service` and `observer` first. */
  attach(sandbox: ObservedRuntime): void {
    this.sandbox = sandbox;
  }

  evaluate(expression: string, d: number, variable: string | undefined): string {
    return this.run('evaluate', expression, expression, d, () => {
      this.common.met(`${variable ?? ''}\n${expression}`, { expression, variable });
      return this.sandbox.evaluate(expression, d, variable);
    });
  }

  callAnonymous(functions: readonly string[], d: number): void {
    const text = functions.join(' ');
    this.run('anonymous', text, text, d, () => {
      this.sandbox.callAnonymous(functions, d);
      return '';
    });
  }

  fireHandler(name: string, eventClass: string, args: readonly EventArgument[], d: number): void {
    const body = this.handlers.get(name);
    // What looks at the event only to tell its class does the same for every one of it.
    const looked = body === undefined || EVENT_USED.test(body.replace(EVENT_CLASS, ''));
    const what = `${name}\n${eventClass}\n${looked ? JSON.stringify(args) : ''}`;
    this.run('handler', what, `${HANDLER}${name}`, d, () => {
      this.sandbox.fireHandler(name, eventClass, args, d);
      return '';
    });
  }

  lend(directory: string): void {
    this.sandbox.lend(directory);
  }

  define(text: string, place: CodePlace): void {
    const names = [...text.matchAll(HEAD)].map((match) => match[1]!);
    this.definitions.add(names, text, `${place.file}:${place.line}`);
    const define = () => this.sandbox.define(text, place);
    this.later(`${place.file}:${place.line}\n${text}`, { text, place }, define);
  }

  defineHandler(name: string, body: string, place: CodePlace): void {
    this.handlers.set(name, body);
    this.definitions.add([`${HANDLER}${name}`], body, `${place.file}:${place.line}`);
    const define = () => this.sandbox.defineHandler(name, body, place);
    const text = `def ${name}(e, d):\n${body}`;
    this.later(`${place.file}:${place.line}\n${name}\n${body}`, { text, place }, define);
  }

  /** Defines at once what was never defined before: it may fail. */
  private later(key: string, source: CompiledText, define: () => void): void {
    this.common.met(key, source);
    const digest = definitionDigest(key);
    if (this.harmless.has(digest) && !this.off) {
      this.harmlessHere.add(digest);
      this.postpone(define);
      return;
    }
    this.enter();
    this.noticed = false;
    define();
    this.verdict = undefined;
    if (this.noticed) return;
    this.harmlessHere.add(digest);
    this.isHarmless(digest);
  }

  private isHarmless(digest: string): void {
    if (this.harmless.size >= MOST_TEXTS) this.harmless.clear();
    this.harmless.add(digest);
  }

  /** For when Python is entered next. A piece that is running now goes on in it, and may look at what this leaves. */
  private postpone(step: () => void): void {
    this.waiting.push(step);
    if (!this.pieces.innermost) return;
    this.interrupt();
    this.enter();
  }

  /** Python as it would be if everything had run in it. */
  private enter(): void {
    this.verdict = undefined;
    if (this.stale) {
      this.stale = false;
      this.sandbox.restore();
      const common = this.common.nextRecipe(this.edited);
      if (common) {
        this.sandbox.compile(common);
        this.sandbox.checkpoint();
      }
    }
    while (this.waiting.length > 0) this.waiting.shift()!();
  }

  private run(kind: string, what: string, reached: string, d: number, execute: () => string): string {
    const effect = this.definitions.effect(reached);
    const decided = !this.off && (effect === 'none' || effect === 'wide');
    const name = `${kind}\n${what}`;
    const definitions = decided ? this.definitions.key(reached) : '';
    const leftBefore = this.left;
    const left = this.keepers.has(name) ? leftBefore : undefined;
    const tree = decided ? this.treeOf(name, definitions, left) : undefined;
    const before: Step[] = [];
    const perform = (request: Request) => this.datastore.call(request.operation, d, request.args);
    const known = tree?.walk(perform, before);
    if (known) {
      this.remembered();
      if (known.reads) this.reads?.again(known.reads);
      if (known.reads || known.files || known.left !== undefined) this.looksOutside();
      this.performed.push({ name, definitions, left, steps: before, leaf: known });
      if (known.left !== undefined) {
        this.left += ` ${known.left}`;
        this.postpone(() => this.repeat(d, before, execute));
      }
      return known.returned;
    }
    this.interrupt();
    this.enter();
    const piece = this.pieces.begin(d, before, true);
    this.reads?.enter();
    let returned: string | undefined;
    let reads: ReadonlySet<Read> | undefined;
    try {
      returned = execute();
    } finally {
      reads = this.reads?.leave();
      this.pieces.end();
      this.verdict = undefined;
      // What it may have left behind counts for all that follows.
      this.off ||= effect === 'lasting';
      if (returned === undefined) {
        this.leave();
        this.looksOutside();
      }
    }
    const keeps = this.off || this.sandbox.keeps() || piece.keeps;
    const isRemembered = tree !== undefined && piece.remembered && !this.off;
    if (!isRemembered || keeps || reads || piece.files) this.looksOutside();
    if (this.off) return returned;
    if (!keeps) {
      if (isRemembered) {
        const leaf = { returned, files: piece.files, reads, left: undefined };
        this.add(tree, piece.steps, leaf);
        this.performed.push({ name, definitions, left, steps: piece.steps, leaf });
      }
      return returned;
    }
    // Of what was kept by pieces within this one, it is not known before what of it.
    const isAlone = this.left === leftBefore;
    const number = this.leave();
    if (isRemembered && isAlone && left !== undefined) {
      const leaf = { returned, files: piece.files, reads, left: number };
      this.add(tree, piece.steps, leaf);
      this.performed.push({ name, definitions, left, steps: piece.steps, leaf });
    }
    this.isKeeper(name);
    return returned;
  }

  private isKeeper(name: string): void {
    if (this.keepers.size >= MOST_TEXTS) this.keepers.clear();
    this.keepers.add(name);
  }

  /**
   * What pieces of Python have done for the present recipe, for `recall` in a later session; undefined where that may
   * have changed what others do.
   */
  get recollection(): string | undefined {
    if (this.replaced().names.length > 0) return undefined;
    const { performed, harmlessHere, filteredHere } = this;
    return writeRecollection(performed, harmlessHere, filteredHere);
  }

  /** Whether `recollection` holds more than was recalled. */
  get didMore(): boolean {
    const { recalled, performed, harmlessHere, filteredHere } = this;
    if (!recalled) return true;
    return (
      performed.some(({ leaf }) => !recalled.leaves.has(leaf)) ||
      !isSubset(harmlessHere, recalled.harmless) ||
      !isSubset(filteredHere.keys(), recalled.filtered)
    );
  }

  /**
   * To be called between `turnTo` and the evaluation of that recipe.
   * @param recollection told by `recollection` in a session in which Python was put back to the same state, where files
   *   still tell Python the same
   */
  recall(recollection: string): void {
    const { performed, harmless, filtered, left } = readRecollection(recollection, this.lastLeft + 1);
    this.lastLeft += left;
    for (const [key, result] of filtered) this.isFiltered(key, result);
    for (const digest of harmless) this.isHarmless(digest);
    for (const piece of performed) {
      const { name, definitions, left, steps, leaf } = piece;
      if (left !== undefined) this.isKeeper(name);
      this.own.tree(name, treeKey(definitions, left)).add(steps, leaf);
    }
    this.recalled = {
      leaves: new Set(performed.map(({ leaf }) => leaf)),
      harmless: new Set(harmless),
      filtered: new Set(filtered.map(([key]) => key)),
    };
  }

  /** What is known of a piece, where that decides it. */
  private treeOf(name: string, definitions: string, left: string | undefined): TraceTree {
    if (left !== undefined || this.own.has(name)) return this.own.tree(name, treeKey(definitions, left));
    const tree = this.shared.tree(name, definitions);
    return tree.open ? tree : this.own.tree(name, definitions);
  }

  private add(tree: TraceTree, steps: readonly Step[], leaf: Leaf): void {
    tree.add(steps, leaf);
    this.fresh.push(tree);
  }

  /** What is entered next is no part of the piece that is running: what that has kept so far is its own. */
  private interrupt(): void {
    const outer = this.pieces.innermost;
    if (outer && !this.off) outer.keeps = this.sandbox.keeps() || outer.keeps;
  }

  /** A piece has kept something that no other has. @returns what stands for it */
  private leave(): number {
    this.left += ` ${++this.lastLeft}`;
    return this.lastLeft;
  }

  /** Runs a piece that has been answered from memory, for what it keeps; its requests get the answers they got. */
  private repeat(d: number, before: readonly Step[], execute: () => string): void {
    this.pieces.begin(d, before, false);
    try {
      execute();
    } finally {
      this.pieces.end();
      this.sandbox.keeps();
    }
  }

  importGlobals(modules: readonly string[]): void {
    this.enter();
    this.sandbox.importGlobals(modules);
  }

  addLibrary(directory: string, namespace: string): readonly ModuleFunction[] {
    this.enter();
    return this.sandbox.addLibrary(directory, namespace);
  }

  analyse(text: string, variable: string): PythonAnalysis {
    this.enter();
    return this.sandbox.analyse(text, variable);
  }

  /** A filter is told nothing but the value. */
  applyFilter(value: string, expression: string): string {
    const key = `${expression}\n${value}`;
    const known = this.off ? undefined : this.filtered.get(key);
    if (known !== undefined) {
      this.filteredHere.set(key, known);
      return known;
    }
    this.interrupt();
    this.enter();
    const { noticed } = this;
    this.noticed = false;
    try {
      const result = this.sandbox.applyFilter(value, expression);
      const keeps = this.off || this.sandbox.keeps();
      if (keeps || this.noticed) this.looksOutside();
      if (this.off || this.noticed) return result;
      if (keeps) {
        this.leave();
        return result;
      }
      this.filteredHere.set(key, result);
      this.isFiltered(key, result);
      return result;
    } finally {
      this.noticed ||= noticed;
    }
  }

  private isFiltered(key: string, result: string): void {
    if (this.filtered.size >= MOST_TEXTS) this.filtered.clear();
    this.filtered.set(key, result);
  }

  checkpoint(): void {
    this.enter();
    this.sandbox.checkpoint();
    this.base = this.definitions;
    this.baseHandlers = this.handlers;
    this.filtered.clear();
    this.begin();
  }

  /**
   * Does a step that was done before anew, and puts Python back.
   * @returns whether it leaves nothing behind that could tell others of it
   */
  leavesNothing(step: () => void): boolean {
    try {
      this.enter();
      this.off = true;
      const before = this.sandbox.footprint();
      step();
      return this.sandbox.footprint() === before;
    } catch {
      return false;
    } finally {
      this.restore();
    }
  }

  restore(): void {
    // What changed the code that others run may have changed what was remembered.
    if (!this.stale && this.fresh.length > 0 && this.replaced().names.length > 0) {
      for (const tree of this.fresh) tree.clear();
    }
    this.stale = true;
    this.shared.prune();
    this.begin();
  }

  private begin(): void {
    this.definitions = new Definitions(this.base);
    this.handlers = new Map(this.baseHandlers);
    this.waiting = [];
    this.fresh = [];
    this.performed = [];
    this.filteredHere = new Map();
    this.harmlessHere = new Set();
    this.recalled = undefined;
    this.off = false;
    this.left = '';
    this.own = new Forest(false);
  }

  /**
   * Tells which recipe is evaluated from here on: what it did last is remembered for a while.
   * @param edited the same one is likely to come again soon
   * @returns whether anything is remembered of it
   */
  turnTo(path: string, edited: boolean): boolean {
    this.edited = edited;
    const known = this.recent.get(path);
    if (known) this.own = known;
    keepLast(this.recent, MOST_RECENT, path, this.own);
    return known !== undefined;
  }

  /** Another text for each set of functions that metadata has defined so far; undefined: they may do anything now. */
  get defined(): string | undefined {
    return this.off ? undefined : this.definitions.all;
  }

  replaced(): Replaced {
    if (this.stale) return { names: [], frame: undefined };
    return (this.verdict ??= this.sandbox.replaced());
  }

  followLines(): void {
    this.off = true;
    this.enter();
    this.sandbox.followLines();
  }

  ask(module: QuestionModule, question: unknown, d: number): unknown {
    this.off = true;
    this.enter();
    return this.sandbox.ask(module, question, d);
  }

  takeRefusals(): readonly Refusal[] {
    return this.sandbox.takeRefusals();
  }

  /**
   * Files have changed: what looked at them is forgotten.
   * @param changed those that may have come or gone, too
   * @param edited those that have another text
   */
  forgetFiles(changed: readonly string[], edited: readonly string[]): void {
    const directories = changed.map((path) => path.slice(0, path.lastIndexOf('/')));
    const names = new Set([...changed, ...directories, ...edited].map(lastPart));
    for (const forest of [this.shared, ...this.recent.values()]) forest.forgetFiles(names);
  }
}

/** @param left for a piece that keeps something in modules or looks at it: what had been left there */
function treeKey(definitions: string, left: string | undefined): string {
  return left === undefined ? definitions : `${definitions}\n${left}`;
}

function isSubset(some: Iterable<string>, all: ReadonlySet<string>): boolean {
  for (const one of some) if (!all.has(one)) return false;
  return true;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
