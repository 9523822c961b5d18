/**
 * A recipe that is evaluated again after an edit takes over what the edit does not reach; what comes of it is what a
 * fresh evaluation gives, down to the text that is hashed of each name.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import v8 from 'node:v8';
import { afterAll, describe, expect, it } from 'vitest';
import { Datastore } from '../../server/src/datastore/datastore.ts';
import type { RecipeEvaluator } from '../../server/src/engine/evaluator.ts';
import type { RecipeEvaluation } from '../../server/src/engine/results.ts';
import type { HostFiles } from '../../server/src/host/files.ts';
import { checkoutFiles, openCheckout, openEvaluator } from '../harness/engine.ts';
import { CLASS_THAT_FILTERS, LAYER_OF_RECIPES, materialise, parseScenario } from '../harness/fixture.ts';
import { sequence } from '../harness/mutations.ts';

const LAYER = `${LAYER_OF_RECIPES}BB_HASH_CODEPARSER_VALS = "LOGDIR=/ DATE=1"
BB_SIGNATURE_EXCLUDE_FLAGS = "doc deps depends lineno filename func python task export vardeps vardepsexclude"
${CLASS_THAT_FILTERS}-- layer/recipes/many_1.0.bb --
PN = "many"
BPN = "many"
CLASSOVERRIDE = "class-target"
OVERRIDES = "\${CLASSOVERRIDE}:board"
LOGDIR = "/log/\${PN}"
CFLAGS = "-O2 \${INCLUDES} \${@'-g' if d.getVar('DEBUG') else ''}"
INCLUDES = "-I\${S}/include"
INCLUDES:board = "-I\${S}/board"
S = "/sources/\${PN}-\${PV}"
PV = "1.0"
DEPENDS = "a-target b-target"
LIST = "\${@' '.join(sorted(k for k in d.keys() if k.startswith('CFLAGS')))}"
FOUND = "\${@'FOUND_ONE' if os.path.exists(os.path.dirname(d.getVar('FILE')) + '/flag') else 'FOUND_NONE'}"
COUNTED = "\${@d.setVar('COUNT', (d.getVar('COUNT') or '') + 'x') or d.getVar('COUNT')}"
SET = "\${@bb.utils.contains('FEATURES', 'one', 'yes', 'no', d)}"
export SHARED = "\${PV}"
helper() {
    echo "\${LOGDIR} \${DEPENDS}"
    shared_command
}
shared_command() {
    \${CC} \${CFLAGS}
}
def shown(d):
    return d.getVar('PV') + (d.getVar('SUFFIX') or '')
SHOWN = "\${@shown(d)}"
do_compile() {
    helper
    echo "\${SHOWN} \${LIST} \${SET}"
}
do_compile[vardeps] += "\${FOUND} \${COUNTED}"
do_install() {
    shared_command \${COUNT}
}
do_install[depends] = "\${@'\${DEPENDS}'.split()[0]}:do_compile"
do_install[prefuncs] += "prepare"
helper[vardeps] = "\${@'FOUND_TWO' if os.path.exists(os.path.dirname(d.getVar('FILE')) + '/flag') else ''}"
python prepare() {
    bb.utils.contains('FEATURES', 'two', '', '', d)
    shown(d)
    d.getVar('LATE')
}
addtask compile
addtask install after do_compile
BBCLASSEXTEND = "native"
-- layer/recipes/filtered_1.0.bb --
PN = "filtered"
DEPENDS = "a-target b-target"
python () {
    if hasattr(d, "setVarFilter"):
        d.setVarFilter("DEPENDS", "val.replace('-target', '-native')")
}
do_compile() {
    first
}
do_compile[vardeps] = "DEPENDS"
first() {
    second
    third
    known_later
}
third() {
    known_later
}
second() {
    :
}
second[vardeps] = "\${DEPENDS}"
addtask compile
-- layer/recipes/occasional_1.0.bb --
PN = "occasional"
WHEN = "now"
do_compile() {
    echo \${WHEN}
}
do_install() {
    helper
}
helper() {
    echo \${READ} \${SUFFIX}
}
python () {
    d.setVar('READ', d.getVar('WHEN') + '-' + (d.getVar('LATE') or ''))
}
SUFFIX = "now"
SUFFIX[vardepvalue] = "now"
addtask compile
addtask install after do_compile
`;

/** Added to the recipe, in groups of what can belong together. */
const EDITS: readonly (readonly string[])[] = [
  [
    'OVERRIDES:append = ":other"',
    'OVERRIDES = "${CLASSOVERRIDE}:other"',
    'CFLAGS:other = "-Os"',
    'CFLAGS:append:board = " ${UNUSED}"',
    'CFLAGS:append = " -Wall"',
    'CFLAGS:remove = "-O2"',
    'CFLAGS:class-native = "-O0 ${LATE}"',
    'do_install:append:other() {\n    helper\n}',
  ],
  [
    'DEPENDS += "c-target"',
    'DEPENDS:remove = "b-target"',
    'helper[vardeps] += "${DEPENDS}"',
    'A_FIRST = "${DEPENDS}"\ndo_compile[vardeps] += "A_FIRST"',
    'shared_command() {\n    ${DEPENDS}\n}\na-native() {\n    :\n}\na-target() {\n    :\n}',
    'python () {\n    d.setVarFilter("CFLAGS", "val.upper()")\n}',
    'shared_command[vardeps] += "${CFLAGS}"',
    'do_compile[vardeps] += "${DEPENDS}"',
    'do_compile[rdeptask] = "${@\'${DEPENDS}\'.split()[0]}"',
    'known_later() {\n    :\n}',
  ],
  [
    'INCLUDES[extra] = "1"\ndo_compile[vardeps] += "INCLUDES"',
    'BB_SIGNATURE_EXCLUDE_FLAGS:append = " extra"',
    'LOGDIR = "; frobnicate;"\nfrobnicate() {\n    :\n}',
    'BB_HASH_CODEPARSER_VALS = ""',
    'BB_HASH_CODEPARSER_VALS = "LOGDIR=/other"',
    'shared_command[vardepsexclude] = "CFLAGS"',
    'do_compile[vardepvalue] = "${PV}"',
  ],
  [
    'UNUSED = "1"',
    'other_command() {\n    : known now\n}',
    'helper:append() {\n    other_command\n}',
    'shared_command() {\n    other_command ${EXPORTED}\n}',
    'do_install() {\n    other_command ${EXPORTED}\n}',
    'python () {\n    d.renameVar("UNUSED", "other_command")\n}',
    'LATE = "1"',
    'export SHARED = "again"',
    'export EXPORTED = "${LATE}"',
    'unset SHARED',
  ],
  [
    'def shown(d):\n    return d.getVar("LATE") or ""',
    'SUFFIX = "-${PN}"',
    'do_compile[vardeps] += "${SHOWN}"',
    'python () {\n    d.setVar("LATE", "by Python")\n    d.delVar("INCLUDES:board")\n}',
    'LATE := "${@len(d.keys())}"',
    'LATE = "1"',
    'FEATURES = "one two"',
    'FEATURES = "two"',
    'DEBUG = "1"',
  ],
  [
    '# nothing',
    'BBCLASSEXTEND = ""',
    'BBCLASSEXTEND = "${@\'native\'}"',
    'do_install[vardeps] += "BBCLASSEXTEND"',
    'PV = "2.0"',
    'S = "/elsewhere"',
    'do_install:append() {\n    helper\n}',
    'helper:append:board() {\n    : more\n}',
    'do_compile[nostamp] = "1"',
    'addtask extra after do_install',
    'do_extra() {\n    helper\n}',
  ],
];
const TOGETHER = 12;

