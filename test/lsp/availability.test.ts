/** What the editor shows of sstate objects by itself: beside tasks, and of what an edit gives up. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InlayHint } from 'vscode-languageserver/node';
import { describe, expect, it } from 'vitest';
import { makeObjects, serveRequests } from '../sstate/servers.ts';
import { APP, ObjectEditor } from './objects.ts';

const CLASS = 'layer/classes/objects.bbclass';

interface Outline {
  readonly nodes: readonly { readonly children: readonly Row[] }[];
}

interface Explained {
  readonly title: string;
  readonly message?: string;
  readonly nodes: readonly Row[];
}

interface Row {
  readonly label: string;
  readonly description?: string;
  readonly mark?: string;
}

describe('sstate objects beside the text', { timeout: 240_000 }, () => {
  const own = new ObjectEditor();
  const background = { taskGraph: 'background' };

  const lenses = async () =>
    (await own.editor.lenses(APP)).map((lens) => lens.replace(/[0-9a-f]{8}/g, 'HASH'));
  const shown = (wish: (lens: string) => boolean) => own.editor.until(lenses, (all) => all.some(wish));
  const marks = async () => {
    const { nodes } = await own.ask<Outline>('recipeOutline');
    return nodes[0]!.children.flatMap(({ label, mark }) => (mark ? [`${label} ${mark}`] : [])).sort();
  };
  const hints = async () => {
    const range = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } };
    const textDocument = { uri: own.editor.uri(APP) };
    const found = await own.editor.request<InlayHint[]>('textDocument/inlayHint', { textDocument, range });
    return found.map(({ position, label }) => {
      const [part] = label as { value: string; command: { arguments: { task: string }[] } }[];
      return `${position.line + 1}:${position.character} ${part!.value} ${part!.command.arguments[0]!.task}`;
    });
  };
  /** Has the names of objects hold the hashes of their tasks. */
  function hashNames(): void {
    const path = join(own.workspace.root, CLASS);
    const text = readFileSync(path, 'utf8')
      .replace('name = "%s:%s" %', 'name = "%s:%s:%s" %')
      .replace('taskname_from_tid(tid))', 'taskname_from_tid(tid), sq_data["unihash"][tid])');
    writeFileSync(path, text);
  }

  it('come by themselves: in lenses, inlay hints and the tree, and go with an edit', async () => {
    await own.start([], background);
    expect(await shown((lens) => lens.includes('sstate'))).toEqual([
      '1: 7 tasks · do_install HASH',
      '2: do_package HASH · taskhash HASH',
      '2: sstate: local',
    ]);
    const { command, arguments: about } = (await own.editor.codeLenses(APP)).at(-1)!.command!;
    expect(command).toBe('sstateLens.showObject');
    expect(about).toEqual([{ textDocument: { uri: own.editor.uri(APP) }, task: 'do_package' }]);
    expect(own.editor.refreshes).toBeGreaterThan(0);
    expect(own.editor.hintRefreshes).toBeGreaterThan(0);
    expect(await hints()).toEqual(['2:21 sstate: local do_package', '5:15 sstate: local do_package']);
    expect(await marks()).toEqual([
      'do_build idle',
      'do_compile runs',
      'do_install runs',
      'do_package local',
      'do_sysroot missing',
    ]);
    expect(await own.editor.hover(APP, 'do_package', 3)).toContain(
      `- \`app\`: sstate: local\n  \`${own.workspace.buildDir}/objects/app:do_package\``,
    );
    rmSync(join(own.workspace.buildDir, 'objects/app:do_package'));
    await own.editor.replace(APP, 'true', 'false');
    expect(await shown((lens) => lens.includes('missing'))).toContain('2: sstate: missing');
  });

  it('are looked for on servers without being asked only where a setting says so', async () => {
    let requests = 0;
    const server = await serveRequests((request, response) => {
      requests++;
      response.statusCode = decodeURIComponent(request.url ?? '').endsWith('/app:do_package') ? 200 : 404;
      response.end();
    });
    own.servers.push(server);
    await own.start([`SSTATE_MIRRORS = "file://.* http://${server.host}/PATH"`], background);
    rmSync(join(own.workspace.buildDir, 'objects/app:do_package'));
    const unknown = `2: sstate: unknown, because the mirror file://.* http://${server.host}/PATH was not asked`;
    expect(await shown((lens) => lens.includes('unknown'))).toContain(unknown);
    expect(requests).toBe(0);
    const settings = { ...background, buildDirectory: 'build', objects: 'servers', inlayHints: false };
    await own.editor.notify('workspace/didChangeConfiguration', { settings: { sstateLens: settings } });
    expect(await shown((lens) => lens.includes('mirror') && !lens.includes('unknown'))).toContain(
      '2: sstate: mirror',
    );
    expect(requests).toBeGreaterThan(0);
    expect(await hints()).toEqual([]);
  });

  it('that an edit gives up are counted in its diagnostic, its lens and the list', async () => {
    const served = new Set<string>();
    const server = await serveRequests((request, response) => {
      const name = decodeURIComponent(request.url ?? '').slice(1);
      response.statusCode = served.has(name) ? 200 : 404;
      response.end();
    });
    own.servers.push(server);
    await own.start([`SSTATE_MIRRORS = "file://.* http://${server.host}/PATH"`], { objects: 'off' });
    hashNames();
    const objects = join(own.workspace.buildDir, 'objects');
    const named = async () => {
      const { tasks } = await own.ask<{ tasks: { task: string; object?: string }[] }>('sstate', {
        targets: ['image'],
      });
      return new Map(tasks.map(({ task, object = '' }) => [task, object.slice(objects.length + 1)]));
    };
    const before = await own.editor.until(named, (names) =>
      /:[0-9a-f]{64}$/.test(names.get('app:do_package')!),
    );
    makeObjects(objects, [before.get('app:do_package')!]);
    served.add(before.get('app:do_sysroot')!);
    await own.editor.replace(APP, '"lib"', '"lib"\ndo_compile:append() {\n    :\n}');
    const diagnostic = async () => (await own.editor.problems(APP)).find((text) => text.includes('rerun'));
    const all = '2: information: do_compile changes: 11 tasks in 2 recipes would rerun';
    expect(await own.editor.until(diagnostic, (text) => text !== undefined)).toBe(
      `${all}\nChanges the basehash of do_compile of app`,
    );
    // What is looked for on request counts for the objects of before, too.
    await own.ask('sstate');
    const now = `1 of them is in sstate now (1 local), 3 more may be: the mirror file://.* http://${server.host}/PATH was not asked`;
    expect(await own.editor.until(diagnostic, (text) => text?.includes('sstate') === true)).toBe(
      `${all}; ${now}\nChanges the basehash of do_compile of app`,
    );
    expect((await lenses()).find((lens) => lens.includes('rerun'))).toBe(
      `1: 11 tasks in 2 recipes would rerun; ${now}`,
    );
    await own.ask('sstate', { servers: true });
    expect(await own.editor.until(diagnostic, (text) => text?.includes('on the mirror') === true)).toContain(
      `${all}; 2 of them are in sstate now (1 local, 1 on the mirror)`,
    );
  });

  it('that are missing are explained by the nearest that is there', async () => {
    await own.start([], { objects: 'off' });
    hashNames();
    const why = (task: string) => own.ask<Explained>('whyMissing', { task });
    const explained = await own.editor.until(
      () => why('do_package'),
      ({ message }) => message?.includes('missing') === true,
    );
    expect(explained.title).toBe('app:do_package');
    expect(explained.message).toBe(
      'Its object is missing: nothing of app:do_package is there under another hash (what servers have cannot be listed): it was not built yet, or its objects were removed.',
    );
    const [{ label, description = '' }] = explained.nodes as [Row];
    expect(label).toBe('looked for');
    expect(description).toMatch(/\/objects\/app:do_package:[0-9a-f]{64}$/);
    // What was built before the edit, with what BitBake would have recorded of it.
    writeFileSync(description, '');
    const built = await why('do_package');
    expect(built).toMatchObject({ message: `Its object is there: ${description}`, nodes: [] });
    await own.editor.replace(APP, 'true', 'false');
    expect((await why('do_package')).message).toBe(
      `Its object is missing: 1 objects of app:do_package are there under other hashes, none with signature data (.siginfo) beside it that can be read; the newest is ${description}.`,
    );
    expect((await why('do_compile')).message).toBe(
      'app:do_compile has no setscene task, and so no object of its own: it runs unless objects stand for it.',
    );
    await expect(why('do_nothing')).rejects.toThrow('there is no such task in the recipe of this file');
  });
});
