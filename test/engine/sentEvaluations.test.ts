/** What arrives of evaluations that are sent as what is other than in earlier ones is what was sent. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import {
  ReceivedEvaluations,
  SentEvaluations,
  type SentEvaluation,
} from '../../server/src/engine/sentEvaluations.ts';
import { checkoutFiles, openEvaluator } from '../harness/engine.ts';

const SAMPLE = join(import.meta.dirname, '../../samples/workspace/build');
const EDITS = [
  '',
  'X = "1"',
  'do_install[vardeps] += "X"',
  'do_install:append() {\n    :\n}',
  'BBCLASSEXTEND = ""',
  'PV = "${@boom}"',
];

describe('an evaluation that is sent', () => {
  it('arrives as it was, with the very objects that are the same as before', async () => {
    const files = checkoutFiles(SAMPLE);
    const evaluator = await openEvaluator(SAMPLE, 'wrynose', {}, files);
    const [sender, receiver] = [new SentEvaluations(), new ReceivedEvaluations()];
    const hello = evaluator.summary.recipes.find(({ path }) => path.includes('/hello_'))!.path;
    const others = evaluator.summary.recipes.map(({ path }) => path);
    const text = readFileSync(hello, 'utf8');
    const pass = (path: string, hashesOnly = false) => {
      const evaluation = evaluator.evaluate(path, { hashesOnly });
      const message: SentEvaluation = structuredClone(sender.send(evaluation));
      const arrived = receiver.receive(message);
      expect(arrived).toEqual(evaluation);
      expect([...(arrived.variants[0]?.nodes.keys() ?? [])]).toEqual([
        ...(evaluation.variants[0]?.nodes.keys() ?? []),
      ]);
      expect([...arrived.origins.keys()]).toEqual([...evaluation.origins.keys()]);
      return { message, arrived };
    };
    const first = pass(hello);
    expect('whole' in first.message).toBe(true);
    for (const path of others) pass(path, true);
    const again = pass(hello);
    expect('whole' in again.message).toBe(false);
    expect(serialize(again.message).length).toBeLessThan(serialize(first.message).length / 5);
    const node = (evaluation: typeof again.arrived) => evaluation.variants[0]!.nodes.get('do_compile');
    expect(node(again.arrived)).toBe(node(first.arrived));
    for (const [at, edit] of EDITS.entries()) {
      for (const other of EDITS.slice(at)) {
        files.setOverlay(hello, `${text}\n${edit}\n${other}\n`);
        evaluator.outdate([], [hello]);
        pass(hello);
        if (edit === other) others.forEach((path) => pass(path));
      }
    }
  });

  it('is not made up where what it is based on has not arrived', async () => {
    const evaluator = await openEvaluator(SAMPLE, 'wrynose');
    const sender = new SentEvaluations();
    const { path } = evaluator.summary.recipes[0]!;
    sender.send(evaluator.evaluate(path));
    const second = sender.send(evaluator.evaluate(path));
    expect(() => new ReceivedEvaluations().receive(second)).toThrow(
      'is based on another that has not arrived',
    );
  });
});
