/**
 * Two sequences side by side: what was taken out of one and put into the other, and where lines of text changed.
 *
 * Pure. Both ways of comparing are those that people know from `bitbake-diffsigs`: the longest common run is taken
 * out first, then what stands before and after it is compared (Python's `difflib.unified_diff`, and `simplediff` for
 * words), so that what is shown is the same.
 */

export type Change = 'same' | 'removed' | 'added';
export type Piece = readonly [change: Change, items: readonly string[]];

/** A run that both sequences have: from `a` and `b` on, `length` items. */
interface Run {
  readonly a: number;
  readonly b: number;
  readonly length: number;
}

/** A part of a sequence: from `from` to before `to`. */
interface Part {
  readonly from: number;
  readonly to: number;
}

type FindRun = (a: Part, b: Part) => Run;

/** The pieces that make the new sequence of the old one. */
export function pieces(before: readonly string[], after: readonly string[]): Piece[] {
  const places = placesOf(before);
  // The first of the longest runs in the new sequence, and of those the first in the old one.
  const find: FindRun = (a, b) => {
    const run = longestRun(after, b, places, a);
    return { a: run.b, b: run.a, length: run.length };
  };
  const found: Piece[] = [];
  let old = 0;
  let young = 0;
  for (const run of [...matching(whole(before), whole(after), find), ending(before, after)]) {
    if (old < run.a) found.push(['removed', before.slice(old, run.a)]);
    if (young < run.b) found.push(['added', after.slice(young, run.b)]);
    if (run.length > 0) found.push(['same', before.slice(run.a, run.a + run.length)]);
    old = run.a + run.length;
    young = run.b + run.length;
  }
  return found;
}

const CONTEXT = 3;
const MANY_LINES = 200;

/** Hunks of a unified diff, without the names of files: `@@ -1,4 +1,4 @@`, then lines with ` `, `-` or `+`. */
export function unifiedDiff(before: readonly string[], after: readonly string[]): string[] {
  const places = placesOf(after);
  // Lines that are everywhere do not tell where texts correspond.
  const most = after.length >= MANY_LINES ? Math.floor(after.length / 100) + 1 : Infinity;
  for (const [line, at] of places) if (at.length > most) places.delete(line);
  const find: FindRun = (a, b) => {
    let { a: i, b: j, length } = longestRun(before, a, places, b);
    if (length === 0) [i, j] = [a.from, b.from];
    while (i > a.from && j > b.from && before[i - 1] === after[j - 1])
      [i, j, length] = [i - 1, j - 1, length + 1];
    while (i + length < a.to && j + length < b.to && before[i + length] === after[j + length]) length++;
    return { a: i, b: j, length };
  };
  const runs = joined(matching(whole(before), whole(after), find));
  const lines: string[] = [];
  for (const hunk of hunks(runs, before.length, after.length)) {
    lines.push(`@@ -${range(hunk.a)} +${range(hunk.b)} @@`);
    for (const { change, a, b } of hunk.steps) {
      const [mark, text, part] =
        change === 'added' ? ['+', after, b] : [change === 'removed' ? '-' : ' ', before, a];
      for (const line of text.slice(part.from, part.to)) lines.push(mark + line);
    }
  }
  return lines;
}

interface Step {
  readonly change: Change;
  readonly a: Part;
  readonly b: Part;
}

interface Hunk {
  readonly a: Part;
  readonly b: Part;
  readonly steps: readonly Step[];
}

/** Changes with three lines around them; changes that are close to each other share a hunk. */
function hunks(runs: readonly Run[], oldLength: number, newLength: number): Hunk[] {
  const found: Step[][] = [];
  let steps: Step[] = [];
  let [old, young] = [0, 0];
  for (const run of [...runs, { a: oldLength, b: newLength, length: 0 }]) {
    if (old < run.a)
      steps.push({ change: 'removed', a: { from: old, to: run.a }, b: { from: young, to: young } });
    if (young < run.b)
      steps.push({ change: 'added', a: { from: run.a, to: run.a }, b: { from: young, to: run.b } });
    [old, young] = [run.a + run.length, run.b + run.length];
    const same = (from: number, to: number): Step => ({
      change: 'same',
      a: { from: run.a + from, to: run.a + to },
      b: { from: run.b + from, to: run.b + to },
    });
    const last = run.a + run.length === oldLength && run.b + run.length === newLength;
    if (run.length === 0) continue;
    if (steps.length === 0) {
      if (!last) steps.push(same(Math.max(0, run.length - CONTEXT), run.length));
    } else if (last) steps.push(same(0, Math.min(CONTEXT, run.length)));
    else if (run.length > 2 * CONTEXT) {
      steps.push(same(0, CONTEXT));
      found.push(steps);
      steps = [same(run.length - CONTEXT, run.length)];
    } else steps.push(same(0, run.length));
  }
  if (steps.some(({ change }) => change !== 'same')) found.push(steps);
  return found.map((steps) => ({
    a: { from: steps[0]!.a.from, to: steps.at(-1)!.a.to },
    b: { from: steps[0]!.b.from, to: steps.at(-1)!.b.to },
    steps,
  }));
}

/** `3,7`; of one line its number alone; of none the line before. */
function range({ from, to }: Part): string {
  const length = to - from;
  if (length === 1) return String(from + 1);
  return `${length === 0 ? from : from + 1},${length}`;
}

function whole(items: readonly string[]): Part {
  return { from: 0, to: items.length };
}

function ending(before: readonly string[], after: readonly string[]): Run {
  return { a: before.length, b: after.length, length: 0 };
}

function placesOf(items: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  items.forEach((item, at) => {
    const known = places.get(item);
    if (known) known.push(at);
    else places.set(item, [at]);
  });
  return places;
}

/** The first longest run of `outer` in a part of a sequence whose items lie at `places`; its `b` is in the latter. */
function longestRun(
  outer: readonly string[],
  part: Part,
  places: ReadonlyMap<string, readonly number[]>,
  inner: Part,
): Run {
  let best: Run = { a: part.from, b: inner.from, length: 0 };
  let lengths = new Map<number, number>();
  for (let i = part.from; i < part.to; i++) {
    const next = new Map<number, number>();
    for (const j of places.get(outer[i]!) ?? []) {
      if (j < inner.from) continue;
      if (j >= inner.to) break;
      const length = (lengths.get(j - 1) ?? 0) + 1;
      next.set(j, length);
      if (length > best.length) best = { a: i - length + 1, b: j - length + 1, length };
    }
    lengths = next;
  }
  return best;
}

/** All common runs, in order. */
function matching(a: Part, b: Part, find: FindRun): Run[] {
  const found: Run[] = [];
  const waiting: [Part, Part][] = [[a, b]];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [a, b] = next;
    const run = find(a, b);
    if (run.length === 0) continue;
    found.push(run);
    waiting.push(
      [
        { from: a.from, to: run.a },
        { from: b.from, to: run.b },
      ],
      [
        { from: run.a + run.length, to: a.to },
        { from: run.b + run.length, to: b.to },
      ],
    );
  }
  return found.sort((x, y) => x.a - y.a);
}

/** Runs that follow each other in both sequences are one. */
function joined(runs: readonly Run[]): Run[] {
  const found: Run[] = [];
  for (const run of runs) {
    const last = found.at(-1);
    if (last && last.a + last.length === run.a && last.b + last.length === run.b)
      found[found.length - 1] = { ...last, length: last.length + run.length };
    else found.push(run);
  }
  return found;
}
