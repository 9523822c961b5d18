/** The taskhashes and counts are those of real BitBake for the same files (`bitbake -S none world`). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Editor, sampleCopy } from './client.ts';
import { bundledCommand } from './command.ts';
import { HELLO } from './sample.ts';
import { short } from './table.ts';

const IMAGE = 'meta-sample/recipes-sample/greet-image/greet-image.bb';
const LIBGREET = 'meta-sample/recipes-sample/libgreet/libgreet_2.1.bb';
const BUILDINFO = 'meta-sample/classes/buildinfo.bbclass';
const INSTALL = short('hello', 'do_install');
const TASKHASH = '879e811e5fe888cf31bef3e6b84ad00e63f01b2283b84294004d0fb2d533ab4e';

interface Listed {
  readonly recipe: string;
  readonly uri: string;
  readonly tasks: string[];
}

const started: Editor[] = [];
async function start(taskGraph?: string, folder = sampleCopy()): Promise<Editor> {
  const editor = new Editor(folder, { command: await bundledCommand() });
  started.push(editor);
  await editor.initialize({ buildDirectory: '', environment: {}, ...(taskGraph && { taskGraph }) });
  return editor;
}
afterAll(() => {
  for (const editor of started.splice(0)) editor.kill();
});

/** Asks about a document. */
function ask<T>(editor: Editor, method: string, params: object = {}, path = HELLO): Promise<T> {
  return editor.request<T>(`sstateLens/${method}`, { textDocument: { uri: editor.uri(path) }, ...params });
}

