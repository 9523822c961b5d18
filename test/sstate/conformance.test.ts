/**
 * What `sstate-lens sstate` says beside what real BitBake says (`bitbake -n core-image-minimal`), on one build directory
 * in several states: the summary line, the setscene tasks used, the tasks that run. Prints the figures of each.
 *
 *     SSTATE_LENS_OE_CORE=CHECKOUT npx vitest run test/sstate/conformance.test.ts
 *
 * CHECKOUT is one of OE-Core with BitBake in it; see `test/harness/dryRuns.ts`. The state with a mirror needs nginx, and
 * hash equivalence is BitBake's own hashserv. Takes some 20 minutes.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DryRuns, runsBitBake } from '../harness/dryRuns.ts';

const nginx = ['/usr/sbin/nginx', '/usr/bin/nginx'].find((path) => existsSync(path));
/** Reports to a hashserv over the database in DIRECTORY that NEW gives what OLD gave; without any, noise until it is killed. */
const REPORT = `
import hashlib, os, sys, tempfile
bitbake, directory, *pairs = sys.argv[1:]
sys.path.insert(0, bitbake + '/lib')
import hashserv
method = 'oe.sstatesig.OEOuthashBasic'
server = hashserv.create_server('unix://' + tempfile.mkdtemp() + '/s', os.path.join(directory, 'hashserv.db'), sync=False)
server.serve_as_process()
client = hashserv.create_client(server.address)
digest = lambda text: hashlib.sha256(text.encode()).hexdigest()
def equal(old, new):
    client.report_unihash(old, method, digest(old), old)
    return client.report_unihash(new, method, digest(old), new)['unihash'] == old
if pairs:
    print(sum(equal(*pair.split(':')) for pair in pairs), flush=True)
count = 0
while not pairs:
    equal(digest('old %d' % count), digest('new %d' % count))
    count += 1
    if count % 100 == 0:
        print(count, flush=True)
client.close()
server.process.terminate()
server.process.join()
`;

describe.skipIf(!runsBitBake)('the checkout in SSTATE_LENS_OE_CORE', { timeout: 3_600_000 }, () => {
  describe('without hash equivalence', () => {
    let dryRuns: DryRuns;
    let objects: readonly string[];

    beforeAll(async () => {
      dryRuns = new DryRuns('BB_HASHSERVE = ""\nBB_SIGNATURE_HANDLER = "OEBasicHash"\n');
      objects = [...(await dryRuns.objects()).values()];
    }, 3_600_000);
    afterAll(() => dryRuns.dispose(), 600_000);

    it('with an empty cache', async () => {
      await dryRuns.compare('empty cache');
    });

    it('with all objects local', async () => {
      dryRuns.lay(objects);
      await dryRuns.compare('all local');
    });

    it('without the objects of one recipe', async () => {
      dryRuns.lay(objects.filter((path) => !path.includes('sstate:zlib:')));
      await dryRuns.compare('zlib gone');
    });

    it('with some objects', async () => {
      dryRuns.lay(objects.filter((_, at) => (at * 7919) % 10 < 7));
      await dryRuns.compare('seven of ten');
    });

    it('with an edited recipe', async () => {
      dryRuns.lay(objects);
      const undo = dryRuns.editZlib();
      await dryRuns.compare('zlib edited');
      undo();
    });

    it.skipIf(!nginx)('with half of them local, half on a mirror', async () => {
      const { root } = dryRuns;
      const mirror = join(root, 'mirror');
      dryRuns.lay(objects.filter((_, at) => at % 2 === 0));
      dryRuns.lay(
        objects.filter((_, at) => at % 2 === 1),
        mirror,
      );
      const port = await freePort();
      const conf = join(root, 'nginx.conf');
      writeFileSync(
        conf,
        `user root;\ndaemon off;\npid ${root}/nginx.pid;\nerror_log /dev/null;\nevents {}\nhttp { access_log off; server { listen 127.0.0.1:${port}; root ${mirror}; } }\n`,
      );
      const server = spawn(nginx!, ['-c', conf], { stdio: 'ignore' });
      try {
        dryRuns.configure(`SSTATE_MIRRORS = "file://.* http://127.0.0.1:${port}/PATH;downloadfilename=PATH"`);
        await dryRuns.compare('half on a mirror');
      } finally {
        server.kill();
      }
    });
  });

  describe('with hash equivalence', () => {
    let dryRuns: DryRuns;
    let objects: ReadonlyMap<string, string>;
    const database = () => join(dryRuns.root, 'shared');
    const reporter = (...pairs: string[]) => [
      '-c',
      REPORT,
      `${process.env['SSTATE_LENS_OE_CORE']}/bitbake`,
      database(),
      ...pairs,
    ];

    beforeAll(async () => {
      dryRuns = new DryRuns(
        'BB_HASHSERVE = "auto"\nBB_SIGNATURE_HANDLER = "OEEquivHash"\nBB_HASHSERVE_DB_DIR = "ROOT/shared"\n',
      );
      dryRuns.lay([], database());
      objects = await dryRuns.objects();
      dryRuns.lay([...objects.values()]);
    }, 3_600_000);
    afterAll(() => dryRuns.dispose(), 600_000);

    it('when nothing is known to be equal', async () => {
      await dryRuns.compare('hash equivalence, all local');
    });

    it('when what an edited recipe gives is known to be equal', async () => {
      dryRuns.editZlib();
      const missed = await dryRuns.compare('hash equivalence, zlib edited');
      const edited = await dryRuns.objects();
      const hashOf = (path: string) => /[0-9a-f]{64}/.exec(path)![0];
      const ofZlib = [...edited].filter(([task]) => /\/zlib_[^/]*\.bb:/.test(task));
      const pairs = ofZlib.flatMap(([task, now]) => {
        const old = objects.get(task)!;
        return hashOf(old) === hashOf(now) ? [] : [`${hashOf(old)}:${hashOf(now)}`];
      });
      expect(pairs.length).toBeGreaterThan(5);
      const { stdout, stderr } = spawnSync('/usr/bin/python3', reporter(...pairs), {
        encoding: 'utf8',
        ...dryRuns.identity(),
      });
      expect(stdout, stderr).toBe(`${pairs.length}\n`);
      // BitBake remembers from the run before that nothing was known, and does not ask again.
      await dryRuns.compare('hash equivalence, its output known to be equal too late');
      dryRuns.forgetUnihashes();
      const cut = await dryRuns.compare('hash equivalence, its output known to be equal');
      expect(cut.runs.length).toBeLessThan(missed.runs.length);
    });

    it('while another process writes to the database', async () => {
      const writer = spawn('/usr/bin/python3', reporter(), { detached: true, ...dryRuns.identity() });
      try {
        let written = '';
        writer.stdout.on('data', (text: Buffer) => (written += text.toString()));
        await expect.poll(() => written, { timeout: 60_000 }).not.toBe('');
        const before = written;
        await dryRuns.compare('hash equivalence, database written meanwhile');
        await expect.poll(() => written, { timeout: 60_000 }).not.toBe(before);
      } finally {
        process.kill(-writer.pid!);
      }
    });
  });
});

it.skipIf(runsBitBake)(
  'needs SSTATE_LENS_OE_CORE, and as root SSTATE_LENS_BITBAKE_USER: not compared',
  () => {
    expect(runsBitBake).toBe(false);
  },
);

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
