/**
 * Metadata files as the server reads them beside the evaluators: their texts, and one spelling for each path.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** A file larger than this is no metadata that anyone edits. */
const LARGEST_TEXT = 8 * 1024 * 1024;

/** The text on disk; undefined where it cannot be read. */
export function readSource(path: string): string | undefined {
  try {
    return decode(readFileSync(path));
  } catch {
    return undefined;
  }
}

/** As `readSource`, without holding up other work. */
export async function readSourceLater(path: string): Promise<string | undefined> {
  try {
    return decode(await readFile(path));
  } catch {
    return undefined;
  }
}

function decode(bytes: Buffer): string | undefined {
  if (bytes.length > LARGEST_TEXT) return undefined;
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** The path with symbolic links and `..` resolved, as far as it exists. */
export function canonicalPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const parent = dirname(resolve(path));
    return parent === resolve(path) ? parent : join(canonicalPath(parent), basename(path));
  }
}
