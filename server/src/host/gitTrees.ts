/**
 * The files of a commit as a state to lie over what is on disk (`Revision`), read from git's objects: nothing is
 * checked out, and neither index nor work tree is touched.
 *
 * A state is that of a fresh checkout, but for what git ignores, which stays as it is: build directories, downloads.
 * Texts are as they are committed: conversions of line ends, filters and large file storage are not applied. What a
 * submodule holds is not seen.
 */
import { lstatSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { RevisedFile } from '../inputs/ports.ts';
import { presentFile, sameFile } from './disk.ts';
import { type GitOptions, runGit } from './gitCommand.ts';

/** A question to git that has no answer; the message says what to do. */
export class GitFault extends Error {
  override readonly name = 'GitFault';
}

/** Where a repository's objects are looked for besides: those of a series of patches. */
export type ObjectStore = Pick<GitOptions, 'environment'>;

export interface Checkout {
  /** The top directory, symbolic links resolved. */
  readonly top: string;
  /** The commit that is checked out; undefined before the first one. */
  readonly head: string | undefined;
}

/** A commit, and what a user would call it. */
export interface NamedCommit {
  readonly commit: string;
  readonly name: string;
}

/** What is another in a commit, or in a tree, than on disk. */
export interface TreeState {
  readonly files: ReadonlyMap<string, RevisedFile>;
  /** Submodules that are at other commits, relative to the top directory: what changes in them is not seen. */
  readonly submodules: readonly string[];
}

const PATIENCE: GitOptions = { milliseconds: 120_000, longest: 1024 * 1024 * 1024 };
const COMMIT = /^[0-9a-f]{40,64}$/;

/**
 * The repository that a directory is checked out of; undefined where there is none.
 * @throws GitFault where git refuses to look at it
 */
export async function checkoutOf(directory: string): Promise<Checkout | undefined> {
  const { output, error, code } = await runGit(directory, ['rev-parse', '--show-toplevel']);
  if (code !== 0) {
    if (/dubious ownership/.test(error)) {
      throw new GitFault(
        `git does not trust ${directory}, which belongs to another user: allow it with git config --global --add safe.directory ${directory}`,
      );
    }
    return undefined;
  }
  const top = realpathSync(output.toString().replace(/\n$/, ''));
  return { top, head: await commitOf(top, 'HEAD') };
}

/** The commit that a revision names; undefined where it names none in this repository. */
export async function commitOf(top: string, revision: string): Promise<string | undefined> {
  if (revision.startsWith('-')) return undefined;
  const { output, code } = await runGit(top, ['rev-parse', '--verify', '--quiet', `${revision}^{commit}`]);
  const commit = output.toString().trim();
  return code === 0 && COMMIT.test(commit) ? commit : undefined;
}

/** Where two commits have parted. @throws GitFault where that is not in the repository's history */
export async function mergeBase(top: string, a: NamedCommit, b: NamedCommit): Promise<NamedCommit> {
  const { output, code } = await runGit(top, ['merge-base', a.commit, b.commit], PATIENCE);
  const commit = output.toString().trim();
  if (code !== 0 || !COMMIT.test(commit)) {
    throw new GitFault(
      `${top} has no commit that ${a.name} and ${b.name} have in common: in a shallow clone, fetch more of its history (git fetch --unshallow), or name the commit to compare with`,
    );
  }
  return { commit, name: `where ${b.name} parted from ${a.name}` };
}

/**
 * What a commit is usually compared with: where it has parted from the upstream branch of what is checked out, or
 * without one from all branches of remote repositories, or without these from `main` or `master`; or else itself.
 * @throws GitFault
 */
export async function usualBase(top: string, own: NamedCommit): Promise<NamedCommit> {
  const upstream = await commitOf(top, '@{upstream}');
  if (upstream !== undefined)
    return mergeBase(top, { commit: upstream, name: await shortName(top, '@{upstream}') }, own);
  const listed = await runGit(top, ['for-each-ref', '--format=%(objectname)', 'refs/remotes']);
  const remotes = [
    ...new Set(
      listed.output
        .toString()
        .split('\n')
        .filter((line) => COMMIT.test(line)),
    ),
  ];
  if (remotes.length > 0) {
    const { output, code } = await runGit(top, ['merge-base', own.commit, ...remotes], PATIENCE);
    const commit = output.toString().trim();
    if (code === 0 && COMMIT.test(commit)) return { commit, name: 'what remote branches have, too' };
  }
  for (const name of ['main', 'master']) {
    const commit = await commitOf(top, name);
    if (commit !== undefined) return mergeBase(top, { commit, name }, own);
  }
  return own;
}

/** Local and remote branches, those with the latest commits first. */
export async function branches(top: string): Promise<string[]> {
  const listing = [
    'for-each-ref',
    '--format=%(refname)',
    '--sort=-committerdate',
    'refs/heads',
    'refs/remotes',
  ];
  const { output } = await runGit(top, listing);
  return output
    .toString()
    .split('\n')
    .filter((name) => name !== '' && !name.endsWith('/HEAD'))
    .map((name) => name.replace(/^refs\/(heads|remotes)\//, ''));
}

async function shortName(top: string, revision: string): Promise<string> {
  const { output, code } = await runGit(top, ['rev-parse', '--abbrev-ref', revision]);
  return (code === 0 && output.toString().trim()) || revision;
}

/**
 * What is another in a commit or tree than on disk.
 * @param kept directories, and what is below them, that stay as they are unless the repository has their files
 * @throws GitFault
 */
export async function treeState(
  top: string,
  tree: string,
  kept: readonly string[],
  store: ObjectStore = {},
): Promise<TreeState> {
  const wanted = new Map<string, { readonly mode: string; readonly object: string }>();
  const files = new Map<string, RevisedFile>();
  const submodules: string[] = [];
  for (const { path, mode, object } of await differing(top, tree, store)) {
    const full = join(top, path);
    if (mode === SUBMODULE) submodules.push(path);
    else if (mode === NOTHING) files.set(full, { kind: 'absent' });
    else wanted.set(full, { mode, object });
  }
  const contents = await blobs(top, new Set([...wanted.values()].map(({ object }) => object)), store);
  for (const [path, { mode, object }] of wanted) {
    const bytes = contents.get(object);
    if (!bytes) {
      throw new GitFault(
        `${top} does not have the content of ${path} in ${tree}: in a partial clone, fetch it first (git fetch --refetch)`,
      );
    }
    if (mode === LINK) files.set(path, { kind: 'link', target: Buffer.from(bytes).toString() });
    else files.set(path, { kind: 'file', bytes, executable: mode === EXECUTABLE });
  }
  for (const path of await untracked(top, kept)) {
    const full = join(top, path);
    if (!wanted.has(full)) files.set(full, { kind: 'absent' });
  }
  // What only looks changed (another time) is not.
  for (const [path, file] of files) {
    const present = presentFile(path);
    if (present && sameFile(present, file)) files.delete(path);
  }
  return { files, submodules };
}

const NOTHING = '000000';
const EXECUTABLE = '100755';
const LINK = '120000';
const SUBMODULE = '160000';

interface TreeEntry {
  /** Relative to the top directory. */
  readonly path: string;
  readonly mode: string;
  readonly object: string;
}

/** What a tree has at the paths where something else is on disk, of what either of them has under git. */
async function differing(top: string, tree: string, store: ObjectStore): Promise<TreeEntry[]> {
  const answer = await runGit(
    top,
    ['diff-index', '--raw', '-z', '--no-renames', '--no-abbrev', '--ignore-submodules=dirty', tree, '--'],
    { ...PATIENCE, ...store },
  );
  if (answer.code !== 0)
    throw new GitFault(`git cannot compare ${top} with ${tree}: ${reason(answer.error)}`);
  const fields = answer.output.toString().split('\0');
  const entries: TreeEntry[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [mode = '', , object = ''] = fields[at]!.replace(/^:/, '').split(' ');
    entries.push({ path: fields[at + 1]!, mode, object });
  }
  return entries;
}

/** What is neither in the index nor ignored; other repositories within are left out. */
async function untracked(top: string, kept: readonly string[]): Promise<string[]> {
  // Left out by a pattern, a build directory with millions of files is not even looked at.
  const patterns = kept
    .filter((directory) => directory.startsWith(`${top}/`))
    .map((directory) => `--exclude=/${directory.slice(top.length + 1).replace(/[*?[\]\\]/g, '\\$&')}/`);
  const command = ['ls-files', '-z', '--others', '--exclude-standard', ...patterns];
  const answer = await runGit(top, command, PATIENCE);
  if (answer.code !== 0) throw new GitFault(`git cannot list the files of ${top}: ${reason(answer.error)}`);
  return answer.output
    .toString()
    .split('\0')
    .filter((path) => path !== '' && !path.endsWith('/') && isFile(join(top, path)));
}

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
}

/** Content by object; those that the repository does not have are left out. */
async function blobs(
  top: string,
  objects: ReadonlySet<string>,
  store: ObjectStore,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  if (objects.size === 0) return found;
  const input = [...objects].map((object) => `${object}\n`).join('');
  const answer = await runGit(top, ['cat-file', '--batch'], { ...PATIENCE, ...store, input });
  if (answer.code !== 0) throw new GitFault(`git cannot read from ${top}: ${reason(answer.error)}`);
  const { output } = answer;
  for (let at = 0; at < output.length;) {
    const end = output.indexOf('\n', at);
    const [object = '', kind, size] = output.toString('latin1', at, end).split(' ');
    at = end + 1;
    if (kind !== 'blob') continue;
    const length = Number(size);
    found.set(object, new Uint8Array(output.subarray(at, at + length)));
    at += length + 1;
  }
  return found;
}

/** Which file of one tree became which of another, as git guesses by their likeness: new path -> old path. */
export async function renames(
  top: string,
  before: string,
  after: string | undefined,
  store: ObjectStore = {},
): Promise<ReadonlyMap<string, string>> {
  const command =
    after === undefined ? ['diff-index', before, '--'] : ['diff-tree', '-r', before, after, '--'];
  const [name = '', ...rest] = command;
  const options = ['--raw', '-z', '-M', '--diff-filter=R', '--ignore-submodules=all', '--no-ext-diff'];
  const { output, code } = await runGit(top, [name, ...options, ...rest], { ...PATIENCE, ...store });
  const found = new Map<string, string>();
  if (code !== 0) return found;
  const fields = output.toString().split('\0');
  for (let at = 0; at + 2 < fields.length; at += 3)
    found.set(join(top, fields[at + 2]!), join(top, fields[at + 1]!));
  return found;
}

/** The last line of what git said. */
function reason(error: string): string {
  return (
    error
      .split('\n')
      .at(-1)!
      .replace(/^fatal: /, '') || 'it said nothing'
  );
}
