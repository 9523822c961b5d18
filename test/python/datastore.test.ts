import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ExpansionError, FatalError } from '../../server/src/datastore/errors.ts';
import { DatastoreHandle, Opaque } from '../../server/src/datastore/value.ts';
import { PythonError } from '../../server/src/python/runtime.ts';
import type { TestSandbox } from './workspace.ts';
import { testSandbox } from './workspace.ts';

let box: TestSandbox;

beforeAll(async () => {
  box = await testSandbox();
  box.python.checkpoint();
});

beforeEach(() => {
  box.python.restore();
  box.d.stores.clear();
  box.d.stores.set(1, new Map());
  box.d.calls.length = 0;
  box.d.operations = {};
  box.d.otherwise = undefined;
});

const PLACE = ['/layer/x.bb', 10];

describe('the methods of d', () => {
  it.each([
    ['d.getVar("A")', ['getVar', 1, ['A', true, false, false]]],
    ['d.getVar("A", False)', ['getVar', 1, ['A', false, false, false]]],
    ['d.getVar("A", 0, noweakdefault=True)', ['getVar', 1, ['A', false, true, false]]],
    ['d.getVar("ü\\n", expand=True, parsing=True)', ['getVar', 1, ['ü\n', true, false, true]]],
    ['d.getVarFlag("A", "f")', ['getVarFlag', 1, ['A', 'f', true, false, false]]],
    ['d.getVarFlag("A", "f", False)', ['getVarFlag', 1, ['A', 'f', false, false, false]]],
    ['d.setVar("A", "b")', ['setVar', 1, ['A', 'b', undefined, ...PLACE, false]]],
    ['d["A"] = 3', ['setVar', 1, ['A', 3, undefined, ...PLACE, false]]],
    [
      'd.setVar("A", "b", op="set?", file="f", line=3, parsing=True)',
      ['setVar', 1, ['A', 'b', 'set?', 'f', 3, true]],
    ],
    ['d.setVarFlag("A", "f", True)', ['setVarFlag', 1, ['A', 'f', true, undefined, ...PLACE]]],
    [
      'd.setVarFlags("A", {"f": "1", "g": None})',
      [
        'setVarFlags',
        1,
        [
          'A',
          [
            ['f', '1'],
            ['g', undefined],
          ],
          undefined,
          ...PLACE,
        ],
      ],
    ],
    ['d.appendVar("A", " b")', ['appendVar', 1, ['A', ' b', undefined, ...PLACE]]],
    ['d.prependVar("A", "b ")', ['prependVar', 1, ['A', 'b ', undefined, ...PLACE]]],
    ['d.appendVarFlag("A", "f", "b")', ['appendVarFlag', 1, ['A', 'f', 'b', undefined, ...PLACE]]],
    ['d.prependVarFlag("A", "f", "b")', ['prependVarFlag', 1, ['A', 'f', 'b', undefined, ...PLACE]]],
    ['d.delVar("A")', ['delVar', 1, ['A', undefined, ...PLACE]]],
    ['d.delVarFlag("A", "f")', ['delVarFlag', 1, ['A', 'f', undefined, ...PLACE]]],
    ['d.delVarFlags("A")', ['delVarFlags', 1, ['A', undefined, ...PLACE]]],
    ['d.renameVar("A", "B")', ['renameVar', 1, ['A', 'B', undefined, ...PLACE]]],
    ['d.getVarFlags("A")', ['getVarFlags', 1, ['A', [], false]]],
    ['d.getVarFlags("A", expand=["f"], internalflags=True)', ['getVarFlags', 1, ['A', ['f'], true]]],
    ['d.expand("${A}")', ['expand', 1, ['${A}', undefined]]],
    ['d.expand("${A}", "B")', ['expand', 1, ['${A}', 'B']]],
    ['d.hasOverrides("A")', ['hasOverrides', 1, ['A']]],
    ['d.need_overrides()', ['need_overrides', 1, []]],
    ['d.initVar("A")', ['initVar', 1, ['A']]],
    ['d.expandVarref("A", parents=True)', ['expandVarref', 1, ['A', true]]],
    ['d.setVarFilter("A", "sort(val)")', ['setVarFilter', 1, ['A', 'sort(val)']]],
    ['d.setVarFilter("A", "")', ['setVarFilter', 1, ['A', undefined]]],
    ['d.enableTracking()', ['enableTracking', 1, []]],
    ['list(d.localkeys())', ['localkeys', 1, []]],
    ['d.overridesset', ['overrides', 1, []]],
    ['bb.parse.BBHandler.inherit(["a"], "f.bb", 3, d)', ['inherit', 1, [['a'], 'f.bb', 3, false]]],
    [
      'bb.parse.ConfHandler.include("f", "g.inc", 3, d, "include")',
      ['include', 1, ['f', 'g.inc', 3, 'include']],
    ],
  ])('%s', (text, call) => {
    box.d.otherwise = (operation) => (['localkeys', 'overrides'].includes(operation) ? [] : undefined);
    box.python.define(`def go(d):\n    ${text}\n`, { file: '/layer/x.bb', line: 9 });
    box.python.callAnonymous(['go'], 1);
    expect(box.d.calls).toEqual([call]);
  });

  it('that other code calls for a layer name the place in the layer', () => {
    box.d.operations.setVarFlag = () => undefined;
    box.python.define('def go(d):\n\n    bb.build.addtask("x", None, None, d)\n', {
      file: '/layer/y.bb',
      line: 1,
    });
    box.python.callAnonymous(['go'], 1);
    const places = box.d.calls
      .filter(([operation]) => operation.startsWith('set'))
      .map(([, , args]) => args.slice(-3, -1));
    expect(new Set(places.map(String)).has('/layer/y.bb,3')).toBe(true);
  });

  it('give the datastore as a mapping', () => {
    box.d.set('A', 'a');
    box.d.set('B', 'b');
    expect(
      box.evaluate('[len(d), sorted(d), "A" in d, "C" in d, d["A"], d.get("C", 5), dict(d.items())["B"]]'),
    ).toBe("[2, ['A', 'B'], True, False, 'a', 5, 'b']");
    expect(box.raised(() => box.evaluate('d["C"]')).type).toBe('KeyError');
  });

  it('make copies and new datastores', () => {
    box.d.set('A', 'a');
    box.run(
      'def go(d):\n    c = bb.data.createCopy(d)\n    c.setVar("A", "c")\n    n = bb.data.init()\n    d.setVar("R", "%s %s %s %s" % (d.getVar("A"), c.getVar("A"), n.getVar("A"), type(n) is type(d)))\n',
    );
    box.python.callAnonymous(['go'], 1);
    expect(box.d.get('R')).toBe('a c None True');
    expect(box.evaluate('isinstance(d, bb.data_smart.DataSmart)')).toBe('True');
  });

  it('expand with what is referred to', () => {
    box.d.operations.expandWithRefs = () => ({
      value: 'v',
      references: ['A', 'B'],
      execs: ['f'],
      contains: [['X', ['a', 'b']]],
      removes: undefined,
    });
    box.run(
      'def go(d):\n    p = d.expandWithRefs("t", "N")\n    return [p.value, sorted(p.references), p.execs, sorted(p.contains["X"]), hasattr(p, "removes"), p.varname, p.unexpanded_value]\n',
    );
    expect(box.evaluate('go(d)')).toBe("['v', ['A', 'B'], {'f'}, ['a', 'b'], False, 'N', 't']");
  });

  it('give flags by name, or None', () => {
    box.d.operations.getVarFlags = (_d, [name]) => (name === 'A' ? { f: '1', __proto: ['x'] } : undefined);
    expect(box.evaluate('[d.getVarFlags("A"), d.getVarFlags("B")]')).toBe(
      "[{'f': '1', '__proto': ['x']}, None]",
    );
  });

  it('tell the history', () => {
    box.d.operations.variableHistory = () => [
      ['set', '/a.conf', 3, 'x y', undefined],
      ['append', '/b.conf', 4, ' z', undefined],
      ['set', '/c.conf', 5, '1', 'flag'],
    ];
    box.d.set('A', 'x y z');
    expect(box.evaluate('d.varhistory.get_variable_files("A")')).toBe("['/a.conf', '/b.conf', '/c.conf']");
    expect(box.evaluate('d.varhistory.get_variable_lines("A", "/b.conf")')).toBe('[4]');
    expect(box.evaluate('d.varhistory.get_variable_items_files("A")')).toBe(
      "{'x': '/a.conf', 'y': '/a.conf', 'z': '/b.conf'}",
    );
    expect(box.evaluate('d.varhistory.variable("A")[2]')).toBe(
      "{'variable': 'A', 'op': 'set', 'file': '/c.conf', 'line': 5, 'detail': '1', 'flag': 'flag'}",
    );
  });

  it('are not reached by a name that is none', () => {
    expect(box.evaluate('[d.getVar(None), d.getVar(3)]')).toBe('[None, None]');
  });
});

