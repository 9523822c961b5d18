/** The commands about taskhashes, over a workspace whose hashes real BitBake recorded. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { materialise, readScenario, readTaskhashExpectations, type Workspace } from '../harness/fixture.ts';
import { inTerminal } from '../harness/terminal.ts';

const NAME = 'taskhashes/ignored';
/** Without a BitBake at hand, the rules are those of wrynose. */
const RECORDED = readTaskhashExpectations(NAME)['wrynose']!['app']!;
const recorded = (pn: string, task: string) => RECORDED[`tmp/stamps/${pn}-1.0.${task}`]!;

describe('taskhashes in the terminal', { timeout: 60_000 }, () => {
  let workspace: Workspace;
  beforeAll(() => {
    workspace = materialise(readScenario(NAME));
  });
  afterAll(() => workspace.dispose());

  const run = (...args: string[]) => inTerminal(workspace, ...args);
  const row = (pn: string, task: string) =>
    `layer/recipes/${pn}_1.0.bb\t${pn}\t${task}\t${recorded(pn, task)}`;

  it('are those of the targets', async () => {
    const { status, lines } = await run('sig', '--hash', 'taskhash', 'app', '--format', 'tsv');
    expect(lines).toEqual(['do_compile', 'do_install', 'do_build'].map((task) => row('app', task)));
    expect(status).toBe(0);
  });

  it('are those of all that runs for them', async () => {
    const { lines } = await run('sig', '--hash', 'taskhash', 'app', '--closure', '--format', 'tsv');
    const hashes = lines.map((line) => {
      const [, pn, task, hash] = line.split('\t');
      return [`tmp/stamps/${pn!}-1.0.${task!}`, hash];
    });
    expect(Object.fromEntries(hashes)).toEqual(RECORDED);
  });

  it('are compared with a table', async () => {
    const { lines } = await run('sig', '--hash', 'taskhash', 'app', '--closure', '--format', 'json');
    const { tasks } = JSON.parse(lines.join('\n')) as {
      tasks: { pn: string; task: string; basehash: string; taskhash: string; dependencies: number }[];
    };
    const rows = tasks.map((task) => [task.pn, task.task, task.basehash, task.taskhash, task.dependencies]);
    rows[0]![4] = 77;
    const table = join(workspace.root, 'table.tsv');
    writeFileSync(table, rows.map((cells) => cells.join('\t')).join('\n'));
    const verify = ['verify', '--hash', 'taskhash', '--against', table, '--root', workspace.root];
    const { status, lines: report } = await run(...verify, '--targets', 'app');
    const [pn, task, , hash, count] = rows[0]!;
    expect(report).toEqual([
      `matched ${rows.length - 1} of ${rows.length}`,
      `${pn} ${task}: theirs ${hash}, ours ${hash}`,
      `  task dependencies: theirs ${count}, ours ${tasks[0]!.dependencies}`,
    ]);
    expect(status).toBe(1);
    expect((await run(...verify)).stderr).toContain('name the targets that the table was recorded for');
  });

  it('are explained', async () => {
    const { status, lines } = await run('explain', 'app', 'install', '--hash', 'taskhash');
    expect(lines[0]).toBe('app:do_install');
    expect(lines).toContain(`taskhash ${recorded('app', 'do_install')}`);
    expect(lines.filter((line) => line.startsWith('  task '))).toEqual([
      `  task app:do_compile ${recorded('app', 'do_compile')}`,
      `  task lib:do_install ${recorded('lib', 'do_install')}`,
    ]);
    expect(status).toBe(0);
  });

  it('are explained against signature data', async () => {
    const { lines } = await run('explain', 'app', 'do_install', '--format', 'json');
    const { basehash, values } = JSON.parse(lines.join('\n')) as {
      basehash: string;
      values: Record<string, string | null>;
    };
    const file = join(workspace.root, 'recorded.sigdata');
    const names = Object.keys(values).filter((name) => name !== 'do_install');
    const data = {
      task: 'do_install',
      basehash,
      taskdeps: names,
      gendeps: {},
      varvals: { ...values, do_install: 'something else' },
      runtaskdeps: ['lib:do_install'],
      runtaskhashes: { 'lib:do_install': 'f'.repeat(64) },
    };
    writeFileSync(file, JSON.stringify(data));
    const { status, lines: report } = await run('explain', 'app', 'do_install', '--against', file);
    expect(report.find((line) => line.startsWith('Variable do_install value changed'))).toContain(
      'do_install',
    );
    expect(status).toBe(1);
    const full = await run('explain', 'app', 'do_install', '--hash', 'taskhash', '--against', file);
    expect(full.lines).toContain(
      `Hash for task dependency lib:do_install changed from ${'f'.repeat(64)} to ${recorded('lib', 'do_install')}`,
    );
    expect(full.lines).toContain('    no signature data of both hashes was found');
  });
});

