/**
 * Python in the evaluator process, behind both walls: what the sandbox cannot end by itself, the parent does.
 */
import { mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EvaluatorKilled, EvaluatorProcess } from '../../server/src/host/evaluatorProcess.ts';
import { bundle } from './bundle.ts';

const ROOT = join(import.meta.dirname, '../..');
let evaluator: EvaluatorProcess;

beforeAll(async () => {
  const layer = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-layer-')));
  writeFileSync(join(layer, 'a.inc'), 'included');
  const interpreter = join(ROOT, 'node_modules/pyodide');
  const modules = join(ROOT, 'server/src/python/lib');
  evaluator = new EvaluatorProcess({
    entry: await bundle(join(import.meta.dirname, 'pythonEntry.ts')),
    readable: [interpreter, modules, layer],
    limits: { milliseconds: 20_000, heapMegabytes: 256 },
    prepare: (ask) => ask('start', { interpreter, modules, layer }, 60_000),
  });
  await evaluator.start();
}, 60_000);

afterAll(() => evaluator.dispose());

async function killed(request: Promise<unknown>): Promise<EvaluatorKilled> {
  const error = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EvaluatorKilled);
  return error as EvaluatorKilled;
}

describe('Python in its process', () => {
  it('works under the permission model, and reads the layer', async () => {
    expect(evaluator.confined).toBe(true);
    expect(await evaluator.request('evaluate', 'open("a.inc").read()')).toBe('included');
  });

  it('nests calls a hundred deep', async () => {
    expect(await evaluator.request('evaluate', 'd.getVar("100")')).toBe(`end${'.'.repeat(100)}`);
  });

  it.each([
    ["def f(n): return eval('f(n + 1)', globals(), {'n': n})\nf(0)", ['RecursionError', 1]],
    ['class A:\n    def __getattr__(self, n): return getattr(self, n + "x")\nA().y', ['RecursionError', 2]],
    ['x = []\nfor i in range(100000): x = [x]\nrepr(x)', ['RecursionError', 3]],
    ["eval('+'.join(['1'] * 100000))", ['RecursionError', undefined]],
    ['while True: pass', ['TimeoutError', 1]],
    ['x = []\nwhile True: x.append(bytearray(1 << 20))', ['MemoryError', 2]],
  ])('ends by itself: %s', async (text, outcome) => {
    expect(await evaluator.request('run', text)).toEqual(outcome);
    expect(await evaluator.request('evaluate', '1 + 1')).toBe('2');
  });

  it('is killed where the interpreter does not look up from its work, and is back for the next request', async () => {
    const error = await killed(evaluator.request('evaluate', 'sum(range(10 ** 12))', 2_000));
    expect([error.reason, error.where]).toEqual(['time', 'the value of VALUE']);
    expect(await evaluator.request('evaluate', '1 + 1', 60_000)).toBe('2');
  }, 60_000);

  it('is stopped when what it stores has no end', async () => {
    const text =
      'import lens.datastore as m\nd = m.Datastore(1)\nfor i in range(10**9): d.setVar("v%d" % i, "x%d" % i * 100000)';
    const outcome = await evaluator.request('run', text).catch((error: unknown) => error);
    // Whichever comes first: the time of the sandbox, or the memory of the process.
    if (outcome instanceof EvaluatorKilled) expect(outcome.reason).toBe('memory');
    else expect((outcome as unknown[])[0]).toBe('TimeoutError');
    expect(await evaluator.request('evaluate', '1 + 1', 60_000)).toBe('2');
  }, 60_000);
});
