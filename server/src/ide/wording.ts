/** Names, counts and texts of others as they are said in a sentence. */

/** `a`, `a and b`, `a, b and c`; past `most` names, `a, b and 3 more`. */
export function enumerate(names: readonly string[], most = 8): string {
  const shown = names.length > most ? [...names.slice(0, most), `${names.length - most} more`] : names;
  if (shown.length < 2) return shown[0] ?? '';
  return `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)!}`;
}

const NUMBERS = new Intl.NumberFormat('en');

/** `20,114`. */
export function figure(count: number): string {
  return NUMBERS.format(count);
}

/** `1 recipe`, `1,913 recipes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${figure(count)} ${count === 1 ? one : many}`;
}

/** A text of many lines as one that a place beside others has room for. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
