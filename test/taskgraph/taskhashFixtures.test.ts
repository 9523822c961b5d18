/**
 * Taskhashes of the scenarios that ask for some (`hashes: TARGETS`), compared with those of `bitbake -S none`, release
 * by release: every task that runs, and which have no hash that is the same twice.
 */
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { materialise, readScenario, readTaskhashExpectations, scenarioNames } from '../harness/fixture.ts';
import { openGraphs } from '../harness/graphs.ts';
import { sharedSandbox } from '../harness/sharedSandbox.ts';

vi.mock(import('../../server/src/python/sandbox.ts'), async (original) => {
  const sandbox = await original();
  return { ...sandbox, createSandbox: (options) => sharedSandbox(sandbox.createSandbox, options) };
});

/** All in one place, so that they can share a sandbox. */
const PLACE = join(realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-'))), 'workspace');

const scenarios = scenarioNames().filter((name) => /^hashes: /m.test(readScenario(name).prose));

describe.each(scenarios)('%s', (name) => {
  const scenario = readScenario(name);

  it.each(Object.entries(readTaskhashExpectations(name)))('%s', async (release, expected) => {
    const workspace = materialise(scenario, PLACE);
    try {
      const { taskhashes } = await openGraphs(workspace, release, scenario.environment);
      for (const [targets, hashes] of Object.entries(expected))
        expect(taskhashes(targets.split(' ')), targets).toEqual(hashes);
    } finally {
      workspace.dispose();
    }
  });
});
