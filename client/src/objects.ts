/**
 * The command that looks for sstate objects: says what it is going to ask, asks the server (`sstateLens/sstate`), and
 * lists the verdicts. Progress, and a way to cancel it, come from the server.
 */
import * as vscode from 'vscode';
import type { LensContext } from './context.ts';
import { told } from './subject.ts';

interface Found {
  readonly targets: readonly string[];
  readonly summary: readonly string[];
  readonly tasks: readonly {
    readonly task: string;
    readonly verdict: string;
    readonly outcome: string;
    readonly equivalent?: boolean;
    readonly object?: string;
    readonly uri?: string;
    readonly reason?: string;
  }[];
  readonly problems: readonly string[];
}

interface Where extends vscode.QuickPickItem {
  readonly servers: boolean;
}

const WHERE: readonly Where[] = [
  {
    label: 'Local directories only',
    detail: 'SSTATE_DIR, mirrors that are directories, and the local hash equivalence database. No network.',
    servers: false,
  },
  {
    label: 'Mirrors and servers, too',
    detail: 'Also asks the servers that SSTATE_MIRRORS, BB_HASHSERVE and BB_HASHSERVE_UPSTREAM name, once.',
    servers: true,
  },
];

/** Whether servers may be asked; undefined: nothing is to be asked at all. */
export async function askServers(placeHolder: string): Promise<boolean | undefined> {
  return (await vscode.window.showQuickPick(WHERE, { placeHolder }))?.servers;
}

export function activate(lens: LensContext): void {
  lens.subscriptions.push(
    vscode.commands.registerCommand(
      'sstateLens.lookForObjects',
      told(() => look(lens)),
    ),
  );
}

async function look({ client, output }: LensContext): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) throw new Error('Open the recipe whose sstate objects you mean.');
  const servers = await askServers('Where to look for the sstate objects of the recipe');
  if (servers === undefined) return;
  const { targets, summary, tasks, problems } = await client.sendRequest<Found>('sstateLens/sstate', {
    textDocument: { uri: editor.document.uri.toString() },
    servers,
  });
  for (const problem of problems) output.warn(problem);
  const [first] = problems;
  if (first !== undefined) {
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more: see the output)` : '';
    void vscode.window.showWarningMessage(`sstate Lens: ${first}${more}`);
  }
  const items = tasks.map((task): vscode.QuickPickItem => {
    const detail = task.reason ?? task.uri ?? task.object;
    const verdict = `${task.verdict}${task.equivalent ? ', equal by unihash' : ''}`;
    return {
      label: task.task,
      // Of a task without an object of its own both are what becomes of it.
      description: verdict === task.outcome ? verdict : `${verdict} · ${task.outcome}`,
      ...(detail !== undefined && { detail }),
    };
  });
  await vscode.window.showQuickPick(items, {
    title: `A build of ${targets.join(' ')}`,
    placeHolder: summary[0] ?? 'BitBake looks for no objects here',
    matchOnDescription: true,
    matchOnDetail: true,
  });
}
