/** Starts and restarts the language server, and shows what it has to say. */
import * as vscode from 'vscode';
import type { LensContext } from './context.ts';

export async function activate(lens: LensContext): Promise<void> {
  lens.subscriptions.push(
    vscode.commands.registerCommand('sstateLens.restart', async () => {
      lens.output.info('restarting the language server');
      if (lens.client.isRunning()) await lens.client.restart();
      else await lens.client.start();
    }),
    vscode.commands.registerCommand('sstateLens.showOutput', () => lens.output.show(true)),
  );
  try {
    await lens.client.start();
  } catch (error) {
    // The status bar says so too; the commands above stay, so that the user can try again.
    lens.output.error('the language server did not start', error);
  }
}
