/**
 * `sstateLens/dependencyGraph`: `{ textDocument, task, of }` to `{ title, nodes }`, what a task depends on as a graph.
 * `of` is `variables` (what is in its basehash) or `tasks` (what it needs; evaluates all recipes first where that has not
 * been done). Each node is `{ name, detail, changed, uri?, range?, on }`, `on` being numbers of nodes; the first is the
 * task.
 */
import { type GraphNode, neededTasks, variableGraph } from '../ide/dependencyGraph.ts';
import { plainVariant, taskOf, variantName } from '../ide/view.ts';
import { needed } from '../taskgraph/chains.ts';
import { toRange } from './convert.ts';
import { askedTask, documentOf, refused } from './graphRequests.ts';
import type { Session } from './session.ts';

export const DEPENDENCY_GRAPH = 'sstateLens/dependencyGraph';

export async function dependencyGraph(params: unknown, session: Session): Promise<object> {
  const { task = '', of } = (params ?? {}) as { task?: string; of?: string };
  const { view } = await documentOf(params, session);
  const variant = plainVariant(view.current);
  if (!variant || !taskOf(variant, task)) throw refused(`the recipe of this file has no task ${task}`);
  if (of !== 'tasks') {
    const nodes = variableGraph(task, view, session.trees);
    return { title: `What goes into ${variantName(variant)}:${task}`, nodes: shown(nodes, session) };
  }
  const { live, task: number, graph } = await askedTask(params, session);
  const changed = live.changedTasks;
  const nodes = neededTasks(
    number,
    graph,
    needed(graph),
    (each) => live.pathOf(each),
    (each) => changed.has(each),
  );
  return { title: `What ${variantName(variant)}:${task} depends on`, nodes: shown(nodes, session) };
}

function shown(nodes: readonly GraphNode[], { documents }: Session): object[] {
  return nodes.map(({ place, ...node }) => ({
    ...node,
    ...(place && { uri: documents.uriOf(place.path), range: toRange(place.range) }),
  }));
}