describe('the task graph', { timeout: 60_000 }, () => {
  let editor: Editor;
  beforeAll(async () => {
    editor = await start();
  }, 60_000);
  afterEach(() => editor.closeAll());

  it('comes when it is asked for, with progress', async () => {
    await editor.open(HELLO);
    expect((await editor.lenses(HELLO))[1]).toBe(`14: do_install ${INSTALL}`);
    expect(await ask(editor, 'collect')).toEqual({ tasks: 48, recipes: 5 });
    const told = editor.progressMessages.slice(-4).map((message) => message.replace(/: \S+\.bb$/, ''));
    expect(told).toEqual(['0 of 3', '1 of 3', '2 of 3', '3 of 3']);
    expect(editor.progressMessages.at(-1)).toMatch(/^3 of 3: \S+\.bb$/);
    expect(await editor.lenses(HELLO)).toEqual([
      `1: 12 tasks · do_install ${INSTALL}`,
      `14: do_install ${INSTALL} · taskhash 879e811e`,
      `20: do_install ${INSTALL} · taskhash 879e811e`,
    ]);
    expect(await editor.hover(HELLO, 'do_install() {', 3)).toContain(
      `\n\nTaskhash, with all that the task depends on:\n\n- \`hello\`: \`${TASKHASH}\`\n- \`hello-native\`: ` +
        '`106b41fecde4453e657229c0d04a054298274a9bf46ad2df42fff8bc8a7fbfd0`\n',
    );
    const [head] = await editor.codeLenses(HELLO);
    const [listed] = head!.command!.arguments as { name: string; taskhash?: string }[][];
    expect(listed!.find(({ name }) => name === 'do_install')?.taskhash).toBe(TASKHASH);
    expect(listed!.find(({ name }) => name === 'do_clean')?.taskhash).toBe(
      'unknown: nothing in world or an image needs the task',
    );
  });

  it('is asked about the task at a position', async () => {
    await editor.open(HELLO);
    const at = async (line: number, character: number) =>
      (await ask<{ at?: string }>(editor, 'tasks', { position: { line, character } })).at;
    expect(await at(13, 4)).toBe('do_install');
    expect(await at(15, 8)).toBe('do_install');
    expect(await at(6, 2)).toBeUndefined();
    const { recipe, tasks } = await ask<{ recipe: string; tasks: string[] }>(editor, 'tasks');
    expect(recipe).toBe('hello');
    expect(tasks).toContain('do_buildinfo');
  });

  it('tells what depends on a task', async () => {
    await editor.open(HELLO);
    expect(await ask(editor, 'dependents', { task: 'do_install' })).toEqual({
      task: 'hello:do_install',
      recipes: [
        {
          recipe: 'hello',
          uri: editor.uri(HELLO),
          tasks: ['do_populate_sysroot', 'do_buildinfo', 'do_package', 'do_build'],
        },
        { recipe: 'greet-image', uri: editor.uri(IMAGE), tasks: ['do_rootfs', 'do_build'] },
      ],
    });
    await expect(ask(editor, 'dependents', { task: 'do_clean' })).rejects.toThrow(
      'hello:do_clean is not in the task graph: nothing in world or an image needs it',
    );
  });

  it('tells why a task depends on another', async () => {
    await editor.open(HELLO);
    const task = 'do_configure';
    const { tasks } = await ask<{ tasks: string[] }>(editor, 'dependencies', { task });
    expect(tasks.filter((name) => !name.startsWith('libgreet:'))).toEqual([
      'hello:do_fetch',
      'hello:do_patch',
      'hello:do_unpack',
    ]);
    expect(await ask(editor, 'chain', { task, on: 'libgreet:do_compile' })).toEqual({
      chain: [
        { task: 'hello:do_configure', uri: editor.uri(HELLO) },
        { task: 'libgreet:do_populate_sysroot', uri: editor.uri(LIBGREET), kind: '[deptask]' },
        { task: 'libgreet:do_install', uri: editor.uri(LIBGREET), kind: 'addtask' },
        { task: 'libgreet:do_compile', uri: editor.uri(LIBGREET), kind: 'addtask' },
      ],
    });
    await expect(ask(editor, 'chain', { task, on: 'hello:do_install' })).rejects.toThrow(
      'hello:do_configure does not depend on hello:do_install',
    );
  });

  it('tells what an edit makes rerun, and takes it back', async () => {
    await editor.open(HELLO);
    await editor.replace(HELLO, '${AUDIENCE}!"', '${AUDIENCE}?"');
    expect((await editor.lenses(HELLO)).slice(1)).toEqual([
      '1: 11 tasks in 3 recipes would rerun',
      expect.stringMatching(
        new RegExp(`^14: do_install ${INSTALL} → [0-9a-f]{8} · taskhash 879e811e → 8d744240$`),
      ),
      expect.stringMatching(/taskhash 879e811e → 8d744240$/),
    ]);
    expect(await editor.problems(HELLO)).toEqual([
      '7: information: do_install changes: 11 tasks in 3 recipes would rerun\n' +
        'Changes the basehash of do_install of hello and hello-native\ndo_install <- write_motd <- MOTD',
    ]);
    const own = ['do_install', 'do_populate_sysroot', 'do_buildinfo', 'do_package', 'do_build'];
    const recipes = [
      { recipe: 'hello', uri: editor.uri(HELLO), tasks: own },
      {
        recipe: 'hello-native',
        uri: editor.uri(HELLO),
        tasks: ['do_install', 'do_package', 'do_populate_sysroot', 'do_build'],
      },
      { recipe: 'greet-image', uri: editor.uri(IMAGE), tasks: ['do_rootfs', 'do_build'] },
    ];
    expect(await ask(editor, 'rerun')).toEqual({ text: '11 tasks in 3 recipes would rerun', recipes });
    const lens = (await editor.codeLenses(HELLO))[1]!.command!;
    expect(lens.command).toBe('sstateLens.showRecipes');
    expect(lens.arguments).toEqual([{ title: '11 tasks in 3 recipes would rerun', recipes }]);
    await editor.replace(HELLO, '${AUDIENCE}?"', '${AUDIENCE}!"');
    expect(await ask(editor, 'rerun')).toEqual({ text: 'nothing would rerun', recipes: [] });
  });

  it('is made anew where an edit changes what depends on what', async () => {
    await editor.open(HELLO);
    await editor.replace(HELLO, 'DEPENDS = "libgreet"', 'DEPENDS = ""');
    expect((await ask<{ text: string }>(editor, 'rerun')).text).toBe('15 tasks in 3 recipes would rerun');
    expect((await editor.lenses(HELLO)).at(-1)).toMatch(/taskhash 879e811e → c200e94b$/);
    await expect(ask(editor, 'chain', { task: 'do_install', on: 'libgreet:do_install' })).rejects.toThrow(
      'hello:do_install does not depend on libgreet:do_install',
    );
    await editor.replace(HELLO, 'DEPENDS = ""', 'DEPENDS = "libgreet"');
    expect((await editor.lenses(HELLO)).at(-1)).toMatch(/taskhash 879e811e$/);
  });

  it('is gone where an edit makes a circle, and comes back with it', async () => {
    await editor.open(LIBGREET);
    const last = async () => (await editor.lenses(LIBGREET)).at(-1)!;
    expect(await last()).toMatch(/ · taskhash d217e099$/);
    await editor.replace(LIBGREET, 'SUMMARY', 'DEPENDS = "hello"\nSUMMARY');
    expect(await last()).not.toContain('taskhash');
    await expect(ask(editor, 'rerun', {}, LIBGREET)).rejects.toThrow('the reason is in the log');
    expect(editor.logged.at(-1)).toContain('tasks depend on each other in a circle');
    await editor.replace(LIBGREET, 'DEPENDS = "hello"\n', 'SOVERSION = "3"\n');
    expect(await last()).toMatch(/ · taskhash d217e099$/);
    await editor.replace(LIBGREET, 'install -d', 'install  -d');
    expect(await last()).toMatch(/taskhash d217e099 → [0-9a-f]{8}$/);
  });

  it('says that there may be more where an edited file takes part in recipes that are not open', async () => {
    await editor.open(HELLO);
    await editor.open(BUILDINFO);
    await editor.lenses(BUILDINFO);
    await editor.replace(BUILDINFO, "or ''))\n", "or ''))  # seen\n");
    const { text, recipes } = await ask<{ text: string; recipes: Listed[] }>(editor, 'rerun');
    expect(text).toBe('at least 5 tasks in 2 recipes would rerun: 1 other recipe uses an edited file');
    expect(recipes.map(({ recipe, tasks }) => [recipe, tasks])).toEqual([
      ['hello', ['do_buildinfo', 'do_package', 'do_build']],
      ['greet-image', ['do_rootfs', 'do_build']],
    ]);
  });

  it('is that of the recipes as they are on disk now', async () => {
    await editor.open(HELLO);
    await editor.lenses(HELLO);
    const libgreet = editor.text(LIBGREET);
    const last = async () => (await editor.lenses(HELLO)).at(-1)!;
    let tries = 0;
    // The watcher may still be looking around: it is written until that is noticed.
    const changed = await editor.until(
      () => {
        if (tries++ % 10 === 0)
          writeFileSync(join(editor.folder, LIBGREET), libgreet.replace('0755', `075${tries % 7}`));
        return last();
      },
      (title) => title.includes('taskhash') && !title.endsWith('879e811e'),
    );
    expect(changed).toMatch(new RegExp(`^20: do_install ${INSTALL} · taskhash [0-9a-f]{8}$`));
    writeFileSync(join(editor.folder, LIBGREET), libgreet);
    expect(await editor.until(last, (title) => title.endsWith('879e811e'))).toMatch(/879e811e$/);
  });
});

