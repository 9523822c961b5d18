/**
 * What `sstate-lens sstate` says beside what real BitBake says (`bitbake -n core-image-minimal`), on one build directory
 * in several states: the summary line, the setscene tasks used, the tasks that run. Prints the figures of each.
 *
 *     SSTATE_LENS_OE_CORE=CHECKOUT npx vitest run test/sstate/conformance.test.ts
 *
 * CHECKOUT is one of OE-Core with BitBake in it; nothing in it is changed. BitBake does not run as root: then
 * SSTATE_LENS_BITBAKE_USER names who it runs as. The state with a mirror needs nginx. Takes some 20 minutes.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundledCommand } from '../lsp/command.ts';

const CHECKOUT = process.env['SSTATE_LENS_OE_CORE'];
const USER = process.env['SSTATE_LENS_BITBAKE_USER'];
const TARGET = 'core-image-minimal';
const nginx = ['/usr/sbin/nginx', '/usr/bin/nginx'].find((path) => existsSync(path));
const runsBitBake = CHECKOUT !== undefined && (process.getuid?.() !== 0 || USER !== undefined);

const SETTINGS = `
BB_NO_NETWORK = "0"
CONNECTIVITY_CHECK_URIS = ""
BB_HASHSERVE = ""
BB_SIGNATURE_HANDLER = "OEBasicHash"
INHERIT:remove = "uninative"
SANITY_TESTED_DISTROS = ""
`;

interface PrintedPlan {
  readonly summary: { readonly line: string };
  readonly tasks: readonly {
    readonly recipe: string;
    readonly task: string;
    readonly outcome: string;
    readonly setscene?: string;
    readonly object?: { readonly path?: string };
  }[];
}

interface Run {
  readonly summary: string;
  readonly setscene: readonly string[];
  readonly runs: readonly string[];
  readonly noexec: readonly string[];
}

describe.skipIf(!runsBitBake)(
  `${TARGET} of the checkout in SSTATE_LENS_OE_CORE`,
  { timeout: 3_600_000 },
  () => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-')));
    const [build, mirror, layer] = [join(root, 'build'), join(root, 'mirror'), join(root, 'layer')];
    let objects: readonly string[] = [];

    const identity = () => {
      if (USER === undefined) return {};
      const number = (flag: string) => Number(execFileSync('id', [flag, USER], { encoding: 'utf8' }));
      return { uid: number('-u'), gid: number('-g') };
    };
    const own = (path: string) => USER !== undefined && execFileSync('chown', ['-R', USER, path]);
    const bitbake = (command: string): string => {
      const script = `. ./oe-init-build-env '${build}' >/dev/null && ${command}`;
      const env = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LANG: 'en_US.UTF-8', HOME: root };
      const options = { cwd: CHECKOUT, env, encoding: 'utf8', maxBuffer: 1 << 28, ...identity() } as const;
      const { stdout, stderr, status } = spawnSync('bash', ['-c', script], options);
      if (status !== 0) throw new Error(`${command}: ${stdout.slice(-2000)}${stderr.slice(-2000)}`);
      return stdout;
    };
    const theirs = (): Run => {
      const output = bitbake(`bitbake -n ${TARGET}`);
      const found: Record<string, string[]> = { setscene: [], '': [], noexec: [] };
      for (const [, kind = '', task = ''] of output.matchAll(
        /Running (?:(setscene|noexec) )?task \d+ of \d+ \((.*)\)/g,
      ))
        found[kind]!.push(task.replace(/_setscene$/, ''));
      return {
        summary: /Sstate summary: .*/.exec(output)![0].trim(),
        setscene: found['setscene']!.sort(),
        runs: found['']!.sort(),
        noexec: found['noexec']!.sort(),
      };
    };
    const plan = async (): Promise<PrintedPlan> => {
      const args = ['sstate', TARGET, '--dry-run', '--format', 'json', '--build-dir', build];
      const options = { encoding: 'utf8', maxBuffer: 1 << 28 } as const;
      const { stdout, stderr } = spawnSync(process.execPath, [await bundledCommand(), ...args], options);
      if (stdout === '') throw new Error(stderr);
      return JSON.parse(stdout) as PrintedPlan;
    };
    const ours = ({ summary, tasks }: PrintedPlan): Run => {
      const named = (chosen: (task: PrintedPlan['tasks'][number]) => boolean) =>
        tasks
          .filter(chosen)
          .map(({ recipe, task }) => `${recipe}:${task}`)
          .sort();
      return {
        summary: summary.line,
        setscene: named(({ setscene }) => setscene === 'used'),
        runs: named(({ outcome }) => outcome === 'runs'),
        noexec: named(({ outcome }) => outcome === 'noexec'),
      };
    };
    const compare = async (state: string) => {
      const expected = theirs();
      const found = ours(await plan());
      console.log(
        `${state}: ${found.summary}; ${found.setscene.length} setscene tasks, ${found.runs.length} tasks run ` +
          `(BitBake: ${expected.setscene.length}, ${expected.runs.length})`,
      );
      expect(found).toEqual(expected);
    };
    /** Lays empty objects: BitBake's check looks for nothing but their names. */
    const lay = (
      isWanted: (path: string, at: number) => boolean,
      directory = join(build, 'sstate-cache'),
    ) => {
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory, { recursive: true });
      objects.forEach((path, at) => {
        if (!isWanted(path, at)) return;
        const target = path.replace(join(build, 'sstate-cache'), directory);
        mkdirSync(dirname(target), { recursive: true });
        writeFileSync(target, '');
      });
      own(directory);
    };

    beforeAll(() => {
      chmodSync(root, 0o755);
      own(root);
      bitbake('true');
      const write = (path: string, text: string) => {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text);
      };
      write(
        join(layer, 'conf/layer.conf'),
        'BBPATH .= ":${LAYERDIR}"\nBBFILES += "${LAYERDIR}/recipes/*.bbappend"\nBBFILE_COLLECTIONS += "edits"\n' +
          'BBFILE_PATTERN_edits = "^${LAYERDIR}/"\nLAYERSERIES_COMPAT_edits = "${LAYERSERIES_CORENAMES}"\n',
      );
      appendFileSync(join(build, 'conf/bblayers.conf'), `BBLAYERS += "${layer}"\n`);
      appendFileSync(join(build, 'conf/local.conf'), SETTINGS);
      own(root);
    });
    afterAll(() => rmSync(root, { recursive: true, force: true }));

    it('with an empty cache', async () => {
      const { tasks } = await plan();
      objects = tasks.flatMap(({ object }) => object?.path ?? []);
      await compare('empty cache');
    });

    it('with all objects local', async () => {
      lay(() => true);
      await compare('all local');
    });

    it('without the objects of one recipe', async () => {
      lay((path) => !path.includes('sstate:zlib:'));
      await compare('zlib gone');
    });

    it('with some objects', async () => {
      lay((_, at) => (at * 7919) % 10 < 7);
      await compare('seven of ten');
    });

    it('with an edited recipe', async () => {
      lay(() => true);
      mkdirSync(join(layer, 'recipes'), { recursive: true });
      writeFileSync(join(layer, 'recipes/zlib_%.bbappend'), 'do_compile:append() {\n    true\n}\n');
      await compare('zlib edited');
      rmSync(join(layer, 'recipes'), { recursive: true });
    });

    it.skipIf(!nginx)('with half of them local, half on a mirror', async () => {
      lay((_, at) => at % 2 === 0);
      lay((_, at) => at % 2 === 1, mirror);
      const port = await freePort();
      const conf = join(root, 'nginx.conf');
      writeFileSync(
        conf,
        `user root;\ndaemon off;\npid ${root}/nginx.pid;\nerror_log /dev/null;\nevents {}\nhttp { access_log off; server { listen 127.0.0.1:${port}; root ${mirror}; } }\n`,
      );
      const server = spawn(nginx!, ['-c', conf], { stdio: 'ignore' });
      try {
        appendFileSync(
          join(build, 'conf/local.conf'),
          `SSTATE_MIRRORS = "file://.* http://127.0.0.1:${port}/PATH;downloadfilename=PATH"\n`,
        );
        await compare('half on a mirror');
      } finally {
        server.kill();
      }
    });
  },
);

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
