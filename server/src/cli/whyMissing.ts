/**
 * `sstate-lens sstate TASK --why-missing`: the objects of a task that do exist under other hashes, and what makes its
 * hash another than that of the nearest, down to the variable and its line.
 */
import { hashText } from '../engine/hashedTasks.ts';
import { ObjectNames } from '../engine/objectNames.ts';
import { OwnSignatures } from '../engine/ownSignatures.ts';
import { HostFiles } from '../host/files.ts';
import { whyMissing as stateOf } from '../host/missingObject.ts';
import { signatureName } from '../taskgraph/graph.ts';
import { reportDifference } from './explain.ts';
import { openObjects } from './objects.ts';
import { CommandError, EXIT, type ExitCode, type Output } from './output.ts';
import { evaluating, type Session } from './session.ts';
import { hashTasks } from './taskhashes.ts';

export interface WhyMissingOptions {
  readonly offline?: boolean;
  readonly format: 'text' | 'json';
}

/** @param target `zlib:do_package` */
export async function whyMissing(
  target: string,
  options: WhyMissingOptions,
  session: Session,
  output: Output,
): Promise<ExitCode> {
  const servers = options.offline !== true;
  const tasks = await hashTasks([target], session, output, { equivalence: servers ? 'servers' : 'local' });
  const { graph, hashes } = tasks;
  const [task] = graph.targets;
  if (task === undefined) return EXIT.bad;
  const name = signatureName(graph, task);
  const open = await openObjects(session, new HostFiles(session.build.roots), !servers);
  try {
    const state = await stateOf({
      tasks,
      task,
      own: new OwnSignatures(tasks, task, evaluating(session, output)),
      names: new ObjectNames(session.workspace),
      objects: open,
      servers,
      told: output,
      signal: session.signal,
    });
    if (!state) {
      throw new CommandError(
        `${name} has no setscene task, and so no object of its own: name one that has, as in zlib:do_package`,
      );
    }
    if (state.kind === 'unknown') {
      const hash = hashes.unihash(task);
      if (typeof hash !== 'string') throw new CommandError(`the hash of ${name} is ${hashText(hash)}`);
      throw new CommandError(`whether the object of ${name} is there is unknown, because ${state.reason}`);
    }
    if (state.kind === 'there') {
      output.result(`${name}: its object is there: ${state.place}`);
      return EXIT.done;
    }
    const { path, others, nearest } = state;
    const text = options.format === 'text';
    if (text) {
      output.result(`${name}: its object is not there`);
      output.result(`looked for     ${path}`);
    }
    if (typeof nearest === 'string') {
      output.result(nearest);
      return EXIT.no;
    }
    if (text) {
      output.result(`nearest of ${String(others).padEnd(4)}${nearest.place}`);
      output.result('what differs, from it to the wanted one:');
    }
    await reportDifference(name, nearest.explained, options, output, session);
    return EXIT.no;
  } finally {
    await open.close();
  }
}
