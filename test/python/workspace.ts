/**
 * A sandbox over a few files in memory and a datastore that is a map: what Python alone decides, without the
 * layers that evaluate metadata.
 */
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BUILT_IN_VERSION, releaseOf } from '../../server/src/metadata/release.ts';
import { readPythonAssets } from '../../server/src/host/pythonAssets.ts';
import type { Value } from '../../server/src/datastore/value.ts';
import type { FileSystem, HostFacts } from '../../server/src/inputs/ports.ts';
import type { DatastoreService, PythonRuntime } from '../../server/src/python/runtime.ts';
import { PythonError } from '../../server/src/python/runtime.ts';
import type { SandboxOptions } from '../../server/src/python/sandbox.ts';
import { createSandbox } from '../../server/src/python/sandbox.ts';

const ROOT = join(import.meta.dirname, '../..');
export const ASSETS = readPythonAssets(
  join(ROOT, 'node_modules/pyodide'),
  join(ROOT, 'server/src/python/lib'),
);

export const FACTS: HostFacts = {
  sysname: 'Linux',
  nodename: 'builder',
  release: '6.12.0',
  version: '#1 SMP',
  machine: 'riscv64',
  cpuCount: 12,
  debianArchitecture: 'riscv64',
  pythonExecutable: '/opt/python/bin/python3',
  userName: 'oe',
  uid: 1000,
  gid: 1000,
  homeDir: '/home/oe',
  environment: { PATH: '/usr/bin:/bin', HOME: '/home/oe', LANG: 'en_US.UTF-8' },
};

/** Files by absolute path; directories follow from them. A text `-> path` is a symbolic link. */
export function memoryFiles(texts: Readonly<Record<string, string>>): FileSystem {
  const link = (path: string): string | undefined => /^-> (.*)/.exec(texts[path] ?? '')?.[1];
  const resolve = (path: string): string => {
    for (const prefix of Object.keys(texts)) {
      const target = link(prefix);
      if (target !== undefined && (path === prefix || path.startsWith(`${prefix}/`))) {
        return resolve(target + path.slice(prefix.length));
      }
    }
    return path;
  };
  const names = (directory: string): string[] => {
    const prefix = directory === '/' ? '/' : `${directory}/`;
    const below = Object.keys(texts).filter((path) => path.startsWith(prefix));
    return [...new Set(below.map((path) => path.slice(prefix.length).split('/')[0]!))].sort();
  };
  const bytes = (path: string): Uint8Array | undefined => {
    const text = texts[resolve(path)];
    return text === undefined ? undefined : new TextEncoder().encode(text);
  };
  const isDirectory = (path: string): boolean => names(resolve(path)).length > 0;
  return {
    stat: (path) =>
      bytes(path)
        ? { kind: 'file', size: bytes(path)!.length, mtimeMs: 1_000_500, executable: path.endsWith('.sh') }
        : isDirectory(path)
          ? { kind: 'directory', size: 4096, mtimeMs: 0, executable: true }
          : undefined,
    readText: (path) => texts[resolve(path)],
    readBytes: bytes,
    list: (path) => (isDirectory(path) ? names(resolve(path)) : undefined),
    realPath: (path) => (bytes(path) || isDirectory(path) ? resolve(path) : undefined),
  };
}

/** The host's own files, for tests against a checkout. */
export const HOST_FILES: FileSystem = {
  stat: (path) => {
    const stat = attempt(() => statSync(path));
    const kind = stat?.isFile() ? 'file' : stat?.isDirectory() ? 'directory' : 'other';
    return stat && { kind, size: stat.size, mtimeMs: stat.mtimeMs, executable: (stat.mode & 0o111) !== 0 };
  },
  readText: (path) => attempt(() => readFileSync(path, 'utf8')),
  readBytes: (path) => attempt(() => new Uint8Array(readFileSync(path))),
  list: (path) => attempt(() => readdirSync(path).sort()),
  realPath: (path) => attempt(() => realpathSync(path)),
};

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

export type Operation = (d: number, args: readonly Value[]) => Value | Record<string, Value>;

/** Datastores as maps; each call is noted, and operations can be put in the place of these. */
export class MapDatastore implements DatastoreService {
  readonly calls: [operation: string, d: number, args: readonly Value[]][] = [];
  readonly stores = new Map<number, Map<string, Value>>([[1, new Map()]]);
  operations: Record<string, Operation> = {};
  /** Answers operations that are not here; they fail without it. */
  otherwise: ((operation: string) => Value) | undefined;

  call(operation: string, d: number, args: readonly Value[]): Value | Record<string, Value> {
    this.calls.push([operation, d, args]);
    const special = this.operations[operation];
    if (special) return special(d, args);
    const store = this.stores.get(d) ?? new Map<string, Value>();
    const name = args[0] as string;
    switch (operation) {
      case 'getVar':
        return store.get(name);
      case 'getVarFlag':
        return store.get(`${name}[${args[1] as string}]`);
      case 'setVar':
        return void store.set(name, args[1]);
      case 'setVarFlag':
        return void store.set(`${name}[${args[1] as string}]`, args[2]);
      case 'delVar':
        return void store.delete(name);
      case 'keys':
        return [...store.keys()];
      case 'expand':
        return name;
      case 'create':
      case 'createCopy': {
        const number = this.stores.size + 1;
        this.stores.set(number, new Map(operation === 'create' ? [] : store));
        return number;
      }
      default:
        if (this.otherwise) return this.otherwise(operation);
        throw new Error(`no operation ${operation}`);
    }
  }

  set(name: string, value: Value): void {
    this.stores.get(1)!.set(name, value);
  }

  get(name: string): Value {
    return this.stores.get(1)!.get(name);
  }
}

export interface TestSandbox {
  readonly python: PythonRuntime;
  readonly d: MapDatastore;
  readonly said: [level: string, message: string, frame?: { file: string; line: number }][];
  /** `evaluate` on datastore 1. */
  evaluate(expression: string, variable?: string): string;
  /** Runs module-level text as if it stood in `/layer/x.bb`, from line 10 on. */
  run(text: string): void;
  /** What an action raises. */
  raised(action: () => unknown): PythonError;
}

export async function testSandbox(options: Partial<SandboxOptions> = {}): Promise<TestSandbox> {
  const d = new MapDatastore();
  const said: TestSandbox['said'] = [];
  const python = await createSandbox({
    ...ASSETS,
    files: memoryFiles({ '/layer/x.bb': '' }),
    facts: FACTS,
    datastore: d,
    bitbakeLibrary: undefined,
    traits: releaseOf(BUILT_IN_VERSION).python,
    roots: ['/layer'],
    scratch: ['/build/tmp'],
    cwd: '/build',
    limits: {
      memoryBytes: 128 * 1024 * 1024,
      stackBytes: 128 * 1024,
      milliseconds: 20_000,
      longestMilliseconds: 20_000,
      messages: 10,
    },
    say: (level, message, frame) => said.push(frame ? [level, message, frame] : [level, message]),
    now: () => 1_700_000_000_000,
    ...options,
  });
  return {
    python,
    d,
    said,
    evaluate: (expression, variable) => python.evaluate(expression, 1, variable),
    run: (text) => python.define(text, { file: '/layer/x.bb', line: 10 }),
    raised: (action) => {
      try {
        action();
      } catch (error) {
        if (error instanceof PythonError) return error;
        throw error;
      }
      throw new Error('nothing was raised');
    },
  };
}
