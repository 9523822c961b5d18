/**
 * The cache of results of one build directory, on disk: what decides results besides files, and where it lies.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ResultCache } from '../engine/resultCache.ts';
import type { Revision } from '../inputs/ports.ts';
import type { PartStore } from '../inputs/resultPorts.ts';
import type { BuildDirectory } from './buildDirectory.ts';
import { diskOf } from './disk.ts';
import { DiskCache } from './diskCache.ts';
import { type EvaluatorFiles, openParameters } from './evaluatorConnection.ts';
import { HostFiles } from './files.ts';
import { FileStates } from './fileStates.ts';

/** A cache that is in use. */
export interface OpenCache {
  readonly results: ResultCache;
  /** Where what hashes were made of is kept. */
  readonly ingredients: PartStore;
  /** Keeps what is known of files, and waits until all is written. */
  readonly close: () => Promise<void>;
}

/**
 * @param directory where it lies; must not be in a workspace
 * @param onTrouble told once why nothing is kept any more
 * @param revision the state of the files that results are of; undefined: the one on disk
 */
export function openResultCache(
  build: BuildDirectory,
  files: EvaluatorFiles,
  environment: Readonly<Record<string, string | undefined>>,
  directory: string,
  onTrouble: (message: string) => void,
  revision?: Revision,
): OpenCache {
  const store = new DiskCache({ directory, onTrouble });
  const { roots, system, facts, buildDir, bitbakeDir } = openParameters(build, files, environment);
  const ours = digestOfInstallation(files);
  const base = [ours, process.versions.node, buildDir, bitbakeDir ?? '', roots, facts];
  const key = createHash('sha256').update(JSON.stringify(base)).digest('hex');
  const states = new FileStates(new HostFiles(roots, system, diskOf(revision)), store, `files ${key}`);
  const close = (): Promise<void> => {
    states.save();
    return store.flush();
  };
  const name = `ingredients ${key}`;
  const ingredients: PartStore = {
    read: () => store.readParts(name),
    write: (parts) => store.writeParts(name, parts),
  };
  return { results: new ResultCache(store, states, key), ingredients, close };
}

/** Another build of ours may compute something else: everything counts that the evaluator is made of. */
function digestOfInstallation({ entry, interpreter, modules }: EvaluatorFiles): string {
  const hash = createHash('sha256').update(readFileSync(entry));
  for (const path of filesBelow(modules)) hash.update(path.slice(modules.length)).update(readFileSync(path));
  // Too large to be read at each start; its size and time change with every version that is installed.
  for (const path of filesBelow(interpreter)) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path.slice(interpreter.length)} ${size} ${mtimeMs} `);
  }
  return hash.digest('hex');
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())
    .sort();
}
