/** What the command line prints: results to stdout, all else to stderr, and the exit code of a command. */

/** `cancelled`: 128 and the number of SIGINT, as shells have it. */
export const EXIT = { done: 0, no: 1, bad: 2, cancelled: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface Output {
  /** A line of the command's result. */
  result(line: string): void;
  /** A line about what is going on or wrong. */
  note(line: string): void;
  /** Replaces the line of progress; `undefined` takes it away. Shown on a terminal only. */
  progress(line: string | undefined): void;
}

/** A fault of the input or the environment: said in one line, exit code 2. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

export function streamOutput(): Output {
  const terminal = process.stderr.isTTY === true;
  let shown = false;
  const clear = () => {
    if (shown) process.stderr.write('\r\x1b[K');
    shown = false;
  };
  return {
    result(line) {
      clear();
      process.stdout.write(`${line}\n`);
    },
    note(line) {
      clear();
      process.stderr.write(`${line}\n`);
    },
    progress(line) {
      clear();
      if (!terminal || line === undefined) return;
      process.stderr.write(line);
      shown = true;
    },
  };
}
