/**
 * `sstate-lens explain`: what goes into a hash, and why it is another than one that BitBake recorded.
 */
import { hashText } from '../engine/hashedTasks.ts';
import { join, resolve } from 'node:path';
import { comparable, OwnSignatures } from '../engine/ownSignatures.ts';
import { placeInEvaluation, Places } from './places.ts';
import type { RecipeEvaluation } from '../engine/results.ts';
import { explainDifference, type ExplainedTask, type FindSignatures } from '../signature/diff.ts';
import { describeDifference, dumpSignature } from '../signature/diffText.ts';
import { explanationLines, hashTree, rootCauses } from '../signature/explanation.ts';
import { ownSignature } from '../signature/own.ts';
import type { SignatureData } from '../signature/sigdata.ts';
import type { VariantSignatures } from '../signature/signatures.ts';
import {
  isFile,
  readSignatureFile,
  SignatureFiles,
  signatureOfName,
  surroundings,
} from '../host/signatureFiles.ts';
import { CommandError, EXIT, type ExitCode, type Output } from './output.ts';
import {
  type BuildOptions,
  describeProblem,
  evaluating,
  locateBuild,
  openSession,
  type Session,
} from './session.ts';
import { evaluateTarget, namedTarget } from './sig.ts';
import { hashTasks } from './taskhashes.ts';
import { targetOf } from '../ide/view.ts';
import { findTask } from '../taskgraph/graph.ts';

export interface ExplainOptions extends BuildOptions {
  readonly hash: 'basehash' | 'taskhash';
  readonly against?: string;
  readonly sigdata?: readonly string[];
  readonly format: 'text' | 'json';
}

/** @param what a recipe and a task, or one or two files of signature data */
export async function explain(
  what: readonly string[],
  options: ExplainOptions,
  output: Output,
): Promise<ExitCode> {
  const [first = '', second] = what;
  if (isFile(first)) {
    if (options.against !== undefined && second !== undefined)
      throw new CommandError('name the file to compare with once: as the second file or with --against');
    const other = second ?? options.against;
    if (other === undefined) return dump(first, options, output);
    return explainFiles(first, other, options, output);
  }
  if (second === undefined)
    throw new CommandError(
      'name a recipe and a task (sstate-lens explain zlib do_compile), or files of signature data',
    );
  const task = second.startsWith('do_') ? second : `do_${second}`;
  const session = await openSession(options, output);
  try {
    const found = await evaluatedTask(first, task, session, output);
    const run =
      options.hash === 'taskhash' ? await ownSignatures(found.variant, task, session, output) : undefined;
    return options.against === undefined
      ? explainTask(task, found, run, options, output)
      : await explainAgainst(options.against, task, found, run, session, options, output);
  } finally {
    await session.close();
  }
}

function dump(file: string, { format }: ExplainOptions, output: Output): ExitCode {
  const data = readFile(file);
  if (format === 'json') output.result(JSON.stringify(plain(data), undefined, 2));
  else for (const line of dumpSignature(data)) output.result(line);
  return EXIT.done;
}

/** @returns `no` where they differ */
async function explainFiles(
  before: string,
  after: string,
  options: ExplainOptions,
  output: Output,
): Promise<ExitCode> {
  const files = signatureFiles([before, after], options);
  const explained = explainDifference(readFile(before), readFile(after), findIn(files));
  const named = signatureOfName(resolve(after));
  const task = named ? `${named.pn ?? ''}:${named.task}` : '';
  return reportDifference(task, explained, options, output, await optionalSession(options, output));
}

/** The build directory is only needed to say where values come from. */
async function optionalSession(options: ExplainOptions, output: Output): Promise<Session | undefined> {
  if (options.format === 'json') return undefined;
  try {
    locateBuild(options);
  } catch (error) {
    if (options.buildDir !== undefined) throw error;
    return undefined;
  }
  return openSession(options, output, 1);
}

/** Says what differs, with its places; ends the session. @returns `no` where anything does */
export async function reportDifference(
  task: string,
  explained: ExplainedTask,
  { format }: Pick<ExplainOptions, 'format'>,
  output: Output,
  session: Session | undefined,
): Promise<ExitCode> {
  try {
    if (format === 'json') {
      output.result(JSON.stringify(plain({ task, ...explained }), undefined, 2));
    } else if (explained.differences.length === 0) {
      output.result('nothing differs');
    } else {
      const places = await Places.of(task, explained, session, output);
      for (const line of explanationLines(task, explained, places.of)) output.result(line);
      const roots = rootCauses(task, explained).filter((root) => root.task !== task);
      if (roots.length > 0) output.result('');
      for (const root of roots)
        output.result(
          `root cause: ${root.task}: ${root.own.map((own) => describeDifference(own)[0]!.replace(/:$/, '')).join('; ')}`,
        );
    }
    return explained.differences.length === 0 ? EXIT.done : EXIT.no;
  } finally {
    await session?.close();
  }
}

interface EvaluatedTask {
  readonly evaluation: RecipeEvaluation;
  readonly variant: VariantSignatures;
}