describe('values', () => {
  it.each([
    ['"text"', 'text'],
    ['"\\ud800 lone"', '\ud800 lone'],
    ['"\\0\\n€𝄞"', '\0\n€𝄞'],
    ['7', 7],
    ['-0', 0],
    ['2**53 - 1', 2 ** 53 - 1],
    ['True', true],
    ['False', false],
    ['None', undefined],
    ['[]', []],
    ['["a", [1, None], True]', ['a', [1, undefined], true]],
    ['type("S", (str,), {})("sub")', 'sub'],
    ['2**64', new Opaque(1, '18446744073709551616', true)],
    ['1.5', new Opaque(1, '1.5', true)],
    ['{}', new Opaque(1, '{}', false)],
    ['("a",)', new Opaque(1, "('a',)", true)],
    ['b""', new Opaque(1, "b''", false)],
    ['[{"a"}]', [new Opaque(1, "{'a'}", true)]],
    ['d', new DatastoreHandle(1)],
  ])('%s goes out', (expression, value) => {
    box.evaluate(`d.setVar("A", ${expression})`);
    expect(box.d.get('A')).toEqual(value);
  });

  it.each([
    ['text', "'text'"],
    ['\ud800 lone', "'\\ud800 lone'"],
    ['\0€𝄞', "'\\x00€𝄞'"],
    ['', "''"],
    [7, '7'],
    [2 ** 53 - 1, '9007199254740991'],
    [true, 'True'],
    [undefined, 'None'],
    [['a', [undefined, 1]], "['a', [None, 1]]"],
    [new DatastoreHandle(7), '<datastore 7>'],
  ])('%j comes in', (value, text) => {
    box.d.set('A', value);
    expect(box.evaluate('repr(d.getVar("A"))')).toBe(text);
  });

  it('that only Python understands come back as they went, copied', () => {
    box.run('class Thing:\n    pass\n');
    box.run(
      'def go(d):\n    t = Thing()\n    t.list = [1]\n    d.setVar("A", t)\n    u = d.getVar("A")\n    return [type(u) is Thing, u is t, u.list is t.list]\n',
    );
    expect(box.evaluate('go(d)')).toBe('[True, False, True]');
    expect(box.evaluate('[d.setVar("S", {3, 1}), d.getVar("S") | {2}][1]')).toBe('{1, 2, 3}');
  });

  it('are copies: a list changed after it was read changes nothing', () => {
    box.d.set('L', ['a']);
    expect(box.evaluate('[d.getVar("L").append("b"), d.getVar("L")][1]')).toBe("['a']");
  });

  it('whose own methods fail cross all the same', () => {
    box.run(
      'class Bad:\n    def __str__(self):\n        raise ValueError\n    __bool__ = __str__\nbad = Bad()\n',
    );
    box.evaluate('d.setVar("A", bad)');
    expect((box.d.get('A') as Opaque).truthy).toBe(true);
  });
});

