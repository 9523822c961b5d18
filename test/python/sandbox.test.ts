import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TestSandbox } from './workspace.ts';
import { memoryFiles, testSandbox } from './workspace.ts';

const FILES = {
  '/layer/x.bb': '',
  '/layer/lib/acme/__init__.py': 'BBIMPORTS = ["names", "broken_not"]\n',
  '/layer/lib/acme/names.py': 'def upper(d):\n    return d.getVar("NAME").upper()\n',
  '/layer/lib/acme/broken_not.py': 'LIMIT = 3\n',
  '/layer/lib/plain.py': 'VALUE = 7\n',
};

let box: TestSandbox;

beforeAll(async () => {
  box = await testSandbox({ files: memoryFiles(FILES) });
  box.python.checkpoint();
});

beforeEach(() => {
  box.python.restore();
  box.python.takeRefusals();
  box.d.stores.clear();
  box.d.stores.set(1, new Map());
  box.d.calls.length = 0;
  box.d.operations = {};
  box.said.length = 0;
});

describe('an expression', () => {
  it.each([
    ['1 + 1', '2'],
    ["'a' * 3", 'aaa'],
    ['None', 'None'],
    ['[1, "x"]', "[1, 'x']"],
    [' \t 5 \n', '5'],
    ["'ü€𝄞'", 'ü€𝄞'],
    ["bb.utils.contains('X', 'a', 'yes', 'no', d)", 'no'],
    ["os.path.join('a', 'b')", 'a/b'],
    ["time.strftime('%Y-%m-%d', time.gmtime())", '2023-11-14'],
  ])('%s is %s', (expression, value) => {
    expect(box.evaluate(expression)).toBe(value);
  });

  it('sees variables as names', () => {
    box.d.set('FOO', 'foo');
    expect(box.evaluate('FOO + d.getVar("FOO")', 'X')).toBe('foofoo');
  });

  it('sees functions of the context before variables, and no variable for a built-in name', () => {
    box.run('def assist(d):\n    return "function"\n');
    box.d.set('assist', 'variable');
    box.d.set('len', 'variable');
    box.d.set('oe', 'variable');
    expect(box.evaluate('assist(d)')).toBe('function');
    expect(box.evaluate('len("abc")')).toBe('3');
    expect(box.raised(() => box.evaluate('oe')).type).toBe('NameError');
  });

  it('reaches d from lambdas and comprehensions', () => {
    box.d.set('A', 'a');
    expect(box.evaluate('[(lambda n: d.getVar(n))(n) for n in ("A", "B")]')).toBe("['a', None]");
  });

  it('that is no Python says so with the message alone', () => {
    const error = box.raised(() => box.evaluate("'abc", 'X'));
    expect(error.type).toBe('SyntaxError');
    expect(error.argument).toBe('unterminated string literal (detected at line 1)');
    expect(error.message).toBe('unterminated string literal (detected at line 1) (Var <X>, line 1)');
  });

  it('that fails says what and how `except` would see it', () => {
    const error = box.raised(() => box.evaluate('{}["x"]'));
    expect([error.type, error.argument, error.frame]).toEqual(['KeyError', 'x', undefined]);
    expect(error.types).toEqual(['KeyError', 'LookupError', 'Exception', 'BaseException', 'object']);
    expect(error.is('LookupError')).toBe(true);
  });
});

describe('definitions', () => {
  it('keep their place in the file', () => {
    box.run('\ndef fail(d):\n    raise ValueError("here")\n');
    const error = box.raised(() => box.python.callAnonymous(['fail'], 1));
    expect([error.type, error.message, error.frame]).toEqual([
      'ValueError',
      'here',
      { file: '/layer/x.bb', line: 12 },
    ]);
  });

  it('with a syntax error name its line', () => {
    const error = box.raised(() => box.run('def f(d):\n    return (\n'));
    expect([error.type, error.frame]).toEqual(['SyntaxError', { file: '/layer/x.bb', line: 11 }]);
  });

  it('run in order as anonymous functions', () => {
    for (const name of ['a', 'b']) {
      box.run(`def ${name}(d):\n    d.setVar("LOG", (d.getVar("LOG") or "") + "${name}")\n`);
    }
    box.python.callAnonymous(['b', 'a', 'b'], 1);
    expect(box.d.get('LOG')).toBe('bab');
  });

  it('skip a recipe with its reason', () => {
    box.run('def skip(d):\n    raise bb.parse.SkipPackage("not for us")\n');
    const error = box.raised(() => box.python.callAnonymous(['skip'], 1));
    expect([error.type, error.argument]).toEqual(['bb.parse.SkipPackage', 'not for us']);
    expect(error.is('bb.parse.SkipRecipe')).toBe(true);
  });
});

