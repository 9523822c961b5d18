/**
 * The sandbox: `PythonRuntime` over CPython in WebAssembly.
 *
 * Puts together the interpreter (`machine.ts`), the system it runs on (`kernel.ts`, `volume.ts`) and the Python
 * that is ours (`lib/lens`), and carries calls and errors across. Every request that comes out of Python is
 * untrusted: it can name any datastore and any operation, and must find nothing behind them but the
 * datastore.
 */
import { splitWords } from '../base/words.ts';
import { type FileSystem, type HostFacts, type Occasion, USUAL_OCCASION } from '../inputs/ports.ts';
import { ErrorCrossing } from './errors.ts';
import type { Observer } from './observer.ts';
import type { CompiledText } from './commonTexts.ts';
import type { ObservedRuntime } from './remembering.ts';
import { Kernel } from './kernel.ts';
import type { MachineImage, MachineLimits } from './machine.ts';
import { compileMachine, Machine, MachineFailure } from './machine.ts';
import { commandResult } from './repository.ts';
import type {
  CodePlace,
  DatastoreService,
  EventArgument,
  ModuleFunction,
  PythonAnalysis,
  QuestionModule,
  Refusal,
  Replaced,
} from './runtime.ts';
import { FAILED_FOR_GOOD, PythonError } from './runtime.ts';
import { namedInPython, type PythonTraits } from './traits.ts';
import { HOME, Volume } from './volume.ts';
import type { Result } from './wire.ts';
import { encodeError, encodeResult, fromJson, toJson } from './wire.ts';

export type MessageLevel = 'note' | 'plain' | 'warning' | 'error' | 'fatal';

export interface SandboxOptions {
  /** The interpreter and its library, as the `pyodide` package ships them. */
  readonly assets: {
    /** Reads `pyodide.asm.wasm`: once it is compiled nobody needs its bytes any more. */
    readonly wasm: () => Uint8Array;
    /** `python_stdlib.zip` */
    readonly stdlib: Uint8Array;
  };
  /** The project's own Python: path relative to `server/src/python/lib` -> text. */
  readonly modules: ReadonlyMap<string, string>;
  readonly files: FileSystem;
  readonly facts: HostFacts;
  readonly datastore: DatastoreService;
  /** The directory that holds BitBake's `bb` (`bitbake/lib`); undefined: the stand-in is used. */
  readonly bitbakeLibrary: string | undefined;
  readonly traits: PythonTraits;
  /** Directories whose files Python may read. */
  readonly roots: readonly string[];
  /** Directories under which Python may write, into memory only: TMPDIR and its like. */
  readonly scratch: readonly string[];
  /** The working directory: BitBake's is the build directory. */
  readonly cwd: string;
  readonly limits: MachineLimits & {
    /** How many messages are passed on between two checkpoints or restores. */
    readonly messages: number;
  };
  /** What metadata says with bb.warn and its like. */
  readonly say: (level: MessageLevel, message: string, frame: Refusal['frame']) => void;
  /** Told before each entry into Python: what is about to run, in words. May return better ones, for refusals. */
  readonly enter?: (what: string) => string | void;
  /** Told now and then while what runs takes long, but gets on. */
  readonly alive?: () => void;
  /** Told of everything that is refused, each time. */
  readonly refused?: (what: string) => void;
  /** Milliseconds since 1970, before what the occasion adds. */
  readonly now?: () => number;
  /** Undefined: the usual one. */
  readonly occasion?: Occasion | undefined;
  /** Told what Python does besides its requests. */
  readonly observer?: Observer;
}

/** How many refusals are kept between two calls of `takeRefusals`. */
const MAX_REFUSALS = 100;
/** Longer requests of Python's are not answered, longer messages are cut; in bytes and in characters. */
const MAX_REQUEST = 64 * 1024 * 1024;
const MAX_MESSAGE = 10_000;
/** The functions of `lib/lens/door.py`. */
const ENTRIES = [
  'evaluate',
  'define',
  'call_anonymous',
  'define_handler',
  'fire_handler',
  'import_globals',
  'import_modules',
  'add_library',
  'analyse',
  'apply_filter',
  'settle',
  'keeps',
  'footprint',
  'compile',
  'where',
  'replaced',
  'follow_lines',
  'ask',
] as const;
type Entry = (typeof ENTRIES)[number];
/** All that Python may ask of a `DatastoreService`. */
const OPERATIONS = new Set(
  (
    'getVar getVarFlag getVarFlags expand expandWithRefs hasOverrides need_overrides overrides overridedata ' +
    'keys localkeys tracking get_hash variableHistory deleteHistory setVar setVarFlag setVarFlags appendVar prependVar ' +
    'appendVarFlag prependVarFlag delVar delVarFlag delVarFlags renameVar initVar expandVarref setVarFilter ' +
    'enableTracking disableTracking tasks create createCopy inherit inherit_defer include listens'
  ).split(' '),
);
type Place = Refusal['frame'];

