/** Which hashes are unknown when the configuration asks the host for what the sandbox refuses, in every recipe. */
import { beforeAll, describe, expect, it } from 'vitest';
import { openEvaluator } from '../harness/engine.ts';
import { LAYER_OF_RECIPES, materialise, parseScenario, type Workspace } from '../harness/fixture.ts';
import { openGraphs } from '../harness/graphs.ts';

const REASON = 'its Python tried to run a command: date, which is not done while hashes are computed';
const HASH = /^[0-9a-f]{64}$/;
/** Gives what BitBake would not give, where the command cannot be run. */
const CAUGHT = `
def asks(d):
    import subprocess
    try:
        return subprocess.check_output("date").decode()
    except Exception:
        return "none"

def says(d):
    return "none"
`;
const TASKS = `
do_compile() {
    echo \${ASKED}
}
do_install() {
    echo \${OTHER}
}
do_names() {
    echo \${@'ASKED' in d.keys()}
}
do_build() {
    :
}
OTHER ?= "1"
addtask compile
addtask install after do_compile
addtask names
addtask build after do_install
`;

interface Case {
  readonly local?: string;
  readonly base?: string;
  readonly layer?: string;
  readonly unknown: string;
  readonly lazily?: true;
}

/** What each configuration says, and the tasks of a recipe that says nothing that are unknown because of it. */
const CASES: Readonly<Record<string, Case>> = {
  'a value': { local: 'ASKED = "@asks@"', unknown: 'do_compile', lazily: true },
  'a value at once': { local: 'ASKED := "@asks@"', unknown: 'do_compile' },
  'a value at once that Python goes on without': {
    base: 'ASKED := "${@asks(d)}"',
    unknown: 'do_compile',
  },
  'a value at once of one that asks': {
    base: 'LAZY = "${@asks(d)}"\nASKED := "${LAZY}"',
    unknown: 'do_compile',
  },
  'a value at once of another': {
    base: 'FIRST := "${@asks(d)}"\nASKED := "${FIRST}"\nOTHER = "2"',
    unknown: 'do_compile',
  },
  'a value that is added to': {
    base: 'OTHER := "${@asks(d)}"\nOTHER .= " more"\nOTHER ?= "none"\nOTHER:append = " and more"',
    unknown: 'do_install',
  },
  'a value that is appended': {
    local: 'ASKED = "1"\nASKED:append := "@asks@"\nOTHER = "2"',
    unknown: 'do_compile',
  },
  'a value of an override': {
    base: 'ASKED = "1"\nASKED:board := "${@asks(d)}"\nOTHER = "2"',
    unknown: 'do_compile',
  },
  'a value of the name of another': {
    base: 'ASKED = "1"\nASKED:append:${FIRST} = "2"\nFIRST := "${@asks(d)}"\nASKED:none = "3"',
    unknown: 'all',
  },
  // Whether the task has code is asked when it is added, and a variable is in doubt with all of its flags.
  'a flag': { base: 'do_install[vardepvalue] := "${@asks(d)}"', unknown: 'all' },
  'a value that the names of another have': {
    base: 'OVERRIDES .= ":${ASKED}"\nASKED := "${@asks(d)}"',
    unknown: 'all',
  },
  'which file is read': { local: 'include @asks@.conf', unknown: 'all' },
  'which class is inherited': { local: 'ASKED := "@asks@"\nINHERIT += "${ASKED}"', unknown: 'all' },
  'a handler': {
    base: 'addhandler asking\nasking[eventmask] = "bb.event.ConfigParsed"\npython asking() {\n    asks(d)\n}',
    unknown: 'all',
  },
  'a handler that is stopped by it': {
    local: 'COMMAND = "@asks@"',
    base: 'addhandler asking\nasking[eventmask] = "bb.event.ConfigParsed"\npython asking() {\n    d.getVar("COMMAND")\n}',
    unknown: 'all',
  },
  'a value at once of a layer': {
    layer: 'ASKED := "@asks@ ${LAYERDIR}"\nOTHER = "2"',
    unknown: 'do_compile',
  },
  'what no task reads': { base: 'AAA := "${@asks(d)}"', unknown: '' },
};
const ASKING = "${@__import__('subprocess').check_output('date').decode()}";

/** A recipe that says nothing, one that sets what is asked for, and one that adds it to something else. */
const RECIPES = {
  plain: '',
  own: 'ASKED = "own"\n',
  adding: 'OTHER:append = " ${@d.getVar(\'ASKED\')}"\n',
} as const;

type Hashes = Readonly<Record<string, string>>;

function workspaceOf(local: string, base: string, layer = ''): Workspace {
  const recipes = Object.entries(RECIPES).map(
    ([name, text]) => `-- layer/recipes/${name}_1.0.bb --\n${text}`,
  );
  return materialise(
    parseScenario(
      'configuration-doubts',
      `-- build/conf/local.conf --\n${local}\n-- layer/classes/base.bbclass --\n${CAUGHT}${base}\n${TASKS}\n-- layer/classes/none.bbclass --\n${LAYER_OF_RECIPES}${layer}\n${recipes.join('\n')}`,
    ),
  );
}

