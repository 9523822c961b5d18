/**
 * Quick fixes as an editor gets them. Each is made on disk, and the recipe evaluated by an evaluator of its own, before
 * and after and with the edit undone: its hashes must do what the fix's description said.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CodeAction, TextDocumentEdit } from 'vscode-languageserver/node';
import type { RecipeEvaluator } from '../../server/src/engine/evaluator.ts';
import { openBuildDirectory } from '../../server/src/host/buildDirectory.ts';
import { HostFiles } from '../../server/src/host/files.ts';
import { applyEdits } from '../../server/src/ide/fixes/placement.ts';
import { isUnknown } from '../../server/src/ide/view.ts';
import { openEvaluator } from '../harness/engine.ts';
import { materialise, parseScenario, type Workspace } from '../harness/fixture.ts';
import { Editor } from './client.ts';
import { bundledCommand } from './command.ts';

const RECIPE = 'layer/recipes/tool_1.0.bb';
const THEIRS = 'upstream/recipes/lib_2.0.bb';
const LOCAL_CONF = 'build/conf/local.conf';
const BUILD_CLASS = 'layer/classes/shared.bbclass';

const SCENARIO = parseScenario(
  'fixes',
  `
-- build/conf/bblayers.conf --
BBPATH = "\${TOPDIR}"
BBFILES ?= ""
BBLAYERS = "@WORKSPACE@/layer @WORKSPACE@/upstream"
-- build/conf/local.conf --
BB_SIGNATURE_EXCLUDE_FLAGS = "doc filename lineno func python task deps noexec export nostamp vardeps vardepsexclude \\
    vardepvalue vardepvalueexclude cleandirs sstate-outputdirs"
SSTATETASKS = "do_install"
DEPLOY_DIR = "\${TMPDIR}/deploy"
BUILT := "\${@time.strftime('%Y', time.gmtime())}"
DISTRO_NOTE = "for \${WHO}"
INHERIT += "shared"
-- upstream/conf/layer.conf --
BBPATH .= ":\${LAYERDIR}"
BBFILES += "\${LAYERDIR}/recipes/*.bb"
BBFILE_COLLECTIONS += "upstream"
BBFILE_PATTERN_upstream = "^\${LAYERDIR}/"
BBFILE_PRIORITY_upstream = "4"
LAYERSERIES_COMPAT_upstream = "fixtures"
-- ${THEIRS} --
FLAVOUR = "sweet"
do_compile() {
    echo \${⟦FLAVOUR⟧}
}
-- ${BUILD_CLASS} --
SHARED = "1 \${MACHINE}"
do_shared() {
    echo \${⟦SHARED⟧}
}
addtask shared after do_install before do_build
-- ${RECIPE} --
# A comment that no fix moves.
GREETING = "hello \${WHO}"
WHO = 'world'
PARTS = "one two"
LISTED = "a b"
PLACE = "@WORKSPACE@/build/tmp/there"

do_compile() {
    echo \${⟦GREETING⟧}
    echo \${PARTS} ⟦NAMES⟧ \${PLACE}
}

python do_install() {
    for name in (d.getVar('LISTED') or '').split():
        ⟦d⟧.getVar(name + '_VALUE')
}

do_listed() {
    echo \${HIDDEN} $made \${DISTRO_NOTE}
}
do_listed[vardeps] += "made \\
    ⟦SECRET⟧ \\
    MISPELT_NAME \\
    "
do_listed[vardepsexclude] = "⟦HIDDEN⟧"
addtask listed after do_install before do_build
HIDDEN = "1"
SECRET = "2"
made = "3"
NAMES = "4"
a_VALUE = "5"
b_VALUE = "6"
⟦FROZEN⟧ = "\${HIDDEN}!"
FROZEN[vardepvalue] = ⟦⟧"1"

do_frozen() {
    echo \${FROZEN}
}
addtask frozen after do_install before do_build

do_time() {
    echo \${BUILT}
}
do_time[nostamp] = "1"
addtask time after do_install before do_build
`,
);

interface Case {
  readonly title: string;
  readonly file?: string;
  /** Where the cursor is: the n-th mark of the file, or the head of a text, of which ⟦⟧ marks what is selected. */
  readonly at: number | string;
  /** What the file holds then. */
  readonly after: string;
  /** The tasks of which one known hash is to become another. */
  readonly changes: readonly string[];
  /** The tasks of which an unknown hash is to become a known one. */
  readonly gains?: readonly string[];
  /** How the description begins where no known hash becomes another. */
  readonly says?: string;
}

