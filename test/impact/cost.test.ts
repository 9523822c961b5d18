/** What a change costs in sstate objects, through the command: those that are there, and what hash equivalence leaves open. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { ImpactReport } from '../../server/src/cli/impactReport.ts';
import { materialise, readScenario, type Workspace } from '../harness/fixture.ts';
import { inTerminal } from '../harness/terminal.ts';
import { commit } from '../lsp/client.ts';

const APP = 'layer/recipes/app_1.0.bb';

describe('what a change costs', { timeout: 240_000 }, () => {
  let workspace: Workspace;

  /** A commit, and an edit since. */
  function start(...configuration: string[]): void {
    workspace = materialise(readScenario('sstate/used'));
    appendFileSync(join(workspace.buildDir, 'conf/local.conf'), `${configuration.join('\n')}\n`);
    commit(workspace.root, 'a layer');
    appendFileSync(join(workspace.root, APP), 'do_compile:append() {\n    true\n}\n');
  }
  afterEach(() => workspace.dispose());

  async function costOf() {
    const { status, stdout, stderr } = await inTerminal(
      workspace,
      'impact',
      '--target',
      'app',
      '--format',
      'json',
    );
    expect(status).toBe(0);
    const [{ sstate, causes, taskhashes }] = (JSON.parse(stdout) as ImpactReport).results as [
      ImpactReport['results'][0],
    ];
    expect(causes.map(({ subject, sstate: own }) => [subject, own])).toEqual([['do_compile:append', sstate]]);
    return { sstate, changed: taskhashes.changed, stderr };
  }

  it('are the objects that are there', async () => {
    start();
    const { sstate, changed, stderr } = await costOf();
    expect({ sstate, changed, stderr }).toEqual({
      sstate: { lost: 1, local: 1, unknown: 0 },
      changed: 5,
      stderr: '',
    });
  });

  it('may be more where objects can have the names of equal ones', async () => {
    start(
      'BB_SIGNATURE_HANDLER = "TestEquivHash"',
      'PERSISTENT_DIR = "${TOPDIR}/cache"',
      'BB_HASHSERVE = "auto"',
    );
    const { sstate, stderr } = await costOf();
    expect(sstate).toEqual({ lost: 1, local: 1, unknown: 1 });
    expect(stderr).toContain(
      'warning: hash equivalence is on, and objects that are equal to others have their names',
    );
  });
});
