/**
 * Of which variables of a variant another text changes nothing but hashes, and what has to be known to make these of it
 * (`signature/variableEdits.ts`): nobody but who hashes has asked for them, and where who hashes has, it was for
 * nothing but to put them in the text of a shell function.
 *
 * Follows what caches know of who read what; asks for no value.
 */
import type { Datastore } from '../datastore/datastore.ts';
import type { ReadFrames } from '../datastore/cache.ts';
import type { RoutedFile } from '../metadata/context.ts';
import type { GeneratedDependencies, Substitutions } from '../signature/dependencies.ts';
import type { EditableVariables } from '../signature/ingredients.ts';
import { isPlainName } from '../syntax/assignments.ts';

/** Flags whose names are looked for in tasks by who hashes alone. */
const NAMING_FLAGS = ['vardeps', 'vardepsexclude'];
/** Flags with which something else than a variable's text is hashed. */
const CHANGING_FLAGS = ['vardepvalueexclude', 'func', 'python'];
/** Flags that say how a variable is hashed. */
const DECIDING_FLAGS = ['vardepvalue', ...CHANGING_FLAGS];

const NOTHING: ReadonlySet<string> = new Set();

/** What may be editable in a variant; who asks for what later is not known yet. */
export interface Candidates {
  readonly names: readonly string[];
  /** As in `EditableVariables`. */
  readonly around: ReadonlyMap<string, readonly [before: string, behind: string]>;
  readonly open: readonly string[];
  /** What was to be put in place of a name, and is not there. */
  readonly missing: readonly string[];
  readonly route: Uint32Array;
  /** Variables that are what the configuration has set them to where the repository stands, and that. */
  readonly stand: ReadonlyMap<string, string>;
}

/** The variables that the configuration sets to where the repository stands. */
export interface AskedRepository {
  readonly variables: ReadonlySet<string>;
  /** Those whose values were asked for in the recipe at hand. */
  readonly asked: ReadonlySet<string>;
  textOf(variable: string): string | undefined;
}

/**
 * To be asked when what was expanded to be hashed is about to be forgotten: until then whoever asks for that is not
 * known to have asked for what it was made of.
 * @param configuration what `d` was copied from
 * @param route see `EditableVariables`; undefined: in which order files were read is not known
 */
export function candidates(
  d: Datastore,
  configuration: Datastore,
  generated: GeneratedDependencies,
  frames: ReadFrames,
  route: Uint32Array | undefined,
  repository: AskedRepository,
): Candidates | undefined {
  const { substitutions, numbers, fixed } = generated;
  if (!substitutions || !route) return undefined;
  const decides = decisiveness(d, generated, substitutions, frames);
  const isCandidate = (name: string) =>
    !fixed.has(name) && isPlain(name, d, substitutions.computed) && !decides(name);
  const names = [...numbers.keys()].filter(isCandidate);
  const own = new Set(d.mentioned(configuration));
  for (const name of own) if (!numbers.has(name) && isCandidate(name)) names.push(name);
  const around = new Map<string, readonly [string, string]>();
  for (const name of names) {
    const { before = '', behind = '' } = (!name.endsWith(']') && d.assignedText(name)) || {};
    if (before || behind) around.set(name, [before, behind]);
  }
  const { open, missing } = substitutions;
  const stand = new Map<string, string>();
  for (const name of repository.variables) {
    const text = repository.textOf(name);
    if (text === undefined || own.has(name) || decides(name) || substitutions.computed.has(name)) continue;
    if (isLiteral(name, text, d) && !(fixed.has(name) && isLiteral(name, text, generated.analysed)))
      stand.set(name, text);
  }
  return { names, around, open: [...open], missing: [...missing], route, stand };
}

/** The same of a variant that is skipped before anything of it is hashed. */
export function candidatesOfSkipped(
  d: Datastore,
  configuration: Datastore,
  route: Uint32Array | undefined,
  repository: AskedRepository,
): Candidates | undefined {
  if (!route) return undefined;
  const names = [...new Set(d.mentioned(configuration))].filter((name) => isPlain(name, d, NOTHING));
  // Nobody has hashed it.
  const stand = new Map(Array.from(repository.variables, (name) => [name, repository.textOf(name) ?? '']));
  return { names, around: new Map(), open: [], missing: [], route, stand };
}

/** Whether a variable is nothing but a text, which is hashed as it is. */
function isLiteral(name: string, text: string, d: Datastore): boolean {
  const assigned = d.assignedText(name);
  if (assigned?.text !== text || assigned.before || assigned.behind || text.includes('$')) return false;
  const hashed = d.assignedFlag(name, 'vardepvalue');
  return (hashed === undefined || hashed === `\${${name}}`) && !d.hasFlags(name, CHANGING_FLAGS);
}

