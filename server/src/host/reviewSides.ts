/**
 * One side of a review: a build directory with its layers in one state, with evaluators of its own that are started
 * when they are first needed.
 */
import { availableParallelism } from 'node:os';
import { Workspace } from '../engine/workspace.ts';
import type { ReviewSide } from '../ide/review.ts';
import type { Revision } from '../inputs/ports.ts';
import type { BuildDirectory } from './buildDirectory.ts';
import { diskOf } from './disk.ts';
import { connectEvaluator, type EvaluatorFiles } from './evaluatorConnection.ts';
import { HostFiles, NO_SYSTEM } from './files.ts';
import { evaluatorFiles } from './installation.ts';
import { openResultCache } from './resultCache.ts';

export interface OpenSide extends Required<ReviewSide> {
  /** Ends its evaluators, and keeps what is known for the next start. */
  close(): Promise<void>;
}

export interface SideOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where results are kept for the next start, and taken from an earlier one; undefined: nowhere. */
  readonly cacheDirectory: string | undefined;
  /** Told once why nothing is kept any more. */
  readonly onTrouble: (message: string) => void;
  /** Once it is aborted no evaluator is started any more, and those there are end. */
  readonly signal?: AbortSignal;
  /** Where the evaluator lies; undefined: beside this program. */
  readonly evaluator?: EvaluatorFiles;
}

export function openSide(
  build: BuildDirectory,
  revision: Revision,
  { environment, cacheDirectory, onTrouble, signal, evaluator: files = evaluatorFiles() }: SideOptions,
): OpenSide {
  const kept =
    cacheDirectory === undefined
      ? undefined
      : openResultCache(build, files, environment, cacheDirectory, onTrouble, revision);
  const connect = () => {
    signal?.throwIfAborted();
    return connectEvaluator(build, files, environment, {}, { revision });
  };
  const workspace = new Workspace({ processes: availableParallelism(), connect, cache: kept?.results });
  const stop = () => workspace.dispose();
  signal?.addEventListener('abort', stop, { once: true });
  const keep = async (): Promise<void> => kept?.close();
  return {
    workspace,
    keep,
    files: {
      files: new HostFiles(build.roots, NO_SYSTEM, diskOf(revision)),
      below: (paths) => new HostFiles(paths),
    },
    close: async () => {
      signal?.removeEventListener('abort', stop);
      workspace.dispose();
      await keep();
    },
  };
}
