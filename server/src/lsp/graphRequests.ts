/**
 * Requests of our own about the task graph, for clients that know them. Each evaluates all recipes first where that
 * has not been done, with progress that can be cancelled.
 *
 * - `sstateLens/collect`: `{}` to `{ tasks, recipes }`, how many are in the graph
 * - `sstateLens/tasks`: `{ textDocument, position? }` to `{ recipe, tasks, at? }`: the tasks of the document's recipe,
 *   and the one that the position is about; needs no graph
 * - `sstateLens/dependents`: `{ textDocument, task }` to `{ task, recipes: [{ recipe, uri, tasks }] }`
 * - `sstateLens/dependencies`: `{ textDocument, task }` to `{ task, tasks }`: all that it needs, as `zlib:do_install`
 * - `sstateLens/chain`: `{ textDocument, task, on }` to `{ chain: [{ task, uri, kind? }] }`: the shortest way; `kind`
 *   is what makes the task before it need this one (`addtask`, `[deptask]`, …)
 * - `sstateLens/rerun`: `{ textDocument }` to `{ text, recipes }`: what the present edits make run again
 *
 * Tasks in parameters are as `do_install`, of the recipe of the document; `on` is as `zlib:do_install`.
 */
import { LSPErrorCodes, type Position, ResponseError } from 'vscode-languageserver/node';
import { taskDefinedBy } from '../ide/lenses.ts';
import { meaning } from '../ide/hover.ts';
import { rerunText } from '../ide/rerun.ts';
import { symbolAt } from '../ide/symbols.ts';
import { plainVariant, taskOf, variantName } from '../ide/view.ts';
import { contains } from '../base/text.ts';
import { linkKind, needed, reachable, shortestChain } from '../taskgraph/chains.ts';
import { recipeLabel, type TaskGraph } from '../taskgraph/graph.ts';
import { listed } from './codeLens.ts';
import { fromPosition } from './convert.ts';
import type { Known, Session } from './session.ts';
import type { LiveTaskGraph } from './taskGraph.ts';

type Answer = (params: unknown, session: Session) => Promise<unknown>;

export const GRAPH_REQUESTS: readonly (readonly [method: string, answer: Answer])[] = [
  ['sstateLens/collect', collect],
  ['sstateLens/tasks', tasks],
  ['sstateLens/dependents', dependents],
  ['sstateLens/dependencies', dependencies],
  ['sstateLens/chain', chain],
  ['sstateLens/rerun', rerun],
];

async function collect(_: unknown, session: Session): Promise<object> {
  const { recipeOf } = (await graphOf(session)).graph!.graph;
  return { tasks: recipeOf.length, recipes: new Set(recipeOf).size };
}

async function tasks(params: unknown, session: Session): Promise<object> {
  const known = await documentOf(params, session);
  const variant = variantOf(known);
  const { position } = params as { position?: Position };
  const at = position && taskAt(known, position);
  return {
    recipe: variantName(variant),
    tasks: variant.tasks.map(({ task }) => task).filter((task) => !task.endsWith('_setscene')),
    ...(at !== undefined && { at }),
  };
}

/** The task that the text at a position is about: its name, else the function around it. */
function taskAt({ document, tree, view }: Known, at: Position): string | undefined {
  const position = fromPosition(at);
  const symbol = symbolAt(tree, document.text, position);
  if (symbol && meaning(symbol, view) === 'task') return symbol.name;
  const variant = plainVariant(view.current)!;
  const around = tree.statements.find(({ range }) => contains(range, position));
  const task = around?.kind === 'function' ? taskDefinedBy(around, tree, variant) : undefined;
  return task !== undefined && taskOf(variant, task) ? task : undefined;
}

async function dependents(params: unknown, session: Session): Promise<object> {
  const { live, task, graph } = await askedTask(params, session);
  return { task: nameOf(graph, task), recipes: listed(live.needing(task), session) };
}

async function dependencies(params: unknown, session: Session): Promise<object> {
  const { task, graph } = await askedTask(params, session);
  const found = reachable([task], needed(graph), graph.recipeOf.length);
  return { task: nameOf(graph, task), tasks: found.map((other) => nameOf(graph, other)).sort() };
}

async function chain(params: unknown, session: Session): Promise<object> {
  const { live, task, graph } = await askedTask(params, session);
  const { on } = params as { on?: string };
  const to = [...graph.recipeOf.keys()].find((other) => nameOf(graph, other) === on);
  const found = to === undefined ? undefined : shortestChain(graph, task, to);
  if (!found) throw refused(`${nameOf(graph, task)} does not depend on ${String(on)}`);
  return {
    chain: found.map((link, index) => {
      const kind = index === 0 ? undefined : linkKind(graph, found[index - 1]!, link);
      return {
        task: nameOf(graph, link),
        uri: session.documents.uriOf(live.pathOf(link)),
        ...(kind && { kind }),
      };
    }),
  };
}

async function rerun(params: unknown, session: Session): Promise<object> {
  await graphOf(session);
  const { view } = await documentOf(params, session);
  const found = session.graphOf(view)?.rerun();
  if (!found) throw refused('the recipe cannot be evaluated as it is now');
  return { text: rerunText(found) ?? 'nothing would rerun', recipes: listed(found.recipes, session) };
}

export interface Asked {
  readonly live: LiveTaskGraph;
  readonly graph: TaskGraph;
  readonly task: number;
}

/** The task that parameters name, by its number. */
export async function askedTask(params: unknown, session: Session): Promise<Asked> {
  const live = await graphOf(session);
  const variant = variantOf(await documentOf(params, session));
  const folded = live.graph;
  const name = (params as { task?: string }).task ?? '';
  const task = folded?.task(variant.mcfn, name);
  if (!folded || task === undefined)
    throw refused(
      `${variantName(variant)}:${name} is not in the task graph: nothing in world or an image needs it`,
    );
  return { live, graph: folded.graph, task };
}

export async function graphOf(session: Session): Promise<LiveTaskGraph> {
  try {
    return await session.taskGraph();
  } catch (error) {
    throw refused((error as Error).message);
  }
}

export async function documentOf(params: unknown, session: Session): Promise<Known> {
  const { textDocument } = (params ?? {}) as { textDocument?: { uri?: string } };
  const known = await session.settled(textDocument?.uri ?? '');
  if (!known) throw refused('open a recipe, or a file that a recipe uses');
  return known;
}

function variantOf({ view }: Known) {
  const variant = plainVariant(view.current);
  if (!variant) throw refused('no recipe could be evaluated for this file');
  return variant;
}

/** `zlib:do_install`. */
export function nameOf({ recipes, recipeOf, names, nameOf }: TaskGraph, task: number): string {
  return `${recipeLabel(recipes[recipeOf[task]!]!)}:${names[nameOf[task]!]!}`;
}

export function refused(message: string): ResponseError<void> {
  return new ResponseError<void>(LSPErrorCodes.RequestFailed, message);
}