describe('collecting the recipes', { timeout: 120_000 }, () => {
  it('can be cancelled, and asked for again', async () => {
    // Enough recipes that it is not over before it is cancelled.
    const folder = sampleCopy();
    const more = Array.from({ length: 60 }, (_, index) => join(folder, IMAGE, `../image${index}.bb`));
    for (const path of more) writeFileSync(path, 'inherit buildinfo\n');
    const editor = await start(undefined, folder);
    await editor.open(HELLO);
    editor.cancels = true;
    await expect(ask(editor, 'collect')).rejects.toThrow('collecting the recipes was cancelled');
    editor.cancels = false;
    // Those that were evaluated before are not evaluated again.
    expect(editor.progressMessages.at(-1)).not.toMatch(/^63 of 63$/);
    expect(await ask(editor, 'collect')).toEqual({ tasks: 48 + 60 * 10, recipes: 65 });
    expect(editor.progress.at(-1)).toBe('end');
  });

  it('is done without being asked in the background', async () => {
    const editor = await start('background');
    await editor.open(HELLO);
    const last = async () => (await editor.lenses(HELLO)).at(-1) ?? '';
    const title = await editor.until(last, (shown) => shown.includes('taskhash'));
    expect(title).toBe(`20: do_install ${INSTALL} · taskhash 879e811e`);
  });

  it('waits in the background while BitBake would refuse the configuration', async () => {
    const folder = sampleCopy();
    const place = join(folder, 'build/conf/local.conf');
    const text = readFileSync(place, 'utf8');
    writeFileSync(place, `${text}\nnonsense here\n`);
    const editor = await start('background', folder);
    await editor.open(HELLO);
    const last = async () => (await editor.lenses(HELLO)).at(-1) ?? '';
    expect(await editor.until(last, (shown) => shown.includes('unknown'))).toContain('do_install unknown');
    await editor.hover(HELLO, 'do_install() {', 3);
    expect(editor.progressMessages.filter((message) => message.includes(' of 3'))).toEqual([]);
    writeFileSync(place, text);
    const title = await editor.until(last, (shown) => shown.includes('taskhash'));
    expect(title).toBe(`20: do_install ${INSTALL} · taskhash 879e811e`);
    expect(editor.progressMessages).toContainEqual(expect.stringContaining('3 of 3'));
  });

  it('is never done where it is turned off', async () => {
    const editor = await start('off');
    await editor.open(HELLO);
    expect(await editor.hover(HELLO, 'do_install() {', 3)).not.toContain('askhash');
    await expect(ask(editor, 'collect')).rejects.toThrow(
      'no task graph: it is turned off by sstateLens.taskGraph',
    );
  });
});
