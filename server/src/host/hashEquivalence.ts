/** The databases, servers and files that hold unihashes, as `sstate` asks for them. */
import { open } from 'node:fs/promises';
import type { EquivalenceAccess } from '../sstate/unihashSources.ts';
import { parseRememberedUnihashes, type UnihashMemory } from '../sstate/rememberedUnihashes.ts';
import { HashDatabase } from './hashDatabase.ts';
import { HashServer, type HashServerOptions } from './hashServer.ts';

/** In bytes; one of a large world is some 10 MB. */
const LARGEST_MEMORY = 256 * 1024 * 1024;

/** @param wasm path of `sql-wasm.wasm` */
export function equivalenceAccess(wasm: string, server: HashServerOptions = {}): EquivalenceAccess {
  return {
    memory: readMemory,
    database: (place) => new HashDatabase(place, { wasm }),
    server: (place) => new HashServer(place, server),
  };
}

/** BitBake writes the file in place, under a lock that is none of ours: a broken one is read again once. */
async function readMemory(path: string): Promise<UnihashMemory | undefined> {
  const memory = await readMemoryOnce(path);
  return memory !== undefined && 'ignored' in memory ? await readMemoryOnce(path) : memory;
}

async function readMemoryOnce(path: string): Promise<UnihashMemory | undefined> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : { unknown: `it cannot be read (${code})` };
  }
  try {
    const state = await file.stat();
    if (!state.isFile()) return { unknown: 'it is no file' };
    if (state.size > LARGEST_MEMORY) return { unknown: `it is ${state.size} bytes long, which is too much` };
    return parseRememberedUnihashes(await file.readFile());
  } catch (error) {
    return { unknown: `it cannot be read (${(error as NodeJS.ErrnoException).code ?? 'damaged'})` };
  } finally {
    await file.close();
  }
}
