/**
 * The sandbox over a real checkout of OE-Core with its BitBake, where SSTATE_LENS_OE_CORE names one: what
 * metadata imports can be imported, and the stand-in for `bb` does what the real one does.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TestSandbox } from './workspace.ts';
import { HOST_FILES, testSandbox } from './workspace.ts';

const TOP = process.env.SSTATE_LENS_OE_CORE ?? '';
const LIBRARY = join(TOP, 'bitbake/lib');
const MODULES = (
  'bb.build bb.cache bb.checksum bb.codeparser bb.cooker bb.cookerdata bb.data bb.data_smart bb.event bb.fetch2 ' +
  'bb.fetch bb.methodpool bb.msg bb.parse bb.persist_data bb.process bb.providers bb.runqueue bb.siggen ' +
  'bb.taskdata bb.tinfoil bb.utils bb.server.process bb.asyncrpc hashserv hashserv.client prserv.serv codegen ply ' +
  'simplediff progressbar bs4'
).split(' ');
/** Needs GitPython, which BitBake's own host may lack as well. */
const OPTIONAL = ['buildhistory_analysis'];

function present(module: string): boolean {
  const path = join(LIBRARY, ...module.split('.'));
  return module === 'bb.fetch' || existsSync(`${path}.py`) || existsSync(path);
}

