/**
 * A layer that tries to get out, to go on for ever, and to leave something behind: one recipe for each attempt.
 *
 * `⟦⟧` stands before the line that the one diagnostic has to name; where there is none, it names the recipe.
 * `@OUTSIDE@` is a directory beside the workspace that holds a file `secret`, `@LAYER@` the layer.
 */

export interface Attempt {
  readonly recipe: string;
  /** Other files of the layer, by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Symbolic links of the layer: path -> target. */
  readonly links?: Readonly<Record<string, string>>;
  /** What the diagnostic says. */
  readonly says: RegExp;
  /** What it does has no effect on any hash: they are known. */
  readonly harmless?: true;
  /** The task whose hash it reaches; undefined: all may be. */
  readonly reaches?: string;
  /** Nothing inside looks up from it: the process is stopped from outside, and its function is to blame. */
  readonly stopped?: true;
}

type Extra = Partial<Omit<Attempt, 'recipe' | 'says'>>;

/** Python as the value of a variable that a task uses. */
function inline(expression: string, says: RegExp, extra: Extra = {}): Attempt {
  const recipe = `SUMMARY = "x"\n⟦⟧DESCRIPTION = "\${@${expression}}"\n\ndo_compile() {\n    echo \${DESCRIPTION}\n}\n`;
  return { recipe, says, reaches: 'do_compile', ...extra };
}

/** An anonymous function; the last line is the one that counts, if no other is marked. */
function anonymous(body: string, says: RegExp, extra: Extra = {}): Attempt {
  const marked = body.includes('⟦⟧') ? body : body.replace(/[^\n]*$/, '⟦⟧$&');
  return { recipe: `python () {\n${marked.replace(/^/gm, '    ')}\n}\n`, says, ...extra };
}

const RUNS = /tries to run a command: touch/;
const TOO_LONG = /took longer than/;
const TOO_DEEP = /refers? to|[Rr]ecursion/;

const COMMANDS: Record<string, Attempt> = {
  'os-system': inline("os.system('touch @OUTSIDE@/made')", RUNS),
  'posix-system': inline("__import__('posix').system('touch @OUTSIDE@/made')", /tries to run a command/),
  'os-popen': inline("os.popen('touch @OUTSIDE@/made').read()", RUNS),
  'subprocess-output': inline("__import__('subprocess').check_output(['touch', '@OUTSIDE@/made'])", RUNS),
  'bb-process-run': inline("bb.process.run('touch @OUTSIDE@/made')", RUNS),
  'subprocess-shell': anonymous(
    "import subprocess\nsubprocess.Popen('touch @OUTSIDE@/made', shell=True)",
    RUNS,
  ),
  'subprocess-survived': anonymous(
    "import subprocess\ntry:\n    ⟦⟧subprocess.run(['touch', '@OUTSIDE@/made'])\nexcept BaseException:\n    pass",
    RUNS,
  ),
  'os-fork': anonymous('import os\nos.fork()', /fork/),
  'os-execv': anonymous("import os\nos.execv('/bin/touch', ['touch', '@OUTSIDE@/made'])", /execv/),
  multiprocessing: anonymous('import multiprocessing\nmultiprocessing.Process(target=print).start()', /./),
  'command-in-handler': {
    recipe:
      'addhandler evil\nevil[eventmask] = "bb.event.RecipeParsed"\npython evil () {\n    import os\n' +
      "⟦⟧    os.system('touch @OUTSIDE@/made')\n}\n",
    says: RUNS,
  },
  'command-in-inherit': {
    recipe: "SUMMARY = \"x\"\n⟦⟧inherit ${@os.system('touch @OUTSIDE@/made') and ''}\n",
    says: RUNS,
  },
  'command-in-class': {
    recipe: 'inherit hostile-command\n',
    files: {
      'classes/hostile-command.bbclass':
        'SUMMARY = "x"\n⟦⟧EVIL := "${@os.system(\'touch @OUTSIDE@/made\')}"\n',
    },
    says: RUNS,
  },
  'command-in-def': {
    recipe:
      'def evil(d):\n    import os\n⟦⟧    return str(os.system(\'touch @OUTSIDE@/made\'))\n\nEVIL := "${@evil(d)}"\n',
    says: RUNS,
  },
};

