/** What is remembered of pieces of Python, over a sandbox whose pieces are functions of this file. */
import { describe, expect, it } from 'vitest';
import type { Value } from '../../server/src/datastore/value.ts';
import { type ObservedRuntime, RememberingRuntime } from '../../server/src/python/remembering.ts';

/** A datastore of one level, with a list of all that was asked of it. */
class Variables {
  readonly values = new Map<string, Value>();
  readonly asked: string[] = [];
  call(operation: string, _d: number, args: readonly Value[]): Value {
    const [name, value] = args as [string, Value];
    this.asked.push(operation === 'setVar' ? `${name} = ${String(value)}` : name);
    if (operation !== 'setVar') return this.values.get(name);
    this.values.set(name, value);
    return undefined;
  }
}

type Piece = (ask: (name: string) => Value, set: (name: string, value: string) => void) => string;

function remembering(pieces: Record<string, Piece>) {
  const variables = new Variables();
  const python = new RememberingRuntime(variables);
  const entered: string[] = [];
  let keeps = false;
  const sandbox = {
    evaluate: (text: string, d: number) => {
      entered.push(text);
      const ask = (name: string) => python.service.call('getVar', d, [name]) as Value;
      const set = (name: string, value: string) => void python.service.call('setVar', d, [name, value]);
      return pieces[text]!(ask, set);
    },
    applyFilter: (value: string, filter: string) => {
      entered.push(filter);
      if (filter === 'keeping') keeps = true;
      return `${filter} ${value}`;
    },
    define: (text: string) => entered.push(text),
    restore: () => entered.push('restore'),
    checkpoint: () => undefined,
    compile: () => undefined,
    keeps: () => keeps,
    replaced: () => ({ names: [], frame: undefined }),
  };
  python.attach(sandbox as unknown as ObservedRuntime);
  python.checkpoint();
  return {
    python,
    variables,
    entered,
    evaluate: (text: string) => python.evaluate(text, 1, undefined),
    keep: (value: boolean) => (keeps = value),
  };
}

