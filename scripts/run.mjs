/**
 * `npm start` and `npm test`, on a machine where nothing has been done before: installs and builds what is missing,
 * then runs. Needs nothing but Node and npm. All that happens on the way is told on stderr, so that the stdout of
 * `npm start` is the command's alone.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUILD_INPUTS, digest, isStamped, stamp } from './stamp.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const SHARED_STDOUT = ['inherit', 'inherit', 'inherit'];
const QUIET_STDOUT = ['ignore', 2, 2];

/** Runs a program to its end; its exit code, or 128 and the signal's number as a shell says it. */
function run(program, args, { stdio = QUIET_STDOUT, env = process.env, cwd = ROOT } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { stdio, env, cwd });
    // The child decides what a signal means to it, and we wait for its end; what would come next does not come.
    let interrupted = false;
    const forward = (signal) => {
      interrupted = true;
      child.kill(signal);
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    signals.forEach((signal) => process.on(signal, forward));
    child.on('error', fail);
    child.on('exit', (code, signal) => {
      signals.forEach((name) => process.off(name, forward));
      const exitCode = code ?? 128 + constants.signals[signal];
      if (interrupted) process.exit(exitCode);
      done(exitCode);
    });
  });
}

function tell(text) {
  process.stderr.write(`${text}\n`);
}

async function step(title, program, args) {
  tell(title);
  const code = await run(program, args);
  if (code !== 0) {
    tell(`${title}: failed with exit code ${code}`);
    // Whoever reads the last line of the tests finds one here too.
    if (what === 'test') process.stdout.write('0 passed, 1 failed\n');
    process.exit(2);
  }
}

async function ensureInstalled() {
  const lock = digest(ROOT, ['package-lock.json']);
  const stampFile = join(ROOT, 'node_modules/.lock-hash');
  if (isStamped(stampFile, lock)) return;
  await step('installing the packages of package-lock.json (npm ci)', 'npm', ['ci', '--loglevel=error']);
  stamp(stampFile, lock);
}

async function ensureBuilt() {
  if (isStamped(join(ROOT, 'dist/.stamp'), digest(ROOT, BUILD_INPUTS))) return;
  await step('building dist', process.execPath, [join(ROOT, 'scripts/build.mjs')]);
}

async function start(args) {
  const command = join(ROOT, 'dist/sstate-lens.mjs');
  const wanted = args.length > 0 ? args : ['demo'];
  // npm changes to the project's folder; what the user names is relative to where they are.
  const cwd = process.env.INIT_CWD ?? process.cwd();
  return run(process.execPath, [command, ...wanted], { stdio: SHARED_STDOUT, cwd });
}

/** Both suites, then one line with their sum. */
async function test(args) {
  const reports = join(ROOT, '.cache/test');
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  const total = { passed: 0, failed: 0 };
  const add = (suite, code, counts) => {
    // A suite that ends badly without a failed test of its own still failed.
    const failed = code !== 0 && counts.failed === 0 ? 1 : counts.failed;
    tell(
      `${suite}: ${counts.passed} passed, ${failed} failed${counts.skipped ? `, ${counts.skipped} skipped` : ''}`,
    );
    total.passed += counts.passed;
    total.failed += failed;
  };

  const unit = join(reports, 'unit.json');
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${unit}`];
  const unitCode = await run(process.execPath, [vitest, 'run', ...reporters, ...args], {
    stdio: SHARED_STDOUT,
  });
  add('unit tests', unitCode, vitestCounts(unit));

  if (process.env.SSTATE_LENS_SKIP_E2E === '1') {
    tell('end-to-end test: not run, SSTATE_LENS_SKIP_E2E is 1');
  } else {
    const e2e = join(reports, 'e2e.json');
    const e2eCode = await run(process.execPath, [join(ROOT, 'test/e2e/run.mjs'), '--report', e2e], {
      stdio: SHARED_STDOUT,
    });
    add('end-to-end test', e2eCode, existsSync(e2e) ? JSON.parse(readFileSync(e2e, 'utf8')) : NOTHING);
  }
  process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
  return total.failed === 0 ? 0 : 1;
}

const NOTHING = { passed: 0, failed: 0, skipped: 0 };

function vitestCounts(file) {
  if (!existsSync(file)) return NOTHING;
  const report = JSON.parse(readFileSync(file, 'utf8'));
  // A file that cannot be loaded has no tests to count.
  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some(({ status }) => status === 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests,
  };
}

const [what, ...args] = process.argv.slice(2);
const actions = { start, test };
if (!(what in actions)) {
  tell('usage: node scripts/run.mjs start|test [ARGUMENTS]');
  process.exit(2);
}
await ensureInstalled();
await ensureBuilt();
process.exitCode = await actions[what](args);
