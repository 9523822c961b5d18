/**
 * An editor as the server sees it: starts the bundled command, speaks LSP over its standard input and output, and
 * remembers what it is told. Files are edited in a copy of the sample workspace that is a git repository.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type {
  CodeLens,
  Diagnostic,
  Hover,
  InitializeParams,
  InitializeResult,
  PublishDiagnosticsParams,
} from 'vscode-languageserver/node';
import { createMessageConnection, type MessageConnection } from 'vscode-languageserver/node';

const ROOT = join(import.meta.dirname, '../..');
const SAMPLE = join(ROOT, 'samples/workspace');

export interface Status {
  readonly state: string;
  readonly text: string;
  readonly tooltip?: string;
}

interface Progress {
  readonly token: unknown;
  readonly value: { readonly kind: string; readonly message?: string; readonly cancellable?: boolean };
}

/** A copy of the sample; with git, its first commit. */
export function sampleCopy({ git = true } = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-lsp-')));
  cpSync(SAMPLE, folder, { recursive: true, filter: (path) => !/\/build\/(?!conf)/.test(path) });
  if (git) {
    commit(folder, 'The sample workspace');
  }
  return folder;
}

/** Adds a machine to the sample, which is as the one it has by another name. */
export function addMachine(folder: string, name: string): void {
  const machines = join(folder, 'meta-sample/conf/machine');
  const conf = readFileSync(join(machines, 'samplebox.conf'), 'utf8');
  writeFileSync(join(machines, `${name}.conf`), conf.replaceAll('samplebox', name));
}

/** Commits all of a folder, whatever git is set up to do on this machine. */
export function commit(folder: string, message: string): void {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  const run = (...args: string[]) => execFileSync('git', args, { cwd: folder, env, stdio: 'ignore' });
  run('init');
  run('add', '.');
  run('-c', 'user.name=sample', '-c', 'user.email=sample@example.com', 'commit', '-m', message);
}

export class Editor {
  private readonly process: ChildProcess;
  private readonly connection: MessageConnection;
  readonly statuses: Status[] = [];
  readonly progress: string[] = [];
  readonly progressMessages: string[] = [];
  /** Cancels all progress that can be. */
  cancels = false;
  /** The progress that can be cancelled and began last. */
  private cancellable: unknown;
  readonly logged: string[] = [];
  /** How progress went on, and `changed` where the lenses that are shown may be outdated, in this order. */
  readonly told: string[] = [];
  refreshes = 0;
  hintRefreshes = 0;
  private readonly texts = new Map<string, { text: string; version: number }>();
  private readonly published = new Map<string, Diagnostic[]>();
  private readonly exited: Promise<number | null>;

