/**
 * Names and texts as numbers, so that what many have is held, told and compared as a number. Knows nothing of what they
 * name.
 */

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

/** Texts as numbers, in the order in which they came. */
export class NumberedTexts {
  readonly texts: string[] = [];
  private readonly numbers = new Map<string, number>();

  add(text: string): number {
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.texts.push(text) - 1;
      this.numbers.set(text, number);
    }
    return number;
  }

  /** Undefined: it never came. */
  find(text: string): number | undefined {
    return this.numbers.get(text);
  }
}

/** Between a variable and what overrides it (`FILES:zlib-dev`). */
const COLON = ':';
const NO_TAIL = 0;
/** How large arrays are at first; they are made twice as large when they are full. */
const FIRST_SIZE = 1024;

/** New names of a table on their way to another one. */
export interface ToldNames {
  readonly parts: readonly string[];
  /** By name: the part before its first colon, and one more than that behind it; 0: it has no colon. */
  readonly heads: Uint32Array;
  readonly tails: Uint32Array;
}

/**
 * Names as numbers, in the order in which they came. Most are of variables for one package each, so that it is the parts
 * before and behind the colon that are held.
 */
export class NameTable {
  private count = 0;
  private readonly parts = new NumberedTexts();
  private heads = new Uint32Array(FIRST_SIZE);
  private tails = new Uint32Array(FIRST_SIZE);
  /** One more than the number of a name, at the first free place from where its parts lead to; 0: free. */
  private slots = new Uint32Array(2 * FIRST_SIZE);
  private readonly texts = new Map<string, string>();
  /** Lists that many have, by their content. */
  private readonly lists = new Map<string, readonly number[]>();

  get size(): number {
    return this.count;
  }

  name(number: number): string {
    const head = this.parts.texts[this.heads[number]!]!;
    const tail = this.tails[number]!;
    return tail === NO_TAIL ? head : `${head}${COLON}${this.parts.texts[tail - 1]!}`;
  }

  add(name: string): number {
    const colon = name.indexOf(COLON);
    return colon < 0
      ? this.addParts(this.parts.add(name), NO_TAIL)
      : this.addParts(this.parts.add(name.slice(0, colon)), this.parts.add(name.slice(colon + 1)) + 1);
  }

  /** Undefined: it never came. */
  find(name: string): number | undefined {
    const colon = name.indexOf(COLON);
    const head = this.parts.find(colon < 0 ? name : name.slice(0, colon));
    if (head === undefined) return undefined;
    const tail = colon < 0 ? -1 : this.parts.find(name.slice(colon + 1));
    if (tail === undefined) return undefined;
    const number = this.slots[this.slotOf(head, tail + 1)]!;
    return number === 0 ? undefined : number - 1;
  }

  addPart(part: string): number {
    return this.parts.add(part);
  }

  /** @param head, tail as in `ToldNames` */
  addParts(head: number, tail: number): number {
    const slot = this.slotOf(head, tail);
    const known = this.slots[slot]!;
    if (known !== 0) return known - 1;
    const number = this.count++;
    if (number === this.heads.length) this.grow();
    this.heads[number] = head;
    this.tails[number] = tail;
    // Growing has moved the places.
    this.slots[this.slotOf(head, tail)] = number + 1;
    return number;
  }

  /** The place of a name, or the free one that it would get. */
  private slotOf(head: number, tail: number): number {
    const { slots, heads, tails } = this;
    const mask = slots.length - 1;
    let hash = Math.imul(head + 1, 0x9e3779b1) ^ Math.imul(tail + 1, 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = slots[slot]!;
      if (number === 0 || (heads[number - 1] === head && tails[number - 1] === tail)) return slot;
    }
  }

  private grow(): void {
    const size = 2 * this.heads.length;
    this.heads = larger(this.heads, size);
    this.tails = larger(this.tails, size);
    this.slots = new Uint32Array(2 * size);
    for (let number = 0; number < this.count - 1; number++)
      this.slots[this.slotOf(this.heads[number]!, this.tails[number]!)] = number + 1;
  }

  /** @param names, parts how many of each were told before @param most of the names */
  told(names: number, parts: number, most: number): ToldNames {
    const end = Math.min(this.count, names + most);
    return {
      parts: this.parts.texts.slice(parts),
      heads: this.heads.slice(names, end),
      tails: this.tails.slice(names, end),
    };
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

function larger(array: Uint32Array, size: number): Uint32Array<ArrayBuffer> {
  const copy = new Uint32Array(size);
  copy.set(array);
  return copy;
}

/** Tells what comes to a table, once. */
export class ToldTable {
  private names = 0;
  private parts = 0;

  constructor(private readonly table: NameTable) {}

  get isTold(): boolean {
    return this.names === this.table.size;
  }

  /** What has not been told yet. @param most of the names */
  next(most = Infinity): ToldNames {
    const told = this.table.told(this.names, this.parts, most);
    this.names += told.heads.length;
    this.parts += told.parts.length;
    return told;
  }
}

/** The names of another table in one's own. */
export class ReceivedNames {
  /** By number there. */
  readonly numbers: number[] = [];
  private readonly parts: number[] = [];

  constructor(private readonly table: NameTable) {}

  receive({ parts, heads, tails }: ToldNames): void {
    for (const part of parts) this.parts.push(this.table.addPart(part));
    for (let at = 0; at < heads.length; at++) {
      const tail = tails[at]!;
      const own = tail === NO_TAIL ? NO_TAIL : this.parts[tail - 1]! + 1;
      this.numbers.push(this.table.addParts(this.parts[heads[at]!]!, own));
    }
  }
}
