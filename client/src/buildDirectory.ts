/** The command that chooses which build directory the server reads, among those in the workspace or any other. */
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import type { LensContext } from './context.ts';
import { BUILD_DIRECTORY, SECTION } from './settings.ts';

const CONFIGURATION = 'conf/bblayers.conf';
/** Enough for any workspace, few enough to stop the search early. */
const MOST = 50;

interface Choice extends vscode.QuickPickItem {
  /** Undefined: ask for a folder. Empty: let the server look. */
  readonly path: string | undefined;
}

export function activate(lens: LensContext): void {
  lens.subscriptions.push(
    vscode.commands.registerCommand('sstateLens.selectBuildDirectory', selectBuildDirectory),
  );
}

async function selectBuildDirectory(): Promise<void> {
  const found = await vscode.workspace.findFiles(`**/${CONFIGURATION}`, undefined, MOST);
  const choices: Choice[] = found
    .map(({ fsPath }) => dirname(dirname(fsPath)))
    .sort()
    .map((path) => ({ label: vscode.workspace.asRelativePath(path), description: path, path }));
  choices.push(
    { label: 'Find it', description: 'look for conf/bblayers.conf from the workspace folder on', path: '' },
    { label: 'Browse…', path: undefined },
  );
  const choice = await vscode.window.showQuickPick(choices, {
    placeHolder: 'Build directory: the folder with conf/bblayers.conf',
    matchOnDescription: true,
  });
  const path = choice && (choice.path ?? (await browse()));
  if (path === undefined) return;
  const target = vscode.workspace.workspaceFolders
    ? vscode.ConfigurationTarget.Workspace
    : vscode.ConfigurationTarget.Global;
  // The server hears of it as of any change of the settings.
  await vscode.workspace
    .getConfiguration(SECTION)
    .update(BUILD_DIRECTORY, path === '' ? undefined : path, target);
  if (path !== '' && !vscode.workspace.isTrusted) await tellOfTrust(path);
}

/** In Restricted Mode the setting is kept, and left out: a choice without effect is not to go unsaid. */
async function tellOfTrust(path: string): Promise<void> {
  const manage = 'Manage Workspace Trust';
  const answer = await vscode.window.showWarningMessage(
    `${path} is noted in the workspace's settings, which count once the workspace is trusted. ` +
      `To use it in Restricted Mode, name it in your own settings (${SECTION}.${BUILD_DIRECTORY}).`,
    manage,
  );
  if (answer === manage) await vscode.commands.executeCommand('workbench.trust.manage');
}

async function browse(): Promise<string | undefined> {
  const folders = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    canSelectMany: false,
    openLabel: 'Use as build directory',
  });
  const folder = folders?.[0];
  if (folder === undefined) return undefined;
  try {
    await vscode.workspace.fs.stat(vscode.Uri.joinPath(folder, CONFIGURATION));
    return folder.fsPath;
  } catch {
    void vscode.window.showErrorMessage(
      `${folder.fsPath} has no ${CONFIGURATION}: choose the folder that BitBake is started in.`,
    );
    return undefined;
  }
}
