import { describe, expect, it } from 'vitest';
import { EvaluatorStopped, NOT_OPENED } from '../../server/src/engine/protocol.ts';
import { Workspace } from '../../server/src/engine/workspace.ts';

/** A workspace over an evaluator that does as a list says and answers all else well. */
function scripted(script: (method: string, count: number) => unknown, processes = 1) {
  const asked: string[] = [];
  const workspace = new Workspace({
    processes,
    connect: () => ({
      request(method: string, params: unknown): Promise<never> {
        asked.push(method);
        const answer = script(method, asked.filter((name) => name === method).length);
        if (answer instanceof Error) return Promise.reject(answer);
        return Promise.resolve((answer ?? { method, params, configuration: false }) as never);
      },
      find: () => Promise.reject(new Error('nothing is kept')),
      dispose: () => undefined,
    }),
  });
  return { asked, workspace };
}

const STOPPED = new EvaluatorStopped('time', 'Evaluation took too long', undefined);

describe('a workspace', () => {
  it('opens an evaluator once, and tells it of changes before it asks', async () => {
    const { asked, workspace } = scripted(() => undefined);
    await workspace.evaluate('/a.bb');
    workspace.setOverlay('/a.bb', 'A = "1"');
    workspace.setOverlay('/a.bb', 'A = "1"');
    await workspace.evaluate('/a.bb');
    await workspace.evaluate('/a.bb');
    expect(asked).toEqual(['change', 'open', 'evaluate', 'change', 'evaluate', 'evaluate']);
  });

  it('opens it anew where the configuration has changed', async () => {
    const { asked, workspace } = scripted((method, count) =>
      method === 'change' && count === 2 ? { configuration: true } : undefined,
    );
    await workspace.evaluate('/a.bb');
    workspace.filesChanged(['/conf/local.conf']);
    await workspace.evaluate('/a.bb');
    expect(asked).toEqual(['change', 'open', 'evaluate', 'change', 'change', 'open', 'evaluate']);
  });

  it('opens another after one was stopped', async () => {
    const { asked, workspace } = scripted((method, count) =>
      method === 'evaluate' && count === 1 ? STOPPED : undefined,
    );
    await expect(workspace.evaluate('/a.bb')).rejects.toBe(STOPPED);
    await workspace.evaluate('/a.bb');
    expect(asked).toEqual(['change', 'open', 'evaluate', 'change', 'open', 'evaluate']);
  });

  it('opens another where one ended while nothing was asked of it', async () => {
    const { asked, workspace } = scripted((method, count) =>
      method === 'evaluate' && count === 2 ? new Error(NOT_OPENED) : undefined,
    );
    await workspace.evaluate('/a.bb');
    await workspace.evaluate('/a.bb');
    expect(asked).toEqual(['change', 'open', 'evaluate', 'evaluate', 'change', 'open', 'evaluate']);
  });

  it('recovers from a configuration that stops the evaluator', async () => {
    const { asked, workspace } = scripted((method, count) => {
      if (method === 'change' && count === 2) return { configuration: true };
      return method === 'open' && count === 2 ? STOPPED : undefined;
    });
    await workspace.summary();
    workspace.setOverlay('/conf/local.conf', 'A = "${@bad()}"');
    await expect(workspace.summary()).rejects.toBe(STOPPED);
    workspace.setOverlay('/conf/local.conf', '');
    await workspace.evaluate('/a.bb');
    expect(asked).toEqual(['change', 'open', 'change', 'change', 'open', 'change', 'open', 'evaluate']);
  });

  it.each([
    [9, 1],
    [10, 2],
    [40, 2],
  ])('asks for %i recipes at once on %i of two evaluators', async (recipes, evaluators) => {
    const { asked, workspace } = scripted(() => undefined, 2);
    const paths = Array.from({ length: recipes }, (_, number) => `/${number}.bb`);
    const told: string[] = [];
    await workspace.evaluateAll(paths, (path) => told.push(path));
    expect(told.sort()).toEqual(paths.sort());
    expect(asked.filter((method) => method === 'open')).toHaveLength(evaluators);
  });
});