describe('taskhashes of a multiconfig', { timeout: 60_000 }, () => {
  const name = 'taskhashes/taint-of-multiconfig';
  let workspace: Workspace;
  beforeAll(() => {
    workspace = materialise(readScenario(name));
  });
  afterAll(() => workspace.dispose());

  const expected = readTaskhashExpectations(name)['wrynose']!['app mc:other:app']!;
  const run = (...args: string[]) => inTerminal(workspace, ...args);
  const ofAll = ['sig', '--hash', 'taskhash', 'app', 'mc:other:app', '--closure'];

  it('take in taint files beside its own stamps', async () => {
    const { lines } = await run(...ofAll, '--format', 'tsv');
    const hashes = lines.map((line) => {
      const [recipe, pn, task, hash] = line.split('\t');
      const stamps = recipe!.startsWith('mc:other:') ? 'tmp-other/stamps' : 'tmp/stamps';
      return [`${stamps}/${pn!}-1.0.${task!}`, hash];
    });
    expect(Object.fromEntries(hashes)).toEqual(expected);
  });

  it('are asked for by its name', async () => {
    const { status, lines } = await run('explain', 'mc:other:app', 'install', '--hash', 'taskhash');
    expect(lines).toContain(`taskhash ${expected['tmp-other/stamps/app-1.0.do_install']!}`);
    expect(status).toBe(0);
    const { lines: rows } = await run('sig', 'mc:other:app', '--format', 'tsv');
    const recipe = 'mc:other:layer/recipes/app_1.0.bb';
    const named = rows.map((row) => row.split('\t').slice(0, 3));
    expect(named).toEqual(['do_compile', 'do_install', 'do_build'].map((task) => [recipe, 'app', task]));
    expect((await run('sig', 'mc:none:app')).stderr).toContain('no recipe provides mc:none:app');
  });

  it('are compared with the rows that name it', async () => {
    const { lines } = await run(...ofAll, '--format', 'json');
    const { tasks } = JSON.parse(lines.join('\n')) as {
      tasks: {
        recipe: string;
        pn: string;
        task: string;
        basehash: string;
        taskhash: string;
        dependencies: number;
      }[];
    };
    const rows = tasks.map(({ recipe, pn, task, basehash, taskhash, dependencies }) => {
      const row = [
        recipe.startsWith('mc:other:') ? `mc:other:${pn}` : pn,
        task,
        basehash,
        taskhash,
        dependencies,
      ];
      return row.join('\t');
    });
    const table = join(workspace.root, 'table.tsv');
    writeFileSync(table, rows.join('\n'));
    const verify = ['verify', '--hash', 'taskhash', '--against', table, '--root', workspace.root];
    const { lines: report } = await run(...verify, '--targets', 'app,mc:other:app');
    expect(report).toEqual([`matched ${rows.length} of ${rows.length}`]);
    expect(rows.length).toBe(Object.keys(expected).length);
  });
});
