/**
 * What an evaluator process can be asked: the methods, their parameters and results, all plain data.
 */
import type { Problem } from '../base/problem.ts';
import type { HostFacts, Occasion, Revision, SystemPaths } from '../inputs/ports.ts';
import type { PythonAnalysis } from '../python/runtime.ts';
import type { ToldIngredients } from '../signature/ingredients.ts';
import type { ObjectPath } from '../sstate/presence.ts';
import type { RepositoryStand } from './repositoryValues.ts';
import type { RequestReads } from './requestReads.ts';
import type {
  ConfigurationReads,
  ConfigurationSummary,
  ConfigurationValues,
  DispensableQuestions,
  EvaluationOptions,
  ExtraDependsQuestion,
  ObjectPathsQuestion,
  RecipeEvaluation,
  VariableInspection,
} from './results.ts';
import type { SentEvaluation } from './sentEvaluations.ts';

/** What a new evaluator process needs to know. */
export interface OpenParameters {
  readonly buildDir: string;
  readonly bitbakeDir: string | undefined;
  /** Directories and files that may be read. */
  readonly roots: readonly string[];
  readonly system: SystemPaths;
  readonly facts: HostFacts;
  /** The directory with `pyodide.asm.wasm` and `python_stdlib.zip`. */
  readonly interpreter: string;
  /** The directory with our own Python modules. */
  readonly modules: string;
  /** How long one entry into Python may take without a sign of life, in milliseconds of processor time. */
  readonly pythonMilliseconds: number;
  /** What hashes are made of where it decides them; undefined: they are unknown. */
  readonly occasion: Occasion | undefined;
  /** The state of files that is evaluated; undefined: the one on disk. */
  readonly revision: Revision | undefined;
  /** What comes before every path of the build directory, where it is evaluated as if it lay in another place. */
  readonly place: string | undefined;
}

/** Method -> parameters and result. */
export interface EvaluatorMethods {
  /**
   * Starts Python and reads the configuration anew; all else but `change` needs it to have been called. The
   * connection knows the parameters (`OpenParameters`).
   */
  open: { params: undefined; result: ConfigurationSummary };
  /**
   * Lays texts over files: a text stands for the file until it is taken away with `undefined`. Files that changed
   * on disk are named with `changed`. The result says whether the configuration must be opened anew.
   */
  change: {
    params: {
      readonly overlays: ReadonlyMap<string, string | undefined>;
      readonly changed: readonly string[];
    };
    result: { readonly configuration: boolean };
  };
  /**
   * Looks again at some of the files that were read; to be asked until it is done, with anything else in between, and
   * with `begins` at first: what an earlier look has left undone is no part of it. `outdated`: those that are others on
   * disk now than when they were read.
   */
  lookAgain: {
    params: { readonly begins: boolean };
    result: { readonly outdated: readonly string[]; readonly isDone: boolean };
  };
  /**
   * Evaluates a recipe by its absolute path, with texts laid over files for this call only, of which nothing but hashes
   * and `recipeInfo` can be wanted.
   */
  evaluate: {
    params: EvaluationOptions & { readonly path: string; readonly overlays?: ReadonlyMap<string, string> };
    result: RecipeEvaluation;
  };
  /** Analyses pieces of Python by their texts alone; needs no configuration that is up to date. */
  analysePython: { params: { readonly texts: readonly string[] }; result: readonly PythonAnalysis[] };
  /** What variables that the configuration sets to where the repository stands would be now; undefined: not known. */
  repositoryStand: { params: undefined; result: RepositoryStand | undefined };
  /** The final values of variables of the configuration, those named and all whose names start alike. */
  configurationValues: {
    params: { readonly names: readonly string[]; readonly prefixes: readonly string[] };
    result: readonly ConfigurationValues[];
  };
  /** Runs a recipe's `calculate_extra_depends`; see `RecipeEvaluator.extraDepends`. */
  extraDepends: { params: ExtraDependsQuestion; result: readonly string[] };
  /** Where the objects of tasks are looked for; see `questions.ts`. */
  objectPaths: { params: ObjectPathsQuestion; result: readonly ObjectPath[] };
  /** Asks the function of BB_SETSCENE_DEPVALID; answers in the order of the questions. */
  dispensable: { params: DispensableQuestions; result: readonly boolean[] };
  /** What is doubtful about the hashes of a recipe that are known; see `signature/advice.ts`. */
  advise: { params: { readonly path: string }; result: readonly Problem[] };
  /** What the configuration was made of. */
  configurationReads: { params: undefined; result: ConfigurationReads };
  inspect: {
    params: { readonly path: string; readonly mcfn: string; readonly name: string };
    result: VariableInspection | undefined;
  };
}

export type Method = keyof EvaluatorMethods;

/** What crosses between the processes as the result of a method. */
export type Answer<M extends Method> = M extends 'evaluate' ? SentEvaluation : EvaluatorMethods[M]['result'];

/** The methods whose results may be kept: they change nothing. */
export type CacheableMethod = 'evaluate' | 'configurationValues' | 'extraDepends';

/** What is to be known of a result so that it can be kept. */
export interface Findings {
  /** What decided it besides the configuration and its parameters; undefined: not files alone, and nothing else is told. */
  readonly reads: RequestReads | undefined;
  /** What its hashes were made of, where that was wanted; undefined where it cannot be told. */
  readonly ingredients: ToldIngredients | undefined;
  /** What Python did for it, for a later session; undefined where that holds nothing new. */
  readonly recollection: string | undefined;
}

/** How `EvaluatorConnection.find` asks. */
export interface FindRequest {
  readonly method: CacheableMethod;
  readonly params: unknown;
}

export interface Found<M extends CacheableMethod> {
  readonly result: EvaluatorMethods[M]['result'];
  readonly findings: Findings;
}

/**
 * The message of the error with which an evaluator answers that has not been opened: its process is a new one, the
 * one before has ended while nothing was asked of it. (Of an error, only the message crosses for sure.)
 */
export const NOT_OPENED = 'the evaluator was asked before it was opened';

/** A connection to one evaluator process. */
export interface EvaluatorConnection {
  /**
   * @throws EvaluatorStopped when the process had to be ended (time, memory, crash); the next request starts a
   *   new one, which must be opened again
   */
  request<M extends Method>(
    method: M,
    params: EvaluatorMethods[M]['params'],
  ): Promise<EvaluatorMethods[M]['result']>;
  /** The same of what is to be kept. */
  find<M extends CacheableMethod>(method: M, params: EvaluatorMethods[M]['params']): Promise<Found<M>>;
  dispose(): void;
}

/** An evaluator process was ended before it answered. */
export class EvaluatorStopped extends Error {
  override readonly name = 'EvaluatorStopped';
  constructor(
    readonly reason: 'time' | 'memory' | 'crash',
    message: string,
    /** What it was doing, where that is known; `line` counts from 1. */
    readonly where: { readonly path: string; readonly line: number } | undefined,
  ) {
    super(message);
  }
}
