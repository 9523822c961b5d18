/** Python's regular expressions in JavaScript find what Python itself finds. */
import { beforeAll, describe, expect, it } from 'vitest';
import { matchesAtStart, pythonPattern } from '../../server/src/metadata/pythonPattern.ts';
import { type TestSandbox, testSandbox } from './workspace.ts';

let box: TestSandbox;

beforeAll(async () => {
  box = await testSandbox();
});

const TEXTS = [
  '', 'a', 'ab', 'abc', 'aab', 'abab', 'B', 'aB', 'a.b', '/x/ab_1.0.bb', 'a\n', '\na', 'é', 'É', '٣', '²', 'a-c',
  'x]a', '{a', 'a{,b}', '  ', 'a b', 'a#b', '_', 'aaaa', '\u2028', 'A\x85', 'ss',
]; // prettier-ignore

/** What Python finds in each text, as start and end; undefined: it does not compile it. */
function found(pattern: string): readonly (readonly [number, number] | null)[] | undefined {
  const texts = JSON.stringify(TEXTS);
  const python =
    `(lambda re, json: json.dumps([(m := re.search(${JSON.stringify(pattern)}, text)) and m.span() ` +
    `for text in json.loads(${JSON.stringify(texts)})]))(__import__('re'), __import__('json'))`;
  try {
    return JSON.parse(box.evaluate(python)) as (readonly [number, number] | null)[];
  } catch {
    return undefined;
  }
}

function ours(pattern: string): readonly (readonly [number, number] | null)[] | undefined {
  const compiled = pythonPattern(pattern);
  return compiled && TEXTS.map((text) => spanOf(compiled.exec(text)));
}

function spanOf(match: RegExpExecArray | null): readonly [number, number] | null {
  return match && [match.index, match.index + match[0].length];
}

describe('what is found by', () => {
  it.each([
    'b', 'a.b', '^a$', '^', '$', 'a\\Z', '\\Aa', 'a{,2}', 'a{1,}b', 'a{2}', 'a{', '{a', 'a{,b}', 'a{,}', '[]x]', '[^]x]',
    '[a-c]', '[a\\-c]', '[-a]', '[a-]', '\\d', '\\D', '\\w+', '\\W', '\\s', '\\S+', '[\\d]', '[^\\W]', '[\\Wa]', '\\bb', 'a\\B',
    '(?a)\\w', '(?i)B', '(?i)É', '(?m)^a', '(?s)a.', 'a.', '(?x)a  b # and more', '(?im)^A$', '(?i)(?m)^A$', '(?:ab)+', '(a)(b)\\2?',
    '(a)\\1', '(?P<n>a)(?P=n)', 'a(?=b)', 'a(?!b)', '(?<=a)b', '(?<!a)b', '(?i:B)', 'a(?i:b)', '(?i:[a-c])', '(?#x)a', 'a(?#x)*b',
    '(?>a+)a', 'a++b', 'a?+b', 'a*?b', 'a+?', '\\x41', '\\u00e9', '\\101', '\\0', '[\\b]', '\\.', '\\/', '/[^/]*_1', '|a', 'a||b', '()',
    '(?s-i:a.)', '(?:)*', '(?=a)*a', '(?i)ſ', 'b|(a)',
  ])('%s', (pattern) => {
    const theirs = found(pattern);
    expect(theirs).toBeDefined();
    expect(ours(pattern)).toEqual(theirs);
  }); // prettier-ignore
});

describe('none is', () => {
  it.each([
    '(', ')', '[', '[]', '*', 'a**', 'a{2}{3}', '^*', '\\b+', 'a{3,2}', '(?P<n>a)(?P<n>b)', '(?P=n)', '\\1', '(\\1)', '\\q', '[\\q]',
    '[b-a]', '[a-\\d]', 'a(?i)b', '(?z)', '(?<=a+)b', '(?P<1>a)', '(?', '(?#', '\\', '\\x4', '\\400', '(?L)a', '(?a-u:b)', 'a+*',
  ])('%s', (pattern) => {
    expect(found(pattern)).toBeUndefined();
    expect(pythonPattern(pattern)).toBeUndefined();
  }); // prettier-ignore
});

it('what cannot be said in JavaScript is none, rather than another one', () => {
  for (const pattern of ['(a)?(?(1)b|c)', '(a)?\\1', '(?i)(?-i:a)', '((a)b)++']) {
    expect(found(pattern), pattern).toBeDefined();
    expect(pythonPattern(pattern), pattern).toBeUndefined();
  }
});

it('matches at the start alone, whatever the alternatives', () => {
  expect(matchesAtStart(pythonPattern('a|b')!, 'xb')).toBe(false);
  expect(matchesAtStart(pythonPattern('a|b')!, 'bx')).toBe(true);
});
