/**
 * What every command needs first: the build directory, and a pool of evaluators for it.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { Problem } from '../base/problem.ts';
import { EvaluatorStopped } from '../engine/protocol.ts';
import type { ConfigurationSummary, RecipeEvaluation } from '../engine/results.ts';
import type { ResultCache } from '../engine/resultCache.ts';
import type { TaskhashFiles } from '../engine/taskhashes.ts';
import { Workspace } from '../engine/workspace.ts';
import type { VariantSignatures } from '../signature/signatures.ts';
import { splitVirtual } from '../signature/table.ts';
import {
  type BuildDirectory,
  findBuildDirectory,
  isBitBake,
  isBuildDirectory,
  openBuildDirectory,
  setupsIn,
} from '../host/buildDirectory.ts';
import { cacheDirectory } from '../host/diskCache.ts';
import { diskOf } from '../host/disk.ts';
import { connectEvaluator, type EvaluatedState } from '../host/evaluatorConnection.ts';
import { HostFiles, NO_SYSTEM } from '../host/files.ts';
import { evaluatorFiles } from '../host/installation.ts';
import { MovedDisk, movedBuild } from '../host/movedDisk.ts';
import { openResultCache } from '../host/resultCache.ts';
import { CommandError, type Output } from './output.ts';

export interface BuildOptions {
  readonly buildDir?: string;
  readonly bitbake?: string;
  /** False: nothing is kept for the next start, nor taken from an earlier one. */
  readonly cache?: boolean;
  /** Aborted when the user has had enough: the evaluators end, and what waits for them. */
  readonly signal?: AbortSignal;
}

export interface Session {
  readonly build: BuildDirectory;
  readonly workspace: Workspace;
  readonly summary: ConfigurationSummary;
  /** What the evaluators read, for who computes with it here. */
  readonly files: TaskhashFiles;
  readonly signal: AbortSignal | undefined;
  /** Ends the evaluators, and keeps what is known for the next start. */
  readonly close: () => Promise<void>;
}

/** @throws CommandError when there is no build directory */
export function locateBuild(options: BuildOptions): BuildDirectory {
  const path = options.buildDir === undefined ? findBuildDirectory(process.cwd()) : resolve(options.buildDir);
  if (path === undefined) {
    const setups = setupsIn(process.cwd());
    if (setups.length > 1)
      throw new CommandError(
        `several setups are in ${process.cwd()}: name one with --build-dir ${setups[0]}`,
      );
    throw new CommandError(
      `no build directory found from ${process.cwd()} upwards: name one with --build-dir DIR (it has a conf/bblayers.conf)`,
    );
  }
  if (!isBuildDirectory(path)) {
    throw new CommandError(
      `${path} has no conf/bblayers.conf: name a build directory made by oe-init-build-env`,
    );
  }
  const { bitbake } = options;
  if (bitbake !== undefined && !isBitBake(bitbake))
    throw new CommandError(`there is no BitBake in ${bitbake}: name its checkout, which has bin/ and lib/`);
  return openBuildDirectory(path, bitbake);
}

/** In what a workspace is to differ from the usual one. */
export interface WorkspaceWishes {
  readonly processes?: number;
  readonly state?: EvaluatedState;
  readonly cache?: ResultCache;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Once it is aborted no evaluator is started any more. */
  readonly signal?: AbortSignal;
}

/** A pool of evaluators that is opened when it is first asked. */
export function openWorkspace(
  build: BuildDirectory,
  {
    processes = availableParallelism(),
    state,
    cache,
    environment = process.env,
    signal,
  }: WorkspaceWishes = {},
): Workspace {
  const connect = () => {
    signal?.throwIfAborted();
    return connectEvaluator(build, evaluatorFiles(), environment, {}, state);
  };
  return new Workspace({ processes, connect, cache });
}

/**
 * Opens the build directory; says on stderr what is wrong with its configuration.
 * @param processes how many evaluators read it at once: 1 where few recipes are asked for
 * @throws CommandError also where BitBake would refuse the configuration
 */
