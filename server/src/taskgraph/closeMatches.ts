/** Names that look like another one, for messages. Follows Python's `difflib.get_close_matches`. */

const CUTOFF = 0.7;
const MOST = 3;

/** Up to three of `candidates`, the closest first. */
export function closeMatches(name: string, candidates: Iterable<string>): string[] {
  const scored: [number, string][] = [];
  for (const candidate of new Set(candidates)) {
    const total = name.length + candidate.length;
    // No more characters than the shorter one has can match.
    if ((2 * Math.min(name.length, candidate.length)) / total < CUTOFF) continue;
    const score = (2 * matching(name, candidate)) / total;
    if (score >= CUTOFF) scored.push([score, candidate]);
  }
  return scored
    .sort(([a], [b]) => b - a)
    .slice(0, MOST)
    .map(([, candidate]) => candidate);
}

/** How many characters match: those of the longest common piece, and of what is left and right of it. */
function matching(a: string, b: string): number {
  let size = 0;
  let endA = 0;
  let endB = 0;
  let before = new Uint16Array(b.length + 1);
  for (let i = 0; i < a.length; i++) {
    const row = new Uint16Array(b.length + 1);
    for (let j = 0; j < b.length; j++) {
      if (a[i] !== b[j]) continue;
      row[j + 1] = before[j]! + 1;
      if (row[j + 1]! > size) [size, endA, endB] = [row[j + 1]!, i + 1, j + 1];
    }
    before = row;
  }
  if (size === 0) return 0;
  return (
    size + matching(a.slice(0, endA - size), b.slice(0, endB - size)) + matching(a.slice(endA), b.slice(endB))
  );
}
