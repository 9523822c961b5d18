/**
 * The pieces of Python that are running, and what their requests are answered: what they were answered before, as long as
 * they ask for the same in the same order, then what the datastore says. Notes what each does, for who remembers it.
 *
 * Knows neither the sandbox that they run in nor what is remembered of them.
 */
import type { Value } from '../datastore/value.ts';
import type { DatastoreService } from './runtime.ts';
import { canBeRemembered, isReading, type Request, type Result, sameRequest, type Step } from './traces.ts';

/** A piece of Python that is running. */
export interface RunningPiece {
  readonly d: number;
  /** What was done before it was entered. */
  readonly before: readonly Step[];
  /** How many of `before` it has asked for again. */
  repeated: number;
  readonly steps: Step[];
  files: Set<string> | undefined;
  remembered: boolean;
  /** It has kept something before what is running within it. */
  keeps: boolean;
}

export class RunningPieces {
  private readonly pieces: RunningPiece[] = [];

  constructor(private readonly datastore: DatastoreService) {}

  get innermost(): RunningPiece | undefined {
    return this.pieces.at(-1);
  }

  /**
   * @param before its first requests, with the answers they got
   * @param remembered whether what it does is to be remembered
   */
  begin(d: number, before: readonly Step[], remembered: boolean): RunningPiece {
    const piece = { d, before, repeated: 0, steps: [], files: undefined, remembered, keeps: false };
    this.pieces.push(piece);
    return piece;
  }

  end(): void {
    this.pieces.pop();
  }

  /** The innermost one looks at a file of that name. */
  looked(name: string): void {
    const piece = this.innermost;
    if (piece) (piece.files ??= new Set()).add(name);
  }

  /** The innermost one does what may come out otherwise next time. */
  passing(): void {
    const piece = this.innermost;
    if (piece) piece.remembered = false;
  }

  /** Answers a request of the innermost one, or of none. @throws what the datastore throws */
  answer(operation: string, d: number, args: readonly Value[]): Result {
    const piece = this.innermost;
    if (!piece) return this.datastore.call(operation, d, args);
    const known = piece.before[piece.repeated];
    if (known) {
      if (d === piece.d && sameRequest(known.request, operation, args)) {
        piece.repeated++;
        piece.steps.push(known);
        if ('error' in known) {
          piece.remembered = false;
          throw known.error;
        }
        return known.result;
      }
      // It goes another way with the same answers: it is decided by something else.
      piece.remembered = false;
      if (!piece.before.slice(piece.repeated).every((step) => isReading(step.request.operation))) {
        throw new Error(`Python made another request than before: ${operation}`);
      }
      piece.repeated = piece.before.length;
    }
    let result: Result;
    try {
      result = this.datastore.call(operation, d, args);
    } catch (error) {
      piece.remembered = false;
      throw error;
    }
    if (!piece.remembered) return result;
    const request: Request = { operation, args };
    if (d === piece.d && canBeRemembered(request, result)) piece.steps.push({ request, result });
    else piece.remembered = false;
    return result;
  }
}
