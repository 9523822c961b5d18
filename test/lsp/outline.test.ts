/** What views beside the text are told. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Editor } from './client.ts';
import { lines, type Outline } from './outlines.ts';
import { HELLO, openSample } from './sample.ts';
import { sampleHash, short } from './table.ts';

let editor: Editor;
afterEach(() => editor.kill());

const start = async () => (editor = await openSample());

const ask = (name: string, params: object = {}) =>
  editor.request<Outline>(`sstateLens/${name}Outline`, {
    textDocument: { uri: editor.uri(HELLO) },
    ...params,
  });

describe('outlines', { timeout: 120_000 }, () => {
  it('of a recipe are its tasks with their hashes, the changed ones marked', async () => {
    await start();
    await editor.replace(HELLO, 'MOTD = "', 'MOTD = "-- ');
    const { title, nodes } = await ask('recipe');
    expect([title, ...nodes.map(({ label, description }) => `${label} ${description}`)]).toEqual([
      'hello',
      'hello 12 tasks',
      'hello-native 11 tasks',
    ]);
    const [compile, install] = ['do_compile', 'do_install'].map((task) =>
      nodes[0]!.children!.find(({ label }) => label === task)!,
    );
    expect(compile).toMatchObject({
      description: short('hello', 'do_compile'),
      detail: `basehash ${sampleHash('hello', 'do_compile')}`,
      kind: 'task',
    });
    expect(install).toMatchObject({
      kind: 'changed',
      uri: editor.uri(HELLO),
      range: { start: { line: 13 } },
    });
    expect(install!.description).toMatch(new RegExp(`^${short('hello', 'do_install')} → [0-9a-f]{8}$`));
    expect(install!.detail).toContain(`\nwas ${sampleHash('hello', 'do_install')}`);
  });

  it('of what would rerun are those of open recipes, and of all with the task graph', async () => {
    await start();
    expect(await ask('rerun')).toMatchObject({ title: 'No basehash of an open recipe changes.', nodes: [] });
    await editor.replace(HELLO, 'MOTD = "', 'MOTD = "-- ');
    const open = await ask('rerun');
    expect(open.title).toBe('2 basehashes of open recipes would change');
    expect(open.message).toMatch(/task graph/);
    expect(lines(open.nodes)).toEqual([
      'hello | 1 task',
      '  do_install',
      'hello-native | 1 task',
      '  do_install',
    ]);
    await editor.request('sstateLens/collect', {});
    const all = await ask('rerun');
    expect(all).toMatchObject({ title: '11 tasks in 3 recipes would rerun' });
    expect(all.message).toBeUndefined();
    expect(all.nodes.map(({ label }) => label)).toContain('greet-image');
  });
});

describe('a dependency graph', { timeout: 120_000 }, () => {
  interface Drawn {
    readonly title: string;
    readonly nodes: readonly {
      readonly name: string;
      readonly detail: string;
      readonly changed: boolean;
      readonly uri?: string;
      readonly on: readonly number[];
    }[];
  }
  const draw = (task: string, of: string) =>
    editor.request<Drawn>('sstateLens/dependencyGraph', {
      textDocument: { uri: editor.uri(HELLO) },
      task,
      of,
    });

  it('of variables has what is in the hash, the nearest first, and what an edit changed', async () => {
    await start();
    await editor.replace(HELLO, 'MOTD = "', 'MOTD = "-- ');
    const { title, nodes } = await draw('do_install', 'variables');
    expect(title).toBe('What goes into hello:do_install');
    const named = (name: string) => nodes.find((node) => node.name === name)!;
    const on = (name: string) => named(name).on.map((number) => nodes[number]!.name);
    expect(nodes[0]!.name).toBe('do_install');
    expect(on('do_install')).toContain('write_motd');
    expect(on('write_motd')).toEqual(['CFLAGS', 'LC_ALL', 'MOTD', 'sysconfdir', 'write_motd[func]']);
    expect(named('MOTD')).toMatchObject({
      detail: '-- ${GREETING}, ${AUDIENCE}!',
      changed: true,
      uri: editor.uri(HELLO),
    });
    expect(named('sysconfdir').changed).toBe(false);
    await expect(draw('do_nothing', 'variables')).rejects.toThrow('no task do_nothing');
  });

  it('of tasks has all that a task needs', async () => {
    await start();
    const { title, nodes } = await draw('do_compile', 'tasks');
    expect(title).toBe('What hello:do_compile depends on');
    expect(nodes[0]!.on.map((number) => nodes[number]!.name)).toEqual(['hello:do_configure']);
    expect(nodes.map(({ name }) => name)).toContain('libgreet:do_populate_sysroot');
    expect(nodes.every(({ changed }) => !changed)).toBe(true);
  });
});
