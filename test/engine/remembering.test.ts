/** What Python keeps from call to call is as new for each evaluation, whatever was remembered. */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HostFiles } from '../../server/src/host/files.ts';
import type { RecipeEvaluator } from '../../server/src/engine/evaluator.ts';
import { openEvaluator } from '../harness/engine.ts';
import {
  LAYER_OF_RECIPES,
  LIBRARY_THAT_KEEPS,
  materialise,
  parseScenario,
  type Workspace,
} from '../harness/fixture.ts';

const LAYER = `${LAYER_OF_RECIPES}${LIBRARY_THAT_KEEPS}-- layer/classes/listing.bbclass --
def listing(d):
    import os
    return " ".join(sorted(os.listdir(d.getVar("FILES_OF"))))
-- layer/recipes/keeps_1.0.bb --
KEPT = "@A@"
ONE = "\${@keeper.first.first(d)}"
TWO = "\${@keeper.first.first(d) + d.getVar('B')}"
B = "b"
do_compile[vardepvalue] = "\${ONE} \${TWO}"
do_compile() {
    :
}
-- layer/recipes/looks_1.0.bb --
KEPT = "kept"
ONE = "\${@keeper.first.first(d)}"
python () {
    # What lists the names of all variables is not remembered: it runs, and the value that it asks for is known.
    list(d.keys())
    d.getVar("ONE")
    d.setVar("SEEN", keeper.first.SEEN.get("value", "nothing"))
}
do_compile[vardepvalue] = "\${SEEN}"
do_compile() {
    :
}
-- layer/recipes/lists_1.0.bb --
inherit listing
FILES_OF = "\${@os.path.dirname(d.getVar('FILE'))}/files"
do_compile[vardepvalue] = "\${@listing(d)}"
do_compile() {
    :
}
-- layer/recipes/files/a --
`;
const scenario = (a: string) => parseScenario('remembering', LAYER.replace('@A@', a));

describe('an evaluation after another', () => {
  let workspace: Workspace;
  let files: HostFiles;
  let evaluator: RecipeEvaluator;
  beforeAll(async () => {
    workspace = materialise(scenario('1'));
    files = new HostFiles([workspace.root]);
    evaluator = await openEvaluator(workspace.buildDir, 'wrynose', {}, files);
    expect(evaluator.summary.problems).toEqual([]);
  });
  afterAll(() => workspace.dispose());

  const recipe = (name: string) => `${workspace.root}/layer/recipes/${name}_1.0.bb`;
  const value = (name: string) => {
    const { problems, variants } = evaluator.evaluate(recipe(name));
    expect(problems).toEqual([]);
    return variants[0]!.nodes.get('do_compile')?.value;
  };

  it('sees what a module would keep, not what it kept before', () => {
    expect(value('keeps')).toBe('1 1b');
    expect(value('keeps')).toBe('1 1b');
    files.setOverlay(recipe('keeps'), scenario('2').files.get('layer/recipes/keeps_1.0.bb')!);
    evaluator.outdate([recipe('keeps')]);
    expect(value('keeps')).toBe('2 2b');
  });

  it('sees in a module what a value has kept there while it runs', () => {
    expect(value('looks')).toBe('kept');
    expect(value('looks')).toBe('kept');
  });

  it('sees the files that are there', () => {
    expect(value('lists')).toBe('a');
    const added = `${workspace.root}/layer/recipes/files/b`;
    writeFileSync(added, '');
    files.forget([added]);
    evaluator.outdate([added]);
    expect(value('lists')).toBe('a b');
  });
});
