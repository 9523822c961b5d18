import { describe, expect, it } from 'vitest';
import { parseFile } from '../../server/src/syntax/parser.ts';
import { syntaxTraits } from '../../server/src/syntax/traits.ts';

/** `code "text in range": message` of each problem; ranges of several lines as numbers. */
function problems(text: string, path = '/a.bb', minor = 19): string[] {
  const lines = text.split(/\r\n|\r|\n/);
  return parseFile(path, text, syntaxTraits(2, minor)).problems.map(({ severity, code, message, range }) => {
    const { start, end } = range!;
    const marked =
      start.line === end.line
        ? `${start.line}:${JSON.stringify(lines[start.line]!.slice(start.column, end.column))}`
        : `${start.line}:${start.column}-${end.line}:${end.column}`;
    return `${severity} ${code} ${marked} ${message}`;
  });
}

describe('unreadable assignments', () => {
  it.each([
    ['A = b c', 'b c', 'Put the value in quotes: "…".'],
    ['CFLAGS=-O2', '-O2', 'Put the value in quotes: "…".'],
    ['A =', '=', 'The value is missing. Write it in quotes, "" for an empty one.'],
    ['A "b"', ' "', 'The operator is missing: write "=" before the value.'],
    ['A = "b" # c', '# c', 'A comment cannot follow a value. Put it on a line of its own.'],
    [
      'A = "b" c',
      'c',
      'Nothing may follow the closing " of a value. If the value goes on, it must end in ".',
    ],
    ['A = "b" c"', '"', "A third \" leaves the quotes unbalanced. Put the value in '…', or remove one."],
    ['A B = "c"', ' ', "A blank cannot stand in a variable's name."],
    ['A@b = "c"', '@', '"@" cannot stand in a variable\'s name.'],
    [
      'A[b c] = "d"',
      '[b c]',
      'A flag is written as [flag], and only a-z A-Z 0-9 - _ + . @ / can stand in it.',
    ],
    ['A -= "b"', '-=', '"-=" is no operator. Those are =, ?=, ??=, :=, +=, =+, .= and =. alone.'],
    ['A == "b"', '==', '"==" is no operator. Those are =, ?=, ??=, :=, +=, =+, .= and =. alone.'],
  ])('%s', (text, marked, message) => {
    const said = `error unparsed-line 0:${JSON.stringify(marked)} ${message}`;
    expect(problems(text)).toEqual([said]);
    expect(problems(text, '/a.conf')).toEqual([said]);
  });

  it('a value that is not closed', () => {
    expect(problems('A = "b')).toEqual([
      'error unparsed-line 0:"\\"b" The closing " is missing. End the value with it, or end the line with "\\" to go on in the next.',
    ]);
  });

  it('a continuation into an empty line', () => {
    expect(problems('A = "b" \\\n\n')).toEqual([
      'error unparsed-line 0:" " Behind the closing quote, "\\" joins an empty line, and the blanks between cannot be read. Remove the "\\".',
    ]);
  });

  it('an assignment to nothing', () => {
    expect(problems('= "b"')).toEqual([
      'error empty-variable-name 0:"=" The assignment names no variable. Write a name before the operator.',
    ]);
  });
});

