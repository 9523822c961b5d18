/** `graph` over a small workspace: its formats, what needs a task, and faults with their place. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { materialise, parseScenario, type Workspace } from '../harness/fixture.ts';
import { inTerminal } from '../harness/terminal.ts';

const SCENARIO = parseScenario(
  'graph',
  `A recipe that needs another one, and one that asks for what nothing provides.
-- layer/classes/base.bbclass --
do_install() {
    :
}
do_build() {
    :
}
addtask install
addtask build after do_install
do_install[deptask] = "do_install"
-- layer/recipes/app_1.0.bb --
DEPENDS = "lib"
-- layer/recipes/lib_1.0.bb --
PE = "1"
-- layer/recipes/lost_1.0.bb --
PACKAGES = "lost lost-more"
RDEPENDS:lost = "lib"

RDEPENDS:lost-more = "nowhere"
`,
);

describe('graph', () => {
  let workspace: Workspace;
  beforeAll(() => {
    workspace = materialise(SCENARIO);
  });
  afterAll(() => workspace.dispose());

  const run = (...args: string[]) => inTerminal(workspace, 'graph', ...args);

  it('prints what bitbake -g writes', { timeout: 60_000 }, async () => {
    const { status, stdout } = await run('app:do_install', '--format', 'dot');
    expect(stdout).toBe(
      [
        'digraph depends {',
        '"app.do_install" [label="app do_install\\n:1.0-r0\\nlayer/recipes/app_1.0.bb"]',
        '"app.do_install" -> "lib.do_install"',
        '"lib.do_install" [label="lib do_install\\n1:1.0-r0\\nlayer/recipes/lib_1.0.bb"]',
        '}',
        '',
      ].join('\n'),
    );
    expect(status).toBe(0);
  });

  it('prints JSON that can be read', { timeout: 60_000 }, async () => {
    const { stdout } = await run('app:do_install', '--format', 'json');
    expect(JSON.parse(stdout)).toEqual({
      tasks: [
        { task: 'app.do_install', recipe: 'layer/recipes/app_1.0.bb', depends: ['lib.do_install'] },
        { task: 'lib.do_install', recipe: 'layer/recipes/lib_1.0.bb', depends: [] },
      ],
    });
  });

  it('prints what needs a task', { timeout: 60_000 }, async () => {
    const { stdout } = await run('lib:do_install', '--reverse', '--in', 'app');
    expect(stdout.trim().split('\n')).toEqual([
      'app.do_build',
      '  app.do_install',
      'app.do_install',
      '  lib.do_install',
      'lib.do_install',
    ]);
  });

  it('tells what nothing provides at the line that asks for it', { timeout: 60_000 }, async () => {
    const { status, stdout, stderr } = await run('lost');
    expect(stdout).toBe('');
    expect(stderr).toContain(
      "layer/recipes/lost_1.0.bb:4: error: Nothing RPROVIDES 'nowhere' (but layer/recipes/lost_1.0.bb RDEPENDS on or otherwise requires it)",
    );
    expect(status).toBe(2);
  });
});