/** @throws Error where the interpreter or the workspace's BitBake library cannot be started */
export async function createSandbox(options: SandboxOptions): Promise<ObservedRuntime> {
  const sandbox = new Sandbox(options);
  await sandbox.start();
  return sandbox;
}

class Sandbox implements ObservedRuntime {
  private machine!: Machine;
  private readonly kernel: Kernel;
  private readonly volume: Volume;
  private readonly errors = new ErrorCrossing();
  private refusals = new Map<string, Refusal>();
  /** What Python was last entered for, as told to `enter`. */
  private entered = '';
  private readonly entries = new Map<Entry, number>();
  private saved: { readonly image: MachineImage; readonly system: () => void } | undefined;
  private messages = 0;
  /** What Python has printed while it started: the reason where it could not. */
  private printed = '';
  /** Where Python was when its time was over, or when it left. */
  private lastPlace: Place;
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(private readonly options: SandboxOptions) {
    const { clockAhead, seed } = occasionOf(options);
    const clock = options.now ?? Date.now;
    const now = (): number => clock() + clockAhead;
    const refuse = (what: string): void => this.refuse(what);
    this.volume = new Volume({
      files: options.files,
      roots: options.bitbakeLibrary ? [...options.roots, options.bitbakeLibrary] : options.roots,
      scratch: options.scratch,
      programs: (options.facts.environment.PATH ?? '').split(':'),
      own: ownFiles(options),
      refuse,
      now,
      observer: options.observer,
    });
    this.kernel = new Kernel({
      volume: this.volume,
      cwd: options.cwd,
      seed,
      uid: options.facts.uid,
      now,
      request: (bytes) => this.answer(bytes),
      print: (text) => this.print(text),
      refuse,
      observer: options.observer,
    });
  }

  async start(): Promise<void> {
    const module = await compileMachine(this.options.assets.wasm());
    try {
      this.machine = await Machine.start(module, this.kernel, this.options.limits, HOME);
    } catch (error) {
      throw new Error(`Python could not be started: ${this.printed || String(error)}`, { cause: error });
    }
    const library = this.options.bitbakeLibrary ?? `${HOME}/modules/standin`;
    const path = [`${HOME}/modules`, `${HOME}/lib/python314.zip`, library];
    const ready = this.machine.run(
      `import sys\nsys.path[:] = ${JSON.stringify(path)}\n` +
        `from lens import boot\nboot.start(open('${HOME}/settings.json').read())\n`,
    );
    if (!ready) throw new Error(`Python could not be started: ${this.printed}`);
    for (const name of ENTRIES) this.entries.set(name, this.machine.mainAttribute(name));
    this.machine.onFailure = () => (this.lastPlace = this.where());
    this.machine.onLongCall = () => this.options.alive?.();
    this.refusals.clear();
  }

  evaluate(expression: string, d: number, variable: string | undefined): string {
    this.note(variable === undefined ? 'an expression' : `the value of ${variable}`);
    return this.enter('evaluate', `${d}\n${variable ?? ''}\n${expression}`);
  }

  lend(directory: string): void {
    this.volume.lend(directory);
  }

  define(text: string, place: CodePlace): void {
    this.note(`${place.file}:${place.line}`);
    this.enter('define', JSON.stringify([place.file, place.line, text]));
  }

  callAnonymous(functions: readonly string[], d: number): void {
    this.note(`the anonymous functions ${functions.join(' ')}`);
    this.enter('call_anonymous', JSON.stringify([functions, d]));
  }

  defineHandler(name: string, body: string, place: CodePlace): void {
    this.note(`${place.file}:${place.line}`);
    this.enter('define_handler', JSON.stringify([name, body, place.file, place.line]));
  }

  fireHandler(name: string, eventClass: string, args: readonly EventArgument[], d: number): void {
    this.note(`the event handler ${name}`);
    this.enter('fire_handler', JSON.stringify([name, eventClass, args.map(toJson), d]));
  }

  addLibrary(directory: string, namespace: string): readonly ModuleFunction[] {
    this.note(`the Python library ${namespace} of ${directory}`);
    const found = JSON.parse(
      this.enter('add_library', JSON.stringify([directory, namespace])),
    ) as (RawAnalysis & {
      name: string;
      extra: string | null;
    })[];
    return found.map((entry) => ({
      ...analysisOf(entry),
      name: entry.name,
      extra: entry.extra ?? undefined,
    }));
  }

