/**
 * `sstate-lens sstate`: which objects are there for targets, and what BitBake would do with them.
 */
import { ObjectNames } from '../engine/objectNames.ts';
import { type PlannedRun, planRun, setsceneConfiguration } from '../engine/sstatePlan.ts';
import { TaskObjects } from '../engine/taskObjects.ts';
import { HostFiles } from '../host/files.ts';
import { HostStampFiles } from '../host/stampFiles.ts';
import type { PlanOptions } from '../sstate/plan.ts';
import { matchPercentage, summaryLines } from '../sstate/summary.ts';
import { lacksObject } from '../sstate/verdicts.ts';
import { CommandError, EXIT, type ExitCode, type Output } from './output.ts';
import { type BuildOptions, openSession, type Session } from './session.ts';
import { planJson, type PrintedPlan } from './sstateJson.ts';
import { listLines, planLines } from './sstateText.ts';
import { type CommandTasks, hashTasks } from './taskhashes.ts';
import { whyMissing } from './whyMissing.ts';
import { openObjects } from './objects.ts';

/** After how many objects progress is told. */
const PROGRESS = 50;

export interface SstateOptions extends BuildOptions {
  readonly list?: boolean;
  readonly missing?: boolean;
  readonly whyMissing?: boolean;
  /** False with `--no-setscene`. */
  readonly setscene: boolean;
  readonly skipSetscene?: boolean;
  readonly setsceneOnly?: boolean;
  /** As `bitbake -n` would do: nothing that runs leaves a stamp or an object. */
  readonly dryRun?: boolean;
  /** Percent. */
  readonly require?: string;
  readonly offline?: boolean;
  readonly format: 'text' | 'json';
}

export async function sstate(
  targets: readonly string[],
  options: SstateOptions,
  output: Output,
): Promise<ExitCode> {
  const required = requiredPercentage(options.require);
  if (options.whyMissing && targets.length !== 1)
    throw new CommandError(
      '--why-missing is about one task: sstate-lens sstate zlib:do_package --why-missing',
    );
  const session = await openSession(options, output);
  try {
    if (options.whyMissing) return await whyMissing(targets[0]!, options, session, output);
    const equivalence = options.offline ? 'local' : 'servers';
    const tasks = await hashTasks(targets, session, output, { equivalence });
    const { printed, failed } = await plannedTargets(targets, tasks, options, session, output);
    print(printed, options, output);
    if (tasks.graph.recipeOf.length === 0) return EXIT.bad;
    if (failed) return EXIT.bad;
    return isEnough(printed.run, required, output) && !tasks.incomplete ? EXIT.done : EXIT.no;
  } finally {
    await session.close();
  }
}

interface Planned {
  readonly printed: PrintedPlan;
  /** Whether BitBake would stop at something before any task. */
  readonly failed: boolean;
}

async function plannedTargets(
  targets: readonly string[],
  { graph, hashes, handler }: CommandTasks,
  options: SstateOptions,
  session: Session,
  output: Output,
): Promise<Planned> {
  const { workspace, summary, build } = session;
  const files = new HostFiles(build.roots);
  const configuration = await setsceneConfiguration(workspace, summary, files);
  const open = await openObjects(session, files, options.offline === true);
  const objects = new TaskObjects(graph, hashes, new ObjectNames(workspace), open.availability);
  const planOptions: PlanOptions = {
    ...(!options.setscene && { noSetscene: true }),
    ...(options.skipSetscene && { skipSetscene: true }),
    ...(options.setsceneOnly && { setsceneOnly: true }),
    ...(options.dryRun && { dryRun: true }),
  };
  try {
    const run = await planRun(
      targets,
      graph,
      hashes,
      {
        workspace,
        configuration,
        handler,
        stamps: new HostStampFiles(),
        judge(tasks, signal) {
          let done = 0;
          const onVerdict = () => {
            if (++done % PROGRESS === 0) output.progress(`Looked for ${done} of ${tasks.length} objects`);
          };
          return objects.judge(tasks, { signal, onVerdict });
        },
        sameObject: (task, other) => objects.areSame(task, other),
      },
      planOptions,
      session.signal,
    );
    output.progress(undefined);
    for (const { severity, message } of run.problems) output.note(`${severity}: ${message}`);
    const objectOf = (task: number) => objects.pathOf(task);
    return {
      printed: { targets, options: planOptions, graph, hashes, run, objectOf },
      failed: run.problems.some(({ code }) => code === 'hard-dependency'),
    };
  } finally {
    await open.close();
  }
}

function print(printed: PrintedPlan, { format, list, missing }: SstateOptions, output: Output): void {
  const { targets, graph, run, objectOf } = printed;
  if (format === 'json') {
    output.result(JSON.stringify(planJson(printed), undefined, 1));
    return;
  }
  const { plan, hasSummary } = run;
  if (list || missing) {
    const shown = missing ? plan.tasks.filter(lacksObject) : plan.tasks;
    for (const line of listLines(graph, shown, objectOf)) output.result(line);
    return;
  }
  if (hasSummary) for (const line of summaryLines(plan)) output.result(line);
  else output.note('BB_HASHCHECK_FUNCTION is not set: BitBake looks for no objects and prints no summary');
  for (const line of planLines(targets, graph, plan)) output.result(line);
}

/** Whether as much is there as `--require` wants; BitBake's match, and enough where nothing is wanted. */
function isEnough({ plan }: PlannedRun, required: number | undefined, output: Output): boolean {
  if (required === undefined) return true;
  const { wanted } = plan.summary;
  const match = matchPercentage(plan.summary);
  if (wanted === 0 || match >= required) return true;
  const best = matchPercentage(plan.summaryAtBest);
  const range = best > match ? ` (${best}% if all that is unknown is there)` : '';
  output.note(`${match}% of the wanted objects are there${range}, and --require asks for ${required}%`);
  return false;
}

function requiredPercentage(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text.replace(/%$/, ''));
  if (text.trim() === '' || !(number >= 0 && number <= 100))
    throw new CommandError(`--require ${text}: give a percentage from 0 to 100`);
  return number;
}
