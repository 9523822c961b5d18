/** What an edit of a class changes in recipes that are not open, told without evaluating these. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Editor, sampleCopy } from './client.ts';
import { bundledCommand } from './command.ts';
import { HELLO } from './sample.ts';

const BASE = 'meta-sample/classes/base.bbclass';
const BUILDINFO = 'meta-sample/classes/buildinfo.bbclass';

interface Rerun {
  readonly text: string;
  readonly recipes: readonly { readonly recipe: string; readonly tasks: readonly string[] }[];
}

const kept = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-kept-')));
let editor: Editor | undefined;
afterAll(() => {
  editor?.kill();
  rmSync(kept, { recursive: true, force: true });
});

/** Everything is evaluated, or known from an earlier start. */
async function start(folder: string): Promise<{ readonly uri: string }> {
  editor = new Editor(folder, { command: await bundledCommand(), args: ['--cache-dir', kept] });
  await editor.initialize({ buildDirectory: '', environment: {} });
  const textDocument = { uri: editor.uri(HELLO) };
  await editor.open(HELLO);
  await editor.request('sstateLens/collect', { textDocument });
  return textDocument;
}

describe('an edit of a function of a class', { timeout: 240_000 }, () => {
  it('tells all tasks that would rerun', async () => {
    const folder = sampleCopy();
    const textDocument = await start(folder);
    const rerun = () => editor!.request<Rerun>('sstateLens/rerun', { textDocument });

    await editor!.open(BUILDINFO);
    await editor!.replace(BUILDINFO, "f.write('\\n'.join", "f.write('\\t'.join");
    const one = await rerun();
    expect(one.text).toMatch(/^\d+ tasks in 2 recipes would rerun$/);
    expect(one.recipes.map(({ recipe, tasks }) => [recipe, tasks[0]])).toEqual([
      ['greet-image', 'do_buildinfo'],
      ['hello', 'do_buildinfo'],
    ]);
    await editor!.replace(BUILDINFO, "f.write('\\t'.join", "f.write('\\n'.join");
    expect(await rerun()).toEqual({ text: 'nothing would rerun', recipes: [] });

    // One of the configuration's.
    await editor!.open(BASE);
    await editor!.replace(BASE, "bb.note('%s holds", "bb.plain('%s holds");
    const all = await rerun();
    expect(all.text).toMatch(/^\d+ tasks in \d recipes would rerun$/);
    const changed = all.recipes.filter(({ tasks }) => tasks.includes('do_package'));
    expect(changed.map(({ recipe }) => recipe).sort()).toEqual([
      'greet-image',
      'hello',
      'hello-native',
      'libgreet',
      'libgreet-native',
    ]);
    await editor!.replace(BASE, "bb.plain('%s holds", "bb.note('%s holds");
    expect(await rerun()).toEqual({ text: 'nothing would rerun', recipes: [] });

    await editor!.end();
    await start(folder);
    await editor!.open(BASE);
    await editor!.replace(BASE, "bb.note('%s holds", "bb.plain('%s holds");
    expect(await rerun()).toEqual(all);
  });
});
