/** `sstate-lens sstate` over a workspace with a class of its own, as real BitBake answered for it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { materialise, readRunExpectations, readScenario, type Workspace } from '../harness/fixture.ts';
import { inTerminal } from '../harness/terminal.ts';

const NAME = 'sstate/used';
/** Without a BitBake at hand, the rules are those of wrynose. */
const RECORDED = readRunExpectations(NAME)['wrynose']!;

interface PrintedTask {
  readonly recipe: string;
  readonly task: string;
  readonly verdict: string;
  readonly outcome: string;
  readonly setscene?: string;
  readonly object?: { readonly state: string; readonly path?: string };
}

describe('sstate in the terminal', { timeout: 300_000 }, () => {
  let workspace: Workspace;
  beforeAll(() => {
    workspace = materialise(readScenario(NAME));
  });
  afterAll(() => workspace.dispose());

  const run = (...args: string[]) => inTerminal(workspace, 'sstate', ...args);
  const json = async (...args: string[]) => {
    const { lines, status } = await run(...args, '--format', 'json');
    const answer = JSON.parse(lines.join('\n')) as { summary: { line: string }; tasks: PrintedTask[] };
    const named = (chosen: (task: PrintedTask) => boolean) =>
      answer.tasks
        .filter(chosen)
        .map(({ recipe, task }) => `${recipe}:${task}`)
        .sort();
    return {
      status,
      answer,
      run: {
        summary: answer.summary.line,
        setscene: named(({ setscene }) => setscene === 'used'),
        runs: named(({ outcome }) => outcome === 'runs'),
        noexec: named(({ outcome }) => outcome === 'noexec'),
      },
    };
  };

  it('prints what BitBake prints, and what it would do', async () => {
    const { lines, status } = await run('image');
    expect(lines).toEqual([
      RECORDED['image']!.summary,
      'image: 18 tasks of 4 recipes',
      '  8 tasks with a setscene task, of which',
      '         4 use their object in SSTATE_DIR',
      '         4 have no object anywhere',
      '  18 tasks in all, of which',
      '         4 need not run: their setscene task stands for them',
      '         4 need not run: the objects of others cover them',
      '         1 do nothing',
      '         9 run',
      '',
      '9 tasks of 3 recipes run:',
      '  app           3 do_compile do_install do_sysroot',
      '  image         5 do_compile do_install do_sysroot do_package do_image',
      '  tool-native   1 do_package',
      '',
      '4 tasks of 3 recipes have no object:',
      '  app           1 do_sysroot',
      '  image         2 do_sysroot do_package',
      '  tool-native   1 do_package',
    ]);
    expect(status).toBe(0);
  });

  it.each(['app:do_compile lib:do_package', 'image --setscene-only'])(
    'plans %s as bitbake -n does',
    async (args) => {
      expect((await json(...args.split(' '), '--dry-run')).run).toEqual(RECORDED[args]);
    },
  );

  it('says of each task what becomes of it, in the form of the schema', async () => {
    const { answer } = await json('image');
    const schema = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../schemas/sstate.schema.json'), 'utf8'),
    ) as { properties: Record<string, { items?: { properties: Record<string, { enum?: string[] }> } }> };
    const allowed = schema.properties['tasks']!.items!.properties;
    expect(Object.keys(answer).filter((name) => !(name in schema.properties))).toEqual([]);
    for (const task of answer.tasks) {
      expect(Object.keys(task).filter((name) => !(name in allowed))).toEqual([]);
      expect(allowed['verdict']!.enum).toContain(task.verdict);
      expect(allowed['outcome']!.enum).toContain(task.outcome);
    }
    const of = (recipe: string, name: string) =>
      answer.tasks.find(({ recipe: own, task }) => own.endsWith(`/${recipe}_1.0.bb`) && task === name);
    expect(of('lib', 'do_sysroot')).toMatchObject({
      verdict: 'local',
      outcome: 'covered',
      setscene: 'used',
      object: { state: 'local', path: 'build/objects/lib:do_sysroot' },
    });
    expect(of('app', 'do_sysroot')).toMatchObject({ verdict: 'missing', outcome: 'runs' });
    expect(of('lib', 'do_compile')).toMatchObject({ verdict: 'covered', outcome: 'covered' });
  });

  it('lists what is missing, and exits by what is required', async () => {
    const { lines, status, stderr } = await run('image', '--missing', '--require', '51');
    expect(lines.map((line) => line.split(/\s+/).slice(0, 3).join(' '))).toEqual([
      'missing runs app.do_sysroot',
      'missing runs image.do_sysroot',
      'missing runs image.do_package',
      'missing runs tool-native.do_package',
    ]);
    expect(stderr).toContain('50% of the wanted objects are there, and --require asks for 51%');
    expect(status).toBe(1);
  });

  it('wants a percentage that is one', async () => {
    const { status, stderr } = await run('image', '--require', 'all');
    expect(stderr).toContain('--require all: give a percentage from 0 to 100');
    expect(status).toBe(2);
  });
});
