/**
 * What a user does with a recipe of the sample workspace, and must see. Each step goes on from where the one before
 * it ended. The hashes are those that BitBake computed for the same files (test/data/samples).
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SAMPLES = join(import.meta.dirname, '../data/samples');
const RECIPE = 'hello_1.0.bb';
const ADDED = 'touch ${D}${bindir}/seen';

const BASEHASHES = new Map(
  readFileSync(join(SAMPLES, 'workspace.tsv'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([, pn, task, hash]) => [`${pn}:${task}`, hash]),
);
const INSTALL = BASEHASHES.get('hello:do_install');
const TASKS = [...BASEHASHES.keys()].filter((key) => key.startsWith('hello:')).length;
const SHORT = INSTALL.slice(0, 8);
/** Of do_install, as BitBake computed it. */
const TASKHASH = '879e811e';
/** With ADDED behind the second line of do_install, as BitBake computed it. */
const CHANGED = `${SHORT} → e6e84541`;
/** Of do_install for a second machine, `otherbox`, as BitBake computed it: base, and with what it depends on. */
const OTHER = 'e6824b4d';
const OTHER_OBJECT = 'hello:do_install:0a80c691a5a0ecabffeb2ceee144b8a43513102b797d159253122bff61e34384';
const READY = 'sstate Lens: samplebox';

const LIBRARY = 'libgreet_2.1.bb';
/** Of do_compile of the library, with -fPIC, as BitBake computed it. */
const LIBRARY_CHANGED = 'a6adb1bc → b9b2517c';

/** Objects are files by the names of recipe, task and hash: the least that BitBake's check for objects needs. */
const OBJECTS = `SSTATE_DIR = "\${TOPDIR}/objects"
BB_HASHFILENAME = "\${PN}"
BB_HASHCHECK_FUNCTION = "objects_check"

def objects_check(sq_data, d, siginfo=False, currentcount=0, summary=True, **kwargs):
    found = set()
    for tid in sq_data["hash"]:
        task = bb.runqueue.taskname_from_tid(tid)
        name = "%s:%s:%s" % (sq_data["hashfn"][tid], task, sq_data["unihash"][tid])
        if os.path.exists(d.expand("\${SSTATE_DIR}/") + name + (".siginfo" if siginfo else "")):
            found.add(tid)
    return found

do_install_setscene() {
    :
}
addtask install_setscene
`;

/** How many of the first steps every other builds on: they open the recipe and wait for its hashes. */
export const FOUNDATION = 4;

