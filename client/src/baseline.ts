/** The command that chooses what edits are compared with, until the window is closed or the setting is changed. */
import * as vscode from 'vscode';
import type { LensContext } from './context.ts';

interface Choice extends vscode.QuickPickItem {
  readonly baseline: string;
}

const CHOICES: readonly Choice[] = [
  { baseline: 'head', label: 'Git HEAD', description: 'the commit that is checked out' },
  { baseline: 'mergeBase', label: 'Merge base', description: 'all that has changed since the main branch' },
  { baseline: 'saved', label: 'Saved files', description: 'only what is not saved yet' },
  { baseline: 'now', label: 'Now', description: 'what changes from this moment on' },
  { baseline: 'lastBuild', label: 'Last build', description: 'what BitBake hashed when it last ran' },
];

export function activate({ subscriptions, client }: LensContext): void {
  subscriptions.push(
    vscode.commands.registerCommand('sstateLens.compareWith', async () => {
      const choice = await vscode.window.showQuickPick(CHOICES, { placeHolder: 'Compare hashes with …' });
      if (choice) await client.sendRequest('sstateLens/compareWith', { kind: choice.baseline });
    }),
  );
}
