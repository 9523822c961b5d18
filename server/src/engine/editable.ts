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
/** Flags that say how a variable is hashed. */
const DECIDING_FLAGS = ['vardepvalue', 'vardepvalueexclude', 'func', 'python'];

/** What may be editable in a variant; who asks for what later is not known yet. */
export interface Candidates {
  readonly names: readonly string[];
  /** As in `EditableVariables`. */
  readonly around: ReadonlyMap<string, readonly [before: string, behind: string]>;
  readonly open: readonly string[];
  /** What was to be put in place of a name, and is not there. */
  readonly missing: readonly string[];
  readonly route: Uint32Array;
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
): Candidates | undefined {
  const { substitutions, numbers } = generated;
  if (!substitutions || !route) return undefined;
  const decides = decisiveness(d, generated, substitutions, frames);
  const isCandidate = (name: string) => isPlain(name, d, substitutions) && !decides(name);
  const names = [...numbers.keys()].filter(isCandidate);
  for (const name of new Set(d.mentioned(configuration)))
    if (!numbers.has(name) && isCandidate(name)) names.push(name);
  const around = new Map<string, readonly [string, string]>();
  for (const name of names) {
    const { before = '', behind = '' } = (!name.endsWith(']') && d.assignedText(name)) || {};
    if (before || behind) around.set(name, [before, behind]);
  }
  const { open, missing } = substitutions;
  return { names, around, open: [...open], missing: [...missing], route };
}

/** Whether more than a text depends on the value of a name. */
function decisiveness(
  d: Datastore,
  { analysed }: GeneratedDependencies,
  { inShell, shellFunctions, computed }: Substitutions,
  frames: ReadFrames,
): (name: string) => boolean {
  const { names } = frames.decisive;
  const stores = analysed === d ? [d] : [d, analysed];
  const known = new Map<string, boolean>();
  const passesOn = (reader: string): boolean => {
    if (computed.has(reader) || inShell.has(reader)) return true;
    return shellFunctions.has(reader) ? frames.hasAskedFor(reader) : decides(reader);
  };
  const decides = (name: string): boolean => {
    let found = known.get(name);
    if (found !== undefined) return found;
    // What refers to itself cannot be expanded.
    known.set(name, true);
    found = names.has(name) || stores.some((store) => [...store.readersOf(name)].some(passesOn));
    known.set(name, found);
    return found;
  };
  return decides;
}

function isPlain(name: string, d: Datastore, { computed }: Substitutions): boolean {
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
 * @param asked the numbers of `askedNames`, as `ASKED`
 * @param add the number of a name
 */
export function editableVariables(
  { names, around, open, route }: Candidates,
  { decisive }: ReadFrames,
  asked: Uint32Array,
  add: (name: string) => number,
): EditableVariables | undefined {
  // Whoever lists what there is sees what is added, too.
  if (decisive.isListed) return undefined;
  const isLeft = (name: string): boolean => {
    if (!name.endsWith(']')) return !decisive.names.has(name);
    const [variable, flag] = variableAndFlag(name);
    return !decisive.namesWith(flag).has(variable) && !decisive.namesWith('').has(variable);
  };
  return {
    editable: Uint32Array.from(names.filter(isLeft), add),
    around: new Map([...around].map(([name, texts]) => [add(name), texts])),
    asked,
    open: open.map(add),
    route,
  };
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
