/**
 * `npm run conformance`: our basehashes against tables that real BitBake recorded, over checkouts of OE-Core.
 *
 * SSTATE_LENS_TABLES names the directory of the tables, NAME.base.tsv or NAME.base.tsv.zst;
 * SSTATE_LENS_CHECKOUT_<NAME> the checkout that a table was recorded from, with BitBake in it and a build directory
 * `build` configured as the table was recorded, or the one that SSTATE_LENS_BUILD_<NAME> names (NAME in capitals,
 * all but letters and digits as `_`). A table without a checkout is said to be skipped. Arguments go to `verify`, such
 * as `--only zlib` or `--include-path`. Exit code 0 when every table compared matched, 1 when one did not, 2 when
 * none could be compared.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const COMMAND = join(ROOT, 'dist/sstate-lens.mjs');
const SUFFIX = /\.base\.tsv(\.zst)?$/;

function tables() {
  const directory = process.env.SSTATE_LENS_TABLES;
  if (!directory)
    return quit('SSTATE_LENS_TABLES is not set: name the directory of the tables (NAME.base.tsv.zst)');
  let files;
  try {
    files = readdirSync(directory).filter((name) => SUFFIX.test(name));
  } catch (error) {
    return quit(`SSTATE_LENS_TABLES: ${error.message}`);
  }
  if (files.length === 0) return quit(`${directory} has no table NAME.base.tsv or NAME.base.tsv.zst`);
  return files.sort().map((file) => {
    const name = file.replace(SUFFIX, '');
    const suffix = name.toUpperCase().replace(/[^A-Z0-9]/g, '_');
    const variable = `SSTATE_LENS_CHECKOUT_${suffix}`;
    return {
      name,
      variable,
      file: join(directory, file),
      checkout: process.env[variable],
      buildDir: process.env[`SSTATE_LENS_BUILD_${suffix}`],
    };
  });
}

function quit(message) {
  console.error(`conformance: ${message}`);
  process.exit(2);
}

/** Compares one table; what differs goes to stderr. */
async function compare({ name, file, checkout, buildDir }) {
  console.error(`${name}: comparing with ${checkout}`);
  const started = performance.now();
  const args = ['verify', '--against', file, '--root', checkout];
  if (buildDir) args.push('--build-dir', buildDir);
  const child = spawn(process.execPath, [COMMAND, ...args, ...process.argv.slice(2)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => (text += part));
  const code = await new Promise((done) => child.on('close', done));
  const [first, ...differences] = text.split('\n');
  const matched = /^matched (\d+) of (\d+)$/.exec(first);
  for (const line of differences) if (line) console.error(`${name}: ${line}`);
  return {
    outcome: code === 0 ? 'matched' : matched ? 'DIFFERS' : `FAILED (exit code ${code})`,
    matched: matched?.[1] ?? '',
    rows: matched?.[2] ?? '',
    seconds: ((performance.now() - started) / 1000).toFixed(0),
  };
}

function print(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, column) =>
          column === 0 || column === 4 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
        )
        .join('  ')
        .trimEnd(),
    );
}

const known = tables();
const built = spawnSync(process.execPath, [join(ROOT, 'scripts/build.mjs')], { stdio: ['ignore', 2, 2] });
if (built.status !== 0) quit('the command could not be built');
const results = [];
for (const table of known) {
  const result = table.checkout
    ? await compare(table)
    : { outcome: `skipped: ${table.variable} is not set`, matched: '', rows: '', seconds: '' };
  results.push({ name: table.name, ...result });
}
print([
  ['table', 'matched', 'rows', 'seconds', 'outcome'],
  ...results.map(({ name, matched, rows, seconds, outcome }) => [name, matched, rows, seconds, outcome]),
]);
const compared = results.filter(({ outcome }) => !outcome.startsWith('skipped'));
if (compared.length === 0) quit('no table has a checkout: nothing was compared');
process.exitCode = compared.every(({ outcome }) => outcome === 'matched') ? 0 : 1;
