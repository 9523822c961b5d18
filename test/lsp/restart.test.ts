/** A server that finds what an earlier one has left. */
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Editor, sampleCopy } from './client.ts';
import { bundledCommand } from './command.ts';
import { HELLO } from './sample.ts';
import { short } from './table.ts';

const LENSES = [
  `1: 12 tasks · do_install ${short('hello', 'do_install')}`,
  `14: do_install ${short('hello', 'do_install')}`,
  `20: do_install ${short('hello', 'do_install')}`,
];

const started: Editor[] = [];
const folders: string[] = [];
afterAll(() => {
  for (const editor of started) editor.kill();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function cacheFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-kept-')));
  folders.push(folder);
  return folder;
}

async function start(folder: string, cache: string): Promise<Editor> {
  const args = ['--cache-dir', cache];
  const editor = new Editor(folder, { command: await bundledCommand(), args, refreshes: true });
  started.push(editor);
  await editor.initialize({ buildDirectory: '', environment: {} });
  return editor;
}

const withTaskhash = (lenses: readonly string[]) => lenses[1]?.includes('taskhash') === true;

describe('another start', { timeout: 120_000 }, () => {
  it('shows the hashes of before, then all of them, and has the task graph without being asked', async () => {
    const cache = cacheFolder();
    const folder = sampleCopy();
    const first = await start(folder, cache);
    await first.open(HELLO);
    const shown = await first.until(
      () => first.lenses(HELLO),
      (lenses) => lenses.length === LENSES.length,
    );
    expect(shown).toEqual(LENSES);
    await first.request('sstateLens/collect', { textDocument: { uri: first.uri(HELLO) } });
    const whole = await first.until(() => first.lenses(HELLO), withTaskhash);
    await first.end();
    expect(readdirSync(cache).length).toBeGreaterThan(0);

    const second = await start(folder, cache);
    await second.open(HELLO);
    const soon = await second.until(
      () => second.lenses(HELLO),
      (lenses) => lenses.length > 0,
    );
    expect(soon).toEqual(LENSES);
    // From now on it is as if it had been computed: hovers tell what goes in.
    expect(await second.hover(HELLO, 'do_install() {', 3)).toContain('do_install');
    expect(await second.until(() => second.lenses(HELLO), withTaskhash)).toEqual(whole);
    expect(await second.problems(HELLO)).toEqual([]);
    await second.replace(HELLO, 'install -d', 'install  -d');
    const edited = await second.until(
      () => second.lenses(HELLO),
      (lenses) => lenses[0]?.includes('→') === true,
    );
    expect(edited[0]).toMatch(new RegExp(`do_install ${short('hello', 'do_install')} → [0-9a-f]{8}`));
    await second.end();
  });
});
