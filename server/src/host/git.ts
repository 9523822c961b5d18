/**
 * What a file's text is in the commit that is checked out, asked of `git`. Without git, or outside a repository, there
 * is no such text, which is no fault.
 */
import { basename, dirname, join } from 'node:path';
import { keepLast } from '../base/recent.ts';
import { runGit } from './gitCommand.ts';

/** How many files' texts are kept. */
const MOST_TEXTS = 200;

export interface Head {
  /** The commit; undefined before the first one. */
  readonly commit: string | undefined;
  /** Files that change when another commit is checked out or made. */
  readonly watched: readonly string[];
}

export class GitTexts {
  /** Directory -> its repository's HEAD; valid until `forget`. */
  private readonly heads = new Map<string, Promise<Head | undefined>>();
  /** Directory and branch -> commit; valid until `forget`. */
  private readonly mergeBases = new Map<string, Promise<string | undefined>>();
  private readonly origins = new Map<string, Promise<string | undefined>>();
  /** Path and commit -> text; never outdated. */
  private readonly texts = new Map<string, Promise<string | undefined>>();

  /** The text that HEAD has for a file; undefined where there is no repository, no git, or no such file in it. */
  async headText(path: string): Promise<string | undefined> {
    const head = await this.head(dirname(path));
    return head?.commit === undefined ? undefined : this.textAt(head.commit, path);
  }

  /** The same of the commit from which the work since went another way than a branch (`''`: the main one). */
  async mergeBaseText(path: string, branch: string): Promise<string | undefined> {
    const directory = dirname(path);
    const key = `${directory}\0${branch}`;
    let base = this.mergeBases.get(key);
    if (!base) this.mergeBases.set(key, (base = readMergeBase(directory, branch)));
    const commit = await base;
    return commit === undefined ? undefined : this.textAt(commit, path);
  }

  private textAt(commit: string, path: string): Promise<string | undefined> {
    const key = `${commit}\0${path}`;
    let text = this.texts.get(key);
    if (!text) {
      text = git(dirname(path), ['cat-file', 'blob', `${commit}:./${basename(path)}`]).then(decode);
      keepLast(this.texts, MOST_TEXTS, key, text);
    }
    return text;
  }

  head(directory: string): Promise<Head | undefined> {
    let head = this.heads.get(directory);
    if (!head) this.heads.set(directory, (head = readHead(directory)));
    return head;
  }

  /** Where the repository of a directory was cloned from, as its configuration has it. */
  origin(directory: string): Promise<string | undefined> {
    let origin = this.origins.get(directory);
    if (!origin) {
      const asked = git(directory, ['config', '--get', 'remote.origin.url']);
      this.origins.set(directory, (origin = asked.then((answer) => decode(answer)?.trim())));
    }
    return origin;
  }

  /** HEADs are asked for again; texts of commits stay. */
  forget(): void {
    this.heads.clear();
    this.origins.clear();
    this.mergeBases.clear();
  }
}

/** What is taken for the main branch, the first that there is. */
const MAIN_BRANCHES = ['refs/remotes/origin/HEAD', 'main', 'master', 'origin/main', 'origin/master'];

async function readMergeBase(directory: string, branch: string): Promise<string | undefined> {
  for (const name of branch === '' ? MAIN_BRANCHES : [branch]) {
    const tip = await commitOf(directory, ['--end-of-options', `${name}^{commit}`]);
    if (tip === undefined) continue;
    const answer = decode(await git(directory, ['merge-base', 'HEAD', tip]))?.trim();
    return answer && COMMIT.test(answer) ? answer : undefined;
  }
  return undefined;
}

const COMMIT = /^[0-9a-f]{40,64}$/;

async function commitOf(directory: string, revision: readonly string[]): Promise<string | undefined> {
  const answer = decode(await git(directory, ['rev-parse', '--verify', '--quiet', ...revision]))?.trim();
  return answer && COMMIT.test(answer) ? answer : undefined;
}

async function readHead(directory: string): Promise<Head | undefined> {
  const answer = decode(await git(directory, ['rev-parse', '--absolute-git-dir']));
  const gitDir = answer?.replace(/\n$/, '');
  if (!gitDir) return undefined;
  return {
    commit: await commitOf(directory, ['HEAD']),
    watched: [join(gitDir, 'HEAD'), join(gitDir, 'logs/HEAD')],
  };
}

function decode(bytes: Buffer | undefined): string | undefined {
  return bytes && new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** @returns what git printed; undefined where it failed or is not there */
async function git(directory: string, args: readonly string[]): Promise<Buffer | undefined> {
  const { output, code } = await runGit(directory, args);
  return code === 0 ? output : undefined;
}
