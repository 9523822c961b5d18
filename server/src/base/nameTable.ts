/** How many texts are looked for again: who has one of those before keeps it. */
const MOST_TEXTS = 200_000;

/**
 * A name as a number of 32 bits that others may have, too (FNV-1a): takes no room in a table, where it makes no harm to
 * take a name for another one.
 */
export function digestOfName(name: string): number {
  let digest = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) digest = Math.imul(digest ^ name.charCodeAt(at), 0x01000193);
  return digest >>> 0;
}

/** Names as numbers, in the order in which they came. */
export class NameTable {
  readonly names: string[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly texts = new Map<string, string>();
  /** Lists that many have, by their content. */
  private readonly lists = new Map<string, readonly number[]>();

  add(name: string): number {
    let number = this.numbers.get(name);
    if (number === undefined) {
      number = this.names.push(name) - 1;
      this.numbers.set(name, number);
    }
    return number;
  }

  /** Undefined: it never came. */
  find(name: string): number | undefined {
    return this.numbers.get(name);
  }

  /** The same string for the same text, of texts that many messages bring. */
  text(text: string): string {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    if (this.texts.size >= MOST_TEXTS) this.texts.clear();
    this.texts.set(text, text);
    return text;
  }

  /** The same list for the same numbers. */
  shared(numbers: readonly number[]): readonly number[] {
    const key = numbers.join();
    const known = this.lists.get(key);
    if (!known) this.lists.set(key, numbers);
    return known ?? numbers;
  }
}