describe('remembered Python', () => {
  it('is entered once for the same answers, and again for another', () => {
    const { variables, entered, evaluate } = remembering({ a: (ask) => `<${String(ask('A'))}>` });
    variables.values.set('A', '1');
    expect([evaluate('a'), evaluate('a')]).toEqual(['<1>', '<1>']);
    variables.values.set('A', '2');
    expect([evaluate('a'), evaluate('a')]).toEqual(['<2>', '<2>']);
    variables.values.set('A', '1');
    expect(evaluate('a')).toBe('<1>');
    expect(entered).toEqual(['a', 'a']);
    expect(variables.asked).toEqual(['A', 'A', 'A', 'A', 'A']);
  });

  it('tells a text apart from None and from what its JSON is', () => {
    const { variables, entered, evaluate } = remembering({ a: (ask) => typeof ask('A') });
    for (const value of ['', undefined, 1, '1', ['x'], '["x"]', true]) {
      variables.values.set('A', value);
      expect(evaluate('a')).toBe(typeof value);
    }
    expect(entered).toHaveLength(7);
  });

  it('makes the same changes, and asks nothing twice where only the beginning is known', () => {
    const { variables, entered, evaluate } = remembering({
      a: (ask, set) => {
        set('SEEN', `${String(ask('A'))} ${String(ask('SEEN'))}`);
        return String(ask('B'));
      },
    });
    variables.values.set('B', 'x');
    expect(evaluate('a')).toBe('x');
    variables.values.delete('SEEN');
    variables.asked.length = 0;
    variables.values.set('B', 'y');
    expect(evaluate('a')).toBe('y');
    expect(variables.asked).toEqual(['A', 'SEEN', 'SEEN = undefined undefined', 'B']);
    expect(entered).toEqual(['a', 'a']);
    variables.asked.length = 0;
    variables.values.delete('SEEN');
    expect(evaluate('a')).toBe('y');
    expect(variables.asked).toEqual(['A', 'SEEN', 'SEEN = undefined undefined', 'B']);
    expect(entered).toHaveLength(2);
  });

  it('depends on the functions that it reaches by name', () => {
    const { python, entered, evaluate } = remembering({ 'f(d)': () => 'x' });
    const place = { file: '/a.bbclass', line: 1 };
    const texts = [
      'def f(d):\n    return g(d)\n',
      'def g(d):\n    return 1\n',
      'def other(d):\n    return 2\n',
    ];
    for (const text of texts) python.define(text, place);
    entered.length = 0;
    evaluate('f(d)');
    evaluate('f(d)');
    python.define('def other(d):\n    return 3\n', place);
    evaluate('f(d)');
    expect(entered.filter((text) => text === 'f(d)')).toHaveLength(1);
    python.define('def g(d):\n    return 3\n', place);
    evaluate('f(d)');
    expect(entered.filter((text) => text === 'f(d)')).toHaveLength(2);
  });

  it('waits with definitions and with putting Python back until Python is entered', () => {
    const { python, entered, evaluate } = remembering({ a: () => 'x', b: () => 'y' });
    const define = () => python.define('def f(d):\n    return 1\n', { file: '/a', line: 1 });
    define();
    evaluate('a');
    python.restore();
    define();
    evaluate('a');
    expect(entered).toEqual(['def f(d):\n    return 1\n', 'a']);
    evaluate('b');
    expect(entered.slice(2)).toEqual(['restore', 'def f(d):\n    return 1\n', 'b']);
  });

  it('is entered each time where it asks for something that passes, or keeps something', () => {
    const { python, entered, evaluate, keep } = remembering({
      clock: () => (python.observer.passing(), 'now'),
      cache: () => 'x',
    });
    evaluate('clock');
    evaluate('clock');
    keep(true);
    evaluate('cache');
    evaluate('cache');
    expect(entered).toEqual(['clock', 'clock', 'cache', 'cache']);
  });

  it('is forgotten when a file is changed that it looked at', () => {
    const { python, entered, evaluate } = remembering({
      a: () => (python.observer.looked('/layer/files/x.cfg'), 'x'),
    });
    evaluate('a');
    python.forgetFiles(['/layer/files/y.cfg'], []);
    evaluate('a');
    expect(entered).toHaveLength(1);
    python.forgetFiles(['/elsewhere/x.cfg'], []);
    evaluate('a');
    expect(entered).toHaveLength(2);
  });

  it('is forgotten where a file in a directory that it looked at may have come or gone, not where its text is another', () => {
    const { python, entered, evaluate } = remembering({
      a: () => (python.observer.looked('/layer/files'), 'x'),
    });
    evaluate('a');
    python.forgetFiles([], ['/layer/files/x.cfg']);
    evaluate('a');
    expect(entered).toHaveLength(1);
    python.forgetFiles(['/layer/files/x.cfg'], []);
    evaluate('a');
    expect(entered).toHaveLength(2);
  });

  it('is known again where it keeps the same after the same, and then keeps it as soon as Python is entered', () => {
    const { python, entered, evaluate, keep, variables } = remembering({
      a: (ask) => (keep(true), String(ask('A'))),
      b: (ask) => (keep(true), String(ask('B'))),
      c: () => (keep(false), 'c'),
      d: () => (keep(false), 'd'),
    });
    const again = (...texts: string[]) => {
      python.restore();
      python.turnTo('/x.bb', true);
      entered.length = variables.asked.length = 0;
      return texts.map(evaluate);
    };
    again('a', 'b', 'c');
    again('a', 'b', 'c');
    expect(entered.filter((text) => text !== 'restore')).toEqual(['a', 'b']);
    expect(again('a', 'b', 'c')).toEqual(['undefined', 'undefined', 'c']);
    expect(entered).toEqual([]);
    expect(variables.asked).toEqual(['A', 'B']);
    // They run before what needs Python, and are given the answers that they got.
    again('a', 'b', 'd');
    expect(entered).toEqual(['restore', 'a', 'b', 'd']);
    expect(variables.asked).toEqual(['A', 'B']);
    // After something else was kept it is another matter.
    variables.values.set('A', 'x');
    expect(again('a', 'b', 'c')).toEqual(['x', 'undefined', 'c']);
    expect(entered).toEqual(['restore', 'a', 'b']);
  });

  it('filters each value once, unless the filter keeps something', () => {
    const { python, entered, keep } = remembering({});
    const filter = (value: string, by: string) => python.applyFilter(value, by);
    expect([filter('a', 'x'), filter('b', 'x'), filter('a', 'x')]).toEqual(['x a', 'x b', 'x a']);
    expect(entered).toEqual(['x', 'x']);
    python.restore();
    expect([filter('a', 'x'), filter('a', 'keeping'), filter('a', 'keeping')]).toEqual([
      'x a',
      'keeping a',
      'keeping a',
    ]);
    expect(entered.slice(2)).toEqual(['restore', 'keeping', 'keeping']);
    keep(false);
    python.checkpoint();
    entered.length = 0;
    filter('a', 'x');
    expect(entered).toEqual(['x']);
  });

  it('that looks at all definitions depends on each of them', () => {
    const { python, entered, evaluate } = remembering({ 'globals()': () => 'x' });
    const define = (text: string) => python.define(text, { file: '/a', line: 1 });
    define('def f(d):\n    return 1\n');
    evaluate('globals()');
    evaluate('globals()');
    expect(entered.slice(1)).toEqual(['globals()']);
    define('def other(d):\n    return 1\n');
    evaluate('globals()');
    expect(entered.slice(3)).toEqual(['globals()']);
  });

  it.each([
    'import sys; sys.modules["x"] = 1',
    'setattr(bb.utils, "contains", None)',
    'bb.utils.contains = None',
    'bb.utils._context.update({})',
    'os.environ["X"] = "1"',
    'globals()["x"] = 1',
    'f.__code__',
    'x.__dict__["y"]',
  ])('is left alone from where something lasting may be done: %s', (text) => {
    const { python, entered, evaluate } = remembering({ [text]: () => 'x', a: () => 'y' });
    evaluate('a');
    evaluate(text);
    evaluate('a');
    expect(entered).toEqual(['a', text, 'a']);
    python.restore();
    evaluate('a');
    expect(entered).toEqual(['a', text, 'a']);
  });
});