describe('event handlers', () => {
  it('get the event, its data and d', () => {
    box.python.defineHandler(
      'handle',
      '    d.setVar("SEEN", "%s %s %s" % (bb.event.getName(e), e.fn, e.data is d))\n',
      { file: '/layer/x.bb', line: 20 },
    );
    box.python.fireHandler('handle', 'RecipePreFinalise', ['/layer/x.bb'], 1);
    expect(box.d.get('SEEN')).toBe('RecipePreFinalise /layer/x.bb True');
  });

  it('get lists as arguments', () => {
    box.python.defineHandler('handle', '    d.setVar("SEEN", ",".join(e.tasklist))\n', {
      file: '/layer/x.bb',
      line: 20,
    });
    box.python.fireHandler('handle', 'RecipeTaskPreProcess', ['/layer/x.bb', ['do_a', 'do_b']], 1);
    expect(box.d.get('SEEN')).toBe('do_a,do_b');
  });

  it('fail on their own line', () => {
    box.python.defineHandler('handle', '    x = 1\n    raise bb.BBHandledException("no")\n', {
      file: '/layer/x.bb',
      line: 20,
    });
    const error = box.raised(() => box.python.fireHandler('handle', 'ConfigParsed', [], 1));
    expect([error.type, error.frame]).toEqual(['bb.BBHandledException', { file: '/layer/x.bb', line: 22 }]);
  });
});

describe('libraries', () => {
  it('are imported with what BBIMPORTS names, and their functions analysed', () => {
    const functions = box.python.addLibrary('/layer/lib', 'acme');
    expect(functions.map(({ name, references }) => [name, references])).toEqual([
      ['acme.names.upper', ['NAME']],
    ]);
    box.d.set('NAME', 'n');
    expect(box.evaluate('acme.names.upper(d) + str(acme.broken_not.LIMIT)')).toBe('N3');
  });

  it('that are not there say so', () => {
    expect(box.raised(() => box.python.addLibrary('/layer/lib', 'nothing')).type).toBe('ModuleNotFoundError');
  });

  it('of Python itself can be made global', () => {
    box.python.importGlobals(['re', 'json']);
    expect(box.evaluate('json.dumps(re.findall("a", "banana"))')).toBe('["a", "a", "a"]');
  });
});

describe('analysis and filters', () => {
  it('analyses code', () => {
    const found = box.python.analyse('d.getVar("A")\nbb.utils.contains("B", "x y", 1, 2, d)\n', 'do_x');
    expect(found.references).toContain('A');
    expect([...found.contains]).toEqual([['B', ['x y']]]);
    expect(box.python.analyse('if', 'do_x').syntaxError?.line).toBe(0);
  });

  it('applies filters, with nothing but their own functions', () => {
    expect(box.python.applyFilter('b a', "suffix(sort(val), '-x')")).toBe('a-x b-x');
    expect(box.raised(() => box.python.applyFilter('b a', "open('/layer/x.bb')")).type).toBe('NameError');
  });
});

describe('messages', () => {
  it('are told with their level', () => {
    box.run(
      'bb.plain("p"); bb.note("n"); bb.warn("w", "w"); bb.error("e"); bb.debug(1, "d"); bb.erroronce("o"); bb.erroronce("o")',
    );
    expect(box.said.map(([level, text]) => [level, text])).toEqual([
      ['plain', 'p'],
      ['note', 'n'],
      ['warning', 'ww'],
      ['error', 'e'],
      ['error', 'o'],
    ]);
  });

  it('name their place', () => {
    box.run('\nbb.warn("w")');
    expect(box.said).toEqual([['warning', 'w', { file: '/layer/x.bb', line: 11 }]]);
  });

  it('that are fatal end the evaluation', () => {
    expect(box.raised(() => box.run('bb.fatal("no")')).type).toBe('bb.BBHandledException');
    expect(box.said.map(([level, text]) => [level, text])).toEqual([['fatal', 'no']]);
  });
});

describe('an account that is neither the user nor root', () => {
  it.each([
    ['getpwnam("daemon")', 'look up the account daemon'],
    ['getpwuid(7)', 'look up the account 7'],
    ['getpwall()', 'list all accounts'],
  ])('is not known: %s', (call, what) => {
    box.run(`import pwd\ntry:\n    pwd.${call}\nexcept (KeyError, PermissionError):\n    pass`);
    expect(box.python.takeRefusals().map((refusal) => refusal.what)).toEqual([what]);
  });
});

