/**
 * A copy of what a build directory is evaluated from, as a git repository with a branch for each state that is to be
 * checked out. The layers and BitBake are copied with what lies beside them, without what builds write.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, opendirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { isBuildDirectory, openBuildDirectory } from '../server/src/host/buildDirectory.ts';

/** More than a collection of layers has: it is something else, such as a home directory. */
const MOST_FILES = 50_000;
/** The branch that is checked out in the beginning. */
export const FIRST_BRANCH = 'first';

export interface Copy {
  /** The repository. */
  readonly root: string;
  readonly buildDir: string;
  /** The same file in the copy. */
  inCopy(path: string): string;
}

/** @param to a directory that is not there yet @returns the copy, or in a sentence why there can be none */
export function copyWorkspace(buildDir: string, to: string): Copy | string {
  const { path, roots } = openBuildDirectory(buildDir);
  const root = roots.reduce(commonDirectory);
  if (holdsMore(root, MOST_FILES))
    return `what the layers, BitBake and the build directory have in common, ${root}, holds more than ${MOST_FILES} files`;
  cpSync(root, to, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (from) => from === root || isCopied(from),
  });
  const inCopy = (original: string): string => join(to, relative(root, original));
  const conf = join(inCopy(path), 'conf');
  for (const name of readdirSync(conf).filter((name) => name.endsWith('.conf'))) {
    const file = join(conf, name);
    const text = readFileSync(file, 'utf8');
    const named = new RegExp(`${root.replace(/[^\w/]/g, '\\$&')}(?![\\w.-])`, 'g');
    const moved = text.replace(named, () => to);
    if (moved !== text) writeFileSync(file, moved);
  }
  git(to, 'init', '--quiet');
  git(to, 'checkout', '--quiet', '-b', FIRST_BRANCH);
  commit(to, 'As it was');
  return { root: to, buildDir: inCopy(path), inCopy };
}

/** A branch on which files have other texts than on the first one, which is checked out again. */
export function addBranch({ root }: Copy, name: string, texts: ReadonlyMap<string, string>): void {
  git(root, 'checkout', '--quiet', '-b', name);
  for (const [path, text] of texts) writeFileSync(path, text);
  commit(root, name);
  git(root, 'checkout', '--quiet', FIRST_BRANCH);
}

/** The same whatever git is set up to do on this machine. */
export function git(root: string, ...args: readonly string[]): void {
  const settings = [
    'user.name=bench',
    'user.email=bench@example.com',
    'core.hooksPath=/dev/null',
    'gc.auto=0',
  ];
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  execFileSync('git', [...settings.flatMap((setting) => ['-c', setting]), ...args], { cwd: root, env });
}

function commit(root: string, message: string): void {
  // What is ignored where the layers come from is a part of the state all the same.
  git(root, 'add', '--all', '--force');
  git(root, 'commit', '--quiet', '-m', message);
}

/** Of build directories their configuration alone is. */
function isCopied(path: string): boolean {
  if (basename(path) === '.git') return false;
  return basename(path) === 'conf' || !isBuildDirectory(dirname(path));
}

function commonDirectory(a: string, b: string): string {
  let common = a;
  while (common !== '/' && b !== common && !b.startsWith(`${common}/`)) common = dirname(common);
  return common;
}

function holdsMore(root: string, files: number): boolean {
  let left = files;
  const waiting = [root];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    if (!existsSync(directory)) continue;
    const entries = opendirSync(directory);
    try {
      for (let entry = entries.readSync(); entry; entry = entries.readSync()) {
        const path = join(directory, entry.name);
        if (!isCopied(path)) continue;
        if (entry.isDirectory()) waiting.push(path);
        else if (--left < 0) return true;
      }
    } finally {
      entries.closeSync();
    }
  }
  return false;
}
