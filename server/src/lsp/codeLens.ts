/** textDocument/codeLens. */
import type { CodeLens, Command } from 'vscode-languageserver/node';
import { type Lens, lenses } from '../ide/lenses.ts';
import type { RecipeTasks } from '../ide/rerun.ts';
import { toPosition, toRange } from './convert.ts';
import type { Session } from './session.ts';

/** Performed by the client, which is given plain data. */
export const SHOW_TASK = 'sstateLens.showTask';
export const SHOW_RECIPES = 'sstateLens.showRecipes';
/** Given `{ textDocument, task }`. */
export const SHOW_OBJECT = 'sstateLens.showObject';

/** One recipe of a list that the client shows. */
export interface ListedRecipe {
  readonly recipe: string;
  readonly uri: string;
  readonly tasks: readonly string[];
}

/** How long a client that can be told to ask again is kept waiting. */
const PATIENCE_MILLISECONDS = 200;

/** @param refreshes whether the client can be told to ask again */
export async function codeLens(uri: string, session: Session, refreshes: boolean): Promise<CodeLens[]> {
  const known = await (refreshes ? session.soon(uri, PATIENCE_MILLISECONDS) : session.settled(uri));
  if (!known) return [];
  const graph = session.graphOf(known.view);
  const command = ({ title, tasks, rerun, object }: Lens): Command => {
    if (rerun) {
      return { title, command: SHOW_RECIPES, arguments: [{ title, recipes: listed(rerun, session) }] };
    }
    if (object !== undefined) {
      return { title, command: SHOW_OBJECT, arguments: [{ textDocument: { uri }, task: object }] };
    }
    const entries = tasks.map(({ place, ...task }) => ({
      ...task,
      ...(place && { uri: session.documents.uriOf(place.path), position: toPosition(place.position) }),
    }));
    // A lens without a command is shown as text.
    return { title, command: tasks.length > 0 ? SHOW_TASK : '', arguments: [entries] };
  };
  const found = lenses(known.tree, known.view, session.trees, graph);
  return found.map((lens) => ({ range: toRange(lens.range), command: command(lens) }));
}

/** Recipes with the URIs of their files. */
export function listed(recipes: readonly RecipeTasks[], { documents }: Session): ListedRecipe[] {
  return recipes.map(({ recipe, path, tasks }) => ({ recipe, uri: documents.uriOf(path), tasks }));
}
