/** What edits are compared with, as an editor sees it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { commit, type Editor, sampleCopy } from './client.ts';
import { HELLO, openSample } from './sample.ts';
import { short } from './table.ts';

const INSTALL = short('hello', 'do_install');

let editor: Editor;
afterEach(() => editor.kill());

async function start(settings: object = {}, folder = sampleCopy()): Promise<void> {
  editor = await openSample(folder, settings);
}

const compareWith = (kind: string) => editor.request('sstateLens/compareWith', { kind });
const changed = async () => (await editor.problems(HELLO)).map((problem) => problem.split('\n')[0]);
const MOTD = '7: information: Changes the basehash of do_install of hello and hello-native';
/** The status once it says what is expected. */
const status = async (text: string) => {
  const last = await editor.until(
    () => editor.statuses.at(-1),
    (known) => known?.text === text,
  );
  expect(last?.text).toBe(text);
  return last!;
};

describe('edits are compared with', { timeout: 120_000 }, () => {
  it('the merge base with a branch: all that a review would show', async () => {
    const folder = sampleCopy();
    const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, stdio: 'ignore' });
    git('branch', '-M', 'main');
    git('checkout', '-b', 'work');
    const hello = readFileSync(join(folder, HELLO), 'utf8');
    writeFileSync(join(folder, HELLO), hello.replace('MOTD = "', 'MOTD = "-- '));
    commit(folder, 'On the branch');
    await start({ baseline: 'mergeBase' }, folder);
    expect(await changed()).toEqual([MOTD]);
    expect((await status('samplebox · 2 hashes change')).tooltip).toMatch(
      /Edits are compared with the merge base$/,
    );
    await compareWith('head');
    expect(await changed()).toEqual([]);
    expect((await editor.lenses(HELLO))[1]).not.toContain('→');
    expect((await status('samplebox')).tooltip).toMatch(/Edits are compared with git HEAD$/);
  });

  it('the files on disk, and the texts of a moment', async () => {
    await start({ baseline: 'saved' });
    await editor.replace(HELLO, 'MOTD = "', 'MOTD = "-- ');
    expect(await changed()).toEqual([MOTD]);
    await compareWith('now');
    expect(await changed()).toEqual([]);
    await editor.replace(HELLO, 'MOTD = "-- ', 'MOTD = "--- ');
    expect(await changed()).toEqual([MOTD]);
    // Chosen again, it is another moment.
    await compareWith('now');
    expect(await changed()).toEqual([]);
  });

  it('what the last build hashed', async () => {
    await start();
    const stamps = join(editor.folder, 'build/tmp/stamps/hello');
    mkdirSync(stamps, { recursive: true });
    const basehash = 'a'.repeat(64);
    const recorded = {
      task: 'do_install',
      basehash,
      varvals: { do_install: '', MOTD: 'of the last build' },
      gendeps: { MOTD: [], do_install: ['MOTD'] },
      taskdeps: ['MOTD'],
    };
    const name = `1.0-r0.do_install.sigbasedata.${'b'.repeat(64)}`;
    writeFileSync(join(stamps, name), JSON.stringify(recorded));
    await compareWith('lastBuild');
    expect((await editor.lenses(HELLO))[1]).toBe(`14: do_install aaaaaaaa → ${INSTALL}`);
  });
});

describe('an edit', { timeout: 120_000 }, () => {
  it('that changes no hash says so in the status', async () => {
    await start();
    await editor.replace(HELLO, 'inherit buildinfo', '# seen\ninherit buildinfo');
    await status('samplebox · no hash changes');
    await editor.replace(HELLO, '# seen\n', '');
    await status('samplebox');
  });

  it('is as grave as the settings say, by the number of tasks', async () => {
    await start({ warningFromTasks: 2 });
    await editor.replace(HELLO, 'MOTD = "', 'MOTD = "-- ');
    expect(await changed()).toEqual([MOTD.replace('information', 'warning')]);
    editor.kill();
    await start({ hashChangeSeverity: 'error', warningFromTasks: 2 });
    await editor.replace(HELLO, 'MOTD = "', 'MOTD = "-- ');
    expect(await changed()).toEqual([MOTD.replace('information', 'error')]);
    editor.kill();
    await start({ hashChangeSeverity: 'off' });
    await editor.replace(HELLO, 'MOTD = "', 'MOTD = "-- ');
    expect(await changed()).toEqual([]);
    expect((await editor.lenses(HELLO))[1]).toContain('→');
  });
});
