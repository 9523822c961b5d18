/** Which hashes are unknown when Python asks the host for what the sandbox refuses: those that it reaches. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecipeEvaluator } from '../../server/src/engine/evaluator.ts';
import type { RecipeInfo } from '../../server/src/metadata/recipeInfo.ts';
import { openEvaluator } from '../harness/engine.ts';
import { materialise, parseScenario, type Workspace } from '../harness/fixture.ts';
import { openGraphs } from '../harness/graphs.ts';

const ASKED = `\${@os.popen('date').read()}`;
const REASON = 'its Python tried to run a command: date, which is not done while hashes are computed';
const TASKS = `
do_fetch() {
    echo \${ONE}
}
do_compile() {
    echo \${TWO}
}
do_install() {
    echo \${THREE}
}
python do_show() {
    d.getVar("ONE")
}
addtask do_fetch
addtask do_compile
addtask do_install
addtask do_show
`;

/** Each recipe, its twin with the text that asks replaced, and the tasks that are unknown because of it. */
const CASES: Readonly<
  Record<string, { text: string; instead?: readonly [string, string]; unknown: string }>
> = {
  'a value': {
    text: `ONE = "${ASKED}"\nTWO = "\${ONE}"\nTHREE = "3"`,
    unknown: 'do_fetch do_compile do_show',
  },
  'a value that fails without an answer': {
    text: `ONE = "\${@__import__('subprocess').check_output('date')}"\nTWO = "2"\nTHREE = "\${ONE}"`,
    instead: [`\${@__import__('subprocess').check_output('date')}`, 'x'],
    unknown: 'do_fetch do_install do_show',
  },
  'a value that another has read before': {
    text: `ONE = "1"\nAAA = "${ASKED}"\nTWO = "\${AAA}"\nTHREE = "\${TWO}\${AAA}"`,
    unknown: 'do_compile do_install',
  },
  'a value that Python reads': {
    text: `ONE = "1"\nTWO = "\${@d.getVar('AAA')}"\nTHREE = "\${@d.getVar('TWO')}"\nAAA = "${ASKED}"`,
    unknown: 'do_compile do_install',
  },
  'a flag': {
    text: `ONE = "1"\nTWO = "2"\nTHREE = "3"\ndo_install[vardepvalue] = "${ASKED}"`,
    unknown: 'do_install',
  },
  'a function of the recipe': {
    text: `def asks():\n    return os.popen('date').read()\n\nONE = "1"\nTWO = "\${@asks()}"\nTHREE = "3"`,
    instead: ['${@asks()}', 'x'],
    unknown: 'do_compile',
  },
  'code that may change something else': {
    text: `def asks(d):\n    d.setVar('ONE', os.popen('date').read())\n    return 'x'\n\nONE = "1"\nTWO = "2"\nTHREE = "\${@asks(d)}"`,
    instead: ['${@asks(d)}', 'x'],
    unknown: 'all',
  },
  'an immediate expansion': {
    text: `ONE := "${ASKED}"\nTWO = "2"\nTHREE = "3"`,
    unknown: 'all',
  },
  'an anonymous function': {
    text: `ONE = "1"\nTWO = "2"\nTHREE = "3"\npython () {\n    os.system('date')\n}`,
    instead: ["os.system('date')", 'pass'],
    unknown: 'all',
  },
  overrides: {
    text: `ONE = "1"\nTWO = "2"\nTHREE = "3"\nOVERRIDES .= ":${ASKED}"`,
    unknown: 'all',
  },
  'what no task reads': {
    text: `ONE = "1"\nTWO = "2"\nTHREE = "3"\nAAA = "${ASKED}"`,
    unknown: '',
  },
};

/** What a handler of each recipe listens to, and the recipe fires bb.event.MetadataEvent. */
const LISTENING: Readonly<Record<string, string>> = {
  unheard: 'listening[eventmask] = "bb.event.BuildStarted bb.event.SanityCheck"',
  heard: 'listening[eventmask] = "bb.event.BuildStarted bb.event.MetadataEvent"',
  'heard-by-all': '',
};

