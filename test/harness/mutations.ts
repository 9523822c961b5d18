/** Recipes and classes as nobody writes them on purpose: texts cut, mixed and damaged, the same ones every time. */

/** A sequence of numbers in [0, 1) that its seed decides. */
export function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const PIECES = [
  ...[
    '\\\n',
    '\\',
    '\r\n',
    '\0',
    '\ufeff',
    '\ufffd',
    '"',
    "'",
    '"""',
    '\t',
    '    ',
    '{',
    '}',
    '}\n',
    '() {\n',
  ],
  ...[
    '${',
    '${@',
    '${@d.getVar("',
    '}"',
    ' = "',
    ' += "',
    ' ??= "',
    ' := "',
    ':append = "',
    ':remove',
    '[vardeps]',
  ],
  ...[
    'python () {\n',
    'python do_x() {\n',
    'def f(d):\n',
    'fakeroot ',
    'inherit ',
    'require ',
    'include ',
    '#',
  ],
  ...[
    'addtask ',
    'addtask do_x after ',
    'deltask ',
    'export ',
    'unset ',
    'BBCLASSEXTEND = "native"\n',
    'é',
    '𝒳',
  ],
];
const DEEP = ['{', '(', '${', '${@(', '"', '[', '\\\n', 'A:append = "', 'if x; then\n', 'case a in\n', '$('];

/** The cuts of texts at every line, then mutations of them, `count` in all. */
export function* damaged(texts: readonly string[], count: number, seed: number): Generator<string> {
  let left = count;
  for (const text of texts) {
    const lines = text.split('\n');
    for (let end = 1; end < lines.length && left > 0; end++, left--) yield lines.slice(0, end).join('\n');
  }
  const random = sequence(seed);
  for (; left > 0; left--) {
    let text = texts[Math.floor(random() * texts.length)]!;
    const times = 1 + Math.floor(random() * 4);
    for (let time = 0; time < times; time++) text = damage(text, texts, random);
    yield text;
  }
}

function damage(text: string, texts: readonly string[], random: () => number): string {
  const below = (limit: number) => Math.floor(random() * limit);
  const one = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const at = below(text.length + 1);
  const lines = text.split('\n');
  const line = below(lines.length);
  const replaceLines = (...others: string[]) =>
    [...lines.slice(0, line), ...others, ...lines.slice(line + 1)].join('\n');
  switch (below(10)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + one(PIECES) + text.slice(at);
    case 2:
      return text.slice(0, at) + text.slice(at + 1 + below(20));
    case 3:
      return replaceLines();
    case 4:
      return replaceLines(lines[line]!, lines[line]!);
    case 5:
      return replaceLines(one(one(texts).split('\n')));
    case 6:
      return replaceLines(lines[line]!.trim());
    case 7:
      return text.slice(0, at) + one(DEEP).repeat(1 + below(2000)) + text.slice(at);
    case 8:
      return text.slice(0, at) + String.fromCodePoint(...bytes(1 + below(30), random)) + text.slice(at);
    default:
      return text.slice(0, at) + one(texts).slice(below(200));
  }
}

function bytes(count: number, random: () => number): number[] {
  return Array.from({ length: count }, () => Math.floor(random() * 256));
}
