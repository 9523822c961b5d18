/**
 * Bad input, of the kind that happens to everyone: one line for each fault, with its place and what to do, and what
 * can still be computed is.
 */
import { appendFileSync, chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { openEvaluator } from '../harness/engine.ts';
import { materialise, parseScenario } from '../harness/fixture.ts';
import { sharedSandbox } from '../harness/sharedSandbox.ts';

vi.mock(import('../../server/src/python/sandbox.ts'), async (original) => {
  const sandbox = await original();
  return { ...sandbox, createSandbox: (options) => sharedSandbox(sandbox.createSandbox, options) };
});

const PLACE = join(realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-'))), 'workspace');
/** A recipe that nothing is wrong with. */
const GOOD = '-- layer/recipes/good_1.0.bb --\ndo_compile() {\n    echo good\n}\n';
const LAYERS = '-- build/conf/bblayers.conf --\nBBPATH = "${TOPDIR}"\nBBFILES ?= ""\n';
/** Files may deny even being listed, but not to who may do everything. */
const IS_ROOT = process.getuid?.() === 0;

afterAll(() => rmSync(join(PLACE, '..'), { recursive: true, force: true }));

interface Outcome {
  /** `file:line: severity: message`, paths relative to the workspace: of the configuration, then of each recipe. */
  readonly told: string[];
  /** Recipe -> `known`, or why no hash is. */
  readonly recipes: Record<string, string>;
}

/** @param change what cannot be said in a scenario */
async function outcome(
  files: string,
  change: (root: string) => void = () => undefined,
  release = 'wrynose',
): Promise<Outcome> {
  const { root, buildDir, dispose } = materialise(parseScenario('bad', `\n${GOOD}${files}`), PLACE);
  try {
    change(root);
    const evaluator = await openEvaluator(buildDir, release);
    const told: string[] = [];
    const tell = (problems: typeof evaluator.summary.problems) => {
      for (const { path, range, severity, message } of problems) {
        const line = range ? `:${range.start.line + 1}` : '';
        told.push(`${path}${line}: ${severity}: ${message}`.replaceAll(`${root}/`, ''));
      }
    };
    tell(evaluator.summary.problems);
    const recipes: Record<string, string> = {};
    for (const { path } of evaluator.summary.recipes) {
      const { variants, problems } = evaluator.evaluate(path);
      tell(problems);
      const hashes = variants.flatMap(({ tasks }) => tasks.map(({ basehash }) => basehash));
      const reasons = hashes.map((hash) => (typeof hash === 'string' ? 'known' : hash.unknown));
      recipes[path.slice(path.lastIndexOf('/') + 1)] = [...new Set(reasons)]
        .join(' | ')
        .replaceAll(`${root}/`, '');
    }
    return { told, recipes };
  } finally {
    dispose();
  }
}

/** A fault of the configuration: no hash of any recipe is known. */
function refused(message: string): Record<string, string> {
  return { 'good_1.0.bb': `BitBake would refuse the configuration: ${message}` };
}

describe('the configuration', () => {
  it('without bblayers.conf', async () => {
    const { told, recipes } = await outcome('', (root) => rmSync(join(root, 'build/conf/bblayers.conf')));
    expect(told).toEqual([
      'build/conf/bblayers.conf: error: There is no conf/bblayers.conf in build: name a build directory made by oe-init-build-env',
    ]);
    expect(recipes).toEqual({});
  });

  it('with a bblayers.conf that names no layers', async () => {
    expect(await outcome('-- build/conf/bblayers.conf --\nBBPATH = "${TOPDIR}"\n')).toEqual({
      told: [
        'build/conf/bblayers.conf: error: bblayers.conf names no layers: set BBLAYERS to their directories',
      ],
      recipes: {},
    });
  });

  it('with a bblayers.conf that cannot be read', async () => {
    const text = '-- build/conf/bblayers.conf --\nBBPATH = "${TOPDIR}"\nBBLAYERS = "@WORKSPACE@/layer\n';
    const { told } = await outcome(text);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^build\/conf\/bblayers\.conf:2: error: /);
  });

  it('with a layer that does not exist', async () => {
    const message = 'Layer nowhere does not exist or cannot be read: correct BBLAYERS';
    expect(await outcome(`${LAYERS}BBLAYERS = "@WORKSPACE@/layer \\\n    @WORKSPACE@/nowhere"\n`)).toEqual({
      told: [`build/conf/bblayers.conf:4: error: ${message}`],
      recipes: refused(message),
    });
  });

  it('with a layer that is a file', async () => {
    const message = 'Layer other has no readable conf/layer.conf: correct BBLAYERS';
    expect(await outcome(`${LAYERS}BBLAYERS = "@WORKSPACE@/layer @WORKSPACE@/other"\n-- other --\n`)).toEqual(
      { told: [`build/conf/bblayers.conf:3: error: ${message}`], recipes: refused(message) },
    );
  });

  it.skipIf(IS_ROOT)('with a layer that may not be read', async () => {
    const message = 'Layer other has no readable conf/layer.conf: correct BBLAYERS';
    const files = `${LAYERS}BBLAYERS = "@WORKSPACE@/layer @WORKSPACE@/other"\n-- other/conf/layer.conf --\n`;
    const { told, recipes } = await outcome(files, (root) => chmodSync(join(root, 'other'), 0));
    chmodSync(join(PLACE, 'other'), 0o755);
    expect(told).toEqual([`build/conf/bblayers.conf:3: error: ${message}`]);
    expect(recipes).toEqual(refused(message));
  });

  it('with a recipe that is no file', async () => {
    const message =
      'Recipe layer/recipes/broken_1.0.bb cannot be read: see that it is a file, and its permissions';
    const files = '-- layer/recipes/broken_1.0.bb/x --\n';
    expect(await outcome(files)).toEqual({
      told: [`layer/recipes/broken_1.0.bb: error: ${message}`],
      recipes: {
        'broken_1.0.bb': message,
        'good_1.0.bb': 'known',
      },
    });
  });

  it('with a require of a file that is not there', async () => {
    const message =
      'Could not include required file conf/gone.conf: it is neither beside this file nor in a directory of BBPATH. ' +
      'Correct the name, or add the layer that has the file to BBLAYERS';
    expect(await outcome('-- build/conf/local.conf --\nA = "1"\nrequire conf/gone.conf\n')).toEqual({
      told: [`build/conf/local.conf:2: error: ${message}`],
      recipes: refused(message),
    });
  });

  it('with a class to be inherited by all that is not there', async () => {
    const message =
      'Could not inherit class gone: no gone.bbclass in the classes directories of BBPATH. ' +
      'Correct the name, or add the layer that has the class to BBLAYERS';
    expect(await outcome('-- build/conf/local.conf --\nA = "1"\nINHERIT += "gone"\n')).toEqual({
      told: [`build/conf/local.conf:2: error: ${message}`],
      recipes: refused(message),
    });
  });

  it('with a MACHINE that no layer knows', async () => {
    const { told, recipes } = await outcome(
      '-- build/conf/local.conf --\nA = "1"\nMACHINE = "gone"\n',
      (root) =>
        appendFileSync(join(root, 'layer/conf/bitbake.conf'), 'include conf/machine/${MACHINE}.conf\n'),
    );
    expect(told).toEqual([
      'build/conf/local.conf:2: error: No layer has a conf/machine/gone.conf: set MACHINE to a machine of the layers in BBLAYERS',
    ]);
    expect(recipes).toEqual({ 'good_1.0.bb': 'known' });
  });

  it('with Python that Python does not survive', async () => {
    const { told, recipes } = await outcome('-- build/conf/local.conf --\nA = "1"\nB := "${@os.abort()}"\n');
    expect(told).toEqual([
      'build/conf/local.conf:2: error: Failure expanding variable B[:=], expression was ${@os.abort()} which ' +
        'triggered exception SystemExit: Python left through _abort_js',
    ]);
    expect(Object.keys(recipes)).toEqual(['good_1.0.bb']);
    expect(recipes['good_1.0.bb']).toMatch(
      /^BitBake would refuse the configuration: Failure expanding variable B/,
    );
  });

  it('with a bbappend that has no recipe', async () => {
    const message = (rest: string) =>
      `layer/recipes/lonely_%.bbappend: ${rest}: name it after a recipe (% stands for any rest of its name), or remove it`;
    const files =
      '-- layer/recipes/lonely_%.bbappend --\nA = "1"\n-- layer/recipes/good_%.bbappend --\nA = "1"\n';
    expect(await outcome(files)).toEqual({
      told: [
        message(
          'error: There is no recipe lonely_%.bb for this bbappend, and BitBake builds nothing until there is',
        ),
      ],
      recipes: { 'good_1.0.bb': 'known' },
    });
    const switched = `${files}-- build/conf/local.conf --\nBB_DANGLINGAPPENDS_WARNONLY = "1"\n`;
    const warning = message('warning: There is no recipe lonely_%.bb for this bbappend');
    expect((await outcome(switched, undefined, 'kirkstone')).told).toEqual([warning]);
  });
});

/** One recipe, `bad`, has the fault; the other is known all the same. */
async function badRecipe(files: string, change?: (root: string) => void): Promise<string[]> {
  const { told, recipes } = await outcome(files, change);
  expect(recipes['good_1.0.bb']).toBe('known');
  expect(told).toHaveLength(1);
  const message = told[0]!.replace(/^.*?: (error|warning): /, '');
  expect(recipes).toEqual({ 'bad_1.0.bb': message, 'good_1.0.bb': 'known' });
  return told;
}

describe('a recipe', () => {
  it.each([
    [
      'a line that is none',
      'A = "1"\n\nthis is no metadata\n',
      'layer/classes/broken.bbclass:3: error: BitBake cannot read this line: it is no assignment, function or directive such as inherit. Commands belong inside a function.',
    ],
    [
      'Python that is none',
      'A = "1"\n\npython () {\n    if d\n}\n',
      "layer/classes/broken.bbclass:4: error: SyntaxError: expected ':'",
    ],
  ])('that inherits a class with %s', async (_what, text, told) => {
    const files = `-- layer/classes/broken.bbclass --\n${text}-- layer/recipes/bad_1.0.bb --\ninherit broken\n`;
    expect(await badRecipe(files)).toEqual([told]);
  });

  it('that inherits a class that is not there', async () => {
    expect(await badRecipe('-- layer/recipes/bad_1.0.bb --\nA = "1"\ninherit gone\n')).toEqual([
      'layer/recipes/bad_1.0.bb:2: error: Could not inherit class gone: no gone.bbclass in the classes directories of BBPATH. ' +
        'Correct the name, or add the layer that has the class to BBLAYERS',
    ]);
  });

  it('that requires a file that is not there', async () => {
    expect(await badRecipe('-- layer/recipes/bad_1.0.bb --\nA = "1"\nrequire gone.inc\n')).toEqual([
      'layer/recipes/bad_1.0.bb:2: error: Could not include required file gone.inc: it is neither beside this file nor in a directory of BBPATH. ' +
        'Correct the name, or add the layer that has the file to BBLAYERS',
    ]);
  });

  it('that includes itself in a circle', async () => {
    const files =
      '-- layer/recipes/bad_1.0.bb --\nrequire one.inc\n-- layer/recipes/one.inc --\nA = "1"\nrequire two.inc\n' +
      '-- layer/recipes/two.inc --\nrequire one.inc\n';
    expect(await badRecipe(files)).toEqual([
      'layer/recipes/two.inc:1: error: one.inc is included in a circle (one.inc -> two.inc -> one.inc): take this statement out, or one of the others',
    ]);
  });

  it('that is not UTF-8', async () => {
    const latin = (root: string) =>
      writeFileSync(
        join(root, 'layer/recipes/bad_1.0.bb'),
        Buffer.from('A = "1"\nSUMMARY = "caf\xe9"\n', 'latin1'),
      );
    expect(await badRecipe('', latin)).toEqual([
      'layer/recipes/bad_1.0.bb:2: error: This line is not UTF-8, and BitBake reads nothing else: save the file in UTF-8',
    ]);
  });

  it('that is empty, or says that what it says is unknown', async () => {
    expect(
      await outcome(
        '-- layer/recipes/empty_1.0.bb --\n-- layer/recipes/mark_1.0.bb --\nSUMMARY = "\ufffd"\n',
      ),
    ).toEqual({
      told: [],
      recipes: { 'empty_1.0.bb': 'known', 'good_1.0.bb': 'known', 'mark_1.0.bb': 'known' },
    });
  });
});