/** Whether more than a text depends on the value of a name. */
function decisiveness(
  d: Datastore,
  { analysed }: GeneratedDependencies,
  { inShell, shellFunctions, inComputed }: Substitutions,
  frames: ReadFrames,
): (name: string) => boolean {
  const { decisive } = frames;
  const { names } = decisive;
  const stores = analysed === d ? [d] : [d, analysed];
  const known = new Map<string, boolean>();
  const passesOn = (reader: string): boolean => {
    if (reader.endsWith(']')) {
      const [variable, flag] = variableAndFlag(reader);
      return decisive.namesWith(flag).has(variable) || decisive.namesWith('').has(variable);
    }
    if (inShell.has(reader)) return true;
    return shellFunctions.has(reader) ? frames.hasAskedFor(reader) : decides(reader);
  };
  const decides = (name: string): boolean => {
    let found = known.get(name);
    if (found !== undefined) return found;
    // What refers to itself cannot be expanded.
    known.set(name, true);
    found =
      names.has(name) ||
      inComputed.has(name) ||
      stores.some((store) => [...store.hashedWith(name)].some(passesOn));
    known.set(name, found);
    return found;
  };
  return decides;
}

function isPlain(name: string, d: Datastore, computed: ReadonlySet<string>): boolean {
  if (name.endsWith(']')) {
    const [variable, flag] = variableAndFlag(name);
    return isPlainName(variable) && typeof d.assignedFlag(variable, flag) === 'string';
  }
  if (d.context.frames.decisive.names.has(name) || computed.has(name) || !isPlainName(name)) return false;
  return !d.hasFlags(name, DECIDING_FLAGS) && d.assignedText(name) !== undefined;
}

/** Of `NAME[flag]`. */
function variableAndFlag(name: string): [variable: string, flag: string] {
  const at = name.indexOf('[');
  return [name.slice(0, at), name.slice(at + 1, -1)];
}

/** What somebody has asked for in any variant of the recipe; `NAME[flag]` for flags that name dependencies. */
export function askedNames({ decisive }: ReadFrames, isConfigured: (name: string) => boolean): string[] {
  const asked: string[] = [];
  for (const name of decisive.names) if (isPlainName(name) && !isConfigured(name)) asked.push(name);
  for (const flag of NAMING_FLAGS) {
    for (const names of [decisive.namesWith(flag), decisive.namesWith('')])
      for (const name of names) asked.push(`${name}[${flag}]`);
  }
  return asked;
}

/**
 * @param asked the digests of `askedNames`
 * @param add the number of a name
 */
export function editableVariables(
  { names, around, open, route }: Candidates,
  { decisive }: ReadFrames,
  asked: Uint32Array,
  add: (name: string) => number,
): EditableVariables {
  const isLeft = (name: string): boolean => {
    if (!name.endsWith(']')) return !decisive.names.has(name);
    const [variable, flag] = variableAndFlag(name);
    return !decisive.namesWith(flag).has(variable) && !decisive.namesWith('').has(variable);
  };
  return {
    editable: Uint32Array.from(names.filter(isLeft), add),
    around: new Map([...around].map(([name, texts]) => [add(name), texts])),
    asked,
    listed: [...decisive.listed],
    open: open.map(add),
    route,
  };
}

/** See `ToldVariant.stand`. @param add the number of a name */
export function standOf(
  { stand }: Candidates,
  { decisive }: ReadFrames,
  { asked }: AskedRepository,
  add: (name: string) => number,
): ReadonlyMap<number, string> | undefined {
  const found = new Map<number, string>();
  for (const name of asked) {
    const text = stand.get(name);
    if (text === undefined || decisive.names.has(name)) return undefined;
    found.set(add(name), text);
  }
  return found;
}

/** The files of a variant in the order in which they were read; undefined where that is not known. */
export function routeOf(
  d: Datastore,
  base: Datastore | undefined,
  files: readonly RoutedFile[],
  add: (name: string) => number,
): Uint32Array | undefined {
  /** Number of a file -> its place here, counted from 1. */
  const places = new Map<number, number>();
  const route: number[] = [];
  for (const [number, { path, d: own, parent, at }] of files.entries()) {
    if (own !== base && own !== d) continue;
    if (parent !== undefined && at === 0) return undefined;
    const place = parent === undefined ? 0 : places.get(parent);
    if (place === undefined) return undefined;
    route.push(add(path), place, at);
    places.set(number, places.size + 1);
  }
  return Uint32Array.from(route);
}
