/** `sstate-lens verify --hash taskhash`: our taskhashes against a table that BitBake's were recorded in. */
import { join } from 'node:path';
import { hashText, runDataOf } from '../engine/hashedTasks.ts';
import { compareSignatures } from '../signature/diff.ts';
import { describeDifference } from '../signature/diffText.ts';
import { parseTaskTable, stampName, type TaskRow } from '../signature/taskTable.ts';
import { nameAt, recipeAt } from '../taskgraph/graph.ts';
import { SignatureFiles } from '../host/signatureFiles.ts';
import { chosenNames } from './comparison.ts';
import { CommandError, EXIT, type ExitCode, type Output } from './output.ts';
import { readRecorded } from './recorded.ts';
import { type BuildOptions, openSession } from './session.ts';
import { type CommandTasks, hashTasks } from './taskhashes.ts';
import type { VerifyOptions } from './verify.ts';

export async function verifyTaskhash(
  against: string,
  root: string,
  options: VerifyOptions,
  build: BuildOptions,
  output: Output,
): Promise<ExitCode> {
  const { targets } = options;
  if (targets === undefined)
    throw new CommandError(
      'name the targets that the table was recorded for: --targets world,core-image-minimal',
    );
  const isChosen = chosenNames(options.only);
  const rows = readRecorded(against, parseTaskTable).filter(
    (row) => (options.includePath || !row.dependsOnPlace) && isChosen(row.pn),
  );
  if (rows.length === 0)
    throw new CommandError(`${against} has no rows${options.only ? ` for ${options.only}` : ''}`);
  const session = await openSession({ buildDir: join(root, 'build'), cache: false, ...build }, output);
  try {
    const tasks = await hashTasks(targets.split(','), session, output);
    const find = taskFinder(tasks);
    const recorded = options.sigdata === undefined ? undefined : new SignatureFiles([options.sigdata]);
    const different = rows.flatMap((row) => {
      const task = find(row);
      const lines = task === undefined ? ['we have no such task'] : differences(row, task, tasks, recorded);
      return lines.length === 0 ? [] : [`${row.pn} ${row.task}: ${lines.join('\n  ')}`];
    });
    output.result(`matched ${rows.length - different.length} of ${rows.length}`);
    for (const text of different) output.result(text);
    return different.length === 0 ? EXIT.done : EXIT.no;
  } finally {
    await session.close();
  }
}

/**
 * By PN (`zlib`, or `mc:musl:zlib`) and task; by the end of the stamp and the task where the table has no PN. Without a
 * multiconfig it is the plain one's, where that has it.
 */
function taskFinder({ graph }: CommandTasks): (row: TaskRow) => number | undefined {
  const byName = new Map<string, number>();
  for (const task of graph.recipeOf.keys()) {
    const { pn, stamp, multiconfig } = recipeAt(graph, task);
    const name = nameAt(graph, task);
    for (const recipe of [pn, stamp.slice(stamp.lastIndexOf('/'))]) {
      if (multiconfig !== '') byName.set(`mc:${multiconfig}:${recipe}\t${name}`, task);
      if (multiconfig === '' || !byName.has(`${recipe}\t${name}`)) byName.set(`${recipe}\t${name}`, task);
    }
  }
  return (row) => {
    const stamp = stampName(row);
    return byName.get(`${stamp === undefined ? row.pn : `/${stamp}`}\t${row.task}`);
  };
}

/** What is not the same, in lines; none: everything is. */
function differences(
  row: TaskRow,
  task: number,
  tasks: CommandTasks,
  recorded: SignatureFiles | undefined,
): string[] {
  const taskhash = tasks.hashes.taskhash(task);
  const count = tasks.hashes.countedDependencies(task).length;
  const basehash = tasks.signature(task)?.basehash;
  if (taskhash === row.taskhash && count === row.dependencies && basehash === row.basehash) return [];
  const lines = [`theirs ${row.taskhash}, ours ${hashText(taskhash)}`];
  if (basehash !== row.basehash)
    lines.push(
      `basehash: theirs ${row.basehash}, ours ${basehash === undefined ? 'none' : hashText(basehash)}`,
    );
  if (count !== row.dependencies) lines.push(`task dependencies: theirs ${row.dependencies}, ours ${count}`);
  const theirs = recorded?.find(row.taskhash);
  if (!theirs) return lines;
  const ours = { ...theirs, run: runDataOf(tasks, task) };
  return [...lines, ...compareSignatures(theirs, ours).flatMap(describeDifference)];
}
