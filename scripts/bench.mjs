/**
 * `npm run bench`: how fast, in figures that hold on any machine.
 *
 * Against the sample workspace without arguments, with the editor's part measured as an editor sees it, over LSP;
 * `--build-dir DIR [--recipe PN]` names a real one. `--world` evaluates every recipe, too, makes the task graph and
 * taskhashes of all, and checks out other branches of a copy under an editor. `--bitbake-env SCRIPT` (a shell command
 * that sets up BitBake's environment) has BitBake measured in the same run, so that ratios can be printed, with
 * `--bitbake-target TARGET` its graph and taskhashes of a target and its check for the objects of the first, too.
 * `--json FILE` keeps the figures, `--compare FILE` prints them beside older ones.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { clearInterval, setInterval } from 'node:timers';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundled, ROOT } from './bundled.mjs';

const COMMAND = join(ROOT, 'dist/sstate-lens.mjs');
const RUNS = 5;
/** Milliseconds by which each request gets to a server later. */
const DELAY = 20;
const EDITS = 20;
const CHECKOUTS = 3;
/** Edits of which 95 of 100 are to be quick. */
const KEYSTROKES = 100;
const MEMORY_MILLISECONDS = 250;

const { values: options } = parseArgs({
  options: {
    'build-dir': { type: 'string' },
    recipe: { type: 'string' },
    world: { type: 'boolean', default: false },
    'bitbake-env': { type: 'string' },
    'bitbake-target': { type: 'string', multiple: true },
    json: { type: 'string' },
    compare: { type: 'string' },
  },
});

