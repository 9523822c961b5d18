/**
 * The local files that count for a task's hash, and their checksums.
 *
 * Follows `bb/checksum.py: FileChecksumCache.get_checksums` and `bb/siggen.py: clean_checksum_file_path,
 * get_taskhash`. Reads through the port; remembers nothing itself but what its owner lets it (`FileDigests`).
 */
import { createHash } from 'node:crypto';
import { BLANK, compareCodePoints, strip } from '../base/words.ts';
import type { FileSystem } from '../inputs/ports.ts';
import { glob } from '../metadata/patterns.ts';
import type { Unknown } from '../signature/signatures.ts';

export interface FileChecksum {
  /** Absolute; what is below a listed directory has `/./` where that directory ends. */
  readonly path: string;
  /** MD5, 32 hexadecimal digits. */
  readonly checksum: string;
}

/** Path -> MD5, for as long as the file system's state lasts. */
export type FileDigests = Map<string, string>;

export interface ChecksumInputs {
  readonly files: FileSystem;
  readonly digests: FileDigests;
  /** BB_SIGNATURE_LOCAL_DIRS_EXCLUDE. */
  readonly excludedDirectories: readonly string[];
}

const BETWEEN_ENTRIES = new RegExp(`(?<=:True|:False)[${BLANK}]+`);

/**
 * The files of a `[file-checksums]` flag in the order in which they are hashed.
 * @param list `/abs/file:True /abs/other:False`
 * @param byName files outside of directories are ordered by their names, not by their paths
 * @returns unknown where a file cannot be read, or where BitBake would stop
 */
export function fileChecksums(
  list: string,
  inputs: ChecksumInputs,
  byName: boolean,
): readonly FileChecksum[] | Unknown {
  const found: FileChecksum[] = [];
  try {
    for (const part of list.split(BETWEEN_ENTRIES)) {
      const entry = strip(part);
      if (entry === '') continue;
      const [path = '', exists] = entry.split(':');
      if (exists === undefined)
        throw new Unreadable(`[file-checksums] has "${entry}" without :True or :False`);
      if (exists !== 'False') found.push(...pathChecksums(path, inputs));
    }
  } catch (error) {
    if (error instanceof Unreadable) return { unknown: error.message };
    throw error;
  }
  return hashedOrder(found, byName);
}

/** The text that a file adds to the hash. */
export function checksumText({ path, checksum }: FileChecksum): string {
  const marked = markedPath(path);
  return marked === undefined ? checksum : marked + checksum;
}

/** How signature data names the file: `./sub/file` below a directory, else its base name. */
export function checksumName(path: string): string {
  return markedPath(path) ?? baseName(path);
}

class Unreadable extends Error {}

function pathChecksums(path: string, inputs: ChecksumInputs): FileChecksum[] {
  if (path.includes('*')) return glob(path, inputs.files).flatMap((found) => placeChecksums(found, inputs));
  return placeChecksums(path, inputs);
}

function placeChecksums(path: string, inputs: ChecksumInputs): FileChecksum[] {
  const { files } = inputs;
  const stat = files.stat(path);
  // With a slash behind it a link is what it leads to.
  const isLeftOut = () => !path.endsWith('/') && isLink(path, files);
  if (stat?.kind === 'directory') return isLeftOut() ? [] : directoryChecksums(path, inputs);
  // That it exists is what the list says: it lies where it may not be read.
  if (!stat) throw new Unreadable(`${path} cannot be read`);
  return [{ path, checksum: digest(path, inputs) }];
}

function directoryChecksums(path: string, inputs: ChecksumInputs): FileChecksum[] {
  const top = path.replace(/\/+$/, '');
  if (top === '') throw new Unreadable('BitBake refuses to checksum /');
  const { files, excludedDirectories } = inputs;
  const found: FileChecksum[] = [];
  const walk = (directory: string): void => {
    for (const name of files.list(directory) ?? []) {
      const full = `${directory}/${name}`;
      const stat = files.stat(full);
      if (stat?.kind === 'directory') {
        if (!excludedDirectories.includes(name) && !isLink(full, files)) walk(full);
      } else if (stat) {
        // BitBake replaces every occurrence.
        found.push({ path: full.replaceAll(top, `${top}/.`), checksum: digest(full, inputs) });
      } else if (files.leadsOutside?.(full)) {
        throw new Unreadable(`${full} leads to a file that may not be read`);
      }
      // A link to nothing: BitBake warns and goes on.
    }
  };
  walk(top);
  return found;
}

function digest(path: string, { files, digests }: ChecksumInputs): string {
  let known = digests.get(path);
  if (known === undefined) {
    const bytes = files.readBytes(path);
    if (!bytes) throw new Unreadable(`${path} cannot be read`);
    known = createHash('md5').update(bytes).digest('hex');
    digests.set(path, known);
  }
  return known;
}

/** Whether the path's last component is a symbolic link. */
function isLink(path: string, files: FileSystem): boolean {
  const at = path.lastIndexOf('/');
  const parent = files.realPath(path.slice(0, at) || '/');
  if (parent === undefined) return false;
  return files.realPath(path) !== `${parent === '/' ? '' : parent}${path.slice(at)}`;
}

/** First by checksum, then, keeping that order among equals, by name. */
function hashedOrder(found: readonly FileChecksum[], byName: boolean): FileChecksum[] {
  const key = ({ path }: FileChecksum) => markedPath(path) ?? (byName ? baseName(path) : path);
  return found
    .map((file) => ({ file, key: key(file) }))
    .sort((a, b) => compareCodePoints(a.key, b.key) || compareCodePoints(a.file.checksum, b.file.checksum))
    .map(({ file }) => file);
}

/** What stands between the first `/./` and the second, with `./` before it. */
function markedPath(path: string): string | undefined {
  const marked = path.split('/./')[1];
  return marked === undefined ? undefined : `./${marked}`;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
