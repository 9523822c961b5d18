/**
 * Holds texts and lists of texts once that come in many copies: what arrives from another process, or is read from the
 * disk, has one of its own for each place where it stood. Knows nothing of what they say.
 */

/** How many are looked for again: those that came before then keep their copies. */
const MOST_TEXTS = 400_000;

export class SharedTexts {
  private readonly texts = new Map<string, string>();
  /** By their texts, as `JSON.stringify` has them: no text can be taken for two. */
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
    if (this.texts.size + this.lists.size > MOST_TEXTS) {
      this.texts.clear();
      this.lists.clear();
    }
    this.properties(data as Record<string, unknown>, own);
    return data;
  }

  private properties(record: Record<string, unknown>, own: ReadonlySet<string>): void {
    for (const [name, value] of Object.entries(record)) {
      const shared = own.has(name) ? value : this.shared(value, own);
      if (shared !== value) record[name] = shared;
    }
  }

  private shared(value: unknown, own: ReadonlySet<string>): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return this.array(value, own);
    if (typeof value === 'object' && value !== null) this.properties(value as Record<string, unknown>, own);
    return value;
  }

  private text(text: string): string {
    const known = this.texts.get(text);
    if (known === undefined) this.texts.set(text, text);
    return known ?? text;
  }

  private array(values: unknown[], own: ReadonlySet<string>): readonly unknown[] {
    let texts = true;
    for (const [at, value] of values.entries()) {
      if (typeof value !== 'string') texts = false;
      values[at] = this.shared(value, own);
    }
    return texts ? this.list(values as string[]) : values;
  }

  private list(texts: readonly string[]): readonly string[] {
    const key = JSON.stringify(texts);
    const known = this.lists.get(key);
    if (known === undefined) this.lists.set(key, texts);
    return known ?? texts;
  }
}