const NAMES = new Map(Object.keys(CASES).map((name, index) => [name, `case${index}`]));
const SCENARIO = parseScenario(
  'doubts',
  [
    ...Object.entries(CASES).flatMap(([name, { text, instead = [ASKED, 'x'] }]) => [
      `-- layer/recipes/${NAMES.get(name)}_1.0.bb --\n${text}${TASKS}`,
      `-- layer/recipes/${NAMES.get(name)}-twin_1.0.bb --\n${text.replaceAll(instead[0], instead[1])}${TASKS}`,
    ]),
    '-- layer/classes/native.bbclass --\nOVERRIDES .= ":native"\n',
    `-- layer/recipes/variants_1.0.bb --
BBCLASSEXTEND = "native"
ONE = "1"
python () {
    if d.getVar("PN").endswith("-native"):
        os.system("date")
}${TASKS}`,
    `-- layer/recipes/autorev_1.0.bb --
SRC_URI = "git://example.com/repository.git"
SRCREV = "\${AUTOREV}"
AUTOREV = "\${@bb.fetch2.get_autorev(d)}"
ONE = "1"
do_fetch[vardepvalue] = "\${@bb.fetch2.get_hashvalue(d)}"
do_install[vardeps] += "SRCREV"${TASKS}`,
    `-- layer/recipes/fixed_1.0.bb --
SRC_URI = "git://example.com/repository.git"
SRCREV = "0123456789012345678901234567890123456789"
ONE = "1"
do_fetch[vardepvalue] = "\${@bb.fetch2.get_hashvalue(d)}"${TASKS}`,
    `-- layer/recipes/checksums_1.0.bb --
ONE = "1"
do_fetch[file-checksums] = "\${@os.popen('date').read()}"
do_compile[file-checksums] = "\${@1 / 0}"
do_show[file-checksums] = "\${FILE}:True"
addtask do_fetch before do_compile
addtask do_compile before do_build
addtask do_install${TASKS}`,
    ...Object.entries(LISTENING).map(
      ([name, mask]) => `-- layer/recipes/${name}_1.0.bb --
ONE = "1"
addhandler listening
${mask}
python listening() {
    d.setVar("ONE", "2")
}
python () {
    bb.event.fire(bb.event.MetadataEvent("kind", {}), d)
}${TASKS}`,
    ),
    `-- layer/recipes/address_1.0.bb --
python () {
    d.setVar('TWO', d.createCopy())
    d.setVar('THREE', [object()])
}
do_compile[vardeps] += "TWO"
do_install[vardeps] += "THREE"
do_compile() {
    :
}
do_install() {
    :
}
do_show() {
    :
}
addtask do_compile
addtask do_install
addtask do_show`,
    '',
  ].join('\n'),
);

