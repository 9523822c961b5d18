import { describe, expect, it } from 'vitest';
import type { BitBakeHash, DependencyNode } from '../../server/src/signature/signatures.ts';
import { chainTo, variableChanges } from '../../server/src/signature/variableChanges.ts';

/** Name -> its text and what it names; `do_x` is the task. */
function side(nodes: Readonly<Record<string, readonly [value: string | undefined, ...names: string[]]>>) {
  const dependencies = Object.keys(nodes).filter((name) => name !== 'do_x');
  return {
    tasks: [{ task: 'do_x', basehash: '0' as BitBakeHash, dependencies }],
    nodes: new Map(
      Object.entries(nodes).map(([name, [value, ...named]]): [string, DependencyNode] => [
        name,
        { value, dependencies: named },
      ]),
    ),
  };
}

describe('which variables differ', () => {
  it('names the one whose text does, and not those that name it', () => {
    const at = (machine: string) =>
      side({ do_x: ['use ${A}', 'A'], A: ['for ${MACHINE}', 'MACHINE'], MACHINE: [machine] });
    expect(variableChanges('do_x', at('one'), at('two'))).toEqual([
      { variable: 'MACHINE', before: 'one', after: 'two', enters: 'both' },
    ]);
    expect(chainTo('MACHINE', 'do_x', at('one'))).toEqual(['do_x', 'A', 'MACHINE']);
    expect(chainTo('NOBODY', 'do_x', at('one'))).toBeUndefined();
  });

  it('leaves out what comes and goes with another text', () => {
    const before = side({
      do_x: ['use ${A}', 'A'],
      A: ['${OLD}', 'OLD'],
      OLD: ['${DEEPER}', 'DEEPER'],
      DEEPER: ['1'],
    });
    const after = side({ do_x: ['use ${A}', 'A'], A: ['${NEW}', 'NEW'], NEW: ['1'] });
    expect(variableChanges('do_x', before, after)).toEqual([
      { variable: 'A', before: '${OLD}', after: '${NEW}', enters: 'both' },
    ]);
  });

  it('tells of what enters without any text having changed, as by a flag', () => {
    const before = side({ do_x: ['same'] });
    const after = side({ do_x: ['same', 'FLAGGED'], FLAGGED: ['${B}', 'B'], B: [undefined] });
    expect(variableChanges('do_x', before, after)).toEqual([
      { variable: 'FLAGGED', before: undefined, after: '${B}', enters: 'after' },
    ]);
    expect(variableChanges('do_x', after, before)).toEqual([
      { variable: 'FLAGGED', before: '${B}', after: undefined, enters: 'before' },
    ]);
  });

  it('tells of all that only account for each other', () => {
    const after = side({ do_x: ['same'], A: ['${B}', 'B'], B: ['${A}', 'A'] });
    const names = variableChanges('do_x', side({ do_x: ['same'] }), after).map(({ variable }) => variable);
    expect(names).toEqual(['A', 'B']);
  });

  it('takes a variable without a text and an empty one for the same, as hashes do', () => {
    expect(
      variableChanges(
        'do_x',
        side({ do_x: ['x', 'A'], A: [undefined] }),
        side({ do_x: ['x', 'A'], A: [''] }),
      ),
    ).toEqual([]);
  });
});
