/**
 * A series of patches as it came by mail (or a plain diff), applied to a commit in memory of git's own: a temporary
 * index and a temporary directory for new objects. The repository stays as it is (objects of its own that the patches
 * make again get the time of that, as with every use of them).
 *
 * git itself takes the mails apart and applies them, as `git am` does, without its hooks.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runGit } from './gitCommand.ts';
import { GitFault, type ObjectStore } from './gitTrees.ts';

/** A patch, and what its mail calls it. */
export interface Patch {
  readonly subject: string;
  readonly text: Uint8Array;
}

/** How a mail may begin; all else is taken for a diff. */
const HEADER = /^(From |[A-Za-z][A-Za-z0-9-]*:[ \t])/;
const DIFF = /^(diff --git |--- |Index: )/;

/** @param file `-`: standard input. @throws GitFault where it cannot be read */
export function readPatchFile(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file === '-' ? 0 : file));
  } catch (error) {
    throw new GitFault(`cannot read the patch ${file}: ${(error as Error).message}`);
  }
}

/** The patches of a mailbox, a mail or a diff; mails without one (a cover letter) are left out. @throws GitFault */
export async function readPatches(bytes: Uint8Array, name: string): Promise<Patch[]> {
  const directory = mkdtempSync(join(tmpdir(), 'sstate-lens-'));
  try {
    const start = Buffer.from(bytes.subarray(0, 65_536)).toString().trimStart();
    const isMail = HEADER.test(start) && !DIFF.test(start);
    const patches = isMail ? await patchesOfMails(bytes, directory) : [{ subject: name, text: bytes }];
    const found = patches.filter(({ text }) =>
      /^(diff --git |--- )/m.test(Buffer.from(text).toString('latin1')),
    );
    if (found.length === 0)
      throw new GitFault(
        `there is no patch in ${name}: it should be what git format-patch writes, or a diff`,
      );
    return found;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function patchesOfMails(bytes: Uint8Array, directory: string): Promise<Patch[]> {
  const mailbox = join(directory, 'mailbox');
  const mails = join(directory, 'mails');
  writeFileSync(mailbox, bytes);
  mkdirSync(mails);
  const split = await runGit(directory, ['mailsplit', '-b', `-o${mails}`, '--', mailbox]);
  if (split.code !== 0) throw new GitFault(`git cannot take the mails apart: ${split.error}`);
  const patches: Patch[] = [];
  for (const mail of readdirSync(mails).sort()) {
    const patch = join(directory, 'patch');
    const input = readFileSync(join(mails, mail));
    const info = await runGit(directory, ['mailinfo', join(directory, 'message'), patch], { input });
    if (info.code !== 0) throw new GitFault(`git cannot read mail ${mail} of the series: ${info.error}`);
    const subject = /^Subject: (.*)$/m.exec(info.output.toString())?.[1] ?? mail;
    patches.push({ subject, text: new Uint8Array(readFileSync(patch)) });
  }
  return patches;
}

/** The tree that a commit becomes with patches. */
export interface PatchedTree {
  readonly tree: string;
  /** Where its new objects are. */
  readonly store: ObjectStore;
  /** To be called when nothing more is read of it. */
  dispose(): void;
}

/** @throws GitFault where a patch does not apply */
export async function patchedTree(
  top: string,
  commit: string,
  patches: readonly Patch[],
): Promise<PatchedTree> {
  const directory = mkdtempSync(join(tmpdir(), 'sstate-lens-'));
  const dispose = () => rmSync(directory, { recursive: true, force: true });
  try {
    const objects = resolve(
      top,
      (await asked(top, ['rev-parse', '--git-path', 'objects'])).replace(/\n$/, ''),
    );
    mkdirSync(join(directory, 'objects'));
    const store = {
      GIT_OBJECT_DIRECTORY: join(directory, 'objects'),
      GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(objects),
    };
    const environment = { ...store, GIT_INDEX_FILE: join(directory, 'index') };
    await asked(top, ['read-tree', commit], environment);
    for (const { subject, text } of patches) {
      const apply = ['apply', '--cached', '--whitespace=nowarn', '-'];
      const { error, code } = await runGit(top, apply, { input: text, environment, milliseconds: 120_000 });
      if (code !== 0) {
        const why = error
          .replace(/^error: /gm, '')
          .split('\n')
          .slice(0, 3)
          .join('; ');
        throw new GitFault(
          `"${subject}" does not apply to ${commit.slice(0, 12)} of ${top}: ${why}. Name the commit that it was made for with --base REV`,
        );
      }
    }
    const tree = (await asked(top, ['write-tree'], environment)).trim();
    return { tree, store: { environment: store }, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

async function asked(
  top: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { output, error, code } = await runGit(top, args, { environment, milliseconds: 120_000 });
  if (code !== 0) throw new GitFault(`git ${args[0]} fails in ${top}: ${error}`);
  return output.toString();
}

/** As an entry of a list that is separated by colons. */
function quoted(path: string): string {
  return /^"|[:\n]/.test(path) ? `"${path.replace(/["\\]/g, '\\$&')}"` : path;
}
