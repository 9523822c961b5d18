import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { commit, Editor, sampleCopy } from './client.ts';
import { bundledCommand } from './command.ts';
import { HELLO } from './sample.ts';
import { sampleHash, short } from './table.ts';

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
const MOTD_CHANGED =
  '7: information: Changes the basehash of do_install of hello and hello-native\n' +
  'do_install <- write_motd <- MOTD';

let command: string;
const started: Editor[] = [];

beforeAll(async () => {
  command = await bundledCommand();
}, 60_000);

afterAll(() => {
  for (const editor of started.splice(0)) editor.kill();
});

interface Start {
  readonly folder?: string;
  readonly args?: readonly string[];
  readonly refreshes?: boolean;
}

function launch({ folder = sampleCopy(), ...options }: Start = {}): Editor {
  const editor = new Editor(folder, { command, ...options });
  started.push(editor);
  return editor;
}

async function start(options?: Start): Promise<Editor> {
  const editor = launch(options);
  await editor.initialize({ buildDirectory: '', environment: {} });
  return editor;
}

describe('documents', { timeout: 60_000 }, () => {
  let editor: Editor;
  beforeAll(async () => {
    editor = await start();
  }, 60_000);
  // What is closed counts as it is on disk again.
  afterEach(() => editor.closeAll());

  it('show the hashes of a recipe, what an edit does to them, and take it back', async () => {
    await editor.open(HELLO);
    expect(await editor.lenses(HELLO)).toEqual(UNCHANGED);
    expect(await editor.problems(HELLO)).toEqual([]);

    const install = 'install -m 0755 hello ${D}${bindir}/hello\n';
    await editor.replace(HELLO, install, `${install}    touch x\n`);
    const lenses = await editor.lenses(HELLO);
    const changed = /→ ([0-9a-f]{8})$/.exec(lenses[1]!)?.[1];
    expect(changed).not.toBe(INSTALL);
    expect(lenses).toEqual([
      `1: 12 tasks · do_install ${INSTALL} → ${changed} · 1 changed, +1 variant`,
      `14: do_install ${INSTALL} → ${changed}`,
      `21: do_install ${INSTALL} → ${changed}`,
    ]);
    expect(await editor.diagnostics(HELLO)).toEqual([
      {
        range: { start: { line: 16, character: 4 }, end: { line: 16, character: 11 } },
        severity: 3,
        source: 'sstate-lens',
        code: 'hash-change',
        message: 'Changes the basehash of do_install of hello and hello-native',
      },
    ]);

    await editor.replace(HELLO, '    touch x\n', '');
    expect(await editor.lenses(HELLO)).toEqual(UNCHANGED);
    expect(await editor.problems(HELLO)).toEqual([]);
  });

  it('say when only another variant is changed', async () => {
    await editor.open(HELLO);
    await editor.replace(HELLO, 'ln -s hello', 'ln -sf hello');
    expect(await editor.lenses(HELLO)).toEqual([
      `1: 12 tasks · do_install ${INSTALL} · +1 variant`,
      `14: do_install ${INSTALL} +1 variant changed`,
      `20: do_install ${INSTALL} +1 variant changed`,
    ]);
    expect(await editor.problems(HELLO)).toEqual([
      '21: information: Changes the basehash of do_install of hello-native',
    ]);
  });

  it('change no hash by a comment between statements', async () => {
    await editor.open(HELLO);
    await editor.replace(HELLO, 'inherit buildinfo', '# seen\ninherit buildinfo');
    expect(await editor.problems(HELLO)).toEqual([]);
    expect((await editor.lenses(HELLO))[1]).toBe(`15: do_install ${INSTALL}`);
  });

  it('give the client what it shows when a lens is clicked', async () => {
    await editor.open(HELLO);
    const [head, install] = await editor.codeLenses(HELLO);
    const place = { uri: editor.uri(HELLO), position: { line: 13, character: 0 } };
    const native = sampleHash('hello-native', 'do_install');
    expect(install!.command).toEqual({
      title: `do_install ${INSTALL}`,
      command: 'sstateLens.showTask',
      arguments: [
        [
          { name: 'do_install', basehash: sampleHash('hello', 'do_install'), ...place },
          { name: 'do_install (hello-native)', basehash: native, ...place },
        ],
      ],
    });
    const [listed] = head!.command!.arguments as { name: string }[][];
    expect(listed!.find(({ name }) => name === 'do_buildinfo')).toEqual({
      name: 'do_buildinfo',
      basehash: sampleHash('hello', 'do_buildinfo'),
      uri: editor.uri(BUILDINFO),
      position: { line: 11, character: 7 },
    });
  });

  it('show a class, an included file and an append by the recipe that uses them', async () => {
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
  });

  it('blame the edit that matters, not one that is overridden', async () => {
    await editor.open(INC);
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

  it('tell a class that is edited what it does to the open recipe', async () => {
    await editor.open(HELLO);
    await editor.open(BUILDINFO);
    await editor.lenses(BUILDINFO);
    await editor.replace(BUILDINFO, "or ''))\n", "or ''))  # seen\n");
    expect(await editor.diagnostics(BUILDINFO)).toEqual([
      {
        range: { start: { line: 8, character: 8 }, end: { line: 8, character: 68 } },
        severity: 3,
        source: 'sstate-lens',
        code: 'hash-change',
        message: 'Changes the basehash of do_buildinfo of hello\ndo_buildinfo <- buildinfo_lines',
        relatedInformation: [
          {
            location: {
              uri: editor.uri(BUILDINFO),
              range: { start: { line: 11, character: 7 }, end: { line: 11, character: 19 } },
            },
            message: 'do_buildinfo depends on buildinfo_lines',
          },
        ],
      },
    ]);
    expect((await editor.lenses(HELLO))[0]).toBe(`1: 12 tasks · do_install ${INSTALL} · 1 changed`);
    expect(await editor.problems(HELLO)).toEqual([]);
  });

  it('that are configuration are compared with a configuration of their own', async () => {
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

  it('answer hovers on tasks and variables', async () => {
    await editor.open(HELLO);
    const task = await editor.hover(HELLO, 'do_install() {', 3);
    expect(task).toBe(
      [
        '### do_install',
        '',
        `- \`hello\`: \`${sampleHash('hello', 'do_install')}\``,
        `- \`hello-native\`: \`${sampleHash('hello-native', 'do_install')}\``,
        '',
        'Taskhashes: run *sstate Lens: Compute Task Graph*, which evaluates every recipe once.',
        '',
        '16 names of variables, flags and functions go in, 9 of them directly: `CFLAGS`, `CONSOLE_BAUD`, `LC_ALL`, ' +
          '`bindir`, `do_install[cleandirs]`, `do_install[dirs]`, `do_install[func]`, `sysconfdir`, `write_motd`',
      ].join('\n'),
    );
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
        `Set in [hello\\_1.0.bb:7](${editor.uri(HELLO)}#L7) \`=\``,
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

  it('answer hovers from the edited text, not from the baseline', async () => {
    await editor.open(HELLO);
    await editor.replace(HELLO, '${AUDIENCE}!"', '${AUDIENCE}?"');
    expect(await editor.problems(HELLO)).toEqual([MOTD_CHANGED]);
    expect(await editor.hover(HELLO, 'MOTD =')).toContain('Hello from the board, colourful world?');
    expect(await editor.hover(HELLO, 'do_install() {')).toContain('\nChanged for `hello`: `MOTD`\n');
  });

  it('say what is wrong where it is wrong, and leave others alone', async () => {
    await editor.open(HELLO);
    await editor.open(IMAGE);
    await editor.replace(HELLO, 'require hello.inc', 'require gone.inc');
    expect(await editor.problems(HELLO)).toEqual([
      '1: error: Could not include required file gone.inc: it is neither beside this file nor in a directory of BBPATH. Correct the name, or add the layer that has the file to BBLAYERS',
    ]);
    await editor.replace(HELLO, 'require gone.inc', 'require hello.inc');
    await editor.replace(HELLO, 'MOTD = "', "MOTD = \"${@os.system('touch seen')}");
    const refused = 'run a command: touch seen';
    expect(await editor.problems(HELLO)).toEqual([
      `7: warning: Hashes are unknown: this tries to ${refused}, which the sandbox does not do`,
    ]);
    expect((await editor.lenses(HELLO))[1]).toBe(
      `14: do_install unknown: its Python tried to ${refused}, which is not done while hashes are computed`,
    );
    const others = `1: 13 tasks · do_install ${short('greet-image', 'do_install')}`;
    expect((await editor.lenses(IMAGE))[0]).toBe(others);
  });

  it('say what is doubtful about hashes once these are known, and take it back', async () => {
    await editor.open(HELLO);
    const listed = "do_install[vardeps] += \"AUDIENCE MISPELT\"\nMOTD = \"${@d.getVar('GREE' + 'TING')}, ";
    await editor.replace(HELLO, 'MOTD = "${GREETING}, ', listed);
    const doubts = async () => (await editor.problems(HELLO)).filter((line) => !/Changes the/.test(line));
    expect(await editor.until(doubts, ({ length }) => length > 1)).toEqual([
      expect.stringMatching(
        /^8: information: In MOTD, d.getVar gets a name that is no literal \('GREE' \+ 'TING'\)/,
      ),
      expect.stringMatching(/^7: warning: MISPELT is no variable, function or task/),
    ]);
    await editor.replace(HELLO, ' MISPELT', '');
    expect((await editor.until(doubts, ({ length }) => length === 1)).map((line) => line[0])).toEqual(['8']);
  });

  it('say what is wrong with the configuration where that leaves every hash unknown', async () => {
    await editor.open(HELLO);
    await editor.lenses(HELLO);
    await editor.open(LOCAL);
    await editor.replace(LOCAL, 'MACHINE ?= "samplebox"', 'MACHINE ?= "nowhere"');
    const missing = 'Could not include required file conf/machine/nowhere.conf';
    expect((await editor.problems(HELLO)).map((line) => line.split(':').slice(0, 5).join(':'))).toEqual([
      `1: error: bitbake.conf:61: ${missing}`,
    ]);
    await editor.replace(LOCAL, '"nowhere"', '"samplebox"');
    expect(await editor.problems(HELLO)).toEqual([]);
    expect(await editor.lenses(HELLO)).toEqual(UNCHANGED);
  });

  it('outlive an evaluator that is killed while nobody asks it', async () => {
    await editor.open(HELLO);
    await editor.lenses(HELLO);
    editor.killEvaluators();
    await editor.replace(HELLO, '${AUDIENCE}!"', '${AUDIENCE}?"');
    expect(await editor.problems(HELLO)).toEqual([MOTD_CHANGED]);
  });

  it('survive an evaluation that never ends', async () => {
    await editor.open(HELLO);
    const endless = '\npython () {\n    while True: pass\n}';
    await editor.replace(HELLO, 'inherit buildinfo', `inherit buildinfo${endless}`);
    expect(await editor.problems(HELLO)).toEqual([
      expect.stringMatching(/^5: error: .*(took longer than|took too long)/),
    ]);
    await editor.replace(HELLO, endless, '');
    expect(await editor.problems(HELLO)).toEqual([]);
    expect(await editor.lenses(HELLO)).toEqual(UNCHANGED);
  });
});

describe('a session', { timeout: 60_000 }, () => {
  it('tells how it is, asks for lenses anew when they are others, and ends', async () => {
    const editor = await start({ refreshes: true });
    await editor.open(HELLO);
    const lenses = () => editor.lenses(HELLO);
    expect(await editor.until(lenses, ({ length }) => length > 0)).toEqual(UNCHANGED);
    const before = editor.refreshes;
    await editor.replace(HELLO, '${AUDIENCE}!"', '${AUDIENCE}?"');
    await editor.until(
      () => editor.refreshes,
      (count) => count > before,
    );
    expect((await editor.lenses(HELLO))[1]).toMatch(new RegExp(`^14: do_install ${INSTALL} → [0-9a-f]{8}$`));
    // What the edit does is said last, sooner or later.
    expect(editor.statuses.map(({ state, text }) => [state, text]).slice(0, 2)).toEqual([
      ['loading', 'loading the configuration'],
      ['ready', 'samplebox'],
    ]);
    expect(editor.progress).toEqual(['begin', 'end']);
    expect(await editor.end()).toBe(0);
  });

  it('compares with what is committed', async () => {
    const editor = await start();
    const path = join(editor.folder, HELLO);
    const changed = editor.text(HELLO).replace(/^MOTD = .*$/m, 'MOTD = "changed on disk"');
    writeFileSync(path, changed);
    await editor.open(HELLO);
    const problems = () => editor.problems(HELLO);
    expect(await editor.until(problems, ({ length }) => length > 0)).toEqual([MOTD_CHANGED]);
    commit(editor.folder, 'The change');
    expect(await editor.until(problems, ({ length }) => length === 0)).toEqual([]);
  });

  it('compares with the disk where there is no git, and notices what other programs do', async () => {
    const editor = await start({ folder: sampleCopy({ git: false }) });
    await editor.open(HELLO);
    const before = await editor.lenses(HELLO);
    expect(before).toEqual(UNCHANGED);
    await editor.replace(HELLO, '${AUDIENCE}!"', '${AUDIENCE}?"');
    expect(await editor.problems(HELLO)).toEqual([MOTD_CHANGED]);
    await editor.replace(HELLO, '${AUDIENCE}?"', '${AUDIENCE}!"');
    const lenses = () => editor.lenses(HELLO);
    const inc = editor.text(INC);
    // The watcher may still be looking around: it is written until that is noticed.
    let tries = 0;
    const after = await editor.until(
      () => {
        if (tries++ % 10 === 0) {
          writeFileSync(join(editor.folder, INC), inc.replace('Hello from', `Hallo${tries} from`));
        }
        return lenses();
      },
      ([, install]) => install !== before[1],
    );
    expect(after[1]).toMatch(/^14: do_install [0-9a-f]{8}$/);
    expect(await editor.problems(HELLO)).toEqual([]);
    writeFileSync(join(editor.folder, INC), inc);
    expect(await editor.until(lenses, ([, install]) => install === before[1])).toEqual(UNCHANGED);
  });

  it('says what to do where there is no build directory, and takes one that is named later', async () => {
    const editor = launch();
    await editor.initialize({ buildDirectory: 'nowhere' });
    await editor.open(HELLO);
    expect(await editor.lenses(HELLO)).toEqual([]);
    expect(editor.statuses).toEqual([
      {
        state: 'error',
        text: 'no build directory',
        tooltip:
          `\`\`${join(editor.folder, 'nowhere')}\`\` has no \`conf/bblayers.conf\`. ` +
          'Choose the folder that BitBake is started in.',
      },
    ]);
    await editor.notify('workspace/didChangeConfiguration', {
      settings: { sstateLens: { buildDirectory: 'build' } },
    });
    const state = () => editor.statuses.at(-1)?.state;
    expect(await editor.until(state, (now) => now === 'ready')).toBe('ready');
    expect(await editor.lenses(HELLO)).toEqual(UNCHANGED);
  });

  it('takes a client that says nothing of itself', async () => {
    const editor = launch({ args: ['--build-dir', 'build'] });
    await editor.request('initialize', { processId: null, rootUri: null, capabilities: {} });
    await editor.notify('initialized', {});
    await editor.open(HELLO);
    expect(await editor.lenses(HELLO)).toEqual(UNCHANGED);
    expect(await editor.end()).toBe(0);
  });
});
