/**
 * What an evaluator process can be asked: the methods, their parameters and results, all plain data.
 */
import type { ConfigurationSummary, RecipeEvaluation, VariableInspection } from './results.ts';

/** Method -> parameters and result. */
export interface EvaluatorMethods {
  /** Starts Python and reads the configuration anew. Everything else needs it to have been called. */
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
  /** Evaluates a recipe by its absolute path, with texts laid over files for this call only. */
  evaluate: {
    params: { readonly path: string; readonly overlays?: ReadonlyMap<string, string> };
    result: RecipeEvaluation;
  };
  inspect: {
    params: { readonly path: string; readonly mcfn: string; readonly name: string };
    result: VariableInspection | undefined;
  };
}

export type Method = keyof EvaluatorMethods;

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
