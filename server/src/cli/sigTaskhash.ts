/** `sstate-lens sig --hash taskhash`: the taskhash of the tasks that run for targets. */
import { hashText } from '../engine/hashedTasks.ts';
import { nameAt, recipeAt, type TaskGraph } from '../taskgraph/graph.ts';
import { CommandError, EXIT, type ExitCode, type Output } from './output.ts';
import { openSession } from './session.ts';
import type { SigOptions } from './sig.ts';
import { type CommandTasks, hashTasks } from './taskhashes.ts';

export async function sigTaskhash(
  targets: readonly string[],
  options: SigOptions,
  output: Output,
): Promise<ExitCode> {
  if (targets.length === 0) throw new CommandError('name a target: zlib, core-image-minimal, world');
  if (options.all) throw new CommandError('--all is for basehashes: name the target world instead');
  const session = await openSession(options, output);
  try {
    const equivalence = options.offline ? 'local' : 'servers';
    const tasks = await hashTasks(targets, session, output, { equivalence });
    const { graph, hashes } = tasks;
    const chosen = options.closure ? [...graph.recipeOf.keys()] : tasksOfTargets(graph);
    const shown = inOrder(graph, chosen);
    print(shown, tasks, options.format, output);
    if (shown.length === 0) return EXIT.bad;
    const unknown = shown.some((task) => typeof hashes.taskhash(task) !== 'string');
    return unknown || tasks.incomplete ? EXIT.no : EXIT.done;
  } finally {
    await session.close();
  }
}

/** The tasks in the graph of the recipes that were asked for. */
function tasksOfTargets({ recipeOf, targets }: TaskGraph): number[] {
  const wanted = new Set(targets.map((task) => recipeOf[task]!));
  return [...recipeOf.keys()].filter((task) => wanted.has(recipeOf[task]!));
}

/** By recipe, and within a recipe in the order in which they run. */
function inOrder(graph: TaskGraph, tasks: readonly number[]): number[] {
  return [...tasks].sort((a, b) => graph.recipeOf[a]! - graph.recipeOf[b]! || a - b);
}

function print(
  tasks: readonly number[],
  hashed: CommandTasks,
  format: SigOptions['format'],
  output: Output,
): void {
  const { graph, hashes } = hashed;
  const rows = tasks.map((task) => ({
    recipe: recipeAt(graph, task),
    task: nameAt(graph, task),
    hash: hashes.taskhash(task),
    number: task,
  }));
  if (format === 'json') {
    const entries = rows.map(({ recipe, task, hash, number }) => ({
      recipe: recipe.mcfn,
      pn: recipe.pn,
      task,
      basehash: hashed.signature(number)?.basehash,
      taskhash: hash,
      unihash: hashes.unihash(number),
      dependencies: hashes.countedDependencies(number).length,
    }));
    const { unihashes } = hashed;
    const sources = unihashes && { ...unihashes, found: Object.fromEntries(unihashes.found) };
    output.result(JSON.stringify({ tasks: entries, unihashes: sources }, undefined, 2));
    return;
  }
  let last: string | undefined;
  for (const { recipe, task, hash } of rows) {
    if (format === 'tsv') {
      if (typeof hash === 'string') output.result([recipe.mcfn, recipe.pn, task, hash].join('\t'));
      else output.note(`unknown: ${recipe.mcfn}: ${task}: because ${hash.unknown}`);
      continue;
    }
    if (recipe.mcfn !== last) output.result(`${recipe.pn}  ${recipe.mcfn}`);
    last = recipe.mcfn;
    output.result(`  ${task.padEnd(36)} ${hashText(hash)}`);
  }
}
