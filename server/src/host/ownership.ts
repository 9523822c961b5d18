/**
 * Whether a directory is one that its user works in, as far as the file system and git tell: it can be written to, and
 * it was not cloned from where everybody's layers come from.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import type { GitTexts } from './git.ts';

/** Where OE-Core, BitBake, poky and meta-openembedded are published. */
const UPSTREAM =
  /(?:^|[@/.])(?:git\.openembedded\.org|git\.yoctoproject\.org|github\.com[:/](?:openembedded|yoctoproject))(?:[:/]|$)/;

export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export function exists(path: string): boolean {
  return existsSync(path);
}

/** Whether the repository of a directory was cloned from upstream; not so where there is none. */
export async function isUpstream(directory: string, git: GitTexts): Promise<boolean> {
  const url = await git.origin(directory);
  return url !== undefined && UPSTREAM.test(url);
}
