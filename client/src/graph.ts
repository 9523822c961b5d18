/**
 * The dependency graph beside the editor: a webview that is given what to draw and says what to open. It may load its
 * own script and style, and nothing else.
 */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { LensContext } from './context.ts';
import { askSubject, type Subject, told } from './subject.ts';

interface Graph {
  readonly title: string;
  readonly nodes: readonly unknown[];
}

/** What the webview says. */
type Message =
  | { readonly type: 'ready' }
  | {
      readonly type: 'open';
      readonly uri: string;
      readonly range?: { readonly start: { readonly line: number; readonly character: number } };
    };

type Of = 'variables' | 'tasks';

export function activate(lens: LensContext): void {
  const show = (of: Of) =>
    told(async () => {
      const subject = await askSubject(lens);
      if (subject) await open(subject, of, lens);
    });
  lens.subscriptions.push(
    vscode.commands.registerCommand('sstateLens.showVariableGraph', show('variables')),
    vscode.commands.registerCommand('sstateLens.showTaskGraph', show('tasks')),
  );
}

async function open(subject: Subject, of: Of, lens: LensContext): Promise<void> {
  const { client, extension } = lens;
  const ask = () => client.sendRequest<Graph>('sstateLens/dependencyGraph', { ...subject, of });
  let graph = await ask();
  const dist = vscode.Uri.joinPath(extension.extensionUri, 'dist');
  const panel = vscode.window.createWebviewPanel('sstateLens.graph', graph.title, vscode.ViewColumn.Beside, {
    enableScripts: true,
    localResourceRoots: [dist],
    enableForms: false,
  });
  const { webview } = panel;
  webview.onDidReceiveMessage((message: Message) => {
    if (message.type === 'ready') void webview.postMessage(graph);
    else void reveal(message.uri, message.range?.start);
  });
  const changes = lens.onDidChange(async () => {
    try {
      graph = await ask();
      await webview.postMessage(graph);
    } catch {
      // The file may be closed, or be no recipe any more: what was known stays.
    }
  });
  panel.onDidDispose(() => changes.dispose());
  webview.html = page(webview, dist);
}

async function reveal(uri: string, start = { line: 0, character: 0 }): Promise<void> {
  const at = new vscode.Position(start.line, start.character);
  const selection = new vscode.Range(at, at);
  await vscode.window.showTextDocument(vscode.Uri.parse(uri), {
    selection,
    viewColumn: vscode.ViewColumn.One,
  });
}

function page(webview: vscode.Webview, dist: vscode.Uri): string {
  const nonce = randomBytes(16).toString('base64');
  const script = webview.asWebviewUri(vscode.Uri.joinPath(dist, 'graph.js')).toString();
  const style = webview.asWebviewUri(vscode.Uri.joinPath(dist, 'graph.css')).toString();
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" href="${style}">
<title>sstate Lens</title>
</head>
<body>
<header>
<h1 id="title"></h1>
<input id="search" type="search" placeholder="Search ( / )" aria-label="Search by name; Enter goes to the next">
<span id="found" role="status"></span>
<button id="open-all">Expand all</button>
<button id="close-all">Collapse all</button>
</header>
<div id="scroller"><svg id="graph" role="tree"></svg></div>
<aside id="details" aria-label="The selected node" aria-live="polite"></aside>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