const JAVASCRIPT: Record<string, Attempt> = {
  'import-js': anonymous('import js', /tries to import js,/),
  'js-process': anonymous('from js import process', /tries to import js,/),
  'import-pyodide-js': anonymous('import pyodide_js', /tries to import pyodide_js,/),
  'pyodide-mounts': anonymous(
    "⟦⟧import pyodide_js\npyodide_js.mountNodeFS('/host', '/')",
    /tries to import pyodide_js,/,
  ),
  'run-js': anonymous('⟦⟧from pyodide.code import run_js\nrun_js("require(\'fs\')")', /pyodide/),
  'pyodide-core': anonymous('import _pyodide_core', /tries to import _pyodide_core,/),
  'inline-core': inline("__import__('_pyodide_core')", /tries to import _pyodide_core,/),
  'builtin-core': anonymous(
    "import _imp, importlib.machinery as m\n_imp.create_builtin(m.ModuleSpec('_pyodide_core', None)).JsProxy",
    /./,
  ),
  constructor: anonymous(
    "import sys\nfound = [thing for module in list(sys.modules.values()) for thing in list(vars(module or sys).values())\n    if hasattr(type(thing), 'constructor')]\nfound[0].constructor('return process')()",
    /list index out of range/,
  ),
  'constructor-of-d': anonymous("d.constructor.constructor('return process')()", /constructor/),
  'constructor-of-closure': anonymous(
    "cells = [c.cell_contents for c in (bb.utils.contains.__closure__ or ())]\ncells[0].constructor('return process')",
    /list index out of range/,
  ),
  'gc-objects': anonymous('import gc\ngc.get_objects()', /look at all objects of the interpreter/),
  'gc-referrers': inline("str(__import__('gc').get_referrers(d))", /look at all objects of the interpreter/),
  'gc-survived': anonymous(
    'import gc\ntry:\n    ⟦⟧gc.get_referents(d)\nexcept BaseException:\n    pass',
    /look at all objects of the interpreter/,
  ),
};

const BELOW_PYTHON: Record<string, Attempt> = {
  ctypes: anonymous(
    "import ctypes\nctypes.CDLL('libc.so.6').system(b'touch @OUTSIDE@/made')",
    /native librar/,
  ),
  'underscore-ctypes': anonymous('import _ctypes', /tries to import _ctypes,/),
  extension: anonymous(
    "import importlib.machinery as m, importlib.util as u\nloader = m.ExtensionFileLoader('native', '@LAYER@/native.so')\nloader.create_module(u.spec_from_loader('native', loader))",
    /native/,
    { files: { 'native.so': '\x7fELF' } },
  ),
  'broken-bytecode': {
    recipe:
      '⟦⟧python () {\n    import types\n    code = (lambda: 0).__code__\n' +
      '    code = code.replace(co_code=bytes([110, 255] * 40), co_stacksize=1, co_consts=(), co_names=())\n' +
      '    types.FunctionType(code, {})()\n    raise RuntimeError("went through")\n}\n',
    says: /SystemError|went through/,
  },
  'os-kill': anonymous('import os\nos.kill(os.getppid(), 9)', /send a signal/),
  'os-exit': anonymous('import os\nos._exit(3)', /exit/),
  'os-abort': inline('os.abort()', /abort/),
  'raise-signal': anonymous('import signal\nsignal.raise_signal(9)', /./),
  'sys-exit': anonymous('import sys\nsys.exit(1)', /SystemExit/),
  'inline-exit': inline("__import__('sys').exit(0)", /SystemExit/),
  threads: anonymous('import threading\nthreading.Thread(target=print).start()', /thread/),
};

const FILES: Record<string, Attempt> = {
  'read-passwd': inline("open('/etc/passwd').read()", /tries to read \/etc\/passwd/),
  'read-beside': inline("open('@OUTSIDE@/secret').read()", /tries to read @OUTSIDE@\/secret/),
  'read-dots': inline("open('@LAYER@/../../outside/secret').read()", /tries to read @OUTSIDE@\/secret/),
  'read-ssh': anonymous(
    "import os\nos.listdir(os.path.expanduser('~/.ssh'))",
    /tries to read \/home\/fixture\/\.ssh/,
  ),
  'read-environment': inline("open('/proc/self/environ').read()", /tries to read \/proc\/self\/environ/),
  'read-survived': anonymous(
    "try:\n⟦⟧    d.setVar('LEAK', open('@OUTSIDE@/secret').read())\nexcept BaseException:\n    pass",
    /tries to read @OUTSIDE@\/secret/,
  ),
  'read-by-link': inline("open('@LAYER@/link/secret').read()", /tries to read @LAYER@\/link\/secret/, {
    links: { link: '@OUTSIDE@' },
  }),
  'require-outside': {
    recipe: 'SUMMARY = "x"\n⟦⟧require @OUTSIDE@/secret.inc\n',
    says: /@OUTSIDE@\/secret\.inc/,
  },
  'require-by-link': {
    recipe: 'SUMMARY = "x"\n⟦⟧require hostile-link.inc\n',
    links: { 'recipes/hostile-link.inc': '@OUTSIDE@/secret.inc' },
    says: /hostile-link\.inc/,
  },
  'make-link': anonymous("import os\nos.symlink('@OUTSIDE@', '@LAYER@/made')", /@LAYER@\/made/),
  'write-outside': inline("open('@OUTSIDE@/made', 'w').write('x')", /@OUTSIDE@\/made/),
  'write-layer': inline("open('@LAYER@/made', 'w').write('x')", /@LAYER@\/made/),
  'write-recipe': anonymous("open(d.getVar('FILE'), 'a').write('EVIL = \"1\"')", /write-recipe_1\.0\.bb/),
  'remove-layer': anonymous("import shutil\nshutil.rmtree('@LAYER@/conf')", /@LAYER@\/conf/),
};

