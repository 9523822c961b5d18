import { describe, expect, it } from 'vitest';
import { applicability, likelyUsers, mentions } from '../../server/src/ide/applicability.ts';
import { chainsTo } from '../../server/src/ide/chains.ts';
import { editedStatements } from '../../server/src/ide/edits.ts';
import { problemFindings } from '../../server/src/ide/findings.ts';
import { enumerate } from '../../server/src/ide/wording.ts';
import { parseFile } from '../../server/src/syntax/parser.ts';
import { syntaxTraits } from '../../server/src/syntax/traits.ts';

const TRAITS = syntaxTraits(2, 18);

/** `first-last: names` of each edit, lines counted from 1. */
function edits(before: string, after: string, path = '/l/x.bb'): string[] {
  const version = (text: string) => ({ text, tree: parseFile(path, text, TRAITS) });
  return editedStatements(version(before), version(after)).map(
    ({ range, names }) => `${range.start.line + 1}-${range.end.line + 1}: ${names.map(String).join(' ')}`,
  );
}

describe('edited statements', () => {
  it('are those whose lines differ, wherever they went', () => {
    expect(edits('A = "1"\nB = "2"\n', 'A = "1"\nB = "3"\n')).toEqual(['2-2: B B']);
    expect(edits('A = "1"\n', '# x\n\nA = "1"\n')).toEqual([]);
    expect(edits('A = "1"\r\nB = "2"\r\n', 'A = "1"\nB = "2"\n')).toEqual([]);
    expect(edits('A = "1"\nB = "2"\nC = "3"\n', 'B = "2"\nC = "3"\nA = "1"\n')).toEqual(['1-1: A', '3-3: A']);
  });

  it('replace one that sets the same, else the next one', () => {
    expect(edits('A = "1"\nB = "2"\n', 'B = "3"\nA = "4"\n')).toEqual(['1-1: B B', '2-2: A A']);
    expect(edits('A = "1"\n', 'B = "1"\n')).toEqual(['1-1: A B']);
  });

  it('show where something was taken away on what follows, or at the end', () => {
    expect(edits('A = "1"\nB = "2"\n', 'B = "2"\n')).toEqual(['1-1: A']);
    expect(edits('A = "1"\nB = "2"\n', 'A = "1"\n')).toEqual(['1-1: B']);
    expect(edits('A = "1"\n', '')).toEqual(['1-1: A']);
  });

  it('show only the lines that differ within them', () => {
    const body = (lines: string) => `do_x() {\n${lines}}\n`;
    expect(edits(body('a\nb\n'), body('a\nc\nb\n'))).toEqual(['3-3: do_x do_x']);
    expect(edits(body('a\na\n'), body('a\na\na\n'))).toEqual(['4-4: do_x do_x']);
    expect(edits(body('a\nb\n'), body('b\n'))).toEqual(['2-2: do_x do_x']);
    expect(edits('A = "1 \\\n 2 \\\n 3"\n', 'A = "1 \\\n 4 \\\n 3"\n')).toEqual(['2-2: A A']);
  });

  it('name all that they may set', () => {
    const set = (statement: string, path?: string) => edits('', `${statement}\n`, path);
    expect(set('A:append:b = "1"')).toEqual(['1-1: A A:b']);
    expect(set('A[flag] = "1"')).toEqual(['1-1: A[flag] A']);
    expect(set('FILES:${PN}-doc = "1"')).toEqual(['1-1: FILES /^FILES:.+-doc$/']);
    expect(set('python do_x:prepend() {\n}')).toEqual(['1-2: do_x']);
    expect(set('python () {\n}')).toEqual(['1-2: ']);
    expect(set('EXPORT_FUNCTIONS do_x', '/l/c.bbclass')).toEqual(['1-1: do_x c_do_x']);
    expect(set('addtask x after do_y')).toEqual(['1-1: do_x']);
    expect(set('inherit a')).toEqual(['1-1: ']);
  });
});

describe('chains', () => {
  const nodes = (graph: Record<string, string[]>) =>
    new Map(Object.entries(graph).map(([name, dependencies]) => [name, { dependencies, value: '' }]));

  it('are the shortest, and survive circles', () => {
    const graph = nodes({ t: ['f', 'g'], f: ['g', 'f'], g: ['V', 't'], V: [], u: ['t'] });
    expect(Object.fromEntries(chainsTo(['V'], graph))).toEqual({
      V: ['V'],
      g: ['g', 'V'],
      t: ['t', 'g', 'V'],
      f: ['f', 'g', 'V'],
      u: ['u', 't', 'g', 'V'],
    });
  });

  it('lead through what only one of several graphs has', () => {
    const chains = chainsTo(['V'], nodes({ t: ['f'] }), nodes({ f: ['V'] }));
    expect(chains.get('t')).toEqual(['t', 'f', 'V']);
  });
});

