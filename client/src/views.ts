/** The views of the side bar: the recipe at hand, what would rerun, and how two signatures differ. */
import * as vscode from 'vscode';
import type { LensContext } from './context.ts';
import { askServers } from './objects.ts';
import { type Outline, OutlineView } from './outline.ts';
import { askSubject, type Subject, told } from './subject.ts';

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
  let wanted: (() => Promise<Outline>) | undefined;
  const difference = new OutlineView('sstateLens.difference', async () => wanted?.());
  const show = async (method: string, params: object) => {
    wanted = () => ask(method, params);
    await vscode.commands.executeCommand('setContext', 'sstateLens.hasDifference', true);
    await vscode.commands.executeCommand('sstateLens.difference.focus');
    await difference.refresh();
    await difference.focus();
  };
  subscriptions.push(
    recipe,
    rerun,
    difference,
    vscode.window.onDidChangeActiveTextEditor((editor) => {
      if (!editor) return;
      looked = editor.document;
      void recipe.refresh();
    }),
    client.onNotification('sstateLens/changed', () => {
      for (const view of [recipe, rerun, difference]) void view.refresh();
    }),
    vscode.commands.registerCommand(
      'sstateLens.compareTask',
      told(async () => {
        const subject = await askSubject(lens);
        if (subject) await show('differenceOutline', subject);
      }),
    ),
    vscode.commands.registerCommand(
      'sstateLens.showObject',
      told(async (clicked?: Subject) => {
        const subject = clicked ?? (await askSubject(lens));
        // A click on a mark is no reason to ask the network.
        const servers = clicked || !subject ? false : await askServers(`Where to look for ${subject.task}`);
        if (subject && servers !== undefined) await show('whyMissing', { ...subject, servers });
      }),
    ),
    vscode.commands.registerCommand(
      'sstateLens.compareFiles',
      told(async () => {
        const before = await askFile('the earlier one');
        const after = before && (await askFile('the later one', before));
        if (before && after) await show('differenceOutline', { before: before.fsPath, after: after.fsPath });
      }),
    ),
  );
}

async function askFile(which: string, near?: vscode.Uri): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: `Signature data of BitBake (sigdata, siginfo): ${which}`,
    openLabel: 'Compare',
    ...(near && { defaultUri: vscode.Uri.joinPath(near, '..') }),
  });
  return chosen?.[0];
}
