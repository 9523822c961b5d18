/** Which files the workspace's own check for objects looks for. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecipeEvaluator } from '../../server/src/engine/evaluator.ts';
import { ObjectNames } from '../../server/src/engine/objectNames.ts';
import type { ObjectTask } from '../../server/src/engine/results.ts';
import { openCheckout, openEvaluator } from '../harness/engine.ts';
import { materialise, parseScenario, type Workspace } from '../harness/fixture.ts';

/** Checks of our own making: each as a layer may have it. */
const CLASS = `
STORE = "/srv/store"
SSTATE_DIR = "\${STORE}/objects"
LONGEST = "20"

def file_name(spec, unihash, siginfo, d):
    name = (spec + unihash)[:int(d.getVar("LONGEST"))]
    return unihash[:2] + "/" + name + (".info" if siginfo else ".pkg")

def two_levels(sq_data, d, siginfo=False, currentcount=0, summary=True, **kwargs):
    found = set()
    def of(tid):
        prefix, spec = sq_data["hashfn"][tid].split(" ")
        task = bb.runqueue.taskname_from_tid(tid)[3:]
        return (prefix + "/" if prefix != "-" else "") + file_name(task + ":" + spec, sq_data["unihash"][tid], siginfo, d)
    for tid in sq_data["hash"]:
        if os.path.exists(d.expand("\${SSTATE_DIR}/" + of(tid))):
            found.add(tid)
    if d.getVar("SSTATE_MIRRORS"):
        bb.fatal("mirrors are none of its business here")
    if hasattr(bb.parse.siggen, "checkhashes"):
        bb.parse.siggen.checkhashes(sq_data, set(), found, d)
    return found

def by_multiconfig(sq_data, d, siginfo=False, **kwargs):
    return {t for t in sq_data["hash"] if os.path.isfile(bb.runqueue.mc_from_tid(t) + "|" + bb.runqueue.fn_from_tid(t))}

def by_host(sq_data, d, siginfo=False, **kwargs):
    native = lambda tid: d.getVar("NATIVELSBSTRING") + "/" if "native" in tid else ""
    return {t for t in sq_data["hash"] if os.path.exists("/srv/" + native(t) + sq_data["unihash"][t])}

def looks_twice(sq_data, d, siginfo=False, **kwargs):
    return {t for t in sq_data["hash"] if os.path.exists("/a" + t) or os.path.exists("/b" + t)}

def fails(sq_data, d, siginfo=False, **kwargs):
    raise KeyError("no such task")

def asks_the_host(sq_data, d, siginfo=False, **kwargs):
    name = os.popen("hostname").read()
    return {t for t in sq_data["hash"] if os.path.exists("/" + name)}
`;

function workspaceWith(check: string): string {
  return `A class of its own.

-- build/conf/bblayers.conf --
BBPATH = "\${TOPDIR}"
BBLAYERS = "@WORKSPACE@/layer"
-- layer/conf/layer.conf --
BBPATH .= ":\${LAYERDIR}"
-- layer/conf/bitbake.conf --
CACHE = "\${TOPDIR}/cache"
BB_HASHCHECK_FUNCTION = "${check}"
NATIVELSBSTRING = "debian-12"
INHERIT = "${check === 'by_host' ? 'uninative' : ''}"
SSTATE_MIRRORS = "file://.* http://mirror.example/PATH"
-- layer/classes/uninative.bbclass --
UNINATIVE_URL = "unset"
-- layer/classes/base.bbclass --
${CLASS}
`;
}

const TASKS: readonly ObjectTask[] = [
  {
    tid: '/layer/a.bb:do_install',
    hashFilename: '- a:1.0:',
    taskhash: 'f'.repeat(64),
    unihash: 'abcdef0123456789',
  },
  {
    tid: 'mc:other:virtual:native:/layer/a.bb:do_x',
    hashFilename: 'debian-12 a-native:',
    taskhash: 'f',
    unihash: '99aa',
  },
];

