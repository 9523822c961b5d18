/**
 * The language server: one client over standard input and output. Converts between the protocol and `Session`, and
 * nothing else. Standard output is the protocol alone; what there is to say goes to the client's log.
 */
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type CancellationToken,
  CodeActionKind,
  CodeLensRefreshRequest,
  createConnection,
  DidChangeConfigurationNotification,
  InlayHintRefreshRequest,
  type InitializeParams,
  type InitializeResult,
  LSPErrorCodes,
  ProposedFeatures,
  ResponseError,
  TextDocuments,
  TextDocumentSyncKind,
  type WorkDoneProgressServerReporter,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { cacheDirectory } from '../host/diskCache.ts';
import { buildDirectoryOfShell, findBuildDirectory, isBuildDirectory } from '../host/buildDirectory.ts';
import { growSlowly } from '../host/heapMemory.ts';
import { withMachine } from '../metadata/environment.ts';
import { type ActionClient, actionClient, codeActions, resolveCodeAction } from './codeAction.ts';
import { codeLens } from './codeLens.ts';
import { DEPENDENCY_GRAPH, dependencyGraph } from './dependencyRequests.ts';
import { DIFFERENCE, difference } from './differenceRequests.ts';
import { GRAPH_REQUESTS } from './graphRequests.ts';
import { hover } from './hover.ts';
import { inlayHint } from './inlayHint.ts';
import { MACHINES, machineNamed, SELECT_MACHINE } from './machine.ts';
import { MULTICONFIGS, multiconfigNamed, multiconfigsOf, SELECT_MULTICONFIG } from './multiconfig.ts';
import { OUTLINE_REQUESTS } from './outlineRequests.ts';
import { Session } from './session.ts';
import {
  isBaseline,
  readSettings,
  sameBuild,
  SECTION,
  severityOfChanges,
  type Settings,
} from './settings.ts';
import type { Progress } from './collectedRecipes.ts';
import { BASE_TEXT, BRANCHES, REVIEW, type Reviewing, Reviews } from './reviewRequests.ts';
import { type Looking, SSTATE, sstateAnswer } from './sstateRequest.ts';
import { missingAnswer, WHY_MISSING } from './whyMissingRequest.ts';
import { noBuildDirectory, type Status, STATUS, wrongBuildDirectory } from './status.ts';
import { version } from '../../../package.json';

/**
 * A request of our own: `{ kind }` to null; from then on edits are compared with another baseline (`baseline.ts`). For
 * `now`, with the texts as they are at this moment.
 */
const COMPARE_WITH = 'sstateLens/compareWith';

export interface ServerOptions {
  readonly buildDir?: string;
  readonly bitbake?: string;
  /** Where results are kept for the next start; false: nowhere. */
  readonly cache?: string | false;
}

export function serveLanguage(options: ServerOptions): void {
  growSlowly();
  new LanguageServer(options).listen();
}

class LanguageServer {
  private readonly connection = createConnection(ProposedFeatures.all, process.stdin, process.stdout);
  private readonly texts = new TextDocuments(TextDocument);
  private session!: Session;
  private readonly reviews = new Reviews();
  private capabilities: InitializeParams['capabilities'] = {};
  /** The one that was chosen; undefined: the configuration's own. */
  private machine: string | undefined;
  private multiconfig = '';
  private actions: ActionClient = { resolves: false, annotates: false, creates: false };
  private folders: string[] = [];
  private settings: Settings = readSettings(undefined);
  private progress: Promise<WorkDoneProgressServerReporter> | undefined;

  constructor(private readonly options: ServerOptions) {}

