import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { addMachine, type Editor, sampleCopy } from './client.ts';
import { HELLO, openSample } from './sample.ts';
import { short } from './table.ts';

let editor: Editor;
afterEach(() => editor.kill());

async function start(): Promise<string> {
  const folder = sampleCopy();
  addMachine(folder, 'otherbox');
  editor = await openSample(folder);
  return folder;
}
const select = (machine?: string) => editor.request('sstateLens/selectMachine', { machine });
const lens = async () => (await editor.lenses(HELLO))[0];

describe('MACHINE', { timeout: 120_000 }, () => {
  it('can be another, as if it were in the environment, and as it was', async () => {
    await start();
    const usual = `1: 12 tasks · do_install ${short('hello', 'do_install')}`;
    expect(await lens()).toBe(usual);
    expect(await editor.request('sstateLens/machines', {})).toEqual({
      machine: 'samplebox',
      machines: ['otherbox', 'samplebox'],
    });
    expect(await select('otherbox')).toEqual({ machine: 'otherbox' });
    // hello_%.bbappend adds to do_install for samplebox alone.
    expect(await lens()).toMatch(/^1: 12 tasks · do_install [0-9a-f]{8}$/);
    expect(await lens()).not.toBe(usual);
    expect(editor.statuses.at(-1)!.text).toBe('otherbox');
    expect(await select()).toEqual({ machine: 'samplebox' });
    expect(await lens()).toBe(usual);
  });

  it('stays what the configuration sets for good', async () => {
    const folder = await start();
    const local = join(folder, 'build/conf/local.conf');
    writeFileSync(local, readFileSync(local, 'utf8').replace('MACHINE ?=', 'MACHINE ='));
    expect(await select('otherbox')).toEqual({ machine: 'samplebox' });
    // No name of a machine: as if none were chosen.
    expect(await select('../x')).toEqual({ machine: 'samplebox' });
  });
});
