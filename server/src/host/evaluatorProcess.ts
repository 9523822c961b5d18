/**
 * The evaluator process, seen from the server: a child that evaluates metadata, which can be killed at any
 * time and comes back by itself. It gets no environment, and under Node's permission model (where there is
 * one) nothing but read access to the given directories.
 *
 * Knows how to ask and how long to wait, not what is asked.
 */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { EvaluatorMessage, EvaluatorRequest } from './evaluatorPort.ts';
import { NOTE_SIZE, PLACE_SIZE } from './evaluatorPort.ts';
import { collectWhenIdle, EVALUATING_HEAP_ENVIRONMENT, EVALUATING_HEAP_FLAGS } from './heapMemory.ts';

export interface EvaluatorOptions {
  /** The evaluator's entry point; its directory and what is in it can be read by the process. */
  readonly entry: string;
  /** Other directories it may read. */
  readonly readable: readonly string[];
  /** Single files it may read. */
  readonly readableFiles?: readonly string[];
  /** Brings a new process into the state that requests rely on; called before any of them. */
  readonly prepare?: (request: Ask) => Promise<unknown>;
  /** What a request tells while it runs. */
  readonly onProgress?: (data: unknown) => void;
  readonly limits: {
    /** How long a request may take, in milliseconds by the clock, where it does not say itself. */
    readonly milliseconds: number;
    /** Of the JavaScript heap; Python's memory has its own limit. */
    readonly heapMegabytes: number;
  };
  /** Whether a second, prepared process is kept at hand for when the first one is killed. */
  readonly spare?: boolean;
}

/** How much processor time a request may take, in all and without a sign of life (`noteWhere`). */
export interface Patience {
  readonly milliseconds: number;
  readonly stuckMilliseconds: number;
}

/** Of a number, that many milliseconds by the clock. */
export type Ask = (method: string, params: unknown, patience?: Patience | number) => Promise<unknown>;

/** The process was stopped while it worked on a request. */
export class EvaluatorKilled extends Error {
  override readonly name = 'EvaluatorKilled';
  constructor(
    readonly reason: 'time' | 'memory' | 'crash',
    /** What it was working on: `/layer/recipes/x/x.bb:12`, or a description; empty where it is not known. */
    readonly where: string,
    /** What Node said on the way out; for a bug report. */
    readonly details: string,
  ) {
    super(`the evaluator was stopped (${reason})${where ? ` at ${where}` : ''}`);
  }
}

/**
 * Kilobytes of stack for V8, of the 8 MB that a main thread has by default: metadata and Python call each
 * other to a depth of hundreds.
 */
const STACK_KILOBYTES = 6400;
const START_MILLISECONDS = 30_000;
/** How often a process is looked after while it works. */
const WATCH_MILLISECONDS = 200;
/** How much longer than its processor time a request may take by the clock. */
const CLOCK_FACTOR = 10;
/** The unit of processor times in /proc: USER_HZ, a hundredth of a second on every Linux there is. */
const MILLISECONDS_PER_TICK = 10;
const PERMISSION_FLAGS = ['--permission', '--experimental-permission'];

export class EvaluatorProcess {
  private current: Promise<Child> | undefined;
  private spare: Promise<Child> | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private disposed = false;
  /** The first of PERMISSION_FLAGS that this Node takes; undefined: none; null: not yet tried. */
  private permission: string | undefined | null = null;

  constructor(private readonly options: EvaluatorOptions) {}

  /** Whether Node's permission model confines the process; undefined before it was started. */
  get confined(): boolean | undefined {
    return this.permission === null ? undefined : this.permission !== undefined;
  }