describe('object names', () => {
  const opened: Workspace[] = [];
  const evaluators = new Map<string, RecipeEvaluator>();
  beforeAll(async () => {
    for (const check of [
      'two_levels',
      'by_host',
      'by_multiconfig',
      'looks_twice',
      'fails',
      'asks_the_host',
      'missing_one',
      '',
    ]) {
      const workspace = materialise(parseScenario(`names/${check}`, workspaceWith(check)));
      opened.push(workspace);
      evaluators.set(check, await openEvaluator(workspace.buildDir));
    }
  }, 600_000);
  afterAll(() => {
    for (const workspace of opened) workspace.dispose();
  });
  const paths = (check: string, siginfo = false) =>
    evaluators.get(check)!.objectPaths({ siginfo, tasks: TASKS });

  it("are those of the workspace's own class", () => {
    expect(paths('two_levels')).toEqual([
      { path: '/srv/store/objects/ab/install:a:1.0:abcdef.pkg' },
      { path: '/srv/store/objects/debian-12/99/x:a-native:99aa.pkg' },
    ]);
    expect(paths('two_levels', true)).toEqual([
      { path: '/srv/store/objects/ab/install:a:1.0:abcdef.info' },
      { path: '/srv/store/objects/debian-12/99/x:a-native:99aa.info' },
    ]);
  });

  it('can depend on the recipe file and the multiconfig', () => {
    expect(paths('by_multiconfig')).toEqual([
      { path: '|/layer/a.bb' },
      { path: 'other|virtual:native:/layer/a.bb' },
    ]);
  });

  it('are unknown where they depend on what BitBake unpacks when a build starts', () => {
    expect(paths('by_host')).toEqual([
      { path: '/srv/abcdef0123456789' },
      {
        unknown:
          'uninative is not unpacked yet, which BitBake does when a build starts: where native objects are looked for depends on it. Run a build once',
      },
    ]);
  });

  it('are unknown where the class does not look for one file per task', () => {
    const reason = (check: string, why: string) =>
      TASKS.map(() => ({ unknown: `the check for objects, ${check}, is not understood: ${why}` }));
    expect(paths('looks_twice')).toEqual(
      reason('looks_twice', 'it looks for 2 files where one was expected'),
    );
    expect(paths('fails')).toEqual(reason('fails', "it fails: 'no such task'"));
    expect(paths('missing_one')).toEqual(
      reason('missing_one', "there is no such function: name 'missing_one' is not defined"),
    );
  });

  it('are unknown where the host was asked for what the sandbox refuses', () => {
    for (const answer of paths('asks_the_host'))
      expect(answer).toHaveProperty('unknown', expect.stringContaining('hostname'));
  });

  it('are unknown where there is no sstate', () => {
    expect(paths('')).toEqual(
      TASKS.map(() => ({
        unknown:
          'BB_HASHCHECK_FUNCTION is not set: the configuration has no sstate (INHERIT has no sstate class)',
      })),
    );
  });

  it('leave Python as it was', () => {
    paths('two_levels');
    expect(evaluators.get('two_levels')!.evaluate('/nowhere.bb').variants).toEqual([]);
    expect(paths('two_levels')[0]).toEqual({ path: '/srv/store/objects/ab/install:a:1.0:abcdef.pkg' });
  });

  it('are asked for once, in parts, and not at all after a cancellation', async () => {
    const asked: number[] = [];
    const names = new ObjectNames({
      objectPaths: ({ tasks }) => {
        asked.push(tasks.length);
        return Promise.resolve(tasks.map(({ tid }) => ({ path: `/${tid}` })));
      },
    });
    const many = Array.from({ length: 700 }, (_, index) => ({ ...TASKS[0]!, tid: `t${index}` }));
    expect((await names.paths(many)).at(-1)).toEqual({ path: '/t699' });
    expect((await names.paths(many.slice(5, 7))).map((answer) => answer)).toEqual([
      { path: '/t5' },
      { path: '/t6' },
    ]);
    expect(asked).toEqual([500, 200]);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(names.paths([{ ...TASKS[0]!, tid: 'new' }], { signal })).rejects.toThrow('enough');
    await names.paths(many.slice(0, 1), { siginfo: true });
    expect(asked).toEqual([500, 200, 1]);
  });
});

/** A build directory in which BitBake ran with `recorder/classes/recordnames.bbclass`. */
const RECORDED = process.env['SSTATE_LENS_RECORDED_NAMES'];

describe.skipIf(RECORDED === undefined)(
  'object names of a real build directory (SSTATE_LENS_RECORDED_NAMES)',
  () => {
    it('are all those that BitBake looked for', { timeout: 300_000 }, async () => {
      const file = join(RECORDED!, 'names.json');
      expect(existsSync(file)).toBe(true);
      const { siginfo, rows } = JSON.parse(readFileSync(file, 'utf8')) as {
        siginfo: boolean;
        rows: (readonly [
          tid: string,
          hashFilename: string,
          taskhash: string,
          unihash: string,
          name: string,
        ])[];
      };
      const evaluator = await openCheckout(RECORDED!);
      const directory = evaluator.configurationValues(['SSTATE_DIR'], [])[0]!.values['SSTATE_DIR']!;
      const tasks = rows.map(([tid, hashFilename, taskhash, unihash]) => ({
        tid,
        hashFilename,
        taskhash,
        unihash,
      }));
      const paths = evaluator.objectPaths({ siginfo, tasks });
      console.log(`${rows.length} object names compared`);
      expect(paths).toEqual(rows.map((row) => ({ path: `${directory}/${row[4]}` })));
    });
  },
);
