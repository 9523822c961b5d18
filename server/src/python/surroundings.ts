/**
 * What the interpreter finds around it besides files: an environment, clocks, and a source of numbers that are
 * not random (the same recipe must give the same result twice). There are no processes, no sockets, no
 * signals and no memory shared with files: asking for one is refused.
 */
import { calendarCalls } from './calendar.ts';
import type { Machine } from './machine.ts';
import type { Observer } from './observer.ts';
import { Errno } from './volume.ts';

export interface SurroundingsOptions {
  readonly uid: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Where the sequence of numbers starts; not 0. */
  readonly seed: number;
  readonly refuse: (what: string) => void;
  readonly observer?: Observer | undefined;
}

export class Surroundings {
  environment: Readonly<Record<string, string>> = {};
  /** Where in the sequence of numbers the interpreter is. */
  random: number;

  constructor(private readonly options: SurroundingsOptions) {
    this.random = options.seed;
  }

  /** The functions the instance imports, by name. */
  calls(machine: () => Machine): Record<string, (...args: never[]) => unknown> {
    const { options } = this;
    const view = (): DataView => machine().view;
    const heap = (): Uint8Array => machine().heap;
    const refused = (what: string, result: number) => () => {
      options.refuse(what);
      return result;
    };
    const network = refused('use the network', -Errno.EPERM);
    return {
      ...calendarCalls(view, heap),
      __hiwire_deduplicate_new: () => null,
      // Each asks whether the host can wait for the call that follows; it cannot.
      _maybe_poll_async: () => null,
      _maybe_connect_async: () => null,
      _maybe_recvfrom_async: () => null,
      _maybe_sendto_async: () => null,
      _try_shutdown: () => 0,
      __syscall_poll: () => 0,
      __syscall_getuid32_js: () => options.uid,
      __syscall_socket: network,
      __syscall_connect: network,
      __syscall_pipe: refused('make a pipe', -Errno.ENOSYS),
      getaddrinfo: refused('look up a host name', -2),
      getnameinfo: refused('look up a host name', -2),
      _emscripten_system: refused('run a command', -1),
      _dlopen_js: refused('load a native library', 0),
      _mmap_js: () => -Errno.ENOSYS,
      _munmap_js: () => 0,
      _msync_js: () => 0,
      _setitimer_js: () => -Errno.ENOSYS,
      environ_sizes_get: (count: number, size: number) => {
        const entries = this.environmentStrings();
        view().setUint32(count >>> 0, entries.length, true);
        view().setUint32(
          size >>> 0,
          entries.reduce((sum, entry) => sum + entry.length, 0),
          true,
        );
        return 0;
      },
      environ_get: (pointers: number, buffer: number) => {
        let at = buffer >>> 0;
        this.environmentStrings().forEach((entry, index) => {
          view().setUint32((pointers >>> 0) + 4 * index, at, true);
          heap().set(entry, at);
          at += entry.length;
        });
        return 0;
      },
      random_get: (address: number, size: number) => {
        options.observer?.unrepeatable('random numbers');
        heap().set(this.randomBytes(size >>> 0), address >>> 0);
        return 0;
      },
      _emscripten_get_progname: (address: number, size: number) => {
        heap().fill(0, address >>> 0, (address >>> 0) + Math.min(size, 1));
      },
      emscripten_runtime_keepalive_push: () => undefined,
      emscripten_runtime_keepalive_pop: () => undefined,
      _emscripten_runtime_keepalive_clear: () => undefined,
      clock_time_get: (id: number, _precision: bigint, result: number) => {
        machine().checkTime();
        options.observer?.unrepeatable('the clock');
        const milliseconds = id === 0 ? options.now() : performance.now();
        view().setBigInt64(result >>> 0, BigInt(Math.round(milliseconds * 1e6)), true);
        return 0;
      },
      clock_res_get: (_id: number, result: number) => {
        view().setBigInt64(result >>> 0, 1000n, true);
        return 0;
      },
      emscripten_date_now: () => {
        options.observer?.unrepeatable('the clock');
        return options.now();
      },
      emscripten_get_now: () => {
        // What waits asks for the time over and over.
        machine().checkTime();
        return performance.now();
      },
    };
  }

  private environmentStrings(): Uint8Array[] {
    const encoder = new TextEncoder();
    return Object.entries(this.environment).map(([name, value]) => encoder.encode(`${name}=${value}\0`));
  }

  /** A fixed sequence (xorshift), put back with everything else. */
  randomBytes(size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    for (let index = 0; index < size; index++) {
      this.random ^= this.random << 13;
      this.random ^= this.random >>> 17;
      this.random ^= this.random << 5;
      bytes[index] = this.random & 255;
    }
    return bytes;
  }
}