describe('unreadable functions', () => {
  it.each([
    ['do_a {', ' {', 'Write "do_a() {" to begin a function.'],
    ['do_a()', '()', 'The "{" that begins the function must stand on this line.'],
    ['{', '{', 'The "{" that begins a function must stand at the end of its first line.'],
    [
      'do_a() { b; }',
      ' b; }',
      'Nothing may follow the "{" that begins a function. Write its commands on lines of their own and "}" on the last.',
    ],
    [
      'do_a(b) {',
      'b',
      'A function of BitBake takes no arguments. Remove them, or write "def name(arguments):" for Python.',
    ],
    ['}', '}', 'No function is open here. Remove the "}", or write the function\'s first line.'],
    ['def a(d)', 'def a(d)', 'Write a Python function as "def name(arguments):", all on one line.'],
  ])('%s', (text, marked, message) => {
    expect(problems(text)).toEqual([`error unparsed-line 0:${JSON.stringify(marked)} ${message}`]);
  });

  it('in a configuration file', () => {
    expect(problems('do_a() {', '/a.conf')).toEqual([
      'error unparsed-line 0:"do_a() {" A configuration file cannot define functions. Move it to a class.',
    ]);
  });

  it('never closed: said once, and what follows is read on', () => {
    const text = 'do_a() {\n    b\n\ndo_c() {\n    d\n\naddtask c\nA = "1"\n';
    expect(problems(text)).toEqual([
      'error unclosed-function 0:"do_a() {" Function do_a is never closed. End it with a "}" in the first column of a line of its own.',
      'error unclosed-function 3:"do_c() {" Function do_c is never closed. End it with a "}" in the first column of a line of its own.',
    ]);
    const kinds = parseFile('/a.bb', text, syntaxTraits(2, 19)).statements.map(({ kind }) => kind);
    expect(kinds).toEqual(['unreadable', 'unreadable', 'addtask', 'assignment']);
  });

  it('never closed, where BitBake drops the rest without a word', () => {
    const text = 'inherit x\ndo_a() {\n    b\naddtask a\n';
    expect(problems(text, '/a.bb', 0)).toEqual([
      'warning unclosed-function 1:"do_a() {" BitBake drops function do_a and all that follows without a word, since it is never closed. End it with a "}" in the first column of a line of its own.',
    ]);
    const kinds = parseFile('/a.bb', text, syntaxTraits(2, 0)).statements.map(({ kind }) => kind);
    expect(kinds).toEqual(['inherit', 'unreadable']);
    expect(problems(`require a.conf\n${text.slice(10)}`, '/a.bb', 0)[0]).toMatch(
      /^error unclosed-function 1:/,
    );
  });
});

describe('unreadable directives', () => {
  it.each([
    ['inherit', '/a.bb', 19, 'inherit', 'Name the classes behind "inherit".'],
    ['addtask', '/a.bb', 19, 'addtask', 'Name the task behind "addtask".'],
    [
      'addtask ${A}',
      '/a.bb',
      8,
      '${A}',
      'This release of BitBake wants the name of one task here, written out.',
    ],
    [
      'inherit_defer a',
      '/a.bb',
      0,
      'inherit_defer',
      'This release of BitBake has no "inherit_defer". Use "inherit".',
    ],
    [
      'inherit a',
      '/a.conf',
      19,
      'inherit',
      '"inherit" is not read in a configuration file. Set INHERIT, or move it to a recipe or class.',
    ],
    [
      'include_all a',
      '/a.conf',
      8,
      'include_all',
      'This release of BitBake has no "include_all". Use "include" or "require".',
    ],
    ['addpylib a b', '/a.conf', 0, 'addpylib', 'This release of BitBake has no "addpylib".'],
    ['addpylib a', '/a.conf', 19, 'a', 'Write "addpylib DIRECTORY NAMESPACE".'],
    [
      'addpylib a b',
      '/a.bb',
      19,
      'addpylib',
      '"addpylib" is read only in layer.conf and other configuration files. Move it there.',
    ],
    [
      'export A:b',
      '/a.bb',
      19,
      'A:b',
      '"export" takes a variable\'s name without overrides. Export the variable itself.',
    ],
    ['unset A[', '/a.bb', 19, 'A[', 'Write "unset VARIABLE" or "unset VARIABLE[flag]".'],
  ])('%s in %s, BitBake 2.%i', (text, path, minor, marked, message) => {
    expect(problems(text, path, minor)).toEqual([
      `error unparsed-line 0:${JSON.stringify(marked)} ${message}`,
    ]);
  });

  it('a task with an override operator in its name', () => {
    expect(problems('addtask a before do_b:append_c')).toEqual([
      'error task-keyword 0:"do_b:append_c" Task name "do_b:append_c" contains ":append_", ":prepend_" or ":remove_". Rename the task without it.',
    ]);
  });
});

