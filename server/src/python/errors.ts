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
  /** Errors of TypeScript that went into Python, by token, and their tokens. */
  private readonly thrown: unknown[] = [];
  private readonly tokens = new Map<unknown, number>();
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
    let token = this.tokens.get(error);
    if (token === undefined) {
      token = this.thrown.push(error) - 1;
      this.tokens.set(error, token);
    }
    return token;
  }

  /** The error that an exception of Python's is here: the original one, where it came from TypeScript. */
  receive(json: string): Error {
    const { id, token, type, types, message, argument, frame } = JSON.parse(json) as Description;
    const original = token === null ? undefined : this.thrown[token];
    if (original instanceof Error) return original;
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
    this.tokens.clear();
    this.raised.clear();
  }
}