describe('a function that this interpreter has not, or lets fail', () => {
  it.each([
    ['os.getgroups()', 'call os.getgroups'],
    ['os.link("/layer/x.bb", "/build/tmp/x.bb")', 'call os.link'],
    ['shutil.disk_usage("/layer")', 'call os.statvfs'],
    ['resource.getrlimit(resource.RLIMIT_NOFILE)', 'call resource.getrlimit'],
    ['signal.alarm(1)', 'call signal.alarm'],
    ['time.tzset()', 'call time.tzset'],
    ['threading.Thread(target=print).start()', 'start a thread'],
    ['multiprocessing.Lock()', 'make a lock for processes'],
  ])('is refused: %s', (call, what) => {
    const modules = 'multiprocessing, os, resource, shutil, signal, threading, time';
    box.run(`import ${modules}\ntry:\n    ${call}\nexcept Exception:\n    pass`);
    expect(box.python.takeRefusals().map((refusal) => refusal.what)).toEqual([what]);
  });

  it('is none where the answer is known', () => {
    expect(box.evaluate('os.getresuid() + os.getresgid()')).toBe('(1000, 1000, 1000, 1000, 1000, 1000)');
    expect(box.python.takeRefusals()).toEqual([]);
  });
});

describe('a module that is not here', () => {
  const refused = (text: string): string[] => {
    box.python.takeRefusals();
    box.run(text);
    return box.python.takeRefusals().map(({ what }) => what);
  };

  it('is refused to metadata that goes on without it', () => {
    expect(refused('try:\n    import distutils.version\nexcept ImportError:\n    pass')).toEqual([
      'import distutils',
    ]);
    expect(refused('__import__("importlib.util").util.find_spec("yaml")')).toEqual(['import yaml']);
    expect(refused('try:\n    from xml import none\nexcept ImportError:\n    pass')).toEqual([
      'import xml.none',
    ]);
  });

  it('is no matter where a library looks for it, nor where layers would have it', () => {
    expect(refused('import json, decimal, pickle, argparse, xml.etree.ElementTree')).toEqual([]);
    box.python.addLibrary('/layer/lib', 'acme');
    expect(refused('import acme\ntry:\n    import acme.none\nexcept ImportError:\n    pass')).toEqual([]);
    expect(refused('try:\n    from acme import none\nexcept ImportError:\n    pass')).toEqual([]);
  });
});

describe('the host', () => {
  it.each([
    ['os.uname().machine', 'riscv64'],
    ['os.uname()[0]', 'Linux'],
    ['__import__("platform").machine()', 'riscv64'],
    ['__import__("socket").gethostname()', 'builder'],
    ['os.cpu_count()', '12'],
    ['__import__("sys").executable', '/opt/python/bin/python3'],
    ['__import__("sysconfig").__name__', 'sysconfig'],
    ['__import__("platform").python_implementation()', 'CPython'],
    ['bb.utils.cpu_count()', '12'],
    ['__import__("multiprocessing").cpu_count()', '12'],
    ['os.environ["HOME"]', '/home/oe'],
    ['sorted(os.environ)', "['HOME', 'LANG', 'PATH']"],
    ['os.getcwd()', '/build'],
    ['os.getuid()', '1000'],
    ['__import__("pwd").getpwuid(os.getuid()).pw_name', 'oe'],
    ['__import__("pwd").getpwnam("root").pw_uid', '0'],
    ['__import__("grp").getgrgid(0).gr_name', 'root'],
    ['os.path.expanduser("~root")', '/root'],
    ['os.path.expanduser("~")', '/home/oe'],
    ['__import__("sys").platform', 'linux'],
    ['os.popen("readlink -f /layer/../layer/lib/plain.py").read()', '/layer/lib/plain.py\n'],
    ['os.popen("readlink -f /layer/none").read()', '/layer/none\n'],
    ['os.system("readlink -f /layer/none/none")', '256'],
    ['os.popen("dpkg --print-architecture").read()', 'riscv64\n'],
    ['__import__("subprocess").check_output(["dpkg", "--print-architecture"])', "b'riscv64\\n'"],
  ])('%s is %s', (expression, value) => {
    expect(box.evaluate(expression)).toBe(value);
    expect(box.python.takeRefusals()).toEqual([]);
  });
});