async function hashesOf(local: string, base: string, layer = ''): Promise<Readonly<Record<string, Hashes>>> {
  const workspace = workspaceOf(local, base, layer);
  try {
    const evaluator = await openEvaluator(workspace.buildDir);
    const found = Object.keys(RECIPES).map((name) => {
      const [variant] = evaluator.evaluate(`${workspace.root}/layer/recipes/${name}_1.0.bb`).variants;
      const hashes = variant!.tasks.map(({ task, basehash }) => [
        task,
        typeof basehash === 'string' ? basehash : basehash.unknown,
      ]);
      return [name, Object.fromEntries(hashes) as Hashes] as const;
    });
    return Object.fromEntries(found);
  } finally {
    workspace.dispose();
  }
}

describe.each(Object.entries(CASES))(
  'where the configuration asks: %s',
  (_, { local = '', base = '', layer = '', unknown, lazily = false }) => {
    let found: Readonly<Record<string, Hashes>>;
    let twin: Readonly<Record<string, Hashes>>;
    beforeAll(async () => {
      const [asking, silent] = [ASKING, 'none'].map(
        (text) => (line: string) => line.replaceAll('@asks@', text),
      );
      found = await hashesOf(asking!(local), base, asking!(layer));
      twin = await hashesOf(silent!(local), base.replaceAll('asks(d)', 'says(d)'), silent!(layer));
    }, 60_000);

    it('makes unknown what it reaches, and nothing else', () => {
      const expected: Record<string, string> = { ...twin['plain'] };
      for (const hash of Object.values(expected)) expect(hash).toMatch(HASH);
      const tasks = unknown === 'all' ? Object.keys(expected) : unknown.split(' ').filter(Boolean);
      for (const task of tasks) expected[task] = REASON;
      expect(found['plain']).toEqual(expected);
    });

    it('is unknown in recipes after it, too', () => {
      const { plain, own, adding } = found;
      expect(own!['do_compile'] === REASON).toBe(plain!['do_compile'] === REASON && !lazily);
      const isUnknown = [plain!['do_compile'], plain!['do_install']].includes(REASON);
      expect(adding!['do_install']).toMatch(isUnknown ? REASON : HASH);
    });
  },
);

describe('taskhashes, where what the configuration says of providers or of hashes is in doubt', () => {
  const taskhashes = async (base: string) => {
    const workspace = workspaceOf('', base);
    try {
      const graphs = await openGraphs(workspace, 'wrynose', {});
      return Object.values(graphs.taskhashes(['plain']));
    } finally {
      workspace.dispose();
    }
  };

  it.each([
    ['PREFERRED_VERSION_plain = "${@asks(d)}"'],
    ['PREFERRED_PROVIDER_virtual/x := "${@asks(d)}"'],
    ['PREFERRED_PROVIDER_virtual/${X} = "plain"\nX := "${@asks(d)}"'],
    ['SIGGEN_LOCKEDSIGS_TYPES = "${@asks(d)}"'],
  ])('are unknown: %s', async (base) => {
    expect(await taskhashes(base)).toEqual([null, null, null]);
    for (const hash of await taskhashes(base.replace('asks', 'says'))) expect(hash).toMatch(HASH);
  });

  it('are known where it says nothing of these', async () => {
    for (const hash of await taskhashes('AAA := "${@asks(d)}"')) expect(hash).toMatch(HASH);
  });
});

describe('where builds put what they make, outside the build directory', () => {
  const prepares = `
addhandler prepares
prepares[eventmask] = "bb.event.ConfigParsed"
python prepares() {
    tools = d.getVar("HOSTTOOLS_DIR")
    bb.utils.mkdirhier(tools)
    if not os.path.exists(os.path.join(tools, "tool")):
        os.symlink("/usr/bin/env", os.path.join(tools, "tool"))
}
ASKED = "\${@os.path.exists(d.getVar('BASE_WORKDIR') + '/x/file')}"
HOSTTOOLS_DIR ?= "\${TMPDIR}/hosttools"
BASE_WORKDIR ?= "\${TMPDIR}/work"
TMPDIR = "\${TOPDIR}/tmp"
BB_BASEHASH_IGNORE_VARS += "BASE_WORKDIR"
`;
  it.each([
    ['TMPDIR = "/nowhere/at all/tmp"'],
    ['TMPDIR:forcevariable = "/nowhere/tmp-${MACHINE}"'],
    ['BASE_WORKDIR = "/nowhere/work"'],
    ['HOSTTOOLS_DIR = "/nowhere/a/b/tools"'],
  ])('hashes are what they are with it inside: %s', async (elsewhere) => {
    const inside = await hashesOf('', prepares);
    for (const hash of Object.values(inside['plain']!)) expect(hash).toMatch(HASH);
    expect(await hashesOf('', `${prepares}\n${elsewhere}`)).toEqual(inside);
  });
});
