/**
 * Signature data that BitBake left, found by hash: in stamps directories (`PV.do_x.sigdata.HASH`) and in sstate
 * directories (`sstate:PN:…:HASH_x.tar.zst.siginfo`).
 *
 * Follows OE-Core's `lib/oe/sstatesig.py: find_siginfo` for where files are and how they are named.
 */
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseSignatureData, type SignatureData } from '../signature/sigdata.ts';
import { readRecording } from './recordings.ts';

/** What the name of a file says. */
export interface NamedSignature {
  readonly pn: string | undefined;
  /** `do_compile`. */
  readonly task: string;
  readonly hash: string;
}

const STAMP = /\.(do_[\w-]+)\.(?:sigdata|sigbasedata)\.([0-9a-f]{64})$/;
const SSTATE = /^sstate:([^:]*):.*:([0-9a-f]{64})_([\w-]+)\.(?:tgz|tar\.zst)\.siginfo$/;

export function signatureOfName(path: string): NamedSignature | undefined {
  const stamp = STAMP.exec(path);
  if (stamp) return { pn: basename(dirname(path)), task: stamp[1]!, hash: stamp[2]! };
  const sstate = SSTATE.exec(basename(path));
  if (!sstate) return undefined;
  return { pn: sstate[1]!, task: `do_${sstate[3]!}`, hash: sstate[2]! };
}

/** Where other tasks' data lies: files are two levels below the stamps or the sstate directory. */
export function surroundings(path: string): string {
  return dirname(dirname(dirname(path)));
}

/** All signature data below directories, listed at the first question and read when asked for. */
export class SignatureFiles {
  private index: Map<string, string> | undefined;
  private readonly read = new Map<string, SignatureData | undefined>();

  constructor(private readonly directories: readonly string[]) {}

  find(hash: string): SignatureData | undefined {
    if (!this.read.has(hash)) {
      const path = this.paths().get(hash);
      this.read.set(hash, path === undefined ? undefined : attempt(() => readSignatureFile(path)));
    }
    return this.read.get(hash);
  }

  /** Those of one task, under any hash. */
  ofTask(pn: string, task: string): (NamedSignature & { readonly path: string })[] {
    return [...this.paths().values()].flatMap((path) => {
      const named = signatureOfName(path);
      return named?.pn === pn && named.task === task ? [{ ...named, path }] : [];
    });
  }

  private paths(): ReadonlyMap<string, string> {
    if (!this.index) {
      this.index = new Map();
      for (const directory of this.directories) this.list(directory, this.index);
    }
    return this.index;
  }

  private list(directory: string, index: Map<string, string>): void {
    for (const entry of attempt(() => readdirSync(directory, { withFileTypes: true })) ?? []) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) this.list(path, index);
      // sigbasedata has no taskhash to be found by.
      else if (!entry.name.includes('.sigbasedata.')) {
        const named = signatureOfName(path);
        if (named) index.set(named.hash, path);
      }
    }
  }
}

/**
 * The latest signature data of each task below one stamp (`STAMP`, `/…/zlib/1.3-r0`), as far as it can be read.
 * Follows `bb/siggen.py: stampfile`: `STAMP.do_x.sigdata.HASH`, also with what `stamp-extra-info` adds behind the task.
 */
export function latestSignatures(stamp: string): SignatureData[] {
  const directory = dirname(stamp);
  const latest = new Map<string, { readonly path: string; readonly time: number }>();
  for (const name of attempt(() => readdirSync(directory)) ?? []) {
    if (!name.startsWith(`${basename(stamp)}.`)) continue;
    const path = join(directory, name);
    const task = signatureOfName(path)?.task;
    const time = task === undefined ? undefined : statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (task === undefined || time === undefined || time <= (latest.get(task)?.time ?? -1)) continue;
    latest.set(task, { path, time });
  }
  return [...latest.values()].flatMap(({ path }) => attempt(() => readSignatureFile(path)) ?? []);
}

/**
 * The hashes that stamps of a task, or of its setscene task, have in their names (`STAMP.do_x_setscene.HASH`), with
 * when each was made, in milliseconds since 1970. A task that was taken from an object leaves nothing else.
 * @param stamp STAMP of the recipe
 */
export function stampedHashes(stamp: string, task: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const directory = dirname(stamp);
  const prefix = `${basename(stamp)}.${task}`;
  for (const name of attempt(() => readdirSync(directory)) ?? []) {
    if (!name.startsWith(prefix)) continue;
    const [, hash] = /^(?:_setscene)?\.([0-9a-f]{64})(?:\.|$)/.exec(name.slice(prefix.length)) ?? [];
    if (hash === undefined) continue;
    const made = statSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    found.set(hash, Math.max(made, found.get(hash) ?? 0));
  }
  return found;
}

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** @throws Error where the file cannot be read or is no signature data */
export function readSignatureFile(path: string): SignatureData {
  return parseSignatureData(readRecording(path));
}

function attempt<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch {
    return undefined;
  }
}
