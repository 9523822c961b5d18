import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TestSandbox } from './workspace.ts';
import { testSandbox } from './workspace.ts';

/** Everything about Python that one recipe could change for the next, as text. */
const STATE = `
import builtins, gc, random, signal, sys, warnings, decimal, locale
def state(d):
    return repr([
        bb.utils.contains('A', 'a', 'yes', 'no', d),
        len('abc'),
        sorted(vars(builtins)),
        sorted(sys.modules),
        sys.path,
        sorted(os.environ.items()),
        os.getcwd(),
        os.umask(0o22),
        sorted(bb.utils.get_context()),
        sys.getrecursionlimit(),
        gc.isenabled(), gc.get_threshold(), len(gc.callbacks),
        signal.getsignal(2) is signal.SIG_DFL,
        [str(f) for f in warnings.filters],
        decimal.getcontext().prec,
        random.getstate()[1][:3],
        sys.gettrace(), sys.getprofile(),
        os.path.exists('/build/tmp/left'),
        os.open('/layer/x.bb', os.O_RDONLY),
        os.urandom(8),
        id(object()),
    ])
`;

let box: TestSandbox;
let before: string;

beforeAll(async () => {
  box = await testSandbox();
  box.d.set('A', 'a');
  box.run(STATE);
  box.python.checkpoint();
  before = box.evaluate('state(d)');
});

beforeEach(() => box.python.restore());

describe('what a recipe does to Python is undone', () => {
  it.each([
    "bb.utils.contains = lambda *a: 'evil'",
    "bb.utils.contains.__code__ = (lambda *a: 'evil').__code__",
    'bb.utils.contains.__defaults__ = (1,)',
    'import builtins\nbuiltins.len = lambda x: 0',
    'import builtins\nbuiltins.extra = 1',
    "import sys\nsys.modules['os'] = None",
    "import sys\nsys.path.insert(0, '/evil')",
    'import sys\nsys.setrecursionlimit(77)',
    "os.environ['X'] = 'y'",
    "os.chdir('/layer')",
    'os.umask(0)',
    'def extra(): pass',
    "bb.utils.get_context()['late'] = 1",
    'import gc\ngc.disable(); gc.set_threshold(1); gc.callbacks.append(print)',
    'import gc\nfor f in gc.get_objects():\n    if getattr(f, "__name__", "") == "contains": f.__code__ = (lambda *a: "evil").__code__',
    'import signal\nsignal.signal(2, signal.SIG_IGN)',
    "import warnings\nwarnings.simplefilter('error')",
    'import decimal\ndecimal.getcontext().prec = 3',
    'import random\nrandom.seed(1)',
    'import sys\nsys.settrace(lambda *a: None); sys.setprofile(lambda *a: None)',
    "bb.utils.mkdirhier('/build/tmp/left')",
    "x = [open('/layer/x.bb') for i in range(20)]",
    'os.urandom(1000)',
    'x = [object() for i in range(100000)]',
    "state.__globals__['bb'] = None",
    'class Evil(type(bb)):\n    def __getattribute__(self, name): return None\nbb.__class__ = Evil',
    'import lens.door\nlens.door._evaluate.__code__ = (lambda argument: "sevil").__code__',
  ])('%s', (text) => {
    try {
      box.run(text);
    } catch {
      // What matters is what is left of it.
    }
    box.python.restore();
    expect(box.evaluate('state(d)')).toBe(before);
  });

  it('after it failed as a whole', () => {
    expect(() => box.run('import os\nos.abort()')).toThrow();
    box.python.restore();
    expect(box.evaluate('state(d)')).toBe(before);
  });

  it('after it grew', () => {
    expect(box.evaluate('len(bytes(40 << 20))')).toBe(String(40 << 20));
    box.python.restore();
    expect(box.evaluate('state(d)')).toBe(before);
    expect(box.evaluate('any(bytearray(30 << 20))')).toBe('False');
  });

  it('two hundred times over', () => {
    for (let round = 0; round < 200; round++) {
      box.run('x = [bytearray(1000) for i in range(1000)]\ndef f(d): d.setVar("A", {1: x})');
      box.python.restore();
    }
    box.d.set('A', 'a');
    expect(box.evaluate('state(d)')).toBe(before);
  });
});

describe('restoring', () => {
  it('keeps what was there at the checkpoint', async () => {
    const own = await testSandbox();
    own.run("def kept(): return 'kept'");
    own.run(
      "bb.utils.mkdirhier('/build/tmp/kept')\nfile = open('/build/tmp/kept/f', 'w')\nfile.write('abc')\nfile.flush()",
    );
    own.python.checkpoint();
    own.run("file.write('def')\nfile.flush()");
    own.python.restore();
    expect(own.evaluate("[kept(), open('/build/tmp/kept/f').read(), file.tell()]")).toBe(
      "['kept', 'abc', 3]",
    );
    own.run("file.write('x')\nfile.flush()");
    expect(own.evaluate("open('/build/tmp/kept/f').read()")).toBe('abcx');
  });

  it('is not for code that is running', () => {
    box.d.operations.getVar = () => {
      box.python.restore();
      return 'x';
    };
    expect(() => box.evaluate('d.getVar("A")')).toThrow('Python cannot be put back while it runs');
    box.d.operations = {};
  });

  it('needs a checkpoint', async () => {
    const own = await testSandbox();
    expect(() => own.python.restore()).toThrow('there is no checkpoint');
  });

  it('makes errors from before mere errors', () => {
    const old = box.raised(() => box.run('raise ValueError("old")'));
    box.python.restore();
    box.run('raised = None');
    box.d.operations.getVar = () => {
      throw old;
    };
    const error = box.raised(() => box.evaluate('[ValueError("new"), d.getVar("A")]'));
    expect(error).toBe(old);
    box.d.operations = {};
  });
});