  listen(): void {
    const { connection, texts } = this;
    connection.onInitialize((params) => this.initialize(params));
    connection.onInitialized(() => this.initialized());
    connection.onDidChangeConfiguration(({ settings }) => this.configurationChanged(settings));
    connection.onCodeLens(({ textDocument: { uri } }, token) =>
      answered(() => codeLens(uri, this.session, this.refreshes), token),
    );
    connection.onHover(({ textDocument: { uri }, position }, token) =>
      answered(() => hover(uri, position, this.session), token),
    );
    connection.languages.inlayHint.on(({ textDocument: { uri }, range }, token) =>
      answered(async () => (this.settings.inlayHints ? inlayHint(uri, range, this.session) : []), token),
    );
    connection.onCodeAction((params, token) =>
      answered(() => codeActions(params, this.session, this.actions, this.settings.confirmFixes), token),
    );
    connection.onCodeActionResolve((action, token) =>
      answered(
        () => resolveCodeAction(action, this.session, this.actions, this.settings.confirmFixes),
        token,
      ),
    );
    connection.onRequest(COMPARE_WITH, (params: unknown) => this.compareWith(params));
    for (const [method, answer] of [...GRAPH_REQUESTS, ...OUTLINE_REQUESTS]) {
      connection.onRequest(method, (params: unknown, token: CancellationToken) =>
        answered(() => answer(params, this.session), token),
      );
    }
    connection.onRequest(MACHINES, () => this.session.machines);
    connection.onRequest(SELECT_MACHINE, (params: unknown) => this.selectMachine(params));
    connection.onRequest(MULTICONFIGS, () => multiconfigsOf(this.session.evaluates));
    connection.onRequest(SELECT_MULTICONFIG, (params: unknown) => this.selectMulticonfig(params));
    connection.onRequest(DEPENDENCY_GRAPH, (params: unknown, token: CancellationToken) =>
      answered(() => dependencyGraph(params, this.session), token),
    );
    connection.onRequest(DIFFERENCE, (params: unknown, token: CancellationToken) =>
      answered(() => difference(params, this.session), token),
    );
    connection.onRequest(SSTATE, (params: unknown, token: CancellationToken) =>
      answered(() => sstateAnswer(params, this.session, () => this.looking(token)), token),
    );
    connection.onRequest(BRANCHES, () => this.reviews.branches(this.session));
    connection.onRequest(REVIEW, (params: unknown, token: CancellationToken) =>
      answered(() => this.reviews.review(params, this.session, () => this.reviewing(token)), token),
    );
    connection.onRequest(BASE_TEXT, (params: unknown) => this.reviews.baseText(params));
    connection.onRequest(WHY_MISSING, (params: unknown, token: CancellationToken) =>
      answered(() => missingAnswer(params, this.session, () => this.looking(token)), token),
    );
    connection.onShutdown(() => this.session?.close());
    texts.onDidOpen(({ document }) => {
      this.session.update(document, document.getText(), true);
      if (this.session.buildDir === undefined) this.openBuild();
    });
    texts.onDidChangeContent(({ document }) => {
      // The first version was told by its opening.
      if (this.session.documents.byUri(document.uri)?.version === document.version) return;
      this.session.update(document, document.getText(), false);
    });
    texts.onDidClose(({ document }) => this.session.closeDocument(document.uri));
    texts.listen(connection);
    connection.listen();
    // A bug must not take the server down, nor go unnoticed.
    process.on('uncaughtException', (error) => this.log(`this is a bug: ${error.stack ?? error.message}`));
    process.on('unhandledRejection', (reason) => this.log(`this is a bug: ${String(reason)}`));
  }