/** To the recipe `occasional`: texts stay as they are, or were, and are certain no longer. */
const UNSURE: readonly (readonly [edit: string, unknown: readonly string[]])[] = [
  ['WHEN := "${@time.strftime(\'now\')}"', ['do_compile', 'do_install']],
  ['SUFFIX := "${@time.strftime(\'now\')}"', ['do_install']],
  ['python () {\n    import time\n    d.setVar("WHEN", time.strftime("now"))\n}', ['do_compile']],
  [
    'python () {\n    import time\n    d.setVarFlag("SUFFIX", "vardepvalue", time.strftime("now"))\n}',
    ['do_install'],
  ],
];

/** Everything of an evaluation but how long it took. */
function comparable({ milliseconds: _, ...rest }: RecipeEvaluation): unknown {
  return rest;
}

async function compare(
  open: (files?: HostFiles) => Promise<RecipeEvaluator>,
  files: HostFiles,
  choose: (path: string) => boolean,
  steps: number,
  inCopy = false,
): Promise<number> {
  const lasting = await open(files);
  const fresh = await open(files);
  let hashes = 0;
  for (const { path } of lasting.summary.recipes.filter(({ path }) => choose(path))) {
    const random = sequence(steps);
    const text = readFileSync(path, 'utf8');
    const flag = join(dirname(path), 'flag');
    let few: readonly string[] = [];
    for (let step = 0; step < steps; step++) {
      // For a while of the same group, in any order.
      if (step % TOGETHER === 0) few = EDITS[(step / TOGETHER) % EDITS.length]!;
      const chosen = few.filter(() => random() < 0.4);
      if (random() < 0.3) chosen.reverse();
      files.setOverlay(path, [text, ...chosen, ''].join('\n'));
      const outside = inCopy && random() < 0.2 ? [flag] : [];
      if (outside.length > 0 && existsSync(flag)) rmSync(flag);
      else if (outside.length > 0) writeFileSync(flag, '');
      files.forget(outside);
      lasting.outdate(outside, [path]);
      fresh.outdate(outside, [path]);
      const now = lasting.evaluate(path, { recipeInfo: true });
      // What comes with ingredients is computed from nothing.
      const expected = fresh.evaluate(path, { recipeInfo: true, ingredients: 'further' });
      expect(comparable(now), `${path} with ${chosen.join(', ')}`).toEqual(comparable(expected));
      hashes += now.variants.flatMap(({ tasks }) => tasks).length;
    }
    files.setOverlay(path, undefined);
  }
  return hashes;
}

