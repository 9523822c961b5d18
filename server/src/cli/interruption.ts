/**
 * Ctrl-C: what is going on ends through an abort signal, with one line and the exit code that shells have for it.
 *
 * Whoever works long is given `signal`; whoever does not heed it is ended all the same after a short while.
 */
import { CommandError, EXIT, type Output } from './output.ts';

/** Milliseconds for connections to be closed. */
const GRACE = 400;

export class Interruption {
  /** Says nothing more from the interruption on: what fails then fails because of it. */
  readonly output: Output;
  private readonly controller = new AbortController();

  constructor(private readonly terminal: Output) {
    const unless = (say: (line: string) => void) => (line: string) => {
      if (!this.signal.aborted) say(line);
    };
    this.output = {
      result: unless((line) => terminal.result(line)),
      note: unless((line) => terminal.note(line)),
      progress: (line) => {
        if (!this.signal.aborted) terminal.progress(line);
      },
    };
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Takes SIGINT from now on; a second one ends the process at once. */
  listen(): void {
    process.once('SIGINT', () => {
      this.terminal.note('cancelled: no answer was found, and nothing was changed');
      this.controller.abort(new CommandError('cancelled'));
      setTimeout(() => process.exit(EXIT.cancelled), GRACE);
    });
  }
}
