/** A directory on a file system that does not answer, which no real one can be made to do here. */
import { expect, it, vi } from 'vitest';
import { HostObjects } from '../../server/src/host/localObjects.ts';

const { never } = vi.hoisted(() => ({ never: () => new Promise<never>(() => undefined) }));
vi.mock('node:fs/promises', () => ({ readdir: never, stat: never, statfs: never }));

it('a directory that does not answer makes its objects unknown, and holds nobody up', async () => {
  const objects = new HostObjects({ silence: 100 });
  expect(await objects.present('/mnt/gone', ['aa/bb/x', '/elsewhere/y'])).toEqual({
    present: Array(2).fill({ unknown: '/mnt/gone has not answered for 0.1 s' }),
    directory: 'slow',
  });
  const controller = new AbortController();
  const waiting = new HostObjects().present('/mnt/gone', ['x'], controller.signal);
  controller.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
});
