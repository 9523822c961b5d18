/**
 * Where the values of a variant come from: places in files, newest first, and the part that each file takes.
 *
 * Reads what the datastore's history has; knows nothing of what is shown to whom.
 */
import type { Datastore } from '../datastore/datastore.ts';
import type { Origin, VariantSignatures } from '../signature/signatures.ts';
import type { SourceFile } from './results.ts';

/** The part that a file takes in a recipe's evaluation. */
export function roleOf(file: string, recipe: string): SourceFile['role'] {
  if (file === recipe) return 'recipe';
  if (file.endsWith('.bbappend')) return 'append';
  if (file.endsWith('.bbclass')) return 'class';
  return file.endsWith('.conf') ? 'configuration' : 'include';
}

/** Where a variable, or a flag (`do_build[depends]`), got its text. */
export function originsOf(d: Datastore, name: string): Origin[] {
  const [, variable = name, wanted] = /^(.+)\[(.+)\]$/.exec(name) ?? [];
  return d.history
    .of(variable)
    .filter(({ flag }) =>
      wanted === undefined ? flag === undefined || flag === '_defaultval' : flag === wanted,
    )
    .map(({ path, line, operation }) => ({ path, line, operation }))
    .reverse();
}

/** The same of all that enters hashes of a variant. */
export function origins(
  d: Datastore | undefined,
  signatures: VariantSignatures | undefined,
): Map<string, Origin[]> {
  const found = new Map<string, Origin[]>();
  if (!d || !signatures) return found;
  for (const name of signatures.nodes.keys()) {
    const places = originsOf(d, name);
    if (places.length > 0) found.set(name, places);
  }
  return found;
}
