/** What is doubtful about hashes, each rule on a recipe of its own; ⟦⟧ marks what is to be said, in order. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecipeEvaluator } from '../../server/src/engine/evaluator.ts';
import { openEvaluator } from '../harness/engine.ts';
import { materialise, parseScenario, type Workspace } from '../harness/fixture.ts';

const SCENARIO = parseScenario(
  'advice',
  `-- build/conf/local.conf --
BB_SIGNATURE_EXCLUDE_FLAGS = "doc filename lineno func python task deps noexec export"
-- layer/lib/helpers.py --
# reads READ_BY_LIBRARY
-- layer/recipes/unseen_1.0.bb --
python do_compile() {
    d.getVar("LITERAL")
    for name in ("A", "B"):
        ⟦d.getVar(name)⟧
}
python do_compile:append() {
    d.getVarFlag("X", d.getVar("Y"))
⟦⟧}
python do_install() {
    listed(d)
    d.getVar(e)
}
do_install[vardeps] = "PV"
def listed(d):
    return ⟦bb.utils.contains(d.getVar("WHICH"), "a", 1, 2, d)⟧
python do_unhashed() {
    d.getVar(name)
}
do_build() {
    echo \${INLINE} \${LISTED}
}
⟦INLINE = "\${@d.getVar('IN' + 'LINE_OTHER')}"⟧
LISTED = "\${@d.getVar('IN' + 'LINE_OTHER')}"
LISTED[vardeps] = "PV"
-- layer/recipes/vardeps_1.0.bb --
do_compile[vardeps] += "PV do_install SET_WITH_OVERRIDE READ_BELOW READ_BY_LIBRARY LIST:one SET[flag]"
⟦do_compile[vardeps] += "MISPELT \${PN}_made_up"⟧
do_compile[vardeps] += "\${@'COMPUTED'}"
do_compile() {
    echo \${READ_BELOW}
}
SET_WITH_OVERRIDE:other = "1"
SET[flag] = "1"
LIST:one:board = "1"
python () {
    d.appendVarFlag("do_compile", "vardeps", " FROM_" + "PYTHON")
}
-- layer/recipes/path_1.0.bb --
COREPLACE = "\${BBLAYERS}"
do_compile() {
    echo \${IMMEDIATE} \${LATE} \${EXCLUDED} \${VALUE} \${PART}
}
do_install() {
    echo \${IMMEDIATE}
}
addtask do_install_setscene
do_install_setscene() {
    :
}
⟦IMMEDIATE := "\${COREPLACE}/files"⟧
LATE = "\${COREPLACE}"
PART := "\${COREPLACE}er \${COREPLACE}-2 /else\${COREPLACE}"
EXCLUDED := "\${COREPLACE}"
EXCLUDED[vardepvalueexclude] = "@WORKSPACE@/layer"
VALUE := "\${COREPLACE}"
VALUE[vardepvalue] = "1"
-- layer/recipes/time_1.0.bb --
BUILT := "\${@time.strftime('%Y%m%d', time.gmtime())}"
BUILT += "UTC"
LATER = "\${@time.strftime('%Y%m%d', time.gmtime())}"
GIVEN := "\${@time.time()}"
GIVEN[vardepvalue] = "1"
OVER := "\${@time.time()}"
OVER = "1"
⟦STAMP = "built on \${BUILT}"⟧
do_compile() {
    echo \${STAMP} \${LATER} \${GIVEN} \${OVER}
}
python () {
    import random
    d.setVar("NUMBER", str(random.random()))
}
python () {
    import time
    ⟦d.setVarFlag("do_install", "some", time.ctime())⟧
}
do_install() {
    ⟦echo \${NUMBER}⟧
}
-- layer/recipes/unknown_1.0.bb --
IMMEDIATE := "\${BBLAYERS}"
python () {
    import subprocess
    subprocess.check_output(["reboot"])
}
`,
);

describe('advice', () => {
  let workspace: Workspace;
  let evaluator: RecipeEvaluator;
  beforeAll(async () => {
    workspace = materialise(SCENARIO);
    evaluator = await openEvaluator(workspace.buildDir);
  }, 60_000);
  afterAll(() => workspace.dispose());

  /** Code, line (from 1) and message of what is said of a recipe. */
  const advice = (name: string) =>
    evaluator
      .advise(`${workspace.root}/layer/recipes/${name}_1.0.bb`)
      .map(({ severity, code, message, path, range }) => ({
        what: `${severity} ${code}`,
        line: (range?.start.line ?? -1) + 1,
        path: path.replace(`${workspace.root}/`, ''),
        message: message.replaceAll(workspace.root, '@'),
      }));
  /** The lines (from 1) of the marks in a recipe. */
  const marked = (name: string) => {
    const path = `layer/recipes/${name}_1.0.bb`;
    const text = SCENARIO.files.get(path)!;
    return SCENARIO.marks
      .filter((mark) => mark.path === path)
      .map(({ start }) => text.slice(0, start).split('\n').length);
  };
  const byLine = <T extends { line: number }>(found: readonly T[]) =>
    [...found].sort((a, b) => a.line - b.line);

  it('names reads of variables that are not in the hash', () => {
    const found = byLine(advice('unseen'));
    expect(found.map(({ what, line }) => [what, line])).toEqual(
      marked('unseen').map((line) => ['information unseen-variable', line]),
    );
    expect(found.map(({ message }) => message.split(':')[0])).toEqual([
      'In do_compile, d.getVar gets a name that is no literal (name)',
      "In do_compile, d.getVarFlag gets a name that is no literal (d.getVar('Y'))",
      "In listed, bb.utils.contains gets a name that is no literal (d.getVar('WHICH'))",
      "In INLINE, d.getVar gets a name that is no literal ('IN' + 'LINE_OTHER')",
    ]);
  });

  it('names what vardeps list and nothing is', () => {
    expect(advice('vardeps')).toEqual([
      {
        what: 'warning vardeps-names-nothing',
        line: marked('vardeps')[0],
        path: 'layer/recipes/vardeps_1.0.bb',
        message:
          'MISPELT is no variable, function or task, so that listing it in do_compile[vardeps] adds its name to the ' +
          'hash and nothing else. Correct the name, or take it out',
      },
    ]);
  });

  it('names the paths that are in hashes', () => {
    expect(advice('path')).toEqual([
      {
        what: 'warning path-in-hash',
        line: marked('path')[0],
        path: 'layer/recipes/path_1.0.bb',
        message:
          'The value of IMMEDIATE contains the path @/layer, which enters the basehash of do_compile, do_install, ' +
          'through do_compile, do_install: in another place the hash is another, and no shared state is found. ' +
          'Leave IMMEDIATE out with vardepsexclude, or give it a vardepvalue',
      },
      expect.objectContaining({ what: 'information path-in-hash', path: 'build/conf/bblayers.conf' }),
    ]);
  });

  it('names what is another at every parse', () => {
    const [stamp, flag, number] = marked('time');
    const path = 'layer/recipes/time_1.0.bb';
    const what = 'warning unrepeatable-value';
    expect(byLine(advice('time'))).toEqual([
      {
        what,
        line: stamp,
        path,
        message:
          'BUILT comes from the clock, and enters the basehash of do_compile through STAMP: every parse gives another ' +
          'hash. Leave BUILT out with vardepsexclude',
      },
      {
        what,
        line: flag,
        path,
        message:
          'do_install[some] comes from the clock, and enters the basehash of do_install: every parse gives another ' +
          'hash. Make it of what stays the same',
      },
      {
        what,
        line: number,
        path,
        message:
          'NUMBER comes from random numbers, and enters the basehash of do_install through do_install: every parse ' +
          'gives another hash. Leave NUMBER out with vardepsexclude',
      },
    ]);
  });

  it('says nothing of hashes that are unknown', () => {
    expect(advice('unknown')).toEqual([]);
  });
});
