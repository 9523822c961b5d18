import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFile } from '../../server/src/syntax/parser.ts';
import { syntaxTraits } from '../../server/src/syntax/traits.ts';
import { gaps } from './cases.ts';

const PATHS = ['/a.bb', '/a.conf', '/a.bbclass'];
const VERSIONS = [0, 8, 12, 19];

/** Pieces that mean something to the parser, so that random texts get far into it. */
const PIECES = [
  ...['\n', '\\\n', '\\', '\r\n', '\r', '#', '"', "'", ' ', '\t', '{', '}', '}\n', '()', '() {\n', '(d):\n'],
  ...['=', '+=', '=+', ':=', '?=', '??=', '.=', '=.', ':', '[', ']', 'A', 'a b', ':append_', '${@', '}"'],
  ...['A = "b"\n', 'python ', 'fakeroot ', 'def ', 'export ', 'unset ', 'inherit ', 'inherit_defer '],
  ...['include ', 'include_all ', 'require ', 'addtask ', ' before ', ' after ', 'deltask ', 'addhandler '],
  ...[
    'EXPORT_FUNCTIONS ',
    'addpylib ',
    'addfragments ',
    '\u00a0',
    '\u2028',
    '\ufeff',
    'é',
    '𝒳',
    '\ud800',
    '\0',
  ],
];

const text = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => pieces.join('')),
  fc
    .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 5 })))
    .map((all) => all.join('')),
);

function read(path: string, minor: number, contents: string) {
  return parseFile(path, contents, syntaxTraits(2, minor));
}

describe('any text', () => {
  it('is read without throwing, and every line of it belongs to one node', () => {
    fc.assert(
      fc.property(text, fc.constantFrom(...PATHS), fc.constantFrom(...VERSIONS), (contents, path, minor) => {
        expect(gaps(read(path, minor, contents), contents)).toEqual([]);
      }),
      { numRuns: 4000 },
    );
  });

  it('has its problems and values inside its lines, in order', () => {
    fc.assert(
      fc.property(text, fc.constantFrom(...PATHS), fc.constantFrom(...VERSIONS), (contents, path, minor) => {
        const lines = contents.split(/\r\n|\r|\n/);
        const { statements, problems } = read(path, minor, contents);
        const ranges = problems.map(({ range }) => range!);
        for (const statement of statements) {
          if (statement.kind !== 'assignment') continue;
          ranges.push(statement.variableRange, statement.valueRange);
          const { start, end } = statement.valueRange;
          expect(lines[start.line]![start.column]).toBe(lines[end.line]![end.column - 1]);
        }
        for (const { start, end } of ranges) {
          expect(start.line * 1e6 + start.column).toBeLessThanOrEqual(end.line * 1e6 + end.column);
          expect(end.column).toBeLessThanOrEqual(lines[end.line]!.length);
        }
        const starts = problems.map(({ range }) => range!.start.line * 1e6 + range!.start.column);
        expect(starts).toEqual([...starts].sort((a, b) => a - b));
      }),
      { numRuns: 4000 },
    );
  });

  it('says an error exactly where it has an unreadable node', () => {
    fc.assert(
      fc.property(text, fc.constantFrom(...PATHS), (contents, path) => {
        const { statements, problems } = read(path, 19, contents);
        const errors = problems.filter(({ severity }) => severity === 'error');
        const unreadable = statements.filter(({ kind }) => kind === 'unreadable');
        expect(errors).toHaveLength(unreadable.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives the same statements before a change, whatever follows', () => {
    const head = 'A = "1"\ndo_b() {\n    c\n}\n# d\n';
    fc.assert(
      fc.property(text, (contents) => {
        const before = read('/a.bb', 19, head).statements;
        expect(read('/a.bb', 19, head + contents).statements.slice(0, before.length)).toEqual(before);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('hostile text is read in one pass', () => {
  // Anything worse than linear would not end here in time, and recursion would exhaust the stack.
  const fill = (piece: string) => piece.repeat(250_000 / piece.length);
  const long = (piece: string) => piece.repeat(10_000_000 / piece.length);
  const shapes: readonly (readonly [string, string])[] = [
    ['10 MB of blanks', long(' ')],
    ['10 MB in one value', `A = "${long('a')}"`],
    ['10 MB of quotes', `A = ${long('"')}`],
    ['10 MB of words', `inherit ${long('a ')}`],
    ['10 MB without a meaning', long('a')],
    ['a value of three quotes', `A = "${fill('a')}"${fill('b')}"`],
    ['a name and its flag', `${fill('A')}[${fill('f')}`],
    ['a flag that is not closed', `unset A[${fill('f')}`],
    ['operators', `A ${fill('+=')}`],
    ['blanks behind export', `export${fill(' ')}@`],
    ['blanks behind an override', `A:append${fill(' ')}B = "c"`],
    ['blanks for groups', `addfragments${fill(' ')}`],
    ['words for groups', `addfragments ${fill('a ')}`],
    ['one word for groups', `addpylib ${fill('a')}`],
    ['before and after', `addtask ${fill('a before b after ')}`],
    ['before and after without blanks', `addtask a ${fill('beforeafter')}`],
    ['keywords', `addtask ${fill(':append_')}`],
    ['words before a function', `${fill('python ')}`],
    ['parentheses', fill('(')],
    ['braces', fill('${')],
    ['a name beyond ASCII', `${fill('𝒳')}() {`],
    ['a def without a colon', `def ${fill('a')}`],
    ['lone backslashes', fill('\\\n')],
    ['backslashes, then empty lines', `a${fill('\\')}${fill('\n')}`],
    ['backslashes at the end', `a${fill('\\')}`],
    ['a statement of many lines', `A = "${fill('a \\\n')}"`],
    ['comments that go on', fill('# a \\\n')],
    ['comments inside', `A = "\\\n${fill('# a \\\n')}"`],
    ['functions that are never closed', fill('do_a() {\n')],
    ['one that is never closed', `do_a() {\n${fill('b\n')}`],
    ['defs', fill('def a():\n')],
    ['tabs', `def a():\n${fill('\tb\n')}`],
    ['unreadable lines', fill('a b c\n')],
  ];

  it.each(shapes)('%s', (_, contents) => {
    for (const path of ['/a.bb', '/a.conf']) {
      const { statements, problems } = read(path, contents.startsWith('addtask') ? 0 : 19, contents);
      expect(statements[0]!.range.start).toEqual({ line: 0, column: 0 });
      for (const { message } of problems) expect(message.length).toBeLessThan(300);
    }
  });
});
