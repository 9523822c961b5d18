/** `sstate-lens sstate TASK --why-missing`: the object of a task before an edit, found and compared with. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { materialise, parseScenario, type Workspace } from '../harness/fixture.ts';
import { bundledCommand } from '../lsp/command.ts';

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

  const run = async (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [await bundledCommand(), ...args, '--build-dir', workspace.buildDir],
      { encoding: 'utf8', cwd: workspace.root },
    );
    return { status, lines: stdout.replaceAll(`${workspace.root}/`, '').split('\n').slice(0, -1), stderr };
  };
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
});
