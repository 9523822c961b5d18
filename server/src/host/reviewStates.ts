/**
 * The two states that a review compares: which commits of which repositories they are, and what in them is another
 * than on disk.
 */
import { basename } from 'node:path';
import type { Revision, RevisedFile } from '../inputs/ports.ts';
import type { ChangedText } from '../ide/impactCauses.ts';
import { hasStatements } from '../ide/impactCauses.ts';
import type { BuildDirectory } from './buildDirectory.ts';
import { differingFiles, presentFile } from './disk.ts';
import {
  branches,
  type Checkout,
  checkoutOf,
  commitOf,
  GitFault,
  mergeBase,
  type NamedCommit,
  renames,
  treeState,
  usualBase,
} from './gitTrees.ts';
import { type PatchedTree, patchedTree, readPatches, readPatchFile } from './patchSeries.ts';
import { canonicalPath } from './sources.ts';

export interface StateOptions {
  /** `REV`, or `REPOSITORY=REV`. */
  readonly base?: readonly string[];
  readonly head?: readonly string[];
  /** Whether the base is where the head has parted from what is named. */
  readonly mergeBase?: boolean;
  /** A mailbox, mail or diff; `-`: standard input. */
  readonly patch?: string;
  /** Where names of commits are looked up first: the repository around it; from outside of all, in every one. */
  readonly directory: string;
  /** Path -> text that is not on disk yet: it counts as if it were. */
  readonly unsaved?: ReadonlyMap<string, string>;
}

/** One repository in both states. */
export interface ReviewedRepository {
  readonly top: string;
  /** Undefined: as it is on disk. */
  readonly base: NamedCommit | undefined;
  readonly head: NamedCommit | undefined;
  /** The subjects of the patches that the head is made of. */
  readonly patches: readonly string[];
  /** Submodules that are at other commits in the states: what changes in them is not seen. */
  readonly submodules: readonly string[];
}

export interface States {
  readonly repositories: readonly ReviewedRepository[];
  readonly base: Revision;
  readonly head: Revision;
  /** Every file that differs. */
  readonly changed: readonly ChangedText[];
}

/** @throws GitFault where what is asked for is not there */
export async function readStates(build: BuildDirectory, options: StateOptions): Promise<States> {
  const checkouts = await checkoutsOf(build);
  const kept = [build.path, ...(build.bitbakeDir === undefined ? [] : [build.bitbakeDir])];
  const named = options.base ?? options.head ?? options.patch;
  const bases = await chosen(options.base ?? [], checkouts, options.directory);
  const heads = await chosen(options.head ?? [], checkouts, options.directory);
  const series =
    options.patch === undefined
      ? undefined
      : await seriesFor(options.patch, checkouts, bases, options.directory);
  const repositories: ReviewedRepository[] = [];
  const base = new Map<string, RevisedFile>();
  const head = new Map<string, RevisedFile>();
  const renamed = new Map<string, string>();
  try {
    for (const checkout of checkouts) {
      const { top, head: commit } = checkout;
      const patched = series?.top === top ? series : undefined;
      const newer = patched ? undefined : heads.get(top);
      const own = newer ?? (commit === undefined ? undefined : { commit, name: 'HEAD' });
      let older = patched?.base ?? bases.get(top);
      if (older && own && options.mergeBase) older = await mergeBase(top, older, own);
      if (!older && own && (named === undefined || newer)) older = await usualBase(top, own);
      const states = [
        older && (await treeState(top, older.commit, kept)),
        patched
          ? await treeState(top, patched.tree.tree, kept, patched.tree.store)
          : newer && (await treeState(top, newer.commit, kept)),
      ] as const;
      for (const [path, file] of states[0]?.files ?? []) base.set(path, file);
      for (const [path, file] of states[1]?.files ?? []) head.set(path, file);
      if (older) {
        const after = patched ? patched.tree.tree : newer?.commit;
        for (const [path, was] of await renames(top, older.commit, after, patched?.tree.store))
          renamed.set(path, was);
      }
      repositories.push({
        top,
        base: older,
        head: newer,
        patches: patched?.subjects ?? [],
        submodules: [...new Set(states.flatMap((state) => state?.submodules ?? []))],
      });
    }
  } finally {
    series?.tree.dispose();
  }
  for (const [path, text] of options.unsaved ?? [])
    head.set(path, { kind: 'file', bytes: new TextEncoder().encode(text), executable: false });
  return { repositories, base, head, changed: changedTexts(base, head, renamed) };
}