const NETWORK: Record<string, Attempt> = {
  socket: anonymous('import socket\nsocket.socket()', /use the network/),
  connect: inline("__import__('socket').create_connection(('127.0.0.1', 9))", /network|host name/),
  'name-lookup': inline("__import__('socket').getaddrinfo('localhost', 80)", /host name/),
  urlopen: anonymous(
    "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')",
    /network|host name/,
  ),
};

const ENDLESS: Record<string, Attempt> = {
  'loop-inline': {
    recipe: 'def spin():\n⟦⟧    while True: pass\n\nEVIL := "${@spin()}"\n',
    says: TOO_LONG,
  },
  'loop-comprehension': inline('[0 for _ in iter(int, 1)]', TOO_LONG),
  'loop-anonymous': anonymous('while True: pass', TOO_LONG),
  'loop-handler': {
    recipe:
      'addhandler evil\nevil[eventmask] = "bb.event.RecipeParsed"\npython evil () {\n⟦⟧    while True: pass\n}\n',
    says: TOO_LONG,
  },
  'loop-that-catches': anonymous(
    'while True:\n    try:\n⟦⟧        while True: pass\n    except BaseException:\n        pass',
    TOO_LONG,
  ),
  'loop-in-c': inline('sum(range(10 ** 12))', /took too long/, { stopped: true }),
  'loop-in-c-anonymous': {
    recipe: '⟦⟧python () {\n    import os\n    sum(range(10 ** 12))\n}\n',
    says: /took too long/,
    stopped: true,
  },
  'loop-of-expansions': {
    recipe:
      'A = "${@d.getVar(\'B\', False)} "\nB = "${@d.getVar(\'A\', False)} "\n\ndo_compile() {\n    echo ${A}\n}\n',
    says: /without end/,
  },
  'recursion-python': {
    recipe: 'def again(n):\n⟦⟧    return again(n + 1)\n\nEVIL := "${@again(0)}"\n',
    says: TOO_DEEP,
  },
  'recursion-in-c': {
    recipe: 'def again(n):\n⟦⟧    return sorted([n], key=lambda m: again(m + 1))\n\nEVIL := "${@again(0)}"\n',
    says: TOO_DEEP,
  },
  'recursion-variables': {
    recipe: 'A = "${B}"\n⟦⟧B = "${A}"\n\ndo_compile() {\n    echo ${A}\n}\n',
    says: /A.*B|B.*A/,
  },
  'recursion-getvar': {
    recipe:
      "A = \"${@d.getVar('B') + 'x'}\"\nB = \"${@d.getVar('A') + 'y'}\"\n\ndo_compile() {\n    echo ${A}\n}\n",
    says: TOO_DEEP,
  },
  'deep-nesting': {
    recipe:
      Array.from({ length: 2000 }, (_, index) => `N${index} = "\${@d.getVar('N${index + 1}') + '.'}"\n`).join(
        '',
      ) + 'N2000 = "end"\n\ndo_compile() {\n    echo ${N0}\n}\n',
    says: TOO_DEEP,
  },
  'deep-variables': {
    recipe:
      Array.from({ length: 5000 }, (_, index) => `N${index} = "\${N${index + 1}}."\n`).join('') +
      'N5000 = "end"\n\ndo_compile() {\n    echo ${N0}\n}\n',
    says: TOO_DEEP,
  },
  'circular-require': {
    recipe: 'SUMMARY = "x"\nrequire hostile-a.inc\n',
    files: {
      'recipes/hostile-a.inc': 'require hostile-b.inc\n',
      'recipes/hostile-b.inc': '⟦⟧require hostile-a.inc\n',
    },
    says: /circle/,
  },
};

