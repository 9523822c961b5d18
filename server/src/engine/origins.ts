/**
 * Where the values of a variant come from: places in files, newest first, and the part that each file takes.
 *
 * Reads what the datastore's history has; knows nothing of what is shown to whom.
 */
import type { Datastore } from '../datastore/datastore.ts';
import type { Origin, VariantSignatures } from '../signature/signatures.ts';
import { multiconfigOf } from '../signature/table.ts';
import type { RecipeEvaluation, SourceFile } from './results.ts';

/** The part that a file takes in a recipe's evaluation. */
export function roleOf(file: string, recipe: string): SourceFile['role'] {
  if (file === recipe) return 'recipe';
  if (file.endsWith('.bbappend')) return 'append';
  if (file.endsWith('.bbclass')) return 'class';
  return file.endsWith('.conf') ? 'configuration' : 'include';
}

/** Where a variable, or a flag (`do_build[depends]`), got its text. */
export function originsOf(d: Datastore, name: string): Origin[] {
  return originsIn(new Map(), d, name);
}

/** Flag, or undefined for the text itself -> where it was set. */
type OriginsByFlag = ReadonlyMap<string | undefined, Origin[]>;

/** @param known what was told of variables before: some have thousands of flags */
function originsIn(known: Map<string, OriginsByFlag>, d: Datastore, name: string): Origin[] {
  const [, variable = name, wanted] = /^(.+)\[(.+)\]$/.exec(name) ?? [];
  let byFlag = known.get(variable);
  if (!byFlag) known.set(variable, (byFlag = originsByFlag(d, variable)));
  return byFlag.get(wanted) ?? [];
}

function originsByFlag(d: Datastore, variable: string): OriginsByFlag {
  const found = new Map<string | undefined, Origin[]>();
  for (const { path, line, operation, flag } of d.history.of(variable)) {
    const origin = { path, line, operation };
    // The default of a variable is kept in a flag, which it can also be asked for by.
    for (const name of flag === '_defaultval' ? [undefined, flag] : [flag]) {
      const places = found.get(name);
      if (places) places.push(origin);
      else found.set(name, [origin]);
    }
  }
  for (const places of found.values()) places.reverse();
  return found;
}

/**
 * The same of all that enters hashes of the first variant of each multiconfig.
 * @param signatures of these variants, in the same order
 */
export function recipeOrigins(
  variants: readonly { readonly d: Datastore }[],
  signatures: readonly VariantSignatures[],
): Pick<RecipeEvaluation, 'origins' | 'originsElsewhere'> {
  const found = new Map<string, ReadonlyMap<string, Origin[]>>();
  for (const [at, { d }] of variants.entries()) {
    const multiconfig = multiconfigOf(signatures[at]!.mcfn);
    if (!found.has(multiconfig)) found.set(multiconfig, variantOrigins(d, signatures[at]!));
  }
  const [first, ...elsewhere] = found;
  const origins = first?.[1] ?? new Map<string, Origin[]>();
  return elsewhere.length === 0 ? { origins } : { origins, originsElsewhere: new Map(elsewhere) };
}

function variantOrigins(d: Datastore, signatures: VariantSignatures): Map<string, Origin[]> {
  const found = new Map<string, Origin[]>();
  const known = new Map<string, OriginsByFlag>();
  for (const name of signatures.nodes.keys()) {
    const places = originsIn(known, d, name);
    if (places.length > 0) found.set(name, places);
  }
  return found;
}
