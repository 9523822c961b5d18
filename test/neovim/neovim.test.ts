/**
 * A real Neovim with the configuration that README shows, over standard input and output: diagnostics, lenses, hovers
 * and code actions reach it. Skipped, and said so, where there is no nvim.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { sampleCopy } from '../lsp/client.ts';
import { bundledCommand } from '../lsp/command.ts';
import { sampleHash, short } from '../lsp/table.ts';

const ROOT = join(import.meta.dirname, '../..');
const hasNeovim = spawnSync('nvim', ['--version']).status === 0;
if (!hasNeovim) console.warn('Neovim is not driven: there is no nvim (on Debian: apt-get install neovim)');

/** What drive.lua prints. */
interface Seen {
  readonly filetype: string;
  readonly lenses: readonly string[];
  readonly hover: string;
  readonly diagnostics: readonly {
    readonly line: number;
    readonly message: string;
    readonly source: string;
  }[];
  readonly actions: readonly string[];
  readonly text: string;
}

/** The block of README, and what README says is different before Neovim 0.8. */
function configuration(): string {
  const [, block] = /```lua\n(.*?)```/s.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))!;
  const before =
    'vim.lsp.start = vim.lsp.start or function(config)\n' +
    '  vim.lsp.buf_attach_client(0, vim.lsp.start_client(config))\n' +
    'end\n';
  return before + block!;
}

let command: string;
beforeAll(async () => {
  command = await bundledCommand();
}, 60_000);

describe.skipIf(!hasNeovim)('Neovim', { timeout: 240_000 }, () => {
  it('shows lenses, hovers, diagnostics and code actions with the lines of README', async () => {
    const folder = sampleCopy();
    const programs = join(folder, 'bin');
    mkdirSync(programs);
    const script = `#!/bin/sh\nexec '${process.execPath}' '${command}' "$@"\n`;
    writeFileSync(join(programs, 'sstate-lens'), script, { mode: 0o755 });
    const init = join(folder, 'init.lua');
    writeFileSync(init, configuration());
    const drive = join(import.meta.dirname, 'drive.lua');
    const { stdout, stderr } = await promisify(execFile)(
      'nvim',
      ['--headless', '-u', init, '-c', `luafile ${drive}`, '-c', 'cquit'],
      { cwd: folder, env: { ...process.env, HOME: folder, PATH: `${programs}:${process.env['PATH']}` } },
    ).catch((error: unknown) => error as { stdout: string; stderr: string });
    const line = stdout.split('\n').find((each) => each.startsWith('{'));
    expect(line, `${stdout}${stderr}`).toBeDefined();
    const { filetype, lenses, hover, diagnostics, actions, text } = JSON.parse(line!) as Seen;
    expect(filetype).toBe('bitbake');
    expect(lenses).toEqual([
      `12 tasks · do_install ${short('hello', 'do_install')}`,
      `do_install ${short('hello', 'do_install')}`,
      `do_install ${short('hello', 'do_install')}`,
    ]);
    expect(hover).toContain(`\`hello\`: \`${sampleHash('hello', 'do_install')}\``);
    expect(diagnostics).toMatchObject([
      {
        line: 17,
        source: 'sstate-lens',
        message: 'Changes the basehash of do_install of hello and hello-native',
      },
    ]);
    // Who is shown no descriptions of edits gets what they do in the titles.
    expect(actions).toContainEqual(
      expect.stringMatching(
        /^Leave write_motd out of the hash of do_install \(vardepsexclude\).*Changes the basehash of/,
      ),
    );
    expect(text).toContain('do_install[vardepsexclude] += "write_motd"');
  });
});
