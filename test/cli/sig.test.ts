/** `sig --all` over a workspace in which things go wrong: every recipe is told of, in every format. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { materialise, parseScenario, type Workspace } from '../harness/fixture.ts';
import { inTerminal } from '../harness/terminal.ts';

const SCENARIO = parseScenario(
  'sig',
  `A recipe of two variants, one of which is skipped; one that no variant can be read of; one for a multiconfig only.
-- build/conf/local.conf --
BBMULTICONFIG = "second"
include conf/multiconfig/\${BB_CURRENT_MC}.conf
BBMASK ?= "/only-second_"
-- build/conf/multiconfig/second.conf --
BBMASK = "/(good|broken)_"
-- layer/recipes/good_1.0.bb --
BBCLASSEXTEND = "twin"
-- layer/classes/twin.bbclass --
python () {
    raise bb.parse.SkipRecipe("no twins\there")
}
-- layer/recipes/broken_1.0.bb --
python () {
    raise Exception("on purpose")
}
-- layer/recipes/only-second_1.0.bb --
do_compile() {
    echo second
}
`,
);

describe('sig --all', () => {
  let workspace: Workspace;
  beforeAll(() => {
    workspace = materialise(SCENARIO);
  });
  afterAll(() => workspace.dispose());

  const run = (format: string) => inTerminal(workspace, 'sig', '--all', '--format', format);

  it('prints a table, with skipped recipes as remarks in it', { timeout: 60_000 }, async () => {
    const { status, stdout, stderr } = await run('tsv');
    const lines = stdout.trim().split('\n');
    expect(lines.filter((line) => line.startsWith('#'))).toEqual([
      '# skipped\tvirtual:twin:layer/recipes/good_1.0.bb\tgood-twin\tno twins here',
    ]);
    const rows = lines.filter((line) => !line.startsWith('#')).map((line) => line.split('\t'));
    expect(rows.map(([recipe, pn, task]) => [recipe, pn, task])).toEqual([
      ['layer/recipes/good_1.0.bb', 'good', 'do_compile'],
      ['layer/recipes/good_1.0.bb', 'good', 'do_install'],
      ['layer/recipes/good_1.0.bb', 'good', 'do_build'],
      ['mc:second:layer/recipes/only-second_1.0.bb', 'only-second', 'do_compile'],
      ['mc:second:layer/recipes/only-second_1.0.bb', 'only-second', 'do_install'],
      ['mc:second:layer/recipes/only-second_1.0.bb', 'only-second', 'do_build'],
    ]);
    expect(rows.every(([, , , hash]) => /^[0-9a-f]{64}$/.test(hash ?? ''))).toBe(true);
    expect(stderr).toContain('failed: layer/recipes/broken_1.0.bb: ');
    expect(stderr).toContain('on purpose');
    expect(stderr).toContain('3 recipes in 4 variants: 1 skipped, 1 failed');
    expect(status).toBe(1);
  });

  it('prints the same as JSON', { timeout: 60_000 }, async () => {
    const { recipes } = JSON.parse((await run('json')).stdout) as {
      recipes: { recipe: string; skipped?: string; failed?: string; tasks: Record<string, unknown> }[];
    };
    expect(recipes.map(({ recipe, skipped, failed }) => [recipe, skipped, failed])).toEqual([
      ['layer/recipes/broken_1.0.bb', undefined, expect.stringContaining('on purpose')],
      ['layer/recipes/good_1.0.bb', undefined, undefined],
      ['virtual:twin:layer/recipes/good_1.0.bb', 'no twins\there', undefined],
      ['mc:second:layer/recipes/only-second_1.0.bb', undefined, undefined],
    ]);
  });

  it('prints the same as text', { timeout: 60_000 }, async () => {
    const { stdout } = await run('text');
    expect(stdout).toMatch(/^broken {2}layer\/recipes\/broken_1\.0\.bb\n {2}failed: .*on purpose/m);
    expect(stdout).toMatch(/^good-twin {2}virtual:twin:\S+\n {2}skipped: no twins\there\n$/m);
  });
});

describe('BitBake', { timeout: 60_000 }, () => {
  let workspace: Workspace;
  afterEach(() => workspace.dispose());

  it('is looked for where the user says, which has to be a checkout of it', async () => {
    workspace = materialise(SCENARIO);
    const { status, stderr } = await inTerminal(workspace, 'sig', 'good', '--bitbake', '/nowhere');
    expect(stderr.trim()).toBe(
      'sstate-lens: there is no BitBake in /nowhere: name its checkout, which has bin/ and lib/',
    );
    expect(status).toBe(2);
  });

  it('is said to be missing where the configuration fails without it', async () => {
    workspace = materialise(
      parseScenario(
        'missing',
        `A library that imports what the built-in part does not have.
-- layer/conf/layer.conf --
BBPATH .= ":\${LAYERDIR}"
BBFILES += "\${LAYERDIR}/recipes/*.bb"
BBFILE_COLLECTIONS += "fixture"
BBFILE_PATTERN_fixture = "^\${LAYERDIR}/"
LAYERSERIES_COMPAT_fixture = "fixtures"
LAYERSERIES_CORENAMES = "fixtures"
addpylib \${LAYERDIR}/lib wants
-- layer/lib/wants/__init__.py --
import bb.there_is_no_such_module
-- layer/recipes/good_1.0.bb --
`,
      ),
    );
    const { stdout, stderr, status } = await inTerminal(workspace, 'sig', 'good');
    expect(stdout).toBe('');
    expect(status).toBe(2);
    expect(stderr).toContain(
      `sstate-lens: BitBake would refuse the configuration of build: ModuleNotFoundError`,
    );
    expect(stderr).toContain('warning: No BitBake was found beside the layers or in PATH.');
  });
});