describe('lines that BitBake joins or does not', () => {
  it.each([
    [' # a', ' ', 'BitBake reads a comment only from the first column. Remove the blanks before "#".'],
    [
      '  A = "b"',
      '  ',
      'BitBake reads statements only from the first column. Remove the blanks, or end the line before with "\\" if this continues it.',
    ],
    [
      '\ufeffA = "b"',
      '\ufeff',
      'The file begins with a byte order mark, which BitBake cannot read. Save it as UTF-8 without one.',
    ],
    ['<<<<<<< HEAD', '<<<<<<< HEAD', 'A mark of an unresolved merge. Choose one side and remove the marks.'],
    [
      'echo a',
      'echo a',
      'BitBake cannot read this line: it is no assignment, function or directive such as inherit. Commands belong inside a function.',
    ],
  ])('%j', (text, marked, message) => {
    expect(problems(text)).toEqual([`error unparsed-line 0:${JSON.stringify(marked)} ${message}`]);
  });

  it('a comment inside a statement: one problem, and the next statement is read', () => {
    const text = 'A = "a \\\n# b\n  c \\\n# d \\\n"\nB = "1"\n';
    expect(problems(text)).toEqual([
      'error comment-in-continuation 1:"# b" A comment cannot stand inside a statement of several lines. Move it before the statement.',
    ]);
    const kinds = parseFile('/a.bb', text, syntaxTraits(2, 19)).statements.map(({ kind }) => kind);
    expect(kinds).toEqual(['unreadable', 'assignment']);
  });

  it.each(['/a.bb', '/a.conf'])('a comment that goes on into a statement, in %s', (path) => {
    const text = '# a \\\n# b \\\nA = "1"\n';
    expect(problems(text, path)).toEqual([
      'error continued-comment 1:"# b \\\\" The comment ends in "\\", so the next line would be part of it. Remove the "\\", or begin the next line with "#".',
    ]);
    const kinds = parseFile(path, text, syntaxTraits(2, 19)).statements.map(({ kind }) => kind);
    expect(kinds).toEqual(['unreadable', 'assignment']);
  });

  it('a backslash alone, or at the end of the file', () => {
    expect(problems('\\\nA = "1"\n')).toEqual([
      'error lone-backslash 0:"\\\\" The line holds nothing but "\\", which BitBake cannot read. Remove it.',
    ]);
    expect(problems('\\\n\nA = "1"\n', '/a.conf')).toEqual([
      'error lone-backslash 0:0-1:0 Only "\\" is left of this line, which BitBake cannot read. Remove it.',
    ]);
    expect(problems('A = "1" \\\n')).toEqual([
      'error unclosed-continuation 0:"A = \\"1\\" \\\\" The file ends in a line that "\\" continues. Remove the "\\".',
    ]);
  });
});

describe('warnings', () => {
  it('of missing blanks, tabs and doubtful operators', () => {
    const text = 'A="1"\nB:append:c += "2"\npython d() {\n \tpass\n}\n';
    expect(problems(text)).toEqual([
      'warning blanks-around-operator 0:"=" Put a blank on both sides of "=".',
      'warning operator-combination 1:"B:append:c +=" ":append" together with "+=" is not recommended, since both add to the value. Use ":append" with "=".',
      'warning tab-in-python 3:" \\t" Python here is indented by a tab. Use 4 spaces for each level.',
    ]);
    expect(problems(text, '/a.bb', 12)).toHaveLength(2);
  });

  it('of what addtask ignores in older releases', () => {
    expect(problems('addtask a,b\naddtask a before b before c\n', '/a.bb', 8)).toEqual([
      'warning addtask-ignored 0:",b" BitBake ignores ",b": this release adds one task per addtask. Write an addtask line for each.',
      'warning addtask-repeated-keyword 1:"addtask a before b before c" "before" is written more than once; only one counts. List all the tasks behind one "before".',
    ]);
  });

  it('come no more than 500 times, and do not hide an error', () => {
    const found = parseFile('/a.bb', `${'A="1"\n'.repeat(600)}x\n`, syntaxTraits(2, 19)).problems;
    expect(found.filter(({ severity }) => severity === 'warning')).toHaveLength(500);
    expect(found.at(-1)!.code).toBe('unparsed-line');
  });
});