/** `[title, async (editor, workspace)]`; a step fails by throwing. */
export const SCENARIO = [
  [
    'the extension starts with the workspace',
    (editor) => editor.until(() => editor.statusBar(), 'sstate Lens', 60),
  ],
  [
    'a recipe is highlighted',
    async (editor) => {
      await editor.open(RECIPE);
      const drawn = async () => {
        const [inherit, require, name] = await editor.coloursOf('inherit', 'require', 'buildinfo');
        return [
          inherit === require && inherit !== name ? 'keywords are apart' : `${inherit} ${require} ${name}`,
        ];
      };
      await editor.until(drawn, 'keywords are apart');
    },
  ],
  [
    'the status bar names the machine when the configuration is read',
    (editor) => editor.until(() => editor.statusBar(), READY, 60),
  ],
  [
    'the lens at the head counts the tasks and shows the hash of BitBake',
    (editor) => editor.until(() => editor.lenses(), `${TASKS} tasks · do_install ${SHORT}`, 60),
  ],
  [
    'a lens over do_install shows its basehash',
    (editor) => editor.until(() => editor.lenses(), new RegExp(`^do_install ${SHORT}$`)),
  ],
  [
    'a hover on a task shows the whole hash and what goes in',
    async (editor) => {
      const text = await editor.hover('do_install');
      assert.match(text, /^do_install/);
      assert.ok(text.includes(INSTALL), text);
      assert.ok(text.includes('write_motd'), text);
    },
  ],
  [
    'a hover on a variable shows which tasks it enters, and how',
    async (editor) => {
      const text = await editor.hover('MOTD');
      assert.match(text, /^MOTD/);
      assert.ok(/do_install.*write_motd.*MOTD/s.test(text), text);
    },
  ],
  [
    'typing into do_install changes its lens',
    async (editor) => {
      await editor.unhover();
      await editor.cursorAtEndOf('install -m 0755 hello');
      await editor.press('Enter');
      await editor.type(ADDED);
      await editor.until(() => editor.lenses(), `do_install ${CHANGED}`);
    },
  ],
  [
    'the edited statement is marked with the tasks that it changes',
    async (editor) => {
      await editor.press('Control+Shift+m');
      const row = await editor.until(() => editor.problems(), /^Changes the basehash of do_install\b/);
      assert.ok(/sstate-lens.?hash-change/.test(row), row);
      assert.ok(row.includes('Ln 17'), row);
      // The cursor back into the text, for the steps that follow.
      await editor.cursorAtEndOf('touch');
    },
  ],
  [
    'undoing the edit takes lens and mark back',
    async (editor) => {
      for (let presses = 0; presses < 12; presses++) await editor.press('Control+z');
      await editor.until(() => editor.lenses(), new RegExp(`^do_install ${SHORT}$`));
      await editor.until(async () => [(await editor.problems()).join()], /^$/);
    },
  ],
  [
    'an edit that changes no hash says so quietly, and the menu of the status bar leads on',
    async (editor) => {
      await editor.cursorAtEndOf('inherit buildinfo');
      await editor.press('Enter');
      await editor.type('# seen');
      await editor.until(() => editor.statusBar(), `${READY} · no hash changes`);
      for (let presses = 0; presses < 6; presses++) await editor.press('Control+z');
      await editor.until(() => editor.statusBar(), new RegExp(`${READY}$`));
      await editor.command('sstate Lens: Select Machine…');
      await editor.until(() => editor.choices(), /^samplebox/);
      await editor.press('Escape');
      await editor.cursorAtEndOf('    write_motd');
    },
  ],
  [
    'a quick fix shows what it does to hashes, does it, and is undone',
    async (editor) => {
      await editor.cursorAtEndOf('    write_motd');
      await editor.quickFix('Leave write_motd out of the hash of do_install');
      const said = await editor.until(() => editor.dialog(), /Changes the basehash of do_install of hello/);
      assert.match(said, /Risk: Another value of write_motd no longer makes do_install run again/);
      await editor.picture('quick-fix');
      await editor.pressButton('Apply');
      await editor.until(() => editor.lenses(), new RegExp(`^do_install ${SHORT} → (?!${SHORT})`));
      await editor.cursorAtEndOf('    write_motd');
      await editor.press('Control+z');
      await editor.until(() => editor.lenses(), new RegExp(`^do_install ${SHORT}$`));
    },
  ],
  [
    'the views beside the text show the tasks of the recipe, and what an edit changes',
    async (editor) => {
      await editor.cursorAtEndOf('install -m 0755 hello');
      await editor.press('Enter');
      await editor.type(ADDED);
      await editor.command('View: Show sstate Lens');
      await editor.until(() => editor.rows('Recipe'), new RegExp(`^do_install ?${CHANGED}`));
      await editor.until(() => editor.rows('Would Rerun'), /^hello-native ?1 task/);
      await editor.cursorAtEndOf('touch');
      await editor.command("sstate Lens: Compare a Task's Signature With the Baseline");
      await editor.until(
        () => editor.rows('Signature Difference'),
        /^do_install ?value changed · hello_1.0.bb:14/,
      );
      await editor.picture('views');
      await editor.cursorAtEndOf('touch');
      for (let presses = 0; presses < 12; presses++) await editor.press('Control+z');
      await editor.until(() => editor.lenses(), new RegExp(`^do_install ${SHORT}$`));
      await editor.command('View: Show Explorer');
      await editor.cursorAtEndOf('install -m 0755 hello');
    },
  ],
  [
    'the graph of what goes into a hash is searched and walked by keyboard, in any theme',
    async (editor) => {
      await editor.cursorAtEndOf('install -m 0755 hello');
      await editor.hidePanel();
      await editor.command('View: Toggle Primary Side Bar Visibility');
      await editor.command("sstate Lens: Show What Goes Into a Task's Hash");
      const graph = await editor.webview();
      await editor.until(() => editor.texts(graph, '[role=treeitem]'), /^do_install/);
      await graph.locator('#search').fill('MOTD');
      await graph.locator('#search').press('Enter');
      await editor.until(() => editor.texts(graph, '#details h2'), /^MOTD$/);
      await editor.until(() => editor.texts(graph, '#details'), /do_installwrite_motdMOTD/);
      await graph.locator('[role=treeitem][aria-selected=true]').press('ArrowLeft');
      await editor.until(() => editor.texts(graph, '#details h2'), /^write_motd$/);
      await graph.locator('#open-all').click();
      await editor.pictures('graph');
      await editor.until(() => editor.texts(graph, '#details h2'), /^write_motd$/);
      // Enter goes to where it is set.
      await graph.locator('[role=treeitem][aria-selected=true]').press('Enter');
      await editor.until(() => editor.statusBar(), /^Ln 9, Col 1/);
      await editor.command('View: Close Editors in Other Groups');
      await editor.command('View: Toggle Primary Side Bar Visibility');
      await editor.press('Control+Shift+m');
    },
  ],
  [
    'a click on the lens lists the tasks with their hashes',
    async (editor) => {
      await editor.clickLens(`${TASKS} tasks`);
      const rows = await editor.until(() => editor.choices(), 'do_install');
      assert.ok(rows.includes(INSTALL), rows);
    },
  ],
  [
    'what depends on a task is listed by recipe, and the lens shows the taskhash',
    async (editor) => {
      await editor.press('Escape');
      await editor.cursorAtEndOf('install -m 0755 hello');
      await editor.command('sstate Lens: What Depends on This Task');
      const row = await editor.until(() => editor.choices(), /^greet-image/, 60);
      assert.ok(/2 tasks/.test(row) && row.includes('do_rootfs'), row);
      await editor.press('Escape');
      await editor.until(() => editor.lenses(), `do_install ${SHORT} · taskhash ${TASKHASH}`);
    },
  ],
  [
    'an edit says how many tasks it makes rerun',
    async (editor) => {
      await editor.cursorAtEndOf('install -m 0755 hello');
      await editor.press('Enter');
      await editor.type(ADDED);
      await editor.until(() => editor.lenses(), '11 tasks in 3 recipes would rerun');
      await editor.until(() => editor.problems(), '11 tasks in 3 recipes would rerun');
      await editor.command('View: Show sstate Lens');
      await editor.until(() => editor.rows('Would Rerun'), /^greet-image/);
      await editor.cursorAtEndOf('touch');
      await editor.pictures('edit');
      await editor.command('View: Show Explorer');
      await editor.cursorAtEndOf('touch');
      for (let presses = 0; presses < 12; presses++) await editor.press('Control+z');
      await editor.until(async () => [(await editor.problems()).join()], /^$/);
    },
  ],
  [
    'an edit of the class changes the tasks of the open recipe',
    async (editor) => {
      await editor.press('Escape');
      await editor.open('buildinfo.bbclass');
      await editor.cursorAtEndOf("lines.append('%s=%s'");
      await editor.type('  # seen');
      await editor.until(() => editor.problems(), /Changes the basehash of .*do_buildinfo/);
      for (let presses = 0; presses < 12; presses++) await editor.press('Control+z');
      // What is doubtful about the class stays.
      await editor.until(async () => [(await editor.problems()).join()], /^(?!.*Changes the basehash)/s);
    },
  ],
  [
    'a recipe is compared for two machines, down to the line that makes the difference',
    async (editor, workspace) => {
      addOtherMachine(workspace);
      await editor.open(RECIPE);
      await editor.cursorAtEndOf('install -m 0755 hello');
      await editor.command('sstate Lens: Compare This Recipe for Two Machines…');
      await editor.choose('samplebox');
      await editor.choose('otherbox');
      const rows = () => editor.rows('Signature Difference');
      await editor.until(rows, new RegExp(`^do_install ?${SHORT} → ${OTHER}$`), 90);
      await editor.until(rows, /^do_install ?value changed · hello_1.0.bb:14/);
      await editor.picture('machines');
      await editor.command('View: Show Explorer');
      await editor.cursorAtEndOf('install -m 0755 hello');
    },
  ],
  [
    "another multiconfig's hashes are shown under its name, and the plain ones again",
    async (editor, workspace) => {
      addOtherMachine(workspace);
      const conf = join(workspace, 'build/conf');
      const before = readFileSync(join(conf, 'local.conf'), 'utf8');
      mkdirSync(join(conf, 'multiconfig'), { recursive: true });
      writeFileSync(join(conf, 'multiconfig/other.conf'), 'MACHINE = "otherbox"\n');
      writeFileSync(
        join(conf, 'local.conf'),
        `${before}BBMULTICONFIG = "other"\ninclude conf/multiconfig/\${BB_CURRENT_MC}.conf\n`,
      );
      await editor.open(RECIPE);
      const hovered = async () => [await editor.hover('do_install')];
      await editor.until(hovered, 'mc:other:hello', 60);
      await editor.unhover();
      await editor.command('sstate Lens: Select Multiconfig…');
      await editor.choose('other');
      await editor.until(() => editor.statusBar(), 'otherbox · mc:other', 60);
      await editor.until(() => editor.lenses(), `mc:other:hello: ${TASKS} tasks · do_install ${OTHER}`, 60);
      await editor.command('View: Show sstate Lens');
      await editor.until(() => editor.rows('Recipe'), new RegExp(`^do_install ?${OTHER}`));
      await editor.picture('multiconfig');
      await editor.command('sstate Lens: Select Multiconfig…');
      await editor.choose('The plain configuration');
      await editor.until(() => editor.lenses(), new RegExp(`^${TASKS} tasks · do_install ${SHORT}`), 60);
      writeFileSync(join(conf, 'local.conf'), before);
      await editor.until(hovered, /^(?!.*mc:other)/s, 60);
      await editor.unhover();
      await editor.command('View: Show Explorer');
      await editor.cursorAtEndOf('install -m 0755 hello');
    },
  ],
  [
    'tasks are marked with where their objects are, and a click says why one is missing',
    async (editor, workspace) => {
      const configuration = join(workspace, 'build/conf/local.conf');
      const before = readFileSync(configuration, 'utf8');
      const objects = join(workspace, 'build/objects');
      mkdirSync(objects);
      // What was built for another machine.
      writeFileSync(join(objects, OTHER_OBJECT), '');
      cpSync(join(SAMPLES, 'hello-otherbox.do_install.siginfo'), join(objects, `${OTHER_OBJECT}.siginfo`));
      writeFileSync(join(workspace, 'meta-sample/classes/objects.bbclass'), OBJECTS);
      writeFileSync(configuration, `${before}INHERIT += "objects"\n`);
      await editor.open(RECIPE);
      await editor.until(() => editor.statusBar(), READY, 60);
      await editor.command('sstate Lens: Compute Task Graph');
      await editor.until(() => editor.lenses(), 'sstate: missing', 90);
      await editor.command('View: Show sstate Lens');
      await editor.until(() => editor.rows('Recipe'), /^do_install.*sstate: missing/, 60);
      await editor.clickLens('sstate: missing');
      const rows = () => editor.rows('Signature Difference');
      await editor.until(rows, new RegExp(`^basehash ?${OTHER} → ${SHORT}`), 60);
      await editor.until(rows, /^do_install ?value changed · hello_1.0.bb:14/);
      await editor.press('End');
      const looked = await editor.until(rows, `hello:do_install:${TASKHASH}`);
      await editor.until(rows, new RegExp(`^nearest of 1.*/${OTHER_OBJECT}$`));
      await editor.pictures('missing');
      // Where it was looked for, it is found.
      writeFileSync(/\/.*hello:do_install:[0-9a-f]{64}/.exec(looked)[0], '');
      await editor.cursorAtEndOf('install -m 0755 hello');
      await editor.command('sstate Lens: Look for sstate Objects…');
      await editor.choose('Local directories only');
      await editor.until(() => editor.choices(), /^hello:do_install ?local · covered/, 60);
      await editor.press('Escape');
      await editor.until(() => editor.lenses(), 'sstate: local');
      await editor.until(() => editor.rows('Recipe'), /^do_install.*sstate: local/);
      await editor.picture('objects');
      writeFileSync(configuration, before);
      await editor.until(async () => [(await editor.lenses()).join()], /^(?!.*sstate: )/s, 60);
      await editor.command('View: Show Explorer');
      await editor.cursorAtEndOf('install -m 0755 hello');
    },
  ],
  [
    'a review against a branch leads to the changed line, marked beside what it was',
    async (editor, workspace) => {
      const git = (...args) => execFileSync('git', args, { cwd: workspace, encoding: 'utf8' }).trim();
      const branch = git('branch', '--show-current');
      git('checkout', '-q', '-b', 'topic');
      const path = join(workspace, 'meta-sample/recipes-sample/libgreet', LIBRARY);
      writeFileSync(path, readFileSync(path, 'utf8').replace('-shared', '-shared -fPIC'));
      git('-c', 'user.name=sample', '-c', 'user.email=sample@example.com', 'commit', '-qam', 'Add -fPIC');
      await editor.open(RECIPE);
      await editor.command('sstate Lens: Review Changes Against Branch…');
      await editor.choose(branch);
      const rows = () => editor.rows('Review');
      await editor.until(
        rows,
        new RegExp(`^do_compile edited ?${LIBRARY}:11 · 2 basehashes in 2 recipes`),
        120,
      );
      await editor.until(rows, /^libgreet ?5 tasks/);
      await editor.unfold('Review', 'libgreet');
      await editor.until(rows, new RegExp(`^do_compile ?${LIBRARY_CHANGED}`));
      await editor.openRow('Review', 'do_compile edited');
      await editor.until(() => editor.marks(), /^2 basehashes in 2 recipes/);
      const said = await editor.hover('-fPIC');
      assert.match(said, /do_compile edited/);
      assert.match(said, /Basehashes of libgreet and libgreet-native/);
      await editor.hidePanel();
      await editor.pictures('review');
    },
  ],
  [
    'the server restarts on command',
    async (editor) => {
      await editor.open(RECIPE);
      await editor.command('sstate Lens: Restart Language Server');
      await editor.until(() => editor.statusBar(), /sstate Lens.*(loading|starting)/i);
      await editor.until(() => editor.statusBar(), READY, 60);
      // What is shown may still be from before; what follows an edit is not.
      await editor.cursorAtEndOf('install -m 0755 hello');
      await editor.press('Enter');
      await editor.type(ADDED);
      await editor.until(() => editor.lenses(), `do_install ${CHANGED}`);
    },
  ],
];

/** The sample's machine by another name, `otherbox`. */
function addOtherMachine(workspace) {
  const machines = join(workspace, 'meta-sample/conf/machine');
  const conf = readFileSync(join(machines, 'samplebox.conf'), 'utf8');
  writeFileSync(join(machines, 'otherbox.conf'), conf.replaceAll('samplebox', 'otherbox'));
}