const CASES: readonly Case[] = [
  {
    title: 'Leave GREETING out of the hash of do_compile (vardepsexclude)',
    at: 0,
    after: '}\ndo_compile[vardepsexclude] += "GREETING"\n\npython do_install',
    changes: ['do_compile'],
  },
  {
    title: 'Let NAMES count in the hash of do_compile (vardeps)',
    at: 1,
    after: '}\ndo_compile[vardeps] += "NAMES"\n\n',
    changes: ['do_compile'],
  },
  {
    title: "Let BitBake see what name + '_VALUE' may be (do_install[vardeps])",
    at: 2,
    after:
      "}\ndo_install[vardeps] += \"${@' '.join(name + '_VALUE' for name in (d.getVar('LISTED') or '').split())}\"\n\n",
    changes: ['do_install'],
  },
  {
    title: 'Take SECRET out of do_listed[vardeps]',
    at: 3,
    after: '"made \\\n    MISPELT_NAME \\\n    "\n',
    changes: ['do_listed'],
  },
  {
    title: 'Take MISPELT_NAME out of do_listed[vardeps]',
    at: 'MISPELT_NAME',
    after: 'SECRET \\\n    "\n',
    changes: ['do_listed'],
  },
  {
    title: 'Take HIDDEN out of do_listed[vardepsexclude]',
    at: 4,
    after: '    "\naddtask listed after',
    changes: ['do_listed'],
  },
  {
    title: 'Hash GREETING by its final value alone (vardepvalue)',
    at: 'GREETING = ',
    after: 'GREETING = "hello ${WHO}"\nGREETING[vardepvalue] = "${GREETING}"\nWHO',
    changes: ['do_compile'],
  },
  {
    title: 'Hash DISTRO_NOTE by its final value alone (vardepvalue)',
    file: LOCAL_CONF,
    at: 'DISTRO_NOTE = ',
    after: 'DISTRO_NOTE = "for ${WHO}"\nDISTRO_NOTE[vardepvalue] = "${DISTRO_NOTE}"\n',
    changes: ['do_listed'],
  },
  {
    title: 'Leave WHO out of the hash of DISTRO_NOTE (vardepsexclude)',
    file: LOCAL_CONF,
    at: 'WHO}"\nINHERIT',
    after: 'DISTRO_NOTE = "for ${WHO}"\nDISTRO_NOTE[vardepsexclude] += "WHO"\n',
    changes: ['do_listed'],
  },
  {
    title: 'Take away FROZEN[vardepvalue]: hash FROZEN as it is',
    at: 6,
    after: 'FROZEN = "${HIDDEN}!"\n\ndo_frozen',
    changes: ['do_frozen'],
  },
  {
    title: 'Hash PARTS without “ two” (vardepvalueexclude)',
    at: '= "one⟦ two⟧"',
    after: 'PARTS = "one two"\nPARTS[vardepvalueexclude] = " two"\nLISTED',
    changes: ['do_compile'],
  },
  {
    title: 'Write ${TMPDIR} for the path in PLACE',
    at: '@WORKSPACE@/build/tmp/there',
    after: 'PLACE = "${TMPDIR}/there"',
    changes: ['do_compile'],
  },
  {
    title: 'Hash PLACE without “@WORKSPACE@/build” (vardepvalueexclude)',
    at: '@WORKSPACE@/build/tmp/there',
    after: '/there"\nPLACE[vardepvalueexclude] = "@WORKSPACE@/build"\n\n',
    changes: ['do_compile'],
  },
  {
    title: 'Leave BUILT out of the hash of do_time (vardepsexclude)',
    at: '${BUILT}',
    after: '}\ndo_time[nostamp] = "1"\ndo_time[vardepsexclude] += "BUILT"\n',
    changes: [],
    gains: ['do_time'],
    says: 'Makes the basehash of do_time known.',
  },
  {
    title: 'Have do_compile run again, its shared state made anew (COMPILE_REVISION)',
    at: 'do_compile() {',
    after:
      '}\n# Raise this to have do_compile run again for everybody.\nCOMPILE_REVISION = "1"\n' +
      'do_compile[vardeps] += "COMPILE_REVISION"\n\n',
    changes: ['do_compile'],
  },
  {
    title: 'Run do_compile in every build (nostamp)',
    at: 'do_compile() {',
    after: '}\ndo_compile[nostamp] = "1"\n\n',
    changes: [],
    says: 'Changes no basehash; that of do_time stays unknown. Its taskhash',
  },
  {
    title: 'Run do_time only when its hash is another (take nostamp away)',
    at: 'do_time() {',
    after: '}\naddtask time after',
    changes: [],
    says: 'Changes no basehash; that of do_time stays unknown. Its taskhash',
  },
  {
    title: 'Keep what do_compile makes as shared state',
    at: 'do_compile() {',
    after:
      '}\nSSTATETASKS += "do_compile"\ndo_compile[sstate-inputdirs] = "${WORKDIR}/compile-output"\n' +
      'do_compile[sstate-outputdirs] = "${DEPLOY_DIR}/compile"\ndo_compile[cleandirs] += "${WORKDIR}/compile-output"\n\n' +
      'python do_compile_setscene() {\n    sstate_setscene(d)\n}\naddtask do_compile_setscene\n',
    changes: ['do_compile', 'do_compile_setscene'],
  },
  {
    title: 'Leave FLAVOUR out of the hash of do_compile (vardepsexclude), in lib_%.bbappend of fixture',
    file: THEIRS,
    at: 0,
    after: 'do_compile[vardepsexclude] += "FLAVOUR"\n',
    changes: ['do_compile'],
  },
  {
    title: 'Leave FLAVOUR out of the hash of do_compile (vardepsexclude)',
    file: THEIRS,
    at: 0,
    after: '}\ndo_compile[vardepsexclude] += "FLAVOUR"',
    changes: ['do_compile'],
  },
  {
    title: 'Leave SHARED out of the hash of do_shared (vardepsexclude)',
    file: BUILD_CLASS,
    at: 0,
    after: '}\ndo_shared[vardepsexclude] += "SHARED"\naddtask shared',
    changes: ['do_shared'],
  },
];

