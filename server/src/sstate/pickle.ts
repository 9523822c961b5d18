/**
 * Plain data out of Python's pickles: dictionaries, lists, tuples, text, whole numbers, booleans and None.
 *
 * A pickle is a program that can call anything. Here only the operations that make plain data exist; any other is
 * refused, so that nothing in a file is ever run. Follows the description of the operations in CPython's
 * `Lib/pickletools.py`, protocols 2 to 5, which is what BitBake writes (`pickle.Pickler(f, -1)`).
 */

export type Plain = string | number | boolean | null | Plain[] | Map<Plain, Plain>;

/** The pickle has an operation that makes more than plain data. */
export class NotPlain extends Error {
  override readonly name = 'NotPlain';
}

/** The pickle ends early or contradicts itself: Python could not read it either. */
export class BrokenPickle extends Error {
  override readonly name = 'BrokenPickle';
}

const MARK = Symbol('mark');
type Item = Plain | typeof MARK;

const TEXT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws NotPlain, BrokenPickle */
export function parsePickle(bytes: Uint8Array): Plain {
  return new Reader(bytes).read();
}

class Reader {
  private at = 0;
  private readonly stack: Item[] = [];
  private readonly memo = new Map<number, Plain>();
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(): Plain {
    for (;;) {
      const code = this.take(1)[0]!;
      if (code === 0x2e) return this.pop(); // STOP
      this.perform(code);
    }
  }

  private perform(code: number): void {
    switch (code) {
      case 0x80: // PROTO
        this.take(1);
        return;
      case 0x95: // FRAME
        this.take(8);
        return;
      case 0x28: // MARK
        this.stack.push(MARK);
        return;
      case 0x4e: // NONE
        this.stack.push(null);
        return;
      case 0x88: // NEWTRUE
        this.stack.push(true);
        return;
      case 0x89: // NEWFALSE
        this.stack.push(false);
        return;
      case 0x4b: // BININT1
        this.stack.push(this.take(1)[0]!);
        return;
      case 0x4d: // BININT2
        this.stack.push(this.number(2));
        return;
      case 0x4a: // BININT
        this.stack.push(this.number(4) | 0);
        return;
      case 0x8c: // SHORT_BINUNICODE
        this.stack.push(this.text(this.number(1)));
        return;
      case 0x58: // BINUNICODE
        this.stack.push(this.text(this.number(4)));
        return;
      case 0x8d: // BINUNICODE8
        this.stack.push(this.text(this.number(8)));
        return;
      case 0x7d: // EMPTY_DICT
        this.stack.push(new Map());
        return;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        this.stack.push([]);
        return;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        this.stack.push(this.last(code - 0x84));
        return;
      case 0x74: // TUPLE
        this.stack.push(this.sinceMark());
        return;
      case 0x61: // APPEND
        this.append([this.pop()]);
        return;
      case 0x65: // APPENDS
        this.append(this.sinceMark());
        return;
      case 0x73: // SETITEM
        this.setItems(this.last(2));
        return;
      case 0x75: // SETITEMS
        this.setItems(this.sinceMark());
        return;
      case 0x94: // MEMOIZE
        this.memo.set(this.memo.size, this.top());
        return;
      case 0x71: // BINPUT
        this.memo.set(this.number(1), this.top());
        return;
      case 0x72: // LONG_BINPUT
        this.memo.set(this.number(4), this.top());
        return;
      case 0x68: // BINGET
        this.stack.push(this.remembered(this.number(1)));
        return;
      case 0x6a: // LONG_BINGET
        this.stack.push(this.remembered(this.number(4)));
        return;
      default:
        throw new NotPlain(
          `operation 0x${code.toString(16).padStart(2, '0')} at byte ${this.at - 1} makes more than plain data`,
        );
    }
  }

  private take(length: number): Uint8Array {
    if (this.at + length > this.bytes.length) throw new BrokenPickle('it ends early');
    return this.bytes.subarray(this.at, (this.at += length));
  }

  /** Little-endian, without sign. */
  private number(length: 1 | 2 | 4 | 8): number {
    const at = this.at;
    this.take(length);
    if (length === 1) return this.view.getUint8(at);
    if (length === 2) return this.view.getUint16(at, true);
    if (length === 4) return this.view.getUint32(at, true);
    return Number(this.view.getBigUint64(at, true));
  }

  private text(length: number): string {
    const bytes = this.take(length);
    try {
      return TEXT.decode(bytes);
    } catch {
      throw new BrokenPickle('it has text that is not UTF-8');
    }
  }

  private pop(): Plain {
    const item = this.stack.pop();
    if (item === undefined || item === MARK) throw new BrokenPickle('it takes more than it has made');
    return item;
  }

  private top(): Plain {
    const item = this.pop();
    this.stack.push(item);
    return item;
  }

  private last(count: number): Plain[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  private sinceMark(): Plain[] {
    const mark = this.stack.lastIndexOf(MARK);
    if (mark < 0) throw new BrokenPickle('it takes more than it has made');
    const items = this.stack.splice(mark);
    return items.slice(1) as Plain[];
  }

  private append(items: readonly Plain[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw new BrokenPickle('it appends to what is no list');
    for (const item of items) list.push(item);
  }

  private setItems(items: readonly Plain[]): void {
    const dictionary = this.top();
    if (!(dictionary instanceof Map) || items.length % 2 !== 0)
      throw new BrokenPickle('it sets items of what is no dictionary');
    for (let at = 0; at < items.length; at += 2) dictionary.set(items[at]!, items[at + 1]!);
  }

  private remembered(index: number): Plain {
    const item = this.memo.get(index);
    if (item === undefined) throw new BrokenPickle('it refers to what it has not made');
    return item;
  }
}
