/**
 * Edits of functions: where hashes are made again of what was kept, and where recipes are evaluated instead, the
 * hashes are those of a fresh evaluation.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RecipeEvaluation } from '../../server/src/engine/results.ts';
import { type Edit, EditedSample, hashesOf, LAYER, replaced } from '../harness/editedSample.ts';
import { checkoutFiles, openCheckout } from '../harness/engine.ts';
import { openWorkspace } from '../harness/workspace.ts';

const BASE = `${LAYER}/classes/base.bbclass`;
const INFO = `${LAYER}/classes/buildinfo.bbclass`;
const NATIVE = `${LAYER}/classes/native.bbclass`;
const LIBGREET = `${LAYER}/recipes-sample/libgreet/libgreet_2.1.bb`;
const HELLO = `${LAYER}/recipes-sample/hello/hello_1.0.bb`;

/** What is added to the sample, so that each rule has something to apply to. */
const LAID = new Map([
  [
    BASE,
    `${readFileSync(BASE, 'utf8')}
base_unused() {
    echo "no task comes by here"
}
base_asked() {
    echo "some recipe asks for this"
}
base_fixed() {
    echo "not hashed"
}
base_fixed[vardepvalue] = "fixed"
base_exempt() {
    \${CC} \${CFLAGS} \${LDFLAGS}
}
base_exempt[vardepsexclude] = "CFLAGS"
base_more() {
    \${CC} "\${@'inline'}"
}
base_do_configure[prefuncs] += "base_fixed base_exempt"
base_do_configure[postfuncs] += "base_more"
YEAR := "\${@time.strftime('%Y')}"
`,
  ],
  [
    LIBGREET,
    `${readFileSync(LIBGREET, 'utf8')}
ASKED = "\${@len(d.getVar('base_asked'))}"
do_install[vardeps] += "ASKED"
base_do_install() {
    echo "another definition"
}
do_configure:append() {
    base_do_install
}
`,
  ],
  [
    HELLO,
    `${readFileSync(HELLO, 'utf8')}
do_configure:append() {
    base_do_compile
}
oe_runmake:append() {
    echo "more than the definition of the class"
}
python () {
    d.setVarFilter('DEPENDS', 'val.lower()') if hasattr(d, 'setVarFilter') else None
}
`,
  ],
]);

const ALL = ['greet-image', 'hello', 'libgreet'];

