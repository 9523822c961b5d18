/**
 * What Python did for a recipe is known in a later session: it is entered only for what has changed since, and what
 * comes out is what a fresh evaluation gives.
 */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { RecipeEvaluator } from '../../server/src/engine/evaluator.ts';
import { Workspace } from '../../server/src/engine/workspace.ts';
import { openBuildDirectory } from '../../server/src/host/buildDirectory.ts';
import { connectEvaluator } from '../../server/src/host/evaluatorConnection.ts';
import { openResultCache } from '../../server/src/host/resultCache.ts';
import { openCheckout, openEvaluator } from '../harness/engine.ts';
import {
  CLASS_THAT_FILTERS,
  LAYER_OF_RECIPES,
  LIBRARY_THAT_KEEPS,
  materialise,
  parseScenario,
} from '../harness/fixture.ts';
import { evaluatorFiles } from '../harness/processes.ts';

const LAYER = `${LAYER_OF_RECIPES}${LIBRARY_THAT_KEEPS}${CLASS_THAT_FILTERS}-- layer/recipes/many_1.0.bb --
PN = "many"
BPN = "many"
CLASSOVERRIDE = "class-target"
OVERRIDES = "\${CLASSOVERRIDE}"
PV = "1.0"
DEPENDS = "a-target b-target"
KEPT = "kept"
FOUND = "\${@open(os.path.dirname(d.getVar('FILE')) + '/told').read().strip()}"
NOTHING = "\${@str(d.getVar('UNSET')) + str(d.getVarFlag('PN', 'unset'))}"
FIRST = "\${@keeper.first.first(d)}"
AGAIN = "\${@keeper.first.first(d) + d.getVar('PV')}"
def shown(d):
    return d.getVar('PV') + (d.getVar('SUFFIX') or '')
python () {
    flags = d.getVarFlags('do_compile')
    d.setVarFlag('do_compile', 'seen', ' '.join(sorted(str(flag) for flag in flags)))
    for name in d.getVar('DEPENDS').split():
        d.appendVar('LIST', ' ' + name + shown(d))
}
do_compile() {
    echo "\${FOUND} \${NOTHING} \${FIRST} \${AGAIN} \${LIST} \${DEPENDS}"
}
do_compile[vardeps] += "do_more"
python do_more() {
    shown(d)
    d.getVar('LATE')
}
addtask compile
BBCLASSEXTEND = "native"
-- layer/recipes/changing_1.0.bb --
PN = "changing"
python () {
    bb.utils.contains = lambda *args: 'other'
}
do_compile() {
    :
}
addtask compile
-- layer/recipes/reading_1.0.bb --
FOUND = "\${@open(os.path.dirname(d.getVar('FILE')) + '/told').read().strip()}"
do_compile[vardepvalue] = "\${FOUND}"
do_compile() {
    :
}
addtask compile
-- layer/recipes/told --
one
`;

/** Python is entered for nothing else. */
const ENTRIES = [
  'evaluate',
  'callAnonymous',
  'fireHandler',
  'define',
  'defineHandler',
  'analyse',
  'applyFilter',
] as const;

/** What Python is entered for from now on: the texts of it. */
function entries(evaluator: RecipeEvaluator): string[] {
  const { sandbox } = evaluator['python'] as unknown as {
    sandbox: Record<string, (...args: unknown[]) => unknown>;
  };
  const entered: string[] = [];
  for (const name of ENTRIES) {
    const own = sandbox[name]!.bind(sandbox);
    sandbox[name] = (...args) => {
      entered.push(`${name} ${String(args[0])}`);
      return own(...args);
    };
  }
  return entered;
}

