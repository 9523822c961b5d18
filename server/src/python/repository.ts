/**
 * What a few read-only git commands would print, read from the repository's files: `rev-parse` of HEAD, of its
 * branch and of the top directory, and `symbolic-ref`; and the `--help` of host tools, which base.bbclass asks
 * `ld` for. Metadata asks for these while parsing; no command is ever run for it.
 */
import type { FileStat, FileSystem } from '../inputs/ports.ts';
import { normalised, parent } from './volume.ts';

interface Repository {
  readonly top: string;
  /** `.git`, or where a worktree's `.git` file points. */
  readonly directory: string;
  /** Where refs are shared between worktrees. */
  readonly common: string;
}

/** How a command would have ended. */
export interface CommandResult {
  readonly status: number;
  readonly output: string;
  readonly error: string;
}

const SILENT: CommandResult = { status: 0, output: '', error: '' };
const NO_REPOSITORY: CommandResult = {
  status: 128,
  output: '',
  error: 'fatal: not a git repository (or any of the parent directories): .git\n',
};

/** @returns undefined where it cannot be told without running the command */
export function commandResult(
  files: FileSystem,
  words: readonly string[],
  cwd: string,
): CommandResult | undefined {
  // Programs on PATH are taken to exist; what one says of itself is the same as nothing to metadata.
  if (words.length === 2 && words[0]!.startsWith('/') && words[1] === '--help') return SILENT;
  const rest = words.filter((word) => !/^[A-Z_]+=/.test(word) && word !== '2>/dev/null');
  if (rest[0] !== 'git' && !rest[0]?.endsWith('/git')) return undefined;
  let directory = cwd;
  let index = 1;
  while (rest[index]?.startsWith('-')) {
    if (rest[index] === '-C') directory = normalised(directory, rest[index + 1] ?? '');
    else if (rest[index] !== '-c') return undefined;
    index += 2;
  }
  const start = files.realPath(directory);
  // Of a directory that cannot be looked into, nobody knows what is around it.
  if (start === undefined || kindOf(files, start) !== 'directory') return undefined;
  const repository = find(files, start);
  if (!repository) return NO_REPOSITORY;
  const output = answer(files, repository, rest.slice(index).join(' '));
  return output === undefined ? undefined : { status: 0, output: `${output}\n`, error: '' };
}

function answer(files: FileSystem, repository: Repository, command: string): string | undefined {
  // Which repository it is does not change with what is checked out.
  if (command === 'rev-parse --show-toplevel') return repository.top;
  const head = files.readText(`${repository.directory}/HEAD`)?.trim();
  if (head === undefined) return undefined;
  const branch = /^ref: (.*)/.exec(head)?.[1];
  switch (command) {
    case 'rev-parse HEAD':
      return branch === undefined ? head : resolve(files, repository, branch);
    case 'rev-parse --abbrev-ref HEAD':
      return branch === undefined ? 'HEAD' : branch.replace(/^refs\/heads\//, '');
    case 'symbolic-ref HEAD':
      return branch;
    case 'symbolic-ref --short HEAD':
      return branch?.replace(/^refs\/heads\//, '');
    default:
      return undefined;
  }
}

function resolve(files: FileSystem, repository: Repository, ref: string, hops = 0): string | undefined {
  // As many symbolic refs in a row as git follows.
  if (hops > 5) return undefined;
  for (const directory of [repository.directory, repository.common]) {
    const loose = files.readText(`${directory}/${ref}`)?.trim();
    if (loose?.startsWith('ref: ')) return resolve(files, repository, loose.slice(5), hops + 1);
    if (loose) return loose;
  }
  const packed = files.readText(`${repository.common}/packed-refs`) ?? '';
  return packed
    .split('\n')
    .find((line) => line.slice(41) === ref && !line.startsWith('#'))
    ?.slice(0, 40);
}

/** @param start a directory; symbolic links on the way to it do not count, as git sees where it is */
function find(files: FileSystem, start: string): Repository | undefined {
  for (let top = start; ; top = parent(top)) {
    const dotGit = `${top === '/' ? '' : top}/.git`;
    if (kindOf(files, `${dotGit}/HEAD`)) return { top, directory: dotGit, common: dotGit };
    if (kindOf(files, dotGit) === 'file') {
      const target = /^gitdir: (.*)/.exec(files.readText(dotGit) ?? '')?.[1]?.trim();
      if (target === undefined) return undefined;
      const directory = normalised(top, target);
      const common = files.readText(`${directory}/commondir`)?.trim();
      return { top, directory, common: common === undefined ? directory : normalised(directory, common) };
    }
    if (top === '/') return undefined;
  }
}

/** What is at a path and nothing else of it: which repository there is does not change with every commit. */
function kindOf(files: FileSystem, path: string): FileStat['kind'] | undefined {
  return files.kind ? files.kind(path) : files.stat(path)?.kind;
}
