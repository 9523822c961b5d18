/**
 * Entry point of the evaluator process: what can be asked of it, and what it is made of.
 *
 * Everything that runs Python of a layer runs here, behind `host/evaluatorProcess.ts`.
 */
import { RecipeEvaluator } from './engine/evaluator.ts';
import {
  type Answer,
  type EvaluatorMethods,
  type Findings,
  type FindRequest,
  type Method,
  NOT_OPENED,
  type OpenParameters,
} from './engine/protocol.ts';
import type { RecipeEvaluation } from './engine/results.ts';
import { SentEvaluations } from './engine/sentEvaluations.ts';
import { noteWhere, serve } from './host/evaluatorPort.ts';
import { diskOf } from './host/disk.ts';
import { HostFiles } from './host/files.ts';
import { MovedDisk } from './host/movedDisk.ts';
import { readPythonAssets } from './host/pythonAssets.ts';

const LIMITS = {
  memoryBytes: 512 * 1024 * 1024,
  // What the stack of `host/evaluatorProcess.ts` suffices for.
  stackBytes: 384 * 1024,
  messages: 100,
  /** Renaming the packages of linux-firmware for a multilib takes four seconds where BitBake parses OE-Core in 46. */
  longestMilliseconds: 15_000,
};

let files: HostFiles | undefined;
let evaluator: RecipeEvaluator | undefined;
/** Texts laid over files before the files were known. */
const overlays = new Map<string, string>();
const sent = new SentEvaluations();
/** At the files, once more; undefined: nobody is. */
let looking: Generator<readonly string[]> | undefined;

type Handlers = {
  readonly [M in Exclude<Method, 'open'>]: (params: EvaluatorMethods[M]['params']) => Answer<M>;
};

function opened(): RecipeEvaluator {
  if (!evaluator) throw new Error(NOT_OPENED);
  return evaluator;
}

/** What an evaluator that has to be opened anew has come to is not told. */
function current<T>(result: T): T {
  if (evaluator?.mustBeOpened) evaluator = undefined;
  if (!evaluator) throw new Error(NOT_OPENED);
  return result;
}

async function open(params: OpenParameters): Promise<EvaluatorMethods['open']['result']> {
  evaluator = undefined;
  const disk = diskOf(params.revision);
  const place = params.place === undefined ? disk : new MovedDisk(params.place, disk);
  files = new HostFiles(params.roots, params.system, place);
  looking = undefined;
  for (const [path, text] of overlays) files.setOverlay(path, text);
  evaluator = await RecipeEvaluator.open({
    ...readPythonAssets(params.interpreter, params.modules),
    buildDir: params.buildDir,
    bitbakeDir: params.bitbakeDir,
    roots: params.roots,
    facts: params.facts,
    files,
    limits: { ...LIMITS, milliseconds: params.pythonMilliseconds },
    enter: noteWhere,
    occasion: params.occasion,
  });
  return evaluator.summary;
}

function evaluate({
  path,
  overlays: temporary,
  ...wanted
}: EvaluatorMethods['evaluate']['params']): RecipeEvaluation {
  if (!temporary || !files) return opened().evaluate(path, wanted);
  const before = new Map([...temporary.keys()].map((name) => [name, overlays.get(name)]));
  try {
    lay(files, temporary);
    const { hashesOnly, recipeInfo } = wanted;
    return opened().evaluate(path, { hashesOnly, recipeInfo });
  } finally {
    lay(files, before);
  }
}

/** Lays texts over files, and tells the evaluator of these and of what changed on disk. @returns all of these paths */
function lay(
  files: HostFiles,
  texts: ReadonlyMap<string, string | undefined>,
  changed: readonly string[] = [],
): string[] {
  const edited: string[] = [];
  const others = [...changed];
  for (const [path, text] of texts) {
    const before = files.stat(path);
    files.setOverlay(path, text);
    (before && files.stat(path) ? edited : others).push(path);
  }
  files.forget(changed);
  evaluator?.outdate(others, edited);
  return [...others, ...edited];
}

const handlers: Handlers = {
  change({ overlays: changes, changed }) {
    for (const [path, text] of changes) {
      if (text === undefined) overlays.delete(path);
      else overlays.set(path, text);
    }
    const paths = files ? lay(files, changes, changed) : [];
    return { configuration: !evaluator || evaluator.dependsOn(paths) };
  },

  evaluate(params) {
    return sent.send(current(evaluate(params)));
  },

  lookAgain({ begins }) {
    if (begins || !looking) looking = files?.lookAgain();
    const step = looking?.next();
    return { outdated: step?.value ?? [], isDone: step?.done !== false };
  },

  configurationValues({ names, prefixes }) {
    return current(opened().configurationValues(names, prefixes));
  },

  extraDepends(question) {
    return current(opened().extraDepends(question));
  },

  objectPaths(question) {
    return current(opened().objectPaths(question));
  },

  analysePython({ texts }) {
    return opened().analysePython(texts);
  },

  repositoryStand() {
    return opened().repositoryStand();
  },

  configurationReads() {
    return opened().configurationReads;
  },

  dispensable(questions) {
    return current(opened().dispensable(questions));
  },

  advise({ path }) {
    return current(opened().advise(path));
  },

  inspect({ path, mcfn, name }) {
    return current(opened().inspect(path, mcfn, name));
  },
};

function find({ method, params }: FindRequest): { readonly result: unknown; readonly findings: Findings } {
  const result = handlers[method](params as never);
  return { result, findings: opened().takeFindings(method === 'evaluate') };
}

serve({ open, find, ...handlers });
