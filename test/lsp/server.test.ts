import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { commit, Editor, sampleCopy } from './client.ts';
import { bundledCommand } from './command.ts';
import { sampleHash, short } from './table.ts';

const HELLO = 'meta-sample/recipes-sample/hello/hello_1.0.bb';
const INC = 'meta-sample/recipes-sample/hello/hello.inc';
const APPEND = 'meta-sample/recipes-sample/hello/hello_%.bbappend';
const BUILDINFO = 'meta-sample/classes/buildinfo.bbclass';
const BASE = 'meta-sample/classes/base.bbclass';
const LOCAL = 'build/conf/local.conf';
const IMAGE = 'meta-sample/recipes-sample/greet-image/greet-image.bb';
const INSTALL = short('hello', 'do_install');
const UNCHANGED = [
  `1: 12 tasks · do_install ${INSTALL}`,
  `14: do_install ${INSTALL}`,
  `20: do_install ${INSTALL}`,
];

let command: string;
const editors: Editor[] = [];

beforeAll(async () => {
  command = await bundledCommand();
}, 60_000);

afterEach(() => {
  for (const editor of editors.splice(0)) editor.kill();
});

async function start(folder = sampleCopy(), args: readonly string[] = []): Promise<Editor> {
  const editor = new Editor(folder, { command, args });
  editors.push(editor);
  await editor.initialize({ buildDirectory: '', environment: {} });
  return editor;
}

