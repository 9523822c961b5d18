/**
 * The view of how two signatures differ, and the commands that choose which two: a task's and the baseline's, those in
 * two files, those of a recipe for two machines.
 */
import * as vscode from 'vscode';
import type { LensContext } from './context.ts';
import { askMachine } from './machine.ts';
import { askServers } from './objects.ts';
import { type Outline, OutlineView } from './outline.ts';
import { askSubject, type Subject, told } from './subject.ts';

export function activate(lens: LensContext): void {
  const { client, subscriptions } = lens;
  /** What was asked for last, and whether the answer is another after each edit. */
  let wanted: { readonly ask: () => Promise<Outline>; readonly live: boolean } | undefined;
  const view = new OutlineView('sstateLens.difference', async () => wanted?.ask());
  const compare = (params: object, live: boolean) => show('differenceOutline', params, live);
  const show = async (method: string, params: object, live: boolean) => {
    wanted = { ask: () => client.sendRequest<Outline>(`sstateLens/${method}`, params), live };
    await vscode.commands.executeCommand('setContext', 'sstateLens.hasDifference', true);
    await vscode.commands.executeCommand('sstateLens.difference.focus');
    await view.refresh();
    await view.focus();
  };
  subscriptions.push(
    view,
    lens.onDidChange(() => {
      if (wanted?.live) void view.refresh();
    }),
    vscode.commands.registerCommand(
      'sstateLens.compareTask',
      told(async () => {
        const subject = await askSubject(lens);
        if (subject) await compare(subject, true);
      }),
    ),
    vscode.commands.registerCommand(
      'sstateLens.showObject',
      told(async (clicked?: Subject) => {
        const subject = clicked ?? (await askSubject(lens));
        // A click on a mark is no reason to ask the network.
        const servers = clicked || !subject ? false : await askServers(`Where to look for ${subject.task}`);
        if (subject && servers !== undefined) await show('whyMissing', { ...subject, servers }, false);
      }),
    ),
    vscode.commands.registerCommand(
      'sstateLens.compareFiles',
      told(async () => {
        const before = await askFile('the earlier one');
        const after = before && (await askFile('the later one', before));
        if (before && after) await compare({ before: before.fsPath, after: after.fsPath }, false);
      }),
    ),
    vscode.commands.registerCommand(
      'sstateLens.compareMachines',
      told(async () => {
        const uri = vscode.window.activeTextEditor?.document.uri.toString();
        if (uri === undefined) throw new Error('Open the recipe that you mean.');
        const first = await askMachine(lens, 'The machine to compare with');
        const second = first && (await askMachine(lens, `Compare ${first} with`, first));
        if (!second) return;
        const location = vscode.ProgressLocation.Window;
        const title = `sstate Lens: comparing ${first} and ${second}`;
        await vscode.window.withProgress({ location, title }, () =>
          compare({ textDocument: { uri }, machines: [first, second] }, false),
        );
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
