/** `sig` with a recipe that never ends: it is named with its place, and the others are told. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { materialise, parseScenario } from '../harness/fixture.ts';
import { bundledCommand } from '../lsp/command.ts';

const SCENARIO = parseScenario(
  'stopped',
  `
-- layer/recipes/endless_1.0.bb --
SUMMARY = "x"
DESCRIPTION = "\${@sum(range(10 ** 12))}"

do_compile() {
    echo \${DESCRIPTION}
}
-- layer/recipes/good_1.0.bb --
SUMMARY = "x"
`,
);

it('goes on after a recipe whose evaluation had to be stopped', async () => {
  const { root, buildDir, dispose } = materialise(SCENARIO);
  try {
    const command = [
      await bundledCommand(),
      'sig',
      'endless',
      'good',
      '--build-dir',
      buildDir,
      '--format',
      'tsv',
    ];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
    const place = `${root}/layer/recipes/endless_1.0.bb:2`;
    expect(stderr).toContain(`${place}: error: Evaluation took too long and was stopped at ${place}\n`);
    expect(stderr).not.toContain('bug');
    const rows = stdout
      .trim()
      .split('\n')
      .map((row) => row.split('\t').slice(1, 3).join(' '));
    expect(rows).toEqual(['good do_compile', 'good do_install', 'good do_build']);
    expect(status).toBe(1);
  } finally {
    dispose();
  }
}, 60_000);
