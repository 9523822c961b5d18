/**
 * A commit changes what the configuration says of the repository. Recipes that ask for that are evaluated again, and no
 * others are; where more could depend on it, everything is.
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { RecipeEvaluation } from '../../server/src/engine/results.ts';
import { DiskCache } from '../../server/src/host/diskCache.ts';
import { HostFiles } from '../../server/src/host/files.ts';
import { openEvaluator } from '../harness/engine.ts';
import { LAYER_OF_RECIPES, materialise, parseScenario, type Workspace } from '../harness/fixture.ts';
import { openWorkspace } from '../harness/workspace.ts';

const LAYER = `${LAYER_OF_RECIPES}addpylib \${LAYERDIR}/lib where
INHERIT += "revision"
-- layer/lib/where/__init__.py --
BBIMPORTS = ["revision"]
-- layer/lib/where/revision.py --
import bb.process
KNOWN = {}
LAST = ""

def revision(d):
    return bb.process.run("git rev-parse HEAD", cwd=d.getVar("TOPDIR"))[0].strip()

def known(d):
    if "value" not in KNOWN:
        KNOWN["value"] = revision(d)
    return KNOWN["value"]

def last(d):
    global LAST
    LAST = revision(d)
    return LAST
-- layer/classes/revision.bbclass --
REVISION := "\${@where.revision.revision(d)}"
REVISION[vardepvalue] = "\${REVISION}"
LONG = "revision \${REVISION}"
@MORE@
-- layer/recipes/plain_1.0.bb --
do_compile() {
    :
}
addtask compile
-- layer/recipes/user_1.0.bb --
do_compile() {
    echo \${LONG}
}
addtask compile
-- layer/recipes/own_1.0.bb --
OWN := "\${@where.revision.revision(d)}"
do_compile() {
    echo \${OWN}
}
addtask compile
-- layer/recipes/branch_1.0.bb --
python () {
    d.setVar('SHORT', d.getVar('REVISION')[:7])
}
do_compile() {
    echo \${SHORT}
}
addtask compile
`;

const made: Workspace[] = [];
afterAll(() => made.forEach((workspace) => workspace.dispose()));

/** A workspace in a repository. @param more lines of the class @param recipes in place of those above */
function repository(more = '', recipes?: string): Workspace & { git(...args: string[]): string } {
  const layer = recipes === undefined ? LAYER : LAYER.slice(0, LAYER.indexOf('-- layer/recipes/')) + recipes;
  const workspace = materialise(
    parseScenario(
      'repository',
      layer.replace('@MORE@', () => more),
    ),
  );
  made.push(workspace);
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-c', 'init.defaultBranch=main'];
  const git = (...args: string[]) =>
    execFileSync('git', [...identity, ...args], { cwd: workspace.root, encoding: 'utf8' }).trim();
  git('init', '--quiet');
  git('commit', '--quiet', '--allow-empty', '-m', 'first');
  return { ...workspace, git };
}

const open = ({ root, buildDir }: Workspace, files = new HostFiles([root])) =>
  openEvaluator(buildDir, 'wrynose', {}, files);

const name = (path: string) => path.slice(path.lastIndexOf('/') + 1, -'_1.0.bb'.length);

function hashOf({ variants }: RecipeEvaluation): unknown {
  return variants[0]!.tasks.find(({ task }) => task === 'do_compile')!.basehash;
}

async function freshHashes(workspace: Workspace): Promise<Record<string, unknown>> {
  const evaluator = await open(workspace);
  return Object.fromEntries(
    evaluator.summary.recipes.map(({ path }) => [name(path), hashOf(evaluator.evaluate(path))]),
  );
}

function begin(workspace: Workspace, directory: string) {
  const results = new DiskCache({ directory });
  const files = () => new HostFiles([workspace.root]);
  return { ...openWorkspace(files, (files) => open(workspace, files), undefined, { results }), results };
}

