/**
 * `npm run package`: builds and makes sstate-lens.vsix, then looks into it: it must hold what
 * .vscodeignore lets through and nothing else, all that the extension reads at run time, and no text under the GPL
 * (BitBake's licence).
 */
import { createVSIX } from '@vscode/vsce';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { entries } from './zip.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const PACKAGE = join(ROOT, 'sstate-lens.vsix');

const ALLOWED = [
  // vsce renames these three as the gallery wants them.
  /^extension\/(package\.json|readme\.md|changelog\.md|LICENSE\.txt)$/,
  /^extension\/client\/(icon\.png|walkthrough\/[a-z]+\.md)$/,
  /^extension\/syntaxes\/[^/]+\.json$/,
  /^extension\/samples\/workspace\/(?!build\/(?!conf\/))/,
  /^extension\/dist\/(client\.cjs|graph\.(js|css)|(sstate-lens|evaluator)\.mjs|THIRD-PARTY\.txt)$/,
  /^extension\/dist\/pyodide\/(pyodide\.asm\.wasm|python_stdlib\.zip)$/,
  /^extension\/dist\/sql-wasm\.wasm$/,
  /^extension\/dist\/(bitbake|python\/[^.]+)\.py$/,
  /^(\[Content_Types\]\.xml|extension\.vsixmanifest)$/,
];
const REQUIRED = [
  'extension/package.json',
  'extension/LICENSE.txt',
  'extension/client/icon.png',
  'extension/samples/workspace/build/conf/bblayers.conf',
  'extension/dist/client.cjs',
  'extension/dist/graph.js',
  'extension/dist/graph.css',
  'extension/dist/sstate-lens.mjs',
  'extension/dist/evaluator.mjs',
  'extension/dist/bitbake.py',
  'extension/dist/pyodide/pyodide.asm.wasm',
  'extension/dist/pyodide/python_stdlib.zip',
  'extension/dist/sql-wasm.wasm',
  'extension/dist/THIRD-PARTY.txt',
];
/** How a file under the GPL says so: in its licence text, in a header, in an SPDX line. */
const GPL = /GNU\s+(Lesser |Library |Affero )?General\s+Public\s+License|SPDX-License-Identifier:.*\bGPL/i;

function problems(vsix) {
  const files = entries(vsix);
  const names = new Set(files.map(({ name }) => name));
  return [
    ...files
      .filter(({ name }) => !ALLOWED.some((pattern) => pattern.test(name)))
      .map(({ name }) => `not allowed: ${name}`),
    ...REQUIRED.filter((name) => !names.has(name)).map((name) => `missing: ${name}`),
    ...files.flatMap((file) => textsUnderGpl(file.name, file.bytes())),
  ];
}

function textsUnderGpl(name, bytes) {
  if (name.endsWith('.zip'))
    return entries(bytes).flatMap((inner) => textsUnderGpl(`${name}: ${inner.name}`, inner.bytes()));
  const found = GPL.exec(bytes.toString('latin1'));
  return found ? [`under the GPL? ${name}: ${JSON.stringify(found[0])}`] : [];
}

const { status } = spawnSync(process.execPath, [join(ROOT, 'scripts/build.mjs')], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
// Nothing shows the pictures of README where the package is looked at: they are not in it.
const readmePath = 'dist/README.md';
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
writeFileSync(join(ROOT, readmePath), readme.replace(/^!\[.*\]\(docs\/images\/.*\)\n\n?/gm, ''));
await createVSIX({
  cwd: ROOT,
  packagePath: PACKAGE,
  dependencies: false,
  allowMissingRepository: true,
  readmePath,
});

const vsix = readFileSync(PACKAGE);
const wrong = problems(vsix);
wrong.forEach((line) => console.error(line));
if (wrong.length > 0) process.exit(1);
console.log(`${PACKAGE}: ${(vsix.length / 1e6).toFixed(2)} MB, ${entries(vsix).length} files`);
