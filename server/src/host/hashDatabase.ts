/**
 * The database of a local hash equivalence server (`hashserv.db`), read while builds write to it.
 *
 * No lock is ever taken, no file is made and none is opened for writing: what is committed is copied into memory, and
 * SQLite (sql.js) opens the copy. The copy is one state of the database although its files change meanwhile: a
 * writer adds to the log, and what is brought from the log into the database stays in the log until another begins,
 * which has another header. So the log is read after the database, and all is read again where its header changed.
 * Answers as `hashserv/sqlite.py: Database.get_equivalent` does, after what `DatabaseEngine.create` does at start.
 */
import { open, stat, statfs } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import initSqlJs, { type Database, type SqlJsStatic } from 'sql.js';
import {
  type UnihashQuestion,
  type UnihashSource,
  UnihashSourceFailure,
} from '../inputs/hashEquivalencePorts.ts';
import type { HashDatabasePlace } from '../sstate/equivalenceSettings.ts';
import { committedImage, usesLog } from './sqliteWal.ts';

/** In bytes; what is copied is held twice for a moment. */
const LARGEST = 1024 * 1024 * 1024;
const MOST_ATTEMPTS = 50;
const MILLISECONDS_BETWEEN = 20;
/** How old a change must be for the next one to be told from it by its time: clocks of file systems are coarse. */
const SETTLED_MILLISECONDS = 20;
const NFS_MAGIC = 0x6969;
const LOG_HEADER = 32;

export interface HashDatabaseOptions {
  /** Path of `sql-wasm.wasm`. */
  readonly wasm: string;
  /** In bytes; default 1 GiB. */
  readonly largest?: number;
}

/** One state of the database, copied at the first question. */
export class HashDatabase implements UnihashSource {
  readonly name: string;
  private opened: Promise<Lookup> | undefined;

  constructor(
    private readonly place: HashDatabasePlace,
    private readonly options: HashDatabaseOptions,
  ) {
    this.name = place.path;
  }

  async unihashes(
    questions: readonly UnihashQuestion[],
    signal?: AbortSignal,
  ): Promise<readonly (string | undefined)[]> {
    try {
      const lookup = await (this.opened ??= this.open(signal));
      return questions.map((question) => lookup.find(question));
    } catch (error) {
      if (error instanceof UnihashSourceFailure || signal?.aborted) throw error;
      throw this.failure(
        `cannot be read (${(error as Error).message}): check it with sqlite3 and PRAGMA integrity_check`,
      );
    }
  }

  dispose(): void {
    void this.opened?.then(
      (lookup) => lookup.close(),
      () => undefined,
    );
    this.opened = undefined;
  }

  private async open(signal?: AbortSignal): Promise<Lookup> {
    const { path, traits, shared } = this.place;
    if (shared && (await isOnNfs(dirname(path))))
      throw this.failure('is on NFS, and BitBake refuses BB_HASHSERVE_DB_DIR there: set up a server instead');
    const image = await this.copy(signal);
    if (image === undefined || image.length === 0) return { find: () => undefined, close: () => undefined };
    const sqlite = await sqliteOf(this.options.wasm);
    const database = new sqlite.Database(image);
    try {
      const tables = unihashTables(database, traits);
      if (typeof tables === 'string') throw this.failure(tables);
      return lookupIn(database, tables);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Undefined: there is no database yet. */
  private async copy(signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    const { path } = this.place;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      if (attempt > 0) await pause(MILLISECONDS_BETWEEN, undefined, { signal });
      signal?.throwIfAborted();
      let copy: Uint8Array | undefined | 'changing';
      try {
        copy = await this.tryToCopy(path);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === undefined) throw error;
        throw this.failure(`cannot be read (${code}): look at its permissions`);
      }
      if (copy !== 'changing') return copy;
    }
    throw this.failure(
      'never stays the same for as long as it takes to copy it: ask again when less is written',
    );
  }

  private async tryToCopy(path: string): Promise<Uint8Array | undefined | 'changing'> {
    const before = await stateOf(path);
    if (before === undefined) return undefined;
    if (!before.isFile) throw this.failure('is no file: look at what is there');
    const largest = this.options.largest ?? LARGEST;
    if (before.size + before.logSize > largest)
      throw this.failure(
        `is too large to be copied (${before.size + before.logSize} bytes, at most ${largest}): ask a server over it`,
      );
    const database = await read(path);
    const log = await read(`${path}-wal`);
    const after = await stateOf(path);
    if (database === undefined || after === undefined) return 'changing';
    if (before.journal || after.journal) return 'changing';
    if (before.logHeader !== after.logHeader) return 'changing';
    // Where there is a log, whatever has changed in the database meanwhile is in it.
    const hasLog = before.logHeader !== '' && (database.length === 0 || usesLog(database));
    if (!hasLog && (before.key !== after.key || !before.settled)) return 'changing';
    return committedImage(database, hasLog ? log : undefined);
  }