execFileSync(process.execPath, [join(ROOT, 'scripts/build.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });

const sample = options['build-dir'] === undefined ? copySample() : undefined;
const buildDir = resolve(options['build-dir'] ?? join(sample, 'build'));
const recipe = options.recipe ?? (sample ? 'hello' : 'zlib');
const figures = [];
/** Where results are kept during the run. */
const kept = mkdtempSync(join(tmpdir(), 'sstate-lens-bench-kept-'));

try {
  note(`one recipe from nothing: sig ${recipe}, ${RUNS} runs`);
  figure(
    'one recipe from nothing (configuration, Python and all)',
    's',
    repeat(RUNS, () => timed(() => sig([recipe]))),
  );
  note(`edit to new basehashes: ${KEYSTROKES} edits`);
  figure('an edit of the recipe to its new basehashes', 'ms', await editLatencies());
  note(`the editor: ${EDITS} starts with what an earlier one has kept, ${KEYSTROKES} hovers and edits`);
  const { editorTimes } = await bundled('benchEditor');
  const times = await editorTimes(
    join(ROOT, 'dist'),
    buildDir,
    recipe,
    join(kept, 'editor'),
    EDITS,
    KEYSTROKES,
  );
  figure('start of the editor to the first lens, from what was kept', 'ms', times.firstLens);
  figure('hover over a variable', 'ms', times.hovers);
  figure('an edit in the editor to its lenses and diagnostics', 'ms', times.edits);
  figure('  the same, 100 ms after the one before it', 'ms', times.typed);
  const [target] = options['bitbake-target'] ?? [];
  const objects = await bundled('benchObjects');
  let names;
  let checks;
  if (options['bitbake-env'] !== undefined && target !== undefined) {
    note(`BitBake: its check for the objects of ${target}`);
    checks = await objects.bitbakeChecks(ROOT, options['bitbake-env'], target, DELAY);
    names = checks.names;
  }
  note(`which objects are there: ${RUNS} runs`);
  const found = await objects.objectTimes(RUNS, DELAY, names);
  figure(`${found.objects} objects, all in a local directory`, 'ms', found.local);
  if (checks) figure('  BitBake: its check for the same', 'ms', [checks.local]);
  figure(`${found.objects} objects, none in a local directory`, 'ms', found.empty);
  if (found.server.length > 0) {
    figure(`${found.objects} objects, half on a server ${DELAY} ms away`, 'ms', found.server);
    if (checks?.server) figure('  BitBake: its check for the same', 'ms', [checks.server]);
  } else note('  objects on a server are not measured: nginx or openssl is missing');
  if (options.world) {
    note('every recipe: sig --all');
    const everything = ['sig', '--all', '--format', 'tsv', '--build-dir', buildDir];
    const { seconds, mebibytes } = await watched([...everything, '--no-cache']);
    figure('every recipe from nothing', 's', [seconds]);
    figure('  memory of all processes together, at most', 'MiB', [mebibytes]);
    note(`every recipe from what an earlier start has kept: ${RUNS} runs`);
    const first = await watched(everything, { XDG_CACHE_HOME: kept });
    figure('every recipe from nothing, and kept', 's', [first.seconds]);
    const again = [];
    for (let run = 0; run < RUNS; run++) {
      again.push((await watched(everything, { XDG_CACHE_HOME: kept })).seconds);
    }
    figure('every recipe from what was kept', 's', again);
    note(`${EDITS} edits of base.bbclass, and many recipes changed at once`);
    const { changeTimes } = await bundled('benchChanges');
    const changes = await changeTimes(join(ROOT, 'dist'), buildDir, join(kept, 'changes'), EDITS);
    figure(`${changes.recipes} recipes changed at once, to their hashes`, 's', [changes.checkout]);
    const edited = `an edit of base.bbclass to all ${changes.changedTasks} tasks with other basehashes`;
    figure(`${edited} (${changes.evaluated} recipes evaluated)`, 's', changes.classEdits);
    figure('  the first edit of base.bbclass after a restart', 's', [changes.firstEdit]);
    await checkouts();
  }
  if (options['bitbake-env'] !== undefined) {
    note('BitBake: bitbake -p from nothing');
    figure('BitBake: bitbake -p from nothing', 's', [timed(bitbakeParse)]);
    for (const target of options['bitbake-target'] ?? []) {
      note(`BitBake: bitbake -S none ${target}`);
      const seconds = timed(() => bitbake(`bitbake -S none ${target}`));
      figure(`BitBake: bitbake -S none ${target}, recipes parsed`, 's', [seconds]);
    }
  }
  if (options.world) {
    note(`graph and taskhashes of world: ${EDITS} runs`);
    const { tasks, whole, folds, changed } = await (
      await bundled('benchWorld')
    ).worldTimes(join(ROOT, 'dist'), buildDir, recipe, EDITS);
    figure(`graph and taskhashes of world, ${tasks} tasks`, 'ms', whole);
    figure(`folding again ${changed[0]} of them after an edit`, 'ms', folds);
  }
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ buildDir, recipe, figures }, null, 2)}\n`);
} finally {
  if (sample) rmSync(dirname(sample), { recursive: true, force: true });
  rmSync(kept, { recursive: true, force: true });
  // What was measured before something fails is not lost.
  print();
}

function note(text) {
  process.stderr.write(`${text}\n`);
}

/** A copy of the sample, so that nothing of the checkout is in the way of repeated runs. */
function copySample() {
  const directory = join(mkdtempSync(join(tmpdir(), 'sstate-lens-bench-')), 'workspace');
  cpSync(join(ROOT, 'samples/workspace'), directory, { recursive: true });
  return directory;
}

function sig(args) {
  const run = spawnSync(process.execPath, [COMMAND, 'sig', ...args, '--no-cache', '--build-dir', buildDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 30,
  });
  if (run.status === 2 || run.stdout.length === 0) throw new Error(`sig failed: ${run.stderr}`);
}

function bitbakeParse() {
  const outputs = readdirSync(buildDir).filter((name) => name.startsWith('tmp'));
  for (const place of ['.', ...outputs])
    rmSync(join(buildDir, place, 'cache'), { recursive: true, force: true });
  bitbake('bitbake -p');
}

function bitbake(command) {
  const run = spawnSync('bash', ['-c', `${options['bitbake-env']} && ${command}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (run.status !== 0) throw new Error(`${command} failed: ${run.stderr}`);
}

function timed(action) {
  const start = performance.now();
  action();
  return (performance.now() - start) / 1000;
}

function repeat(count, action) {
  return Array.from({ length: count }, action);
}

/** Milliseconds from a changed text to its hashes; see `benchEdits.ts`. */
async function editLatencies() {
  const { editLatencies: measure } = await bundled('benchEdits');
  return measure(join(ROOT, 'dist'), buildDir, recipe, KEYSTROKES);
}

