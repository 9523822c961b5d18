import { describe, expect, it } from 'vitest';
import { compareSignatures, explainDifference } from '../../server/src/signature/diff.ts';
import { describeDifference } from '../../server/src/signature/diffText.ts';
import {
  computedBasehash,
  computedTaskhash,
  parseSignatureData,
  type SignatureData,
} from '../../server/src/signature/sigdata.ts';

/** As BitBake writes it; hashes made by Python's hashlib. */
const RECORDED = {
  task: 'do_compile',
  basehash: 'b'.repeat(64),
  basehash_ignore_vars: { _set_object: ['PATH', 'HOME'] },
  taskhash_ignore_tasks: null,
  taskdeps: ['CFLAGS', 'FLAG[x]'],
  gendeps: { CFLAGS: { _set_object: ['FLAG[x]', 'B'] }, 'FLAG[x]': { _set_object: [] } },
  varvals: { do_compile: '    make\n', CFLAGS: '-O2', 'FLAG[x]': null },
  runtaskdeps: ['lib:do_install'],
  runtaskhashes: { 'lib:do_install': 'f'.repeat(64) },
  file_checksum_values: [
    ['./sub/b', '92eb5ffee6ae2fec3ad71c777531578f'],
    ['a.patch', '0cc175b9c0f1b6a831c399e269772661'],
  ],
  taskhash: 't',
  unihash: 'u',
  taint: 'nostamp:1234',
};
const read = (more: object = {}): SignatureData =>
  parseSignatureData(JSON.stringify({ ...RECORDED, ...more }));

describe('signature data', () => {
  it('is read with all that it holds', () => {
    const data = read();
    expect(data.ignoredVariables).toEqual(['HOME', 'PATH']);
    expect([...data.dependencies]).toEqual([
      ['CFLAGS', ['B', 'FLAG[x]']],
      ['FLAG[x]', []],
    ]);
    expect([...data.values]).toEqual([
      ['do_compile', '    make\n'],
      ['CFLAGS', '-O2'],
      ['FLAG[x]', undefined],
    ]);
    expect(data.run).toEqual({
      dependencies: ['lib:do_install'],
      hashes: new Map([['lib:do_install', 'f'.repeat(64)]]),
      files: RECORDED.file_checksum_values,
      taskhash: 't',
      unihash: 'u',
    });
    expect([data.ignoredTasks, data.taint]).toEqual([undefined, 'nostamp:1234']);
  });

  it('says which hashes it makes', () => {
    const data = read({ basehash: 'e'.repeat(64) });
    expect(computedBasehash(data)).toBe('4a1b36456b298917330473cbe8cf5f7275d8b8b79a0a1f31f9b1ccf4b4e4b770');
    expect(computedTaskhash(data)).toBe('7460cf03f6298f5b1bc28f9b5877f04da75e3388a44172912778ac0fc5539bee');
    expect(computedTaskhash(read({ runtaskdeps: undefined, runtaskhashes: undefined }))).toBeUndefined();
  });

  it('of old releases has other names for the same', () => {
    const data = read({
      basehash_ignore_vars: undefined,
      basewhitelist: { _set_object: ['X'] },
      taskwhitelist: 'y',
    });
    expect([data.ignoredVariables, data.ignoredTasks]).toEqual([['X'], 'y']);
  });

  it('must be signature data', () => {
    expect(() => parseSignatureData('{"task": "do_x"}')).toThrow('it has no task and varvals');
    expect(() => parseSignatureData('\u0080\u0004}q')).toThrow('this is a pickle');
  });
});

describe('differences', () => {
  it('name the kind and both sides', () => {
    const after = read({
      varvals: { do_compile: '    make\n    true\n', CFLAGS: '-O2 -g', 'FLAG[x]': null },
      file_checksum_values: [['./sub/b', 'other']],
      taint: undefined,
    });
    expect(compareSignatures(read(), after)).toEqual([
      { kind: 'value', variable: 'CFLAGS', before: '-O2', after: '-O2 -g' },
      { kind: 'value', variable: 'do_compile', before: '    make\n', after: '    make\n    true\n' },
      { kind: 'file', file: './sub/b', before: '92eb5ffee6ae2fec3ad71c777531578f', after: 'other' },
      { kind: 'file-removed', file: 'a.patch' },
      { kind: 'taint', before: 'nostamp:1234', after: undefined },
    ]);
    expect(compareSignatures(read(), after).slice(0, 2).flatMap(describeDifference)).toEqual([
      'Variable CFLAGS value changed:',
      '"-O2 {+-g+}"',
      'Variable do_compile value changed:',
      '@@ -1 +1,2 @@',
      '     make',
      '+    true',
    ]);
  });

  it('are none for a task that has only got another name', () => {
    const hashes = { 'lib2:do_install': 'f'.repeat(64) };
    const after = read({ runtaskdeps: ['lib2:do_install'], runtaskhashes: hashes });
    expect(compareSignatures(read(), after)).toEqual([]);
  });

  it('are followed to the root, each change of a task once', () => {
    const task = (hashes: Record<string, string>, flags = '-O2') =>
      read({
        runtaskdeps: Object.keys(hashes).sort(),
        runtaskhashes: hashes,
        varvals: { ...RECORDED.varvals, CFLAGS: flags },
      });
    const files = new Map([
      ['install1', task({ 'lib:do_compile': 'compile1' })],
      ['install2', task({ 'lib:do_compile': 'compile2' })],
      ['compile1', task({})],
      ['compile2', task({}, '-O3')],
    ]);
    const explained = explainDifference(
      task({ 'lib:do_compile': 'compile1', 'lib:do_install': 'install1', 'gone:do_x': '1' }),
      task({ 'lib:do_compile': 'compile2', 'lib:do_install': 'install2', 'gone:do_x': '2' }),
      (_, before, after) => {
        const [a, b] = [files.get(before), files.get(after)];
        return a && b && [a, b];
      },
    );
    expect(explained.causes.map(({ task, explained }) => [task, explained])).toEqual([
      ['gone:do_x', 'missing'],
      [
        'lib:do_compile',
        { differences: [{ kind: 'value', variable: 'CFLAGS', before: '-O2', after: '-O3' }], causes: [] },
      ],
      [
        'lib:do_install',
        {
          differences: [
            expect.objectContaining({ kind: 'run-dependencies' }),
            { kind: 'task-hash', task: 'lib:do_compile', before: 'compile1', after: 'compile2' },
          ],
          causes: [{ task: 'lib:do_compile', before: 'compile1', after: 'compile2', explained: 'shown' }],
        },
      ],
    ]);
  });
});
