/**
 * What a click on a lens does: lists the tasks that the lens counts, goes to the one chosen, and copies a hash in
 * full. The list comes with the lens; nothing is asked of the server.
 */
import * as vscode from 'vscode';
import type { LensContext } from './context.ts';

interface TaskEntry {
  readonly name: string;
  /** In full, or why it is unknown. */
  readonly basehash: string;
  /** The baseline's, where it is another. */
  readonly previous?: string;
  /** Where there is a task graph. */
  readonly taskhash?: string;
  readonly uri?: string;
  /** Counted from 0. */
  readonly position?: { readonly line: number; readonly character: number };
}

interface TaskItem extends vscode.QuickPickItem {
  readonly task: TaskEntry;
}

const COPY: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon('copy'),
  tooltip: 'Copy the basehash',
};

export function activate(lens: LensContext): void {
  lens.subscriptions.push(vscode.commands.registerCommand('sstateLens.showTask', showTasks));
}

function showTasks(tasks: readonly TaskEntry[] = []): void {
  const pick = vscode.window.createQuickPick<TaskItem>();
  pick.placeholder = 'Task and basehash: choose one to go to where it is defined';
  pick.matchOnDescription = true;
  pick.items = tasks.map((task) => ({
    label: task.name,
    description: task.basehash,
    ...detailOf(task),
    buttons: [COPY],
    task,
  }));
  pick.onDidTriggerItemButton(({ item }) => void vscode.env.clipboard.writeText(item.task.basehash));
  pick.onDidAccept(() => {
    const task = pick.activeItems[0]?.task;
    pick.hide();
    if (task) void reveal(task);
  });
  pick.onDidHide(() => pick.dispose());
  pick.show();
}

function detailOf({ previous, taskhash }: TaskEntry): { detail?: string } {
  const parts = [
    ...(previous === undefined ? [] : [`was ${previous}`]),
    ...(taskhash === undefined ? [] : [`taskhash ${taskhash}`]),
  ];
  return parts.length > 0 ? { detail: parts.join(' · ') } : {};
}

async function reveal({ uri, position }: TaskEntry): Promise<void> {
  if (uri === undefined || position === undefined) return;
  const at = new vscode.Position(position.line, position.character);
  await vscode.window.showTextDocument(vscode.Uri.parse(uri), { selection: new vscode.Range(at, at) });
}
