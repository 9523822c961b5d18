/**
 * A request of our own about sstate objects, for clients that know it. It evaluates all recipes first where that has not
 * been done, and shows progress that can be cancelled.
 *
 * - `sstateLens/sstate`: `{ textDocument, servers?, seconds? }` or `{ targets, servers?, seconds? }` to
 *   `{ targets, summary, tasks, problems }`: what the next build of the document's recipe, or of targets as BitBake is
 *   given them, would do. `summary` has BitBake's own line, and a second one where objects are unknown, as it would be
 *   were they all there. `tasks` are those of the recipe, or all that the targets need, each
 *   `{ task, verdict, outcome, taskhash?, unihash?, equivalent?, object?, mirror?, uri?, reason? }`: `task` as
 *   `zlib:do_package`; `verdict` and `outcome` as in `sstate-lens sstate --format json`; `equivalent` where the object
 *   is that of another taskhash; `object` its path in SSTATE_DIR, there or not; `reason` why it is unknown. `problems`
 *   are sentences such as `error: …`
 *
 * Without `servers: true` nothing goes over the network: objects are looked for in SSTATE_DIR and in mirrors that are
 * directories, unihashes in files. It fails after `seconds` (120, and no more) with what to do.
 */
import { summaryLines } from '../sstate/summary.ts';
import type { PlannedTask } from '../sstate/plan.ts';
import { isEquivalent, unknownReason, verdictOf } from '../sstate/verdicts.ts';
import { plainVariant, targetOf } from '../ide/view.ts';
import type { Foresight } from './foresight.ts';
import { documentOf, graphOf, nameOf, refused } from './graphRequests.ts';
import type { Session } from './session.ts';

export const SSTATE = 'sstateLens/sstate';

/** In seconds; a server that does not answer is given up sooner. */
const MOST_SECONDS = 120;

/** How the looking is told of. */
export interface Looking {
  report(done: number, total: number): void;
  end(): void;
  /** Aborted when the user has had enough. */
  readonly signal: AbortSignal;
}

interface Asked {
  readonly targets: readonly string[];
  /** The recipe file whose tasks are told; undefined: all tasks. */
  readonly recipe: string | undefined;
}

/** @param begin is called once all recipes are known */
export async function sstateAnswer(
  params: unknown,
  session: Session,
  begin: () => Promise<Looking>,
): Promise<object> {
  const { servers, seconds } = (params ?? {}) as { servers?: unknown; seconds?: unknown };
  const live = await graphOf(session);
  const { targets, recipe } = await askedTargets(params, session);
  const folded = live.graph;
  if (!folded) throw refused('no task graph could be made: the reason is in the log');
  const limit = typeof seconds === 'number' && seconds > 0 ? Math.min(seconds, MOST_SECONDS) : MOST_SECONDS;
  const looking = await begin();
  const late = AbortSignal.timeout(limit * 1000);
  const signal = AbortSignal.any([looking.signal, late]);
  try {
    const report = (done: number, total: number) => looking.report(done, total);
    const options = { servers: servers === true, signal, report };
    const found = await unlessAborted(live.objects.look(targets, folded, options), signal);
    await unlessAborted(live.lookBefore(options), signal);
    return answer(targets, recipe, found, (mcfn) => live.fileOf(mcfn));
  } catch (error) {
    if (late.aborted) throw refused(tooLate(targets, limit, servers === true));
    throw refused(`the objects of ${targets.join(' ')} were not looked for: ${(error as Error).message}`);
  } finally {
    looking.end();
  }
}

async function askedTargets(params: unknown, session: Session): Promise<Asked> {
  const { targets } = (params ?? {}) as { targets?: unknown };
  if (targets === undefined) {
    const { view } = await documentOf(params, session);
    const variant = plainVariant(view.current);
    if (!variant) throw refused('no recipe could be evaluated for this file');
    return { targets: [targetOf(variant) ?? variant.pn], recipe: view.recipe };
  }
  const isTarget = (target: unknown): target is string => typeof target === 'string' && target !== '';
  if (!Array.isArray(targets) || targets.length === 0 || !targets.every(isTarget))
    throw refused('targets: give a list of names such as zlib or zlib:do_package');
  return { targets, recipe: undefined };
}

/** What `work` comes to; whatever of it does not heed the signal is left behind. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function tooLate(targets: readonly string[], limit: number, servers: boolean): string {
  const [where, advice] = servers
    ? [
        'servers',
        'look in local directories only, or see whether what SSTATE_MIRRORS and BB_HASHSERVE name answers',
      ]
    : ['directories', 'see whether SSTATE_DIR and the directories of SSTATE_MIRRORS answer'];
  return `the objects of ${targets.join(' ')} could not be looked for within ${limit} s, as ${where} are too slow: ${advice}`;
}

function answer(
  targets: readonly string[],
  recipe: string | undefined,
  found: Foresight,
  fileOf: (mcfn: string) => string,
): object {
  const { graph, run } = found;
  const { plan, hasSummary } = run;
  const isAsked = ({ task }: PlannedTask) =>
    recipe === undefined || fileOf(graph.recipes[graph.recipeOf[task]!]!.mcfn) === recipe;
  const tasks = plan.tasks.filter(isAsked);
  const problems = [...found.problems];
  if (!hasSummary)
    problems.push(
      'warning: BB_HASHCHECK_FUNCTION is not set: BitBake looks for no objects and prints no summary',
    );
  if (tasks.length === 0 && recipe !== undefined)
    problems.push(`warning: a build of ${targets.join(' ')} does not use ${recipe}`);
  return {
    targets,
    summary: hasSummary ? summaryLines(plan) : [],
    tasks: tasks.map((task) => taskAnswer(task, found)),
    problems: problems.map((problem) => problem.replaceAll(/\s*\n\s*/g, ' ')),
  };
}

function taskAnswer(planned: PlannedTask, { graph, hashes, objectOf }: Foresight): object {
  const { task, presence, outcome } = planned;
  const [taskhash, unihash] = [hashes.taskhash(task), hashes.unihash(task)];
  const object = planned.scene === undefined ? undefined : objectOf(task);
  const reason = unknownReason(planned);
  return {
    task: nameOf(graph, task),
    verdict: verdictOf(planned),
    outcome: typeof outcome === 'object' ? 'unknown' : (outcome ?? 'left'),
    ...(typeof taskhash === 'string' && { taskhash }),
    ...(typeof unihash === 'string' && { unihash }),
    ...(isEquivalent(planned, hashes) && { equivalent: true }),
    ...(object !== undefined && { object }),
    ...(presence?.kind === 'mirror' && { mirror: presence.mirror, uri: presence.uri }),
    ...(reason !== undefined && { reason }),
  };
}
