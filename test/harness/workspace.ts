/** A workspace whose evaluator works in this process, and knows afterwards what was asked of it. */
import type { RecipeEvaluator } from '../../server/src/engine/evaluator.ts';
import {
  type CacheableMethod,
  type EvaluatorConnection,
  type EvaluatorMethods,
  type Found,
  type Method,
  NOT_OPENED,
} from '../../server/src/engine/protocol.ts';
import { ResultCache } from '../../server/src/engine/resultCache.ts';
import { Workspace } from '../../server/src/engine/workspace.ts';
import type { PartStore, ResultStore } from '../../server/src/inputs/resultPorts.ts';
import type { HostFiles } from '../../server/src/host/files.ts';
import { FileStates } from '../../server/src/host/fileStates.ts';

export interface OpenWorkspace {
  readonly workspace: Workspace;
  /** Methods, in the order in which they were asked, since it was last emptied. */
  readonly asked: Method[];
  /** The recipes for which the evaluator was told what Python had done before. */
  readonly recalled: string[];
}

const NOTHING: ResultStore = { read: () => Promise.resolve(undefined), write: () => undefined };

/**
 * @param files a new view of the files, with nothing laid over them
 * @param open opens an evaluator over such a view
 * @param texts laid over files from the start
 * @param kept what earlier starts have left
 */
export function openWorkspace(
  files: () => HostFiles,
  open: (files: HostFiles) => Promise<RecipeEvaluator>,
  texts: ReadonlyMap<string, string> = new Map(),
  kept: { readonly results: ResultStore; readonly ingredients?: PartStore } = { results: NOTHING },
): OpenWorkspace {
  const { results, ingredients } = kept;
  const cache = new ResultCache(results, new FileStates(files(), results, 'files'), 'base');
  const asked: Method[] = [];
  const recalled: string[] = [];
  const connect = () => new InProcess(files(), open, asked, recalled);
  const workspace = new Workspace({ processes: 1, connect, cache, rehash: true, ingredients });
  for (const [path, text] of texts) workspace.setOverlay(path, text);
  return { workspace, asked, recalled };
}

/** Does what `evaluator.ts` does, without a process. */
class InProcess implements EvaluatorConnection {
  private evaluator: RecipeEvaluator | undefined;
  private looking: Generator<readonly string[]> | undefined;

  constructor(
    private readonly files: HostFiles,
    private readonly open: (files: HostFiles) => Promise<RecipeEvaluator>,
    private readonly asked: Method[],
    private readonly recalled: string[],
  ) {}

  async request<M extends Method>(
    method: M,
    params: EvaluatorMethods[M]['params'],
  ): Promise<EvaluatorMethods[M]['result']> {
    this.asked.push(method);
    if (method === 'open') {
      this.evaluator = await this.open(this.files);
      return this.evaluator.summary as EvaluatorMethods[M]['result'];
    }
    const answer = structuredClone(this.answer(method, params)) as EvaluatorMethods[M]['result'];
    if (!this.evaluator?.mustBeOpened) return answer;
    this.evaluator = undefined;
    throw new Error(NOT_OPENED);
  }

  async find<M extends CacheableMethod>(method: M, params: EvaluatorMethods[M]['params']): Promise<Found<M>> {
    const result = await this.request(method, params);
    return { result, findings: structuredClone(this.evaluator!.takeFindings(method === 'evaluate')) };
  }

  private answer(method: Method, params: unknown): unknown {
    const { evaluator, files } = this;
    switch (method) {
      case 'change': {
        const { overlays, changed } = params as EvaluatorMethods['change']['params'];
        for (const [path, text] of overlays) files.setOverlay(path, text);
        files.forget(changed);
        const paths = [...overlays.keys(), ...changed];
        evaluator?.outdate(paths);
        return { configuration: !evaluator || evaluator.dependsOn(paths) };
      }
      case 'lookAgain': {
        const { begins } = params as EvaluatorMethods['lookAgain']['params'];
        if (begins || !this.looking) this.looking = files.lookAgain();
        const { value, done } = this.looking.next();
        return { outdated: value ?? [], isDone: done };
      }
      case 'evaluate': {
        const { path, ...wanted } = params as EvaluatorMethods['evaluate']['params'];
        if (wanted.recollection !== undefined) this.recalled.push(path);
        return evaluator!.evaluate(path, wanted);
      }
      case 'configurationReads':
        return evaluator!.configurationReads;
      case 'repositoryStand':
        return evaluator!.repositoryStand();
      case 'analysePython':
        return evaluator!.analysePython((params as EvaluatorMethods['analysePython']['params']).texts);
      default:
        throw new Error(`${method} is not asked here`);
    }
  }

  dispose(): void {
    this.evaluator = undefined;
  }
}
