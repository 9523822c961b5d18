/**
 * How long it takes an editor to show a branch that has just been checked out, and how much memory it has with all
 * recipes loaded: the server is started on a copy of the workspace, with one recipe open and the task graph made in the
 * background, and `git checkout` puts another state of some hundred recipes there. Bundled and run by `bench.mjs`.
 *
 * An editor is settled when nothing of what it shows changes any more: it asks for lenses when it is told to and after
 * it has loaded the document's new text, as editors do.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { CodeLens, Diagnostic, PublishDiagnosticsParams } from 'vscode-languageserver/node';
import { candidates } from '../server/src/engine/targets.ts';
import { addBranch, type Copy, copyWorkspace, FIRST_BRANCH, git } from './benchCopy.ts';
import { type RunningServer, startServer } from './benchServer.ts';
import { openPool } from './benchWorkspace.ts';

export interface CheckoutTimes {
  /** How many recipes are others on the other branches, of how many. */
  readonly changed: number;
  readonly recipes: number;
  /** Seconds from the start of the server until the whole world was loaded. */
  readonly load: number;
  /** MiB of all processes together: while it was loaded at most; when it was idle for a while then, and after all checkouts. */
  readonly loading: number;
  readonly loaded: number;
  readonly afterwards: number;
  /** Of branches that the server had not seen, whose edits change hashes and nothing else, and of the way back. */
  readonly there: readonly Checkout[];
  readonly back: readonly Checkout[];
  /** Of a branch whose edits decide what is evaluated: every recipe has to be. */
  readonly decisive: Checkout;
}

/** Seconds from the start of git. */
export interface Checkout {
  readonly git: number;
  /** The open recipe has the basehash that it stays with. */
  readonly lens: number;
  readonly settled: number;
  /** How many recipes were told to be evaluated or looked up, and in how many goes. */
  readonly collected: number;
  readonly goes: number;
}

const MOST_RECIPES = 500;
const DECISIVE_BRANCH = 'decisive';
/** To look takes some 50 ms. */
const MEMORY_MILLISECONDS = 2_000;
/** In this time after the last change an editor would have shown another. */
const QUIET_MILLISECONDS = 3_000;
/** After so long an editor that has nothing to do has given back what it does not need. */
const IDLE_MILLISECONDS = 20_000;
const LONGEST_MILLISECONDS = 300_000;

/**
 * @param runs how many branches are checked out, besides one to warm up
 * @param memoryOf KiB that a process has, and all below it
 * @returns the times, or in a sentence why there are none
 */
