/** sstate objects over LSP: verdicts as real BitBake's dry runs have them, and what faults come to. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRunExpectations } from '../harness/fixture.ts';
import { serveRequests, serveSockets } from '../sstate/servers.ts';
import { APP, LIB, ObjectEditor, SCENARIO } from './objects.ts';

/** Without a BitBake at hand, the rules are those of wrynose. */
const RECORDED = readRunExpectations(SCENARIO)['wrynose']!;

const EQUIVALENCE = [
  'BB_SIGNATURE_HANDLER = "TestEquivHash"',
  'PERSISTENT_DIR = "${TOPDIR}/cache"',
  'BB_HASHSERVE = "auto"',
];

interface Found {
  readonly targets: string[];
  readonly summary: string[];
  readonly tasks: {
    task: string;
    verdict: string;
    outcome: string;
    taskhash?: string;
    unihash?: string;
    equivalent?: boolean;
    object?: string;
    mirror?: string;
    uri?: string;
    reason?: string;
  }[];
  readonly problems: string[];
}

describe('sstate objects in the editor', { timeout: 240_000 }, () => {
  const own = new ObjectEditor();
  const ask = (more?: object) => own.ask<Found>('sstate', more);
  const verdicts = ({ tasks }: Found) =>
    tasks.map((task) => `${task.task} ${task.verdict} ${task.outcome}`).sort();
  const hovered = async () =>
    (await own.editor.hover(APP, 'do_package', 3))?.split('\n').filter((line) => line.includes('sstate: '));

  it('are those that BitBake would use, and stay in hovers until the hash changes', async () => {
    await own.start();
    const found = await ask();
    expect(found.targets).toEqual(['app']);
    expect(found.summary).toEqual([RECORDED['app']!.summary]);
    expect(verdicts(found)).toEqual([
      'app:do_build noexec noexec',
      'app:do_compile runs runs',
      'app:do_install runs runs',
      'app:do_package local covered',
      'app:do_sysroot missing runs',
    ]);
    expect(found.tasks.find(({ task }) => task === 'app:do_package')?.object).toBe(
      join(own.workspace.buildDir, 'objects/app:do_package'),
    );
    expect(found.problems).toEqual([]);
    expect(await hovered()).toEqual(['- `app`: sstate: local']);
    await own.editor.replace(APP, 'true', 'false');
    expect(await hovered()).toEqual([]);
    await own.editor.replace(APP, 'false', 'true');
    expect(await hovered()).toEqual(['- `app`: sstate: local']);
    expect(own.editor.progress.slice(-1)).toEqual(['end']);

    // What is said of others than the recipe of a document.
    const all = await own.editor.request<Found>('sstateLens/sstate', { targets: ['image'] });
    expect(all.summary).toEqual([RECORDED['image']!.summary]);
    expect(all.tasks).toHaveLength(18);
    const none = await own.editor.request<Found>('sstateLens/sstate', { targets: ['nowhere'] });
    expect(none.problems.join('\n')).toContain('nowhere');
    await expect(own.editor.request('sstateLens/sstate', { targets: 'image' })).rejects.toThrow(
      'targets: give a list of names such as zlib or zlib:do_package',
    );
  });

  it('are looked for on servers only where that is asked', async () => {
    let requests = 0;
    const server = await serveRequests((request, response) => {
      requests++;
      response.statusCode = decodeURIComponent(request.url ?? '').endsWith('/app:do_sysroot') ? 200 : 404;
      response.end();
    });
    own.servers.push(server);
    await own.start([`SSTATE_MIRRORS = "file://.* http://${server.host}/PATH"`]);
    const sysroot = async (more: object) =>
      (await ask(more)).tasks.find(({ task }) => task === 'app:do_sysroot');
    expect(await sysroot({})).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining('was not asked') as string,
    });
    expect(requests).toBe(0);
    expect(await sysroot({ servers: true })).toMatchObject({
      verdict: 'mirror',
      outcome: 'covered',
      mirror: `file://.* http://${server.host}/PATH`,
    });
    expect(requests).toBeGreaterThan(0);
    // One availability for all requests: what the server has said counts for later ones.
    const before = requests;
    expect(await sysroot({ servers: true })).toMatchObject({ verdict: 'mirror' });
    expect(await sysroot({})).toMatchObject({ verdict: 'mirror' });
    expect(requests).toBe(before);
    // Another mirror, and nothing of the one before counts.
    const configuration = join(own.workspace.buildDir, 'conf/local.conf');
    const text = readFileSync(configuration, 'utf8');
    writeFileSync(configuration, text.replace('/PATH"', '/other/PATH"'));
    const changed = await own.editor.until(
      () => sysroot({}),
      (found) => found?.verdict === 'unknown',
    );
    expect(changed?.reason).toContain('/other/PATH was not asked');
    expect(requests).toBe(before);
  });

  it('on a mirror that hangs are unknown; meanwhile hovers are answered', async () => {
    const server = await serveSockets(() => undefined);
    own.servers.push(server);
    await own.start([`SSTATE_MIRRORS = "file://.* http://${server.host}/PATH"`]);
    await ask();
    const answered: string[] = [];
    const asking = expect(ask({ servers: true, seconds: 5 })).rejects.toThrow(
      'the objects of app could not be looked for within 5 s, as servers are too slow: ' +
        'look in local directories only, or see whether what SSTATE_MIRRORS and BB_HASHSERVE name answers',
    );
    const late = asking.then(() => answered.push('objects'));
    expect(await own.editor.hover(APP, 'do_package', 3)).toContain('### do_package');
    answered.push('hover');
    await late;
    expect(answered).toEqual(['hover', 'objects']);

    const found = await ask({ servers: true });
    expect(verdicts(found)).toEqual([
      'app:do_build noexec noexec',
      // do_build comes straight after do_install: both run in any case.
      'app:do_compile runs runs',
      'app:do_install runs runs',
      'app:do_package local covered',
      'app:do_sysroot unknown unknown',
    ]);
    expect(found.summary).toEqual([
      RECORDED['app']!.summary,
      'at best          Wanted 4 Local 3 Mirrors 1 Missed 0 Current 0 (100% match, 0% complete)',
    ]);
    expect(found.problems).toHaveLength(1);
    expect(found.problems[0]).toContain(`warning: ${server.host} does not answer`);

    own.editor.cancels = true;
    await expect(ask({ servers: true })).rejects.toThrow(
      'the objects of app were not looked for: that was cancelled',
    );
    own.editor.cancels = false;
    expect((await ask()).tasks).toHaveLength(5);
  });

  it('are equal by unihash as a database says, and unknown where that is broken', async () => {
    await own.start(EQUIVALENCE);
    const cache = join(own.workspace.buildDir, 'cache');
    const database = join(cache, 'hashserv.db');
    mkdirSync(cache, { recursive: true });
    const before = await ask();
    expect(before.summary).toEqual([RECORDED['app']!.summary]);
    const { taskhash = '' } = before.tasks.find(({ task }) => task === 'app:do_package')!;
    expect(taskhash).toMatch(/^[0-9a-f]{64}$/);
    const program = [
      'import sqlite3, sys',
      'd = sqlite3.connect(sys.argv[1])',
      'd.execute("CREATE TABLE unihashes_v3 (id INTEGER PRIMARY KEY, method TEXT, taskhash TEXT, unihash TEXT, UNIQUE(method, taskhash))")',
      'd.execute("INSERT INTO unihashes_v3 (method, taskhash, unihash) VALUES (\'sstate_output_hash\', ?, ?)", sys.argv[2:])',
      'd.commit()',
    ].join('\n');
    const unihash = 'c'.repeat(64);
    execFileSync('python3', ['-c', program, database, taskhash, unihash]);
    const equal = await ask();
    expect(equal.tasks.find(({ task }) => task === 'app:do_package')).toMatchObject({
      verdict: 'local',
      taskhash,
      unihash,
      equivalent: true,
    });
    expect(await hovered()).toEqual(['- `app`: sstate: local, equal by unihash']);

    rmSync(database);
    writeFileSync(database, 'not a database at all'.repeat(400));
    const broken = await ask();
    expect(broken.tasks.find(({ task }) => task === 'app:do_package')).toMatchObject({
      verdict: 'unknown',
      reason: expect.stringContaining(database) as string,
    });
    expect(broken.problems).toHaveLength(1);
    expect(broken.problems[0]).toContain(database);
    expect((await hovered())?.[0]).toMatch(/^- `app`: sstate: unknown, because `.*hashserv\.db/);
    await own.editor.open(LIB);
    expect(await own.editor.hover(APP, 'do_package', 3)).toContain('### do_package');
  });

  it('make taskhashes what BitBake would compute, as far as it remembers unihashes, and say so', async () => {
    await own.start(EQUIVALENCE);
    const taskhashes = async () =>
      new Map((await ask()).tasks.map(({ task, taskhash }) => [task, taskhash] as const));
    const before = await taskhashes();
    const lib = await own.editor.request<Found>('sstateLens/sstate', { targets: ['lib'] });
    const sysroot = lib.tasks.find(({ task }) => task === 'lib:do_sysroot')!;
    expect(await own.editor.hover(APP, 'do_package', 3)).toContain(
      'Hash equivalence: BitBake remembers no unihashes of an earlier run; every other task counts as equal to none',
    );
    const cache = join(own.workspace.buildDir, 'cache');
    mkdirSync(cache, { recursive: true });
    const entries = `{":lib:do_sysroot": ("${sysroot.taskhash}", "${'c'.repeat(64)}")}`;
    const program = `import pickle, sys; pickle.dump([${entries}, "3"], open(sys.argv[1], "wb"), -1)`;
    execFileSync('python3', ['-c', program, join(cache, 'bb_unihashes.dat')]);
    const after = (await taskhashes()).get('app:do_package')!;
    expect(after).not.toBe(before.get('app:do_package'));
    // What BitBake has written since is read with the next edit.
    await own.editor.replace(APP, 'true', 'false');
    await own.editor.replace(APP, 'false', 'true');
    const hover = await own.editor.hover(APP, 'do_package', 3);
    expect(hover).toContain(`- \`app\`: \`${after}\``);
    expect(hover).toContain('Hash equivalence: Unihashes are those that BitBake remembers of its last run;');
  });
});
