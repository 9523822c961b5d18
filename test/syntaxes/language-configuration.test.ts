import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Configuration {
  readonly comments: { readonly lineComment: string };
  readonly brackets: readonly (readonly [string, string])[];
  readonly wordPattern: string;
  readonly folding: { readonly markers: { readonly start: string; readonly end: string } };
  readonly indentationRules: {
    readonly increaseIndentPattern: string;
    readonly decreaseIndentPattern: string;
  };
  readonly onEnterRules: readonly {
    readonly beforeText: string;
    readonly action: { readonly indent: string; readonly appendText?: string };
  }[];
}

const FILE = join(import.meta.dirname, '../../syntaxes/language-configuration.json');
const configuration = JSON.parse(readFileSync(FILE, 'utf8')) as Configuration;

describe('the language configuration', () => {
  it('knows comments and brackets', () => {
    expect(configuration.comments.lineComment).toBe('#');
    expect(configuration.brackets).toEqual([
      ['{', '}'],
      ['[', ']'],
      ['(', ')'],
    ]);
  });

  it.each([
    ['SRC_URI:append:class-native = "a"', ['SRC_URI', 'append', 'class-native', 'a']],
    ['FILES:${PN}-dev += "${libdir}/x.so"', ['FILES', 'PN', 'dev', 'libdir', 'x', 'so']],
    ['do_a[depends] = "gcc-cross:do_b"', ['do_a', 'depends', 'gcc-cross', 'do_b']],
    ['    d.getVar("A")', ['d', 'getVar', 'A']],
    ['inherit update-rc-d gtk+3', ['inherit', 'update-rc-d', 'gtk+3']],
  ])('takes the words of %s', (line, words) => {
    expect(line.match(new RegExp(configuration.wordPattern, 'g'))).toEqual(words);
  });

  it.each([
    ['SRC_URI = "a \\', 'indent', undefined],
    ['A:append[b] ??= \\', 'indent', undefined],
    ["export A = '\\", 'indent', undefined],
    ['    file://a.patch \\', undefined, undefined],
    ['A = "b"', undefined, undefined],
    ['# a \\', 'none', '# '],
    ['# a', undefined, undefined],
    ['    return a', 'outdent', undefined],
    ['    return f(', undefined, undefined],
    ['    returned = 1', undefined, undefined],
  ])('on Enter behind %s', (line, indent, appended) => {
    const rule = configuration.onEnterRules.find(({ beforeText }) => new RegExp(beforeText).test(line));
    expect([rule?.action.indent, rule?.action.appendText]).toEqual([indent, appended]);
  });

  it.each([
    ['do_a() {', true, false],
    ['python do_a:append () {', true, false],
    ['python () {', true, false],
    ['def a(b):', true, false],
    ['    if a == "b":', true, false],
    ['    else:', true, true],
    ['    if [ -n "$a" ]; then', true, false],
    ['    for a in b c; do', true, false],
    ['    done', false, true],
    ['    fi', false, true],
    ['}', false, true],
    ['    }', false, true],
    ['A = "${B}"', false, false],
    ['do_a[depends] += "b:do_c"', false, false],
    ['# do', false, false],
  ])('indents behind %s: %s, and takes it back: %s', (line, more, less) => {
    const { increaseIndentPattern, decreaseIndentPattern } = configuration.indentationRules;
    expect([
      new RegExp(increaseIndentPattern).test(line),
      new RegExp(decreaseIndentPattern).test(line),
    ]).toEqual([more, less]);
  });

  it('folds between marks', () => {
    const { start, end } = configuration.folding.markers;
    expect([new RegExp(start).test('# region a'), new RegExp(end).test('# endregion')]).toEqual([true, true]);
    expect(new RegExp(start).test('# regional')).toBe(false);
  });

  it('has no pattern that gets lost in a long line', () => {
    const patterns = [
      configuration.wordPattern,
      ...configuration.onEnterRules.map(({ beforeText }) => beforeText),
      configuration.indentationRules.increaseIndentPattern,
      configuration.indentationRules.decreaseIndentPattern,
    ].map((pattern) => new RegExp(pattern));
    for (const piece of ['a', ' ', '\\', '(', '()', '{', 'a-', '-', '=', 'do ', '"', ':']) {
      const line = piece.repeat(20_000 / piece.length);
      for (const pattern of patterns) expect(pattern.test(line)).toBeTypeOf('boolean');
    }
  });
});