describe('what Python did for a recipe', () => {
  const workspace = materialise(parseScenario('recollection', LAYER));
  const recipe = (name: string) => `${workspace.root}/layer/recipes/${name}_1.0.bb`;
  const open = () => openEvaluator(workspace.buildDir);
  /** That a piece keeps something in a module is only known once it has. */
  const recollectionOf = (evaluator: RecipeEvaluator): string => {
    for (let time = 0; time < 2; time++) evaluator.evaluate(recipe('many'), { hashesOnly: true });
    return evaluator.takeRecollection()!;
  };
  const told = `${workspace.root}/layer/recipes/told`;
  afterAll(() => workspace.dispose());

  it('is known in a later session, where Python is not entered for it', async () => {
    const first = await open();
    const { variants, problems } = first.evaluate(recipe('many'));
    expect(problems).toEqual([]);
    expect(variants.map(({ mcfn, nodes }) => [mcfn.split(':')[0], nodes.get('LIST')?.value])).toEqual([
      [workspace.root.split(':')[0] + '/layer/recipes/many_1.0.bb', ' a-target1.0 b-target1.0'],
      ['virtual', ' a-native1.0 b-native1.0 more-native1.0'],
    ]);
    const recollection = recollectionOf(first);
    // Where most was taken over, little was seen.
    first.evaluate(recipe('many'));
    expect(first.takeRecollection()).toBeUndefined();
    const second = await open();
    const entered = entries(second);
    expect(second.evaluate(recipe('many'), { recollection }).variants).toEqual(variants);
    expect(entered).toEqual([]);
    // There is nothing new to tell.
    expect(second.takeRecollection()).toBeUndefined();
  });

  it('is computed where it is another', async () => {
    const first = await open();
    const recollection = recollectionOf(first);
    const text = LAYER.split('-- layer/recipes/many_1.0.bb --\n')[1]!.split('-- layer/recipes/changing')[0]!;
    const keepers = ['evaluate keeper.first.first(d)', "evaluate keeper.first.first(d) + d.getVar('PV')"];
    const anonymous = 'callAnonymous _';
    const unset = "evaluate str(d.getVar('UNSET')) + str(d.getVarFlag('PN', 'unset'))";
    for (const [from, to, pieces] of [
      ['KEPT = "kept"', 'KEPT = "other"', keepers],
      // Once Python is entered, what has kept something before runs again.
      ["return d.getVar('PV')", "return 'x' + d.getVar('PV')", [anonymous, ...keepers]],
      ['BBCLASSEXTEND =', 'UNSET = "set"\nBBCLASSEXTEND =', [unset]],
    ] as const) {
      writeFileSync(recipe('many'), text.replace(from, to));
      const second = await open();
      const entered = entries(second);
      const recalled = second.evaluate(recipe('many'), { recollection });
      const fresh = (await open()).evaluate(recipe('many'));
      expect(recalled.variants, to).toEqual(fresh.variants);
      const run = entered.filter((entry) => /^(evaluate|callAnonymous|fireHandler|applyFilter)/.test(entry));
      expect([...new Set(run.map((entry) => entry.split('_anon_')[0]))].sort(), to).toEqual(pieces);
      // And so it is told on, with what is new.
      const third = await open();
      const again = entries(third);
      const told = second.takeRecollection()!;
      expect(third.evaluate(recipe('many'), { recollection: told }).variants, to).toEqual(fresh.variants);
      expect(again, to).toEqual([]);
    }
    writeFileSync(recipe('many'), text);
  });

  it('is not told where code that others run was changed', async () => {
    const evaluator = await open();
    evaluator.evaluate(recipe('changing'));
    expect(evaluator.takeRecollection()).toBeUndefined();
    evaluator.evaluate(recipe('many'));
    expect(evaluator.takeRecollection()).toBeDefined();
  });

  it('is kept with the files that Python looked at', async () => {
    const cacheDirectory = mkdtempSync(join(tmpdir(), 'recollection-'));
    const trouble: string[] = [];
    const session = async (): Promise<{ found: string | undefined; told: boolean }> => {
      const build = openBuildDirectory(workspace.buildDir);
      const files = await evaluatorFiles();
      const cache = openResultCache(build, files, {}, cacheDirectory, (what) => trouble.push(what));
      let told = false;
      const connect = () => {
        const connection = connectEvaluator(build, files, {});
        const { find } = connection;
        return {
          ...connection,
          find: ((method, params) => {
            if (method === 'evaluate')
              told = (params as { recollection?: string }).recollection !== undefined;
            return find.call(connection, method, params);
          }) as typeof find,
        };
      };
      const pool = new Workspace({ processes: 1, connect, cache: cache.results });
      const { variants } = await pool.evaluate(recipe('reading'));
      pool.dispose();
      await cache.close();
      const found = variants[0]!.nodes.get('do_compile')?.value;
      return { found, told };
    };
    try {
      expect(await session()).toEqual({ found: 'one', told: false });
      // Another value in the recipe: what Python did is known.
      appendFileSync(recipe('reading'), 'OTHER = "1"\n');
      expect(await session()).toEqual({ found: 'one', told: true });
      // Another text in a file that Python reads: it is not.
      writeFileSync(told, 'two\n');
      expect(await session()).toEqual({ found: 'two', told: false });
      expect(trouble).toEqual([]);
    } finally {
      rmSync(cacheDirectory, { recursive: true });
    }
  });
});

const checkout = process.env['SSTATE_LENS_OE_CORE'];
/** A few of every kind. */
const STEP = 40;

describe.skipIf(!checkout)('over the OE-Core checkout of SSTATE_LENS_OE_CORE', () => {
  it('is the same in a later session, Python being hardly entered', { timeout: 300_000 }, async () => {
    const first = await openCheckout(`${checkout}/build`);
    const second = await openCheckout(`${checkout}/build`);
    const [before, after] = [entries(first), entries(second)];
    const recipes = first.summary.recipes.filter((_, at) => at % STEP === 0);
    expect(recipes.length).toBeGreaterThan(20);
    for (const { path } of recipes) {
      const { variants } = first.evaluate(path, { hashesOnly: true, recipeInfo: true });
      const recalled = second.evaluate(path, {
        hashesOnly: true,
        recipeInfo: true,
        recollection: first.takeRecollection(),
      });
      expect(recalled.variants, path).toEqual(variants);
    }
    // What skips a recipe, or looks at the interpreter, is not remembered.
    expect(before.length).toBeGreaterThan(500);
    expect(after.length).toBeLessThan(before.length / 5);
  });
});