  /**
   * Runs a method of the evaluator. Requests are worked on one at a time, in order.
   * @param patience how long it may take from when it is its turn
   * @throws EvaluatorKilled where the process had to be stopped or stopped itself; what the method threw
   */
  request(method: string, params: unknown, patience?: Patience | number): Promise<unknown> {
    const turn = this.queue.then(async () => {
      const child = await this.child();
      return child.ask(method, params, patience);
    });
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  /** Starts the process now, so that the first request finds it ready. */
  start(): Promise<void> {
    const turn = this.queue.then(async () => void (await this.child()));
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  /** Stops the process; the request that is running fails, and the next one starts a new one. */
  async restart(): Promise<void> {
    const stopped = [this.current, this.spare];
    this.current = this.spare = undefined;
    for (const child of await Promise.allSettled(stopped)) {
      if (child.status === 'fulfilled') child.value?.kill();
    }
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    await this.restart();
  }

  private async child(): Promise<Child> {
    if (this.disposed) throw new Error('the evaluator has been disposed of');
    const running = await this.current?.catch(() => undefined);
    if (running?.alive) return running;
    const next = this.spare ?? this.launch();
    this.spare = undefined;
    this.current = next;
    const child = await next;
    if (!child.alive) return this.child();
    if (this.options.spare && !this.disposed) {
      this.spare = this.launch();
      this.spare.catch(() => undefined);
    }
    return child;
  }

  private async launch(): Promise<Child> {
    const child = await this.fork();
    if (this.disposed) child.kill();
    await this.options.prepare?.((method, params, patience) => child.ask(method, params, patience));
    return child;
  }

  /** Forks with the strictest flags that work; which these are is found out once. */
  private async fork(): Promise<Child> {
    if (this.permission !== null) return Child.start(this.options, this.permission);
    for (const flag of PERMISSION_FLAGS) {
      const child = await Child.start(this.options, flag).catch(() => undefined);
      if (child?.confined) {
        this.permission = flag;
        return child;
      }
      child?.kill();
    }
    const child = await Child.start(this.options, undefined);
    this.permission = undefined;
    return child;
  }
}

interface Pending {
  readonly id: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  /** What ends it in time. */
  readonly stop: () => void;
}

/** One process, from its start to its end. */
class Child {
  private pending: Pending | undefined;
  private sequence = 0;
  private errorOutput = '';
  private timedOut = false;
  private ended = false;
  /** What the process was working on when it ended. */
  private lastPlace = '';
  confined = false;

  static async start(options: EvaluatorOptions, permission: string | undefined): Promise<Child> {
    const note = openNote();
    const process = forkEvaluator(options, permission, note);
    const child = new Child(process, note, options);
    await child.ready();
    return child;
  }

  private constructor(
    private readonly process: ChildProcess,
    private readonly note: number,
    private readonly options: EvaluatorOptions,
  ) {
    process.stderr?.on('data', (data: Buffer) => {
      this.errorOutput = (this.errorOutput + data.toString()).slice(-8192);
    });
    process.on('message', (message: EvaluatorMessage) => this.receive(message));
    process.on('error', () => this.end(null));
    // `close` comes after the last of stderr has been read.
    process.on('close', (code, signal) => this.end(signal ?? String(code)));
  }

  get alive(): boolean {
    return !this.ended && this.process.connected;
  }

  private ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.kill(), START_MILLISECONDS);
      this.pending = { id: 0, resolve: () => resolve(), reject, stop: () => clearTimeout(timer) };
    });
  }

  ask(
    method: string,
    params: unknown,
    patience: Patience | number = this.options.limits.milliseconds,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.sequence;
      this.pending = { id, resolve, reject, stop: this.limit(patience) };
      if (this.alive) this.process.send({ id, method, params } satisfies EvaluatorRequest);
      else this.settle()?.reject(this.killed('crash'));
    });
  }

  /** Kills the process when patience is at its end. @returns what calls that off */
  private limit(patience: Patience | number): () => void {
    const { milliseconds, stuckMilliseconds } =
      typeof patience === 'number' ? { milliseconds: patience, stuckMilliseconds: Infinity } : patience;
    const end = () => {
      this.timedOut = true;
      this.kill();
    };
    const watched = stuckMilliseconds < milliseconds;
    // On a busy machine work takes longer, and is no less worth waiting for.
    const timer = setTimeout(end, watched ? milliseconds * CLOCK_FACTOR : milliseconds);
    const watch = watched ? this.watch(milliseconds, stuckMilliseconds, end) : undefined;
    return () => {
      clearTimeout(timer);
      clearInterval(watch);
    };
  }

  /** Calls `end` when the process has worked for so long, or for a shorter while without a sign of life. */
  private watch(milliseconds: number, stuckMilliseconds: number, end: () => void): NodeJS.Timeout {
    const { pid } = this.process;
    let seen = readBeat(this.note);
    let worked = 0;
    let stuck = 0;
    let before = pid === undefined ? undefined : processorMilliseconds(pid);
    return setInterval(() => {
      const beat = readBeat(this.note);
      const now = pid === undefined ? undefined : processorMilliseconds(pid);
      const more = now === undefined || before === undefined ? WATCH_MILLISECONDS : now - before;
      before = now;
      worked += more;
      stuck = beat === seen ? stuck + more : 0;
      seen = beat;
      if (worked >= milliseconds || stuck >= stuckMilliseconds) end();
    }, WATCH_MILLISECONDS);
  }

  kill(): void {
    this.process.kill('SIGKILL');
  }

  private receive(message: EvaluatorMessage): void {
    if (message.kind === 'progress') this.options.onProgress?.(message.data);
    else if (message.kind === 'ready') {
      this.confined = message.confined;
      this.settle()?.resolve(undefined);
    } else if (message.id === this.pending?.id) {
      const pending = this.settle();
      collectWhenIdle();
      if (message.kind === 'result') pending?.resolve(message.result);
      else pending?.reject(message.error as Error);
    }
  }

  private settle(): Pending | undefined {
    const { pending } = this;
    this.pending = undefined;
    pending?.stop();
    return pending;
  }

  private end(status: string | null): void {
    if (this.ended) return;
    this.ended = true;
    const memory = /heap out of memory|Fatal process out of memory|OOM/.test(this.errorOutput);
    const reason = this.timedOut ? 'time' : memory ? 'memory' : 'crash';
    if (status !== null) this.errorOutput += `\nexit: ${status}`;
    this.lastPlace = readNote(this.note);
    closeSync(this.note);
    this.settle()?.reject(this.killed(reason));
  }

  private killed(reason: EvaluatorKilled['reason']): EvaluatorKilled {
    return new EvaluatorKilled(reason, this.lastPlace, this.errorOutput.trim());
  }
}

