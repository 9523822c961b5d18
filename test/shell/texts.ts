/** Random shell texts: pieces that mean something to a shell, put together with and without sense. */
import fc from 'fast-check';

const PIECES = [
  ...['if', 'then', 'else', 'elif', 'fi', 'do', 'done', 'case', 'esac', 'while', 'until', 'for', 'in'],
  ...['{', '}', '!', '|', '&&', '||', ';;', '<<', '<<-', '>>', '<&', '>&', '<>', '>|', '&', ';', '<', '>'],
  ...['(', ')', '\n', ' ', '\t', 'a', 'b', '2', 'A=b', 'x=', '=y', 'A=$(b)', 'cmd_name=x', 'eval', '$', '$A'],
  ...['${A}', '${A:-`b`}', '$(c)', '$((1))', '`d`', '"q $(r) s"', '"`t`"', "'s q'", '"', "'", '`', '$('],
  ...['${', '\\', '\\\n', '#', '# c\n', 'EOF', 'cat <<E\nx $(y)\nE\n', "cat <<-'E'\n\tx\n\tE\n", 'f() {'],
  ...['for x in a b; do', 'case $x in', 'a)', '(a)', '$@', '\\$', '\\"', 'A="$(z)"', '$(eval g)', 'é', '\r'],
];

const WHOLE = [
  ...['a b', 'A=b c', '$X y', 'eval $(x) y', '$(p) $(q) $(r)', '"$(p)" "$(q)"', '[ -f a ]', '! a', 'a &'],
  ...[
    'cat <<E\nx\nE',
    'cat <<A <<B\n1\nA\n2\nB',
    'a >b 2>&1',
    '>x',
    'echo fi',
    'a # c',
    'a$',
    'for i; do a; done',
  ],
];

const { text } = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...WHOLE),
    fc
      .tuple(
        fc.constantFrom(
          ...['%; @', '%\n@', '% && @', '% | @', '% & @', '{ %; @; }', '( %; @ )', 'if %; then @; fi'],
          ...[
            'while %; do @; done',
            'for x in a; do %; @; done',
            'case x in a) %;; (b) @\nesac',
            'f() { %; @; }',
          ],
          ...[
            '% $(@)',
            '% "$(@)"',
            '% `@`',
            '% @',
            '$(%) @',
            'eval "%" @',
            '{ % @ }',
            '% >f\n@',
            '{ %; @ & }',
          ],
        ),
        tie('text'),
        tie('text'),
      )
      .map(([form, left, right]) => form.replace('%', () => left).replace('@', () => right)),
  ),
}));

const pieces = fc
  .array(fc.tuple(fc.constantFrom(...PIECES), fc.constantFrom('', ' ', ' ', '\n')), { maxLength: 14 })
  .map((all) => all.flat().join(''));

/** A whole text into which a piece has fallen. */
const broken = fc.tuple(text, fc.constantFrom(...PIECES), fc.nat()).map(([whole, piece, at]) => {
  const cut = at % (whole.length + 1);
  return whole.slice(0, cut) + piece + whole.slice(cut);
});

export const shellTexts = fc
  .tuple(fc.oneof(text, broken, pieces), fc.constantFrom('\n', '\n', ''))
  .map((parts) => parts.join(''));