describe('the recipe of a document', () => {
  const summary = {
    identity: '',
    values: '',
    buildDir: '/b',
    bitbakeDir: undefined,
    bitbakeVersion: '2.18.0',
    machine: 'm',
    distro: undefined,
    multiconfigs: [],
    layers: [],
    problems: [],
    recipes: [
      { path: '/l/a/a_1.bb', appends: ['/l/a/a_%.bbappend'] },
      { path: '/l/a/a-b_1.bb', appends: [] },
      { path: '/l/z/z_1.bb', appends: [] },
    ],
  };

  it('is itself, or the one that an append applies to', () => {
    expect(applicability('/l/a/a_1.bb', summary)).toEqual({ recipes: ['/l/a/a_1.bb'], mayBeUsed: false });
    expect(applicability('/l/a/c_1.bb', summary)).toEqual({ recipes: [], mayBeUsed: false });
    expect(applicability('/l/a/a_%.bbappend', summary).recipes).toEqual(['/l/a/a_1.bb']);
    expect(applicability('/l/classes/c.bbclass', summary)).toEqual({ recipes: [], mayBeUsed: true });
  });

  it('is looked for first among those at work, then near an included file', () => {
    expect(likelyUsers('/l/a/a-b.inc', ['/l/z/z_1.bb', '/gone.bb'], summary)).toEqual([
      '/l/z/z_1.bb',
      '/l/a/a-b_1.bb',
      '/l/a/a_1.bb',
    ]);
    expect(likelyUsers('/l/classes/c.bbclass', ['/l/z/z_1.bb'], summary)).toEqual(['/l/z/z_1.bb']);
  });

  it('mentions a class or included file by its name', () => {
    const inherits = mentions('/l/classes/cmake.bbclass');
    expect(['inherit a cmake b', 'inherit a \\\n  cmake', 'inherit_defer cmake'].map(inherits)).toEqual([
      true,
      true,
      true,
    ]);
    expect(['inherit cmake-qemu', '# inherit cmake', 'inherit a\nX = "cmake"'].map(inherits)).toEqual([
      false,
      false,
      false,
    ]);
    expect(mentions('/l/a/a.inc')('require recipes/a/a.inc')).toBe(true);
  });
});

describe('problems', () => {
  const range = { start: { line: 4, column: 0 }, end: { line: 4, column: 9 } };
  const problem = { severity: 'error' as const, code: 'x', message: 'Wrong.', range };
  const view = (problems: { path: string }[]) => ({
    path: '/l/a.bb',
    recipe: '/l/a.bb',
    baseline: undefined,
    failure: undefined,
    advice: [],
    current: {
      path: '/l/a.bb',
      variants: [],
      problems: problems.map((each) => ({ ...problem, ...each })),
      files: [],
      origins: new Map(),
      milliseconds: 0,
    },
  });
  const open = (path: string) => ['/l/a.bb', '/l/b.inc'].includes(path);
  const head = { start: { line: 0, column: 0 }, end: { line: 0, column: 1 } };

  it('are told in the files they are in, where these are open', () => {
    expect(problemFindings(view([{ path: '/l/b.inc' }]), [], open)).toEqual([
      { ...problem, path: '/l/b.inc', related: [] },
    ]);
  });

  it('are told at the head of the document otherwise', () => {
    expect(problemFindings(view([{ path: '/l/c.inc' }]), [], open)).toEqual([
      {
        ...problem,
        path: '/l/a.bb',
        range: head,
        message: 'c.inc:5: Wrong.',
        related: [{ path: '/l/c.inc', range, message: 'Wrong.' }],
      },
    ]);
  });

  it('say on its line that an evaluation was stopped', () => {
    const failure = { message: 'Evaluation took too long', where: { path: '/l/b.inc', line: 7 } };
    const stopped = { ...view([]), current: undefined, failure };
    expect(problemFindings(stopped, [], open)).toEqual([
      {
        path: '/l/b.inc',
        range: { start: { line: 6, column: 0 }, end: { line: 6, column: 1 } },
        severity: 'error',
        code: 'stopped',
        message: 'Evaluation took too long: hashes are unknown',
        related: [],
      },
    ]);
  });
});

describe('lists', () => {
  it('are said as in a sentence', () => {
    expect([['a'], ['a', 'b'], ['a', 'b', 'c']].map((names) => enumerate(names))).toEqual([
      'a',
      'a and b',
      'a, b and c',
    ]);
    expect(enumerate(['a', 'b', 'c', 'd'], 2)).toBe('a, b and 2 more');
  });
});
