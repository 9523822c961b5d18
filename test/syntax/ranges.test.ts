import { describe, expect, it } from 'vitest';
import type { Range } from '../../server/src/base/text.ts';
import { fileKind, parseFile } from '../../server/src/syntax/parser.ts';
import type { Statement } from '../../server/src/syntax/statements.ts';
import { syntaxTraits } from '../../server/src/syntax/traits.ts';

const NEWEST = syntaxTraits(2, 19);

function statements(text: string, path = '/a.bb'): readonly Statement[] {
  return parseFile(path, text, NEWEST).statements;
}

function one<K extends Statement['kind']>(
  kind: K,
  text: string,
  path?: string,
): Extract<Statement, { kind: K }> {
  const found = statements(text, path).find((statement) => statement.kind === kind);
  return found as Extract<Statement, { kind: K }>;
}

/** `line:column-line:column`. */
function place({ start, end }: Range): string {
  return `${start.line}:${start.column}-${end.line}:${end.column}`;
}

describe('ranges', () => {
  it('of an assignment on one line', () => {
    const { range, variableRange, valueRange, lineno } = one('assignment', '\nexport A[b] ?= "cd"  \n');
    expect(place(range)).toBe('1:0-1:21');
    expect(place(variableRange)).toBe('1:7-1:8');
    expect(place(valueRange)).toBe('1:15-1:19');
    expect(lineno).toBe(2);
  });

  it('of a value over several lines, quotes included', () => {
    for (const path of ['/a.bb', '/a.conf']) {
      const found = one('assignment', 'A = "b \\\n  c \\  \n"\nB = "d"\n', path);
      expect(place(found.range)).toBe('0:0-2:1');
      expect(place(found.valueRange)).toBe('0:4-2:1');
      expect(found.lineno).toBe(3);
      expect(found.value).toBe('b   c ');
    }
  });

  it('of a value that begins on a later line than its variable', () => {
    const found = one('assignment', 'A \\\n  = \\\n  "b"');
    expect(place(found.variableRange)).toBe('0:0-0:1');
    expect(place(found.valueRange)).toBe('2:2-2:5');
  });

  it('of a name cut by a line break', () => {
    expect(place(one('assignment', 'AB\\\nCD = "e"').variableRange)).toBe('0:0-1:2');
  });

  it('count in UTF-16 code units, in lines that end in CR LF', () => {
    const found = one('assignment', '# 𝒳\r\nA = "𝒳" \r\n');
    expect(place(found.valueRange)).toBe('1:4-1:8');
    expect(place(found.range)).toBe('1:0-1:9');
  });

  it('of functions and their names', () => {
    const shell = one('function', 'fakeroot do_a:b () {\n  x\n}\n');
    expect(place(shell.nameRange)).toBe('0:9-0:15');
    expect(place(shell.range)).toBe('0:0-2:1');
    expect(place(one('function', 'python () {\n}\n').nameRange)).toBe('0:0-0:7');
    const definition = one('def', 'def f(d):\n    pass\n\n# x\nA = "1"\n');
    expect(place(definition.nameRange)).toBe('0:4-0:5');
    expect(place(definition.range)).toBe('0:0-3:3');
    expect([definition.lineno, definition.closingLineno]).toEqual([4, 5]);
  });

  it('of what directives name', () => {
    expect(place(one('inherit', 'inherit  a b').classesRange)).toBe('0:9-0:12');
    expect(place(one('include', 'require a.inc').targetRange)).toBe('0:8-0:13');
    expect(place(one('addtask', 'addtask do_a after do_b').tasksRange)).toBe('0:8-0:12');
  });
});

describe('layout', () => {
  it('is kept as nodes, one for each joined comment and each blank line', () => {
    const found = statements('# a \\\n# b\n\n \nA = "1"\n').map(
      ({ kind, range }) => `${kind} ${place(range)}`,
    );
    expect(found).toEqual(['comment 0:0-1:3', 'blank 2:0-2:0', 'blank 3:0-3:1', 'assignment 4:0-4:7']);
  });
});

describe('fileKind', () => {
  it('goes by the name alone', () => {
    const names = ['a.bb', 'a.bbclass', 'a.inc', 'a.bbappend', 'a.conf', '.conf', 'a.b.bb', 'a_%.bbappend'];
    expect(names.map((name) => fileKind(`/x.y/${name}`))).toEqual([
      'recipe',
      'class',
      'include',
      'append',
      'configuration',
      'configuration',
      'recipe',
      'append',
    ]);
    expect(['a', '.bb', '..bb', 'a.txt', 'a.bb/b', 'a.BB'].map(fileKind)).toEqual(Array(6).fill(undefined));
  });
});
