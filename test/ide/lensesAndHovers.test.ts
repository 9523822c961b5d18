import { beforeAll, describe, expect, it } from 'vitest';
import { meaning, taskHover, variableHover } from '../../server/src/ide/hover.ts';
import { lenses } from '../../server/src/ide/lenses.ts';
import { symbolAt } from '../../server/src/ide/symbols.ts';
import type { View } from '../../server/src/ide/view.ts';
import { short } from '../lsp/table.ts';
import { BUILDINFO, HELLO, Sample, type Seen } from './sample.ts';

let sample: Sample;
let seen: Seen;
beforeAll(async () => {
  sample = await Sample.open();
  seen = sample.view({});
}, 60_000);

const INSTALL = short('hello', 'do_install');

function titles(shown: Seen, view: View = shown.view): string[] {
  return lenses(shown.tree, view, shown.trees).map(({ range, title }) => `${range.start.line + 1}: ${title}`);
}

describe('lenses', () => {
  it('stand over the head and over each function of a task', () => {
    expect(titles(seen)).toEqual([
      `1: 12 tasks · do_install ${INSTALL}`,
      `14: do_install ${INSTALL}`,
      `20: do_install ${INSTALL}`,
    ]);
  });

  it('show old and new where the baseline is another', () => {
    const edited = sample.view({ [HELLO]: [['MOTD = "', 'MOTD = "-- ']] });
    const now = edited.view.current!.variants[0]!.tasks.find(({ task }) => task === 'do_install')!.basehash;
    expect(titles(edited)[1]).toBe(`14: do_install ${INSTALL} → ${String(now).slice(0, 8)}`);
  });

  it('over the functions of a class that EXPORT_FUNCTIONS makes tasks of, where the recipe uses them', () => {
    const base = sample.view({}, 'meta-sample/classes/base.bbclass');
    const shown = titles(base);
    expect(shown).toContain(`50: do_configure ${short('hello', 'do_configure')}`);
    // hello has a do_compile of its own.
    expect(shown.filter((title) => title.includes('do_compile'))).toEqual([]);
  });

  it('say why a hash is unknown', () => {
    const edited = sample.view({ [HELLO]: [['MOTD = "', "MOTD = \"${@os.system('touch x')}"]] });
    expect(titles(edited)[1]).toBe(
      '14: do_install unknown: its Python tried to run a command: touch x, which is not done while hashes are computed',
    );
  });

  it('say why nothing could be evaluated', () => {
    const failure = { message: 'Evaluation took too long and was stopped', where: undefined };
    expect(titles(seen, { ...seen.view, current: undefined, failure })).toEqual([
      '1: unknown: Evaluation took too long and was stopped',
    ]);
    const unused = { ...seen.view, current: undefined, recipe: undefined };
    expect(titles(seen, unused)).toEqual(['1: no recipe found that uses this file']);
    const broken = sample.view({ [HELLO]: [['require hello.inc', 'require gone.inc']] });
    expect(titles(broken)[0]).toMatch(
      /^1: 11 tasks · do_install unknown: Could not include required file gone\.inc/,
    );
  });
});

/** What is hovered at `⟦⟧` put into the text before `at`: `kind name meaning`. */
function hovered(shown: Seen, at: string, inside = 0): string | undefined {
  const lines = shown.text.slice(0, shown.text.indexOf(at) + inside).split('\n');
  const position = { line: lines.length - 1, column: lines.at(-1)!.length };
  const symbol = symbolAt(shown.tree, shown.text, position);
  return symbol && `${symbol.name} ${meaning(symbol, shown.view) ?? '-'}`;
}

describe('the name under the cursor', () => {
  it('is that of a statement', () => {
    expect(hovered(seen, 'MOTD =')).toBe('MOTD variable');
    expect(hovered(seen, 'do_install() {', 3)).toBe('do_install task');
    expect(hovered(seen, 'do_install:append', 14)).toBe('do_install task');
    expect(hovered(seen, 'write_motd() {', 3)).toBe('write_motd variable');
  });

  it('is that of an expansion, of a variable in Python, of a function in code', () => {
    expect(hovered(seen, '${GREETING}', 1)).toBe('GREETING variable');
    expect(hovered(seen, '    write_motd\n', 6)).toBe('write_motd variable');
    expect(hovered(seen, 'install -d', 2)).toBe('install -');
    const buildinfo = sample.view({}, BUILDINFO);
    expect(hovered(buildinfo, "'BUILDINFO_FIELDS'", 4)).toBe('BUILDINFO_FIELDS variable');
    expect(hovered(buildinfo, 'inherits_class(', 3)).toBe('bb.data.inherits_class -');
    expect(hovered(buildinfo, 'buildinfo_lines(d))', 3)).toBe('buildinfo_lines variable');
  });

  it('is that of a task in addtask', () => {
    const buildinfo = sample.view({}, BUILDINFO);
    expect(hovered(buildinfo, 'addtask buildinfo', 10)).toBe('do_buildinfo task');
    expect(hovered(buildinfo, 'after do_install', 9)).toBe('do_install task');
    expect(hovered(buildinfo, 'after do_install', 2)).toBeUndefined();
  });

  it('is none in a comment', () => {
    expect(hovered(sample.view({}, BUILDINFO), 'BUILDINFO_FIELDS.', 3)).toBeUndefined();
  });
});

