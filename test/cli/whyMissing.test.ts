/** `sstate-lens sstate TASK --why-missing`: the object of a task before an edit, found and compared with. */
import { appendFileSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { materialise, parseScenario, type Workspace } from '../harness/fixture.ts';
import { inTerminal } from '../harness/terminal.ts';
import { HAS_NGINX, startNginx } from '../sstate/servers.ts';

const SCENARIO = parseScenario(
  'why',
  `Objects named by hash.

-- build/conf/local.conf --
INHERIT += "objects"
-- layer/classes/objects.bbclass --
SSTATE_DIR = "\${TOPDIR}/objects"
STAMPS_DIR = "\${TMPDIR}/stamps"
BB_HASHFILENAME = "\${PN} \${PV}"
BB_HASHCHECK_FUNCTION = "objects_check"

def objects_check(sq_data, d, siginfo=False, currentcount=0, summary=True, **kwargs):
    found = set()
    for tid in sq_data["hash"]:
        pn, pv = sq_data["hashfn"][tid].split()
        unihash = sq_data["unihash"][tid]
        name = "sstate:%s::%s:r0::1:%s_%s.tar.zst" % (pn, pv, unihash, bb.runqueue.taskname_from_tid(tid)[3:])
        name += ".siginfo" if siginfo else ""
        if os.path.exists(d.expand("\${SSTATE_DIR}/") + unihash[:2] + "/" + unihash[2:4] + "/" + name):
            found.add(tid)
    return found

do_package() {
    :
}
do_package_setscene() {
    :
}
addtask package after do_install before do_build
addtask package_setscene
-- layer/recipes/lib_1.0.bb --
LEVEL = "1"
do_compile() {
    make LEVEL=\${LEVEL}
}
`,
);

/** Files below a directory, relative to it. */
function filesOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

interface Recorded {
  readonly task: string;
  readonly basehash: string;
  readonly taskhash: string;
  readonly values: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
  readonly taskDependencies: readonly string[];
  readonly run: {
    readonly dependencies: readonly string[];
    readonly hashes: Readonly<Record<string, string>>;
  };
}

describe('why an object is missing', { timeout: 600_000 }, () => {
  let workspace: Workspace;
  beforeAll(() => {
    workspace = materialise(SCENARIO);
  });
  afterAll(() => workspace.dispose());

  const run = (...args: string[]) => inTerminal(workspace, ...args);
  const objectOf = (hash: string, task: string) =>
    join(
      workspace.buildDir,
      `objects/${hash.slice(0, 2)}/${hash.slice(2, 4)}/sstate:lib::1.0:r0::1:${hash}_${task}.tar.zst`,
    );
  const write = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  /** Signature data as BitBake writes it. */
  const record = async (task: string): Promise<string> => {
    const { lines } = await run('explain', 'lib', task, '--hash', 'taskhash', '--format', 'json');
    const own = JSON.parse(lines.join('\n')) as Recorded;
    const data = {
      task: own.task,
      basehash: own.basehash,
      varvals: own.values,
      gendeps: own.dependencies,
      taskdeps: own.taskDependencies,
      basehash_ignore_vars: { _set_object: [] },
      taskhash_ignore_tasks: null,
      runtaskdeps: own.run.dependencies,
      runtaskhashes: own.run.hashes,
      file_checksum_values: [],
      taskhash: own.taskhash,
      unihash: own.taskhash,
    };
    write(`${objectOf(own.taskhash, task.slice(3))}.siginfo`, JSON.stringify(data));
    return own.taskhash;
  };

  it('is told down to the variable and its line', async () => {
    const nothing = await run('sstate', 'lib:do_package', '--why-missing');
    expect(nothing.lines.at(-1)).toBe(
      'nothing of lib:do_package is there under another hash (what servers have cannot be listed): it was not built yet, or its objects were removed',
    );
    expect(nothing.status).toBe(1);
    for (const task of ['do_compile', 'do_install']) await record(task);
    const hash = await record('do_package');
    write(objectOf(hash, 'package'), '');
    const there = await run('sstate', 'lib:do_package', '--why-missing');
    expect(there).toMatchObject({
      status: 0,
      lines: [
        `lib:do_package: its object is there: ${objectOf(hash, 'package').replace(`${workspace.root}/`, '')}`,
      ],
    });
    appendFileSync(join(workspace.root, 'layer/recipes/lib_1.0.bb'), '\nLEVEL = "2"\n');
    const { lines, status } = await run('sstate', 'lib:do_package', '--why-missing');
    expect(lines[0]).toBe('lib:do_package: its object is not there');
    expect(lines).toContain(`nearest of 1   ${objectOf(hash, 'package').replace(`${workspace.root}/`, '')}`);
    expect(lines.find((line) => line.includes('LEVEL'))?.trim()).toBe(
      "Variable LEVEL value changed from '1' to '2' (layer/recipes/lib_1.0.bb:6 set)",
    );
    expect(lines.at(-1)).toBe("root cause: lib:do_compile: Variable LEVEL value changed from '1' to '2'");
    expect(status).toBe(1);
  });

  it.skipIf(!HAS_NGINX)(
    'is told the same where a server has all signature data (skipped without nginx and openssl)',
    async () => {
      const nginx = await startNginx([]);
      try {
        const own = join(workspace.buildDir, 'objects');
        cpSync(own, nginx.store, { recursive: true });
        const conf = join(workspace.buildDir, 'conf/local.conf');
        appendFileSync(conf, `\nSSTATE_MIRRORS = "file://.* http://${nginx.host}/PATH"\n`);
        // Of a task that was taken from the server only the stamp of its setscene task is here.
        const object = filesOf(nginx.store).find((name) => name.endsWith('_package.tar.zst'))!;
        const hash = /:([0-9a-f]{64})_/.exec(object)![1]!;
        rmSync(own, { recursive: true });
        mkdirSync(own);
        write(join(workspace.buildDir, `tmp/stamps/lib-1.0.do_package_setscene.${hash}`), '');

        const { lines, status, stderr } = await run('sstate', 'lib:do_package', '--why-missing');
        const uri = `http://${nginx.host}/${object.replaceAll(':', '%3A')}`;
        expect(lines).toContain(`nearest of 1   ${uri}`);
        expect(lines.at(-1)).toBe("root cause: lib:do_compile: Variable LEVEL value changed from '1' to '2'");
        expect(status).toBe(1);
        expect(stderr).not.toContain('warning');
        // Of three tasks one file each, and nothing was kept of them.
        const read = nginx.requests().filter(({ line }) => line.startsWith('GET'));
        expect(read.map(({ line }) => /_(\w+)\.tar\.zst\.siginfo /.exec(line)?.[1])).toEqual([
          'package',
          'install',
          'compile',
        ]);
        expect(filesOf(own)).toEqual([]);

        const offline = await run('sstate', 'lib:do_package', '--why-missing', '--offline');
        expect(offline.status).toBe(2);
        expect(nginx.requests().filter(({ line }) => line.startsWith('GET'))).toHaveLength(3);

        const siginfo = join(nginx.store, `${object}.siginfo`);
        writeFileSync(siginfo, '<html>Welcome to the hotel</html>');
        const lying = await run('sstate', 'lib:do_package', '--why-missing');
        expect(lying.stderr).toContain(
          `warning: ${uri}.siginfo is no signature data that can be read: it is left alone. Look at what the server sends\n`,
        );
        expect(lying.lines.at(-1)).toContain('none with signature data (.siginfo)');
        const other = filesOf(nginx.store).find((name) => name.includes('_install.'))!;
        cpSync(join(nginx.store, other), siginfo);
        const swapped = await run('sstate', 'lib:do_package', '--why-missing');
        expect(swapped.stderr).toContain(
          `warning: ${uri}.siginfo is signature data of another task or hash than its name says: it is left alone\n`,
        );
        expect(swapped.status).toBe(1);
      } finally {
        await nginx.stop();
      }
    },
  );
});