describe('errors', () => {
  it('thrown by an operation are what Python knows them as', () => {
    box.d.operations.getVar = (_d, [name]) => {
      if (name === 'FATAL') throw new FatalError('told');
      if (name === 'PARSE')
        throw Object.assign(new Error('bad'), { name: 'ParseError', file: 'f.bb', line: 3 });
      if (name === 'SKIP') throw Object.assign(new Error('why'), { name: 'SkipRecipe' });
      if (name === 'EXPAND') throw new ExpansionError('X', '${@1/0}', new Error('inner'));
      throw new TypeError('other');
    };
    box.run(
      'def kind(name, d):\n    try:\n        d.getVar(name)\n    except Exception as e:\n        return "%s.%s: %s" % (type(e).__module__, type(e).__name__, e)\n',
    );
    expect(box.evaluate('kind("FATAL", d)')).toBe('bb.BBHandledException: told');
    expect(box.evaluate('kind("PARSE", d)')).toBe('bb.parse.ParseError: ParseError at f.bb:3: bad');
    expect(box.evaluate('kind("SKIP", d)')).toBe('bb.parse.SkipRecipe: why');
    expect(box.evaluate('kind("EXPAND", d)')).toBe(
      'bb.data_smart.ExpansionError: Failure expanding variable X, expression was ${@1/0} which triggered exception Exception: inner\nThe variable dependency chain for the failure is: X',
    );
    expect(box.evaluate('kind("OTHER", d)')).toBe('builtins.Exception: other');
  });

  it('of TypeScript that pass through Python are the same object', () => {
    const thrown = new ExpansionError('X', 'e', new Error('inner'));
    box.d.operations.getVar = () => {
      throw thrown;
    };
    let caught: unknown;
    try {
      box.evaluate('d.getVar("X")');
    } catch (error) {
      caught = error;
    }
    expect(caught).toBe(thrown);
  });

  it('of Python that pass through TypeScript are the same object on both sides', () => {
    const seen: unknown[] = [];
    box.d.operations.getVar = (d, [name]) => {
      try {
        return box.python.evaluate(name as string, d, undefined);
      } catch (error) {
        seen.push(error);
        throw error;
      }
    };
    box.run(
      'class Mine(Exception):\n    pass\nmine = Mine("m")\ndef fail():\n    raise mine\ndef go(d):\n    try:\n        d.getVar("d.getVar(\'fail()\')")\n    except Mine as e:\n        return e is mine\n',
    );
    expect(box.evaluate('go(d)')).toBe('True');
    expect(seen).toHaveLength(2);
    expect(seen[0]).toBeInstanceOf(PythonError);
    expect(seen[0]).toBe(seen[1]);
  });

  it('wrapped on the way keep what they wrap', () => {
    box.d.operations.getVar = (d, [name]) => {
      try {
        return box.python.evaluate(name as string, d, undefined);
      } catch (error) {
        throw new ExpansionError('V', name as string, error);
      }
    };
    box.run(
      'def skip():\n    raise bb.parse.SkipRecipe("s")\ndef go(d):\n    try:\n        d.getVar("skip()")\n    except bb.data_smart.ExpansionError as e:\n        return "%s %s %s" % (e.variablename, type(e.exception).__name__, e.exception)\n',
    );
    expect(box.evaluate('go(d)')).toBe('V SkipRecipe s');
  });

  it('that defy description still cross', () => {
    box.run('class Odd(Exception):\n    def __str__(self):\n        raise RuntimeError\n');
    expect(box.raised(() => box.run('raise Odd()')).type).toBe('Odd');
  });

  it('that leave Python are errors like others', () => {
    expect(box.raised(() => box.run('raise SystemExit(3)')).type).toBe('SystemExit');
    expect(box.raised(() => box.run('raise KeyboardInterrupt')).type).toBe('KeyboardInterrupt');
    expect(box.evaluate('1')).toBe('1');
  });
});

describe('nesting', () => {
  it('goes both ways, deep', () => {
    box.d.operations.getVar = (d, [name]) => {
      const depth = Number(name);
      return depth === 0 ? 'end' : box.python.evaluate(`d.getVar("${depth - 1}") + "."`, d, undefined);
    };
    expect(box.evaluate('d.getVar("30")')).toBe(`end${'.'.repeat(30)}`);
  });

  it('without end is a RecursionError, and Python lives on once it is put back', () => {
    box.d.operations.getVar = (d, [name]) => box.python.evaluate('d.getVar("X")', d, name as string);
    expect(box.raised(() => box.evaluate('d.getVar("X")')).type).toBe('RecursionError');
    box.python.restore();
    box.d.operations = {};
    expect(box.evaluate('d.getVar("X")')).toBe('None');
  });
});
