import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseFile } from '../../server/src/syntax/parser.ts';
import { significantText } from '../../server/src/syntax/significance.ts';
import { BUILT_IN_VERSION, releaseOf } from '../../server/src/metadata/release.ts';
import { damaged } from '../harness/mutations.ts';

const VERSIONS = ['2.0.0', '2.8.0', BUILT_IN_VERSION];
const SAMPLE = join(import.meta.dirname, '../../samples/workspace/meta-sample');

/** What a file says, wherever in it. */
function statements(name: string, text: string, version: string): unknown[] {
  const isPlace = (key: string) => /range$|lineno$/i.test(key);
  return parseFile(`/layer/${name}`, text, releaseOf(version).syntax)
    .statements.filter(({ kind }) => kind !== 'comment' && kind !== 'blank')
    .map((statement) => JSON.parse(JSON.stringify(statement, (key, value) => (isPlace(key) ? 0 : value))));
}

function texts(directory: string): { name: string; text: string }[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(bb|bbclass|inc|conf|bbappend)$/.test(path))
    .map((path) => ({
      name: path.slice(path.lastIndexOf('/') + 1),
      text: readFileSync(join(directory, path), 'utf8'),
    }));
}

describe('the significant text of a file', () => {
  it('is without comments and blank lines between statements', () => {
    const text = '# one\n\nA = "1"\n# two\n\ndo_x() {\n# three\n\n    y\n}\n\n# four\ninherit z\n# five\n';
    expect(significantText(text)).toBe('A = "1"\ndo_x() {\n# three\n\n    y\n}\ninherit z');
  });

  it.each([
    ['a function', 'do_x() {\nA = "1"\n# one\n}\n'],
    ['a continued value', 'A = "\\\n# one\n"\n'],
    ['a value that ends like a statement', 'A = "1 \\\nB = "2"\n# one\n'],
    ['a Python definition', 'def f():\n    return {\n# one\n    }\n'],
    ['a continued comment', 'A = "1"\n# one \\\nB = "2"\n'],
  ])('has all of %s', (_what, text) => {
    expect(significantText(text).trimEnd()).toBe(text.trimEnd());
  });

  it('says the same as the file, whatever that is', () => {
    const originals = texts(SAMPLE);
    expect(originals.length).toBeGreaterThan(5);
    let compared = 0;
    const all = [
      ...damaged(
        originals.map(({ text }) => text),
        1500,
        7,
      ),
    ];
    const cases = [
      ...originals,
      ...all.map((text, at) => ({ name: ['a.bb', 'a.bbclass', 'a.conf'][at % 3]!, text })),
    ];
    for (const { name, text } of cases) {
      const short = significantText(text);
      if (short === text) continue;
      compared++;
      for (const version of VERSIONS) {
        expect(statements(name, short, version), text).toEqual(statements(name, text, version));
      }
    }
    expect(compared).toBeGreaterThan(500);
  });
});
