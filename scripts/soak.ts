/**
 * `npm run soak -- --minutes N [--seed S]`: random edits, one after the other, and after each the long-lived pool of
 * evaluators with what it has kept is compared with a fresh one that keeps nothing.
 *
 * Works on a copy of the sample workspace: typing into open documents, undoing it, files that are edited, moved, linked,
 * added and removed on disk, and the way back of several at once, as a checkout of another branch. Says every minute how
 * many steps were equal and how much memory the evaluators have; ends with exit code 1 where a step was not.
 */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { RecipeEvaluation } from '../server/src/engine/results.ts';
import { Workspace } from '../server/src/engine/workspace.ts';
import { type BuildDirectory, openBuildDirectory } from '../server/src/host/buildDirectory.ts';
import { connectEvaluator } from '../server/src/host/evaluatorConnection.ts';
import { type OpenCache, openResultCache } from '../server/src/host/resultCache.ts';
import { disturb } from '../test/harness/disturbance.ts';
import { sequence } from '../test/harness/mutations.ts';

const PROCESSES = 2;
/** After so many steps the long-lived pool is started anew, with what it has kept. */
const RESTART_AFTER = 25;

export async function soak(root: string, args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string', default: '1' } },
  });
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-soak-')));
  try {
    cpSync(join(root, 'samples/workspace'), join(folder, 'ws'), { recursive: true });
    return await new Soak(root, folder, Number(values.seed)).run(Number(values.minutes));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Soak {
  private readonly random: () => number;
  private readonly folder: string;
  private readonly typed = new Map<string, string>();
  private readonly undo: (() => void)[] = [];
  private readonly files: { entry: string; interpreter: string; modules: string };
  private readonly build: BuildDirectory;
  private cache!: OpenCache;
  private lasting!: Workspace;
  private steps = 0;
  private equal = 0;
  private most = 0;

  constructor(
    root: string,
    private readonly place: string,
    seed: number,
  ) {
    this.random = sequence(seed);
    this.folder = join(place, 'ws');
    this.build = openBuildDirectory(join(this.folder, 'build'));
    const dist = join(root, 'dist');
    this.files = {
      entry: join(dist, 'evaluator.mjs'),
      interpreter: join(dist, 'pyodide'),
      modules: join(dist, 'python'),
    };
    this.start();
  }

  async run(minutes: number): Promise<boolean> {
    const end = performance.now() + minutes * 60_000;
    let told = performance.now();
    while (performance.now() < end) {
      await this.step();
      if (performance.now() - told > 60_000) {
        told = performance.now();
        this.report();
      }
    }
    this.report();
    this.lasting.dispose();
    await this.cache.close();
    return this.equal === this.steps;
  }

  private report(): void {
    this.most = Math.max(this.most, childrenMebibytes());
    console.log(
      `${this.steps} steps, ${this.equal} equal to a fresh computation; ` +
        `evaluators have ${childrenMebibytes().toFixed(0)} MiB, ${this.most.toFixed(0)} at most; ` +
        `${[...this.lasting.asked].map(([method, count]) => `${method} ${count}`).join(', ')}`,
    );
  }

  private start(): void {
    const trouble = (message: string): void => console.log(message);
    this.cache = openResultCache(this.build, this.files, process.env, join(this.place, 'kept'), trouble);
    this.lasting = this.pool(this.cache);
    for (const [path, text] of this.typed) this.lasting.setOverlay(this.spelled(path), text);
  }

  private pool(cache?: OpenCache): Workspace {
    const connect = (): ReturnType<typeof connectEvaluator> => connectEvaluator(this.build, this.files);
    return new Workspace({ processes: PROCESSES, connect, ...(cache && { cache: cache.results }) });
  }

  private async step(): Promise<void> {
    const what = this.change();
    this.steps++;
    const fresh = this.pool();
    for (const [path, text] of this.typed) fresh.setOverlay(this.spelled(path), text);
    try {
      const [now, expected] = await Promise.all([everything(this.lasting), everything(fresh)]);
      if (now === expected) this.equal++;
      else console.log(`step ${this.steps} (${what}) differs:\n${firstDifference(now, expected)}`);
    } finally {
      fresh.dispose();
    }
    if (this.steps % RESTART_AFTER !== 0) return;
    this.lasting.dispose();
    await this.cache.close();
    this.start();
  }

  private change(): string {
    const chance = this.random();
    if (chance < 0.45) return this.type();
    if (chance < 0.6) return this.takeBackTyping();
    const before = new Set(this.everyFile());
    let what = 'a file is disturbed';
    if (chance < 0.85 || this.undo.length === 0) this.undo.push(disturb(this.folder, this.random));
    else if (chance < 0.95) {
      what = 'a disturbance is taken back';
      this.undo.pop()!();
    } else {
      what = 'everything is taken back at once';
      for (const back of this.undo.splice(0).reverse()) back();
    }
    // As a watcher tells it: what is there, and what was.
    this.lasting.filesChanged([...before, ...this.everyFile()].map((path) => this.spelled(path)));
    return what;
  }

  /** One more character, or a line, in a document. */
  private type(): string {
    // A link may lead nowhere, or to a directory.
    const files = this.everyFile().filter(
      (path) => /\.(bb|bbclass|inc|bbappend|conf)$/.test(path) && existsSync(path) && statSync(path).isFile(),
    );
    const path = files[Math.floor(this.random() * files.length)]!;
    const text = this.typed.get(path) ?? readFileSync(path, 'utf8');
    const at = Math.floor(this.random() * (text.length + 1));
    const pieces = ['x', ' ', '\n', '"', '# said\n', '\n: ${PN}\n', 'A = "1"\n', '}', '\\\n', '${@1 + 1}'];
    const piece = pieces[Math.floor(this.random() * pieces.length)]!;
    const place = /^[#:A]/.test(piece.trim()) ? text.lastIndexOf('\n', at) + 1 : at;
    const next = text.slice(0, place) + piece + text.slice(place);
    this.typed.set(path, next);
    this.lasting.setOverlay(this.spelled(path), next);
    return `${JSON.stringify(piece)} is typed into ${path}`;
  }

  private takeBackTyping(): string {
    const [path] = this.typed.keys();
    if (path === undefined) return this.type();
    this.typed.delete(path);
    this.lasting.setOverlay(this.spelled(path), undefined);
    return `typing into ${path} is taken back`;
  }

  /** As BBLAYERS of the sample has it. */
  private spelled(path: string): string {
    return path.replace(join(this.folder, 'meta-sample'), join(this.folder, 'build') + '/../meta-sample');
  }

  private everyFile(): string[] {
    return readdirSync(this.folder, { recursive: true, encoding: 'utf8', withFileTypes: false })
      .map((name) => join(this.folder, name))
      .filter((path) => /\.\w+$/.test(path))
      .sort();
  }
}

/** All hashes and problems of all recipes, as one text. */
async function everything(workspace: Workspace): Promise<string> {
  const summary = await workspace.summary();
  const lines = new Map<string, string>();
  const each = (path: string, result: RecipeEvaluation | Error): void => {
    lines.set(path, result instanceof Error ? result.message : textOf(result));
  };
  await workspace.evaluateAll(
    summary.recipes.map(({ path }) => path),
    each,
    true,
    true,
  );
  const problems = summary.problems.map((problem) => JSON.stringify(problem));
  return [...problems, ...summary.recipes.map(({ path }) => lines.get(path)!)].join('\n');
}

function textOf({ variants, problems }: RecipeEvaluation): string {
  return JSON.stringify({ variants, problems }, undefined, 1);
}

function firstDifference(a: string, b: string): string {
  const [left, right] = [a.split('\n'), b.split('\n')];
  const at = left.findIndex((line, index) => line !== right[index]);
  return `kept:  ${left[at]}\nfresh: ${right[at]}`;
}

/** Resident memory of the processes that this one has started. */
function childrenMebibytes(): number {
  let total = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      if (Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]) !== process.pid) continue;
      total += Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
    } catch {
      // It has just ended.
    }
  }
  return total;
}
