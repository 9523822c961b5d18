/** The views of the side bar that follow the editor: the recipe at hand, and what would rerun. */
import * as vscode from 'vscode';
import type { LensContext } from './context.ts';
import { type Outline, OutlineView } from './outline.ts';

export function activate(lens: LensContext): void {
  const { client, subscriptions } = lens;
  const ask = (method: string, params: object) => client.sendRequest<Outline>(`sstateLens/${method}`, params);
  // The one last looked at: a view or the graph has the focus without having a recipe.
  let looked = vscode.window.activeTextEditor?.document;
  const recipe = new OutlineView('sstateLens.recipe', async () => {
    if (looked?.languageId !== 'bitbake' || looked.isClosed) return undefined;
    return ask('recipeOutline', { textDocument: { uri: looked.uri.toString() } });
  });
  const rerun = new OutlineView('sstateLens.pending', () => ask('rerunOutline', {}));
  subscriptions.push(
    recipe,
    rerun,
    vscode.window.onDidChangeActiveTextEditor((editor) => {
      if (!editor) return;
      looked = editor.document;
      void recipe.refresh();
    }),
    lens.onDidChange(() => {
      for (const view of [recipe, rerun]) void view.refresh();
    }),
  );
}
