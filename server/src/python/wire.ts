/**
 * The encoding of what crosses between TypeScript and Python: JSON, with short forms for the most frequent
 * requests and replies. The Python half is `lib/lens/port.py` and `lib/lens/door.py`.
 *
 * A request of Python's is a letter and a text: `G` getVar, `F` getVarFlag, `C` any other datastore operation, `M` a message,
 * `X` a command, `O` what was asked for that is another at every parse, `R` what is refused. A reply is a letter and a text: `s` a string, `n` None, `j` JSON, `e` an error.
 */
import type { Value } from '../datastore/value.ts';
import { DatastoreHandle, Opaque } from '../datastore/value.ts';

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

const encoder = new TextEncoder();
const NONE = encoder.encode('n');

/** What a datastore operation may return: a value, or values by name. */
export type Result = Value | Record<string, Value>;

export function encodeResult(result: Result): Uint8Array {
  if (result === undefined) return NONE;
  if (typeof result === 'string' && wellFormed(result)) return encoder.encode(`s${result}`);
  return encoder.encode(`j${JSON.stringify(toJson(result))}`);
}

export function encodeError(description: object): Uint8Array {
  return encoder.encode(`e${JSON.stringify(description)}`);
}

/** Lone surrogates have no UTF-8; JSON can escape them. */
function wellFormed(text: string): boolean {
  return !/[\ud800-\udfff]/.test(text) || !/\p{Surrogate}/u.test(text);
}

export function toJson(value: Result): Json {
  if (value === undefined) return null;
  if (typeof value !== 'object') return value;
  if (value instanceof Opaque) return { o: value.id };
  if (value instanceof DatastoreHandle) return { d: value.id };
  if (Array.isArray(value)) return value.map(toJson);
  const fields = Object.entries(value).map(([name, field]) => [name, toJson(field)]);
  return { r: Object.fromEntries(fields) as Json };
}

/** The value of parsed JSON from Python. Whatever Python sends gives some value: it is not to be trusted. */
export function fromJson(json: unknown): Value {
  if (json === null || json === undefined) return undefined;
  if (typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean') return json;
  if (Array.isArray(json)) return json.map(fromJson);
  const { o, t, b, d } = json as { o?: unknown; t?: unknown; b?: unknown; d?: unknown };
  if (d !== undefined) return new DatastoreHandle(Number(d));
  return new Opaque(Number(o), String(t), Boolean(b));
}
