/** `sstate-lens impact`: what a change of layers does to hashes, from git's objects. */
import { review } from '../ide/review.ts';
import { cacheDirectory } from '../host/diskCache.ts';
import { withMachine } from '../metadata/environment.ts';
import type { BuildDirectory } from '../host/buildDirectory.ts';
import { openSide } from '../host/reviewSides.ts';
import type { States } from '../host/reviewStates.ts';
import { canonicalPath } from '../host/sources.ts';
import type { Revision } from '../inputs/ports.ts';
import { objectPresences } from './impactCost.ts';
import { htmlReport } from './impactHtml.ts';
import { markdownReport } from './impactMarkdown.ts';
import {
  type ImpactReport,
  impactReport,
  placing,
  type ReportedResult,
  reportedResult,
} from './impactReport.ts';
import { sarifReport } from './impactSarif.ts';
import { type NamedStates, statesFor } from './reviewStates.ts';
import { textLines } from './impactText.ts';
import { CommandError, EXIT, type ExitCode, type Output } from './output.ts';
import { type BuildOptions, describeProblem, locateBuild } from './session.ts';

export interface ImpactOptions extends BuildOptions, NamedStates {
  readonly target?: readonly string[];
  readonly machine?: readonly string[];
  readonly format: 'text' | 'markdown' | 'json' | 'sarif' | 'html';
  /** Whether mirrors on servers are asked for objects. */
  readonly mirrors?: boolean;
  /** The answer is "no" where more taskhashes change than this. */
  readonly failOver?: string;
  /** `basehash-of=PN,…`. */
  readonly failOn?: readonly string[];
}

/** Everything that can be built: what an image or an SDK of any kind takes in is among it. */
const USUAL_TARGETS = ['universe'];

export async function impact(options: ImpactOptions, output: Output): Promise<ExitCode> {
  const limits = limitsOf(options);
  if (options.patch !== undefined && options.head)
    throw new CommandError('--patch is applied to the base and makes the head: leave out --head');
  const build = locateBuild(options);
  output.progress('Asking git what differs…');
  const states = await statesFor(build, options);
  output.progress(undefined);
  const results: ReportedResult[] = [];
  for (const machine of options.machine ?? [undefined])
    results.push(await resultFor(machine, build, states, options, output));
  const report = impactReport(states.repositories, results);
  print(report, options.format, output);
  return verdict(report, limits, output);
}

async function resultFor(
  machine: string | undefined,
  build: BuildDirectory,
  states: States,
  options: ImpactOptions,
  output: Output,
): Promise<ReportedResult> {
  const environment = withMachine(process.env, machine);
  const side = (state: Revision) =>
    openSide(build, state, {
      environment,
      cacheDirectory: options.cache === false ? undefined : cacheDirectory(process.env),
      onTrouble: output.note,
    });
  const [base, head] = [side(states.base), side(states.head)];
  const targets = options.target ?? USUAL_TARGETS;
  const spellings = new Map<string, string>();
  const spelled = (path: string): string => {
    let known = spellings.get(path);
    if (known === undefined) spellings.set(path, (known = canonicalPath(path)));
    return known;
  };
  const place = placing(states.repositories);
  const placeOf = (path: string) => place(spelled(path));
  try {
    const found = await review(base, head, {
      targets,
      changed: states.changed,
      spelled,
      progress: output.progress,
      presence: (graph, tasks) => objectPresences(base, graph, tasks, options.mirrors === true, output),
      lost: (side, path, reason) => output.note(`${path}: error: in the ${side} state: ${reason}`),
    });
    output.progress(undefined);
    for (const problem of found.head.problems)
      if (problem.severity === 'error') output.note(describeProblem(problem));
    if (machine !== undefined && found.head.machine !== machine) {
      throw new CommandError(
        `--machine ${machine} has no effect: conf/local.conf sets MACHINE with =, which an environment cannot change; use MACHINE ?= there`,
      );
    }
    return reportedResult(found, targets, placeOf);
  } finally {
    output.progress(undefined);
    await base.close();
    await head.close();
  }
}

function print(report: ImpactReport, format: ImpactOptions['format'], output: Output): void {
  switch (format) {
    case 'text':
      for (const line of textLines(report)) output.result(line);
      return;
    case 'json':
      output.result(JSON.stringify(report, undefined, 2));
      return;
    case 'markdown':
      output.result(markdownReport(report));
      return;
    case 'sarif':
      output.result(JSON.stringify(sarifReport(report), undefined, 2));
      return;
    case 'html':
      output.result(htmlReport(report));
  }
}

/** What makes the answer "no". */
interface Limits {
  readonly taskhashes: number | undefined;
  /** PNs whose basehashes must stay. */
  readonly basehashes: ReadonlySet<string>;
}

function limitsOf({ failOver, failOn = [] }: ImpactOptions): Limits {
  if (failOver !== undefined && !/^\d+$/.test(failOver))
    throw new CommandError(`--fail-over ${failOver} is no number of taskhashes`);
  const names = failOn.flatMap((condition) => {
    const list = /^basehash-of=(.+)$/.exec(condition)?.[1];
    if (list === undefined)
      throw new CommandError(
        `--fail-on ${condition} is not known: it is basehash-of=PN,… that can be asked for`,
      );
    return list.split(',');
  });
  return { taskhashes: failOver === undefined ? undefined : Number(failOver), basehashes: new Set(names) };
}

function verdict({ results }: ImpactReport, limits: Limits, output: Output): ExitCode {
  let code: ExitCode = EXIT.done;
  for (const { machine, complete, taskhashes, recipes } of results) {
    const where = machine === null ? '' : ` for ${machine}`;
    const { changed } = taskhashes;
    if (limits.taskhashes !== undefined && changed > limits.taskhashes) {
      output.note(`${changed} taskhashes change${where}, and --fail-over allows ${limits.taskhashes}`);
      code = EXIT.no;
    }
    const touched = recipes.filter(
      ({ recipe, basehashes }) =>
        basehashes.length > 0 && limits.basehashes.has(recipe.replace(/^mc:[^:]*:/, '')),
    );
    for (const { recipe, basehashes } of touched) {
      const tasks = basehashes.map(({ task }) => task).join(', ');
      output.note(`the basehash of ${recipe}:${tasks} changes${where}, which --fail-on does not allow`);
      code = EXIT.no;
    }
    if (!complete) {
      output.note(`not every recipe could be evaluated${where}: see the messages above`);
      code = EXIT.no;
    }
  }
  return code;
}