  importGlobals(modules: readonly string[]): void {
    this.enter('import_globals', JSON.stringify(modules));
  }

  analyse(text: string, variable: string): PythonAnalysis {
    return analysisOf(JSON.parse(this.enter('analyse', JSON.stringify([text, variable]))) as RawAnalysis);
  }

  applyFilter(value: string, expression: string): string {
    return this.enter('apply_filter', JSON.stringify([value, expression]));
  }

  checkpoint(): void {
    this.enter('settle', '');
    this.saved = { image: this.machine.save(), system: this.kernel.save() };
    this.messages = 0;
  }

  restore(): void {
    if (this.machine.busy) throw new Error('Python cannot be put back while it runs');
    if (!this.saved) throw new Error('Python cannot be put back: there is no checkpoint');
    this.machine.load(this.saved.image);
    this.saved.system();
    this.errors.clear();
    this.messages = 0;
    this.lastPlace = undefined;
  }

  compile(texts: readonly CompiledText[]): void {
    const entries = texts.map((text) =>
      'expression' in text
        ? [text.expression, text.variable ?? '', 0]
        : [text.text, text.place.file, text.place.line],
    );
    this.enter('compile', JSON.stringify(entries));
  }

  keeps(): boolean {
    try {
      return this.enter('keeps', '') !== '';
    } catch {
      return true;
    }
  }

  footprint(): string {
    return this.enter('footprint', '');
  }

  replaced(): Replaced {
    try {
      const [place = '', ...names] = this.enter('replaced', '').split('\n');
      const frame = /^(.*):(\d+)$/.exec(place);
      return { names, frame: frame ? { file: frame[1]!, line: Number(frame[2]) } : undefined };
    } catch {
      const { failed } = this.machine;
      // What is broken enough to fail here is not what it was.
      return { names: ["the interpreter's own modules"], frame: undefined, failed };
    }
  }

  followLines(): void {
    this.enter('follow_lines', '');
  }

  ask(module: QuestionModule, question: unknown, d: number): unknown {
    this.note(`the questions of ${module}`);
    return JSON.parse(this.enter('ask', JSON.stringify([module, question, d])));
  }

  takeRefusals(): readonly Refusal[] {
    const taken = [...this.refusals.values()];
    this.refusals = new Map();
    return taken;
  }

  /** Calls an entry of `lib/lens/door.py`; returns the text behind the letter of its reply. */
  private note(what: string): void {
    this.entered = this.options.enter?.(what) ?? what;
  }

  private enter(name: Entry, argument: string): string {
    let reply: string;
    try {
      reply = this.machine.call(this.entries.get(name)!, argument);
    } catch (error) {
      throw error instanceof MachineFailure ? this.failure(error) : error;
    }
    if (reply.startsWith('!')) throw this.errors.receive(reply.slice(1));
    return reply.slice(1);
  }

  /** The machine itself failed: every call fails like this one from now on, until `restore`. */
  private failure({ reason, message }: MachineFailure): PythonError {
    // How much time or stack there is, is another thing each time.
    this.options.observer?.unrepeatable();
    const type = FAILURE_TYPES[reason];
    return new PythonError(
      type,
      [type, 'Exception', 'BaseException', 'object'],
      message,
      message,
      FAILED_FOR_GOOD,
      this.lastPlace,
    );
  }

  /** The place in a layer of the code that Python is running. */
  private where(): Place {
    try {
      const place = JSON.parse(this.enter('where', '')) as [string, number] | null;
      return place ? { file: place[0], line: place[1] } : undefined;
    } catch {
      return undefined;
    }
  }

  /** Answers a request of Python's. */
  private answer(bytes: Uint8Array): Uint8Array {
    this.machine.showLife();
    try {
      if (bytes.length > MAX_REQUEST) throw new Error('too large to be passed on');
      const text = this.decoder.decode(bytes);
      return encodeResult(this.perform(text));
    } catch (error) {
      if (this.machine.failed) throw error;
      return encodeError(this.errors.describe(error));
    }
  }