async function hashes({ workspace }: ReturnType<typeof begin>): Promise<Record<string, unknown>> {
  const { recipes } = await workspace.summary();
  const found: Record<string, unknown> = {};
  for (const { path } of recipes) {
    const evaluation = await workspace.evaluate(path, undefined, { hashesOnly: true, recipeInfo: true });
    found[name(path)] = hashOf(evaluation);
  }
  return found;
}

/** The identities of the configuration before and after a commit. */
async function identities(more: string, branch?: string): Promise<readonly string[]> {
  const workspace = repository(more);
  const before = (await open(workspace)).summary.identity;
  expect((await open(workspace)).summary.identity).toBe(before);
  if (branch !== undefined) workspace.git('checkout', '--quiet', '-b', branch);
  workspace.git('commit', '--quiet', '--allow-empty', '-m', 'second');
  return [before, (await open(workspace)).summary.identity];
}

describe('where a repository stands', { timeout: 120_000 }, () => {
  it('leaves the configuration the same', async () => {
    const [before, after] = await identities('');
    expect(after).toBe(before);
  });

  it('leaves it the same on another branch where it is asked which repository that is', async () => {
    const top =
      'TOP := "${@bb.process.run(\'git rev-parse --show-toplevel\', cwd=d.getVar(\'TOPDIR\'))[0]}"\nUSED := "${TOP}"';
    const [before, after] = await identities(top, 'another');
    expect(after).toBe(before);
  });

  it.each([
    ['is asked for while it is read', 'COPY := "${REVISION}"'],
    ['decides another value at once', "OTHER := \"${@(d.getVar('LONG') or '').upper()}\""],
    ['is kept in a module', 'AGAIN := "${@where.revision.known(d)}"'],
    ['is left in a module', 'AGAIN := "${@where.revision.last(d)}"'],
    ['is the value of a flag', 'AGAIN[flag] := "${@where.revision.revision(d)}"'],
  ])('makes it another where it %s', async (_, more) => {
    const [before, after] = await identities(more);
    expect(after).not.toBe(before);
  });

  it.each(['one session', 'another session'])('counts for recipes that ask for it: %s', async (session) => {
    const workspace = repository();
    const { root, git } = workspace;
    const directory = `${root}-cache`;
    const start = () => begin(workspace, directory);
    try {
      let now = start();
      const before = await hashes(now);
      expect(before).toEqual(await freshHashes(workspace));
      await now.results.flush();
      git('commit', '--quiet', '--allow-empty', '-m', 'second');
      if (session === 'another session') now = start();
      else now.workspace.filesChanged([join(root, '.git/HEAD'), join(root, '.git/refs/heads/main')]);
      now.asked.length = 0;
      const after = await hashes(now);
      expect(after).toEqual(await freshHashes(workspace));
      expect(after['plain']).toBe(before['plain']);
      expect(after['user']).not.toBe(before['user']);
      expect(after['branch']).not.toBe(before['branch']);
      expect(after['own']).not.toBe(before['own']);
      // In the same session, the first one finds out that what the evaluator knows is old.
      const evaluated = now.asked.filter((method) => method === 'evaluate').length;
      expect(evaluated).toBe(session === 'one session' ? 4 : 3);
      expect(now.asked.filter((method) => method === 'open')).toHaveLength(1);
      // What Python was told by the repository itself counts no more, all else does.
      expect([...new Set(now.recalled.map(name))].sort()).toEqual(['branch', 'user']);
      expect(await hashes(now)).toEqual(after);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it.each([
    ['what is asked of it', ''],
    ['another text for code', 'BB_HASH_CODEPARSER_VALS = "BRANCH=x REVISION=1234"'],
    ['the same text for code by chance', 'BB_HASH_CODEPARSER_VALS = "BRANCH=main"'],
  ])('makes hashes of those again that only hash it: %s', async (_, values) => {
    const branch =
      "BRANCH := \"${@bb.process.run('git rev-parse --abbrev-ref HEAD', cwd=d.getVar('TOPDIR'))[0].strip()}\"";
    const recipes = Object.entries(HASHED).map(
      ([name, text]) => `-- layer/recipes/${name}_1.0.bb --\n${text}\naddtask compile\n`,
    );
    const workspace = repository(`${branch}\n${values}`, recipes.join(''));
    const { root, git } = workspace;
    const directory = `${root}-cache`;
    try {
      const now = begin(workspace, directory);
      const before = await hashes(now);
      expect(before).toEqual(await freshHashes(workspace));
      git('checkout', '--quiet', '-b', 'other');
      git('commit', '--quiet', '--allow-empty', '-m', 'second');
      now.workspace.filesChanged([join(root, '.git/HEAD')]);
      const { outcomes } = now.workspace.kept!;
      for (const recipe of Object.keys(HASHED)) {
        const { path } = (await now.workspace.summary()).recipes.find(
          (known) => name(known.path) === recipe,
        )!;
        outcomes.clear();
        const evaluation = await now.workspace.evaluate(path, undefined, {
          hashesOnly: true,
          recipeInfo: true,
        });
        const isMade = outcomes.has('made again');
        expect([recipe, isMade]).toEqual([recipe, isMadeAgain(recipe, values)]);
        if (isMade) expect([recipe, hashOf(evaluation)]).not.toEqual([recipe, before[recipe]]);
      }
      expect(await hashes(now)).toEqual(await freshHashes(workspace));
      git('checkout', '--quiet', 'main');
      now.workspace.filesChanged([join(root, '.git/HEAD')]);
      expect(await hashes(now)).toEqual(before);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

/** Whether hashes of one of `HASHED` are made again; where code has the same text by chance that is not known. */
function isMadeAgain(recipe: string, values: string): boolean {
  if (values.includes('BRANCH=main') && recipe.startsWith('a-branch')) return false;
  // The command that code runs is always the same then.
  return recipe.startsWith('a-') || (recipe === 'command' && values.includes('BRANCH=x'));
}

/** What asks for one of the variables; those that ask only to hash it begin with `a-`. */
const HASHED = {
  'a-shell': 'do_compile() {\n    echo ${REVISION}\n}',
  'a-branch-in-shell': 'do_compile() {\n    echo ${BRANCH} ${REVISION}\n}',
  'a-python': "python do_compile() {\n    bb.note(d.getVar('REVISION'))\n}",
  'a-vardeps': 'do_compile() {\n    :\n}\ndo_compile[vardeps] += "REVISION"',
  'a-variable': 'NAMED = "a ${REVISION}"\ndo_compile() {\n    :\n}\ndo_compile[vardeps] += "NAMED"',
  command: 'main() {\n    :\n}\nother() {\n    echo other\n}\ndo_compile() {\n    ${BRANCH} x\n}',
  'through-another': 'NAMED = "a ${REVISION}"\ndo_compile() {\n    echo ${NAMED}\n}',
  'own-text': 'BRANCH = "main"\ndo_compile() {\n    echo ${BRANCH} ${REVISION}\n}',
  'own-append': 'BRANCH:append = " main"\ndo_compile() {\n    echo ${BRANCH} ${REVISION}\n}',
  'own-flag': 'BRANCH[vardepvalue] = "of ${BRANCH}"\ndo_compile() {\n    echo ${BRANCH} ${REVISION}\n}',
  'value-of-another':
    'NAMED = "1"\nNAMED[vardepvalue] = "of ${REVISION}"\ndo_compile() {\n    :\n}\ndo_compile[vardeps] += "NAMED"',
  'tested-inline':
    "do_compile() {\n    echo ${@bb.utils.contains('BRANCH', 'main', 'a', 'b', d)} ${REVISION}\n}",
  tested:
    "python do_compile() {\n    if bb.utils.contains('BRANCH', 'main', True, False, d): bb.note(d.getVar('REVISION'))\n}",
  'in-a-key': 'FOO_${BRANCH} = "a"\ndo_compile() {\n    echo ${FOO_main} ${FOO_other} ${REVISION}\n}',
  'in-depends': 'DEPENDS = "x-${BRANCH}"\ndo_compile() {\n    echo ${REVISION}\n}',
  decides:
    "python () {\n    d.setVar('X', d.getVar('BRANCH') == 'main')\n}\ndo_compile() {\n    echo ${X} ${REVISION}\n}",
} as const;