  private failure(what: string): UnihashSourceFailure {
    return new UnihashSourceFailure(`the hash equivalence database ${this.name} ${what}`);
  }
}

interface State {
  /** The same for as long as nothing is written to the file. */
  readonly key: string;
  readonly isFile: boolean;
  readonly size: number;
  readonly logSize: number;
  /** In hexadecimal; empty: there is no log, or nothing in it. */
  readonly logHeader: string;
  /** A writer that goes without log is at it, or was ended. */
  readonly journal: boolean;
  readonly settled: boolean;
}

async function stateOf(path: string): Promise<State | undefined> {
  const file = await statOf(path);
  if (file === undefined) return undefined;
  const log = await statOf(`${path}-wal`);
  const logHeader = log?.isFile() ? await readHeader(`${path}-wal`) : '';
  const journal = await statOf(`${path}-journal`);
  return {
    key: [file.ino, file.size, file.mtimeNs].join(' '),
    isFile: file.isFile() && (log?.isFile() ?? true),
    size: Number(file.size),
    logSize: Number(log?.size ?? 0),
    logHeader,
    journal: journal !== undefined && journal.size > 0n,
    settled: Math.abs(Date.now() - Number(file.mtimeMs)) > SETTLED_MILLISECONDS,
  };
}

async function statOf(path: string) {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readHeader(path: string): Promise<string> {
  return Buffer.from((await read(path, LOG_HEADER)) ?? []).toString('hex');
}

/** @param length undefined: all of it. @returns undefined where there is no such file */
async function read(path: string, length?: number): Promise<Uint8Array | undefined> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    if (length === undefined) return await file.readFile();
    const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** `bb/utils.py: is_path_on_nfs`. */
async function isOnNfs(directory: string): Promise<boolean> {
  try {
    return (await statfs(directory)).type === NFS_MAGIC;
  } catch {
    return false;
  }
}

/** sql.js holds one WebAssembly memory for all databases of a process. */
let sqlite: Promise<SqlJsStatic> | undefined;

function sqliteOf(wasm: string): Promise<SqlJsStatic> {
  return (sqlite ??= initSqlJs({ wasmBinary: new Uint8Array(readFileSync(wasm)).buffer }));
}

interface Lookup {
  find(question: UnihashQuestion): string | undefined;
  close(): void;
}

function lookupIn(database: Database, tables: readonly string[]): Lookup {
  const statements = tables.map((table) =>
    database.prepare(`SELECT unihash FROM ${table} WHERE method=? AND taskhash=?`),
  );
  return {
    find({ method, taskhash }) {
      for (const statement of statements) {
        statement.bind([method, taskhash]);
        const value = statement.step() ? statement.get()[0] : undefined;
        statement.reset();
        if (value !== undefined) return String(value);
      }
      return undefined;
    },
    close: () => database.close(),
  };
}

/**
 * The tables that a server of this release answers from: it makes the one it reads where that is missing, and takes
 * the rows of the older one over.
 * @returns a sentence where it cannot, or where a release that is not known has written
 */
function unihashTables(
  database: Database,
  { unihashTable, olderUnihashTable }: HashDatabasePlace['traits'],
): readonly string[] | string {
  const [result] = database.exec(
    "SELECT name FROM sqlite_master WHERE type='table' AND name LIKE 'unihashes%'",
  );
  const found = (result?.values ?? []).map(([name]) => String(name));
  const read = [unihashTable, ...(olderUnihashTable === undefined ? [] : [olderUnihashTable])];
  const used = read.filter((table) => found.includes(table));
  const newer = found.find((table) => versionOf(table) > versionOf(unihashTable));
  if (used.length === 0 && newer !== undefined)
    return `was written by another release of BitBake (it has ${newer}, not ${unihashTable}): set PERSISTENT_DIR or BB_HASHSERVE_DB_DIR to a directory of this release`;
  if (used.length === 2) {
    const [clash] = database.exec(
      `SELECT 1 FROM ${used[0]!} AS a, ${used[1]!} AS b
       WHERE a.id = b.id UNION ALL
       SELECT 1 FROM ${used[0]!} AS a, ${used[1]!} AS b
       WHERE a.method = b.method AND a.taskhash = b.taskhash LIMIT 1`,
    );
    if (clash !== undefined)
      return `has rows in ${used.join(' and in ')} that contradict each other, and BitBake cannot bring them together: move it away`;
  }
  return used;
}

function versionOf(table: string): number {
  return Number(/\d+$/.exec(table)?.[0] ?? 0);
}
