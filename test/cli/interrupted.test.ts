/** Ctrl-C in a terminal: one line, the exit code of shells, and an end at once, whatever is being waited for. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { materialise, readScenario, type Workspace } from '../harness/fixture.ts';
import { bundledCommand } from '../lsp/command.ts';
import { serveSockets } from '../sstate/servers.ts';

const SCENARIO = readScenario('sstate/nothing');
const ENDLESS = '\nDESCRIPTION = "${@sum(range(10 ** 12))}"\ndo_compile() {\n    echo ${DESCRIPTION}\n}\n';

describe('Ctrl-C', { timeout: 120_000 }, () => {
  let workspace: Workspace;
  afterEach(() => workspace.dispose());

  /** Starts a command as a terminal does, and interrupts all its processes when it is time. */
  const interrupted = async (args: readonly string[], time: () => Promise<void>) => {
    const command = [await bundledCommand(), ...args, '--build-dir', workspace.buildDir, '--no-cache'];
    const child = spawn(process.execPath, command, { detached: true });
    let stderr = '';
    let stdout = '';
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    const closed = once(child, 'close') as Promise<[number | null, string | null]>;
    await time();
    const before = performance.now();
    process.kill(-child.pid!, 'SIGINT');
    const [status, signal] = await closed;
    return { status, signal, stdout, stderr, milliseconds: performance.now() - before };
  };
  // Within a second where the machine has nothing else to do.
  const MOST_MILLISECONDS = 5_000;

  it('ends the questions to a server that does not answer', async () => {
    workspace = materialise(SCENARIO);
    let asked: () => void;
    const request = new Promise<void>((resolve) => (asked = resolve));
    const silent = await serveSockets((socket) => void socket.on('data', () => asked()));
    try {
      appendFileSync(
        join(workspace.buildDir, 'conf/local.conf'),
        `\nSSTATE_MIRRORS = "file://.* http://${silent.host}/PATH"\n`,
      );
      const end = await interrupted(['sstate', 'lib'], () => request);
      expect(end).toMatchObject({
        status: 130,
        stdout: '',
        stderr: 'cancelled: no answer was found, and nothing was changed\n',
      });
      expect(end.milliseconds).toBeLessThan(MOST_MILLISECONDS);
    } finally {
      await silent.close();
    }
  });

  it.each([['sstate'], ['graph'], ['sig']])('ends the evaluation of recipes for %s', async (command) => {
    workspace = materialise(SCENARIO);
    appendFileSync(join(workspace.root, 'layer/recipes/lib_1.0.bb'), ENDLESS);
    const end = await interrupted([command, 'lib'], () => sleep(4_000));
    expect(end).toMatchObject({
      status: 130,
      stdout: '',
      stderr: 'cancelled: no answer was found, and nothing was changed\n',
    });
    expect(end.milliseconds).toBeLessThan(MOST_MILLISECONDS);
  });
});