  private perform(request: string): Result {
    const { datastore } = this.options;
    switch (request[0]) {
      case 'G': {
        const afterNumber = request.indexOf('\n');
        const flags = Number(request[afterNumber + 1]);
        const name = request.slice(afterNumber + 3);
        const value = datastore.call('getVar', Number(request.slice(1, afterNumber)), [
          name,
          (flags & 1) !== 0,
          (flags & 2) !== 0,
          (flags & 4) !== 0,
        ]);
        // The configuration asks for them to look whether they are there, and stops where one is not.
        if (name === 'HOSTTOOLS' && !this.saved && typeof value === 'string')
          this.volume.require(splitWords(value));
        return value;
      }
      case 'F': {
        const [number, flags, name, flag] = request.slice(1).split('\n');
        return datastore.call('getVarFlag', Number(number), [
          name,
          flag,
          (Number(flags) & 1) !== 0,
          (Number(flags) & 2) !== 0,
          (Number(flags) & 4) !== 0,
        ]);
      }
      case 'C': {
        const [operation, d, ...args] = JSON.parse(request.slice(1)) as [string, unknown, ...unknown[]];
        if (!OPERATIONS.has(operation)) throw new Error('no such operation');
        return datastore.call(operation, Number(d), args.map(fromJson));
      }
      case 'M': {
        const [level, message] = JSON.parse(request.slice(1)) as unknown[];
        if (level !== 'note' && level !== 'plain') this.options.observer?.passing();
        this.say(levelOf(level), String(message));
        return this.messages > this.options.limits.messages;
      }
      case 'X': {
        this.options.observer?.passing();
        const [words, cwd] = JSON.parse(request.slice(1)) as [unknown[], unknown];
        const command = words.map(String);
        const result = commandResult(this.options.files, command, String(cwd));
        if (result === undefined) this.refuse(`run a command: ${command.join(' ')}`);
        return result && [result.status, result.output, result.error];
      }
      case 'O': {
        const origin: unknown = JSON.parse(request.slice(1));
        this.options.observer?.unrepeatable(origin === null ? undefined : cut(String(origin)));
        return undefined;
      }
      case 'R': {
        this.refuse(String(JSON.parse(request.slice(1))));
        return undefined;
      }
      default:
        throw new Error('no such request');
    }
  }

  private say(level: MessageLevel, message: string): void {
    const { messages } = this.options.limits;
    this.messages++;
    if (this.messages <= messages) this.options.say(level, cut(message), this.where());
    else if (this.messages === messages + 1) {
      const text = `more than ${messages} messages; the rest is not shown`;
      this.options.say('warning', text, this.where());
    }
  }

  private print(text: string): void {
    if (this.printed.length < MAX_MESSAGE) this.printed += text;
  }

  private refuse(long: string): void {
    this.options.observer?.passing();
    const what = cut(long);
    this.options.refused?.(what);
    if (this.refusals.has(what) || this.refusals.size >= MAX_REFUSALS) return;
    const { entered } = this;
    this.refusals.set(what, { what, frame: undefined, entered });
    if (this.entries.size === ENTRIES.length) this.refusals.set(what, { what, frame: this.where(), entered });
  }
}

const FAILURE_TYPES: Readonly<Record<MachineFailure['reason'], string>> = {
  stack: 'RecursionError',
  time: 'TimeoutError',
  exit: 'SystemExit',
  trap: 'SystemError',
};

/** Analysis as `lib/lens/analysis.py` returns it. */
interface RawAnalysis {
  readonly references: readonly string[];
  readonly execs: readonly string[];
  readonly contains: Readonly<Record<string, readonly string[]>>;
  readonly unseen: PythonAnalysis['unseen'];
  readonly syntax_error: { readonly message: string; readonly line: number } | null;
  readonly error: string | null;
}

function analysisOf(raw: RawAnalysis): PythonAnalysis {
  const { references, execs, contains, unseen, syntax_error: syntaxError, error } = raw;
  return {
    references,
    execs,
    contains: new Map(Object.entries(contains)),
    unseen,
    ...(syntaxError === null ? {} : { syntaxError }),
    ...(error === null ? {} : { error }),
  };
}

function cut(text: string): string {
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE)}…`;
}

function levelOf(level: unknown): MessageLevel {
  const levels: readonly MessageLevel[] = ['note', 'plain', 'warning', 'error', 'fatal'];
  return levels.find((known) => known === level) ?? 'note';
}

function occasionOf({ occasion }: SandboxOptions): Occasion {
  return occasion ?? USUAL_OCCASION;
}

/** What the volume serves under `HOME`. */
function ownFiles(options: SandboxOptions): Map<string, Uint8Array> {
  const encoder = new TextEncoder();
  const { environment, ...host } = options.facts;
  const process = occasionOf(options).processId;
  const settings = {
    environment,
    host,
    process,
    library: options.bitbakeLibrary ?? null,
    traits: namedInPython(options.traits),
  };
  const own = new Map([
    ['lib/python314.zip', options.assets.stdlib],
    ['settings.json', encoder.encode(JSON.stringify(settings))],
  ]);
  for (const [path, text] of options.modules) own.set(`modules/${path}`, encoder.encode(text));
  return own;
}
