/** The basehashes that real BitBake computed for the sample workspace. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const TABLE = join(import.meta.dirname, '../data/samples/workspace.tsv');

/** `PN:task` -> basehash. */
export const SAMPLE_HASHES: ReadonlyMap<string, string> = new Map(
  readFileSync(TABLE, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([, pn, task, hash]) => [`${pn}:${task}`, hash!]),
);

export function sampleHash(pn: string, task: string): string {
  const hash = SAMPLE_HASHES.get(`${pn}:${task}`);
  if (hash === undefined) throw new Error(`the table has no ${pn}:${task}`);
  return hash;
}

/** As lenses show it. */
export function short(pn: string, task: string): string {
  return sampleHash(pn, task).slice(0, 8);
}
