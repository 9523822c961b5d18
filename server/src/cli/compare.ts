/** `sstate-lens compare`: tasks that ought to have the same hash on two sides, and why some have not. */
import { changedVariables } from '../engine/changedVariables.ts';
import { differenceCauses, pairDifferences } from '../engine/differenceCauses.ts';
import { type TaskPair, TaskPairs } from '../engine/taskPairs.ts';
import { nameAt } from '../taskgraph/graph.ts';
import { comparisonReport, type ComparisonReport, reportLines } from './compareReport.ts';
import { openSides, type Side, type SideOptions, type Sides } from './compareSides.ts';
import { CommandError, EXIT, type ExitCode, type Output } from './output.ts';
import { type CommandTasks, hashTasks } from './taskhashes.ts';

export interface CompareOptions extends SideOptions {
  readonly format: 'text' | 'json';
}

export async function compare(
  targets: readonly string[],
  options: CompareOptions,
  output: Output,
): Promise<ExitCode> {
  const sides = await openSides(options, output);
  try {
    const chosen = targets.length > 0 ? targets : ['world'];
    const report = await compareSides(sides, chosen, output);
    if (options.format === 'json') output.result(JSON.stringify(report, undefined, 2));
    else for (const line of reportLines(report, process.cwd())) output.result(line);
    return report.different.length > 0 || report.unknown.length > 0 || !report.complete ? EXIT.no : EXIT.done;
  } finally {
    sides.before.session.workspace.dispose();
    sides.after.session.workspace.dispose();
  }
}

async function compareSides(
  sides: Sides,
  targets: readonly string[],
  output: Output,
): Promise<ComparisonReport> {
  const before = await hashed(sides.before, targets, output);
  const after = await hashed(sides.after, targets, output);
  const pairs = new TaskPairs(before, after);
  const isExpected = sides.expected(pairs);
  const waits = await defaultTask(sides.after);
  const expected = (pair: TaskPair) => nameAt(after.graph, pair.after) !== waits && isExpected(pair);
  const differences = pairDifferences(pairs, expected);
  const workspaces = [sides.before.session.workspace, sides.after.session.workspace] as const;
  const changes = await changedVariables(pairs, differences, workspaces, (done, of) =>
    output.progress(`Compared the variables of ${done} of ${of} recipes`),
  );
  output.progress(undefined);
  const causes = differenceCauses(
    differences,
    (pair) => changes.get(pair)?.map(({ change }) => change) ?? [],
  );
  return comparisonReport({
    sides,
    targets,
    pairs,
    expected,
    differences,
    causes,
    changes,
    complete: !before.incomplete && !after.incomplete,
  });
}

async function hashed(
  { label, session }: Side,
  targets: readonly string[],
  output: Output,
): Promise<CommandTasks> {
  const tasks = await hashTasks(targets, session, {
    ...output,
    note: (line) => output.note(`${label}: ${line}`),
  });
  if (tasks.graph.recipeOf.length === 0)
    throw new CommandError(`${label}: nothing runs for ${targets.join(' ')}: see the messages above`);
  return tasks;
}

/**
 * The task that does nothing but wait for others: what it waits for may differ from machine to machine, and nothing
 * is made of it (as yocto-check-layer has it).
 */
async function defaultTask({ session }: Side): Promise<string> {
  const [plain] = await session.workspace.configurationValues(['BB_DEFAULT_TASK'], []);
  const name = plain?.values['BB_DEFAULT_TASK'] || 'build';
  return name.startsWith('do_') ? name : `do_${name}`;
}
