import { existsSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluatorOptions } from '../../server/src/host/evaluatorProcess.ts';
import { EvaluatorKilled, EvaluatorProcess } from '../../server/src/host/evaluatorProcess.ts';
import { bundle } from './bundle.ts';

let entry: string;
let readable: string;
let outside: string;
const started: EvaluatorProcess[] = [];

beforeAll(async () => {
  entry = await bundle(join(import.meta.dirname, 'processEntry.ts'));
  readable = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-layer-')));
  outside = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-outside-')));
  writeFileSync(join(readable, 'a.bb'), 'inside');
  writeFileSync(join(outside, 'b.bb'), 'outside');
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((evaluator) => evaluator.dispose()));
});

function evaluator(options: Partial<EvaluatorOptions> = {}): EvaluatorProcess {
  const made = new EvaluatorProcess({
    entry,
    readable: [readable],
    limits: { milliseconds: 20_000, heapMegabytes: 64 },
    ...options,
  });
  started.push(made);
  return made;
}

async function killed(request: Promise<unknown>): Promise<EvaluatorKilled> {
  const error = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EvaluatorKilled);
  return error as EvaluatorKilled;
}

describe('the evaluator process', () => {
  it('answers requests with structured data, in order', async () => {
    const it = evaluator();
    const data = { map: new Map([['a', [1, undefined]]]), bytes: new Uint8Array([1, 2]) };
    const answers = await Promise.all([
      it.request('echo', data),
      it.request('set', 'b'),
      it.request('get', 0),
    ]);
    expect(answers).toEqual([data, 'b', 'b']);
  });

  it('passes on what a method throws, and lives', async () => {
    const it = evaluator();
    await expect(it.request('fail', 0)).rejects.toThrow('as asked');
    await expect(it.request('nope', 0)).rejects.toThrow('no method nope');
    await expect(it.request('toString', 0)).rejects.toThrow('no method toString');
    expect(await it.request('get', 0)).toBe('fresh');
  });

  it('tells progress', async () => {
    const told: unknown[] = [];
    await evaluator({ onProgress: (data) => told.push(data) }).request('progress', 0);
    expect(told).toEqual([{ done: 1, of: 2 }]);
  });

  it('is killed when it takes too long, says where, and comes back prepared', async () => {
    const it = evaluator({ prepare: (ask) => ask('set', 'prepared') });
    const error = await killed(it.request('loop', '/layer/x.bb:12', 300));
    expect([error.reason, error.where]).toEqual(['time', '/layer/x.bb:12']);
    expect(await it.request('get', 0)).toBe('prepared');
  });

  it('is killed when it works without a sign of life, and not while it gives some', async () => {
    const it = evaluator();
    const patience = { milliseconds: 60_000, stuckMilliseconds: 400 };
    expect(await it.request('work', 1_200, patience)).toBe('done');
    const error = await killed(it.request('loop', '/layer/x.bb:12', patience));
    expect([error.reason, error.where]).toEqual(['time', '/layer/x.bb:12']);
  });

  it('says that it ran out of memory', async () => {
    const error = await killed(evaluator().request('exhaust', 0));
    expect([error.reason, error.where]).toEqual(['memory', '/layer/big.bb:3']);
  });

  it('says that it left', async () => {
    const it = evaluator();
    const error = await killed(it.request('exit', 0));
    expect([error.reason, error.details]).toEqual(['crash', 'exit: 7']);
    expect(await it.request('get', 0)).toBe('fresh');
  });

  it('works on requests that waited behind one that was killed', async () => {
    const it = evaluator();
    const stuck = it.request('loop', '', 300);
    const next = it.request('echo', 'next');
    await killed(stuck);
    expect(await next).toBe('next');
  });

  it('keeps a prepared spare', async () => {
    let prepared = 0;
    const it = evaluator({ spare: true, prepare: (ask) => ask('set', `process ${++prepared}`) });
    expect(await it.request('get', 0)).toBe('process 1');
    await killed(it.request('exit', 0));
    expect(await it.request('get', 0)).toBe('process 2');
  });

  it('inherits no environment', async () => {
    process.env.LENS_TEST_SECRET = 'x';
    const names = await evaluator().request('environment', 0);
    delete process.env.LENS_TEST_SECRET;
    expect(names).not.toContain('LENS_TEST_SECRET');
    expect(names).not.toContain('HOME');
  });

  it('has room on its stack', async () => {
    expect(await evaluator().request('depth', 40_000)).toBe(40_000);
  });

  it('is confined by Node where Node can: it reads the layers and nothing else', async () => {
    const it = evaluator();
    const target = join(outside, 'written');
    expect(await it.request('read', join(readable, 'a.bb'))).toBe('inside');
    expect(it.confined).toBe(true);
    expect(await it.request('read', join(outside, 'b.bb'))).toBe('ERR_ACCESS_DENIED');
    expect(await it.request('write', target)).toBe('ERR_ACCESS_DENIED');
    expect(await it.request('write', join(readable, 'c'))).toBe('ERR_ACCESS_DENIED');
    expect(await it.request('spawn', 0)).toBe('ERR_ACCESS_DENIED');
    expect(existsSync(target)).toBe(false);
  });

  it('reads a directory that another one lies in, which is readable, too', async () => {
    const inner = join(readable, 'inner');
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, 'c.bb'), 'further inside');
    const it = evaluator({ readable: [inner, readable, `${readable}/`] });
    expect(await it.request('list', readable)).toBe('a.bb,inner');
    expect(await it.request('read', join(inner, 'c.bb'))).toBe('further inside');
    expect(await it.request('list', outside)).toBe('ERR_ACCESS_DENIED');
  });

  it('takes no request after it was disposed of', async () => {
    const it = evaluator();
    await it.dispose();
    await expect(it.request('get', 0)).rejects.toThrow('disposed');
  });
});
