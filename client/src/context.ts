/**
 * What every feature of the client is given: the language client, the output channel, and the list of what is
 * disposed of with the extension. Holds no state of any feature.
 */
import * as vscode from 'vscode';
import { LanguageClient, TransportKind } from 'vscode-languageclient/node';
import { middleware } from './fixes.ts';
import { SECTION, settings } from './settings.ts';

export class LensContext {
  readonly subscriptions: vscode.Disposable[];
  readonly output: vscode.LogOutputChannel;
  readonly client: LanguageClient;
  private readonly changes = new vscode.EventEmitter<void>();
  /** What the server has told may be otherwise now (`sstateLens/changed`). */
  readonly onDidChange = this.changes.event;

  constructor(readonly extension: vscode.ExtensionContext) {
    this.subscriptions = extension.subscriptions;
    this.output = vscode.window.createOutputChannel('sstate Lens', { log: true });
    this.subscriptions.push(this.output);
    this.client = new LanguageClient(
      // The language client looks for `trace.server` in the section named like this.
      SECTION,
      'sstate Lens',
      {
        // As any other editor starts it, but with the extension host's own Node, which may be an Electron. The
        // language client adds `--stdio`.
        command: process.execPath,
        args: [
          ...[extension.asAbsolutePath('dist/sstate-lens.mjs'), 'server'],
          ...['--cache-dir', extension.globalStorageUri.fsPath],
        ],
        transport: TransportKind.stdio,
        options: { env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' } },
      },
      {
        documentSelector: [{ language: 'bitbake', scheme: 'file' }],
        outputChannel: this.output,
        initializationOptions: settings,
        middleware,
      },
    );
    // The language client keeps one handler for each notification: the features share this one.
    this.subscriptions.push(
      this.changes,
      this.client.onNotification('sstateLens/changed', () => this.changes.fire()),
    );
  }
}
