import { beforeAll, describe, expect, it } from 'vitest';
import { taskHover } from '../../server/src/ide/hover.ts';
import { lenses } from '../../server/src/ide/lenses.ts';
import { countObjects } from '../../server/src/ide/objectCounts.ts';
import { type GraphView, type Rerun, rerunText } from '../../server/src/ide/rerun.ts';
import type { BitBakeHash } from '../../server/src/signature/signatures.ts';
import type { Presence } from '../../server/src/sstate/presence.ts';
import { short } from '../lsp/table.ts';
import { HELLO, Sample, type Seen } from './sample.ts';

const INSTALL = short('hello', 'do_install');
const NOW = 'a'.repeat(64) as BitBakeHash;
const BEFORE = 'b'.repeat(64) as BitBakeHash;
const RERUN: Rerun = {
  recipes: [
    { recipe: 'hello', path: '/hello.bb', tasks: ['do_install', 'do_build'] },
    { recipe: 'image', path: '/image.bb', tasks: ['do_rootfs'] },
  ],
  unseen: 0,
};
const NONE: Rerun = { recipes: [], unseen: 3 };

let seen: Seen;
beforeAll(async () => {
  seen = (await Sample.open()).view({});
}, 60_000);

function graph(more: Partial<GraphView>): GraphView {
  return {
    taskhash: () => NOW,
    previousTaskhash: () => undefined,
    rerun: () => NONE,
    dependents: () => [],
    objectVerdict: () => undefined,
    ...more,
  };
}

function titles(shown: GraphView): string[] {
  return lenses(seen.tree, seen.view, seen.trees, shown).map(({ title }) => title);
}

describe('what would rerun', () => {
  it('is counted by task and recipe', () => {
    expect(rerunText(RERUN)).toBe('3 tasks in 2 recipes would rerun');
    expect(rerunText({ recipes: RERUN.recipes.slice(1), unseen: 0 })).toBe('1 task in 1 recipe would rerun');
    expect(rerunText(NONE)).toBeUndefined();
  });

  it('may be more where recipes were not looked at', () => {
    expect(rerunText({ ...RERUN, unseen: 1 })).toBe(
      'at least 3 tasks in 2 recipes would rerun: 1 other recipe uses an edited file',
    );
    expect(rerunText({ ...RERUN, unseen: 2 })).toBe(
      'at least 3 tasks in 2 recipes would rerun: 2 other recipes use an edited file',
    );
  });
});

describe('what of it is in sstate', () => {
  const there: Presence = { kind: 'local', path: '/x' };
  const missing: Presence = { kind: 'missing' };
  const unknown: Presence = { kind: 'unknown', reason: 'it was\nnot asked' };
  const on = (mirror: string): Presence => ({ kind: 'mirror', mirror, uri: `${mirror}/x` });

  it.each<[string, Presence[], string]>([
    [
      'all places',
      [there, there, on('a'), missing],
      '; 3 of them are in sstate now (2 local, 1 on the mirror)',
    ],
    ['several mirrors', [on('a'), on('b')], '; 2 of them are in sstate now (2 on mirrors)'],
    ['nowhere', [missing], '; none of them is in sstate now'],
    [
      'some unknown',
      [there, unknown],
      '; 1 of them is in sstate now (1 local), 1 more may be: it was not asked',
    ],
    ['unknown', [unknown, unknown], '; 2 of them may be in sstate: it was not asked'],
    ['nothing that could be', [], ''],
  ])('is said of objects in %s', (_, presences, said) => {
    const objects = countObjects(presences);
    expect(rerunText({ ...RERUN, objects })).toBe(`3 tasks in 2 recipes would rerun${said}`);
  });
});

describe('with a task graph, a lens', () => {
  it('shows the taskhash beside the basehash', () => {
    expect(titles(graph({}))).toEqual([
      `12 tasks · do_install ${INSTALL}`,
      `do_install ${INSTALL} · taskhash aaaaaaaa`,
      `do_install ${INSTALL} · taskhash aaaaaaaa`,
    ]);
    expect(titles(graph({ previousTaskhash: () => BEFORE }))[1]).toBe(
      `do_install ${INSTALL} · taskhash bbbbbbbb → aaaaaaaa`,
    );
  });

  it('says why a taskhash is unknown', () => {
    expect(titles(graph({ taskhash: () => ({ unknown: 'the task is marked\nnostamp' }) }))[1]).toBe(
      `do_install ${INSTALL} · taskhash unknown: the task is marked nostamp`,
    );
  });

  it('at the head counts what would rerun, and lists it', () => {
    const shown = lenses(seen.tree, seen.view, seen.trees, graph({ rerun: () => RERUN }))[1]!;
    expect(shown.title).toBe('3 tasks in 2 recipes would rerun');
    expect(shown.range.start.line).toBe(0);
    expect(shown.rerun).toEqual(RERUN.recipes);
  });
});

describe('a hover on a task', () => {
  it('has the taskhash of each variant, or how to get it', () => {
    const taskhash: GraphView['taskhash'] = ({ mcfn }) =>
      mcfn.startsWith('virtual:native:') ? { unknown: 'of `x`' } : NOW;
    const lines = taskHover('do_install', seen.view, graph({ taskhash })).split('\n');
    expect(lines.slice(5, 9)).toEqual([
      'Taskhash, with all that the task depends on:',
      '',
      `- \`hello\`: \`${NOW}\``,
      '- `hello-native`: unknown: `` of `x` ``',
    ]);
    expect(taskHover('do_install', seen.view, undefined, 'Ask.').split('\n')[5]).toBe('Ask.');
  });
});

it('a finding begins with what would rerun because of its statement', async () => {
  const sample = await Sample.open();
  const edited = sample.view({ [HELLO]: [['MOTD = "', 'MOTD = "-- ']] });
  const asked: unknown[] = [];
  const rerun: GraphView['rerun'] = (starts) => {
    asked.push(starts?.map(({ task }) => task));
    return RERUN;
  };
  const [finding] = edited.hashFindings(graph({ rerun }));
  expect(finding).toMatch(/do_install changes: 3 tasks in 2 recipes would rerun\n/);
  expect(asked).toEqual([['do_install', 'do_install']]);
}, 60_000);
