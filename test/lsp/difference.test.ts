/** How two signatures differ, as the server tells it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { addMachine, type Editor, sampleCopy } from './client.ts';
import { lines, type Outline } from './outlines.ts';
import { HELLO, openSample } from './sample.ts';
import { short } from './table.ts';

let editor: Editor;
afterEach(() => editor.kill());

async function start(): Promise<void> {
  const folder = sampleCopy();
  addMachine(folder, 'otherbox');
  editor = await openSample(folder);
}

const ask = (params: object) =>
  editor.request<Outline>('sstateLens/differenceOutline', {
    textDocument: { uri: editor.uri(HELLO) },
    ...params,
  });

/** Signature data as BitBake writes it below a stamps directory. @returns its path */
function signatureFile(pn: string, task: string, hash: string, more: object): string {
  const folder = join(editor.folder, 'stamps/all', pn);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `1.0.${task}.sigdata.${hash}`);
  const data = { task, basehash: hash, varvals: {}, gendeps: {}, taskdeps: [], taskhash: hash, ...more };
  writeFileSync(path, JSON.stringify({ runtaskdeps: [], runtaskhashes: {}, ...data }));
  return path;
}

const [A, B, C, D] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(64)) as [
  string,
  string,
  string,
  string,
];

describe('the difference', { timeout: 120_000 }, () => {
  it('of a task against the baseline leads to the line that was edited', async () => {
    await start();
    expect(await ask({ task: 'do_install' })).toMatchObject({
      title: 'hello:do_install: the baseline and now',
      message: 'Nothing differs in what the recipe says itself.',
      nodes: [],
    });
    await editor.replace(HELLO, 'MOTD = "', 'MOTD = "-- ');
    const { nodes } = await ask({ task: 'do_install' });
    expect(lines(nodes).slice(0, 4)).toEqual([
      expect.stringMatching(/^basehash \| [0-9a-f]{8} → [0-9a-f]{8}$/),
      'MOTD | value changed · hello_1.0.bb:7',
      '  "{+--+} ${GREETING}, ${AUDIENCE}!"',
    ]);
    expect(nodes[1]).toMatchObject({ uri: editor.uri(HELLO), range: { start: { line: 6 } } });
    await expect(ask({ task: 'do_nothing' })).rejects.toThrow('there is no such task');
  });

  it('of two signature files goes down to the root causes, and to the lines that set them now', async () => {
    await start();
    signatureFile('hello', 'do_install', A, { varvals: { MOTD: '1' } });
    signatureFile('hello', 'do_install', B, { varvals: { MOTD: '2' } });
    const on = (hash: string) => ({
      runtaskdeps: ['hello:do_install'],
      runtaskhashes: { 'hello:do_install': hash },
    });
    const before = signatureFile('of-no-recipe', 'do_top', C, { ...on(A), varvals: { MOTD: '1' } });
    const after = signatureFile('of-no-recipe', 'do_top', D, { ...on(B), varvals: { MOTD: '2' } });
    const { title, nodes } = await ask({ before, after });
    expect(title).toBe('of-no-recipe:do_top');
    const shown = lines(nodes);
    // Nobody knows where a recipe that is not there sets it.
    expect(shown).toContain('MOTD | value changed');
    expect(shown).toContain('hello:do_install');
    expect(shown).toContain('  MOTD | value changed · hello_1.0.bb:7');
    const cause = nodes.find(({ label }) => label === 'hello:do_install')!;
    expect(cause.children!.find(({ label }) => label === 'MOTD')).toMatchObject({
      uri: editor.uri(HELLO),
      range: { start: { line: 6 } },
      detail: "Variable MOTD value changed from '1' to '2'",
    });
    await expect(ask({ before, after: join(editor.folder, 'gone') })).rejects.toThrow(/cannot read .*gone/);
  });

  it('of a recipe for two machines leads to the lines of the one that differs', async () => {
    await start();
    // Not saved: what is compared is what is seen.
    await editor.replace(HELLO, 'install -d ${D}${bindir}', 'install -d ${D}${bindir} # ${MACHINE}');
    const { title, message, nodes } = await ask({ machines: ['samplebox', 'otherbox'] });
    expect(title).toBe('hello: samplebox and otherbox');
    expect(message).toContain('sstate-lens compare --machine samplebox --machine otherbox hello');
    const hashFor = async (machine: string) => {
      await editor.request('sstateLens/selectMachine', { machine });
      return /(\w{8})( ·|$)/.exec((await editor.lenses(HELLO))[0]!)![1]!;
    };
    const [here, there] = [await hashFor('samplebox'), await hashFor('otherbox')];
    expect(new Set([here, there, short('hello', 'do_install')]).size).toBe(3);
    expect(nodes.map(({ label, description }) => `${label} | ${description}`)).toEqual([
      'hello | 2 of 12 tasks',
      'hello-native | 1 of 11 tasks',
    ]);
    const shown = lines(nodes);
    expect(shown).toContain(`  do_install | ${here} → ${there}`);
    expect(shown).toContain('    do_install | value changed · hello_1.0.bb:14');
    expect(shown).toContain('    MACHINE | value changed · local.conf:2');
    expect(shown).toContain('    CONSOLE_BAUD | no longer enters the hash · otherbox.conf:6');
  });

  it('of machines that are none, or the same, is refused', async () => {
    await start();
    await expect(ask({ machines: ['samplebox', 'samplebox'] })).rejects.toThrow('name two machines');
    await expect(ask({ machines: ['samplebox', '../x'] })).rejects.toThrow('name two machines');
    const conf = join(editor.folder, 'meta-sample/conf/machine/otherbox.conf');
    writeFileSync(conf, `${readFileSync(conf, 'utf8')}MACHINE = "samplebox"\n`);
    await expect(ask({ machines: ['otherbox', 'samplebox'] })).rejects.toThrow(
      'MACHINE stays samplebox whatever conf/local.conf says: take away what sets it',
    );
  });
});
