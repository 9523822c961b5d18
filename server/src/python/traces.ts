/**
 * What pieces of Python did to the datastore, remembered as a tree: each node is one request, each branch one result
 * of it, each leaf what the piece returned. Walking the tree with the datastore at hand, making the same requests,
 * gives what running the piece would, as long as the piece is decided by the results of its requests alone.
 *
 * Knows requests as names and plain values; not what they do, and nothing of Python.
 */
import { DatastoreHandle, Opaque, type Value } from '../datastore/value.ts';
import type { Read } from '../inputs/reads.ts';
import type { DatastoreService } from './runtime.ts';

export interface Request {
  readonly operation: string;
  readonly args: readonly Value[];
}

export type Result = ReturnType<DatastoreService['call']>;

/** A request that was made, and what came of it. */
export interface Step {
  readonly request: Request;
  readonly result: Result;
  /** Its error, instead of a result. */
  readonly error?: unknown;
}

/** The end of a piece. */
export interface Leaf {
  readonly returned: string;
  /** Which files had been looked at: the last parts of their paths. */
  readonly files: ReadonlySet<string> | undefined;
  /** What was asked of files. */
  readonly reads: ReadonlySet<Read> | undefined;
  /** A number of its own where it left something in modules for later. */
  readonly left: number | undefined;
}

interface Node {
  readonly request: Request;
  /** Most requests always have the same result: one branch, and more only where there are more. */
  key: ResultKey;
  next: Node | Leaf;
  others: Map<ResultKey, Node | Leaf> | undefined;
}

type ResultKey = string | undefined;

/** Requests that are not remembered: their results are long, or mean something in one run only. */
const PASSING = new Set([
  'keys',
  'localkeys',
  'overridedata',
  'create',
  'createCopy',
  'inherit',
  'inherit_defer',
  'include',
  'get_hash',
]);
/** Requests that change nothing, so that making them once more does no harm. */
const READING = new Set(
  'getVar getVarFlag getVarFlags expand expandWithRefs hasOverrides need_overrides overrides overridedata keys localkeys tracking get_hash variableHistory tasks listens'.split(
    ' ',
  ),
);
/** How many ends a tree may have; of one recipe, some have hundreds of variants. */
const MOST_LEAVES = 64;
const MOST_OWN_LEAVES = 512;
/** A tree that was walked in vain so often, and more often than not, is given up. */
const MOST_VAIN = 16;

export function canBeRemembered({ operation, args }: Request, result: Result): boolean {
  return !PASSING.has(operation) && args.every(isPlain) && isPlainResult(result);
}

export function isReading(operation: string): boolean {
  return READING.has(operation);
}

function isPlain(value: Value): boolean {
  if (Array.isArray(value)) return value.every(isPlain);
  return !(value instanceof Opaque || value instanceof DatastoreHandle);
}

function isPlainResult(result: Result): boolean {
  if (typeof result !== 'object' || Array.isArray(result)) return isPlain(result as Value);
  if (result instanceof Opaque || result instanceof DatastoreHandle) return false;
  return Object.values(result as Record<string, Value>).every(isPlain);
}

/** A text starts with `s`, all else is told apart by its JSON. */
function keyOf(result: Result): ResultKey {
  if (result === undefined) return undefined;
  return typeof result === 'string' ? result : `\0${JSON.stringify(result)}`;
}

export function sameRequest(a: Request, operation: string, args: readonly Value[]): boolean {
  return (
    a.operation === operation &&
    a.args.length === args.length &&
    a.args.every(
      (arg, at) =>
        arg === args[at] || (typeof arg === 'object' && JSON.stringify(arg) === JSON.stringify(args[at])),
    )
  );
}

/** How many nodes all trees may have together. */
const MOST_NODES = 400_000;

/** The trees of many pieces of Python. */
export class Forest {
  private readonly trees = new Map<string, Map<string, TraceTree>>();
  private nodes = 0;
  /** @param picky trees that are walked in vain are given up */
  constructor(private readonly picky: boolean) {}