  private initialize(params: InitializeParams): InitializeResult {
    this.capabilities = params.capabilities;
    this.actions = actionClient(params.capabilities);
    this.settings = readSettings(params.initializationOptions);
    const uris = params.workspaceFolders?.map(({ uri }) => uri) ?? (params.rootUri ? [params.rootUri] : []);
    this.folders = uris.filter((uri) => uri.startsWith('file:')).map((uri) => fileURLToPath(uri));
    const related = params.capabilities.textDocument?.publishDiagnostics?.relatedInformation === true;
    this.session = new Session(
      {
        status: (status) => this.tell(status),
        publish: (diagnostics) => void this.connection.sendDiagnostics(diagnostics),
        refresh: () => this.refresh(),
        log: (message) => this.log(message),
        collecting: (total) => this.collecting(total),
      },
      related,
      this.folders,
    );
    void this.applySettings();
    return {
      serverInfo: { name: 'sstate-lens', version },
      capabilities: {
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
        codeLensProvider: { resolveProvider: false },
        hoverProvider: true,
        inlayHintProvider: true,
        codeActionProvider: {
          codeActionKinds: [CodeActionKind.QuickFix, CodeActionKind.RefactorRewrite],
          resolveProvider: true,
        },
      },
    };
  }

  private async initialized(): Promise<void> {
    if (this.capabilities.workspace?.didChangeConfiguration?.dynamicRegistration) {
      await this.connection.client.register(DidChangeConfigurationNotification.type, { section: SECTION });
    }
    this.openBuild();
  }

  private async configurationChanged(sent: unknown): Promise<void> {
    const value = this.capabilities.workspace?.configuration
      ? ((await this.connection.workspace.getConfiguration(SECTION)) as unknown)
      : (sent as Record<string, unknown> | undefined)?.[SECTION];
    const settings = readSettings(value);
    const known = this.settings;
    this.settings = settings;
    await this.applySettings(known);
    if (sameBuild(settings, known)) return;
    this.session.close();
    this.openBuild();
  }

  /** Those that need nothing to be read anew. */
  private async applySettings(known?: Settings): Promise<void> {
    const { session, settings } = this;
    session.setSeverity(severityOfChanges(settings));
    session.setObjectsMode(settings.objects);
    if (known && known.inlayHints !== settings.inlayHints) this.refresh();
    const { kind, branch } = settings.baseline;
    if (kind !== known?.baseline.kind || branch !== known.baseline.branch)
      await session.compareWith(settings.baseline);
  }

  /** Opens the build directory that is named, or found from the folders or open documents; or says why not. */
  private openBuild(): void {
    const named = this.options.buildDir ?? this.settings.buildDirectory;
    if (named) {
      const candidates = [...this.folders, process.cwd()].map((folder) => resolve(folder, named));
      const path = candidates.find(isBuildDirectory);
      if (path === undefined) this.session.say(wrongBuildDirectory(candidates[0]!));
      else this.open(path);
      return;
    }
    const documents = this.session.documents.all().map(({ path }) => dirname(path));
    const starts = [...this.folders, ...documents];
    // Who starts an editor from a build's shell means that build, where it is one of the workspace.
    const path = [this.ofShell(), ...starts.map((start) => findBuildDirectory(start))].find(
      (found) => found !== undefined,
    );
    if (path === undefined) this.session.say(noBuildDirectory(this.folders));
    else this.open(path);
  }

  /** Only below a folder that is open: nothing else is read without a reason that the user sees. */
  private ofShell(): string | undefined {
    const path = buildDirectoryOfShell(process.env);
    return path !== undefined && this.folders.some((folder) => `${path}/`.startsWith(`${folder}/`))
      ? path
      : undefined;
  }

  private async selectMachine(params: unknown): Promise<{ machine?: string }> {
    this.machine = machineNamed(params);
    const path = this.session.buildDir;
    if (path !== undefined) this.open(path);
    const machine = await this.session.readMachine();
    return machine === undefined ? {} : { machine };
  }

  private async selectMulticonfig(params: unknown): Promise<{ multiconfig: string }> {
    const path = this.session.buildDir;
    this.multiconfig = await multiconfigNamed(params, this.session.evaluates);
    if (path !== undefined) this.open(path);
    const { multiconfig } = await multiconfigsOf(this.session.evaluates);
    return { multiconfig };
  }

