/** Which questions reach an evaluator where results are kept; the evaluator is one that answers from a list. */
import { describe, expect, it } from 'vitest';
import { ResultCache } from '../../server/src/engine/resultCache.ts';
import type { KnownRead } from '../../server/src/inputs/reads.ts';
import { Workspace } from '../../server/src/engine/workspace.ts';

const BB = '/layer/a.bb';
const CLASS = '/layer/base.bbclass';

/** A machine: files by path, what was kept, and workspaces that are started on it one after the other. */
function machine() {
  const files = new Map([
    [BB, 'one'],
    [CLASS, 'class'],
  ]);
  const kept = new Map<string, string>();
  const start = (processes = 1) => {
    const laid = new Map<string, string>();
    const text = (read: string) => laid.get(read.slice(1)) ?? files.get(read.slice(1)) ?? '-';
    const store = {
      read: (key: string) => Promise.resolve(kept.get(key)),
      write: (key: string, value: string) => void kept.set(key, value),
    };
    const states = {
      recall: () => Promise.resolve(),
      state: text,
      text: (path: string) => text(`x${path}`),
      setOverlay: (path: string, value: string | undefined) =>
        value === undefined ? laid.delete(path) : laid.set(path, value),
      forget: () => undefined,
      lookAgain: () => [],
    };
    const known = (path: string): KnownRead => [`b${path}`, text(`b${path}`)];
    const configurationReads = () => ({ parsed: [known(CLASS)], listed: [], evaluated: [] });
    const answers: Record<string, (params: { path: string }) => unknown> = {
      change: () => ({ configuration: false }),
      open: () => ({ identity: text(`b${CLASS}`), recipes: [{ path: BB, appends: [] }] }),
      configurationReads,
      evaluate: ({ path }) => ({
        path,
        variants: [],
        problems: [],
        files: [],
        origins: new Map(),
        text: text(`b${path}`),
      }),
    };
    let reads = 0;
    const asked: string[] = [];
    const request = (method: string, params: unknown): Promise<never> => {
      if (method === 'open') reads = 0;
      asked.push(method);
      return Promise.resolve(answers[method]!(params as { path: string }) as never);
    };
    const find = async (method: string, params: unknown) => ({
      result: await request(method, params),
      findings: {
        reads: { fresh: [known(BB)], numbers: new Uint32Array([reads++]) },
        ingredients: undefined,
        recollection: undefined,
      },
    });
    const connect = () => ({ request, find, dispose: () => undefined });
    const workspace = new Workspace({ processes, connect, cache: new ResultCache(store, states, 'base') });
    const hashes = () =>
      workspace.evaluate(BB, undefined, { hashesOnly: true }) as Promise<{ text?: string }>;
    return { workspace, asked, hashes };
  };
  return { files, kept, start };
}

describe('where results are kept', () => {
  it('another start asks no evaluator, not even for the configuration', async () => {
    const { start } = machine();
    const first = start();
    expect((await first.hashes()).text).toBe('one');
    expect(first.asked).toEqual(['change', 'open', 'configurationReads', 'evaluate']);
    const second = start();
    expect((await second.workspace.summary()).identity).toBe('class');
    expect((await second.hashes()).text).toBe('one');
    expect(await second.workspace.known(BB)).toMatchObject({ text: 'one' });
    expect(second.asked).toEqual([]);
    expect([...second.workspace.asked]).toEqual([]);
  });

  it('a changed recipe has that evaluated, a changed configuration all', async () => {
    const { files, start } = machine();
    await start().hashes();
    files.set(BB, 'two');
    const second = start();
    expect(await second.workspace.known(BB)).toBeUndefined();
    expect((await second.hashes()).text).toBe('two');
    expect([...second.workspace.asked]).toEqual([
      ['open', 1],
      ['evaluate', 1],
    ]);
    files.set(CLASS, 'other');
    const third = start();
    expect((await third.hashes()).text).toBe('two');
    expect([...third.workspace.asked]).toEqual([
      ['open', 1],
      ['evaluate', 1],
    ]);
    // Back again, and what it was then is known.
    files.set(CLASS, 'class');
    const fourth = start();
    expect((await fourth.workspace.summary()).identity).toBe('class');
    expect((await fourth.hashes()).text).toBe('two');
    expect(fourth.asked).toEqual([]);
  });

  it('states that come in turn are all known, up to four', async () => {
    const { files, start } = machine();
    const states = ['one', 'two', 'three', 'four'];
    const askedIn = async (state: string) => {
      files.set(BB, state);
      const { workspace, hashes } = start();
      expect((await hashes()).text).toBe(state);
      return workspace.asked.get('evaluate') ?? 0;
    };
    for (const state of states) expect(await askedIn(state)).toBe(1);
    for (const state of [...states, ...states]) expect(await askedIn(state), state).toBe(0);
    // A fifth takes the place of the one that was not asked for since: `one` was, from the last place.
    expect(await askedIn('one')).toBe(0);
    expect(await askedIn('five')).toBe(1);
    expect(await askedIn('one')).toBe(0);
    expect(await askedIn('two')).toBe(1);
  });

  it('the hashes of an evaluation that tells all are kept, too', async () => {
    const { start } = machine();
    await start().workspace.evaluate(BB);
    const second = start();
    expect(await second.workspace.known(BB)).toMatchObject({ text: 'one' });
    expect(second.asked).toEqual([]);
  });

  it('nothing of what an open document says is kept', async () => {
    const { start } = machine();
    const first = start();
    first.workspace.setOverlay(BB, 'typed');
    expect((await first.hashes()).text).toBe('typed');
    await first.workspace.evaluate(BB);
    const second = start();
    expect(await second.workspace.known(BB)).toBeUndefined();
    expect((await second.hashes()).text).toBe('one');
    second.workspace.setOverlay(BB, 'typed');
    expect(await second.workspace.known(BB)).toBeUndefined();
    second.workspace.setOverlay(BB, undefined);
    expect(await second.workspace.known(BB)).toMatchObject({ text: 'one' });
  });

  it('no evaluator is prepared in vain', async () => {
    const { start } = machine();
    const first = start(2);
    await first.workspace.prepare();
    await first.workspace.summary();
    expect(first.asked.filter((method) => method === 'open')).toHaveLength(2);
    const second = start(2);
    await second.workspace.prepare();
    await second.workspace.summary();
    expect(second.asked).toEqual([]);
  });

  it('a second evaluator is only opened for many recipes', async () => {
    const { start } = machine();
    const recipes = (count: number) => Array.from({ length: count }, (_, at) => `/layer/${at}.bb`);
    for (const [count, evaluated, opened] of [
      [4, 4, 1],
      [5, 1, 1],
      [60, 55, 2],
    ] as const) {
      const { workspace } = start(2);
      await workspace.evaluateAll(recipes(count), () => undefined, true);
      expect([workspace.asked.get('evaluate'), workspace.asked.get('open')]).toEqual([evaluated, opened]);
    }
  });
});
