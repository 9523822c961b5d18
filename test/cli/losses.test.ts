import { expect, it } from 'vitest';
import { EvaluatorStopped } from '../../server/src/engine/protocol.ts';
import { Workspace } from '../../server/src/engine/workspace.ts';

it('no fault costs more than the recipe it is of', async () => {
  const faults: Readonly<Record<string, Error>> = {
    '/slow.bb': new EvaluatorStopped('time', 'took too long', undefined),
    '/fault.bb': new Error('a fault of ours'),
  };
  const workspace = new Workspace({
    processes: 2,
    connect: () => ({
      request(method: string, params: unknown): Promise<never> {
        const { path } = (params ?? {}) as { path?: string };
        const fault = method === 'evaluate' ? faults[path!] : undefined;
        return fault ? Promise.reject(fault) : Promise.resolve({ path, configuration: false } as never);
      },
      find: () => Promise.reject(new Error('nothing is kept')),
      dispose: () => undefined,
    }),
  });
  const told = new Map<string, string>();
  await workspace.evaluateAll(['/a.bb', '/slow.bb', '/fault.bb', '/b.bb'], (path, result) =>
    told.set(path, result instanceof Error ? result.message : 'evaluated'),
  );
  expect(Object.fromEntries(told)).toEqual({
    '/a.bb': 'evaluated',
    '/slow.bb': 'took too long',
    '/fault.bb': 'a fault of ours',
    '/b.bb': 'evaluated',
  });
});
