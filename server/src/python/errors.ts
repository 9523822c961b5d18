/**
 * Errors on their way between TypeScript and Python, in both directions with their identity: an exception
 * that crosses twice is the same object on either side.
 */
import { ExpansionError, FatalError } from '../datastore/errors.ts';
import { PythonError } from './runtime.ts';

/** What `lib/lens/door.py: _describe` tells of an exception. */
interface Description {
  readonly id: number;
  readonly token: number | null;
  readonly type: string;
  readonly types: readonly string[];
  readonly message: string;
  readonly argument: string | null;
  readonly frame: readonly [string, number] | null;
}

export class ErrorCrossing {
  /** Errors of TypeScript that went into Python. */
  private readonly thrown: Error[] = [];
  /** Exceptions that came out of Python, by id. */
  private readonly raised = new Map<number, PythonError>();

  /** What of `error` is sent to Python, which raises it (`lib/lens/door.py: make_error`). */
  describe(error: unknown): object {
    if (error instanceof PythonError && this.raised.get(error.id) === error) return { id: error.id };
    const token = this.tokenOf(error);
    if (error instanceof ExpansionError) {
      return {
        kind: 'expansion',
        token,
        message: error.message,
        variable: error.variable ?? null,
        expression: error.expression,
        chain: error.chain,
        cause: error.cause === undefined ? null : this.describe(error.cause),
      };
    }
    const message = error instanceof Error ? error.message : String(error);
    const { file, line } = error as { file?: string; line?: number };
    const name = error instanceof Error ? error.name : '';
    const kind =
      error instanceof FatalError || name === 'BBHandledException'
        ? 'fatal'
        : name === 'ParseError'
          ? 'parse'
          : name === 'SkipRecipe'
            ? 'skip'
            : 'other';
    return { kind, token, message, file: file ?? '', line: line ?? 0 };
  }

  private tokenOf(error: unknown): number {
    const known = this.thrown.indexOf(error as Error);
    return known !== -1 ? known : this.thrown.push(error as Error) - 1;
  }

  /** The error that an exception of Python's is here: the original one, where it came from TypeScript. */
  receive(json: string): Error {
    const { id, token, type, types, message, argument, frame } = JSON.parse(json) as Description;
    const original = token === null ? undefined : this.thrown[token];
    if (original) return original;
    const known = this.raised.get(id);
    if (known) return known;
    const place = frame ? { file: frame[0], line: frame[1] } : undefined;
    const error = new PythonError(type, types, message, argument ?? undefined, id, place);
    this.raised.set(id, error);
    return error;
  }

  /** The ids are void from here on. */
  clear(): void {
    this.thrown.length = 0;
    this.raised.clear();
  }
}
