/**
 * What a SQLite database holds whose newest pages are still in its write-ahead log: one image of all committed pages.
 *
 * Follows SQLite's description of the two files (https://www.sqlite.org/fileformat2.html, sections 1.3 and 4). Bytes
 * in and out; the files are read elsewhere.
 */

const MAGIC = 'SQLite format 3\0';
const DATABASE_HEADER = 100;
const LOG_HEADER = 32;
const FRAME_HEADER = 24;
/** Where the database says in which way it is written and read; 1: by a rollback journal, 2: by a log. */
const JOURNAL_MODES = 18;

/** The files are no database, or not whole. */
export class BrokenDatabase extends Error {
  override readonly name = 'BrokenDatabase';
}

/** Whether commits go to a log beside the database. */
export function usesLog(database: Uint8Array): boolean {
  return database[JOURNAL_MODES] === 2;
}

/**
 * @param database its bytes, which may be taken over; empty: there is nothing in it yet
 * @param log of the file with `-wal` in its name; what is not committed or left from before counts for nothing
 * @returns a database without log
 * @throws BrokenDatabase
 */
export function committedImage(database: Uint8Array, log: Uint8Array | undefined): Uint8Array {
  if (database.length === 0 && (log === undefined || log.length === 0)) return database;
  if (database.length > 0) checkHeader(database);
  const image = log === undefined ? database : withLog(database, log);
  if (image.length === 0) return image;
  checkHeader(image);
  const view = viewOf(image);
  const pages = view.getUint32(28);
  const counted = view.getUint32(24) === view.getUint32(92);
  if (counted && pages * pageSizeOf(view) > image.length)
    throw new BrokenDatabase(
      `it is ${image.length} bytes long and should have ${pages} pages of ${pageSizeOf(view)}`,
    );
  image[JOURNAL_MODES] = 1;
  image[JOURNAL_MODES + 1] = 1;
  return image;
}

function checkHeader(database: Uint8Array): void {
  if (database.length < DATABASE_HEADER) throw new BrokenDatabase(`it is only ${database.length} bytes long`);
  if (Buffer.from(database.subarray(0, MAGIC.length)).toString('latin1') !== MAGIC)
    throw new BrokenDatabase('it is no SQLite database');
}

function pageSizeOf(view: DataView): number {
  const size = view.getUint16(16);
  return size === 1 ? 65536 : size;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The database with the pages of the log's frames, as far as they are whole and committed. */
function withLog(database: Uint8Array, log: Uint8Array): Uint8Array {
  if (log.length < LOG_HEADER) return database;
  const view = viewOf(log);
  const magic = view.getUint32(0);
  if (magic !== 0x377f0682 && magic !== 0x377f0683) return database;
  const littleEndian = magic === 0x377f0682;
  const pageSize = view.getUint32(8);
  const salts = [view.getUint32(16), view.getUint32(20)] as const;
  let sum = checksum([0, 0], view, 0, 24, littleEndian);
  if (sum[0] !== view.getUint32(24) || sum[1] !== view.getUint32(28)) return database;
  if (pageSize < 512 || pageSize > 65536 || (pageSize & (pageSize - 1)) !== 0) return database;
  /** Page number -> where its newest content is in the log: of all commits, and of what is not committed yet. */
  const committed = new Map<number, number>();
  const pending = new Map<number, number>();
  let pages: number | undefined;
  const frame = FRAME_HEADER + pageSize;
  for (let at = LOG_HEADER; at + frame <= log.length; at += frame) {
    if (view.getUint32(at + 8) !== salts[0] || view.getUint32(at + 12) !== salts[1]) break;
    sum = checksum(sum, view, at, 8, littleEndian);
    sum = checksum(sum, view, at + FRAME_HEADER, pageSize, littleEndian);
    if (sum[0] !== view.getUint32(at + 16) || sum[1] !== view.getUint32(at + 20)) break;
    pending.set(view.getUint32(at), at + FRAME_HEADER);
    const pagesAfterCommit = view.getUint32(at + 4);
    if (pagesAfterCommit === 0) continue;
    for (const [page, place] of pending) committed.set(page, place);
    pending.clear();
    pages = pagesAfterCommit;
  }
  if (pages === undefined) return database;
  const image = new Uint8Array(pages * pageSize);
  image.set(database.subarray(0, image.length));
  for (const [page, place] of committed) {
    if (page > 0 && page <= pages) image.set(log.subarray(place, place + pageSize), (page - 1) * pageSize);
  }
  return image;
}

/** SQLite's checksum goes on from one piece to the next. @param length in bytes, a multiple of 8 */
function checksum(
  [first, second]: readonly [number, number],
  view: DataView,
  start: number,
  length: number,
  littleEndian: boolean,
): [number, number] {
  let a = first;
  let b = second;
  for (let at = start; at < start + length; at += 8) {
    a = (a + view.getUint32(at, littleEndian) + b) >>> 0;
    b = (b + view.getUint32(at + 4, littleEndian) + a) >>> 0;
  }
  return [a, b];
}
