/**
 * The child's end of the evaluator process: answers the parent's requests one after the other, and notes where
 * it is, so that the parent can name the place if it has to kill it.
 */
import { writeSync } from 'node:fs';
import { collectWhenIdle } from './heapMemory.ts';

/** File descriptor of the note; the parent hands it over when it forks. */
const NOTE_DESCRIPTOR = 4;
/** In bytes: the place, then how often there was a sign of life. */
export const NOTE_SIZE = 1024;
export const PLACE_SIZE = NOTE_SIZE - 8;
/** How often the same place is noted again, in milliseconds: often enough for the parent to see that time goes on. */
const BEAT_MILLISECONDS = 50;

/** A request of the parent's, and what is answered. */
export interface EvaluatorRequest {
  readonly id: number;
  readonly method: string;
  readonly params: unknown;
}
export type EvaluatorMessage =
  | { readonly kind: 'ready'; readonly confined: boolean }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: unknown }
  | { readonly kind: 'progress'; readonly data: unknown };

/** A method takes the parameters of the request; what it returns or throws must survive structured cloning. */
export type EvaluatorHandlers = Readonly<Record<string, (params: never) => unknown>>;

const note = Buffer.alloc(NOTE_SIZE);
let noted = '';
let beats = 0;
let lastBeat = 0;

/**
 * Notes where the evaluator is; cheap enough for every entry into Python.
 * @param progress it gets on: without a note that says so the parent will soon take it that it never does
 */
export function noteWhere(where: string, progress = true): void {
  const now = performance.now();
  const beat = progress && now >= lastBeat + BEAT_MILLISECONDS;
  if (where === noted && !beat) return;
  if (where !== noted) {
    noted = where;
    note.fill(0, 0, PLACE_SIZE);
    note.write(where, 0, PLACE_SIZE - 1);
  }
  if (beat) {
    lastBeat = now;
    note.writeDoubleLE(++beats, PLACE_SIZE);
  }
  try {
    writeSync(NOTE_DESCRIPTOR, note, 0, NOTE_SIZE, 0);
  } catch {
    // Without a note a killed evaluator has no place; that is all.
  }
}

/** Sends the parent something to show while a request is running. */
export function tellProgress(data: unknown): void {
  send({ kind: 'progress', data });
}

function send(message: EvaluatorMessage): void {
  process.send?.(message);
}

/** Answers requests until the parent goes away. */
export function serve(handlers: EvaluatorHandlers): void {
  process.on('disconnect', () => process.exit());
  // Ctrl-C reaches every process of a terminal: when to end is for the one that was started there to say.
  process.on('SIGINT', () => undefined);
  let last: Promise<void> = Promise.resolve();
  process.on('message', (request: EvaluatorRequest) => {
    last = last.then(() => answer(handlers, request));
  });
  send({ kind: 'ready', confined: confined() });
}

async function answer(handlers: EvaluatorHandlers, { id, method, params }: EvaluatorRequest): Promise<void> {
  try {
    const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
    if (!handler) throw new Error(`the evaluator has no method ${method}`);
    send({ kind: 'result', id, result: await handler(params as never) });
  } catch (error) {
    send({ kind: 'error', id, error: error instanceof Error ? error : new Error(String(error)) });
  }
  noteWhere('');
  collectWhenIdle();
}

/** Whether Node itself keeps this process from writing files and starting programs. */
function confined(): boolean {
  const { permission } = process as unknown as { permission?: { has(scope: string): boolean } };
  return permission !== undefined && !permission.has('fs.write') && !permission.has('child');
}
