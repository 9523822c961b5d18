/** A review over LSP: the tree of root causes, the changed lines, unsaved texts, the base's texts, and what refuses. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Editor, sampleCopy } from './client.ts';
import { bundledCommand } from './command.ts';
import { HELLO } from './sample.ts';

const LIBRARY = 'meta-sample/recipes-sample/libgreet/libgreet_2.1.bb';
const IMAGE = 'meta-sample/recipes-sample/greet-image/greet-image.bb';

interface Node {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly kind: string;
  readonly side: string;
  readonly uri?: string;
  readonly gone?: boolean;
  readonly children?: readonly Node[];
}

interface Review {
  readonly title: string;
  readonly message: string;
  readonly nodes: readonly Node[];
  readonly marks: readonly {
    readonly uri: string;
    readonly side: string;
    readonly range: { readonly start: { readonly line: number }; readonly end: { readonly line: number } };
    readonly text: string;
    readonly detail: readonly string[];
  }[];
}

describe('a review in the editor', { timeout: 240_000 }, () => {
  let folder: string;
  let editor: Editor;

  beforeEach(async () => {
    folder = sampleCopy();
    editor = new Editor(folder, { command: await bundledCommand() });
    await editor.initialize({ buildDirectory: 'build' });
  });
  afterEach(() => {
    editor.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  const edit = (path: string, from: string, to: string) => {
    const text = readFileSync(join(folder, path), 'utf8');
    expect(text).toContain(from);
    writeFileSync(join(folder, path), text.replace(from, to));
  };
  const lineOf = (path: string, text: string) =>
    editor.text(path).slice(0, editor.text(path).indexOf(text)).split('\n').length - 1;

  it('leads what the branch and unsaved texts change to their lines', async () => {
    const { branches } = await editor.request<{ branches: string[] }>('sstateLens/branches', {});
    const current = execFileSync('git', ['branch', '--show-current'], {
      cwd: folder,
      encoding: 'utf8',
    }).trim();
    expect(branches).toEqual([current]);

    edit(LIBRARY, '-shared', '-shared -fPIC');
    await editor.open(HELLO);
    await editor.replace(HELLO, 'DEPENDS = "libgreet"', 'DEPENDS = ""');
    rmSync(join(folder, IMAGE));
    const found = await editor.request<Review>('sstateLens/review', { branch: current });
    expect(found.title).toMatch(
      new RegExp(`^samplebox: .* since where HEAD parted from ${current} \\([0-9a-f]{12}\\)$`),
    );
    expect(found.message).toMatch(/^\d+ of \d+ taskhashes change, \d+ gone, in \d+ recipes; /);
    expect(found.nodes.map(({ label, side, uri, gone }) => [label, side, uri, gone])).toEqual([
      ['greet-image.bb removed', 'base', editor.uri(IMAGE), true],
      ['DEPENDS edited', 'head', editor.uri(HELLO), undefined],
      ['do_compile edited', 'head', editor.uri(LIBRARY), undefined],
    ]);

    const compile = found.nodes.find(({ label }) => label === 'do_compile edited')!;
    expect(compile.description).toMatch(
      /^libgreet_2\.1\.bb:11 · \d+ basehash(es)? in \d+ recipes?, \d+ taskhash/,
    );
    const [own] = compile.children!;
    expect([own!.label, own!.kind]).toEqual(['libgreet', 'recipe']);
    const task = own!.children!.find(({ label }) => label === 'do_compile')!;
    expect(task.description).toMatch(/^[0-9a-f]{8} → [0-9a-f]{8}$/);
    expect(task.detail).toMatch(/^taskhash [0-9a-f]{8} → [0-9a-f]{8}\nbasehash [0-9a-f]{8} → [0-9a-f]{8}$/);

    const marks = found.marks.map(({ uri, side, range }) => [uri, side, range.start.line, range.end.line]);
    const [at, hello] = [lineOf(LIBRARY, '-shared -fPIC'), lineOf(HELLO, 'DEPENDS')];
    expect(marks).toEqual([
      [editor.uri(HELLO), 'head', hello, hello],
      [editor.uri(LIBRARY), 'head', at, at],
    ]);
    expect(found.marks[1]!.detail.slice(0, 2)).toEqual([
      'do_compile edited',
      `Changes ${found.marks[1]!.text}.`,
    ]);
    expect(editor.progress.slice(-1)).toEqual(['end']);

    const before = (path: string) =>
      editor.request<{ text: string | null }>('sstateLens/baseText', { uri: editor.uri(path) });
    expect((await before(LIBRARY)).text).not.toContain('-fPIC');
    expect((await before(HELLO)).text).toContain('DEPENDS = "libgreet"');
    expect((await before(IMAGE)).text).toBe(
      execFileSync('git', ['show', `HEAD:${IMAGE}`], { cwd: folder, encoding: 'utf8' }),
    );
    await expect(before('build/conf/local.conf')).rejects.toThrow(
      'is no file that the last review found changed',
    );
  });

  it('says that nothing changes, and which branch there is not', async () => {
    await editor.open(HELLO);
    expect(await editor.request('sstateLens/review', {})).toMatchObject({
      message: 'No hash changes.',
      nodes: [],
      marks: [],
    });
    await expect(editor.request('sstateLens/review', { branch: 'nowhere' })).rejects.toThrow(
      'there is no commit nowhere in',
    );
    await expect(editor.request('sstateLens/review', { branch: 1 })).rejects.toThrow(
      'branch: give the name of a branch or commit',
    );
  });

  it('is given up when the user cancels it', async () => {
    await editor.open(HELLO);
    edit(LIBRARY, '-shared', '-shared -fPIC');
    editor.cancels = true;
    await expect(editor.request('sstateLens/review', {})).rejects.toThrow(
      'the review came to no end: that was cancelled',
    );
    expect(editor.progress.slice(-1)).toEqual(['end']);
  });
});