describe.skipIf(TOP === '')('a checkout', () => {
  let box: TestSandbox;
  let standin: TestSandbox;

  beforeAll(async () => {
    const limits = {
      memoryBytes: 256 << 20,
      stackBytes: 128 << 10,
      milliseconds: 60_000,
      longestMilliseconds: 60_000,
      messages: 10,
    };
    const build = join(TOP, 'build');
    const options = { files: HOST_FILES, roots: [TOP], scratch: [build], cwd: build, limits };
    box = await testSandbox({ ...options, bitbakeLibrary: LIBRARY });
    standin = await testSandbox(options);
    for (const { d } of [box, standin]) {
      d.set('WORDS', 'a b c');
      d.set('DL_DIR', '/downloads');
      d.set('TMPDIR', join(build, 'tmp'));
      d.set('PERSISTENT_DIR', join(build, 'cache'));
      d.set('BB_CACHEDIR', join(build, 'cache'));
      d.set('CACHE', join(build, 'cache'));
      d.set('FILE', join(TOP, 'meta/recipes-x/x_1.0.bb'));
      d.set('FILESPATH', join(TOP, 'meta/files'));
      d.otherwise = () => undefined;
    }
  }, 60_000);

  it.each(MODULES)('has %s, and it can be imported', (module) => {
    if (present(module)) box.run(`import ${module}`);
  });

  it('has its libraries, and they can be imported', () => {
    const lib = join(TOP, 'meta/lib');
    box.run(`import sys\nsys.path.insert(0, ${JSON.stringify(lib)})`);
    const names = readdirSync(join(lib, 'oe')).flatMap((file) => /^(\w+)\.py$/.exec(file)?.[1] ?? []);
    for (const name of names)
      if (name !== '__init__' && !OPTIONAL.includes(name)) box.run(`import oe.${name}`);
    expect(box.evaluate('__import__("oe.types").types.boolean("yes")')).toBe('True');
  });

  it('analyses the functions of its library, in releases that do', () => {
    if (!existsSync(join(TOP, 'meta/lib/oe/__init__.py'))) return;
    const names = box.python.addLibrary(join(TOP, 'meta/lib'), 'oe').map(({ name }) => name);
    if (names.length > 0) expect(names).toContain('oe.utils.conditional');
  });

  it('keeps its own datastore class out', () => {
    expect(box.evaluate('isinstance(d, bb.data_smart.DataSmart)')).toBe('True');
    expect(box.evaluate('type(bb.data.init()) is type(d)')).toBe('True');
  });

  it('fetches nothing', () => {
    box.run('import bb.fetch2\ndef start(d): bb.fetch2.fetcher_init(d)');
    box.python.callAnonymous(['start'], 1);
    box.d.operations.expand = (_d, [text]) => text;
    const url = 'https://example.org/x-1.0.tar.gz;name=x';
    expect(box.evaluate(`bb.fetch2.Fetch(['${url}'], d).localpath('${url}')`)).toBe(
      '/downloads/x-1.0.tar.gz',
    );
    expect(box.raised(() => box.evaluate(`bb.fetch2.Fetch(['${url}'], d).download()`)).is('Exception')).toBe(
      true,
    );
  });

  it('fires events to nobody', () => {
    expect(box.evaluate('bb.event.fire(bb.event.MetadataEvent("Kind", {}), d)')).toBe('None');
  });

  it('removes what it has written', () => {
    box.run(
      'def go(d):\n    bb.utils.mkdirhier(d.getVar("TMPDIR") + "/lens/a")\n    bb.utils.remove(d.getVar("TMPDIR") + "/lens", recurse=True)',
    );
    box.python.callAnonymous(['go'], 1);
    expect(box.evaluate('os.path.exists(d.getVar("TMPDIR") + "/lens")')).toBe('False');
  });

  it.each([
    'bb.utils.contains("WORDS", "a c", 1, 2, d)',
    'bb.utils.contains("WORDS", ["a", "d"], 1, 2, d)',
    'bb.utils.contains("NONE", "", 1, 2, d)',
    'bb.utils.contains_any("WORDS", "d c", 1, 2, d)',
    'bb.utils.contains_any("WORDS", "", 1, 2, d)',
    'bb.utils.filter("WORDS", "c x a", d)',
    '[bb.utils.to_boolean(v, "?") for v in ("", None, 0, 1, "YES", "n", "False", "1")]',
    '[bb.utils.vercmp_string(a, b) for a in V for b in V]',
    '[bb.utils.vercmp_string_op("1.2", "1.10", op) for op in ("=", "==", "<", "<<", "<=", ">", ">>", ">=", "!=")]',
    '[bb.utils.split_version(v) for v in V]',
    '[bb.utils.explode_deps(s) for s in S]',
    '[list(bb.utils.explode_dep_versions2(s).items()) for s in S]',
    '[list(bb.utils.explode_dep_versions2(s, sort=False).items()) for s in S]',
    '[bb.utils.join_deps(bb.utils.explode_dep_versions2(s)) for s in S]',
    '[bb.utils.join_deps(bb.utils.explode_dep_versions(S[0]), commasep=False)]',
    '[bb.utils.prune_suffix(n, ["-native", "", "-cross"], d) for n in ("a-native", "a-cross", "native")]',
    'bb.utils.which("/nowhere:" + os.path.dirname(d.getVar("FILESPATH")), "conf")[-10:]',
    'bb.utils.which("/usr/bin:/bin", "sh", history=True)',
    '[bb.utils.is_semver(v) for v in ("1.2.3", "1.2", "1.2.3-rc.1+b", "01.2.3")]',
    '[list(bb.parse.vars_from_file(f, d)) for f in ("/x/a_1.0.bb", "a.bb", "a_1_r2.bbappend", "a.inc", None)]',
    '[tuple(bb.fetch2.decodeurl(u)[:5]) + (dict(bb.fetch2.decodeurl(u)[5]),) for u in U]',
    '[bb.fetch2.encodeurl(bb.fetch2.decodeurl(u)) for u in U]',
    'str(bb.data_smart.ExpansionError("V", "${@x}", KeyError("k")))',
    'str(bb.data_smart.ExpansionError("V", None, KeyError("k")))',
    'str(bb.data_smart.ExpansionError(None, "${@x}", KeyError("k")))',
    'str(bb.parse.ParseError("m", "f.bb", 3)) + str(bb.parse.ParseError("m", "f.bb"))',
    'issubclass(bb.parse.SkipPackage, bb.parse.SkipRecipe)',
    '[bb.event.getName(bb.event.RecipeParsed("f")), bb.event.RecipePreFinalise("f").fn]',
    'str(bb.process.ExecutionError("false", 1, "out", "err")) + str(bb.process.NotFoundError(["a", "b"]))',
  ])('and the stand-in agree on %s', (expression) => {
    const names =
      'V = ["1.0", "1.10", "1.2~rc1", "2:1.0-r1", "1.0-r0", "1.0a", "1.0+git", "", "1-2-3"]\n' +
      'S = ["a b (>= 1.0) c", "x (= 1:2.3-r0), y", "", "a a (<< 3) a (>> 1)", "z (>=1 2)"]\n' +
      'U = ["https://u:p@h.org:8080/a/b.tar.gz;name=x;y=1", "file://a/b.patch", "file:///abs/c;subdir=s", ' +
      '"git://h.org/r.git;branch=main;protocol=https", "http://h.org/a%20b"]\n';
    const answers = [box, standin].map((one) => {
      one.run(names);
      try {
        return one.evaluate(expression);
      } catch (error) {
        return (error as { type: string }).type;
      }
    });
    expect(answers[1]).toBe(answers[0]);
  });
});
