/** What stands in for BitBake's own modules where no checkout of it is at hand. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecipeEvaluator } from '../../server/src/engine/evaluator.ts';
import { openEvaluator } from '../harness/engine.ts';
import { materialise, parseScenario, type Workspace } from '../harness/fixture.ts';

const SCENARIO = parseScenario(
  'standin',
  `-- layer/recipes/tasks_1.0.bb --
do_one() {
    :
}
do_two() {
    :
}
do_aside() {
    :
}
do_three() {
    :
}
addtask do_one
addtask do_two after do_one
addtask do_aside after do_one
addtask do_three after do_two
python () {
    d.setVar("BETWEEN", " ".join(bb.build.tasksbetween("do_one", "do_three", d)))
}
`,
);

describe('the stand-in', () => {
  let workspace: Workspace;
  let evaluator: RecipeEvaluator;
  beforeAll(async () => {
    workspace = materialise(SCENARIO);
    evaluator = await openEvaluator(workspace.buildDir);
  }, 60_000);
  afterAll(() => workspace.dispose());

  it('knows the tasks between two', () => {
    const path = `${workspace.root}/layer/recipes/tasks_1.0.bb`;
    expect(evaluator.inspect(path, path, 'BETWEEN')?.expanded).toBe('do_one do_two do_three');
  });
});
