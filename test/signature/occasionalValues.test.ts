/** Hashes of what is another at every parse are unknown; that others stay known says `dependencies/occasional-values`. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecipeEvaluator } from '../../server/src/engine/evaluator.ts';
import { openEvaluator } from '../harness/engine.ts';
import { materialise, parseScenario, type Workspace } from '../harness/fixture.ts';

/** Each is the text of a recipe whose do_compile is looked at. */
const UNKNOWN: Record<string, readonly [text: string, reason: string]> = {
  'a variable of the configuration': ['X = "${DATETIME}"', 'TODAY comes from the clock'],
  'what is computed at once': ['X := "${@__import__(\'time\').time()}"', 'X comes from the clock'],
  'what is put together at once': ['X := "from ${DATETIME}"', 'X comes from the clock'],
  'a part of what the configuration has': ['X := "${@d.getVar(\'TODAY\')[2:4]}"', 'X comes from the clock'],
  'what is appended to': ['X := "${TODAY}"\nX:append = " later"', 'X comes from the clock'],
  'what an override is set to': ['X = "a"\nOVERRIDES .= ":o"\nX:o := "${TODAY}"', 'X comes from the clock'],
  'what is appended at once by Python': [
    'python () {\n    d.appendVar("X", d.getVar("TODAY"))\n}',
    'X comes from the clock',
  ],
  'what an anonymous function sets': [
    'python () {\n    import time\n    d.setVar("X", time.ctime())\n}',
    'X comes from the clock',
  ],
  'what an anonymous function makes of a value': [
    'python () {\n    d.setVar("X", "v" + d.getVar("DATETIME").lower())\n}',
    'X comes from the clock',
  ],
  'what an anonymous function cuts out of a date': [
    'python () {\n    d.setVar("X", "v" + d.getVar("DATETIME")[2:6])\n}',
    'X comes from the clock',
  ],
  'the date of a class of Python': [
    'python () {\n    import datetime\n    d.setVar("X", datetime.datetime.now().isoformat())\n}',
    'X comes from the clock',
  ],
  'what an event handler sets': [
    'python sets() {\n    import time\n    d.setVar("X", str(time.time()))\n}\nsets[eventmask] = "bb.event.RecipePreFinalise"\naddhandler sets',
    'X comes from the clock',
  ],
  'a random number': ['X := "${@__import__(\'uuid\').uuid4()}"', 'X comes from random numbers'],
  'a random number of those for all': [
    'X := "${@__import__(\'random\').randint(1, 6)}"',
    'X comes from random numbers',
  ],
  'the process': ['X := "${@os.getpid()}"', 'X comes from the process id'],
  'what counts as the value': ['X = "a"\nX[vardepvalue] = "${DATETIME}"', 'X comes from the clock'],
  'names of dependencies': [
    'python () {\n    d.setVarFlag("do_compile", "vardeps", "V" + d.getVar("TODAY"))\n}',
    'do_compile comes from the clock',
  ],
  'a flag that is hashed': [
    'python () {\n    d.setVarFlag("do_compile", "some", d.getVar("TODAY"))\n}',
    'do_compile[some] comes from the clock',
  ],
};

const TASK = 'X ?= ""\ndo_compile() {\n    echo ${X}\n}\n';
const names = Object.keys(UNKNOWN);
const fileOf = (name: string) => `r${names.indexOf(name)}_1.0.bb`;
const recipes = names.map((name) => `-- layer/recipes/${fileOf(name)} --\n${TASK}${UNKNOWN[name]![0]}\n`);

const SCENARIO = parseScenario(
  'occasional',
  `-- build/conf/local.conf --
TODAY := "\${@__import__('time').strftime('%Y%m%d')}"
DATETIME = "\${TODAY}.\${PN}"
BB_SIGNATURE_EXCLUDE_FLAGS = "defaultval filename lineno vardepvalue"
${recipes.join('')}`,
);

describe('values that are another at every parse', () => {
  let workspace: Workspace;
  let evaluator: RecipeEvaluator;
  beforeAll(async () => {
    workspace = materialise(SCENARIO);
    evaluator = await openEvaluator(workspace.buildDir);
  }, 60_000);
  afterAll(() => workspace.dispose());

  const compile = (name: string) => {
    const { variants } = evaluator.evaluate(`${workspace.root}/layer/recipes/${fileOf(name)}`);
    return variants[0]!.tasks.find(({ task }) => task === 'do_compile')!.basehash;
  };

  it.each(Object.entries(UNKNOWN).map(([name, [, reason]]) => [name, reason] as const))(
    'leave a hash unknown: %s',
    (name, reason) => {
      expect(compile(name)).toEqual({ unknown: `${reason}, so that every parse gives another hash` });
    },
  );
});
