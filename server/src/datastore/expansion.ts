/**
 * Expansion of `${VAR}` and `${@python}` in one text, and what it named on the way.
 *
 * Follows `bb/data_smart.py: VariableParse, DataSmart.expandWithRefs`. Reads variables through the
 * datastore; knows nothing of overrides or of how values are stored.
 */
import { EndlessError, ExpansionError, FatalError } from './errors.ts';
import type { Datastore } from './datastore.ts';
import type { InlineReferences } from './python.ts';
import type { Value } from './value.ts';

/** How releases differ in expanding. Chosen by `metadata/release.ts`. */
export interface ExpansionTraits {
  /** What counts as inline Python: up to the first `}` (older), or past balanced braces as well. */
  readonly inlinePythonNestsBraces: boolean;
  /** Inline Python that still contains an unexpanded `${VAR}` is left alone instead of being run. */
  readonly skipsUnexpandedInlinePython: boolean;
  /** `VAR[flag] ??= "x"` keeps its own slot, so that a later `=` of another kind wins over it. */
  readonly flagDefaults: boolean;
  /** Only `[a-z0-9]+` at the start makes a suffix an override (newer), or anything in lower case. */
  readonly overrideNeedsLowerStart: boolean;
  /** Flags deleted with `delVarFlag` lose their weak default too. */
  readonly deletesFlagDefaults: boolean;
}

/** How often the outcome of an expansion may have to be expanded again. */
const MOST_ROUNDS = 1_000;
/** How long a value may become, in UTF-16 units. */
const LONGEST_VALUE = 16 * 1024 * 1024;

const VARIABLE = /\$\{([a-zA-Z0-9\-_+./~:]+)\}/;
const PYTHON_FLAT = /\$\{@[^\n]+?\}/g;
const PYTHON_NESTED = /\$\{@(?:\{[^\n]*?\}|[^\n])+?\}/g;

/** Most values name nothing. */
const NO_NAMES: ReadonlySet<string> = new Set();
const NO_TESTS: ReadonlyMap<string, ReadonlySet<string>> = new Map();

/** The value of a text and everything that was named while it was expanded. */
export class Expansion {
  references = NO_NAMES;
  execs = NO_NAMES;
  contains = NO_TESTS;
  /** The unexpanded `:remove` texts that took something away; undefined where none applied. */
  removes: Set<string> | undefined;
  constructor(
    readonly variable: string | undefined,
    readonly unexpanded: Value,
    /** Expanded; of a value that is no text, the value itself. */
    public value: Value,
  ) {}

  addReference(name: string): void {
    if (this.references === NO_NAMES) this.references = new Set();
    (this.references as Set<string>).add(name);
  }

  /** What code names. */
  addFound({ references, execs, contains }: InlineReferences): void {
    for (const name of references) this.addReference(name);
    this.execs = new Set([...this.execs, ...execs]);
    const tests = new Map(this.contains);
    for (const [name, items] of contains) tests.set(name, new Set([...(tests.get(name) ?? []), ...items]));
    this.contains = tests;
  }
}

/** `typeof` in Python's words, for the message of a text joined with something else. */
function pythonType(value: Value): string {
  if (typeof value === 'number') return 'int';
  if (typeof value === 'boolean') return 'bool';
  return Array.isArray(value) ? 'list' : 'object';
}

/**
 * Expands `text` in datastore `d` under the name `variable` (a reference to itself is an error).
 * @throws ExpansionError; a skip of the recipe or a fatal error passes through unwrapped
 */
