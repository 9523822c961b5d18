/**
 * How long an editor waits: from the start of a server that finds what an earlier one has left to the first lens, for a
 * hover over a variable, and from a keystroke to the diagnostics of its edit. Speaks LSP with the bundled command, as an
 * editor does. Bundled and run by `bench.mjs`.
 */
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { CodeLens, Hover } from 'vscode-languageserver/node';
import { candidates } from '../server/src/engine/targets.ts';
import { type RunningServer, startServer } from './benchServer.ts';
import { openPool } from './benchWorkspace.ts';

export interface EditorTimes {
  /** Milliseconds, of each run. */
  readonly firstLens: readonly number[];
  readonly hovers: readonly number[];
  /** One right after the other, and as they are typed. */
  readonly edits: readonly number[];
  readonly typed: readonly number[];
}

/** How long the lens of a start is waited for at most. */
const LONGEST_MILLISECONDS = 60_000;
const WARM_UP = 10;
/** Between one edit's diagnostics and the next edit. */
const TYPING_MILLISECONDS = 100;

/** @param cache where results are kept; what an earlier run left there is used */
export async function editorTimes(
  dist: string,
  buildDir: string,
  recipe: string,
  cache: string,
  starts: number,
  edits: number,
): Promise<EditorTimes> {
  const path = await recipeFile(dist, buildDir, recipe);
  await firstLens(dist, buildDir, path, cache);
  const times: number[] = [];
  for (let start = 0; start < starts; start++) times.push(await firstLens(dist, buildDir, path, cache));
  const server = new Server(dist, buildDir, path, cache, false);
  try {
    await server.open();
    await server.hover();
    const hovers: number[] = [];
    for (let run = 0; run < edits; run++) hovers.push(await timed(() => server.hover()));
    const latencies: number[] = [];
    for (let edit = 0; edit < WARM_UP + edits; edit++) latencies.push(await timed(() => server.edit(edit)));
    const typed: number[] = [];
    for (let edit = 0; edit < edits; edit++) {
      await setTimeout(TYPING_MILLISECONDS);
      typed.push(await timed(() => server.edit(WARM_UP + edits + edit)));
    }
    return { firstLens: times, hovers, edits: latencies.slice(WARM_UP), typed };
  } finally {
    await server.end();
  }
}

async function recipeFile(dist: string, buildDir: string, recipe: string): Promise<string> {
  const { workspace } = openPool(dist, buildDir, 1);
  try {
    const path = candidates(recipe, await workspace.summary())[0];
    if (path === undefined) throw new Error(`no recipe ${recipe} in ${buildDir}`);
    return path;
  } finally {
    workspace.dispose();
  }
}

/** From the start of the process to a lens with a hash. */
async function firstLens(dist: string, buildDir: string, path: string, cache: string): Promise<number> {
  const start = performance.now();
  const server = new Server(dist, buildDir, path, cache, true);
  try {
    await server.open();
    while (!(await server.lenses()).some((title) => / [0-9a-f]{8}/.test(title))) {
      if (performance.now() - start > LONGEST_MILLISECONDS) throw new Error(`no lens for ${path}`);
    }
    const time = performance.now() - start;
    // All that belongs to it is computed, and so kept.
    await server.hover();
    return time;
  } finally {
    await server.end();
  }
}

async function timed(action: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

class Server {
  private readonly server: RunningServer;
  private readonly uri: string;
  private readonly text: string;
  private readonly line: number;
  private shown = '';
  private version = 1;

  constructor(
    dist: string,
    buildDir: string,
    path: string,
    cache: string,
    /** Whether lenses may come later; else they are only told when they are those of the present text. */
    private readonly refreshes: boolean,
  ) {
    this.server = startServer(dist, buildDir, cache);
    this.uri = pathToFileURL(path).href;
    this.text = readFileSync(path, 'utf8');
    this.line = Math.max(
      0,
      this.text.split('\n').findIndex((line) => /^\w+ *[?:+.]*= *"/.test(line)),
    );
    this.server.connection.listen();
  }

  async open(): Promise<void> {
    await this.server.initialize(this.refreshes);
    const textDocument = { uri: this.uri, languageId: 'bitbake', version: 1, text: this.text };
    await this.server.connection.sendNotification('textDocument/didOpen', { textDocument });
  }

  async lenses(): Promise<string[]> {
    const textDocument = { uri: this.uri };
    const found = await this.server.connection.sendRequest<CodeLens[]>('textDocument/codeLens', {
      textDocument,
    });
    return found.map(({ command }) => command?.title ?? '');
  }

  async hover(): Promise<void> {
    const position = { line: this.line, character: 1 };
    const params = { textDocument: { uri: this.uri }, position };
    const found = await this.server.connection.sendRequest<Hover | null>('textDocument/hover', params);
    if (!found) throw new Error(`no hover on line ${this.line + 1} of ${this.uri}`);
  }

  /** Changes a hash, and waits for the lens that shows it: diagnostics have been published then. */
  async edit(count: number): Promise<void> {
    const text = `${this.text}\ndo_install:append() {\n    : edit ${count}\n}\n`;
    const textDocument = { uri: this.uri, version: ++this.version };
    await this.server.connection.sendNotification('textDocument/didChange', {
      textDocument,
      contentChanges: [{ text }],
    });
    const [head] = await this.lenses();
    if (!head?.includes('→') || head === this.shown)
      throw new Error(`edit ${count} changed no hash: ${head}`);
    this.shown = head;
  }

  async end(): Promise<void> {
    await this.server.end();
  }
}
