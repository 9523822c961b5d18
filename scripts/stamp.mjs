/**
 * Tells whether something made (node_modules, dist) still belongs to what it was made from, by a stamp file that
 * holds a digest of the inputs. Needs nothing but Node, since it runs before anything is installed.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A digest over the texts of files and, recursively, of directories. A path that is not there counts as such. */
export function digest(root, paths) {
  const hash = createHash('sha256');
  const visit = (path) => {
    const full = join(root, path);
    const stat = statSync(full, { throwIfNoEntry: false });
    if (stat?.isDirectory()) {
      for (const name of readdirSync(full).sort()) if (name !== '__pycache__') visit(join(path, name));
    } else {
      hash.update(`${path}\0${stat ? stat.size : -1}\0`);
      if (stat) hash.update(readFileSync(full));
    }
  };
  paths.forEach(visit);
  return hash.digest('hex');
}

export function isStamped(file, value) {
  return statSync(file, { throwIfNoEntry: false }) !== undefined && readFileSync(file, 'utf8') === value;
}

export function stamp(file, value) {
  writeFileSync(file, value);
}

/** What dist is made from. */
export const BUILD_INPUTS = [
  'client/src',
  'client/webview',
  'server/src',
  'scripts/build.mjs',
  'package.json',
  'package-lock.json',
];
