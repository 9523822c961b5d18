/**
 * The engine as the fixtures see it: a build directory in, what it makes of every recipe out.
 *
 * The one place in the tests that has to change when the engine's own interface does.
 */
import { dirname } from 'node:path';
import { RecipeEvaluator } from '../../server/src/engine/evaluator.ts';
import { openBuildDirectory } from '../../server/src/host/buildDirectory.ts';
import { openParameters } from '../../server/src/host/evaluatorConnection.ts';
import { HostFiles } from '../../server/src/host/files.ts';
import type { Occasion } from '../../server/src/inputs/ports.ts';
import { readPythonAssets } from '../../server/src/host/pythonAssets.ts';
import type { VariantSignatures } from '../../server/src/signature/signatures.ts';
import { INTERPRETER, MODULES } from './interpreter.ts';
import { ENVIRONMENT, type Answer, type VariantAnswer } from './fixture.ts';

const FILES = { interpreter: INTERPRETER, modules: MODULES };
const ASSETS = readPythonAssets(INTERPRETER, MODULES);
const LIMITS = {
  memoryBytes: 256 * 1024 * 1024,
  stackBytes: 100 * 1024,
  milliseconds: 20_000,
  longestMilliseconds: 20_000,
  messages: 100,
};

/** BitBake's version of each release that expectations are recorded for. */
const VERSIONS: Readonly<Record<string, string>> = {
  kirkstone: '2.0.0',
  langdale: '2.2.0',
  mickledore: '2.4.0',
  nanbield: '2.6.0',
  scarthgap: '2.8.0',
  styhead: '2.9.1',
  walnascar: '2.12.0',
  whinlatter: '2.16.0',
  wrynose: '2.18.0',
  master: '2.19.0',
};

/**
 * Opens a build directory in this process, by the rules of one release with the built-in part of BitBake.
 * @param release its name, or a version of BitBake
 */
export function openEvaluator(
  buildDir: string,
  release = 'wrynose',
  environment: Readonly<Record<string, string>> = {},
  files?: HostFiles,
  occasion?: Occasion,
): Promise<RecipeEvaluator> {
  const build = openBuildDirectory(buildDir);
  return RecipeEvaluator.open({
    ...ASSETS,
    buildDir: build.path,
    occasion,
    bitbakeDir: bitbakeOf(release),
    version: VERSIONS[release] ?? (/^\d/.test(release) ? release : '2.18.0'),
    roots: [...build.roots, dirname(build.path)],
    files: files ?? new HostFiles([...build.roots, dirname(build.path), bitbakeOf(release) ?? build.path]),
    facts: {
      sysname: 'Linux',
      nodename: 'builder',
      release: '6.12.0',
      version: '#1 SMP',
      machine: 'x86_64',
      cpuCount: 2,
      userName: 'fixture',
      uid: 1000,
      gid: 1000,
      homeDir: '/home/fixture',
      environment: { ...ENVIRONMENT, LC_ALL: 'en_US.UTF-8', PWD: build.path, ...environment },
    },
    limits: LIMITS,
  });
}

/** Opens a build directory of real layers in this process, as the command does, on the machine that this is. */
export function openCheckout(buildDir: string, files = checkoutFiles(buildDir)): Promise<RecipeEvaluator> {
  const build = openBuildDirectory(buildDir);
  const { roots, facts, bitbakeDir } = openParameters(build, FILES, process.env);
  return RecipeEvaluator.open({
    ...ASSETS,
    buildDir: build.path,
    bitbakeDir,
    roots,
    files,
    facts,
    limits: LIMITS,
  });
}

/** The files that may be read for a build directory of real layers. */
export function checkoutFiles(buildDir: string): HostFiles {
  const { roots, system } = openParameters(openBuildDirectory(buildDir), FILES, process.env);
  return new HostFiles(roots, system);
}

/** A checkout of BitBake named for a release, such as SSTATE_LENS_BITBAKE_SCARTHGAP; else the built-in part. */
export function bitbakeOf(release: string): string | undefined {
  return process.env[`SSTATE_LENS_BITBAKE_${release.toUpperCase()}`];
}

/**
 * Evaluates every recipe of a build directory by the rules of one release (`wrynose`, …). Answers by absolute
 * virtual file name; a configuration that fails answers under `''`.
 */
export async function evaluateWorkspace(
  buildDir: string,
  release: string,
  environment: Readonly<Record<string, string>>,
): Promise<Answer> {
  const evaluator = await openEvaluator(buildDir, release, environment);
  const refused = evaluator.summary.problems.find(({ severity }) => severity === 'error');
  if (evaluator.untold !== undefined) return { '': { error: refused?.message ?? evaluator.untold } };
  const answers = new Map<string, VariantAnswer>();
  for (const { path } of evaluator.summary.recipes) {
    const { variants } = evaluator.evaluate(path);
    // BitBake gives up the whole file when one variant fails.
    const failed = variants.find((variant) => variant.failed !== undefined);
    if (failed) answers.set(path, answerOf(failed));
    else for (const variant of variants) answers.set(variant.mcfn, answerOf(variant));
  }
  return Object.fromEntries(answers);
}

function answerOf({ pn, skipped, failed, tasks }: VariantSignatures): VariantAnswer {
  if (failed !== undefined) return { error: failed };
  if (skipped !== undefined) return { pn, skipped, tasks: {} };
  const known = tasks.map(({ task, basehash }): [string, string] => [
    task,
    typeof basehash === 'string' ? basehash : `unknown: ${basehash.unknown}`,
  ]);
  return { pn, tasks: Object.fromEntries(known) };
}
