import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { bundledCommand } from '../lsp/command.ts';
import { SAMPLE_HASHES, sampleHash, short } from '../lsp/table.ts';

const run = promisify(execFile);
const SAMPLE = join(import.meta.dirname, '../../samples/workspace');

function contents(): string[] {
  return readdirSync(SAMPLE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => `${path}\n${readFileSync(path, 'utf8')}`)
    .sort();
}

it(
  'the demonstration shows hashes, an edit, and what the editor would say of it',
  { timeout: 60_000 },
  async () => {
    const before = contents();
    const empty = mkdtempSync(join(tmpdir(), 'sstate-lens-demo-'));
    const { stdout } = await run(process.execPath, [await bundledCommand(), 'demo'], { cwd: empty });
    const lines = stdout.split('\n');
    const shown = lines.flatMap(
      (line) => /^ {2}(do_\w+) +([0-9a-f]{64})$/.exec(line)?.slice(1).join(' ') ?? [],
    );
    const expected = [...SAMPLE_HASHES]
      .filter(([key]) => key.startsWith('hello:'))
      .map(([key, hash]) => `${key.slice('hello:'.length)} ${hash}`);
    expect(shown.sort()).toEqual(expected.sort());
    expect(shown).toContain(`do_install ${sampleHash('hello', 'do_install')}`);

    const at = lines.indexOf('hello_1.0.bb:7: Changes the basehash of do_install');
    expect(lines[at + 1]).toMatch(
      new RegExp(`^  hello do_install +${short('hello', 'do_install')} -> [0-9a-f]{8}$`),
    );
    expect(lines[at + 2]).toBe('    do_install <- write_motd <- MOTD');
    expect(lines).toContain('hello_1.0.bb:17: Changes the basehash of do_install');
    expect(contents()).toEqual(before);
    expect(readdirSync(empty)).toEqual([]);
  },
);
