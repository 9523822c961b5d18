/**
 * What a user meets who installs the package, opens a checkout of OE-Core (with BitBake in it) and changes no setting:
 * the first lens, an edit, the first warning, and that its hash is right. Works on a copy.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const COMMAND = join(import.meta.dirname, '../../dist/sstate-lens.mjs');

/** Copies the checkout and its build directory, without what was built in it. */
export function copyCheckout(checkout, folder) {
  const from = resolve(checkout);
  cpSync(from, folder, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.startsWith(`${from}/build/`) || path.startsWith(`${from}/build/conf`),
  });
  const layers = join(folder, 'build/conf/bblayers.conf');
  writeFileSync(layers, readFileSync(layers, 'utf8').replaceAll(from, folder));
}

/** As steps of `scenario.mjs`. */
export const OE_CORE_SCENARIO = [
  [
    'OE-Core: opening a recipe shows its hashes, with no setting touched',
    async (editor, folder) => {
      const recipes = readdirSync(join(folder, 'meta/recipes-core/zlib'));
      await editor.open(recipes.find((name) => name.endsWith('.bb')));
      await editor.until(() => editor.lenses(), /^\d+ tasks · do_install [0-9a-f]{8}$/, 180);
    },
  ],
  [
    'OE-Core: an edit is marked, and its hash is the one that a fresh start computes of the saved file',
    async (editor, folder) => {
      await editor.cursorAtEndOf('oe_runmake shared');
      await editor.press('Enter');
      await editor.type('touch ${B}/seen');
      const lens = await editor.until(() => editor.lenses(), /^do_compile [0-9a-f]{8} → [0-9a-f]{8}$/, 60);
      await editor.press('Control+Shift+m');
      await editor.until(() => editor.problems(), /^Changes the basehash of do_compile\b.* of zlib\b/, 60);
      await editor.picture('oe-core');
      await editor.press('Control+s');
      await editor.until(() => editor.statusBar(), /^sstate Lens: qemux86-64/, 60);
      const args = ['sig', 'zlib', '--no-cache', '--build-dir', join(folder, 'build')];
      const rows = execFileSync(process.execPath, [COMMAND, ...args], { encoding: 'utf8' });
      // Of the recipe itself; its variants follow.
      const [, hash] = /^ *do_compile +([0-9a-f]{64})$/m.exec(rows);
      console.log(`       do_compile of zlib: ${hash}`);
      assert.equal(lens.slice(-8), hash.slice(0, 8));
    },
  ],
];
