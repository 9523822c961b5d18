import { describe, expect, it } from 'vitest';
import { NameTable } from '../../server/src/base/nameTable.ts';
import type { Dependency, GeneratedDependencies } from '../../server/src/signature/dependencies.ts';
import { TellingIngredients } from '../../server/src/signature/ingredients.ts';
import { ReceivedIngredients } from '../../server/src/signature/keptIngredients.ts';

/** Of a variant with these names, of which the first depends on all others. */
function generated(values: Readonly<Record<string, string>>): GeneratedDependencies {
  const names = Object.keys(values);
  const dependency = (name: string): Dependency => ({
    names: new Set(name === names[0] ? names.slice(1) : []),
    value: values[name],
  });
  return {
    tasks: [],
    dependencies: new Map(names.map((name) => [name, dependency(name)])),
    numbers: new Map(names.map((name, number) => [name, number])),
    edges: names.map((_, number) => (number === 0 ? names.slice(1).map((_, at) => at + 1) : [])),
    reads: new Map(),
    unknown: new Map(),
    exported: new Set(),
    isKnown: () => true,
  } as unknown as GeneratedDependencies;
}

const telling = new TellingIngredients();
const table = new NameTable();
const received = new ReceivedIngredients(table);

/** Tells of a variant. @returns how many nodes were told for it, and what the other side has of it */
function tell(values: Readonly<Record<string, string>>): {
  readonly told: number;
  readonly nodes: readonly string[];
} {
  const variant = {
    ...telling.variant('a.bb', generated(values), Object.keys(values), new Set(), false),
    edits: undefined,
    stand: undefined,
  };
  const message = structuredClone(telling.take([variant], []));
  const [kept] = received.receive(message);
  const text = (number: number) => table.name(number);
  const nodes = Array.from({ length: kept!.nodes.length }, (_, at) => {
    const { name, names, value } = kept!.nodes.nodeAt(at);
    return `${text(name)}=${value}<${names.map(text).join()}`;
  });
  return { told: message.nodes.value.length, nodes };
}

describe('what hashes are made of, told of one variant after the other', () => {
  it('is told once where many have it', () => {
    const first = { do_a: 'a', B: 'shared', C: 'own 0' };
    expect(tell(first)).toEqual({ told: 3, nodes: ['do_a=a<B,C', 'B=shared<', 'C=own 0<'] });
    for (let number = 1; number < 500; number++) {
      const { told, nodes } = tell({ do_a: 'a', B: 'shared', C: `own ${number}` });
      expect(told).toBe(1);
      expect(nodes).toEqual(['do_a=a<B,C', 'B=shared<', `C=own ${number}<`]);
    }
  });

  it('is told again, and comes to the same, where nobody has met it for long', () => {
    const rare = { do_a: 'a', RARE: 'x' };
    expect(tell(rare).told).toBe(2);
    expect(tell(rare).told).toBe(0);
    for (let number = 0; number < 200; number++) tell({ do_a: 'a', B: 'shared', C: `own ${number}` });
    expect(tell(rare)).toEqual({ told: 1, nodes: ['do_a=a<RARE', 'RARE=x<'] });
  });

  it('is another where the same text of the same length depends on something else', () => {
    expect(tell({ X: 'same', Y: '1' }).nodes).toEqual(['X=same<Y', 'Y=1<']);
    expect(tell({ X: 'same', Z: '1' }).nodes).toEqual(['X=same<Z', 'Z=1<']);
    expect(tell({ X: 'emas', Y: '1' }).nodes).toEqual(['X=emas<Y', 'Y=1<']);
    expect(tell({ X: 'same', Y: '1' })).toEqual({ told: 0, nodes: ['X=same<Y', 'Y=1<'] });
  });
});
