/**
 * An evaluator process for one build directory, as `engine` knows it.
 */
import {
  EvaluatorStopped,
  type EvaluatorConnection,
  type EvaluatorMethods,
  type FindRequest,
  type Found,
  type Method,
  type OpenParameters,
} from '../engine/protocol.ts';
import { ReceivedEvaluations, type SentEvaluation } from '../engine/sentEvaluations.ts';
import type { Occasion, Revision } from '../inputs/ports.ts';
import type { BuildDirectory } from './buildDirectory.ts';
import { SYSTEM_DIRECTORIES, systemPaths } from './system.ts';
import { EvaluatorKilled, EvaluatorProcess } from './evaluatorProcess.ts';
import { bitbakeEnvironment } from './environment.ts';
import { hostFacts } from './facts.ts';
import { movedBuild, movedText } from './movedDisk.ts';

export interface EvaluatorFiles {
  /** The evaluator's entry point. */
  readonly entry: string;
  /** The directory with `pyodide.asm.wasm` and `python_stdlib.zip`. */
  readonly interpreter: string;
  /** The directory with our own Python modules. */
  readonly modules: string;
}

/** When an evaluator is stopped. Milliseconds are of processor time where not said otherwise. */
export interface EvaluatorLimits {
  /** One entry into Python without a request, ended by the sandbox; then the process lives on. */
  readonly pythonMilliseconds: number;
  /** No sign of life while a recipe is evaluated, and while the configuration is read: the process is stopped. */
  readonly stuckMilliseconds: number;
  readonly stuckOpenMilliseconds: number;
  /** A whole request, whatever it is doing. */
  readonly requestMilliseconds: number;
  readonly openMilliseconds: number;
  /** Of the JavaScript heap. */
  readonly heapMegabytes: number;
}

const LIMITS: EvaluatorLimits = {
  pythonMilliseconds: 3_000,
  stuckMilliseconds: 4_000,
  stuckOpenMilliseconds: 12_000,
  requestMilliseconds: 60_000,
  openMilliseconds: 120_000,
  heapMegabytes: 1_024,
};
/** What says which distribution this is; metadata reads it for NATIVELSBSTRING. */
const SYSTEM_FILES = [
  '/etc/os-release',
  '/usr/lib/os-release',
  '/etc/lsb-release',
  '/etc/redhat-release',
  '/etc/SuSE-release',
];

/** What is evaluated, where it is not the build directory as it is. */
export interface EvaluatedState {
  readonly occasion?: Occasion;
  readonly revision?: Revision;
  /** See `OpenParameters`. */
  readonly place?: string;
}

export function connectEvaluator(
  build: BuildDirectory,
  files: EvaluatorFiles,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  changed: Partial<EvaluatorLimits> = {},
  { occasion, revision, place }: EvaluatedState = {},
): EvaluatorConnection {
  const limits = { ...LIMITS, ...changed };
  const process = new EvaluatorProcess({
    entry: files.entry,
    readable: [files.interpreter, files.modules, ...build.roots, ...SYSTEM_DIRECTORIES],
    // Which of the roots are directories may change.
    readableFiles: [...SYSTEM_FILES, ...build.roots],
    limits: { milliseconds: limits.requestMilliseconds, heapMegabytes: limits.heapMegabytes },
  });
  const open: OpenParameters = {
    ...openParameters(build, files, environment, limits.pythonMilliseconds, place),
    occasion,
    revision,
  };
  const whole = { milliseconds: limits.requestMilliseconds, stuckMilliseconds: limits.stuckMilliseconds };
  const opening = { milliseconds: limits.openMilliseconds, stuckMilliseconds: limits.stuckOpenMilliseconds };
  const received = new ReceivedEvaluations();
  const ask = (method: string, params: unknown, patience: typeof whole): Promise<unknown> =>
    process.request(method, params, patience).catch((error: unknown) => {
      throw error instanceof EvaluatorKilled ? stopped(error) : error;
    });
  // A new process begins with one that is whole.
  const resultOf = <M extends Method>(method: M, answer: unknown) =>
    (method === 'evaluate'
      ? received.receive(answer as SentEvaluation)
      : answer) as EvaluatorMethods[M]['result'];
  return {
    async request(method, params) {
      const answer = method === 'open' ? ask(method, open, opening) : ask(method, params, whole);
      return resultOf(method, await answer);
    },
    async find(method, params) {
      const asked: FindRequest = { method, params };
      const { result, findings } = (await ask('find', asked, whole)) as Found<typeof method>;
      return { result: resultOf(method, result), findings };
    },
    dispose: () => void process.dispose(),
  };
}

/** What an evaluator of a build directory is told of it and of this machine. */
export function openParameters(
  build: BuildDirectory,
  { interpreter, modules }: Pick<EvaluatorFiles, 'interpreter' | 'modules'>,
  environment: Readonly<Record<string, string | undefined>>,
  pythonMilliseconds = LIMITS.pythonMilliseconds,
  place?: string,
): OpenParameters {
  const there = place === undefined ? build : movedBuild(build, place);
  const known = bitbakeEnvironment(build, environment);
  return {
    buildDir: there.path,
    bitbakeDir: there.bitbakeDir,
    roots: [...there.roots, ...SYSTEM_FILES],
    system: systemPaths(known['PATH'] ?? ''),
    facts: hostFacts(place === undefined ? known : movedEnvironment(known, build, place)),
    interpreter,
    modules,
    pythonMilliseconds,
    occasion: undefined,
    revision: undefined,
    place,
  };
}

function movedEnvironment(
  environment: Readonly<Record<string, string>>,
  build: BuildDirectory,
  place: string,
): Record<string, string> {
  const moved = ([name, value]: [string, string]) => [name, movedText(value, build, place)] as const;
  return Object.fromEntries(Object.entries(environment).map(moved));
}

const REASONS = {
  time: 'took too long and was stopped',
  memory: 'used too much memory and was stopped',
  crash: 'ended unexpectedly',
} as const;

function stopped({ reason, where }: EvaluatorKilled): EvaluatorStopped {
  const place = /^(.*):(\d+)$/.exec(where);
  const at = where === '' ? '' : ` at ${where}`;
  return new EvaluatorStopped(
    reason,
    `Evaluation ${REASONS[reason]}${at}`,
    place ? { path: place[1]!, line: Number(place[2]) } : undefined,
  );
}