  /** @param what which piece it is @param definitions the functions that it can reach */
  tree(what: string, definitions: string): TraceTree {
    let trees = this.trees.get(what);
    if (!trees) this.trees.set(what, (trees = new Map()));
    let tree = trees.get(definitions);
    if (!tree) {
      tree = new TraceTree(this.picky, (nodes) => (this.nodes += nodes));
      trees.set(definitions, tree);
    }
    return tree;
  }

  /** Whether anything was remembered of a piece. */
  has(what: string): boolean {
    return this.trees.has(what);
  }

  /** To be called now and then: forgets everything where it has become too much. */
  prune(): void {
    if (this.nodes < MOST_NODES && this.trees.size < MOST_NODES) return;
    this.trees.clear();
    this.nodes = 0;
  }

  /** Forgets what looked at a file of such a name. */
  forgetFiles(names: ReadonlySet<string>): void {
    for (const trees of this.trees.values()) for (const tree of trees.values()) tree.forgetFiles(names);
  }
}

/** All that is known of one piece of Python. */
export class TraceTree {
  private root: Node | Leaf | undefined;
  private leaves = 0;
  private used = 0;
  private vain = 0;
  /** @param grow told how many nodes were added */
  constructor(
    private readonly picky: boolean,
    private readonly grow: (nodes: number) => void,
  ) {}

  /** Whether it is worth walking and adding to. */
  get open(): boolean {
    return !this.picky || this.vain < MOST_VAIN || this.used > this.vain;
  }

  /**
   * Makes the requests that are known, as far as the results are.
   * @param perform makes a request; what it throws ends the walk
   * @returns the end; undefined where the way is not known: `steps` is then what was done
   */
  walk(perform: (request: Request) => Result, steps: Step[]): Leaf | undefined {
    let at = this.root;
    while (at && 'request' in at) {
      const { request } = at;
      let result: Result;
      try {
        result = perform(request);
      } catch (error) {
        steps.push({ request, result: undefined, error });
        at = undefined;
        break;
      }
      steps.push({ request, result });
      const key = keyOf(result);
      at = at.key === key ? at.next : at.others?.get(key);
    }
    if (!at) {
      this.vain++;
      if (!this.open) this.clear();
      return undefined;
    }
    this.used++;
    return at;
  }

  add(steps: readonly Step[], leaf: Leaf): void {
    if (!this.open || this.leaves >= (this.picky ? MOST_LEAVES : MOST_OWN_LEAVES)) return;
    this.leaves++;
    let from = 0;
    let at: Node | undefined;
    let key: ResultKey;
    for (let known = this.root; known && 'request' in known && from < steps.length; from++) {
      at = known;
      key = keyOf(steps[from]!.result);
      known = at.key === key ? at.next : at.others?.get(key);
      if (!known) {
        from++;
        break;
      }
    }
    let next: Node | Leaf = leaf;
    for (let index = steps.length - 1; index >= from; index--) {
      const { request, result } = steps[index]!;
      next = { request, key: keyOf(result), next, others: undefined };
    }
    if (!at) this.root = next;
    else if (at.key === key) at.next = next;
    else (at.others ??= new Map()).set(key, next);
    this.grow(steps.length - from + 1);
  }

  /** Forgets every end that looked at a file of such a name. */
  forgetFiles(names: ReadonlySet<string>): void {
    if (this.root && looksAt(this.root, names)) this.clear();
  }

  clear(): void {
    this.root = undefined;
    this.leaves = 0;
  }
}

function looksAt(at: Node | Leaf, names: ReadonlySet<string>): boolean {
  const waiting = [at];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if ('request' in next) waiting.push(next.next, ...(next.others?.values() ?? []));
    else if (next.files && [...next.files].some((name) => names.has(name))) return true;
  }
  return false;
}
