/** Hashes that change from parse to parse, found by evaluating on two occasions. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecipeEvaluator } from '../../server/src/engine/evaluator.ts';
import { mayBeUnstable, OTHER_OCCASION, unstableHashes } from '../../server/src/engine/stability.ts';
import { openEvaluator } from '../harness/engine.ts';
import { materialise, parseScenario, type Workspace } from '../harness/fixture.ts';

const SCENARIO = parseScenario(
  'stability',
  `-- build/conf/local.conf --
STARTED := "\${@int(__import__('time').time())}"
-- layer/recipes/stable_1.0.bb --
LATE = "\${@__import__('time').time()}"
EXCLUDED := "\${@__import__('time').time()}"
do_compile() {
    echo \${LATE} \${EXCLUDED}
}
do_compile[vardepsexclude] = "EXCLUDED"
-- layer/recipes/clock_1.0.bb --
STAMP := "made in \${@__import__('time').strftime('%Y-%m')}"
do_compile() {
    echo \${STAMP}
}
do_install() {
    echo \${STAMP}
}
-- layer/recipes/process_1.0.bb --
python () {
    import os
    d.setVar("LOCK", "lock.%d" % os.getpid())
}
do_compile() {
    echo \${LOCK}
}
-- layer/recipes/random_1.0.bb --
NUMBER := "\${@__import__('uuid').uuid4()}"
do_compile() {
    echo \${NUMBER}
}
-- layer/recipes/set_1.0.bb --
ORDER := "\${@' '.join(set('the order of a set is another in each process'.split()))}"
do_compile() {
    echo \${ORDER}
}
-- layer/recipes/configured_1.0.bb --
do_compile() {
    echo \${STARTED}
}
-- layer/recipes/depending_1.0.bb --
NOW := "\${@'IN_' + __import__('time').strftime('%Y')}"
do_compile() {
    :
}
python () {
    d.setVarFlag("do_compile", "vardeps", d.getVar("NOW"))
}
`,
);

describe('stability', () => {
  let workspace: Workspace;
  let once: RecipeEvaluator;
  let again: RecipeEvaluator;
  beforeAll(async () => {
    workspace = materialise(SCENARIO);
    once = await openEvaluator(workspace.buildDir);
    again = await openEvaluator(workspace.buildDir, 'wrynose', {}, undefined, OTHER_OCCASION);
  }, 60_000);
  afterAll(() => workspace.dispose());

  const problems = (name: string) => {
    const path = `${workspace.root}/layer/recipes/${name}_1.0.bb`;
    const [first, second] = [once.evaluate(path), again.evaluate(path)];
    const found = unstableHashes(first, second);
    expect(mayBeUnstable(first, second)).toBe(found.length > 0);
    return found.map(({ severity, code, message, path: file, range }) => ({
      what: `${severity} ${code}`,
      place: `${file.replace(`${workspace.root}/`, '')}:${(range?.start.line ?? -1) + 1}`,
      message,
    }));
  };

  it('is what most recipes have', () => {
    expect(problems('stable')).toEqual([]);
  });

  it('is lost to the clock', () => {
    const [problem, ...more] = problems('clock');
    expect(more).toEqual([]);
    expect(problem).toMatchObject({
      what: 'warning unstable-basehash',
      place: 'layer/recipes/clock_1.0.bb:1',
    });
    expect(problem!.message).toMatch(
      /^The basehash of do_compile, do_install of clock changes from parse to parse: STAMP is "made in \d{4}-\d\d" now, "made in \d{4}-\d\d" another time/,
    );
  });

  it.each([
    ['process', 'LOCK is "lock.1" now, "lock.4242" another time'],
    ['random', 'NUMBER is "'],
    ['set', 'ORDER is "'],
    ['configured', 'STARTED is "'],
    ['depending', 'do_compile depends on other variables each time'],
  ])('is lost to what is another at each parse: %s', (name, message) => {
    expect(problems(name).map((problem) => problem.message)).toEqual([expect.stringContaining(message)]);
  });
});
