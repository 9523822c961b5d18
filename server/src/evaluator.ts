/**
 * Entry point of the evaluator process: what can be asked of it, and what it is made of.
 *
 * Everything that runs Python of a layer runs here, behind `host/evaluatorProcess.ts`.
 */
import type { EvaluatorHandlers } from './host/evaluatorPort.ts';
import { serve } from './host/evaluatorPort.ts';

const handlers: EvaluatorHandlers = {};

serve(handlers);