const CASES: readonly Edit[] = [
  {
    name: 'another command of a shell function',
    path: BASE,
    change: replaced('    if [ -e Makefile ]; then', '    frobnicate\n    if [ -e Makefile ]; then'),
    evaluated: [],
    changes: ['hello:do_configure', 'hello-native:do_configure', 'greet-image:do_compile'],
  },
  {
    name: 'a comment in a shell function',
    path: BASE,
    change: replaced('    if [ -e Makefile ]; then', '    # hashed, too\n    if [ -e Makefile ]; then'),
    evaluated: [],
    changes: ['hello:do_configure'],
  },
  {
    // In hello a variable is filtered, so that it counts what is looked at first.
    name: 'a function that is called besides',
    path: BASE,
    change: replaced('        oe_runmake\n', '        oe_runmake || bbfatal "no"\n'),
    evaluated: ['hello'],
    changes: ['hello:do_configure', 'greet-image:do_compile'],
  },
  {
    name: 'a function that is called no more, and what only it leads to',
    path: BASE,
    change: replaced('        oe_runmake\n', '        true\n'),
    evaluated: ['hello'],
    changes: ['hello:do_configure', 'greet-image:do_compile'],
  },
  {
    name: 'a function to which more is added in one recipe',
    path: BASE,
    change: replaced('    make ${PARALLEL_MAKE}', '    nice make ${PARALLEL_MAKE}'),
    evaluated: ['hello'],
    changes: ['hello:do_configure', 'greet-image:do_compile'],
  },
  {
    name: 'a variable that a function names besides',
    path: BASE,
    change: replaced('    cp -R ${D}${libdir} ${WORKDIR}', '    cp -R ${D}${libdir} ${D} ${WORKDIR}'),
    evaluated: [],
    changes: ['libgreet:do_populate_sysroot'],
  },
  {
    name: 'a variable that no function named, so that no value of it is kept',
    path: BASE,
    change: replaced('    cp -R ${D}${libdir} ${WORKDIR}', '    cp -R ${D}${libdir} ${SUMMARY} ${WORKDIR}'),
    evaluated: ALL,
    changes: ['libgreet:do_populate_sysroot'],
  },
  {
    name: 'a value of the clock, which leaves the hash unknown',
    path: BASE,
    change: replaced('    cp -R ${D}${libdir} ${WORKDIR}', '    cp -R ${D}${libdir} ${WORKDIR}-${YEAR}'),
    evaluated: ALL,
    changes: ['libgreet:do_populate_sysroot'],
  },
  {
    name: 'a function of which another definition counts in one recipe',
    path: BASE,
    change: replaced('base_do_install() {\n    :', 'base_do_install() {\n    true'),
    evaluated: [],
    changes: ['greet-image:do_install'],
  },
  {
    name: 'a function that no task comes by',
    path: BASE,
    change: replaced('no task comes by here', 'nothing comes by here'),
    evaluated: [],
    changes: [],
  },
  {
    name: 'a function whose text one recipe asks for',
    path: BASE,
    change: replaced('some recipe asks for this', 'one recipe asks for this'),
    evaluated: ['libgreet'],
  },
  {
    name: 'a function with a value of its own for hashes',
    path: BASE,
    change: replaced('not hashed', 'not hashed at all'),
    evaluated: ALL,
    changes: [],
  },
  {
    name: 'a function with exceptions',
    path: BASE,
    change: replaced('${CC} ${CFLAGS} ${LDFLAGS}', '${CC} -v ${CFLAGS} ${LDFLAGS}'),
    evaluated: [],
    changes: ['libgreet:do_configure'],
  },
  {
    name: 'a function with inline Python',
    path: BASE,
    change: replaced('${CC} "${@', '${CC} -v "${@'),
    evaluated: ALL,
    changes: ['libgreet:do_configure'],
  },
  {
    name: 'a function that ends in the middle',
    path: BASE,
    change: replaced('    if [ -e Makefile ]; then\n', '    if [ -e Makefile ]\n'),
    evaluated: ['greet-image', 'hello'],
  },
  {
    name: 'a function in Python',
    path: BASE,
    change: replaced("        bb.note('%s holds %s'", "        bb.plain('%s has %s'"),
    evaluated: [],
    changes: ['hello:do_package', 'libgreet-native:do_package'],
  },
  {
    name: 'a function in Python that asks for another variable that is hashed',
    path: BASE,
    change: replaced(
      "        bb.note('%s holds %s' % (package, files))",
      "        bb.note('%s holds %s' % (package, d.getVar('PV')))",
    ),
    evaluated: ['hello'],
    changes: ['libgreet:do_package'],
  },
  {
    name: 'a function in Python that tests a variable',
    path: BASE,
    change: replaced(
      "        bb.note('%s holds",
      "        if bb.utils.contains('MACHINE_FEATURES', 'screen', True, False, d):\n            bb.note('%s holds",
    ),
    evaluated: ALL,
    changes: ['libgreet:do_package'],
  },
  {
    name: 'a function that is no Python any more',
    path: BASE,
    change: replaced("        bb.note('%s holds", "        bb.note(('%s holds"),
    evaluated: ALL,
  },
  {
    name: 'a function of a class that some recipes inherit',
    path: INFO,
    change: replaced("f.write('\\n'.join", "f.write('\\t'.join"),
    evaluated: [],
    configuration: false,
    changes: ['hello:do_buildinfo', 'greet-image:do_buildinfo'],
  },
  {
    name: 'a function of Python that others call',
    path: INFO,
    change: replaced('    lines = []', '    lines = list()'),
    evaluated: ['greet-image', 'hello'],
    configuration: false,
  },
  {
    name: 'a handler of events',
    path: NATIVE,
    change: replaced("name + '-native' for", "'native-' + name for"),
    evaluated: ['hello', 'libgreet'],
    configuration: false,
  },
  {
    name: 'a variable',
    path: BASE,
    change: replaced('EXTRA_OEMAKE ?= ""', 'EXTRA_OEMAKE ?= "-k"'),
    evaluated: ALL,
    changes: ['hello:do_configure'],
  },
  {
    name: 'a function and a variable',
    path: BASE,
    change: (text) =>
      replaced('EXTRA_OEMAKE ?= ""', 'EXTRA_OEMAKE ?= "-k"')(replaced('"make failed"', '"make fails"')(text)),
    evaluated: ALL,
    changes: ['hello:do_configure'],
  },
  {
    name: 'the name of a function',
    path: BASE,
    change: (text) => text.replaceAll('bbnote', 'bbsay'),
    evaluated: ALL,
    changes: ['hello:do_configure'],
  },
  {
    name: 'two functions',
    path: BASE,
    change: (text) => replaced('"ERROR: $*"', '"error: $*"')(replaced('"NOTE: $*"', '"note: $*"')(text)),
    evaluated: [],
    changes: ['hello:do_configure', 'greet-image:do_compile'],
  },
  {
    name: 'the command of the shell that does nothing',
    path: BASE,
    change: replaced('    if [ -e Makefile ]; then', '    : nothing\n    if [ -e Makefile ]; then'),
    evaluated: [],
    changes: ['hello:do_configure'],
  },
];

