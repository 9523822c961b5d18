/**
 * Requests of our own for views beside the text, each answered with `{ title, message?, nodes }`: a tree of
 * `{ label, description?, detail?, kind, uri?, range?, children? }` (`ide/outline.ts`).
 *
 * - `sstateLens/recipeOutline`: `{ textDocument }`: the tasks of the document's recipe with their hashes
 * - `sstateLens/rerunOutline`: `{}`: what the present edits make run again; of open recipes where there is no task graph
 *
 * Answers may be others after the notification `sstateLens/changed`.
 */
import type { Range as ProtocolRange } from 'vscode-languageserver/node';
import { compareEvaluations } from '../ide/comparison.ts';
import { type OutlineNode, recipeOutline, rerunOutline } from '../ide/outline.ts';
import { type RecipeTasks, rerunText, taskCount } from '../ide/rerun.ts';
import { plainVariant, variantName, type View } from '../ide/view.ts';
import { counted } from '../ide/wording.ts';
import { toRange } from './convert.ts';
import { documentOf } from './graphRequests.ts';
import type { Session } from './session.ts';

export interface Outline {
  readonly title: string;
  /** Why there is nothing, or what is not in it. */
  readonly message?: string;
  readonly nodes: readonly ShownNode[];
}

export type ShownNode = Omit<OutlineNode, 'place' | 'children'> & {
  readonly uri?: string;
  readonly range?: ProtocolRange;
  readonly children?: readonly ShownNode[];
};

export type OutlineAnswer = (params: unknown, session: Session) => Promise<Outline>;

export const OUTLINE_REQUESTS: readonly (readonly [method: string, answer: OutlineAnswer])[] = [
  ['sstateLens/recipeOutline', recipe],
  ['sstateLens/rerunOutline', rerun],
];

async function recipe(params: unknown, session: Session): Promise<Outline> {
  const { view } = await documentOf(params, session);
  const variant = plainVariant(view.current);
  if (!variant)
    return { title: '', message: view.failure?.message ?? 'No recipe uses this file.', nodes: [] };
  const nodes = recipeOutline(view, session.trees, session.graphOf(view));
  return { title: variantName(variant), nodes: shown(nodes, session) };
}

async function rerun(_: unknown, session: Session): Promise<Outline> {
  const views = await session.settledViews();
  const found = views.map((view) => session.graphOf(view)?.rerun()).find((each) => each !== undefined);
  if (found) {
    const title = rerunText(found) ?? 'Nothing would rerun.';
    return { title, nodes: shown(rerunOutline(found.recipes), session) };
  }
  const recipes = changedRecipes(views);
  const title =
    recipes.length === 0
      ? 'No basehash of an open recipe changes.'
      : `${counted(taskCount({ recipes }), 'basehash', 'basehashes')} of open recipes would change`;
  const message = 'Compute the task graph to see what reruns elsewhere.';
  return { title, message, nodes: shown(rerunOutline(recipes), session) };
}

/** Of each variant of the open recipes the tasks whose basehash is another. */
function changedRecipes(views: readonly View[]): RecipeTasks[] {
  const found = new Map<string, RecipeTasks>();
  for (const { current, baseline, recipe } of views) {
    for (const { current: variant, tasks } of compareEvaluations(current, baseline)) {
      found.set(variant.mcfn, {
        recipe: variantName(variant),
        path: recipe ?? '',
        tasks: tasks.map(({ task }) => task),
      });
    }
  }
  return [...found.values()].sort((a, b) => b.tasks.length - a.tasks.length);
}

export function shown(nodes: readonly OutlineNode[], session: Session): ShownNode[] {
  return nodes.map(({ place, children, ...node }) => ({
    ...node,
    ...(place && { uri: session.documents.uriOf(place.path), range: toRange(place.range) }),
    ...(children && { children: shown(children, session) }),
  }));
}