async function evaluatedTask(
  target: string,
  task: string,
  session: Session,
  output: Output,
): Promise<EvaluatedTask> {
  const evaluation = await evaluateTarget(target, session, output);
  if (!evaluation)
    throw new CommandError(`no recipe provides ${target}: sstate-lens sig --all lists what there is`);
  for (const problem of evaluation.problems)
    if (problem.severity === 'error') output.note(describeProblem(problem));
  const { variants } = evaluation;
  const { name, includes } = namedTarget(target);
  const meant = variants.filter(includes);
  const variant = meant.find(({ pn, mcfn }) => pn === name || mcfn === target) ?? meant[0];
  if (!variant) throw new CommandError(`${evaluation.path} cannot be evaluated`);
  if (variant.skipped !== undefined) throw new CommandError(`${target} is skipped: ${variant.skipped}`);
  if (!variant.tasks.some((known) => known.task === task)) {
    const names = variant.tasks.map((known) => known.task).filter((name) => !name.endsWith('_setscene'));
    throw new CommandError(`${target} has no task ${task}; it has ${names.join(' ')}`);
  }
  return { evaluation, variant };
}

function explainTask(
  task: string,
  { evaluation, variant }: EvaluatedTask,
  run: OwnSignatures | undefined,
  { format }: ExplainOptions,
  output: Output,
): ExitCode {
  const { basehash } = variant.tasks.find((known) => known.task === task)!;
  const taskhash = run?.taskhash;
  if (format === 'json') {
    const signature = { ...ownSignature(task, variant, run?.runData), basehash };
    output.result(JSON.stringify(plain({ ...signature, ...(run && { taskhash }) }), undefined, 2));
  } else {
    output.result(`${variant.pn}:${task}`);
    output.result(`basehash ${hashText(basehash)}`);
    const placeOf = (variable: string) => placeInEvaluation(evaluation, variable);
    for (const line of hashTree(task, variant.nodes, placeOf)) output.result(`  ${line}`);
    if (run && taskhash !== undefined) {
      output.result(`taskhash ${hashText(taskhash)}`);
      for (const [name, hash] of run.runData.hashes) output.result(`  task ${name} ${hash}`);
      for (const [name, checksum] of run.runData.files) output.result(`  file ${name} ${checksum ?? ''}`);
    }
  }
  return typeof (taskhash ?? basehash) === 'string' ? EXIT.done : EXIT.no;
}

async function explainAgainst(
  file: string,
  task: string,
  { evaluation, variant }: EvaluatedTask,
  run: OwnSignatures | undefined,
  session: Session,
  options: ExplainOptions,
  output: Output,
): Promise<ExitCode> {
  const theirs = readFile(file);
  if (theirs.task !== task) throw new CommandError(`${file} is of ${theirs.task}, not of ${task}`);
  const name = `${variant.pn}:${task}`;
  if (run) {
    const files = signatureFiles([file], options);
    const explained = await run.explain(theirs, files);
    return reportDifference(name, explained, options, output, session);
  }
  // What it depends on is not known from its recipe alone: only what the recipe says itself is compared.
  const explained = explainDifference(
    { ...theirs, run: undefined, taint: undefined },
    comparable(ownSignature(task, variant, undefined), theirs),
    () => undefined,
  );
  if (options.format === 'json') {
    output.result(JSON.stringify(plain({ task: name, ...explained }), undefined, 2));
  } else if (explained.differences.length === 0) {
    output.result(
      'nothing differs in what the recipe says itself; --hash taskhash compares what it depends on, too',
    );
  } else {
    const placeOf = (_: string, variable: string) => placeInEvaluation(evaluation, variable);
    for (const line of explanationLines(name, explained, placeOf)) output.result(line);
  }
  return explained.differences.length === 0 ? EXIT.done : EXIT.no;
}

/** Evaluates every recipe. @throws CommandError where the task is not among those that run for its recipe */
async function ownSignatures(
  variant: VariantSignatures,
  task: string,
  session: Session,
  output: Output,
): Promise<OwnSignatures> {
  const target = `${targetOf(variant) ?? variant.pn}:${task}`;
  const tasks = await hashTasks([target], session, output);
  const number = findTask(tasks.graph, variant.mcfn, task);
  if (number === undefined)
    throw new CommandError(`${variant.pn}:${task} cannot run: see the messages above`);
  const evaluate = evaluating(session, output);
  return new OwnSignatures(tasks, number, async (mcfn) => (mcfn === variant.mcfn ? variant : evaluate(mcfn)));
}

function signatureFiles(files: readonly string[], { sigdata, buildDir }: ExplainOptions): SignatureFiles {
  const around = files.map((file) => surroundings(resolve(file)));
  const ofBuild =
    buildDir === undefined ? [] : ['tmp/stamps', 'tmp-glibc/stamps'].map((name) => join(buildDir, name));
  return new SignatureFiles([...new Set([...around, ...(sigdata ?? []), ...ofBuild])]);
}

function findIn(files: SignatureFiles): FindSignatures {
  return (_, before, after) => {
    const [a, b] = [files.find(before), files.find(after)];
    return a && b && [a, b];
  };
}

function readFile(file: string): SignatureData {
  try {
    return readSignatureFile(file);
  } catch (error) {
    throw new CommandError(`cannot read ${file}: ${(error as Error).message}`);
  }
}

/** Maps as objects. */
function plain(value: unknown): unknown {
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, item]) => [String(key), plain(item)]));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
