/**
 * CPython as one WebAssembly instance: its memory, its border, and calls into it.
 *
 * The `pyodide` package is used for two files only: the compiled interpreter and the archive of its standard
 * library. None of its JavaScript is loaded and `main` is never run, so the module that bridges Python to
 * JavaScript (`_pyodide_core`) is not even registered: there is no way to name a JavaScript object from
 * Python. What the instance can reach is exactly its imports, and those are the system calls of `kernel.ts`;
 * every other import traps. That holds even against Python code that corrupts the interpreter's memory.
 *
 * Knows nothing of BitBake.
 */
import type { Kernel } from './kernel.ts';

/** What of the WebAssembly API is used; the `lib` of this project has no DOM. */
interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
interface WasmGlobal {
  value: number;
}
type WasmFunction = (...args: number[]) => number;
interface WasmApi {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  instantiate(module: WasmModule, imports: object): Promise<{ readonly exports: Record<string, unknown> }>;
  readonly Module: {
    imports(module: WasmModule): { module: string; name: string; kind: string }[];
  };
  readonly Global: new (descriptor: { value: 'i32'; mutable: boolean }, value: number) => WasmGlobal;
}
declare const brand: unique symbol;
export interface WasmModule {
  readonly [brand]: 'WebAssembly.Module';
}
const Wasm = (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly;

const PAGE = 65536;
/** Built-in modules that nothing here needs and that reach below Python. */
const DROPPED_BUILTINS = new Set([
  '_ctypes',
  '_posixsubprocess',
  '_remote_debugging',
  '_lsprof',
  '_testbuffer',
  '_testcapi',
  '_testclinic',
  '_testclinic_limited',
  '_testinternalcapi',
  '_testlimitedcapi',
  '_xxtestfuzz',
  'faulthandler',
  'xxsubtype',
]);

/** What a long call may leave outside of the interpreter by its requests, in bytes: it would not end before all is full. */
const MOST_GROWTH = 64 * 1024 * 1024;

/**
 * The interpreter cannot go on: the stack of the host overflowed inside it, its time was over, or it left
 * through `abort` or `exit`. Its memory is not to be trusted until it is put back.
 */
export class MachineFailure extends Error {
  override readonly name = 'MachineFailure';
  constructor(
    readonly reason: 'stack' | 'time' | 'exit' | 'trap',
    message: string,
  ) {
    super(message);
  }
}

/** What `Machine.save` takes: all of memory that was in use, and the one register outside it. */
export interface MachineImage {
  readonly bytes: Uint8Array;
  readonly stackPointer: number;
}

export interface MachineLimits {
  /** Of memory; growth beyond it is refused, which Python sees as MemoryError. */
  readonly memoryBytes: number;
  /**
   * Of the interpreter's own stack; beyond it Python sees RecursionError. V8 needs about fifteen times as much
   * for the same calls, and where its stack is over first, the evaluation fails as a whole. Compiling ordinary
   * modules takes some 100 KB.
   */
  readonly stackBytes: number;
  /**
   * How long one call into Python may go on without a sign of life, which is a request of Python's, with all that it
   * calls in turn; of processor time.
   */
  readonly milliseconds: number;
  /** The same with signs of life, and not too much that these leave. */
  readonly longestMilliseconds: number;
}

export function compileMachine(wasm: Uint8Array): Promise<WasmModule> {
  return Wasm.compile(wasm);
}

export class Machine {
  private readonly exports: Record<string, WasmFunction>;
  private readonly memory: WasmMemory;
  private readonly stackPointer: WasmGlobal;
  private bytes: Uint8Array;
  private words: DataView;
  private readonly encoder = new TextEncoder();
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** Set when the interpreter failed; every call fails alike until `load`. */
  private failure: MachineFailure | undefined;
  private depth = 0;
  /** When the outermost call must have returned, or is looked at again (`performance.now()`). */
  private deadline = Infinity;
  /** The processor time of this process at or shortly before the outermost call began, and when that was. */
  private usedBefore = { user: 0, system: 0 };
  private measured = -Infinity;
  /** How much of it the outermost call had used before that. */
  private usedEarlier = 0;
  private hasShownLife = false;
  /** How much JavaScript had kept when the outermost call had lasted a while, in bytes. */
  private heapBefore: number | undefined;
  /** Called now and then while a call takes long that shows signs of life. */
  onLongCall: () => void = () => undefined;
  /** Called once, inside Python, before a call is ended that takes too long or leaves the interpreter. */
  onFailure: () => void = () => undefined;

  private constructor(
    exports: Record<string, unknown>,
    private readonly limits: MachineLimits,
  ) {
    this.exports = exports as Record<string, WasmFunction>;
    this.memory = exports.memory as WasmMemory;
    this.stackPointer = exports.__stack_pointer as WasmGlobal;
    this.bytes = new Uint8Array(this.memory.buffer);
    this.words = new DataView(this.memory.buffer);
  }

  /** @param home the prefix under which the kernel serves `lib/python314.zip` */
  static async start(
    module: WasmModule,
    kernel: Kernel,
    limits: MachineLimits,
    home: string,
  ): Promise<Machine> {
    let machine: Machine | undefined = undefined;
    const calls: Record<string, (...args: never[]) => unknown> = {
      ...kernel.calls(),
      emscripten_get_heap_max: () => limits.memoryBytes,
      emscripten_resize_heap: (size: number) => Number(machine!.grow(size >>> 0, limits.memoryBytes)),
      _PyEM_TrampolineCall_JS: (f: number, a: number, b: number, c: number) => machine!.indirect(f)(a, b, c),
      __call_sighandler: (f: number, signal: number) => machine!.indirect(f)(signal),
      // Called by the interpreter's loop every few dozen steps, and by what takes long inside it.
      _Py_CheckEmscriptenSignals_Helper: () => machine!.checkTime(),
      _Py_emscripten_runtime: () => 0,
    };
    const imports: Record<string, Record<string, unknown>> = {};
    for (const { module: namespace, name, kind } of Wasm.Module.imports(module)) {
      const group = (imports[namespace] ??= {});
      // Globals are addresses of graphics and console functions: null, which traps when called.
      if (kind === 'global') group[name] = new Wasm.Global({ value: 'i32', mutable: true }, 0);
      else {
        group[name] =
          calls[name] ?? (name.startsWith('__syscall_') ? () => -52 : () => machine!.refuse(name));
      }
    }
    const instance = await Wasm.instantiate(module, imports);
    machine = new Machine(instance.exports, limits);
    kernel.attach(machine);
    kernel.surroundings.environment = {
      PYTHONHOME: home,
      // Sets are iterated in the order of hashes: the same run must give the same result every time.
      PYTHONHASHSEED: String((kernel.surroundings.random - 1) >>> 0),
      PYTHONUTF8: '1',
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONNOUSERSITE: '1',
    };
    machine.exports.__wasm_call_ctors!();
    machine.dropBuiltins();
    machine.guarded(() => machine!.exports.Py_InitializeEx!(0));
    machine.protectStack();
    machine.view.setInt32(machine.address('Py_EMSCRIPTEN_SIGNAL_HANDLING'), 1, true);
    return machine;
  }

  /** A view of all memory; void after the next call into Python. */
  get heap(): Uint8Array {
    if (this.bytes.length === 0) this.refresh();
    return this.bytes;
  }

  get view(): DataView {
    if (this.bytes.length === 0) this.refresh();
    return this.words;
  }

  /** In bytes. */
  get size(): number {
    return this.memory.buffer.byteLength;
  }

  private refresh(): void {
    this.bytes = new Uint8Array(this.memory.buffer);
    this.words = new DataView(this.memory.buffer);
  }

  private grow(size: number, limit: number): boolean {
    if (size > limit) return false;
    // A fifth more than asked, as growing is slow.
    const wanted = Math.min(limit, Math.max(size, Math.floor(this.size * 1.2)));
    try {
      this.memory.grow(Math.ceil((wanted - this.size) / PAGE));
    } catch {
      return false;
    }
    this.refresh();
    return true;
  }

  private indirect(index: number): (...args: number[]) => number {
    const table = this.exports.__indirect_function_table as unknown as {
      get(index: number): (...args: number[]) => number;
    };
    return table.get(index);
  }

  /** The address of an exported variable. */
  private address(name: string): number {
    return (this.exports[name] as unknown as WasmGlobal).value;
  }

  /** Tells the interpreter how much of its stack it may use before it raises RecursionError. */
  private protectStack(): void {
    const { stackBytes } = this.limits;
    const top = this.exports.emscripten_stack_get_base!();
    const thread = this.exports.PyGILState_GetThisThreadState!();
    this.exports.PyUnstable_ThreadState_SetStackProtection!(thread, top - stackBytes, stackBytes);
  }

  /** Ends an evaluation that takes too long; no code of a layer can catch that. */
  checkTime(): number {
    const now = performance.now();
    if (now <= this.deadline) return 0;
    // On a busy machine much time passes in which this process does not run.
    const { user, system } = process.cpuUsage(this.usedBefore);
    const used = (user + system) / 1000;
    const { milliseconds, longestMilliseconds } = this.limits;
    this.heapBefore ??= process.memoryUsage().heapUsed;
    if (used < milliseconds) {
      this.deadline = now + milliseconds - used;
      return 0;
    }
    this.usedEarlier += used;
    const isLongest = this.usedEarlier >= longestMilliseconds;
    if (this.hasShownLife && !isLongest && process.memoryUsage().heapUsed < this.heapBefore + MOST_GROWTH) {
      this.hasShownLife = false;
      this.measure(now);
      this.deadline = now + milliseconds;
      this.onLongCall();
      return 0;
    }
    this.deadline = Infinity;
    this.onFailure();
    const limit = isLongest ? longestMilliseconds : milliseconds;
    throw new MachineFailure('time', `took longer than ${limit / 1000} s`);
  }

  /** Python asks for something: it does not only turn in a circle. */
  showLife(): void {
    this.hasShownLife = true;
  }

  /** An import that the sandbox does not have was called: that ends the evaluation. */
  private refuse(name: string): never {
    const leaves = /^(exit|proc_exit|_abort_js)$/.test(name);
    if (leaves) this.onFailure();
    throw new MachineFailure(leaves ? 'exit' : 'trap', `Python left through ${name}`);
  }

  /** Takes modules out of the table of built-in ones; before Python is initialised. */
  private dropBuiltins(): void {
    const table = this.view.getUint32((this.exports.PyImport_Inittab as unknown as WasmGlobal).value, true);
    let to = table;
    for (let from = table; ; from += 8) {
      const name = this.view.getUint32(from, true);
      if (name !== 0 && DROPPED_BUILTINS.has(this.text(name))) continue;
      this.view.setUint32(to, name, true);
      this.view.setUint32(to + 4, this.view.getUint32(from + 4, true), true);
      to += 8;
      if (name === 0) return;
    }
  }

  /** The text at `address`, up to its NUL. */
  text(address: number): string {
    const heap = this.heap;
    let end = address;
    while (heap[end]) end++;
    return this.decoder.decode(heap.subarray(address, end));
  }

  private guarded<T>(action: () => T): T {
    if (this.failure) throw this.failure;
    this.depth++;
    try {
      return action();
    } catch (error) {
      this.failure ??=
        error instanceof MachineFailure
          ? error
          : error instanceof RangeError && error.message.includes('call stack')
            ? new MachineFailure('stack', 'maximum recursion depth exceeded')
            : new MachineFailure('trap', error instanceof Error ? error.message : String(error));
      throw this.failure;
    } finally {
      if (--this.depth === 0) this.deadline = Infinity;
    }
  }

  private startClock(): void {
    const now = performance.now();
    this.deadline = now + this.limits.milliseconds / 10;
    this.heapBefore = undefined;
    this.usedEarlier = 0;
    this.hasShownLife = false;
    // Asking for the processor time takes as long as evaluating an expression: now and then is good enough.
    if (now >= this.measured + 100) this.measure(now);
  }

  private measure(now: number): void {
    this.measured = now;
    this.usedBefore = process.cpuUsage();
  }

  /**
   * As `guarded`, with the interpreter's lock (a system call lets go of it, and calls come from within one)
   * and with an exception that is on its way set aside.
   */
  private locked<T>(action: () => T): T {
    if (this.depth === 0) this.startClock();
    return this.guarded(() => {
      const lock = this.exports.PyGILState_Ensure!();
      const raised = this.exports.PyErr_GetRaisedException!();
      const result = action();
      this.exports.PyErr_SetRaisedException!(raised);
      this.exports.PyGILState_Release!(lock);
      return result;
    });
  }

  /** Whether the interpreter failed and must be put back before it can be used again. */
  get failed(): boolean {
    return this.failure !== undefined;
  }

  /** Whether a call into Python is on the stack. */
  get busy(): boolean {
    return this.depth > 0;
  }

  /** Runs module-level Python text in `__main__`; false where it raised. */
  run(text: string): boolean {
    return this.guarded(() => {
      const bytes = this.encoder.encode(`${text}\0`);
      const address = this.exports.malloc!(bytes.length);
      this.heap.set(bytes, address);
      const result = this.exports.PyRun_SimpleStringFlags!(address, 0);
      this.exports.free!(address);
      return result === 0;
    });
  }

  /** The address of `__main__`'s attribute `name`, kept alive. */
  mainAttribute(name: string): number {
    return this.locked(() => {
      const address = this.cString('__main__');
      const main = this.exports.PyImport_AddModule!(address);
      this.exports.free!(address);
      const attribute = this.cString(name);
      const value = this.exports.PyObject_GetAttrString!(main, attribute);
      this.exports.free!(attribute);
      if (value === 0) throw new Error(`__main__ has no ${name}`);
      return value;
    });
  }

  private cString(text: string): number {
    const bytes = this.encoder.encode(`${text}\0`);
    const address = this.exports.malloc!(bytes.length);
    this.heap.set(bytes, address);
    return address;
  }

  /** Calls a Python function that takes one str and returns a str. Lone surrogates in `argument` are lost. */
  call(callable: number, argument: string): string {
    return this.locked(() => {
      const { malloc, free, PyUnicode_FromStringAndSize, PyObject_CallOneArg, Py_DecRef } = this.exports;
      const capacity = argument.length * 3;
      const buffer = malloc!(capacity || 1);
      if (buffer === 0) throw new MachineFailure('trap', 'out of memory');
      const { written } = this.encoder.encodeInto(argument, this.heap.subarray(buffer, buffer + capacity));
      const text = PyUnicode_FromStringAndSize!(buffer, written);
      free!(buffer);
      if (text === 0) throw new MachineFailure('trap', 'out of memory');
      const result = PyObject_CallOneArg!(callable, text);
      Py_DecRef!(text);
      if (result === 0) return this.escaped();
      const reply = this.utf8(result);
      Py_DecRef!(result);
      return reply;
    });
  }

  private utf8(object: number): string {
    const { malloc, free, PyUnicode_AsUTF8AndSize } = this.exports;
    const size = malloc!(8);
    const address = PyUnicode_AsUTF8AndSize!(object, size);
    const length = this.view.getInt32(size, true);
    free!(size);
    if (address === 0) return this.escaped();
    return this.decoder.decode(this.heap.subarray(address, address + length));
  }

  /** An exception came out of a function that catches all: its stack is over, or it has been tampered with. */
  private escaped(): never {
    const { PyErr_ExceptionMatches, PyErr_Clear } = this.exports;
    const recursion = this.view.getUint32(this.address('PyExc_RecursionError'), true);
    const deep = PyErr_ExceptionMatches!(recursion) !== 0;
    PyErr_Clear!();
    if (deep) throw new MachineFailure('stack', 'maximum recursion depth exceeded');
    throw new MachineFailure('trap', 'the door to Python was broken');
  }

  /** The end of the memory that was ever handed out. */
  private get used(): number {
    return this.view.getUint32(this.exports.emscripten_get_sbrk_ptr!() >>> 0, true);
  }

  save(): MachineImage {
    return { bytes: this.heap.slice(0, this.used), stackPointer: this.stackPointer.value };
  }

  /** Puts memory back to an image. Must not be called from within a call. */
  load(image: MachineImage): void {
    const { used, heap } = this;
    heap.set(image.bytes);
    // The interpreter never gives memory back, so that nothing beyond `used` was ever written to.
    heap.fill(0, image.bytes.length, used);
    this.stackPointer.value = image.stackPointer;
    this.failure = undefined;
  }
}