describe('a session over standard input and output', { timeout: 60_000 }, () => {
  it('shows the hashes of a recipe, what an edit does to them, and takes it back', async () => {
    const editor = await start();
    await editor.open(HELLO);
    expect(await editor.lenses(HELLO)).toEqual(UNCHANGED);
    expect(await editor.problems(HELLO)).toEqual([]);

    const install = 'install -m 0755 hello ${D}${bindir}/hello\n';
    await editor.replace(HELLO, install, `${install}    touch x\n`);
    const lenses = await editor.lenses(HELLO);
    const [, changed] = /→ ([0-9a-f]{8})$/.exec(lenses[1]!)!;
    expect(changed).not.toBe(INSTALL);
    expect(lenses).toEqual([
      `1: 12 tasks · do_install ${INSTALL} → ${changed} · 1 changed, +1 variant`,
      `14: do_install ${INSTALL} → ${changed}`,
      `21: do_install ${INSTALL} → ${changed}`,
    ]);
    const [finding, ...others] = await editor.diagnostics(HELLO);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      range: { start: { line: 16, character: 0 }, end: { line: 16, character: 11 } },
      severity: 3,
      source: 'sstate-lens',
      code: 'hash-change',
      message: 'Changes the basehash of do_install of hello and hello-native',
    });

    await editor.replace(HELLO, '    touch x\n', '');
    expect(await editor.lenses(HELLO)).toEqual(UNCHANGED);
    expect(await editor.problems(HELLO)).toEqual([]);

    expect(editor.statuses.map(({ state, text }) => [state, text])).toEqual([
      ['loading', 'loading the configuration'],
      ['ready', 'samplebox'],
    ]);
    expect(editor.progress).toEqual(['begin', 'end']);
    expect(await editor.end()).toBe(0);
  });

  it('gives the client what it shows when a lens is clicked', async () => {
    const editor = await start();
    await editor.open(HELLO);
    const [head, install] = await editor.codeLenses(HELLO);
    expect(install!.command).toEqual({
      title: `do_install ${INSTALL}`,
      command: 'sstateLens.showTask',
      arguments: [
        [
          {
            name: 'do_install',
            basehash: sampleHash('hello', 'do_install'),
            uri: editor.uri(HELLO),
            position: { line: 13, character: 0 },
          },
          {
            name: 'do_install (hello-native)',
            basehash: sampleHash('hello-native', 'do_install'),
            uri: editor.uri(HELLO),
            position: { line: 13, character: 0 },
          },
        ],
      ],
    });
    const listed = (head!.command!.arguments as { name: string; basehash: string }[][])[0]!;
    expect(listed.find(({ name }) => name === 'do_buildinfo')).toMatchObject({
      basehash: sampleHash('hello', 'do_buildinfo'),
      uri: editor.uri(BUILDINFO),
      position: { line: 11, character: 7 },
    });
  });

  it('shows a class, an included file and an append by the recipe that uses them', async () => {
    const editor = await start();
    await editor.open(IMAGE);
    await editor.open(BUILDINFO);
    expect(await editor.lenses(BUILDINFO)).toEqual([
      `1: greet-image: 13 tasks · do_install ${short('greet-image', 'do_install')}`,
      `12: do_buildinfo ${short('greet-image', 'do_buildinfo')}`,
    ]);
    await editor.open(INC);
    expect(await editor.lenses(INC)).toEqual([
      `1: hello: 12 tasks · do_install ${INSTALL}`,
      `14: do_compile ${short('hello', 'do_compile')}`,
    ]);
    await editor.open(APPEND);
    expect(await editor.lenses(APPEND)).toEqual([
      `1: hello: 12 tasks · do_install ${INSTALL}`,
      `4: do_install ${INSTALL}`,
    ]);
    await editor.replace(INC, '"Hello"', '"Hallo"');
    expect(await editor.problems(INC)).toEqual([]);
    await editor.replace(INC, '"Hello from', '"Hallo from');
    expect(await editor.problems(INC)).toEqual([
      '9: information: Changes the basehash of do_patch, do_configure, do_compile, do_install, ' +
        'do_populate_sysroot, do_build (6 tasks) of hello and hello-native\n' +
        'do_patch <- CFLAGS <- GREETING\n' +
        'do_configure <- CFLAGS <- GREETING\n' +
        'do_compile <- CFLAGS <- GREETING\n' +
        'do_install <- CFLAGS <- GREETING\n' +
        'do_populate_sysroot <- CFLAGS <- GREETING\n' +
        '… and 1 more chain',
    ]);
  });

  it('tells a class that is edited what it does to the open recipe', async () => {
    const editor = await start();
    await editor.open(HELLO);
    await editor.open(BUILDINFO);
    await editor.lenses(BUILDINFO);
    await editor.replace(BUILDINFO, "or ''))\n", "or ''))  # seen\n");
    const [finding] = await editor.diagnostics(BUILDINFO);
    expect(finding).toMatchObject({
      range: { start: { line: 8 }, end: { line: 8 } },
      message: 'Changes the basehash of do_buildinfo of hello\ndo_buildinfo <- buildinfo_lines',
      relatedInformation: [
        {
          location: { uri: editor.uri(BUILDINFO), range: { start: { line: 11, character: 7 } } },
          message: 'do_buildinfo depends on buildinfo_lines',
        },
      ],
    });
    expect((await editor.lenses(HELLO))[0]).toBe(`1: 12 tasks · do_install ${INSTALL} · 1 changed`);
    expect(await editor.problems(HELLO)).toEqual([]);
    expect(editor.refreshes).toBeGreaterThan(0);
  });

  it('compares edits of the configuration and of the base class with a baseline of their own', async () => {
    const editor = await start();
    await editor.open(HELLO);
    await editor.open(BASE);
    await editor.lenses(BASE);
    await editor.replace(BASE, 'cp -R', 'cp -r');
    expect(await editor.problems(BASE)).toEqual([
      '80: information: Changes the basehash of do_populate_sysroot of hello and hello-native\n' +
        'do_populate_sysroot <- base_do_populate_sysroot',
    ]);
    await editor.replace(BASE, 'cp -r', 'cp -R');
    expect(await editor.problems(BASE)).toEqual([]);
    await editor.open(LOCAL);
    await editor.replace(LOCAL, 'SAMPLE_FEATURES += "colour"', 'SAMPLE_FEATURES += "sound"');
    const [line] = await editor.problems(LOCAL);
    expect(line).toMatch(
      /^5: information: Changes the basehash of do_patch, do_configure, do_compile, do_install, /,
    );
    expect(line).toMatch(/\ndo_compile <- CFLAGS <- AUDIENCE\n/);
    await editor.replace(LOCAL, '"sound"', '"colour"');
    expect(await editor.problems(LOCAL)).toEqual([]);
    expect(await editor.lenses(HELLO)).toEqual(UNCHANGED);
  });

  it('hovers tasks and variables', async () => {
    const editor = await start();
    await editor.open(HELLO);
    const task = await editor.hover(HELLO, 'do_install() {', 3);
    expect(task?.split('\n').slice(0, 4)).toEqual([
      '### do_install',
      '',
      `- \`hello\`: \`${sampleHash('hello', 'do_install')}\``,
      `- \`hello-native\`: \`${sampleHash('hello-native', 'do_install')}\``,
    ]);
    expect(task).toContain('`write_motd`');
    expect(await editor.hover(HELLO, 'MOTD =')).toBe(
      [
        '### MOTD',
        '',
        '```',
        '${GREETING}, ${AUDIENCE}!',
        '```',
        '',
        'Expanded:',
        '',
        '```',
        'Hello from the board, colourful world!',
        '```',
        '',
        `Set in: [hello\\_1.0.bb:7](${editor.uri(HELLO)}#L7) (\`set\`)`,
        '',
        'Enters 1 task of `hello`:',
        '',
        '- `do_install <- write_motd <- MOTD`',
      ].join('\n'),
    );
    expect(await editor.hover(HELLO, '${D}', 2)).toContain(
      'Enters no basehash of `hello`: `BB_BASEHASH_IGNORE_VARS` leaves it out.',
    );
    expect(await editor.hover(HELLO, 'install -d')).toBeUndefined();
  });

  it('answers a hover from the edited text, not from the baseline', async () => {
    const editor = await start();
    await editor.open(HELLO);
    await editor.replace(HELLO, '${AUDIENCE}!"', '${AUDIENCE}?"');
    expect(await editor.problems(HELLO)).toEqual([
      '7: information: Changes the basehash of do_install of hello and hello-native\n' +
        'do_install <- write_motd <- MOTD',
    ]);
    expect(await editor.hover(HELLO, 'MOTD =')).toContain('Hello from the board, colourful world?');
  });

  it('says what is wrong where it is wrong, and goes on', async () => {
    const editor = await start();
    await editor.open(HELLO);
    await editor.open(IMAGE);
    await editor.replace(HELLO, 'require hello.inc', 'require gone.inc');
    expect(await editor.problems(HELLO)).toEqual([
      '1: error: Could not include required file gone.inc: it is neither beside this file nor in a directory of BBPATH',
    ]);
    await editor.replace(
      HELLO,
      'require gone.inc',
      'require hello.inc\nA = "${@os.system(\'touch /tmp/x\')}"',
    );
    await editor.replace(HELLO, 'write_motd() {', 'write_motd() {\n    ${A}');
    const problems = await editor.problems(HELLO);
    expect(problems.find((line) => line.startsWith('2: '))).toMatch(
      /^2: warning: Hashes are unknown: this tries to /,
    );
    expect((await editor.lenses(HELLO))[1]).toMatch(/^\d+: do_install unknown: /);
    expect((await editor.lenses(IMAGE))[0]).toBe(
      `1: 13 tasks · do_install ${short('greet-image', 'do_install')}`,
    );
  });

  it('survives an evaluation that never ends', async () => {
    const editor = await start();
    await editor.open(HELLO);
    await editor.replace(
      HELLO,
      'inherit buildinfo',
      'inherit buildinfo\npython () {\n    while True: pass\n}',
    );
    const [problem] = await editor.problems(HELLO);
    expect(problem).toMatch(/^\d+: error: .*(too long|time)/);
    await editor.replace(HELLO, 'python () {\n    while True: pass\n}', '');
    expect(await editor.problems(HELLO)).toEqual([]);
    expect((await editor.lenses(HELLO))[0]).toBe(UNCHANGED[0]);
  });

  it('compares with what is committed, and with the disk where there is no git', async () => {
    const folder = sampleCopy();
    const text = 'MOTD = "changed on disk"';
    const editor = await start(folder);
    const changed = editor.text(HELLO).replace(/^MOTD = .*$/m, text);
    writeFileSync(join(folder, HELLO), changed);
    await editor.open(HELLO);
    const message =
      '7: information: Changes the basehash of do_install of hello and hello-native\ndo_install <- write_motd <- MOTD';
    const problems = () => editor.problems(HELLO);
    expect(await editor.until(problems, (lines) => lines.length > 0)).toEqual([message]);
    commit(folder, 'The change');
    expect(await editor.until(problems, (lines) => lines.length === 0)).toEqual([]);

    const plain = await start(sampleCopy({ git: false }));
    writeFileSync(join(plain.folder, HELLO), changed);
    await plain.open(HELLO);
    await plain.lenses(HELLO);
    expect(await plain.problems(HELLO)).toEqual([]);
    await plain.replace(HELLO, text, 'MOTD = "changed in the editor"');
    expect(await plain.problems(HELLO)).toEqual([message]);
  });

  it('notices what other programs do to files', async () => {
    const folder = sampleCopy();
    const editor = await start(folder);
    await editor.open(HELLO);
    const [head] = await editor.lenses(HELLO);
    const inc = editor.text(INC);
    // The watcher may still be looking around.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    writeFileSync(join(folder, INC), inc.replace('Hello from', 'Hallo from'));
    const lenses = await editor.until(
      () => editor.lenses(HELLO),
      ([now]) => now !== head,
    );
    expect(lenses[0]).toMatch(/^1: 12 tasks · do_install [0-9a-f]{8}$/);
    expect(lenses[0]).not.toBe(head);
    writeFileSync(join(folder, INC), inc);
    expect(
      await editor.until(
        () => editor.lenses(HELLO),
        ([now]) => now === head,
      ),
    ).toEqual(UNCHANGED);
  });

  it('says what to do where there is no build directory, and takes one that is named', async () => {
    const folder = sampleCopy();
    const outside = new Editor(folder, { command });
    editors.push(outside);
    await outside.initialize({ buildDirectory: 'nowhere' });
    await outside.open(HELLO);
    expect(await outside.lenses(HELLO)).toEqual([]);
    expect(outside.statuses).toEqual([
      {
        state: 'error',
        text: 'no build directory',
        tooltip: expect.stringContaining('nowhere`` has no `conf/bblayers.conf`') as string,
      },
    ]);
    await outside.notify('workspace/didChangeConfiguration', {
      settings: { sstateLens: { buildDirectory: 'build' } },
    });
    await outside.until(
      () => outside.statuses.at(-1)?.state,
      (state) => state === 'ready',
    );
    expect(await outside.lenses(HELLO)).toEqual(UNCHANGED);
  });

  it('takes a client that says nothing of itself', async () => {
    const editor = new Editor(sampleCopy(), { command, args: ['--build-dir', 'build'] });
    editors.push(editor);
    await editor.request('initialize', { processId: null, rootUri: null, capabilities: {} });
    await editor.notify('initialized', {});
    await editor.open(HELLO);
    expect(await editor.lenses(HELLO)).toEqual(UNCHANGED);
    expect(await editor.end()).toBe(0);
  });
});
