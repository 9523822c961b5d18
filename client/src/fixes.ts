/**
 * Quick fixes as they are made here: first what one does to hashes and its risk, which the server finds out when the fix
 * is chosen, then the edit. VS Code's own preview of edits shows neither unless it is told to.
 */
import * as vscode from 'vscode';
import type { CodeAction as ServerAction, Middleware } from 'vscode-languageclient/node';
import type { LensContext } from './context.ts';
import { SECTION } from './settings.ts';
import { told } from './subject.ts';

/** What is left of an action until it is chosen: the server knows the rest by its data. */
type Chosen = Pick<ServerAction, 'title' | 'data'>;

/** Has each of the server's actions run our command instead of making its edit at once. */
export const middleware: Pick<Middleware, 'provideCodeActions' | 'resolveCodeAction'> = {
  provideCodeActions: async (document, range, context, token, next) => {
    const actions = (await next(document, range, context, token)) ?? [];
    for (const action of actions) {
      const { title, data } = action as Chosen;
      action.command = { title, command: 'sstateLens.applyFix', arguments: [{ title, data }] };
    }
    return actions;
  },
  resolveCodeAction: (action) => action,
};

export function activate(lens: LensContext): void {
  lens.subscriptions.push(
    vscode.commands.registerCommand(
      'sstateLens.applyFix',
      told((chosen: Chosen) => apply(chosen, lens)),
    ),
  );
}

async function apply({ title, data }: Chosen, { client }: LensContext): Promise<void> {
  const resolving = client.sendRequest<ServerAction>('codeAction/resolve', { title, data });
  const location = vscode.ProgressLocation.Window;
  const { edit } = await vscode.window.withProgress(
    { location, title: 'What the fix does to hashes' },
    () => resolving,
  );
  if (!edit) throw new Error('The text has changed meanwhile: ask for quick fixes anew.');
  const annotations = Object.values(edit.changeAnnotations ?? {});
  const detail = annotations.map(({ description }) => description ?? '').join('\n');
  if (vscode.workspace.getConfiguration(SECTION).get<boolean>('confirmFixes', true)) {
    const answer = await vscode.window.showInformationMessage(title, { modal: true, detail }, 'Apply');
    if (answer !== 'Apply') return;
  }
  for (const annotation of annotations) annotation.needsConfirmation = false;
  const converted = await client.protocol2CodeConverter.asWorkspaceEdit(edit);
  if (!(await vscode.workspace.applyEdit(converted)))
    throw new Error(`${title}: the edit could not be made.`);
  // Of a file that was closed or new, the user wants to see what became of it.
  const [first] = converted.entries();
  if (first && vscode.window.activeTextEditor?.document.uri.toString() !== first[0].toString())
    await vscode.window.showTextDocument(first[0]);
}
