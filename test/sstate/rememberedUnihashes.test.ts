/** What BitBake remembers of unihashes, out of pickles that real Python has written. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { NotPlain, parsePickle } from '../../server/src/sstate/pickle.ts';
import { parseRememberedUnihashes } from '../../server/src/sstate/rememberedUnihashes.ts';

/** @param expression what Python pickles */
function pickled(expression: string, protocol = -1): Uint8Array {
  const program = `import pickle, sys, os, datetime; sys.stdout.buffer.write(pickle.dumps(${expression}, ${protocol}))`;
  return new Uint8Array(execFileSync('python3', ['-c', program]));
}

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const ENTRIES = `{":zlib:do_package": ("${A}", "${B}"), "mc1:zlib:do_deploy": ("${A}", "${A}")}`;

describe('a pickle', () => {
  it.each([2, 3, 4, 5])('of protocol %i gives plain data', (protocol) => {
    const value = parsePickle(
      pickled('{"a": [1, 255, 65535, -7, True, False, None], "ä": ((), ("x",), (1, 2, 3, 4))}', protocol),
    );
    expect(value).toEqual(
      new Map<string, unknown>([
        ['a', [1, 255, 65535, -7, true, false, null]],
        ['ä', [[], ['x'], [1, 2, 3, 4]]],
      ]),
    );
  });

  it('may refer to what it has made, and be long', () => {
    const value = parsePickle(pickled('(lambda s: [{str(n): (s, s) for n in range(3000)}, "3"])("shared")'));
    const [entries] = value as [Map<string, string[]>];
    expect(entries.size).toBe(3000);
    expect(entries.get('2999')).toEqual(['shared', 'shared']);
  });

  it.each(['os.system', 'datetime.datetime(2026, 1, 1)', 'b"bytes"', '{1, 2}', '1 << 70'])(
    'of %s is refused, and nothing of it is run',
    (expression) => {
      expect(() => parsePickle(pickled(expression))).toThrow(NotPlain);
    },
  );
});

describe('bb_unihashes.dat', () => {
  it('is read by multiconfig, recipe and task', () => {
    expect(parseRememberedUnihashes(pickled(`[${ENTRIES}, "3"]`))).toEqual({
      remembered: new Map([
        [':zlib:do_package', { taskhash: A, unihash: B }],
        ['mc1:zlib:do_deploy', { taskhash: A, unihash: A }],
      ]),
    });
  });

  it.each([
    ['of another version', pickled(`[${ENTRIES}, "4"]`), 'another version of BitBake wrote it'],
    ['cut short', pickled(`[${ENTRIES}, "3"]`).subarray(0, 100), 'it is broken: it ends early'],
    ['empty', new Uint8Array(), 'it is broken: it ends early'],
    ['another thing', pickled('"3"'), 'it is broken: it is not a pair of data and version'],
  ])('that is %s counts for nothing, as in BitBake', (_, bytes, ignored) => {
    expect(parseRememberedUnihashes(bytes)).toEqual({ remembered: new Map(), ignored });
  });

  it.each([
    ['[{"k": ("a", "b")}, "3"]', 'its entry for k is of no known form'],
    [`[{"k": "${A}"}, "3"]`, 'an entry of it is of no known form'],
    ['[[1], "3"]', 'it holds no dictionary'],
  ])('of %s is unknown', (expression, unknown) => {
    expect(parseRememberedUnihashes(pickled(expression))).toEqual({ unknown });
  });

  it('that would call something is unknown', () => {
    expect(parseRememberedUnihashes(pickled('[{"k": os.system}, "3"]'))).toEqual({
      unknown: expect.stringMatching(/^operation 0x93 at byte \d+ makes more than plain data$/) as string,
    });
  });
});