  private open(path: string): void {
    const { options, settings } = this;
    this.log(`build directory: ${path}`);
    const cache = options.cache === false ? undefined : (options.cache ?? cacheDirectory(process.env));
    const environment = withMachine({ ...process.env, ...settings.environment }, this.machine);
    this.session.open(path, options.bitbake, environment, settings.taskGraph, cache, this.multiconfig);
  }

  /** Until the settings say otherwise. */
  private async compareWith(params: unknown): Promise<null> {
    const { kind } = (params ?? {}) as { kind?: unknown };
    const { baseline } = this.settings;
    await this.session.compareWith(isBaseline(kind) ? { ...baseline, kind } : baseline);
    return null;
  }

  private async collecting(total: number): Promise<Progress> {
    const progress = await this.connection.window.createWorkDoneProgress();
    progress.begin('sstate Lens: evaluating all recipes', 0, `0 of ${total}`, true);
    let last = 0;
    return {
      report: (done, of, path) => {
        const percentage = Math.floor((100 * done) / of);
        const name = path.slice(path.lastIndexOf('/') + 1);
        if (percentage > last) progress.report((last = percentage), `${done} of ${of}: ${name}`);
      },
      end: () => progress.done(),
      get cancelled() {
        return progress.token.isCancellationRequested;
      },
    };
  }

  private async looking(request: CancellationToken): Promise<Looking> {
    const { progress, signal } = await this.working('sstate Lens: looking for objects', request);
    let last = -1;
    return {
      report(done, total) {
        const percentage = Math.floor((100 * done) / total);
        if (percentage > last) progress.report((last = percentage), `${done} of ${total}`);
      },
      end: () => progress.done(),
      signal,
    };
  }

  private async reviewing(request: CancellationToken): Promise<Reviewing> {
    const { progress, signal } = await this.working('sstate Lens: reviewing changes', request);
    return { say: (what) => progress.report(what), end: () => progress.done(), signal };
  }

  /** Progress that the user can cancel. @param request cancels as well */
  private async working(title: string, request: CancellationToken) {
    const cancelling = new AbortController();
    const cancel = () => cancelling.abort(new Error('that was cancelled'));
    request.onCancellationRequested(cancel);
    const progress = await this.connection.window.createWorkDoneProgress();
    progress.begin(title, 0, undefined, true);
    progress.token.onCancellationRequested(cancel);
    return { progress, signal: cancelling.signal };
  }

  private tell(status: Status): void {
    void this.connection.sendNotification(STATUS, status);
    if (status.state === 'error') this.log(`${status.text}. ${status.tooltip ?? ''}`);
    if (status.state === 'loading') {
      this.progress ??= this.connection.window.createWorkDoneProgress().then((progress) => {
        progress.begin('sstate Lens', undefined, status.text);
        return progress;
      });
    } else {
      void this.progress?.then((progress) => progress.done());
      this.progress = undefined;
    }
  }

  private get refreshes(): boolean {
    return this.capabilities.workspace?.codeLens?.refreshSupport === true;
  }

  private refresh(): void {
    void this.connection.sendNotification('sstateLens/changed');
    if (this.capabilities.workspace?.inlayHint?.refreshSupport === true)
      this.connection.sendRequest(InlayHintRefreshRequest.type).catch(() => undefined);
    if (this.refreshes) this.connection.sendRequest(CodeLensRefreshRequest.type).catch(() => undefined);
  }

  private log(message: string): void {
    this.connection.console.log(message);
  }
}

/** A request's answer, or that it was cancelled while it was worked on. */
async function answered<T>(
  work: () => Promise<T>,
  token: CancellationToken,
): Promise<T | ResponseError<void>> {
  const cancelled = () => new ResponseError<void>(LSPErrorCodes.RequestCancelled, 'cancelled');
  if (token.isCancellationRequested) return cancelled();
  return new Promise((done, fail) => {
    token.onCancellationRequested(() => done(cancelled()));
    work().then(done, fail);
  });
}
