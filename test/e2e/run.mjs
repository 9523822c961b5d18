/**
 * The end-to-end test: makes the package, installs it in a real VS Code, opens the sample workspace in a git
 * repository of its own, edits a recipe and reads the screen. Screenshots land in test/e2e/screenshots.
 *
 *     node test/e2e/run.mjs [--report FILE.json] [--vsix FILE] [--keep] [--only TEXT] [--pictures]
 *
 * `--only`, once or more, leaves out the steps that have not TEXT in their title, save those that all others build on.
 * `--pictures` has the pictures of README made anew (docs/images; made small where there is pngquant).
 *
 * With SSTATE_LENS_OE_CORE, a checkout of OE-Core is opened after that (a copy of it).
 *
 * Where it cannot run for want of a browser and the like, it says so and counts as skipped; with
 * SSTATE_LENS_E2E=required that is a failure.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openFolder, startServer } from './editor.mjs';
import { prepareRuntime } from './runtime.mjs';
import { copyCheckout, OE_CORE_SCENARIO } from './oeCore.mjs';
import { FOUNDATION, SCENARIO } from './scenario.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
/** Each step waits for what it wants to see: without a server, all of them would. */
const GIVE_UP_AFTER = 3;
const SCREENSHOTS = join(import.meta.dirname, 'screenshots');
/** The pictures that README shows, each made by a step under the same name. */
const IMAGES = join(ROOT, 'docs/images');

const { values: options } = parseArgs({
  options: {
    report: { type: 'string' },
    vsix: { type: 'string' },
    keep: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    pictures: { type: 'boolean', default: false },
  },
});

const counts = { passed: 0, failed: 0, skipped: 0 };
/** How many steps have been tried. */
let played = 0;
process.exitCode = await main();
if (options.report) writeFileSync(options.report, JSON.stringify(counts));

async function main() {
  const runtime = prepareRuntime();
  if (runtime.missing !== undefined) {
    console.log(`end-to-end test not run: ${runtime.missing}`);
    if (process.env.SSTATE_LENS_E2E === 'required') counts.failed++;
    else counts.skipped = SCENARIO.length;
    return counts.failed;
  }
  const vsix = options.vsix ?? makePackage();
  const folder = mkdtempSync(join(tmpdir(), 'sstate-lens-e2e-'));
  const profile = join(folder, 'profile');
  const workspace = join(folder, 'workspace');
  mkdirSync(profile);
  rmSync(SCREENSHOTS, { recursive: true, force: true });
  mkdirSync(SCREENSHOTS, { recursive: true });
  makeRepository(workspace);

  let server;
  // Also where this process is interrupted, nothing of it may stay behind.
  process.on('exit', () => server?.stop());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
  try {
    server = await startServer(runtime, vsix, profile);
    await play(SCENARIO, FOUNDATION, workspace, runtime, server);
    await playOeCore(join(folder, 'oe-core'), runtime, server);
    if (counts.failed > 0) console.log(serverLog(server.logs));
    else if (options.pictures) makeImages();
  } catch (error) {
    counts.failed++;
    console.log(`FAILED to get a window\n${indent(error.stack ?? String(error))}`);
  } finally {
    server?.stop();
    if (options.keep) console.log(`kept ${folder}`);
    else rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });
  }
  console.log(`screenshots: ${SCREENSHOTS}`);
  return counts.failed === 0 ? 0 : 1;
}

/** Has a user go through steps in a window on a folder. @param foundation how many of them `--only` does not leave out */
async function play(steps, foundation, folder, runtime, server) {
  const window = await openFolder(runtime, server, folder);
  try {
    let failedInARow = 0;
    for (const [index, [title, act]] of steps.entries()) {
      const isWanted = options.only?.some((text) => title.includes(text)) ?? true;
      if (index >= foundation && !isWanted) continue;
      if (failedInARow === GIVE_UP_AFTER) {
        console.log(`FAILED ${title}: not tried, after ${GIVE_UP_AFTER} failures in a row`);
        counts.failed++;
        continue;
      }
      const name = `${String(++played).padStart(2, '0')}-${title.replace(/[^a-z0-9]+/gi, '-').toLowerCase()}`;
      const started = performance.now();
      let wrong;
      try {
        await act(window.editor, folder);
      } catch (error) {
        wrong = error;
      }
      await window.editor.screenshot(join(SCREENSHOTS, `${name}.png`)).catch(() => {});
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(`${wrong ? 'FAILED' : 'ok    '} ${title} (${seconds} s)`);
      if (wrong) console.log(indent(wrong.stack ?? String(wrong)));
      counts[wrong ? 'failed' : 'passed']++;
      failedInARow = wrong ? failedInARow + 1 : 0;
    }
  } finally {
    await window.browser.close();
  }
}

/** On a copy of the checkout of OE-Core that SSTATE_LENS_OE_CORE names. */
async function playOeCore(copy, runtime, server) {
  const checkout = process.env.SSTATE_LENS_OE_CORE;
  if (checkout === undefined) {
    console.log('not run: steps on OE-Core, as SSTATE_LENS_OE_CORE names no checkout of it');
    return;
  }
  copyCheckout(checkout, copy);
  makeCommit(copy);
  await play(OE_CORE_SCENARIO, 0, copy, runtime, server);
}

function makePackage() {
  const { status } = spawnSync(process.execPath, [join(ROOT, 'scripts/package.mjs')], {
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) {
    counts.failed++;
    if (options.report) writeFileSync(options.report, JSON.stringify(counts));
    console.log('FAILED to make the package');
    process.exit(1);
  }
  return join(ROOT, 'sstate-lens.vsix');
}

function makeRepository(workspace) {
  cpSync(join(ROOT, 'samples/workspace'), workspace, {
    recursive: true,
    filter: (path) => !/\/build\/(?!conf)/.test(path),
  });
  makeCommit(workspace);
}

/** All of a folder as the first commit of a repository, whatever git is set up to do on this machine. */
function makeCommit(folder) {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  const git = (...args) => execFileSync('git', args, { cwd: folder, env, stdio: 'ignore' });
  git('init');
  git('add', '.');
  git('-c', 'user.name=sample', '-c', 'user.email=sample@example.com', 'commit', '-m', 'All files');
}

/** Has README show what the screen looked like in this run. */
function makeImages() {
  for (const name of readdirSync(IMAGES)) {
    const made = join(SCREENSHOTS, name);
    if (!existsSync(made)) continue;
    const args = ['--force', '--strip', '--speed', '1', '--quality', '85-100'];
    const { status } = spawnSync('pngquant', [...args, '--output', join(IMAGES, name), made]);
    if (status !== 0) cpSync(made, join(IMAGES, name));
    console.log(`docs/images/${name}${status === 0 ? '' : ': not made small, as pngquant did not run'}`);
  }
}

/** What the extension wrote to its output channel. */
function serverLog(logs) {
  const files = existsSync(logs)
    ? execFileSync('find', [logs, '-name', '*sstate Lens*.log'], { encoding: 'utf8' })
        .split('\n')
        .filter(Boolean)
    : [];
  return files.map((file) => `--- the output channel\n${readFileSync(file, 'utf8').slice(-8000)}`).join('\n');
}

function indent(text) {
  return text.replace(/^/gm, '    ');
}
