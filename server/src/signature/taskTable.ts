/**
 * Tables of recorded taskhashes: tab-separated rows of PN, task, basehash, taskhash, number of task dependencies, and
 * perhaps a flag; `path` marks hashes that depend on where the layers lie.
 */
import type { BitBakeHash } from './signatures.ts';

export interface TaskRow {
  /** Where a recipe shares its work directory, not its PN but what its signature data is called. */
  readonly pn: string;
  readonly task: string;
  readonly basehash: BitBakeHash;
  readonly taskhash: BitBakeHash;
  readonly dependencies: number;
  readonly dependsOnPlace: boolean;
}

/** @throws Error naming the line that is no row */
export function parseTaskTable(text: string): TaskRow[] {
  const rows: TaskRow[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const [pn = '', task = '', basehash = '', taskhash = '', count = '', flag] = line.split('\t');
    if (!isHash(basehash) || !isHash(taskhash) || !/^\d+$/.test(count)) {
      throw new Error(
        `line ${index + 1} is no row of PN, task, basehash, taskhash and number of dependencies, separated by tabs`,
      );
    }
    const dependencies = Number(count);
    rows.push({ pn, task, basehash, taskhash, dependencies, dependsOnPlace: flag === 'path' });
  }
  return rows;
}

function isHash(text: string): text is BitBakeHash {
  return /^[0-9a-f]{64}$/.test(text);
}

const STAMP_NAME = /^(.*)\.do_\w+\.sigdata\.[0-9a-f]{64}$/;

/**
 * The last part of the stamps that the row's file lies beside, where the row has it in place of a PN: several recipes
 * may share a work directory, and their signature data is named after it (`gcc-15.2.0-r0` of gcc-source-15.2.0).
 */
export function stampName({ pn }: TaskRow): string | undefined {
  return STAMP_NAME.exec(pn)?.[1];
}
