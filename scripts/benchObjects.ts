/**
 * How long it takes to find out which of an image's objects are there: in a local directory, and on an nginx on
 * loopback that is made to answer later. Bundled and run by `bench.mjs`.
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostObjects } from '../server/src/host/localObjects.ts';
import { HttpMirrors } from '../server/src/host/mirrorClient.ts';
import { releaseOf } from '../server/src/metadata/release.ts';
import { Availability } from '../server/src/sstate/availability.ts';
import { sstateSettings } from '../server/src/sstate/settings.ts';
import { HAS_NGINX, makeObjects, serveLate, startNginx } from '../test/sstate/servers.ts';

/** Below the project: the class that has BitBake write down what its check looks for, and how long that took. */
const RECORDER = 'test/sstate/recorder';
/** As many as core-image-minimal has, under names like those of OE-Core. */
const COUNT = 2756;

export interface ObjectTimes {
  /** Milliseconds, with all objects there and with none of their directories. */
  readonly local: readonly number[];
  readonly empty: readonly number[];
  /** Milliseconds, half of the objects there, each connection new and none of the verdicts known; empty: no nginx. */
  readonly server: readonly number[];
  readonly objects: number;
}

/**
 * @param delay milliseconds by which each request gets to the server later
 * @param names relative to SSTATE_DIR; undefined: made up
 */
export async function objectTimes(runs: number, delay: number, names = madeUp()): Promise<ObjectTimes> {
  const directory = mkdtempSync(join(tmpdir(), 'sstate-lens-bench-'));
  const [full, empty] = [join(directory, 'full'), join(directory, 'empty')];
  makeObjects(full, names);
  makeObjects(empty, ['aa/bb/other']);
  try {
    const local = await repeated(runs, () => judged(full, '', names, names.length));
    const none = await repeated(runs, () => judged(empty, '', names, 0));
    return { local, empty: none, server: await onServer(runs, delay, empty, names), objects: names.length };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function onServer(
  runs: number,
  delay: number,
  empty: string,
  names: readonly string[],
): Promise<number[]> {
  if (!HAS_NGINX) return [];
  const half = names.filter((_, index) => index % 2 === 0);
  const nginx = await startNginx(half);
  const late = await serveLate(nginx.host, delay);
  try {
    const mirrors = `file://.* http://${late.host}/PATH;downloadfilename=PATH`;
    return await repeated(runs, () => judged(empty, mirrors, names, half.length));
  } finally {
    await late.close();
    await nginx.stop();
  }
}

/** Milliseconds of one judgement from nothing. */
async function judged(
  directory: string,
  mirrors: string,
  names: readonly string[],
  expected: number,
): Promise<number> {
  const values: Readonly<Record<string, string>> = { SSTATE_DIR: directory, SSTATE_MIRRORS: mirrors };
  const settings = sstateSettings((name) => values[name], {});
  const servers = new HttpMirrors(settings, '2.18.0');
  const ports = { local: new HostObjects(), servers, now: () => performance.now() };
  const start = performance.now();
  const availability = new Availability(settings, releaseOf('2.18.0').mirrors, ports);
  const { presences } = await availability.judge(names.map((name) => ({ path: `${directory}/${name}` })));
  const time = performance.now() - start;
  await servers.close();
  const found = presences.filter(({ kind }) => kind === 'local' || kind === 'mirror').length;
  if (found !== expected) throw new Error(`${found} objects were found of ${expected}`);
  return time;
}

async function repeated(runs: number, measure: () => Promise<number>): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < runs; run++) times.push(await measure());
  return times;
}

function madeUp(): string[] {
  return Array.from({ length: COUNT }, (_, number) => {
    const hash = Array.from({ length: 8 }, (_, part) =>
      Math.floor((Math.sin(number * 8 + part + 1) + 1) * 0x7fffffff)
        .toString(16)
        .padStart(8, '0'),
    ).join('');
    const name = `sstate:recipe-${number % 400}:core2-64-oe-linux:1.${number}:r0:core2-64:14:${hash}_package.tar.zst`;
    return `${hash.slice(0, 2)}/${hash.slice(2, 4)}/${name}`;
  });
}

/** How long BitBake's own check takes for the same, in milliseconds. */
export interface CheckTimes {
  /** What it looks for. */
  readonly names: readonly string[];
  readonly local: number;
  /** Undefined: no nginx. */
  readonly server: number | undefined;
}

/**
 * @param root of the project
 * @param environment a shell command that sets up BitBake's environment
 */
export async function bitbakeChecks(
  root: string,
  environment: string,
  target: string,
  delay: number,
): Promise<CheckTimes> {
  const directory = mkdtempSync(join(tmpdir(), 'sstate-lens-check-'));
  chmodSync(directory, 0o755);
  const [full, empty] = [join(directory, 'full'), join(directory, 'empty')];
  const check = async (store: string, mirrors: string, expected: number) => {
    const checked = await bitbakeCheck(root, environment, target, directory, store, mirrors);
    if (checked.found !== expected) throw new Error(`BitBake found ${checked.found} objects of ${expected}`);
    return checked;
  };
  try {
    mkdirSync(empty);
    // BitBake may run as another user, and tries whether it can write there.
    chmodSync(empty, 0o777);
    const { names } = await check(empty, '', 0);
    makeObjects(full, names);
    // BitBake touches what it finds, whoever made it.
    await shell(`chmod -R a+rwX '${directory}'`);
    const local = await check(full, '', names.length);
    if (!HAS_NGINX) return { names, local: local.milliseconds, server: undefined };
    const half = names.filter((_, index) => index % 2 === 0);
    const nginx = await startNginx(half);
    const late = await serveLate(nginx.host, delay);
    try {
      const mirrors = `file://.* http://${late.host}/PATH;downloadfilename=PATH`;
      const server = await check(empty, mirrors, half.length);
      return { names, local: local.milliseconds, server: server.milliseconds };
    } finally {
      await late.close();
      await nginx.stop();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function bitbakeCheck(
  root: string,
  environment: string,
  target: string,
  directory: string,
  store: string,
  mirrors: string,
): Promise<{ readonly names: readonly string[]; readonly found: number; readonly milliseconds: number }> {
  const answers = mkdtempSync(join(directory, 'answers-'));
  chmodSync(answers, 0o777);
  const answer = join(answers, 'names.json');
  const configuration = join(answers, 'check.conf');
  writeFileSync(
    configuration,
    `BBPATH .= ":${join(root, RECORDER)}"
INHERIT += "recordnames"
RECORDNAMES_FILE = "${answer}"
RECORDNAMES_STOP = "1"
SSTATE_DIR = "${store}"
SSTATE_MIRRORS = "${mirrors}"
`,
  );
  // It is stopped once the check is done.
  const said = await shell(`${environment} && bitbake -R '${configuration}' -n ${target}`);
  let text: string;
  try {
    text = readFileSync(answer, 'utf8');
  } catch {
    throw new Error(`bitbake -n ${target} has not checked any objects: ${said}`);
  }
  const { seconds, found, rows } = JSON.parse(text) as {
    seconds: number;
    found: number;
    rows: readonly (readonly string[])[];
  };
  return { names: rows.map((row) => row[4]!), found, milliseconds: seconds * 1000 };
}

/** @returns what it printed, whether it failed or not */
function shell(command: string): Promise<string> {
  return new Promise((resolve) =>
    execFile('bash', ['-c', command], { maxBuffer: 1 << 28 }, (_, out, error) => resolve(out + error)),
  );
}
