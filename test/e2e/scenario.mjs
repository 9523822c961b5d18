/**
 * What a user does with a recipe of the sample workspace, and must see. Each step goes on from where the one before
 * it ended. The hashes are those that BitBake computed for the same files (test/data/samples).
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const TABLE = join(import.meta.dirname, '../data/samples/workspace.tsv');
const RECIPE = 'hello_1.0.bb';
const ADDED = 'touch ${D}${bindir}/seen';

const BASEHASHES = new Map(
  readFileSync(TABLE, 'utf8')
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
const READY = 'sstate Lens: samplebox';

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
      for (const theme of ['light', 'contrast', 'contrast-light', 'dark']) {
        await editor.theme(theme);
        await editor.until(() => editor.texts(graph, '#details h2'), /^write_motd$/);
        await editor.picture(`graph-${theme}`);
      }
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
      for (const theme of ['light', 'contrast', 'contrast-light', 'dark']) {
        await editor.theme(theme);
        await editor.picture(`edit-${theme}`);
      }
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
