/**
 * Inline Python that needs no Python: calls of BitBake's pure functions on literals.
 *
 * Most of inline Python in real layers is `bb.utils.contains(…)`, `contains_any`, `filter` and `d.getVar(…)`
 * with literal arguments. Their meaning is fixed by BitBake (`bb/utils.py`), so they are computed here; any
 * text of another shape is left to the runtime.
 */
import { sortedStrings, splitWords } from '../base/words.ts';
import type { Datastore } from '../datastore/datastore.ts';
import type { Value } from '../datastore/value.ts';
import { pythonText } from './statements.ts';

/** A literal or a call, as far as this file understands Python. */
type Node =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'constant'; readonly value: boolean | undefined }
  | { readonly kind: 'datastore' }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Node[] };

const parsed = new Map<string, Node | undefined>();
const MOST_REMEMBERED = 20_000;

/** `str()` of the expression's value; undefined where the expression is not simple. */
export function evaluateSimple(expression: string, d: Datastore): string | undefined {
  let node = parsed.get(expression);
  if (node === undefined && !parsed.has(expression)) {
    node = new Reader(expression.trim()).whole();
    if (parsed.size >= MOST_REMEMBERED) parsed.clear();
    parsed.set(expression, node);
  }
  if (node?.kind !== 'call') return undefined;
  return pythonText(call(node.name, node.args, d));
}

function evaluate(node: Node, d: Datastore): Value {
  if (node.kind === 'call') return call(node.name, node.args, d);
  return node.kind === 'datastore' ? undefined : node.value;
}

function call(name: string, args: readonly Node[], d: Datastore): Value {
  const text = (index: number) => (args[index] as { value: string }).value;
  if (name === 'd.getVar') return d.getVar(text(0));
  const value = d.getVar(text(0));
  const words = (text: Value) => new Set(splitWords(typeof text === 'string' ? text : ''));
  if (name === 'bb.utils.filter') {
    if (!value) return '';
    const wanted = words(text(1));
    return sortedStrings([...words(value)].filter((word) => wanted.has(word))).join(' ');
  }
  // Python evaluates the arguments before the call, whichever is returned.
  const [whenTrue, whenFalse] = [evaluate(args[2]!, d), evaluate(args[3]!, d)];
  if (!value) return whenFalse;
  const present = words(value);
  const wanted = [...words(text(1))];
  const found =
    name === 'bb.utils.contains'
      ? wanted.every((word) => present.has(word))
      : wanted.some((word) => present.has(word));
  return found ? whenTrue : whenFalse;
}

/** The shapes that are understood: for each function, what its arguments must be. */
const SHAPES: Readonly<Record<string, readonly ('text' | 'any' | 'd')[]>> = {
  'd.getVar': ['text'],
  'bb.utils.contains': ['text', 'text', 'any', 'any', 'd'],
  'bb.utils.contains_any': ['text', 'text', 'any', 'any', 'd'],
  'bb.utils.filter': ['text', 'text', 'd'],
};

class Reader {
  private at = 0;
  constructor(private readonly text: string) {}

  whole(): Node | undefined {
    const node = this.node();
    return this.at === this.text.length ? node : undefined;
  }

  private node(): Node | undefined {
    this.blanks();
    const char = this.text[this.at];
    if (char === '"' || char === "'") return this.literal(char);
    const name = /^[A-Za-z_][\w.]*/.exec(this.text.slice(this.at, this.at + 64))?.[0];
    if (name === undefined) return undefined;
    this.at += name.length;
    if (name === 'True' || name === 'False') return { kind: 'constant', value: name === 'True' };
    if (name === 'None') return { kind: 'constant', value: undefined };
    if (name === 'd') return { kind: 'datastore' };
    const shape = SHAPES[name];
    if (!shape || !this.take('(')) return undefined;
    const args: Node[] = [];
    for (const [index, wanted] of shape.entries()) {
      const arg = this.node();
      if (!arg || !fits(arg, wanted)) return undefined;
      args.push(arg);
      if (index < shape.length - 1 && !this.take(',')) return undefined;
    }
    return this.take(')') ? { kind: 'call', name, args } : undefined;
  }

  private literal(quote: string): Node | undefined {
    const end = this.text.indexOf(quote, this.at + 1);
    const value = this.text.slice(this.at + 1, end);
    if (end < 0 || /[\\\n]/.test(value) || this.text[end + 1] === quote) return undefined;
    this.at = end + 1;
    this.blanks();
    // Two literals in a row are one text in Python.
    return this.text[this.at] === '"' || this.text[this.at] === "'" ? undefined : { kind: 'text', value };
  }

  private blanks(): void {
    while (this.text[this.at] === ' ') this.at++;
  }

  private take(char: string): boolean {
    this.blanks();
    if (this.text[this.at] !== char) return false;
    this.at++;
    this.blanks();
    return true;
  }
}

function fits(node: Node, wanted: 'text' | 'any' | 'd'): boolean {
  if (wanted === 'text') return node.kind === 'text';
  if (wanted === 'd') return node.kind === 'datastore';
  return node.kind !== 'datastore';
}