describe.each(['wrynose', 'scarthgap', 'kirkstone'])('after an edit, in %s', (release) => {
  const isChosen = (_edit: Edit, at: number) => release === 'wrynose' || at % 5 === 0;
  const chosen = CASES.filter(isChosen);

  it('hashes are made again without any evaluation', async () => {
    const sample = await EditedSample.open(release, LAID);
    const { hashes, evaluated } = await sample.all();
    expect(evaluated).toEqual(ALL);
    for (const edit of chosen.filter(({ evaluated }) => evaluated.length === 0)) {
      await sample.check(hashes, edit).catch((error: unknown) => {
        throw new Error(`${edit.name}: ${String(error)}`);
      });
    }
    // Nothing is left of the edits.
    expect(await sample.all()).toEqual({ hashes, evaluated: [] });
  }, 600_000);

  it.each(chosen.filter(({ evaluated }) => evaluated.length > 0))(
    'recipes are evaluated: $name',
    async (edit) => {
      const sample = await EditedSample.open(release, LAID);
      await sample.check((await sample.all()).hashes, edit);
    },
    120_000,
  );
});

/** The build directory of a checkout of OE-Core. */
const OE_CORE = process.env.SSTATE_LENS_OE_CORE;
/** Of how many recipes one is looked at. */
const STEP = 40;

describe.skipIf(OE_CORE === undefined)('after an edit of OE-Core (SSTATE_LENS_OE_CORE)', () => {
  const buildDir = join(OE_CORE ?? '', 'build');
  const edits: readonly (readonly [name: string, from: string, to: string])[] = [
    ['base_do_compile', 'base_do_compile() {\n', 'base_do_compile() {\n    bbnote "compiling"\n'],
    ['oe_runmake_call', 'oe_runmake_call() {\n', 'oe_runmake_call() {\n    frobnicate\n'],
    ['base_do_fetch', 'python base_do_fetch() {\n', 'python base_do_fetch() {\n    bb.note("fetching")\n'],
    ['base_do_install', 'base_do_install() {\n', 'base_do_install() {\n    # nothing\n'],
  ];

  it('the hashes are those of a fresh evaluation, and no recipe was evaluated for them', async () => {
    const files = () => checkoutFiles(buildDir);
    const { workspace, asked } = openWorkspace(files, (files) => openCheckout(buildDir, files));
    const { recipes } = await workspace.summary();
    const chosen = recipes.map(({ path }) => path).filter((_, at) => at % STEP === 0);
    const all = async (): Promise<Record<string, unknown>> => {
      const results: RecipeEvaluation[] = [];
      await workspace.evaluateAll(
        chosen,
        (_, result) => results.push(result as RecipeEvaluation),
        true,
        true,
      );
      return hashesOf(results);
    };
    const before = await all();
    const { files: parts } = await workspace.evaluate(chosen[0]!);
    const base = parts.find(({ path }) => path.endsWith('/base.bbclass'))!.path;
    const text = readFileSync(base, 'utf8');
    for (const [name, from, to] of edits) {
      const edited = replaced(from, to)(text);
      workspace.setOverlay(base, edited);
      asked.length = 0;
      const after = await all();
      expect([name, asked.filter((method) => method === 'evaluate' || method === 'open')]).toEqual([
        name,
        [],
      ]);
      const laid = files();
      laid.setOverlay(base, edited);
      const evaluator = await openCheckout(buildDir, laid);
      expect(after).toEqual(
        hashesOf(chosen.map((path) => evaluator.evaluate(path, { hashesOnly: true, recipeInfo: true }))),
      );
      expect(after).not.toEqual(before);
    }
  }, 1_800_000);
});
