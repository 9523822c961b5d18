/**
 * Taskhashes with hash equivalence in the terminal, over a workspace and a database of unihashes that real BitBake 2.18
 * (with its own handler TestEquivHash and BB_HASHSERVE = "auto") was given too.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { materialise, readScenario, type Workspace } from '../harness/fixture.ts';
import { inTerminal } from '../harness/terminal.ts';

const [C, D] = ['c'.repeat(64), 'd'.repeat(64)];
const METHOD = 'sstate_output_hash';
const COMPILE = 'e7b7937440349d7df9fc05ce67e28bd071c121f614739d759dacd6769ca40326';
const INSTALL = 'f66969f0292405623071b87a8be95e693dcf349e5a924ff90c94386c706533ac';
/** Recipe and task, taskhash, unihash: what BitBake's run queue had. */
const RECORDED = [
  ['a-tool:do_compile', COMPILE, C],
  ['a-tool:do_install', '8fa4211f5b8e75ca603171656af17b4d4f2c16002adc72f0c713391f39d4adcc', undefined],
  ['app:do_build', 'af35064588e870d245d179475d9dd405ad9e5b8264bb6b5aecb614675066ad7a', undefined],
  ['app:do_compile', COMPILE, C],
  ['app:do_install', '8fa4211f5b8e75ca603171656af17b4d4f2c16002adc72f0c713391f39d4adcc', undefined],
  ['lib:do_compile', COMPILE, C],
  ['lib:do_install', INSTALL, D],
  ['xlib:do_compile', COMPILE, C],
  ['xlib:do_install', INSTALL, D],
].map(([name, taskhash, unihash]) => [name, taskhash, unihash ?? taskhash]);

describe('hash equivalence in the terminal', { timeout: 120_000 }, () => {
  let workspace: Workspace;
  let cache: string;

  beforeEach(() => {
    workspace = materialise(readScenario('taskhashes/ignored'));
    cache = join(workspace.buildDir, 'cache');
    mkdirSync(cache);
    configure(
      'BB_SIGNATURE_HANDLER = "TestEquivHash"',
      'PERSISTENT_DIR = "${TOPDIR}/cache"',
      'BB_HASHSERVE = "auto"',
    );
    const program = [
      'import sqlite3, sys',
      'd = sqlite3.connect(sys.argv[1])',
      'd.execute("PRAGMA journal_mode = WAL")',
      'd.execute("CREATE TABLE unihashes_v3 (id INTEGER PRIMARY KEY, method TEXT, taskhash TEXT, unihash TEXT, UNIQUE(method, taskhash))")',
      `d.executemany("INSERT INTO unihashes_v3 (method, taskhash, unihash) VALUES ('${METHOD}', ?, ?)", [("${COMPILE}", "${C}"), ("${INSTALL}", "${D}")])`,
      'd.commit()',
    ].join('\n');
    execFileSync('python3', ['-c', program, join(cache, 'hashserv.db')]);
  });
  afterEach(() => workspace.dispose());

  const configure = (...lines: string[]) =>
    appendFileSync(join(workspace.buildDir, 'conf/local.conf'), `${lines.join('\n')}\n`);

  async function run(...args: string[]) {
    const command = ['sig', '--hash', 'taskhash', 'app', '--closure', '--format', 'json'];
    const { status, stdout, stderr } = await inTerminal(workspace, ...command, ...args);
    const { tasks, unihashes } = JSON.parse(stdout) as {
      tasks: { pn: string; task: string; taskhash: unknown; unihash: unknown }[];
      unihashes: unknown;
    };
    const rows = tasks.map(({ pn, task, taskhash, unihash }) => [`${pn}:${task}`, taskhash, unihash]);
    return { status, stderr, unihashes, rows: rows.sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1)) };
  }

  it('gives the taskhashes and the unihashes that BitBake has, and says from where', async () => {
    const { status, rows, unihashes, stderr } = await run();
    expect(rows).toEqual(RECORDED);
    const database = 'build/cache/hashserv.db';
    expect(unihashes).toEqual({ remembered: 0, found: { [database]: 2 }, nowhere: 2, unknown: 0 });
    expect(stderr).toContain(
      `hash equivalence: 0 remembered by BitBake, 2 in ${database}, 2 without equivalent`,
    );
    expect(status).toBe(0);
  });

  it('takes what BitBake remembers first', async () => {
    const entries = `{":%s:do_compile" % pn: ("${COMPILE}", "${COMPILE}") for pn in ("app", "lib", "xlib", "a-tool")}`;
    const program = `import pickle, sys; pickle.dump([${entries}, "3"], open(sys.argv[1], "wb"), -1)`;
    execFileSync('python3', ['-c', program, join(cache, 'bb_unihashes.dat')]);
    const { rows, unihashes } = await run();
    expect(unihashes).toEqual({ remembered: 4, found: {}, nowhere: 3, unknown: 0 });
    // As BitBake has it where there is no equivalence at all.
    expect(rows.find(([name]) => name === 'app:do_build')?.[1]).toBe(
      '1cc1c4a1a8e51fa87032dabecf4431309fd529d7eb86be607f4e6e0abb8774b7',
    );
  });

  it('leaves unknown what only a server knows, with --offline and where none answers', async () => {
    configure('BB_HASHSERVE_UPSTREAM = "127.0.0.1:9"');
    const offline = await run('--offline');
    const reason =
      'the hash equivalence server that BB_HASHSERVE_UPSTREAM names was not asked, as servers are left out here';
    expect(offline.rows.find(([name]) => name === 'lib:do_install')).toEqual(['lib:do_install', INSTALL, D]);
    expect(offline.rows.find(([name]) => name === 'a-tool:do_install')?.[2]).toEqual({ unknown: reason });
    expect(offline.status).toBe(1);
    const gone = await run();
    const failure =
      'the hash equivalence server 127.0.0.1:9 (BB_HASHSERVE_UPSTREAM) does not answer: ECONNREFUSED';
    expect(gone.rows.find(([name]) => name === 'a-tool:do_install')?.[2]).toEqual({ unknown: failure });
    expect(gone.stderr.split(failure)).toHaveLength(2);
    expect(gone.status).toBe(1);
  });

  it('says what is wrong with a database, once', async () => {
    const database = join(cache, 'hashserv.db');
    execFileSync('rm', ['-f', `${database}-wal`, `${database}-shm`]);
    writeFileSync(database, readFileSync(database).subarray(0, 4096));
    const { rows, stderr, status } = await run();
    expect(rows.find(([name]) => name === 'app:do_compile')?.slice(1)).toEqual([
      COMPILE,
      {
        unknown: expect.stringContaining(
          'the hash equivalence database build/cache/hashserv.db cannot be read',
        ) as string,
      },
    ]);
    expect(stderr.split('cannot be read')).toHaveLength(2);
    expect(status).toBe(1);
  });
});
