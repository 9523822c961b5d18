/** The command tells the version of the package. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { version } from '../../package.json';
import { bundledCommand } from '../lsp/command.ts';

it('tells its version', async () => {
  const { status, stdout } = spawnSync(process.execPath, [await bundledCommand(), '--version'], {
    encoding: 'utf8',
  });
  expect([status, stdout]).toEqual([0, `${version}\n`]);
});
