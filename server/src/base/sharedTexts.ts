/**
 * Holds texts and lists of texts once that come in many copies: what arrives from another process, or is read from the
 * disk, has one of its own for each place where it stood. Knows nothing of what they say.
 */

import { NumberedTexts } from './nameTable.ts';

/** How many are looked for again: those that came before then keep their copies. */
const MOST_TEXTS = 400_000;

export class SharedTexts {
  private texts = new NumberedTexts();
  /** By the numbers of their texts. */
  private readonly lists = new Map<string, readonly string[]>();
  private readonly done = new WeakSet<object>();

  /**
   * Puts the texts and lists that came before in place of those of plain data; maps are left as they are.
   * @param own names of properties whose texts are those of one place alone
   * @returns the same object, which from now on may have parts in common with others: nothing in it may be changed
   */
  share<T extends object>(data: T, own: ReadonlySet<string>): T {
    if (this.done.has(data)) return data;
    this.done.add(data);
    if (this.texts.texts.length + this.lists.size > MOST_TEXTS) {
      this.texts = new NumberedTexts();
      this.lists.clear();
    }
    this.properties(data as Record<string, unknown>, own);
    return data;
  }

  private properties(record: Record<string, unknown>, own: ReadonlySet<string>): void {
    // Of two copies of a text none can be told from the other: it is put there in any case.
    for (const [name, value] of Object.entries(record))
      if (!own.has(name)) record[name] = this.shared(value, own);
  }

  private shared(value: unknown, own: ReadonlySet<string>): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return this.array(value, own);
    if (typeof value === 'object' && value !== null) this.properties(value as Record<string, unknown>, own);
    return value;
  }

  private text(text: string): string {
    return this.texts.texts[this.texts.add(text)]!;
  }

  private array(values: unknown[], own: ReadonlySet<string>): readonly unknown[] {
    if (values.every((value) => typeof value === 'string')) return this.list(values);
    for (const [at, value] of values.entries()) values[at] = this.shared(value, own);
    return values;
  }

  private list(texts: readonly string[]): readonly string[] {
    const numbers = texts.map((text) => this.texts.add(text));
    const key = numbers.join();
    let list = this.lists.get(key);
    if (!list) this.lists.set(key, (list = numbers.map((number) => this.texts.texts[number]!)));
    return list;
  }
}
