/**
 * What a variable or a varflag can hold.
 *
 * Metadata in files makes strings only; Python can store anything. Strings, numbers and booleans are
 * held as they are; lists as lists of values; any other Python object (a set, a dictionary, a datastore) stays
 * in CPython, and the datastore holds an `Opaque` that names it. `undefined` is Python's None.
 */

/** A Python object that only CPython can look into. */
export class Opaque {
  /** @param id its key in the runtime's table of objects, valid until that runtime is restored
   *  @param text `str(value)` when it was stored
   *  @param truthy `bool(value)` when it was stored */
  constructor(
    readonly id: number,
    readonly text: string,
    readonly truthy: boolean,
  ) {}
}

/** A datastore held as a value (BB_ORIGENV), by the number under which Python knows it. */
export class DatastoreHandle {
  constructor(readonly id: number) {}
}

export type Value = string | number | boolean | readonly Value[] | Opaque | DatastoreHandle | undefined;