describe('a recipe that is edited', () => {
  const workspace = materialise(parseScenario('continued', LAYER));
  afterAll(() => workspace.dispose());

  it.each(['kirkstone', 'scarthgap', 'wrynose', 'master'])(
    'has the hashes of a fresh evaluation after each edit: %s',
    async (release) => {
      const files = checkoutFiles(workspace.buildDir);
      const open = () => openEvaluator(workspace.buildDir, release, {}, files);
      expect(await compare(open, files, () => true, 288, true)).toBeGreaterThan(500);
    },
    300_000,
  );

  it.each(UNSURE)(
    'is certain no longer where a text is the same and comes from elsewhere: %s',
    async (edit, tasks) => {
      const files = checkoutFiles(workspace.buildDir);
      const evaluator = await openEvaluator(workspace.buildDir, 'wrynose', {}, files);
      const { path } = evaluator.summary.recipes.find((recipe) =>
        recipe.path.endsWith('/occasional_1.0.bb'),
      )!;
      const text = readFileSync(path, 'utf8');
      const unknown = (added: string) => {
        files.setOverlay(path, `${text}\n${added}\n`);
        evaluator.outdate([], [path]);
        const [variant] = evaluator.evaluate(path, {}).variants;
        return variant!.tasks.filter(({ basehash }) => typeof basehash !== 'string').map(({ task }) => task);
      };
      expect(unknown('')).toEqual([]);
      expect(unknown('# nothing')).toEqual([]);
      expect(unknown(edit)).toEqual(tasks);
      expect(unknown('')).toEqual([]);
    },
  );

  const sample = join(import.meta.dirname, '../../samples/workspace/build');
  it('has them in the sample', async () => {
    const files = checkoutFiles(sample);
    const open = () => openEvaluator(sample, 'wrynose', {}, files);
    expect(await compare(open, files, () => true, 30)).toBeGreaterThan(500);
  }, 300_000);

  it.skipIf(!('queryObjects' in v8))('leaves nothing behind of the edits before the last', async () => {
    const files = checkoutFiles(sample);
    const evaluator = await openEvaluator(sample, 'wrynose', {}, files);
    const { path } = evaluator.summary.recipes[0]!;
    const text = readFileSync(path, 'utf8');
    const alive = [1, 2, 3, 4, 5, 6].map((edit) => {
      files.setOverlay(path, `${text}\ndo_install:append() {\n    : ${edit}\n}\n`);
      evaluator.outdate([], [path]);
      evaluator.evaluate(path, { recipeInfo: true });
      return v8.queryObjects(Datastore, { format: 'count' });
    });
    expect(alive.slice(2)).toEqual(alive.slice(1, -1));
    expect(alive[5]).toBeGreaterThan(0);
  });

  const { SSTATE_LENS_OE_CORE: checkout } = process.env;
  it.skipIf(checkout === undefined)(
    'has them in OE-Core (SSTATE_LENS_OE_CORE)',
    async () => {
      const build = `${checkout}/build`;
      const files = checkoutFiles(build);
      const chosen =
        /\/(zlib|util-linux|core-image-minimal|python3-numpy|glibc|busybox|linux-yocto|packagegroup-base|systemd)_?[^/]*\.bb$/;
      expect(
        await compare(
          () => openCheckout(build, files),
          files,
          (path) => chosen.test(path),
          20,
        ),
      ).toBeGreaterThan(500);
    },
    3_600_000,
  );
});
