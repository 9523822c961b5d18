/** The command that chooses which multiconfig's hashes are shown, until the window is closed. */
import * as vscode from 'vscode';
import type { LensContext } from './context.ts';
import { told } from './subject.ts';

interface Multiconfigs {
  readonly multiconfig: string;
  readonly multiconfigs: readonly { readonly name: string; readonly machine?: string }[];
}

interface Choice extends vscode.QuickPickItem {
  readonly multiconfig: string;
}

export function activate({ client, subscriptions }: LensContext): void {
  subscriptions.push(
    vscode.commands.registerCommand(
      'sstateLens.selectMulticonfig',
      told(async () => {
        const { multiconfig: now, multiconfigs } = await client.sendRequest<Multiconfigs>(
          'sstateLens/multiconfigs',
          {},
        );
        if (multiconfigs.length < 2)
          throw new Error('This build has one configuration only: BBMULTICONFIG names no other.');
        const choices = multiconfigs.map(({ name, machine }): Choice => ({
          label: name || 'The plain configuration',
          multiconfig: name,
          description: [machine, ...(name === now ? ['now'] : [])].filter(Boolean).join(' · '),
        }));
        const choice = await vscode.window.showQuickPick(choices, {
          placeHolder: 'Of which configuration are the hashes that are shown?',
        });
        if (!choice) return;
        await client.sendRequest('sstateLens/selectMulticonfig', { multiconfig: choice.multiconfig });
      }),
    ),
  );
}
