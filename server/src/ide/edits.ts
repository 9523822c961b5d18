/**
 * Which statements of a document differ from its baseline text, and where in the document that shows.
 */
import type { Range } from '../base/text.ts';
import { physicalLines } from '../syntax/lines.ts';
import type { Statement } from '../syntax/statements.ts';
import type { SyntaxTree } from '../syntax/tree.ts';
import { namesSetBy, type SetName } from './names.ts';

export interface EditedStatement {
  readonly path: string;
  /** The lines that differ; for what was taken away, the line that follows. */
  readonly range: Range;
  /** The statement as a whole; undefined where it was taken away. */
  readonly whole: Range | undefined;
  /** The statement that it replaces, in the baseline text; undefined where there is none. */
  readonly replaced: Range | undefined;
  /** What the statement, or the one it replaces, may set. */
  readonly names: readonly SetName[];
  /** The values that it and the one it replaces give, as written; undefined where there is none. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** One version of a document. */
export interface Version {
  readonly text: string;
  readonly tree: SyntaxTree;
}

interface Piece {
  readonly statement: Statement;
  /** Its lines as BitBake reads them. */
  readonly lines: readonly string[];
  readonly key: string;
}

/** Above this, a file is compared by its first and last difference only. */
const MOST_COMPARED = 1_000_000;

/** In the order of the document. Comments and blank lines between statements do not count: nothing hashes them. */
export function editedStatements(before: Version, after: Version): EditedStatement[] {
  const old = piecesOf(before);
  const now = piecesOf(after);
  const lines = physicalLines(after.text);
  const edits: EditedStatement[] = [];
  for (const { removed, added } of differences(old, now)) {
    const pairs = paired(old.slice(...removed), now.slice(...added), after.tree.path);
    const following = now[added[1]]?.statement.range.start.line ?? Math.max(lines.length - 1, 0);
    for (const [was, is] of pairs) {
      const [first, last] = is ? changedLines(was, is) : [following, following];
      edits.push({
        path: after.tree.path,
        range: {
          start: { line: first, column: /^\s*/.exec(lines[first]?.text ?? '')![0].length },
          end: { line: last, column: lines[last]?.text.length ?? 0 },
        },
        whole: is?.statement.range,
        replaced: was?.statement.range,
        names: [was, is].flatMap((piece) => (piece ? namesSetBy(piece.statement, after.tree.path) : [])),
        before: was && valueOf(was.statement),
        after: is && valueOf(is.statement),
      });
    }
  }
  return edits.sort((a, b) => a.range.start.line - b.range.start.line);
}

function piecesOf({ text, tree }: Version): Piece[] {
  const all = physicalLines(text).map((line) => line.text);
  return tree.statements
    .filter(({ kind }) => kind !== 'comment' && kind !== 'blank')
    .map((statement) => {
      const lines = all.slice(statement.range.start.line, statement.range.end.line + 1);
      return { statement, lines, key: lines.join('\n') };
    });
}

function valueOf(statement: Statement): string | undefined {
  if (statement.kind === 'assignment') return statement.value;
  return statement.kind === 'function' || statement.kind === 'def' ? statement.body.join('\n') : undefined;
}

interface Difference {
  /** Half-open index ranges into the two lists. */
  readonly removed: readonly [number, number];
  readonly added: readonly [number, number];
}

/** The stretches in which two lists differ, by a longest common subsequence. */
function differences(old: readonly Piece[], now: readonly Piece[]): Difference[] {
  let start = 0;
  while (start < old.length && start < now.length && old[start]!.key === now[start]!.key) start++;
  let oldEnd = old.length;
  let nowEnd = now.length;
  while (oldEnd > start && nowEnd > start && old[oldEnd - 1]!.key === now[nowEnd - 1]!.key) {
    oldEnd--;
    nowEnd--;
  }
  const height = oldEnd - start;
  const width = nowEnd - start;
  if (height === 0 && width === 0) return [];
  if (height * width > MOST_COMPARED) return [{ removed: [start, oldEnd], added: [start, nowEnd] }];
  const same = (i: number, j: number) => old[start + i]!.key === now[start + j]!.key;
  const common = new Uint16Array((height + 1) * (width + 1));
  const at = (i: number, j: number) => i * (width + 1) + j;
  for (let i = height - 1; i >= 0; i--) {
    for (let j = width - 1; j >= 0; j--) {
      common[at(i, j)] = same(i, j)
        ? common[at(i + 1, j + 1)]! + 1
        : Math.max(common[at(i + 1, j)]!, common[at(i, j + 1)]!);
    }
  }
  const found: Difference[] = [];
  let i = 0;
  let j = 0;
  while (i < height || j < width) {
    const [fromOld, fromNow] = [i, j];
    while ((i < height || j < width) && !(i < height && j < width && same(i, j))) {
      if (j >= width || (i < height && common[at(i + 1, j)]! >= common[at(i, j + 1)]!)) i++;
      else j++;
    }
    if (i > fromOld || j > fromNow) {
      found.push({ removed: [start + fromOld, start + i], added: [start + fromNow, start + j] });
    }
    while (i < height && j < width && same(i, j)) {
      i++;
      j++;
    }
  }
  return found;
}

type Pair = readonly [was: Piece, is: Piece | undefined] | readonly [was: undefined, is: Piece];

/** Which removed statement each added one replaces: one that sets the same name, else the next one. */
function paired(removed: readonly Piece[], added: readonly Piece[], path: string): Pair[] {
  const left = [...removed];
  const nameOf = ({ statement }: Piece) => `${statement.kind} ${String(namesSetBy(statement, path)[0])}`;
  const partner = new Map<Piece, Piece>();
  for (const piece of added) {
    const index = left.findIndex((candidate) => nameOf(candidate) === nameOf(piece));
    if (index >= 0) partner.set(piece, left.splice(index, 1)[0]!);
  }
  const pairs = added.map((piece): Pair => [partner.get(piece) ?? left.shift(), piece] as Pair);
  return [...pairs, ...left.map((piece): Pair => [piece, undefined])];
}

/** The first and last line, in the document, of what is new in a statement. */
function changedLines(was: Piece | undefined, { statement, lines }: Piece): [number, number] {
  const offset = statement.range.start.line;
  const last = lines.length - 1;
  if (!was) return [offset, offset + last];
  let from = 0;
  while (from < last && lines[from] === was.lines[from]) from++;
  let to = last;
  let old = was.lines.length - 1;
  while (to >= from && old >= from && lines[to] === was.lines[old]) {
    to--;
    old--;
  }
  // Where lines were only taken away, what follows them shows it.
  return [offset + from, offset + Math.max(from, to)];
}