/** The repositories that layers, and BitBake, are checked out of. */
async function checkoutsOf({ roots, path }: BuildDirectory): Promise<Checkout[]> {
  const found = new Map<string, Checkout>();
  for (const root of roots) {
    const checkout = root === path ? undefined : await checkoutOf(root);
    if (checkout) found.set(checkout.top, checkout);
  }
  if (found.size === 0)
    throw new GitFault(
      `no layer of ${path} is in a git repository, and there is nothing to compare with: make it one (git init), or compare two checkouts with sstate-lens sig`,
    );
  return [...found.values()];
}

/**
 * What a review can be against: the branches of all repositories, those with the latest commits first.
 * @throws GitFault
 */
export async function branchesOf(build: BuildDirectory): Promise<string[]> {
  const found = new Set<string>();
  for (const { top } of await checkoutsOf(build)) for (const name of await branches(top)) found.add(name);
  return [...found];
}

/** What was named, by the top directory of the repository that it counts for. */
async function chosen(
  words: readonly string[],
  checkouts: readonly Checkout[],
  directory: string,
): Promise<ReadonlyMap<string, NamedCommit>> {
  const found = new Map<string, NamedCommit>();
  for (const word of words) {
    const at = word.indexOf('=');
    const asked = at < 0 ? undefined : repositoryNamed(word.slice(0, at), checkouts);
    const name = asked ? word.slice(at + 1) : word;
    const among = asked ? [asked] : presentOnes(checkouts, directory);
    let count = 0;
    for (const { top } of among) {
      const commit = await commitOf(top, name);
      if (commit === undefined) continue;
      found.set(top, { commit, name });
      count++;
    }
    if (count === 0) {
      throw new GitFault(
        `there is no commit ${name} in ${among.map(({ top }) => top).join(', ')}; git fetch may bring it, and REPOSITORY=REV names one of another repository`,
      );
    }
  }
  return found;
}

/** The repository that a directory is in; from outside of all, every one. */
function presentOnes(checkouts: readonly Checkout[], directory: string): readonly Checkout[] {
  const here = canonicalPath(directory);
  const inside = checkouts
    .filter(({ top }) => here === top || here.startsWith(`${top}/`))
    .sort((a, b) => b.top.length - a.top.length);
  return inside.length > 0 ? inside.slice(0, 1) : checkouts;
}

function repositoryNamed(name: string, checkouts: readonly Checkout[]): Checkout | undefined {
  return (
    checkouts.find(({ top }) => basename(top) === name) ??
    checkouts.find(({ top }) => top === canonicalPath(name))
  );
}

interface Series {
  readonly top: string;
  readonly base: NamedCommit;
  readonly tree: PatchedTree;
  readonly subjects: readonly string[];
}

/** The series applied in the repository in which it applies. */
async function seriesFor(
  file: string,
  checkouts: readonly Checkout[],
  bases: ReadonlyMap<string, NamedCommit>,
  directory: string,
): Promise<Series> {
  const name = file === '-' ? 'standard input' : file;
  const patches = await readPatches(readPatchFile(file), name);
  const among =
    bases.size > 0 ? checkouts.filter(({ top }) => bases.has(top)) : presentOnes(checkouts, directory);
  const found: Series[] = [];
  let fault: GitFault | undefined;
  for (const { top, head } of among) {
    const base = bases.get(top) ?? (head === undefined ? undefined : { commit: head, name: 'HEAD' });
    if (!base) continue;
    try {
      const tree = await patchedTree(top, base.commit, patches);
      found.push({ top, base, tree, subjects: patches.map(({ subject }) => subject) });
    } catch (error) {
      if (!(error instanceof GitFault)) throw error;
      fault ??= error;
    }
  }
  const [only, ...others] = found;
  if (only && others.length === 0) return only;
  for (const { tree } of found) tree.dispose();
  if (!only) throw fault ?? new GitFault(`no repository has a commit to apply ${name} to`);
  throw new GitFault(
    `${name} applies to ${found.map(({ top }) => top).join(' and ')}: say which with --base REPOSITORY=REV`,
  );
}

/** @param renamed new path -> old path */
function changedTexts(base: Revision, head: Revision, renamed: ReadonlyMap<string, string>): ChangedText[] {
  const paths = differingFiles(base, head);
  const differing = new Set(paths);
  const sources = new Map([...renamed].filter(([path, was]) => differing.has(path) && differing.has(was)));
  const gone = new Set(sources.values());
  return paths
    .filter((path) => !gone.has(path))
    .map((path) => {
      const oldPath = sources.get(path) ?? path;
      return { path, oldPath, before: textIn(base, oldPath), after: textIn(head, path) };
    });
}

function textIn(revision: Revision, path: string): string | undefined {
  if (!hasStatements(path)) return undefined;
  const file = revision.get(path) ?? presentFile(path);
  return file?.kind === 'file' ? Buffer.from(file.bytes).toString() : undefined;
}
