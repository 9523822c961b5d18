/** The bundled language server as the benchmarks start it, with an editor's end of the connection to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createMessageConnection, type MessageConnection } from 'vscode-languageserver/node';

export interface RunningServer {
  readonly process: ChildProcess;
  readonly connection: MessageConnection;
  /** @param refreshes whether lenses may come later; else they are only told when they are those of the present text */
  initialize(refreshes: boolean, initializationOptions?: object): Promise<void>;
  /** Shuts it down, and waits until it is gone. */
  end(): Promise<void>;
}

/** @param cache where results are kept */
export function startServer(dist: string, buildDir: string, cache: string): RunningServer {
  const command = [join(dist, 'sstate-lens.mjs'), 'server', '--stdio'];
  const args = [...command, '--build-dir', buildDir, '--cache-dir', cache];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const connection = createMessageConnection(child.stdout, child.stdin);
  connection.onRequest('window/workDoneProgress/create', () => null);
  connection.onRequest('workspace/codeLens/refresh', () => null);
  return {
    process: child,
    connection,
    async initialize(refreshes, initializationOptions) {
      await connection.sendRequest('initialize', {
        processId: process.pid,
        rootUri: null,
        workspaceFolders: [{ uri: pathToFileURL(buildDir).href, name: 'build' }],
        initializationOptions,
        capabilities: {
          window: { workDoneProgress: true },
          workspace: { codeLens: { refreshSupport: refreshes } },
        },
      });
      await connection.sendNotification('initialized', {});
    },
    async end() {
      await connection.sendRequest('shutdown');
      await connection.sendNotification('exit');
      await ended;
      connection.dispose();
    },
  };
}
