/**
 * Running `git` in a repository that is not to be trusted: its configuration may name programs to run (hooks,
 * fsmonitor, filters, transports of a partial clone). Only plumbing that runs none of them is to be used, and what
 * could is switched off. Nothing is ever written to the repository, nor asked of another one.
 */
import { spawn } from 'node:child_process';

/** Before the subcommand: nothing that a repository configures is to be started. */
const HARMLESS = [
  '--no-pager',
  '--no-replace-objects',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.untrackedCache=false',
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'core.sshCommand=false',
  '-c',
  'core.gitProxy=false',
  '-c',
  'protocol.allow=never',
];

export interface GitOptions {
  /** How much it may answer, in bytes. */
  readonly longest?: number;
  readonly milliseconds?: number;
  readonly input?: string | Uint8Array;
  /** In place of those that were left out: GIT_INDEX_FILE and its like. */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface GitAnswer {
  readonly output: Buffer;
  /** What it said; of interest where it failed. */
  readonly error: string;
  /** Null: it could not be started, or was ended because it took too long or answered too much. */
  readonly code: number | null;
}

/** Runs a git subcommand in a directory. Never throws. */
export function runGit(
  directory: string,
  args: readonly string[],
  { longest = 16 * 1024 * 1024, milliseconds = 10_000, input, environment = {} }: GitOptions = {},
): Promise<GitAnswer> {
  return new Promise((resolve) => {
    const child = spawn('git', ['-C', directory, ...HARMLESS, ...args], {
      env: { ...gitEnvironment(), ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: milliseconds,
      windowsHide: true,
    });
    const output: Buffer[] = [];
    let length = 0;
    let error = '';
    let failed = false;
    child.stdout.on('data', (part: Buffer) => {
      length += part.length;
      if (length > longest) {
        failed = true;
        child.kill();
      } else output.push(part);
    });
    child.stderr.on('data', (part: Buffer) => (error = `${error}${part.toString()}`.slice(0, 10_000)));
    child.stdin.on('error', () => undefined);
    child.on('error', ({ message }) => resolve({ output: Buffer.alloc(0), error: message, code: null }));
    child.on('close', (code) =>
      resolve({ output: Buffer.concat(output), error: error.trim(), code: failed ? null : code }),
    );
    child.stdin.end(input);
  });
}

/** Ours without what would point git at another repository, and without leave to fetch or ask. */
function gitEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
  return {
    ...Object.fromEntries(kept),
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  };
}
