/**
 * How much memory the heap of a process takes beside what lives in it. Where there is nothing to do, garbage is looked
 * for: V8 does so when more is allocated, and who has loaded the world and then waits for the next keystroke allocates
 * nothing. Knows nothing of what the process does.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * In MiB, of each of the two halves of the space for what was allocated lately. Most of what an evaluation makes is
 * garbage soon, and the larger the space the less is copied; twice as much makes the world no faster.
 */
const YOUNG_HALF = 32;
/** By how much of what lives in it the heap may grow before garbage is looked for; V8 would let it grow several times. */
const GROWING_PERCENT = 40;

/** Flags of V8 for a process that evaluates recipes. */
export const EVALUATING_HEAP_FLAGS = [`--max-semi-space-size=${YOUNG_HALF}`, growing(GROWING_PERCENT)];
/**
 * What glibc is told in the environment of one: V8's threads, which compile, would have an area for each that is never
 * given back.
 */
export const EVALUATING_HEAP_ENVIRONMENT = { MALLOC_ARENA_MAX: '1' };

/** The heap of this process grows slowly from now on. */
export function growSlowly(): void {
  setFlagsFromString(growing(GROWING_PERCENT));
}

function growing(percent: number): string {
  return `--heap-growing-percent=${percent}`;
}

/** How long there was nothing to do. */
const IDLE_MILLISECONDS = 10_000;
/** In bytes; for less the pause is not worth it. */
const WORTH_COLLECTING = 64 * 1024 * 1024;
/** What one collection leaves in scattered places, the next ones move together: more make little difference. */
const COLLECTIONS = 3;
/** Between them, for what is given back beside them. */
const PAUSE_MILLISECONDS = 1000;

/** The pause between two keystrokes begins so long after the last thing was done. */
const BREATH_MILLISECONDS = 25;
/** In bytes; what was allocated lately is collected in some ten milliseconds, and the next keystroke need not. */
const WORTH_COLLECTING_YOUNG = 4 * 1024 * 1024;

type Collect = (options?: { readonly type: 'minor' }) => void;

let collect: Collect | undefined;
let timer: NodeJS.Timeout | undefined;
let breath: NodeJS.Timeout | undefined;
/** How much was in use after it was last collected. */
let live = 0;

/** To be called whenever something was done: a while after the last of it, garbage is collected where there is much. */
export function collectWhenIdle(): void {
  clearTimeout(timer);
  timer = setTimeout(idle, IDLE_MILLISECONDS).unref();
  clearTimeout(breath);
  breath = setTimeout(collectYoung, BREATH_MILLISECONDS).unref();
}

function collectYoung(): void {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  if (young && young.space_used_size >= WORTH_COLLECTING_YOUNG) collector()({ type: 'minor' });
}

function idle(): void {
  const { heapUsed } = process.memoryUsage();
  live = Math.min(live, heapUsed);
  if (heapUsed - live >= WORTH_COLLECTING) collectTimes(COLLECTIONS);
}

function collectTimes(times: number): void {
  collector()();
  live = process.memoryUsage().heapUsed;
  if (times > 1) timer = setTimeout(() => collectTimes(times - 1), PAUSE_MILLISECONDS).unref();
}

function collector(): Collect {
  if (collect) return collect;
  setFlagsFromString('--expose-gc');
  return (collect = runInNewContext('gc') as Collect);
}
