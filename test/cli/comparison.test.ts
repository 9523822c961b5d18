import { describe, expect, it } from 'vitest';
import {
  describeSkip,
  describeTask,
  firstDifference,
  matched,
  skipDifferences,
  taskDifferences,
  type Theirs,
} from '../../server/src/cli/comparison.ts';
import type { BitBakeHash, VariantSignatures } from '../../server/src/signature/signatures.ts';

const hash = (digit: string) => digit.repeat(64) as BitBakeHash;

function variant(mcfn: string, tasks: Readonly<Record<string, string>>, skipped?: string): VariantSignatures {
  return {
    mcfn,
    variant: '',
    pn: 'a',
    skipped,
    failed: undefined,
    tasks: Object.entries(tasks).map(([task, digit]) => ({
      task,
      basehash: digit === '?' ? { unknown: 'it says so' } : hash(digit),
      dependencies: ['VALUE'],
    })),
    nodes: new Map([
      ['do_build', { dependencies: [], value: 'body' }],
      ['VALUE', { dependencies: [], value: 'ours' }],
    ]),
  };
}

function theirs(mcfn: string, tasks: Readonly<Record<string, string>>, skipped?: string): Theirs {
  return { mcfn, skipped, tasks: new Map(Object.entries(tasks).map(([task, digit]) => [task, hash(digit)])) };
}

const ours = (...variants: VariantSignatures[]) => new Map(variants.map((known) => [known.mcfn, known]));
const told = (differences: ReturnType<typeof taskDifferences>) =>
  differences.map((difference) => describeTask(difference, difference.mcfn));

describe('comparison with BitBake', () => {
  it('names what is not the same, in both directions', () => {
    const differences = taskDifferences(
      [
        theirs('/a.bb', { do_build: '1', do_fetch: '2', do_gone: '3', do_odd: '4' }),
        theirs('/lost.bb', { do_build: '5' }),
        theirs('/left.bb', { do_build: '6' }),
      ],
      ours(
        variant('/a.bb', { do_build: '1', do_fetch: 'f', do_odd: '?', do_new: '7' }),
        variant('/left.bb', {}, 'not for this machine'),
        variant('/more.bb', { do_build: '8' }),
      ),
      true,
    );
    expect(told(differences)).toEqual([
      `/a.bb do_fetch: theirs ${hash('2')}, ours ${hash('f')}`,
      '/a.bb do_gone: we have no such task',
      '/a.bb do_odd: unknown, because it says so',
      '/a.bb do_new: BitBake has no such task',
      '/lost.bb do_build: we have no such recipe',
      '/left.bb do_build: we skip the recipe: not for this machine',
      '/more.bb do_build: BitBake has no such task',
    ]);
    expect(matched(8, differences)).toBe('matched 1 of 8 (1 unknown, 1 different, 5 on one side only)');
    expect(matched(8, [])).toBe('matched 8 of 8');
  });

  it('leaves out what only we have when their table is not all they know', () => {
    const own = ours(variant('/a.bb', { do_build: '1', do_new: '2' }), variant('/b.bb', { do_build: '3' }));
    expect(taskDifferences([theirs('/a.bb', { do_build: '1' })], own, false)).toEqual([]);
  });

  it('compares which recipes are skipped, and why', () => {
    const differences = skipDifferences(
      [
        theirs('/same.bb', {}, 'reason'),
        theirs('/lost-reason.bb', {}, 'True'),
        theirs('/other-order.bb', {}, "one of 'a b' is missing"),
        theirs('/other-reason.bb', {}, 'reason'),
        theirs('/only-theirs.bb', {}, 'reason'),
        theirs('/only-ours.bb', { do_build: '1' }),
      ],
      ours(
        variant('/same.bb', {}, 'reason'),
        variant('/lost-reason.bb', {}, 'reason'),
        variant('/other-order.bb', {}, "one of 'b a' is missing"),
        variant('/other-reason.bb', {}, 'another'),
        variant('/only-theirs.bb', { do_build: '1' }),
        variant('/only-ours.bb', {}, 'mine'),
      ),
    );
    expect(differences.map((difference) => describeSkip(difference, difference.mcfn))).toEqual([
      '/other-reason.bb: skipped for another reason: theirs "reason", ours "another"',
      '/only-theirs.bb: BitBake skips it, we do not: reason',
      '/only-ours.bb: we skip it, BitBake does not: mine',
    ]);
  });

  it('names the first variable that differs', () => {
    const own = variant('/a.bb', { do_build: '1' });
    const values = (entries: Readonly<Record<string, string | undefined>>) =>
      firstDifference({ task: 'do_build', values: new Map(Object.entries(entries)) }, own);
    expect(values({ do_build: 'body', VALUE: 'theirs' })).toBe('VALUE differs: theirs "theirs", ours "ours"');
    expect(values({ do_build: 'body' })).toBe('VALUE enters our hash only: "ours"');
    expect(values({ do_build: 'body', EXTRA: undefined, VALUE: 'ours' })).toBe(
      'EXTRA enters their hash only: not set',
    );
    expect(values({ do_build: 'body', VALUE: 'ours' })).toContain('every variable is the same');
  });
});
