/** The task that a command is about: the one at the cursor, else one that the user chooses. */
import * as vscode from 'vscode';
import type { LensContext } from './context.ts';

/** A document and a task of its recipe. */
export interface Subject {
  readonly textDocument: { readonly uri: string };
  readonly task: string;
}

export async function askSubject({ client }: LensContext): Promise<Subject | undefined> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) throw new Error('Put the cursor into a recipe, on the task that you mean.');
  const textDocument = { uri: editor.document.uri.toString() };
  const { line, character } = editor.selection.active;
  const { recipe, tasks, at } = await client.sendRequest<{ recipe: string; tasks: string[]; at?: string }>(
    'sstateLens/tasks',
    { textDocument, position: { line, character } },
  );
  const task = at ?? (await vscode.window.showQuickPick(tasks, { placeHolder: `Task of ${recipe}` }));
  return task === undefined ? undefined : { textDocument, task };
}

/** A command whose failure is told in the server's words. */
export function told<T extends unknown[]>(run: (...args: T) => Promise<void>): (...args: T) => Promise<void> {
  return (...args) =>
    run(...args).catch((error: unknown) => {
      void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
    });
}
