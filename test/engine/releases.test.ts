/** Releases of BitBake whose hashes were never compared with its own: what is told of them. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openEvaluator } from '../harness/engine.ts';
import { sampleHash } from '../lsp/table.ts';

const BUILD = join(import.meta.dirname, '../../samples/workspace/build');

async function answers(version: string) {
  const evaluator = await openEvaluator(BUILD, version);
  const hello = evaluator.summary.recipes.find(({ path }) => path.endsWith('hello_1.0.bb'))!;
  const { tasks } = evaluator.evaluate(hello.path).variants[0]!;
  return {
    install: tasks.find(({ task }) => task === 'do_install')!.basehash,
    unknown: tasks.filter(({ basehash }) => typeof basehash !== 'string').length,
    of: tasks.length,
    problems: evaluator.summary.problems.filter(({ code }) => code === 'release'),
  };
}

describe('BitBake', { timeout: 60_000 }, () => {
  it.each(['2.0.0', '2.9.1', '2.17.0', '2.19.3'])('%s is taken without a word', async (version) => {
    const { install, problems } = await answers(version);
    expect(problems).toEqual([]);
    expect(install).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each(['1.46.0', '1.52.0'])('%s is too old for any hash', async (version) => {
    const { install, unknown, of, problems } = await answers(version);
    const why = `BitBake ${version} is older than 2.0 (kirkstone), the first whose rules are known`;
    expect(install).toEqual({ unknown: why });
    expect(of).toBeGreaterThan(5);
    expect(unknown).toBe(of);
    expect(problems.map(({ severity, message, path }) => [severity, message, path])).toEqual([
      ['error', `${why}: no hash is told`, `${BUILD}/conf/bblayers.conf`],
    ]);
  });

  it.each(['2.20.0', '3.0.0'])('%s is newer than what was compared, which is said', async (version) => {
    const { install, problems } = await answers(version);
    expect(install).toBe(sampleHash('hello', 'do_install'));
    expect(problems.map(({ severity, message }) => [severity, message])).toEqual([
      [
        'warning',
        `BitBake ${version} is newer than 2.19, the last whose hashes were compared: ` +
          'run sstate-lens verify --bitbake before you rely on them',
      ],
    ]);
  });
});
