import { describe, expect, it } from 'vitest';
import { explainDifference } from '../../server/src/signature/diff.ts';
import { explanationLines, hashTree, rootCauses } from '../../server/src/signature/explanation.ts';
import { parseSignatureData, type SignatureData } from '../../server/src/signature/sigdata.ts';

const task = (hashes: Record<string, string>, flags = '-O2'): SignatureData =>
  parseSignatureData(
    JSON.stringify({
      task: 'do_x',
      basehash: flags,
      taskdeps: ['CFLAGS'],
      gendeps: { CFLAGS: { _set_object: [] } },
      varvals: { do_x: 'make', CFLAGS: flags },
      runtaskdeps: Object.keys(hashes).sort(),
      runtaskhashes: hashes,
    }),
  );

const FILES = new Map([
  ['install1', task({ 'lib:do_compile': 'compile1' })],
  ['install2', task({ 'lib:do_compile': 'compile2' })],
  ['compile1', task({})],
  ['compile2', task({}, '-O2 -g')],
]);

const explained = explainDifference(
  task({ 'gone:do_x': '1', 'lib:do_compile': 'compile1', 'lib:do_install': 'install1' }),
  task({ 'gone:do_x': '2', 'lib:do_compile': 'compile2', 'lib:do_install': 'install2' }),
  (_, before, after) => {
    const [a, b] = [FILES.get(before), FILES.get(after)];
    return a && b && [a, b];
  },
);

describe('explanations', () => {
  it('follow every changed dependency, each change once, with the places of values', () => {
    const places = (task: string, variable: string) =>
      task === 'lib:do_compile' && variable === 'CFLAGS' ? 'lib.bb:7 append' : undefined;
    expect(explanationLines('app:do_x', explained, places)).toEqual([
      'Hash for task dependency gone:do_x changed from 1 to 2',
      '    no signature data of both hashes was found',
      'Hash for task dependency lib:do_compile changed from compile1 to compile2',
      '    basehash changed from -O2 to -O2 -g',
      '    Variable CFLAGS value changed: (lib.bb:7 append)',
      '    "-O2 {+-g+}"',
      'Hash for task dependency lib:do_install changed from install1 to install2',
      '    Hash for task dependency lib:do_compile changed from compile1 to compile2',
      '        (explained above)',
    ]);
  });

  it('end at the tasks where something differs by itself', () => {
    expect(rootCauses('app:do_x', explained)).toEqual([
      {
        task: 'lib:do_compile',
        own: [{ kind: 'value', variable: 'CFLAGS', before: '-O2', after: '-O2 -g' }],
      },
    ]);
  });
});

describe('the tree of a hash', () => {
  it('names each variable under what names it, with value and place once', () => {
    const nodes = new Map([
      ['do_x', { dependencies: ['A', 'B'], value: '\n    one\n    two\n' }],
      ['A', { dependencies: ['B'], value: '${B}' }],
      ['B', { dependencies: ['B', 'C'], value: 'x'.repeat(120) }],
      ['C', { dependencies: [], value: undefined }],
    ]);
    const place = (name: string) => (name === 'A' ? 'a.bb:3 set' : undefined);
    expect(hashTree('do_x', nodes, place)).toEqual([
      'do_x = 2 lines: one',
      '  A = "${B}"  [a.bb:3 set]',
      `    B = "${'x'.repeat(100)}…"`,
      '      C is not set',
      '  B (above)',
    ]);
  });
});