const MEMORY: Record<string, Attempt> = {
  bytes: inline("'x' * (1 << 30)", /MemoryError/),
  'list-growth': anonymous(
    'kept = []\nwhile True:\n    kept.append(bytearray(1 << 20))',
    /MemoryError|took longer/,
  ),
  'datastore-growth': anonymous(
    "number = 0\nwhile True:\n    number += 1\n⟦⟧    d.setVar('V%d' % number, ('%d ' % number) * 1000000)",
    /too much|memory|took longer/i,
  ),
  'datastore-names': anonymous(
    "number = 0\nwhile True:\n    number += 1\n⟦⟧    d.setVar('V%d' % number, 'x')",
    /too much|memory|took longer/i,
  ),
  'appends-growth': anonymous("while True: d.appendVar('V', 'x' * 100000)", /too much|memory|took longer/i),
  bomb: {
    recipe:
      'B0 = "0123456789abcdef"\n' +
      Array.from({ length: 40 }, (_, index) => `B${index + 1} = "\${B${index}}\${B${index}}"\n`).join('') +
      '\ndo_compile() {\n    echo ${B40}\n}\n',
    says: /larger than/,
  },
  'bomb-of-assignments': {
    recipe: `B = "0123456789abcdef"\n${'B := "${B}${B}"\n'.repeat(20)}${'⟦⟧B := "${B}${B}"\n'}${'B := "${B}${B}"\n'.repeat(20)}`,
    says: /larger than/,
  },
  files: anonymous(
    "import os\nos.makedirs(d.getVar('TMPDIR'))\nf = open(d.getVar('TMPDIR') + '/x', 'wb')\nwhile True: f.write(bytes(1 << 20))",
    /OSError|ENOSPC|space/,
  ),
};

const NOISE: Record<string, Attempt> = {
  warnings: anonymous('for number in range(1000000): bb.warn("w%d" % number)', /w0/, { harmless: true }),
  'one-warning': anonymous('bb.warn("w" * 1000000)', /www/, { harmless: true }),
  prints: anonymous('for number in range(100000): print("x" * 100)\nbb.warn("printed")', /printed/, {
    harmless: true,
  }),
};

/** What would outlast the recipe in BitBake. */
const PATCHES: Record<string, Attempt> = {
  'patch-contains': anonymous('bb.utils.contains = lambda *args: "evil"', /replaces bb\.utils\.contains/),
  'patch-code': anonymous(
    'bb.utils.contains_any.__code__ = (lambda *args: "evil").__code__',
    /replaces bb\.utils\.contains_any/,
  ),
  'patch-parse': anonymous(
    'bb.parse.vars_from_file = lambda *args: ("evil", "0", "r0")',
    /replaces bb\.parse\.vars_from_file/,
  ),
  'patch-builtins': anonymous(
    'import builtins\nbuiltins.str = lambda value: "evil"',
    /replaces builtins\.str/,
  ),
  'patch-os-path': anonymous(
    'import os.path\nos.path.dirname = lambda path: "evil"',
    /replaces posixpath\.dirname/,
  ),
  'patch-datastore': anonymous(
    'type(d).getVar = lambda *args: "evil"',
    /replaces bb\.data_smart\.DataSmart\.getVar/,
  ),
  'patch-door': anonymous(
    'import lens.door\n⟦⟧lens.door._evaluate = lambda argument: "sevil"\nlens.door.Datastore = None',
    /replaces lens\.door\./,
  ),
  'patch-for-a-while': {
    recipe:
      "FILTERED = \"${@bb.utils.filter('WORDS', 'a', d)}${@len(d.getVar('WORDS').split())}\"\nWORDS = \"a b\"\n" +
      "python () {\n    import builtins\n    before = builtins.len\n    builtins.len = lambda words: 99\n    d.getVar('FILTERED')\n" +
      '    builtins.len = before\n⟦⟧    bb.warn("put back")\n}\n',
    says: /put back/,
    harmless: true,
  },
  'patch-inline': inline(
    "setattr(bb.utils, 'contains', lambda *args: 'evil')",
    /replaces bb\.utils\.contains/,
  ),
  'patch-def': {
    recipe:
      'def evil(d):\n⟦⟧    bb.utils.filter = lambda *args: "evil"\n    return ""\n\nEVIL := "${@evil(d)}"\n',
    says: /replaces bb\.utils\.filter/,
  },
  'clear-modules': anonymous('import sys\nsys.modules.clear()\nimport bb', /./),
  'clear-builtins': anonymous(
    'import builtins\n⟦⟧for name in list(vars(builtins)): delattr(builtins, name)\nlen([])',
    /./,
  ),
  'close-everything': anonymous(
    "import os\nfor number in range(64):\n    try: os.close(number)\n    except OSError: pass\nd.setVar('CLOSED', '1')\nraise Exception('closed')",
    /closed/,
  ),
};

export const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  ...COMMANDS,
  ...JAVASCRIPT,
  ...BELOW_PYTHON,
  ...FILES,
  ...NETWORK,
  ...ENDLESS,
  ...MEMORY,
  ...NOISE,
  ...PATCHES,
};