let workspace: Workspace;
/** Where fixes are made on disk, out of sight of the editor, in a place with as long a name. */
let copy: Workspace;
let editor: Editor;

function laid(): Workspace {
  const made = materialise(SCENARIO);
  const git = (...args: string[]) => execFileSync('git', args, { cwd: join(made.root, 'upstream') });
  git('init', '-q');
  git('remote', 'add', 'origin', 'https://git.openembedded.org/openembedded-core');
  return made;
}

beforeAll(async () => {
  workspace = laid();
  copy = laid();
  expect(copy.root).toHaveLength(workspace.root.length);
  const files = new HostFiles(openBuildDirectory(copy.buildDir).roots);
  shared = { files, evaluator: await openEvaluator(copy.buildDir, 'wrynose', {}, files) };
  editor = new Editor(workspace.root, { command: await bundledCommand() });
  await editor.initialize({ buildDirectory: '' }, [workspace.root], {
    workspace: {
      workspaceEdit: {
        documentChanges: true,
        resourceOperations: ['create'],
        changeAnnotationSupport: {},
      },
    },
    textDocument: { codeAction: { dataSupport: true, resolveSupport: { properties: ['edit'] } } },
  });
}, 60_000);
afterAll(() => {
  editor.kill();
  workspace.dispose();
  copy.dispose();
});

const inCopy = (text: string) => text.replaceAll(workspace.root, copy.root);
const placed = (text: string) => text.replaceAll('@WORKSPACE@', workspace.root);

/** The range of a case in its document. */
function rangeOf({ file = RECIPE, at }: Case) {
  const text = placed(SCENARIO.files.get(file)!);
  let start: number;
  let end: number;
  if (typeof at === 'number') {
    // Marks are counted in the text before the workspace's place was put in.
    const raw = SCENARIO.files.get(file)!;
    const mark = SCENARIO.marks.filter(({ path }) => path === file)[at]!;
    start = placed(raw.slice(0, mark.start)).length;
    end = start;
  } else {
    const wanted = placed(at);
    start = text.indexOf(wanted.replace(/[⟦⟧]/g, ''));
    expect(start, wanted).toBeGreaterThanOrEqual(0);
    end = wanted.includes('⟧') ? start + wanted.indexOf('⟧') - 1 : start;
    start += Math.max(wanted.indexOf('⟦'), 0);
  }
  const position = (offset: number) => {
    const lines = text.slice(0, offset).split('\n');
    return { line: lines.length - 1, character: lines.at(-1)!.length };
  };
  return { start: position(start), end: position(end) };
}

async function offered(file: string, range: ReturnType<typeof rangeOf>): Promise<CodeAction[]> {
  return editor.request<CodeAction[]>('textDocument/codeAction', {
    textDocument: { uri: editor.uri(file) },
    range,
    context: { diagnostics: [], triggerKind: 1 },
  });
}

/** One that has read the configuration as it is on disk. */
let shared: { readonly files: HostFiles; readonly evaluator: RecipeEvaluator };

/**
 * Task -> hash, of a recipe as it is on disk; undefined: unknown.
 * @param anew whether what changed is more than a file that the recipe itself reads
 */