  constructor(
    readonly folder: string,
    private readonly options: { command: string; args?: readonly string[]; refreshes?: boolean },
  ) {
    this.process = spawn(process.execPath, [options.command, 'server', '--stdio', ...(options.args ?? [])], {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.exited = new Promise((resolve) => this.process.on('exit', (code) => resolve(code)));
    this.process.stderr!.on('data', (data: Buffer) => this.logged.push(data.toString()));
    this.connection = createMessageConnection(this.process.stdout!, this.process.stdin!);
    this.connection.onNotification('sstateLens/status', (status: Status) => void this.statuses.push(status));
    this.connection.onNotification('window/logMessage', ({ message }: { message: string }) => {
      this.logged.push(message);
    });
    this.connection.onNotification(
      'textDocument/publishDiagnostics',
      ({ uri, diagnostics }: PublishDiagnosticsParams) => void this.published.set(uri, diagnostics),
    );
    this.connection.onNotification('$/progress', ({ token, value }: Progress) => {
      this.progress.push(value.kind);
      this.told.push(value.kind);
      if (value.message !== undefined) this.progressMessages.push(value.message);
      if (value.cancellable) this.cancellable = token;
      if (value.cancellable && this.cancels) void this.cancelProgress();
    });
    this.connection.onNotification('sstateLens/changed', () => void this.told.push('changed'));
    this.connection.onRequest('window/workDoneProgress/create', () => null);
    this.connection.onRequest('client/registerCapability', () => null);
    this.connection.onRequest('workspace/codeLens/refresh', () => {
      this.refreshes++;
      return null;
    });
    this.connection.onRequest('workspace/inlayHint/refresh', () => {
      this.hintRefreshes++;
      return null;
    });
    this.connection.listen();
  }

  /** @param more capabilities, in place of the usual ones of the same name */
  async initialize(
    initializationOptions?: unknown,
    folders = [this.folder],
    more: InitializeParams['capabilities'] = {},
  ): Promise<InitializeResult> {
    const result = await this.connection.sendRequest<InitializeResult>('initialize', {
      processId: process.pid,
      rootUri: null,
      workspaceFolders: folders.map((path) => ({ uri: pathToFileURL(path).href, name: 'sample' })),
      initializationOptions,
      capabilities: {
        window: { workDoneProgress: true },
        workspace: {
          codeLens: { refreshSupport: this.options.refreshes === true },
          inlayHint: { refreshSupport: this.options.refreshes === true },
          ...more.workspace,
        },
        textDocument: { publishDiagnostics: { relatedInformation: true }, ...more.textDocument },
      },
    });
    await this.connection.sendNotification('initialized', {});
    return result;
  }

  uri(path: string): string {
    return pathToFileURL(join(this.folder, path)).href;
  }

  text(path: string): string {
    return this.texts.get(path)?.text ?? readFileSync(join(this.folder, path), 'utf8');
  }

  async open(path: string, text = readFileSync(join(this.folder, path), 'utf8')): Promise<void> {
    this.texts.set(path, { text, version: 1 });
    await this.connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri: this.uri(path), languageId: 'bitbake', version: 1, text },
    });
  }

  /** Replaces the first occurrence of a text, as an incremental change. */
  async replace(path: string, old: string, replacement: string): Promise<void> {
    const { text, version } = this.texts.get(path)!;
    const at = text.indexOf(old);
    if (at < 0) throw new Error(`${path} has no ${old}`);
    const position = (offset: number) => {
      const before = text.slice(0, offset).split('\n');
      return { line: before.length - 1, character: before.at(-1)!.length };
    };
    const next = text.slice(0, at) + replacement + text.slice(at + old.length);
    this.texts.set(path, { text: next, version: version + 1 });
    await this.connection.sendNotification('textDocument/didChange', {
      textDocument: { uri: this.uri(path), version: version + 1 },
      contentChanges: [{ range: { start: position(at), end: position(at + old.length) }, text: replacement }],
    });
  }

  async close(path: string): Promise<void> {
    this.texts.delete(path);
    await this.connection.sendNotification('textDocument/didClose', {
      textDocument: { uri: this.uri(path) },
    });
  }

  async closeAll(): Promise<void> {
    for (const path of [...this.texts.keys()]) await this.close(path);
  }

  /** The lenses of a document as `line: title`, lines counted from 1. */
  async lenses(path: string): Promise<string[]> {
    return (await this.codeLenses(path)).map(({ range, command }) => {
      return `${range.start.line + 1}: ${command!.title}`;
    });
  }

  async codeLenses(path: string): Promise<CodeLens[]> {
    return this.connection.sendRequest<CodeLens[]>('textDocument/codeLens', {
      textDocument: { uri: this.uri(path) },
    });
  }

  /** The hover over the first occurrence of a text, `inside` characters into it. */
  async hover(path: string, text: string, inside = 0): Promise<string | undefined> {
    const before = this.text(path)
      .slice(0, this.text(path).indexOf(text) + inside)
      .split('\n');
    const answer = await this.connection.sendRequest<Hover | null>('textDocument/hover', {
      textDocument: { uri: this.uri(path) },
      position: { line: before.length - 1, character: before.at(-1)!.length },
    });
    return (answer?.contents as { value: string } | undefined)?.value;
  }

  /** The diagnostics of a document in its present state. */
  async diagnostics(path: string): Promise<Diagnostic[]> {
    // Answered once the document's present state has been computed and told.
    await this.codeLenses(path);
    return this.published.get(this.uri(path)) ?? [];
  }

  /** `line: severity: message`, lines counted from 1. */
  async problems(path: string): Promise<string[]> {
    const severities = ['', 'error', 'warning', 'information'];
    return (await this.diagnostics(path)).map(
      ({ range, severity, message }) => `${range.start.line + 1}: ${severities[severity ?? 0]}: ${message}`,
    );
  }

  /** Cancels what began last of what can be. */
  cancelProgress(): Promise<void> {
    return this.notify('window/workDoneProgress/cancel', { token: this.cancellable });
  }

  request<T>(method: string, params: unknown): Promise<T> {
    return this.connection.sendRequest<T>(method, params);
  }

  notify(method: string, params: unknown): Promise<void> {
    return this.connection.sendNotification(method, params);
  }

  /** Asks until the answer fulfils a wish; the last answer where it never does. */
  async until<T>(ask: () => T | Promise<T>, wish: (answer: T) => boolean): Promise<T> {
    for (let tries = 0; ; tries++) {
      const answer = await ask();
      if (wish(answer) || tries > 800) return answer;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** @returns the exit code */
  async end(): Promise<number | null> {
    await this.connection.sendRequest('shutdown');
    await this.connection.sendNotification('exit');
    return this.exited;
  }

  /** What the kernel does when memory runs out. */
  killEvaluators(): void {
    const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(this.process.pid)], {
      encoding: 'utf8',
    });
    for (const pid of children.trim().split(/\s+/)) process.kill(Number(pid), 'SIGKILL');
  }

  /** Ends it the hard way, as when a test fails. */
  kill(): void {
    this.process.kill('SIGKILL');
    this.connection.dispose();
  }
}