describe('what the sandbox refuses', () => {
  let workspace: Workspace;
  let evaluator: RecipeEvaluator;
  beforeAll(async () => {
    workspace = materialise(SCENARIO);
    evaluator = await openEvaluator(workspace.buildDir);
  }, 60_000);
  afterAll(() => workspace.dispose());

  /** Task -> hash or why it is unknown, of a variant. */
  const hashes = (name: string, variant = ''): Record<string, string> => {
    const path = `${workspace.root}/layer/recipes/${name}_1.0.bb`;
    const found = evaluator.evaluate(path).variants.find((known) => known.variant === variant)!;
    return Object.fromEntries(
      found.tasks.map(({ task, basehash }) => [
        task,
        typeof basehash === 'string' ? basehash : basehash.unknown,
      ]),
    );
  };
  const HASH = /^[0-9a-f]{64}$/;

  it.each(Object.entries(CASES))('makes unknown what it reaches: %s', (name, { unknown }) => {
    const expected = hashes(`${NAMES.get(name)}-twin`);
    for (const hash of Object.values(expected)) expect(hash).toMatch(HASH);
    const found = hashes(NAMES.get(name)!);
    if (unknown === 'all') {
      expect(new Set(Object.values(found))).toEqual(new Set([REASON]));
      return;
    }
    for (const task of unknown.split(' ').filter(Boolean)) expected[task] = REASON;
    expect(found).toEqual(expected);
  });

  it('makes only that variant unknown that it is refused to', () => {
    for (const hash of Object.values(hashes('variants'))) expect(hash).toMatch(HASH);
    expect(new Set(Object.values(hashes('variants', 'native')))).toEqual(new Set([REASON]));
  });

  it('makes a recipe unknown that fires an event to which a handler listens', () => {
    const why =
      'its Python tried to fire bb.event.MetadataEvent, which event handlers may listen to, which is not done while hashes are computed';
    // Twice, since what Python did is remembered.
    for (let time = 0; time < 2; time++) {
      expect(new Set(Object.values(hashes('heard')))).toEqual(new Set([why]));
      for (const hash of Object.values(hashes('unheard'))) expect(hash).toMatch(HASH);
    }
    expect(new Set(Object.values(hashes('heard-by-all')))).toEqual(new Set([why]));
  });

  it('is not needed for what no run of Python tells again: where an object lies in memory', () => {
    const why = 'its value is an object of Python, of which BitBake hashes the address';
    const expected = { do_compile: why, do_install: why, do_show: HASH };
    for (const [task, hash] of Object.entries(expected))
      expect(hashes('address')).toMatchObject({
        [task]: typeof hash === 'string' ? hash : expect.stringMatching(hash),
      });
  });

  it('makes AUTOREV unknown where it is looked up, and says what to do', () => {
    const found = hashes('autorev');
    const why =
      'its SRCREV is AUTOREV, which asks the network which revision is newest: set SRCREV to a revision';
    expect(found['do_fetch']).toBe(why);
    for (const task of ['do_compile', 'do_install', 'do_show']) expect(found[task]).toMatch(HASH);
    const path = `${workspace.root}/layer/recipes/autorev_1.0.bb`;
    expect(
      evaluator.evaluate(path).problems.map(({ message, range }) => [range?.start.line, message]),
    ).toEqual([
      [
        1,
        'Hashes are unknown: SRCREV is AUTOREV, which asks the network which revision is newest: set SRCREV to a revision',
      ],
    ]);
    for (const hash of Object.values(hashes('fixed'))) expect(hash).toMatch(HASH);
  });

  it('makes files of a task unknown where these are asked for, and its taskhash, not its basehash', async () => {
    for (const hash of Object.values(hashes('checksums'))) expect(hash).toMatch(HASH);
    const path = `${workspace.root}/layer/recipes/checksums_1.0.bb`;
    const [found] = evaluator.evaluate(path, { hashesOnly: true, recipeInfo: true }).variants;
    const { fileChecksums, unknownFiles } = found!.recipe as RecipeInfo;
    expect(fileChecksums).toEqual({ do_show: `${path}:True` });
    expect(unknownFiles).toEqual({
      do_fetch: REASON,
      do_compile: expect.stringMatching(
        /^its \[file-checksums\] cannot be computed: .*division by zero/s,
      ) as string,
    });
    const graphs = await openGraphs(workspace, 'wrynose', {});
    const known = graphs.taskhashes(['-c', 'build', 'checksums']);
    const tasks = Object.entries(known).map(([name, hash]) => [name.replace(/.*do_/, ''), hash]);
    expect(Object.fromEntries(tasks)).toMatchObject({ fetch: null, compile: null, build: null });
    const [show] = Object.values(graphs.taskhashes(['-c', 'show', 'checksums']));
    expect(show).toMatch(HASH);
  });
});