export async function openSession(
  options: BuildOptions,
  output: Output,
  processes = availableParallelism(),
): Promise<Session> {
  const { cache = true, signal } = options;
  const state = { build: locateBuild(options), cache, ...(signal && { signal }) };
  const session = await openState(state, output, processes);
  if (session.summary.refused === undefined) return session;
  await session.close();
  throw new CommandError(
    `BitBake would refuse the configuration of ${state.build.path}: ${session.summary.refused}`,
  );
}

/** A build directory, or what it would be if a few things were otherwise. */
export interface BuildState {
  readonly build: BuildDirectory;
  /** Path -> text that stands for the file's. */
  readonly texts?: ReadonlyMap<string, string>;
  readonly state?: EvaluatedState;
  /** Whether results are kept for the next start, and taken from an earlier one: of the directory as it is. */
  readonly cache?: boolean;
  readonly signal?: AbortSignal;
}

/** The same of a state of a build directory. */
export async function openState(
  { build, texts = new Map(), state = {}, cache = false, signal }: BuildState,
  output: Output,
  processes = availableParallelism(),
): Promise<Session> {
  const kept = cache
    ? openResultCache(build, evaluatorFiles(), process.env, cacheDirectory(process.env), output.note)
    : undefined;
  const workspace = openWorkspace(build, {
    processes,
    state,
    ...(kept && { cache: kept.results }),
    ...(signal && { signal }),
  });
  for (const [path, text] of texts) workspace.setOverlay(path, text);
  signal?.throwIfAborted();
  const stop = () => workspace.dispose();
  signal?.addEventListener('abort', stop, { once: true });
  const close = async (): Promise<void> => {
    signal?.removeEventListener('abort', stop);
    workspace.dispose();
    await kept?.close();
  };
  output.progress(`Reading the configuration of ${build.path}…`);
  try {
    await workspace.prepare();
    const summary = await workspace.summary();
    output.progress(undefined);
    for (const problem of summary.problems) output.note(describeProblem(problem));
    return { build, workspace, summary, files: filesOf(build, state), signal, close };
  } catch (error) {
    await close();
    output.progress(undefined);
    if (error instanceof EvaluatorStopped)
      throw new CommandError(`the configuration of ${build.path} cannot be read: ${error.message}`);
    throw error;
  }
}

function filesOf(build: BuildDirectory, { revision, place }: EvaluatedState): TaskhashFiles {
  const present = diskOf(revision);
  const [disk, { roots }] =
    place === undefined ? [present, build] : [new MovedDisk(place, present), movedBuild(build, place)];
  const below = (paths: readonly string[]) => new HostFiles(paths, NO_SYSTEM, disk);
  return { files: below(roots), below };
}

/** The hashes of recipes, without what they were made of; says of each that could not be evaluated why. */
export async function evaluatePaths(
  paths: readonly string[],
  session: Session,
  output: Output,
): Promise<RecipeEvaluation[]> {
  const evaluations: RecipeEvaluation[] = [];
  let done = 0;
  await session.workspace.evaluateAll(
    paths,
    (path, result) => {
      session.signal?.throwIfAborted();
      output.progress(`Evaluated ${++done} of ${paths.length} recipes`);
      if (result instanceof Error) output.note(`${path}: error: ${result.message}`);
      else evaluations.push(result);
    },
    true,
  );
  output.progress(undefined);
  return evaluations;
}

/** `file:line: error: what to do`, with BitBake's way of counting lines. */
export function describeProblem(problem: Problem): string {
  const line = problem.range ? `:${problem.range.start.line + 1}` : '';
  const place = problem.path ? `${problem.path}${line}: ` : '';
  return `${place}${problem.severity}: ${problem.message}`;
}

/** The signatures of one variant with what they were made of. */
export async function withMaterial(
  mcfn: string,
  { workspace }: Session,
): Promise<VariantSignatures | undefined> {
  const { variants } = await workspace.evaluate(splitVirtual(mcfn).path);
  return variants.find((variant) => variant.mcfn === mcfn);
}

/** The same with progress. @returns what throws CommandError where there is no such variant */
export function evaluating(session: Session, output: Output): (mcfn: string) => Promise<VariantSignatures> {
  return async (mcfn) => {
    output.progress(`Evaluating ${mcfn}…`);
    const found = await withMaterial(mcfn, session);
    output.progress(undefined);
    if (!found) throw new CommandError(`${mcfn} cannot be evaluated`);
    return found;
  };
}
