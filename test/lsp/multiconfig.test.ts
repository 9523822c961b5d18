/** Which multiconfig's hashes the editor shows. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { addMachine, type Editor, sampleCopy } from './client.ts';
import type { Outline } from './outlines.ts';
import { HELLO, openSample } from './sample.ts';
import { short } from './table.ts';

const APPEND = 'meta-sample/recipes-sample/hello/hello_%.bbappend';

let editor: Editor;
afterEach(() => editor.kill());

/** The sample with a second configuration, `other`, for another machine. */
async function start(): Promise<void> {
  const folder = sampleCopy();
  addMachine(folder, 'otherbox');
  const local = join(folder, 'build/conf/local.conf');
  writeFileSync(
    local,
    `${readFileSync(local, 'utf8')}BBMULTICONFIG = "other"\ninclude conf/multiconfig/\${BB_CURRENT_MC}.conf\n`,
  );
  mkdirSync(join(folder, 'build/conf/multiconfig'));
  writeFileSync(join(folder, 'build/conf/multiconfig/other.conf'), 'MACHINE = "otherbox"\n');
  editor = await openSample(folder);
}

const select = (multiconfig: string) => editor.request('sstateLens/selectMulticonfig', { multiconfig });
const lens = async () => (await editor.lenses(HELLO))[0];

describe('a multiconfig', { timeout: 120_000 }, () => {
  it('can speak for recipes: its hashes come first, under its name', async () => {
    await start();
    const usual = `1: 12 tasks · do_install ${short('hello', 'do_install')}`;
    expect(await lens()).toBe(usual);
    expect(editor.statuses.at(-1)).toMatchObject({
      text: 'samplebox',
      tooltip: expect.stringContaining('Multiconfigs, beside the plain one: ``other``') as string,
    });
    expect(await editor.request('sstateLens/multiconfigs', {})).toEqual({
      multiconfig: '',
      multiconfigs: [
        { name: '', machine: 'samplebox' },
        { name: 'other', machine: 'otherbox' },
      ],
    });
    expect(await select('other')).toEqual({ multiconfig: 'other' });
    const other = await lens();
    expect(other).toMatch(/^1: mc:other:hello: 12 tasks · do_install [0-9a-f]{8}$/);
    expect(other).not.toContain(short('hello', 'do_install'));
    expect(editor.statuses.at(-1)!.text).toBe('otherbox · mc:other');
    const { title, nodes } = await editor.request<Outline>('sstateLens/recipeOutline', {
      textDocument: { uri: editor.uri(HELLO) },
    });
    expect([title, ...nodes.map(({ label }) => label)]).toEqual([
      'mc:other:hello',
      'mc:other:hello',
      'mc:other:hello-native',
      'hello',
      'hello-native',
    ]);
    expect(await editor.hover(HELLO, 'do_install()')).toMatch(/- `mc:other:hello`: .*- `hello`: /s);
    // Where it is set there: hello_%.bbappend adds to it for samplebox alone.
    await editor.replace(HELLO, 'install -d ${D}${bindir}', 'install -dv ${D}${bindir}');
    expect(await editor.problems(HELLO)).toEqual([
      '15: information: Changes the basehash of do_install of mc:other:hello, mc:other:hello-native, hello and hello-native',
    ]);
    expect(await select('gone')).toEqual({ multiconfig: '' });
    expect(await lens()).toMatch(/^1: 12 tasks · /);
  });

  it('speaks by the places where its own values are set', async () => {
    await start();
    await select('other');
    await editor.open(APPEND);
    await editor.replace(APPEND, 'console', 'the console');
    // It is the plain configuration's alone.
    expect(await editor.problems(APPEND)).toEqual([
      '5: information: Changes the basehash of do_install of hello and hello-native',
    ]);
    expect((await editor.lenses(APPEND))[0]).toMatch(
      /^1: mc:other:hello: 12 tasks · do_install [0-9a-f]{8} · \+2 variants$/,
    );
  });
});
