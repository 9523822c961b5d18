/** The database of a hash equivalence server, made and written by real SQLite, read without a lock. */
import { execFileSync, spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, it } from 'vitest';
import { HashDatabase } from '../../server/src/host/hashDatabase.ts';
import { releaseOf } from '../../server/src/metadata/release.ts';

const PLACE = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-')));
const WASM = join(import.meta.dirname, '../../node_modules/sql.js/dist/sql-wasm.wasm');
const PROGRAM = join(import.meta.dirname, 'hashDatabase.py');
const V2 =
  'CREATE TABLE unihashes_v2 (id INTEGER PRIMARY KEY AUTOINCREMENT, method TEXT NOT NULL, taskhash TEXT NOT NULL, unihash TEXT NOT NULL, UNIQUE(method, taskhash))';
const V3 = V2.replace('_v2', '_v3').replace('UNIQUE', "gc_mark TEXT NOT NULL DEFAULT '', UNIQUE");
const LOG = 'PRAGMA journal_mode = WAL';
const [A, B, C, D] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(64)) as [
  string,
  string,
  string,
  string,
];

afterAll(() => rmSync(PLACE, { recursive: true }));

let count = 0;

function make(...statements: readonly string[]): string {
  const path = join(PLACE, `${count++}.db`);
  execFileSync('python3', [PROGRAM, 'make', path, ...statements]);
  return path;
}

function row(table: string, taskhash: string, unihash: string, method = 'm'): string {
  return `INSERT INTO ${table} (method, taskhash, unihash) VALUES ('${method}', '${taskhash}', '${unihash}')`;
}

async function ask(path: string, taskhashes: readonly string[], version = '2.18.0', largest?: number) {
  const place = { path, shared: false, traits: releaseOf(version).hashServer };
  const database = new HashDatabase(place, { wasm: WASM, ...(largest !== undefined && { largest }) });
  try {
    return await database.unihashes(taskhashes.map((taskhash) => ({ method: 'm', taskhash })));
  } finally {
    database.dispose();
  }
}

const said = (path: string, text: string) => `the hash equivalence database ${path} ${text}`;

describe('the database of a hash equivalence server', () => {
  it('gives what is committed to its log', async () => {
    const path = make(LOG, V3, row('unihashes_v3', A, C), row('unihashes_v3', B, D, 'other'));
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
    expect(await ask(path, [A, B, C])).toEqual([C, undefined, undefined]);
  });

  it('gives what is in it where there is no log', async () => {
    expect(await ask(make(V3, row('unihashes_v3', A, C)), [A, B])).toEqual([C, undefined]);
  });

  it('is not changed, and nothing is made beside it', async () => {
    const path = make(LOG, V3, row('unihashes_v3', A, C));
    const state = () =>
      readdirSync(PLACE)
        .filter((name) => join(PLACE, name).startsWith(path))
        .map((name) => [name, readFileSync(join(PLACE, name)), statSync(join(PLACE, name)).mtimeMs]);
    const before = state();
    await ask(path, [A]);
    expect(state()).toEqual(before);
  });

  it('knows nothing before there is one', async () => {
    expect(await ask(join(PLACE, 'none.db'), [A])).toEqual([undefined]);
    expect(await ask(join(PLACE, 'none/hashserv.db'), [A])).toEqual([undefined]);
    const empty = join(PLACE, 'empty.db');
    writeFileSync(empty, '');
    expect(await ask(empty, [A])).toEqual([undefined]);
  });

  it('is read by the rules of the release whose server would open it', async () => {
    const older = make(LOG, V2, row('unihashes_v2', A, C));
    expect(await ask(older, [A], '2.0.0')).toEqual([C]);
    expect(await ask(older, [A], '2.8.0')).toEqual([C]);
    const both = make(LOG, V2, V3, row('unihashes_v3', A, C));
    expect(await ask(both, [A], '2.18.0')).toEqual([C]);
    expect(await ask(both, [A], '2.0.0')).toEqual([undefined]);
  });

  it('is unknown where the server could not bring two tables together', async () => {
    const path = make(V2, V3, row('unihashes_v2', A, C), row('unihashes_v3', A, D));
    await expect(ask(path, [A])).rejects.toThrow(
      said(
        path,
        'has rows in unihashes_v3 and in unihashes_v2 that contradict each other, and BitBake cannot bring them together: move it away',
      ),
    );
  });

  it('is unknown where another release wrote it', async () => {
    const path = make(V3.replace('_v3', '_v9'));
    await expect(ask(path, [A])).rejects.toThrow(
      said(path, 'was written by another release of BitBake (it has unihashes_v9, not unihashes_v3)'),
    );
  });

  it('is unknown where it is cut short, broken, something else or too large', async () => {
    const rows = Array.from({ length: 400 }, (_, n) => row('unihashes_v3', `${n}`.padStart(64, '0'), C));
    const short = make(V3, ...rows);
    truncateSync(short, statSync(short).size - 4096);
    await expect(ask(short, [A])).rejects.toThrow(
      /cannot be read \(it is \d+ bytes long and should have \d+ pages/,
    );
    const broken = make(V3, ...rows);
    const bytes = readFileSync(broken);
    bytes.fill(0x5a, 4096);
    writeFileSync(broken, bytes);
    await expect(ask(broken, [A])).rejects.toThrow(/cannot be read \(database disk image is malformed\)/);
    const text = join(PLACE, 'text.db');
    writeFileSync(text, 'no database\n'.repeat(20));
    await expect(ask(text, [A])).rejects.toThrow(said(text, 'cannot be read (it is no SQLite database)'));
    await expect(ask(make(V3), [A], '2.18.0', 1000)).rejects.toThrow(/is too large to be copied/);
    const directory = join(PLACE, 'directory.db');
    mkdirSync(directory);
    await expect(ask(directory, [A])).rejects.toThrow(said(directory, 'is no file'));
  });

  it('is unknown for as long as one writes to it without log', { timeout: 30_000 }, async () => {
    const path = make(V3, row('unihashes_v3', A, C));
    writeFileSync(`${path}-journal`, 'half a transaction');
    await expect(ask(path, [A])).rejects.toThrow(said(path, 'never stays the same'));
  });

  it(
    'gives one state after the other while another process writes, which never feels it',
    { timeout: 300_000 },
    async () => {
      const path = join(PLACE, 'busy.db');
      const keys = Array.from({ length: 300 }, (_, key) => key.toString(16).padStart(64, '0'));
      const writer = spawn('python3', [PROGRAM, 'write', path, `${keys.length}`], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      try {
        const lines = createInterface({ input: writer.stdout })[Symbol.asyncIterator]();
        await lines.next();
        const generations: number[] = [];
        while (generations.length < 20) {
          const answers = new Set(await ask(path, keys));
          expect([...answers]).toHaveLength(1);
          generations.push(parseInt([...answers][0] ?? '0', 16));
        }
        writer.stdin.end('\n');
        const result = JSON.parse((await lines.next()).value as string) as Record<string, number>;
        expect(result['locked']).toBe(0);
        expect(result['reopened']).toBeGreaterThan(0);
        expect(generations).toEqual([...generations].sort((a, b) => a - b));
        expect(new Set(generations).size).toBeGreaterThan(5);
        expect(await ask(path, keys.slice(0, 1))).toEqual([
          result['generations']!.toString(16).padStart(64, '0'),
        ]);
      } finally {
        writer.kill();
      }
    },
  );
});
