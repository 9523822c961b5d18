/**
 * Task graphs of the scenarios that ask for some (`graph: ARGUMENTS`), compared with those of `bitbake -g`, release by
 * release: every task, every dependency, and whether there is a fault.
 */
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { openGraphs } from '../harness/graphs.ts';
import { materialise, readGraphExpectations, readScenario, scenarioNames } from '../harness/fixture.ts';
import { sharedSandbox } from '../harness/sharedSandbox.ts';

vi.mock(import('../../server/src/python/sandbox.ts'), async (original) => {
  const sandbox = await original();
  return { ...sandbox, createSandbox: (options) => sharedSandbox(sandbox.createSandbox, options) };
});

/** All in one place, so that they can share a sandbox. */
const PLACE = join(realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-'))), 'workspace');

const scenarios = scenarioNames().filter((name) => /^graph: /m.test(readScenario(name).prose));

describe.each(scenarios)('%s', (name) => {
  const scenario = readScenario(name);

  it.each(Object.entries(readGraphExpectations(name)))('%s', async (release, expected) => {
    const workspace = materialise(scenario, PLACE);
    try {
      const graphs = await openGraphs(workspace, release, scenario.environment);
      for (const [args, theirs] of Object.entries(expected)) {
        const ours = graphs.graph(args.split(' '));
        if (theirs.tasks) expect(ours.tasks, args).toEqual(theirs.tasks);
        expect(ours.errors.length > 0, `${args}: ${[...theirs.errors, ...ours.errors].join('; ')}`).toBe(
          theirs.errors.length > 0,
        );
        // What nothing provides is said in BitBake's words.
        const unprovided = theirs.errors.filter((line) => line.startsWith('Nothing '));
        expect(ours.errors, args).toEqual(expect.arrayContaining(unprovided));
      }
    } finally {
      workspace.dispose();
    }
  });
});