export async function checkoutTimes(
  dist: string,
  buildDir: string,
  recipe: string,
  runs: number,
  memoryOf: (process: number) => number,
): Promise<CheckoutTimes | string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-checkout-')));
  try {
    const copy = copyWorkspace(buildDir, join(folder, 'workspace'));
    if (typeof copy === 'string') return copy;
    const { path, all } = await recipesOf(dist, copy.buildDir, recipe);
    const chosen = [path, ...all.filter((other) => other !== path)].slice(0, MOST_RECIPES);
    for (let run = 0; run <= runs; run++) addBranch(copy, `other-${run}`, changed(chosen, run));
    addBranch(copy, DECISIVE_BRANCH, changed(chosen, runs + 1, ':='));
    const editor = new Editor(startServer(dist, copy.buildDir, join(folder, 'cache')), path, memoryOf);
    const { shown, ...times } = await measured(editor, copy, runs, chosen.length).finally(() => editor.end());
    for (const [branch, hashes] of Object.entries(shown)) {
      git(copy.root, 'checkout', '--quiet', branch);
      compareWithFresh(dist, copy.buildDir, recipe, hashes);
    }
    return { changed: chosen.length, recipes: all.length, ...times };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measured(editor: Editor, copy: Copy, runs: number, changed: number) {
  const load = await editor.load();
  const first = editor.shown;
  const there: Checkout[] = [];
  const back: Checkout[] = [];
  const seen = new Set([first]);
  const checkout = async (branch: string): Promise<Checkout> => {
    const times = await editor.checkout(copy.root, branch, changed);
    const { shown } = editor;
    if (seen.has(shown)) throw new Error(`${branch} is shown as a branch before it: ${shown}`);
    seen.add(shown);
    return times;
  };
  const other = `other-${runs}`;
  let shown = first;
  for (let run = 0; run <= runs; run++) {
    there.push(await checkout(`other-${run}`));
    ({ shown } = editor);
    back.push(await editor.checkout(copy.root, FIRST_BRANCH, changed));
    if (editor.shown !== first)
      throw new Error(`back from other-${run} it is not ${first} but ${editor.shown}`);
  }
  await after(IDLE_MILLISECONDS);
  const afterwards = editor.memory();
  const decisive = await checkout(DECISIVE_BRANCH);
  return {
    ...load,
    afterwards,
    there: there.slice(1),
    back: back.slice(1),
    decisive,
    shown: { [other]: shown, [DECISIVE_BRANCH]: editor.shown },
  };
}

async function recipesOf(
  dist: string,
  buildDir: string,
  recipe: string,
): Promise<{ readonly path: string; readonly all: readonly string[] }> {
  const { workspace } = openPool(dist, buildDir, 1);
  try {
    const summary = await workspace.summary();
    const [path] = candidates(recipe, summary);
    if (path === undefined) throw new Error(`no recipe ${recipe} in ${buildDir}`);
    const canonical = (name: string): string => realpathSync(name);
    return { path: canonical(path), all: summary.recipes.map((each) => canonical(each.path)) };
  } finally {
    workspace.dispose();
  }
}

/**
 * As an upgrade does, each of them changes what is fetched, and so all that depends on it.
 * @param operator what is assigned at once could be asked for by whatever comes behind it
 */
function changed(
  paths: readonly string[],
  run: number,
  operator: '=' | ':=' = '=',
): ReadonlyMap<string, string> {
  const lines = `\nCHANGED ${operator} "${run}"\ndo_fetch[vardeps] += "CHANGED"\n`;
  return new Map(paths.map((path) => [path, readFileSync(path, 'utf8') + lines]));
}

/** @throws Error where a process that begins from nothing finds other taskhashes than the editor has shown */
function compareWithFresh(dist: string, buildDir: string, recipe: string, shown: string): void {
  const command = [join(dist, 'sstate-lens.mjs'), 'sig', '--hash', 'taskhash', '--offline', '--no-cache'];
  const args = [...command, '--format', 'tsv', '--build-dir', buildDir, recipe];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const rows = stdout.split('\n').map((line) => line.split('\t'));
  const own = rows.filter(([, pn]) => pn === recipe);
  if (own.length === 0) throw new Error(`no taskhashes of ${recipe}: ${stderr}`);
  const tasks = JSON.parse(shown) as readonly TaskEntry[];
  for (const [, , task, hash] of own) {
    const taskhash = tasks.find(({ name }) => name === task)?.taskhash;
    if (taskhash !== hash)
      throw new Error(`the editor shows ${taskhash} for ${recipe}:${task}, which is ${hash}`);
  }
}

/** Of the tasks that a lens lists. */
interface TaskEntry {
  readonly name: string;
  readonly basehash: string;
  readonly taskhash?: string;
}

interface Progress {
  readonly token: string | number;
  readonly value: { readonly kind: 'begin' | 'report' | 'end'; readonly message?: string };
}

/** What the editor sees, and when. */
class Editor {
  /** The hashes of the open recipe, as text. */
  shown = '[]';
  private problems = '';
  private changedAt = 0;
  private readonly uri: string;
  private version = 1;
  /** Progress of the collecting that has begun and not ended. */
  private readonly collecting = new Set<string | number>();
  private readonly ends: number[] = [];
  private collected = 0;
  /** When the basehashes became what they are. */
  private basehashesAt = 0;
  private asking: Promise<void> | undefined;
  private again = false;
  private most = 0;

  constructor(
    private readonly server: RunningServer,
    private readonly path: string,
    private readonly memoryOf: (process: number) => number,
  ) {
    this.uri = pathToFileURL(path).href;
    const { connection } = server;
    connection.onRequest('workspace/codeLens/refresh', () => {
      this.askForLenses();
      return null;
    });
    connection.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) => {
      if (params.uri === this.uri) this.diagnosed(params.diagnostics);
    });
    connection.onNotification('$/progress', (progress: Progress) => this.progressed(progress));
    connection.listen();
  }

  /** Starts it and opens the recipe, until the whole world is loaded. */
  async load(): Promise<Pick<CheckoutTimes, 'load' | 'loading' | 'loaded'>> {
    const start = performance.now();
    const timer = setInterval(() => void this.memory(), MEMORY_MILLISECONDS);
    await this.server.initialize(true, { taskGraph: 'background' });
    const text = readFileSync(this.path, 'utf8');
    const textDocument = { uri: this.uri, languageId: 'bitbake', version: this.version, text };
    await this.server.connection.sendNotification('textDocument/didOpen', { textDocument });
    this.askForLenses();
    await this.settled(start, () => this.ends.length > 0 && this.shown.includes('taskhash'));
    clearInterval(timer);
    const load = (this.changedAt - start) / 1000;
    await after(IDLE_MILLISECONDS);
    const loaded = this.memory();
    return { load, loading: this.most, loaded };
  }

  /** @param changed how many recipes the branch has others of than the present one */
  async checkout(root: string, branch: string, changed: number): Promise<Checkout> {
    const { collected, shown } = this;
    const goes = this.ends.length;
    const start = performance.now();
    const seconds = (at: number): number => (at - start) / 1000;
    await promisify(execFile)('git', ['checkout', '--quiet', branch], { cwd: root });
    const gitEnd = performance.now();
    await this.reload();
    // The open one is evaluated for its lenses. With many recipes the graph takes longer than an editor is quiet.
    const isWhole = () => this.shown !== shown && this.shown.includes('taskhash');
    const isDone = () => this.collected - collected >= changed - 1 && isWhole();
    await this.settled(start, isDone);
    return {
      git: seconds(gitEnd),
      lens: seconds(this.basehashesAt),
      settled: seconds(this.changedAt),
      collected: this.collected - collected,
      goes: this.ends.length - goes,
    };
  }

  end(): Promise<void> {
    return this.server.end();
  }

  /** The document was not edited: the text on disk takes its place. */
  private async reload(): Promise<void> {
    const textDocument = { uri: this.uri, version: ++this.version };
    const contentChanges = [{ text: readFileSync(this.path, 'utf8') }];
    await this.server.connection.sendNotification('textDocument/didChange', { textDocument, contentChanges });
    this.askForLenses();
  }

  /** Waits until all that is to be seen has been seen, and nothing else comes. @param isSeen whether that is so */
  private async settled(start: number, isSeen: () => boolean): Promise<void> {
    const isQuiet = () =>
      this.collecting.size === 0 && performance.now() - this.changedAt > QUIET_MILLISECONDS;
    while (!isSeen() || !isQuiet()) {
      if (performance.now() - start > LONGEST_MILLISECONDS)
        throw new Error(`not settled: ${this.collected} recipes collected, lenses are ${this.shown}`);
      await after(100);
    }
    const { shown } = this;
    await this.lenses();
    if (this.shown !== shown)
      throw new Error(`nobody told the editor to ask again: ${shown} is shown, which is ${this.shown}`);
  }

  private askForLenses(): void {
    if (this.asking) {
      this.again = true;
      return;
    }
    this.again = false;
    this.asking = this.lenses().finally(() => {
      this.asking = undefined;
      if (this.again) this.askForLenses();
    });
  }

  private async lenses(): Promise<void> {
    const params = { textDocument: { uri: this.uri } };
    const found = await this.server.connection.sendRequest<CodeLens[]>('textDocument/codeLens', params);
    const [entries = []] = (found[0]?.command?.arguments ?? []) as (readonly TaskEntry[])[];
    const hashes = entries.map(({ name, basehash, taskhash }) => ({ name, basehash, taskhash }));
    const shown = JSON.stringify(hashes);
    if (shown === this.shown) return;
    this.changedAt = performance.now();
    if (basehashes(shown) !== basehashes(this.shown)) this.basehashesAt = this.changedAt;
    this.shown = shown;
  }

  private diagnosed(diagnostics: readonly Diagnostic[]): void {
    const problems = JSON.stringify(diagnostics);
    if (problems === this.problems) return;
    this.problems = problems;
    this.changedAt = performance.now();
  }

  private progressed({ token, value: { kind, message } }: Progress): void {
    const total = /^\d+ of (\d+)$/.exec(kind === 'begin' ? (message ?? '') : '')?.[1];
    if (total !== undefined) {
      this.collecting.add(token);
      this.collected += Number(total);
    } else if (kind === 'end' && this.collecting.delete(token)) {
      this.ends.push((this.changedAt = performance.now()));
    }
  }

  /** MiB of all processes together. */
  memory(): number {
    const now = this.memoryOf(this.server.process.pid!) / 1024;
    this.most = Math.max(this.most, now);
    return now;
  }
}

function basehashes(shown: string): string {
  return (JSON.parse(shown) as readonly TaskEntry[]).map(({ basehash }) => basehash).join();
}