function forkEvaluator(
  options: EvaluatorOptions,
  permission: string | undefined,
  note: number,
): ChildProcess {
  const flags = [`--max-old-space-size=${options.limits.heapMegabytes}`, ...EVALUATING_HEAP_FLAGS];
  // The stack of Windows is fixed when Node is built, and no larger than what V8 uses of it anyway.
  if (process.platform !== 'win32') flags.push(`--stack-size=${STACK_KILOBYTES}`);
  if (permission !== undefined) {
    const directories = outermost([dirname(options.entry), ...options.readable]);
    flags.push(permission, '--disable-warning=ExperimentalWarning');
    flags.push(...directories.map((directory) => `--allow-fs-read=${directory}/*`));
    flags.push(...(options.readableFiles ?? []).map((path) => `--allow-fs-read=${path}`));
  }
  return fork(options.entry, [], {
    execArgv: flags,
    env: childEnvironment(),
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', note],
  });
}

/**
 * Directories without those that lie in another of them: Node would refuse to tell of the outer one itself whether it
 * is there.
 */
function outermost(directories: readonly string[]): string[] {
  const names = [...new Set(directories.map((directory) => directory.replace(/\/*$/, '')))];
  return names.filter((name) => !names.some((other) => name.startsWith(`${other}/`)));
}

/** Of the environment only what the process itself needs: the time zone, memory, and to be Node where Node is Electron. */
function childEnvironment(): Record<string, string> {
  const { TZ } = process.env;
  return {
    ...EVALUATING_HEAP_ENVIRONMENT,
    ...(TZ === undefined ? {} : { TZ }),
    ...(process.versions.electron === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' }),
  };
}

/** An open file without a name: the child writes into it, and it survives the child. */
function openNote(): number {
  const directory = mkdtempSync(join(tmpdir(), 'sstate-lens-'));
  const descriptor = openSync(join(directory, 'where'), 'w+', 0o600);
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch {
    // Where an open file cannot be removed it stays behind, empty but for a file name.
  }
  return descriptor;
}

/** Where the process last said it was. */
function readNote(descriptor: number): string {
  const buffer = Buffer.alloc(PLACE_SIZE);
  try {
    const length = readSync(descriptor, buffer, 0, PLACE_SIZE, 0);
    return buffer.toString('utf8', 0, length).replace(/\0.*$/s, '');
  } catch {
    return '';
  }
}

/** How many signs of life the process has given. */
function readBeat(descriptor: number): number {
  const buffer = Buffer.alloc(NOTE_SIZE - PLACE_SIZE);
  try {
    readSync(descriptor, buffer, 0, buffer.length, PLACE_SIZE);
  } catch {
    // Then it is as if there was none.
  }
  return buffer.readDoubleLE(0);
}

/**
 * The processor time that a process has used; undefined where the system does not tell. On a busy machine, much
 * time passes by the clock in which it does not run.
 */
function processorMilliseconds(pid: number): number | undefined {
  try {
    // The name of the program, in parentheses, may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * MILLISECONDS_PER_TICK;
  } catch {
    return undefined;
  }
}
