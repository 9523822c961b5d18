/** The command that chooses MACHINE until the window is closed, and the menu of the status bar that leads to it. */
import * as vscode from 'vscode';
import type { LensContext } from './context.ts';
import { told } from './subject.ts';

interface Entry extends vscode.QuickPickItem {
  readonly command: string;
}

const MENU: readonly Entry[] = [
  { label: '$(circuit-board) Select Machine…', command: 'sstateLens.selectMachine' },
  { label: '$(versions) Select Multiconfig…', command: 'sstateLens.selectMulticonfig' },
  { label: '$(diff) Compare With…', command: 'sstateLens.compareWith' },
  { label: '$(folder) Select Build Directory…', command: 'sstateLens.selectBuildDirectory' },
  { label: '$(refresh) Restart Language Server', command: 'sstateLens.restart' },
  { label: '$(output) Show Output', command: 'sstateLens.showOutput' },
];

interface Choice extends vscode.QuickPickItem {
  /** Undefined: as the configuration has it. */
  readonly machine: string | undefined;
}

export function activate({ client, subscriptions }: LensContext): void {
  subscriptions.push(
    vscode.commands.registerCommand('sstateLens.showMenu', async () => {
      const entry = await vscode.window.showQuickPick(MENU, { placeHolder: 'sstate Lens' });
      if (entry) await vscode.commands.executeCommand(entry.command);
    }),
    vscode.commands.registerCommand(
      'sstateLens.selectMachine',
      told(async () => {
        const choices = await machineChoices(client);
        choices.unshift({ label: 'As the build is configured', machine: undefined });
        const choice = await vscode.window.showQuickPick(choices, {
          placeHolder: 'MACHINE, as if it were set in the environment of BitBake',
        });
        if (choice) await select(choice.machine);
      }),
    ),
  );

  async function select(wanted: string | undefined): Promise<void> {
    const { machine } = await client.sendRequest<{ machine?: string }>('sstateLens/selectMachine', {
      machine: wanted,
    });
    if (wanted === undefined || wanted === machine) return;
    void vscode.window.showWarningMessage(
      `MACHINE is ${machine ?? 'unknown'} all the same: the configuration sets it for good. ` +
        'In local.conf, set it with ??= to have the environment count.',
    );
  }
}

/** One of the machines that layers have, the present one first. @param but one that is left out */
export async function askMachine(
  { client }: LensContext,
  placeHolder: string,
  but?: string,
): Promise<string | undefined> {
  const choices = (await machineChoices(client)).filter(({ machine }) => machine !== but);
  if (choices.length === 0)
    throw new Error('The layers have no other machine: each is a file in conf/machine of a layer.');
  choices.sort((a, b) => Number(b.description !== undefined) - Number(a.description !== undefined));
  return (await vscode.window.showQuickPick(choices, { placeHolder }))?.machine;
}

async function machineChoices(client: LensContext['client']): Promise<Choice[]> {
  const { machine, machines } = await client.sendRequest<{ machine?: string; machines: string[] }>(
    'sstateLens/machines',
    {},
  );
  return machines.map((name) => ({
    label: name,
    machine: name,
    ...(name === machine && { description: 'now' }),
  }));
}
