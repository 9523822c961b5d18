/**
 * What metadata may be told of the host outside the layers: which headers and programs there are, where links lead.
 * Reads no file.
 */
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path/posix';
import type { Glimpse, SystemPaths } from '../inputs/ports.ts';
import { withAncestors } from '../inputs/reads.ts';

/** Metadata may ask what is there (headers, programs), not what is in it. */
export const SYSTEM_DIRECTORIES = [
  ...['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'],
  // Where Debian's links lead to the program that was chosen.
  '/etc/alternatives',
];

/** @param path the value of PATH: the user's own programs are elsewhere */
export function systemPaths(path: string): SystemPaths {
  const isSystem = (place: string) =>
    SYSTEM_DIRECTORIES.some((directory) => place === directory || place.startsWith(`${directory}/`));
  const own = path.split(':').filter((directory) => directory.startsWith('/'));
  const programs = [...new Set(own.map((directory) => resolve(directory)))].filter(
    (directory) => !isSystem(directory),
  );
  const places = new Map<string, Glimpse>();
  for (const directory of programs) {
    const inside = namesIn(directory).map((name) => join(directory, name));
    for (const place of [...withAncestors(directory), ...inside]) {
      const found = glimpseOf(place);
      if (found) places.set(place, found);
    }
  }
  const top = namesIn('/').map((name) => [name, glimpseOf(`/${name}`) ?? { kind: 'other' }] as const);
  return { topLevel: new Map(top), directories: SYSTEM_DIRECTORIES, programs, places };
}

/** What is at a path; undefined where there is nothing, as far as this user can tell. */
export function glimpseOf(path: string): Glimpse | undefined {
  try {
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) return { kind: 'link', target: readlinkSync(path) };
    if (stat.isFile()) return { kind: 'file', executable: (stat.mode & 0o111) !== 0 };
    return { kind: stat.isDirectory() ? 'directory' : 'other' };
  } catch {
    return undefined;
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