export function expandWithReferences(text: Value, variable: string | undefined, d: Datastore): Expansion {
  const expansion = new Expansion(variable, text, text);
  if (typeof text !== 'string' || isPlain(text)) return expansion;
  let current = text;
  for (let round = 1; current.includes('${'); round++) {
    const before = current;
    try {
      if (round > MOST_ROUNDS) {
        const message = `The value of ${nameOf(variable) ?? text} expands to text that has to be expanded again, without end`;
        throw new EndlessError(`${message}: let it not produce \${…} that leads back to itself`, variable);
      }
      current = substituteVariables(current, expansion, d, round > 1);
      current = substitutePython(current, expansion, d);
      if (current === before) break;
      if (current.length > LONGEST_VALUE) {
        const message = `The value of ${nameOf(variable) ?? 'a text'} is larger than ${LONGEST_VALUE / 1024 / 1024} MB`;
        throw new EndlessError(`${message}: let it not repeat other values without end`, variable);
      }
    } catch (error) {
      if (error instanceof ExpansionError) {
        error.addVariable(variable);
        throw error;
      }
      if (error instanceof FatalError || d.passesThrough(error)) throw error;
      throw new ExpansionError(variable, current, error);
    }
  }
  expansion.value = current;
  return expansion;
}

/** Whether expansion leaves it as it is. */
export function isPlain(value: Value): boolean {
  return typeof value !== 'string' || !value.includes('${');
}

/** The variables that an expanded text still names: there are none of these names. */
export function namesLeft(text: string): string[] {
  return text.split(VARIABLE).filter((_, at) => at % 2 === 1);
}

/** Where the values of variables come from. */
interface ValueSource {
  getVar(name: string): Value;
}

/**
 * `expandWithReferences` of a text whose variables have values of which none changes meanwhile.
 * @returns undefined where Python would have to be run
 * @throws what `values` throws; Error where the text refers to `variable` itself
 */
export function expandKnown(text: string, variable: string, values: ValueSource): Expansion | undefined {
  const expansion = new Expansion(variable, text, text);
  let current = text;
  for (let before = ''; current !== before;) {
    if (current.includes('${@')) return undefined;
    before = current;
    current = substituteVariables(current, expansion, values, before !== text);
  }
  expansion.value = current;
  return expansion;
}

/** What is expanded for `X := …` goes by the name `X[:=]`. */
function nameOf(variable: string | undefined): string | undefined {
  return variable?.replace(/\[:=\]$/, '');
}

/** How many texts are kept taken apart. */
const MOST_TEMPLATES = 40_000;
/** Text -> what stands between `${` and `}` in it, at odd places, and between these. Most texts come with every recipe. */
const templates = new Map<string, readonly string[]>();

function templateOf(text: string): readonly string[] {
  let template = templates.get(text);
  if (!template) {
    template = text.split(VARIABLE);
    if (templates.size >= MOST_TEMPLATES) templates.clear();
    templates.set(text, template);
  }
  return template;
}

/** @param again a text that is not the value of a variable, which others have, too */
function substituteVariables(text: string, expansion: Expansion, d: ValueSource, again: boolean): string {
  if (isPlain(text)) return text;
  const template = again ? text.split(VARIABLE) : templateOf(text);
  let result = template[0]!;
  for (let at = 1; at < template.length; at += 2) {
    const key = template[at]!;
    if (expansion.variable && expansion.variable === key) {
      throw new Error(`variable ${key} references itself!`);
    }
    const value = d.getVar(key);
    expansion.addReference(key);
    if (value !== undefined && typeof value !== 'string') {
      throw new TypeError(`expected str instance, ${pythonType(value)} found`);
    }
    result += `${value ?? `\${${key}}`}${template[at + 1]!}`;
  }
  return result;
}

function substitutePython(text: string, expansion: Expansion, d: Datastore): string {
  if (!text.includes('${@')) return text;
  const traits = d.traits;
  let incomplete = false;
  const result = text.replace(traits.inlinePythonNestsBraces ? PYTHON_NESTED : PYTHON_FLAT, (match) => {
    if (incomplete) return match;
    const code = match.slice(3, -1);
    if (traits.skipsUnexpandedInlinePython && code.search(VARIABLE) >= 0) return match;
    const value = d.python.evaluate(code, d, expansion.variable);
    if (value === undefined) {
      incomplete = true;
      return match;
    }
    expansion.addFound(d.python.analyse(code, expansion.variable));
    return value;
  });
  // One expression that ends inside a string literal leaves the whole text as it was.
  return incomplete ? text : result;
}