async function hashesOnDisk(
  recipe: string,
  changed: string,
  anew: boolean,
): Promise<Map<string, string | undefined>> {
  shared.files.forget([changed]);
  shared.evaluator.outdate([changed]);
  const evaluator = anew ? await openEvaluator(copy.buildDir) : shared.evaluator;
  const { variants } = evaluator.evaluate(join(copy.root, recipe));
  return new Map(
    variants[0]!.tasks.map(({ task, basehash }) => [task, isUnknown(basehash) ? undefined : basehash]),
  );
}

/** The tasks that a description says to change. */
function announced(description: string): string[] {
  const tasks = /^Changes the basehash of (.+?)(?: \(\d+ tasks\))? of \w+[.;]/.exec(description)?.[1];
  return tasks?.split(', ') ?? [];
}

describe('a client that shows no descriptions', { timeout: 60_000 }, () => {
  it('gets what changes in the titles, and the edits at once', async () => {
    const plain = new Editor(workspace.root, { command: await bundledCommand() });
    try {
      await plain.initialize({ buildDirectory: '' });
      await plain.open(RECIPE);
      const range = rangeOf(CASES[0]!);
      const ask = (triggerKind: number) =>
        plain.request<CodeAction[]>('textDocument/codeAction', {
          textDocument: { uri: plain.uri(RECIPE) },
          range,
          context: { diagnostics: [], triggerKind },
        });
      const [action] = await ask(1);
      expect(action).toMatchObject({
        title:
          'Leave GREETING out of the hash of do_compile (vardepsexclude): Changes the basehash of do_compile of tool; ' +
          'that of do_time stays unknown',
        kind: 'refactor.rewrite',
        edit: {
          changes: {
            [plain.uri(RECIPE)]: [{ newText: 'do_compile[vardepsexclude] += "GREETING"\n' }],
          },
        },
      });
      // Nothing is wrong there: unasked, it is not offered.
      expect(await ask(2)).toEqual([]);
    } finally {
      plain.kill();
    }
  });
});

describe('quick fixes', { timeout: 60_000 }, () => {
  it.each(CASES)('$title', async (given) => {
    const { file = RECIPE, title } = given;
    // What a file of the configuration changes is told of the recipe that was last worked on.
    if (file === LOCAL_CONF) await editor.open(RECIPE);
    await editor.open(file);
    const known = await editor.until(
      () => offered(file, rangeOf(given)),
      (actions) => actions.some((action) => action.title === placed(title)),
    );
    const action = known.find((each) => each.title === placed(title));
    expect(action, known.map((each) => each.title).join('\n')).toBeDefined();
    const resolved = await editor.request<CodeAction>('codeAction/resolve', action);
    const { documentChanges, changeAnnotations } = resolved.edit!;
    const [annotation] = Object.values(changeAnnotations!);
    expect(annotation).toMatchObject({ label: placed(title), needsConfirmation: true });
    expect(annotation!.description).toMatch(/\nRisk: .+\.$/);
    const said = announced(annotation!.description!);
    expect(said).toEqual(given.changes);
    if (given.says !== undefined)
      expect(annotation!.description!.slice(0, given.says.length)).toBe(given.says);

    const edit = documentChanges!.find((change): change is TextDocumentEdit => 'edits' in change)!;
    const path = inCopy(fileURLToPath(edit.textDocument.uri));
    const text = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    expect(documentChanges!.some((change) => 'kind' in change)).toBe(text === undefined);
    // What a class or a file of the configuration changes is seen in a recipe.
    const isShared = file === BUILD_CLASS || file === LOCAL_CONF;
    const recipe = isShared ? RECIPE : file;
    const anew = text === undefined || isShared;
    if (file === LOCAL_CONF)
      expect(annotation!.description).toContain('. Other recipes that use it change, too');
    const before = await hashesOnDisk(recipe, path, false);
    mkdirSync(dirname(path), { recursive: true });
    const edits = edit.edits.map((each) => ({
      range: {
        start: { line: each.range.start.line, column: each.range.start.character },
        end: { line: each.range.end.line, column: each.range.end.character },
      },
      text: 'newText' in each ? inCopy(each.newText) : '',
    }));
    const changed = applyEdits(text ?? '', edits);
    expect(changed).toContain(inCopy(placed(given.after)));
    writeFileSync(path, changed);
    try {
      const after = await hashesOnDisk(recipe, path, anew);
      const different = [...after].filter(([task, hash]) => before.get(task) !== hash).map(([task]) => task);
      expect(different).toEqual([...given.changes, ...(given.gains ?? [])]);
    } finally {
      if (text === undefined) rmSync(path);
      else writeFileSync(path, text);
    }
    expect(await hashesOnDisk(recipe, path, anew)).toEqual(before);
    await editor.closeAll();
  });
});
