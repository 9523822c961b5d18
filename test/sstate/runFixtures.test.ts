/**
 * What BitBake would do (`run: ARGUMENTS`), compared with what `bitbake -n` said, release by release: its summary, the
 * setscene tasks that it would use, and the tasks that it would run.
 */
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { materialise, readRunExpectations, readScenario, scenarioNames } from '../harness/fixture.ts';
import { openGraphs } from '../harness/graphs.ts';
import { sharedSandbox } from '../harness/sharedSandbox.ts';

vi.mock(import('../../server/src/python/sandbox.ts'), async (original) => {
  const sandbox = await original();
  return { ...sandbox, createSandbox: (options) => sharedSandbox(sandbox.createSandbox, options) };
});

/** All in one place, so that they can share a sandbox. */
const PLACE = join(realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-'))), 'workspace');

const scenarios = scenarioNames().filter((name) => /^run: /m.test(readScenario(name).prose));

describe.each(scenarios)('%s', (name) => {
  const scenario = readScenario(name);

  it.each(Object.entries(readRunExpectations(name)))('%s', async (release, expected) => {
    const workspace = materialise(scenario, PLACE);
    try {
      const { run } = await openGraphs(workspace, release, scenario.environment);
      for (const [args, answer] of Object.entries(expected))
        expect(await run(args.split(' ')), args).toEqual(answer);
    } finally {
      workspace.dispose();
    }
  });
});