/** What an editor shows, and when, after `git checkout`; see `benchCheckout.ts`. */
async function checkouts() {
  note(`the editor with all recipes loaded, and ${CHECKOUTS} times git checkout there and back`);
  const { checkoutTimes } = await bundled('benchCheckout');
  const times = await checkoutTimes(join(ROOT, 'dist'), buildDir, recipe, CHECKOUTS, ownMemoryOf);
  if (typeof times === 'string') return note(`  git checkout is not measured: ${times}`);
  const { changed, recipes, there, back, decisive } = times;
  figure(`the editor with all ${recipes} recipes loaded, from nothing`, 's', [times.load]);
  figure('  memory (PSS) of all processes together meanwhile, at most', 'MiB', [times.loading]);
  figure('  memory (PSS) of all processes together then, idle', 'MiB', [times.loaded]);
  figure('  memory (PSS) of all processes together after the checkouts, idle', 'MiB', [times.afterwards]);
  const seconds = (which, runs) => runs.map((run) => run[which]);
  figure(`git checkout with ${changed} other recipes, to the open one's hashes`, 's', seconds('lens', there));
  figure('  until nothing changes any more', 's', seconds('settled', there));
  figure("git checkout back, to the open one's hashes", 's', seconds('lens', back));
  figure('  until nothing changes any more', 's', seconds('settled', back));
  figure('git checkout where all of them have to be evaluated, until then', 's', [decisive.settled]);
  const most = (which) => Math.max(...seconds(which, [...there, ...back]));
  note(`  at most ${most('collected')} recipes told to be evaluated or looked up, in ${most('goes')} goes`);
}

/** Runs the command, and looks at the memory of it and its processes meanwhile. */
async function watched(args, environment = {}) {
  const start = performance.now();
  const child = spawn(process.execPath, [COMMAND, ...args], {
    stdio: 'ignore',
    env: { ...process.env, ...environment },
  });
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, memoryOf(child.pid))), MEMORY_MILLISECONDS);
  const status = await new Promise((resolve) => child.on('close', resolve));
  clearInterval(timer);
  if (status === 2) throw new Error(`${args.join(' ')} failed`);
  return { seconds: (performance.now() - start) / 1000, mebibytes: most / 1024 };
}

/** KiB that a process and all below it have in memory; pages that several have count for each. */
function memoryOf(root) {
  return sumBelow(root, (pid) => kibibytes(`/proc/${pid}/status`, 'VmRSS'));
}

/** The same with pages that several have counted once, which takes too long to be looked at often. */
function ownMemoryOf(root) {
  return sumBelow(root, (pid) => kibibytes(`/proc/${pid}/smaps_rollup`, 'Pss'));
}

function kibibytes(file, name) {
  try {
    return Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(readFileSync(file, 'utf8'))?.[1] ?? 0);
  } catch {
    // It has just ended.
    return 0;
  }
}

/** @param sizeOf of one process */
function sumBelow(root, sizeOf) {
  const parents = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      parents.set(Number(pid), Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]));
    } catch {
      // It has just ended.
    }
  }
  const isBelow = (pid) => pid === root || (parents.has(pid) && isBelow(parents.get(pid)));
  return [...parents.keys()].filter(isBelow).reduce((sum, pid) => sum + sizeOf(pid), 0);
}

function figure(name, unit, values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  figures.push({ name, unit, median: at(0.5), p95: at(0.95), runs: values.length });
}

function print() {
  const older = options.compare === undefined ? undefined : JSON.parse(readFileSync(options.compare, 'utf8'));
  const bitbake = figures.find(({ name }) => name.startsWith('BitBake'));
  const world = figures.find(({ name }) => name === 'every recipe from nothing');
  const rows = figures.map(({ name, unit, median, p95, runs }) => {
    const before = older?.figures.find((other) => other.name === name);
    const change = before ? `  ${(median / before.median).toFixed(2)} of ${show(before.median, unit)}` : '';
    return `${name.padEnd(58)} ${show(median, unit).padStart(9)} ${show(p95, unit).padStart(9)}  ${runs} runs${change}`;
  });
  console.log(`${buildDir}`);
  console.log(`${''.padEnd(58)} ${'median'.padStart(9)} ${'95 %'.padStart(9)}`);
  for (const row of rows) console.log(row);
  if (bitbake && world) {
    console.log(
      `every recipe in ${(world.median / bitbake.median).toFixed(2)} of BitBake's time, in the same run`,
    );
  }
}

function show(value, unit) {
  return unit === 's' ? `${value.toFixed(2)} s` : `${value.toFixed(0)} ${unit}`;
}
