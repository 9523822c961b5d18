/**
 * `impact` over commits of OE-Core: the tasks that it says change, come and go, with their hashes, are the difference
 * of what real BitBake computed before and after, task by task.
 *
 * - SSTATE_LENS_IMPACT_BUILD names a build directory whose layer `meta` is a git clone of OE-Core with these commits,
 *   in the place in which BitBake computed: some hashes have the place in them. Others have METADATA_REVISION: what is
 *   checked out in the clone is to be what it was then; where BitBake computed without git, it has no HEAD
 *   (`git symbolic-ref HEAD refs/heads/none`).
 * - SSTATE_LENS_IMPACT_TABLES names a directory with `index.tsv` (its columns `n`, `parent`, `sha`, `subject` and
 *   `targets` are read) and, for each commit, what `record_tasks.py` wrote of both states:
 *   `N-SHA.before.tsv`, `N-SHA.before.base.tsv`, `N-SHA.after.tsv`, `N-SHA.after.base.tsv`.
 * - SSTATE_LENS_IMPACT_CACHE may name a directory for results to be kept in from run to run.
 * Without the first two it is skipped. `-t SHA` runs one commit.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ImpactReport, ReportedRecipe, ReportedTask } from '../../server/src/cli/impactReport.ts';
import { bundledCommand } from '../lsp/command.ts';

const BUILD = process.env['SSTATE_LENS_IMPACT_BUILD'];
const TABLES = process.env['SSTATE_LENS_IMPACT_TABLES'];
const CACHE = process.env['SSTATE_LENS_IMPACT_CACHE'];

interface Commit {
  readonly n: string;
  readonly parent: string;
  readonly sha: string;
  readonly subject: string;
  readonly targets: readonly string[];
}

function commits(directory: string): Commit[] {
  const [head = [], ...rows] = table(join(directory, 'index.tsv'));
  const column = (row: readonly string[], name: string) => row[head.indexOf(name)] ?? '';
  return rows
    .map((row) => ({
      n: column(row, 'n'),
      parent: column(row, 'parent'),
      sha: column(row, 'sha'),
      subject: column(row, 'subject'),
      targets: column(row, 'targets').split(' '),
    }))
    .filter(({ n, sha }) => existsSync(join(directory, `${n}-${sha}.after.tsv`)));
}

function table(file: string): string[][] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => line.split('\t'));
}

/** A task -> its hashes before and after; null: there is none. */
type Changes = Readonly<Record<string, readonly [before: string | null, after: string | null]>>;

/** @param keyed a row's task, and its hash; the task as it is called in the state after */
function recorded(before: string, after: string, keyed: (row: string[]) => [task: string, hash: string]) {
  const [old, young] = [new Map(table(before).map(keyed)), new Map(table(after).map(keyed))];
  const changes: Record<string, readonly [string | null, string | null]> = {};
  for (const task of new Set([...old.keys(), ...young.keys()])) {
    const pair = [old.get(task) ?? null, young.get(task) ?? null] as const;
    if (pair[0] !== pair[1]) changes[task] = pair;
  }
  return changes satisfies Changes;
}

/** @param named what a recipe is called in the table */
function reported(
  recipes: readonly ReportedRecipe[],
  tasks: (recipe: ReportedRecipe) => readonly ReportedTask[],
  named: (recipe: ReportedRecipe) => string,
): Changes {
  const text = (hash: ReportedTask['before']) =>
    hash === null || typeof hash === 'string' ? hash : `unknown: ${hash.unknown}`;
  return Object.fromEntries(
    recipes.flatMap((recipe) =>
      tasks(recipe).map(({ task, before, after }) => [
        `${named(recipe)}:${task}`,
        [text(before), text(after)],
      ]),
    ),
  );
}

describe.skipIf(!BUILD || !TABLES)('impact of a commit of OE-Core', { timeout: 3_600_000 }, () => {
  const known = TABLES === undefined ? [] : commits(TABLES);

  for (const { n, parent, sha, subject, targets } of known) {
    it(`is what BitBake computes: ${sha} ${subject}`, async () => {
      const { stdout, stderr } = spawnSync(
        process.execPath,
        [
          ...[await bundledCommand(), 'impact', '--build-dir', BUILD!],
          ...['--base', parent, '--head', sha, '--target', ...targets, '--format', 'json'],
        ],
        {
          encoding: 'utf8',
          maxBuffer: 1 << 29,
          env: { ...process.env, ...(CACHE !== undefined && { XDG_CACHE_HOME: CACHE }) },
        },
      );
      if (stdout === '') throw new Error(stderr);
      const [result] = (JSON.parse(stdout) as ImpactReport).results;
      const { recipes, complete } = result!;
      expect(complete).toBe(true);
      const files = (state: string) =>
        [`${n}-${sha}.${state}.tsv`, `${n}-${sha}.${state}.base.tsv`].map((name) => join(TABLES!, name));
      const [before, after] = [files('before'), files('after')];
      expect(
        reported(
          recipes,
          ({ taskhashes }) => taskhashes,
          ({ recipe }) => recipe,
        ),
      ).toEqual(recorded(before[0]!, after[0]!, ([pn, task, , hash]) => [`${pn}:${task}`, hash!]));
      const file = ({ variant, path }: ReportedRecipe) => `${variant}${path}`;
      const renamed = new Map(
        recipes.map((recipe) => [`${recipe.variant}${recipe.was ?? recipe.path}`, file(recipe)]),
      );
      expect(reported(recipes, ({ basehashes }) => basehashes, file)).toEqual(
        recorded(before[1]!, after[1]!, ([mcfn, , task, hash]) => [
          `${renamed.get(mcfn!) ?? mcfn}:${task}`,
          hash!,
        ]),
      );
    });
  }
});
