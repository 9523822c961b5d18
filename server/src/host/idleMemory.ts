/**
 * Gives memory back when there is nothing to do: V8 looks for garbage when more is allocated, and who has loaded the
 * world and then waits for the next keystroke allocates nothing. Knows nothing of what the process does.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** How long there was nothing to do. */
const IDLE_MILLISECONDS = 10_000;
/** In bytes; for less the pause is not worth it. */
const WORTH_COLLECTING = 64 * 1024 * 1024;
/** What one collection leaves in scattered places, the next ones move together: more make little difference. */
const COLLECTIONS = 3;
/** Between them, for what is given back beside them. */
const PAUSE_MILLISECONDS = 1000;

let collect: (() => void) | undefined;
let timer: NodeJS.Timeout | undefined;
/** How much was in use after it was last collected. */
let live = 0;

/** To be called whenever something was done: a while after the last of it, garbage is collected where there is much. */
export function collectWhenIdle(): void {
  clearTimeout(timer);
  timer = setTimeout(idle, IDLE_MILLISECONDS).unref();
}

function idle(): void {
  const { heapUsed } = process.memoryUsage();
  live = Math.min(live, heapUsed);
  if (heapUsed - live >= WORTH_COLLECTING) collectTimes(COLLECTIONS);
}

function collectTimes(times: number): void {
  collect ??= exposed();
  collect();
  live = process.memoryUsage().heapUsed;
  if (times > 1) timer = setTimeout(() => collectTimes(times - 1), PAUSE_MILLISECONDS).unref();
}

function exposed(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
