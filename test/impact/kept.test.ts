/**
 * What a review evaluates where an earlier one kept what it found: the recipes whose changes it tells the causes of,
 * and those that are new, and no others. Evaluators are real ones.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBuildDirectory } from '../../server/src/host/buildDirectory.ts';
import { openSide } from '../../server/src/host/reviewSides.ts';
import { readStates } from '../../server/src/host/reviewStates.ts';
import type { Impact } from '../../server/src/ide/impact.ts';
import { review } from '../../server/src/ide/review.ts';
import { bundledCommand } from '../lsp/command.ts';
import { Repository } from './repository.ts';

const LIBRARY = 'meta-sample/recipes-sample/libgreet/libgreet_2.1.bb';
const RENAMED = 'meta-sample/recipes-sample/libgreet/libgreet_3.0.bb';
const CLASS = 'meta-sample/classes/base.bbclass';

describe('a review where an earlier one has kept what it found', { timeout: 600_000 }, () => {
  const cacheDirectory = mkdtempSync(join(tmpdir(), 'sstate-lens-reviews-'));
  let repository: Repository;
  beforeAll(() => void (repository = new Repository()));
  afterAll(() => {
    repository.dispose();
    rmSync(cacheDirectory, { recursive: true, force: true });
  });

  /** @returns how often evaluators were asked for the configuration and for recipes, on either side */
  async function asked(base: string, head: string) {
    const dist = dirname(await bundledCommand());
    const build = openBuildDirectory(repository.buildDir);
    const states = await readStates(build, { directory: repository.root, base: [base], head: [head] });
    const options = {
      environment: process.env,
      cacheDirectory,
      onTrouble: expect.unreachable,
      evaluator: {
        entry: join(dist, 'evaluator.mjs'),
        interpreter: join(dist, 'pyodide'),
        modules: join(dist, 'python'),
      },
    };
    const sides = [openSide(build, states.base, options), openSide(build, states.head, options)] as const;
    try {
      const { impact, complete } = await review(...sides, {
        targets: ['universe'],
        changed: states.changed,
        spelled: (path) => path,
        progress: () => undefined,
        lost: (side, path, reason) => expect.unreachable(`${side} ${path}: ${reason}`),
      });
      expect(complete).toBe(true);
      const counts = sides.map(({ workspace }) => {
        const { open = 0, evaluate = 0 } = Object.fromEntries(workspace.asked);
        return [open, evaluate];
      });
      return { impact, base: counts[0], head: counts[1] };
    } finally {
      for (const side of sides) await side.close();
    }
  }

  /** What is evaluated is that of which the causes are told: each changed recipe once on either side. */
  async function expectKnown(base: string, head: string, changed: number, impact: Impact) {
    const again = await asked(base, head);
    expect([again.base, again.head]).toEqual([
      [1, changed],
      [1, changed],
    ]);
    expect(again.impact).toEqual(impact);
  }

  it('knows both sides again, and of a new commit all but the recipe that it is about', async () => {
    repository.edit(LIBRARY, '-shared', '-shared -fPIC');
    repository.commit('libgreet: position independent');
    const first = await asked('HEAD~1', 'HEAD');
    // All three recipes; on the other side one is another. Then the one whose cause is told.
    expect([first.base![1], first.head![1]]).toEqual([3 + 1, 1 + 1]);
    await expectKnown('HEAD~1', 'HEAD', 1, first.impact);
    repository.git('mv', LIBRARY, RENAMED);
    repository.commit('libgreet: upgrade');
    const upgrade = await asked('HEAD~1', 'HEAD');
    expect([upgrade.base, upgrade.head]).toEqual([
      [1, 1],
      [1, 1 + 1],
    ]);
    await expectKnown('HEAD~1', 'HEAD', 1, upgrade.impact);
  });

  it('knows both sides of a class that all inherit', async () => {
    repository.edit(CLASS, 'echo "NOTE: $*"', 'echo "NOTE:" "$@"');
    repository.commit('base: quotes');
    const first = await asked('HEAD~1', 'HEAD');
    // Only one uses what is another, but all have the class.
    expect([first.base![1], first.head![1]]).toEqual([1, 3 + 1]);
    await expectKnown('HEAD~1', 'HEAD', 1, first.impact);
  });
});
