/**
 * What metadata may be told of the host outside the layers: which headers and programs there are, where links lead.
 * Reads no file.
 */
import { accessSync, constants, lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path/posix';
import type { Glimpse, SystemPaths } from '../inputs/ports.ts';
import { withAncestors } from '../inputs/reads.ts';

/** Metadata may ask what is there (headers, programs), not what is in it. */
export const SYSTEM_DIRECTORIES = [
  ...['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'],
  // Where Debian's links lead to the program that was chosen.
  '/etc/alternatives',
];

/** How many links may lead from one to the next. */
const MOST_LINKS = 40;

/** @param path the value of PATH: the user's own programs are elsewhere */
export function systemPaths(path: string): SystemPaths {
  const own = path.split(':').filter((directory) => directory.startsWith('/'));
  const named = own.map((directory) => resolve(directory));
  const programs = [...new Set([...named, ...named.map(realPath)])].filter(
    (place) => !isSystem(place) && !isClosed(place),
  );
  const places = new Map<string, Glimpse>();
  /** A place, what leads to it, and where it leads. */
  const add = (place: string): void => {
    for (let at: string | undefined = place, links = 0; at !== undefined && links < MOST_LINKS; links++) {
      for (const each of withAncestors(at)) {
        const found = places.has(each) || isSystem(each) ? undefined : glimpseOf(each);
        if (found) places.set(each, found);
      }
      const target: string | undefined = places.get(at)?.target;
      at = target === undefined ? undefined : resolve(dirname(at), target);
    }
  };
  // What is in them is looked at when it is asked for.
  for (const directory of SYSTEM_DIRECTORIES) {
    const found = glimpseOf(directory);
    if (found) places.set(directory, found);
  }
  for (const directory of programs) {
    add(directory);
    for (const name of namesIn(directory)) add(join(directory, name));
  }
  const top = namesIn('/').map((name) => [name, glimpseOf(`/${name}`) ?? { kind: 'other' }] as const);
  return { topLevel: new Map(top), directories: SYSTEM_DIRECTORIES, programs, places };
}

function isSystem(place: string): boolean {
  return SYSTEM_DIRECTORIES.some((directory) => place === directory || place.startsWith(`${directory}/`));
}

/** What is at a path; undefined where there is nothing, as far as this user can tell. */
export function glimpseOf(path: string): Glimpse | undefined {
  try {
    // Most are not there: metadata looks for each tool in each directory of PATH.
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat) return undefined;
    if (stat.isSymbolicLink()) return { kind: 'link', target: readlinkSync(path) };
    if (stat.isFile()) return { kind: 'file', executable: isAllowed(path, constants.X_OK) };
    return { kind: stat.isDirectory() ? 'directory' : 'other' };
  } catch {
    return undefined;
  }
}

/** Whether this user may do that with what is there. */
function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** Whether what is in a directory can be used, but not listed. */
function isClosed(directory: string): boolean {
  return isAllowed(directory, constants.X_OK) && !isAllowed(directory, constants.R_OK);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
