/** All files below a directory whose names are wanted: for caches with some ten thousand directories. */
import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Directories that are read at once: a network file system answers many as fast as one. */
const AT_ONCE = 16;

/**
 * Paths relative to the directory, in no order. Directories that cannot be read are left out, symbolic links to
 * directories are not followed.
 * @param pick what to keep of a file's name and path; undefined: nothing
 * @param progress told now and then how many directories have been read
 */
export async function filesBelow<T>(
  directory: string,
  pick: (path: string) => T | undefined,
  progress: (directories: number) => void = () => undefined,
): Promise<T[]> {
  const found: T[] = [];
  const waiting = [''];
  let read = 0;
  let busy = 0;
  await new Promise<void>((resolve) => {
    const next = (): void => {
      while (busy < AT_ONCE && waiting.length > 0) {
        busy++;
        void list(waiting.pop()!).then(() => {
          busy--;
          next();
        });
      }
      if (busy === 0) resolve();
    };
    const list = async (below: string): Promise<void> => {
      const entries = await readdir(join(directory, below), { withFileTypes: true }).catch(() => []);
      for (const entry of entries) {
        const path = join(below, entry.name);
        if (entry.isDirectory()) waiting.push(path);
        else {
          const picked = pick(path);
          if (picked !== undefined) found.push(picked);
        }
      }
      if (++read % 256 === 0) progress(read);
    };
    next();
  });
  return found;
}

/** When a file was changed last, in milliseconds since 1970; undefined: it is not there. */
export function modified(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
