/**
 * What pieces of Python did for one recipe, as a text that outlasts the session: with it, the same recipe needs Python
 * in a later one only for what has changed since.
 *
 * Holds where Python was put back to the same state before, and where files would tell it the same: whoever keeps the
 * text has to see to both. Everything in it that another session would call otherwise is told in words of its own:
 * functions by digests of their texts (`definitions.ts`), what was left in modules by the order in which it was.
 * Knows no datastore and no sandbox.
 */
import { NumberedTexts } from '../base/nameTable.ts';
import type { Value } from '../datastore/value.ts';
import type { Leaf, Request, Result, Step } from './traces.ts';

/** A piece of Python with what decided it and what it did. */
export interface Performed {
  readonly name: string;
  /** The functions that it could reach. */
  readonly definitions: string;
  /** What had been left in modules before it, for one that keeps something there or looks at it. */
  readonly left: string | undefined;
  readonly steps: readonly Step[];
  readonly leaf: Leaf;
}

/** Lists of numbers stand for items of `texts` and `steps`. */
interface Written {
  readonly texts: readonly string[];
  /** Operation, arguments, result. */
  readonly steps: readonly (readonly [number, number, number])[];
  readonly pieces: readonly WrittenPiece[];
  /** Digests of texts that were defined without a trace of anything else. */
  readonly harmless: readonly string[];
  /** Filters and values, and what came out. */
  readonly filtered: readonly (readonly [string, string])[];
  /** How many things were left in modules. */
  readonly left: number;
}

type WrittenPiece = readonly [
  name: number,
  definitions: number,
  /** Ordinals. */
  before: readonly number[] | null,
  steps: readonly number[],
  returned: number,
  files: readonly number[] | null,
  reads: readonly number[] | null,
  left: number | null,
];

/**
 * @param harmless digests of texts that were defined without a trace of anything else
 * @param filtered filters and values, and what came out
 */
export function writeRecollection(
  performed: Iterable<Performed>,
  harmless: Iterable<string>,
  filtered: Iterable<readonly [string, string]>,
): string {
  const texts = new NumberedTexts();
  // Most values are texts, which are looked up before they are written.
  const written = new Map<string, number>();
  const valueNumber = (value: unknown): number => {
    if (typeof value !== 'string') return texts.add(textOf(value));
    let number = written.get(value);
    if (number === undefined) written.set(value, (number = texts.add(textOf(value))));
    return number;
  };
  const requests = new Numbered<readonly [operation: number, args: number]>();
  // Those of a piece that is known are the same objects each time.
  const requestNumbers = new Map<Request, number>();
  const steps = new Numbered<readonly [operation: number, args: number, result: number]>();
  const ordinals = new NumberedTexts();
  const requestOf = (request: Request): number => {
    let number = requestNumbers.get(request);
    if (number === undefined) {
      const [operation, args] = [texts.add(request.operation), valueNumber(request.args)];
      number = requests.add(operation, args, () => [operation, args]);
      requestNumbers.set(request, number);
    }
    return number;
  };
  const numberOf = ({ request, result }: Step): number => {
    const [asked, answer] = [requestOf(request), valueNumber(result)];
    return steps.add(asked, answer, () => [...requests.items[asked]!, answer]);
  };
  const pieces = new Set<string>();
  for (const { name, definitions, left, steps, leaf } of performed) {
    if (!steps.every(({ request, result }) => isExact(request.args) && isExact(result))) continue;
    const before = left === undefined ? null : numbersIn(left).map((number) => ordinals.add(number));
    const piece: WrittenPiece = [
      texts.add(name),
      texts.add(definitions),
      before,
      steps.map(numberOf),
      texts.add(leaf.returned),
      leaf.files ? [...leaf.files].map((file) => texts.add(file)) : null,
      leaf.reads ? [...leaf.reads].map((read) => texts.add(read)) : null,
      leaf.left === undefined ? null : ordinals.add(String(leaf.left)),
    ];
    pieces.add(JSON.stringify(piece));
  }
  const rest: Omit<Written, 'pieces'> = {
    texts: texts.texts,
    steps: steps.items,
    harmless: [...harmless],
    filtered: [...filtered],
    left: ordinals.texts.length,
  };
  // Pieces are written already.
  return `{"pieces":[${[...pieces].join()}],${JSON.stringify(rest).slice(1)}`;
}

/** Things that two numbers stand for, in the order in which they came. */
class Numbered<T> {
  readonly items: T[] = [];
  private readonly numbers = new Map<number, Map<number, number>>();

  add(first: number, second: number, item: () => T): number {
    let seconds = this.numbers.get(first);
    if (!seconds) this.numbers.set(first, (seconds = new Map()));
    let number = seconds.get(second);
    if (number === undefined) seconds.set(second, (number = this.items.push(item()) - 1));
    return number;
  }
}

export interface Recollection {
  readonly performed: readonly Performed[];
  readonly harmless: readonly string[];
  readonly filtered: readonly (readonly [string, string])[];
  /** How many numbers it takes for what was left in modules. */
  readonly left: number;
}

/** @param firstLeft the number to begin with for what was left in modules */
export function readRecollection(text: string, firstLeft: number): Recollection {
  const { texts, steps: stepList, pieces, harmless, filtered, left } = JSON.parse(text) as Written;
  const values = new Map<number, Value | Record<string, Value>>();
  const valueOf = (number: number): Value | Record<string, Value> => {
    if (!values.has(number)) values.set(number, valueOfText(texts[number]!));
    return values.get(number);
  };
  const steps = stepList.map(([operation, args, result]): Step => {
    const request: Request = { operation: texts[operation]!, args: valueOf(args) as readonly Value[] };
    return { request, result: valueOf(result) as Result };
  });
  const setOf = (numbers: readonly number[] | null) =>
    numbers ? new Set(numbers.map((number) => texts[number]!)) : undefined;
  const leftOf = (ordinal: number) => firstLeft + ordinal;
  const performed = pieces.map(
    ([name, definitions, before, own, returned, files, reads, left]): Performed => ({
      name: texts[name]!,
      definitions: texts[definitions]!,
      left: before ? before.map((ordinal) => ` ${leftOf(ordinal)}`).join('') : undefined,
      steps: own.map((step) => steps[step]!),
      leaf: {
        returned: texts[returned]!,
        files: setOf(files),
        reads: setOf(reads),
        left: left === null ? undefined : leftOf(left),
      },
    }),
  );
  return { performed, harmless, filtered, left };
}

function numbersIn(left: string): string[] {
  return left.split(' ').filter(Boolean);
}

/** A text begins with `s`, all else is JSON, in which Python's None is `null`. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return `s${value}`;
  // As below, but faster; most values are texts and lists of texts.
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) return JSON.stringify(value);
  return JSON.stringify(value, (_key, inner: unknown) => (inner === undefined ? null : inner));
}

function valueOfText(text: string): Value | Record<string, Value> {
  return text.startsWith('s') ? text.slice(1) : withoutNull(JSON.parse(text));
}

function withoutNull(value: unknown): Value | Record<string, Value> {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(withoutNull) as Value;
  if (typeof value !== 'object') return value as Value;
  return Object.fromEntries(
    Object.entries(value as object).map(([key, inner]) => [key, withoutNull(inner) as Value]),
  );
}

/** Whether JSON has it as it is: not every number. */
function isExact(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  return typeof value !== 'object' || value === null || Object.values(value).every(isExact);
}
