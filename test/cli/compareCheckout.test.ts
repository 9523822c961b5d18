/**
 * `compare` over OE-Core: the tasks that it finds to differ are those that real BitBake hashed differently.
 *
 * SSTATE_LENS_OE_CORE names a checkout with a build directory `build`, and
 * - SSTATE_LENS_TASK_TABLE the table of taskhashes of world, core-image-minimal, core-image-sato and meta-toolchain whose
 *   rows are marked `path` where another place changed the hash;
 * - SSTATE_LENS_MACHINE_TABLES a directory with what `record_tasks.py` wrote of world for two machines, `A.tsv` and
 *   `B.tsv`, and SSTATE_LENS_MACHINE_BUILD the build directory that they were recorded in.
 * What is not named is skipped.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ComparisonReport } from '../../server/src/cli/compareReport.ts';
import { readRecording } from '../../server/src/host/recordings.ts';
import { bundledCommand } from '../lsp/command.ts';

const CHECKOUT = process.env['SSTATE_LENS_OE_CORE'];
const TABLE = process.env['SSTATE_LENS_TASK_TABLE'];
const MACHINE_TABLES = process.env['SSTATE_LENS_MACHINE_TABLES'];
const MACHINE_BUILD = process.env['SSTATE_LENS_MACHINE_BUILD'];

async function compare(...args: string[]): Promise<ComparisonReport> {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [await bundledCommand(), 'compare', ...args, '--format', 'json'],
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as ComparisonReport;
}

const rowsOf = (file: string) =>
  readRecording(file)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));

describe.skipIf(!CHECKOUT || !TABLE)('another place', { timeout: 3_600_000 }, () => {
  it('changes the hashes that BitBake changes', async () => {
    const rows = rowsOf(TABLE!).filter((row) => row.at(-1) === 'path' && row[1] !== 'do_build');
    const targets = ['world', 'core-image-minimal', 'core-image-sato', 'meta-toolchain'];
    const report = await compare('--build-dir', join(CHECKOUT!, 'build'), '--another-place', ...targets);
    expect(rows.length).toBeGreaterThan(0);
    expect(report.different.map(({ task }) => task).sort()).toEqual(
      rows.map(([pn, task]) => `${pn!}:${task!}`).sort(),
    );
    expect(report.unknown).toEqual([]);
  });
});

describe.skipIf(!MACHINE_TABLES || !MACHINE_BUILD)('another machine', { timeout: 3_600_000 }, () => {
  it('changes the hashes of shared recipes that BitBake changes', async () => {
    const names = readdirSync(MACHINE_TABLES!)
      .filter((name) => name.endsWith('.tsv'))
      .map((name) => name.slice(0, -'.tsv'.length))
      .sort();
    expect(names).toHaveLength(2);
    const [a, b] = names.map(
      (name) =>
        new Map(
          rowsOf(join(MACHINE_TABLES!, `${name}.tsv`)).map(([pn, task, , hash, arch]) => [
            `${pn!}:${task!}`,
            { hash, arch },
          ]),
        ),
    ) as [Map<string, { hash: string; arch: string }>, Map<string, { hash: string; arch: string }>];
    const expected = [...a].filter(([task, { hash, arch }]) => {
      const other = b.get(task);
      return other?.arch === arch && other.hash !== hash && !task.endsWith(':do_build');
    });
    const machines = names.flatMap((name) => ['--machine', name]);
    const report = await compare('--build-dir', MACHINE_BUILD!, ...machines);
    expect(report.different.map(({ task, before, after }) => [task, before, after]).sort()).toEqual(
      expected.map(([task, { hash }]) => [task, hash, b.get(task)!.hash]).sort(),
    );
  });
});