const NOTHING = { flags: {}, origins: [], flagOrigins: {}, excludedBy: [] };

describe('hovers', () => {
  const inspection = {
    name: 'MOTD',
    unexpanded: '${A}\n```\n`x`',
    expanded: 'a',
    flags: { doc: 'a `note`', func: '1', _defaultval: 'b' },
    origins: [{ path: '/layer/[x].bb', line: 3, operation: 'set' }],
    flagOrigins: { doc: [{ path: '/layer/d.bb', line: 4, operation: 'set' }] },
    excludedBy: ['do_compile'],
  };
  const link = (path: string, line: number) => `file://${path}#L${line}`;

  it('keep what a workspace holds from becoming markup', () => {
    const text = variableHover(inspection, seen.view, new Set(), link);
    expect(text.split('\n')).toEqual([
      '### MOTD',
      '',
      '````',
      '${A}',
      '```',
      '`x`',
      '````',
      '',
      'Expanded:',
      '',
      '```',
      'a',
      '```',
      '',
      'Set in [\\[x\\].bb:3](file:///layer/[x].bb#L3) `=`',
      '',
      'Flag `doc`: `` a `note` ``, set in [d.bb:4](file:///layer/d.bb#L4)',
      '',
      'Enters 1 task of `hello`:',
      '',
      '- `do_install <- write_motd <- MOTD`',
      '',
      'Left out by `vardepsexclude` of `do_compile`.',
    ]);
  });

  it('tell in order who set a variable, the first and the last of many', () => {
    const operations = [
      'set??',
      'set?',
      'append',
      ':append[x]',
      'postdot',
      'set',
      'set',
      'predot',
      'immediate',
    ];
    const origins = operations
      .map((operation, at) => ({ path: '/l/a.bb', line: at + 1, operation }))
      .reverse();
    const text = variableHover({ ...inspection, origins }, seen.view, new Set(), () => 'x');
    expect(text.split('\n').filter((line) => line.includes('a.bb') || line.includes('more …'))).toEqual([
      '1. [a.bb:1](x) `??=`',
      '2. [a.bb:2](x) `?=`',
      '3. [a.bb:3](x) `+=`',
      '   … 1 more …',
      '5. [a.bb:5](x) `.=`',
      '6. [a.bb:6](x) `=`',
      '7. [a.bb:7](x) `=`',
      '8. [a.bb:8](x) `=.`',
      '9. [a.bb:9](x) `:=`',
    ]);
  });

  it('cut long values and say so, and say what vardepvalue does', () => {
    const long = { ...inspection, expanded: 'x'.repeat(2000), flags: { vardepvalue: '1' }, excludedBy: [] };
    const text = variableHover(long, seen.view, new Set(), link);
    expect(text).toContain('\n\nThe first 1500 of 2000 characters.\n');
    expect(text.endsWith('\n\nBy the text of `vardepvalue`, whatever its value is.')).toBe(true);
  });

  it('count what depends on the tasks that a variable enters, where the graph is known', () => {
    const graph = {
      taskhash: () => ({ unknown: 'x' }),
      previousTaskhash: () => undefined,
      rerun: () => ({ recipes: [], unseen: 0 }),
      objectVerdict: () => undefined,
      dependents: (of: readonly { task: string }[]) => [
        { recipe: 'hello', path: '/h', tasks: of.map(({ task }) => task) },
        { recipe: 'image', path: '/i', tasks: ['do_rootfs', 'do_build'] },
      ],
    };
    const text = variableHover(inspection, seen.view, new Set(), link, graph);
    expect(text.endsWith('\n\nWith all that depends on these: 3 tasks in 2 recipes.')).toBe(true);
  });

  it('say how a list enters that is only tested for items', () => {
    const features = { name: 'SAMPLE_FEATURES', unexpanded: '', expanded: '', ...NOTHING };
    const text = variableHover(features, seen.view, new Set(), () => '');
    expect(text).toContain('- `do_compile <- CFLAGS <- AUDIENCE <- SAMPLE_FEATURES{…}`');
  });

  it('say that a variable enters no hash, and why', () => {
    const nothing = { name: 'S', unexpanded: undefined, expanded: undefined, ...NOTHING };
    expect(variableHover(nothing, seen.view, new Set(['S']), () => '')).toBe(
      '### S\n\nNot set.\n\nEnters no basehash of `hello`: `BB_BASEHASH_IGNORE_VARS` leaves it out.',
    );
  });

  it('name what changed for a task', () => {
    const edited = sample.view({ [HELLO]: [['MOTD = "', 'MOTD = "-- ']] });
    const text = taskHover('do_install', edited.view);
    expect(text).toMatch(
      new RegExp('^### do_install\\n\\n- `hello`: `[0-9a-f]{64}` → `[0-9a-f]{64}`\\n- `hello-native`: `'),
    );
    expect(text.split('\n').filter((line) => line.startsWith('Changed'))).toEqual([
      'Changed for `hello`: `MOTD`',
      'Changed for `hello-native`: `MOTD`',
    ]);
  });
});
