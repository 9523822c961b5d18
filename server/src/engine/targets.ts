/**
 * From what a user calls a recipe to the files that may provide it.
 *
 * A recipe's PN is known only once it is evaluated; file names are good guesses. Candidates come best first.
 */
import { splitVirtual } from '../signature/table.ts';
import type { ConfigurationSummary } from './results.ts';

/** `zlib_1.3.bb` -> `zlib`: what PN is unless the recipe says otherwise (`vars_from_file`). */
export function nameFromFile(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1).replace(/\.bb(append)?$/, '');
  return file.split('_')[0] ?? file;
}

/**
 * Recipe files that may provide `target`, which is a PN, a path, or a virtual file name. First those whose file
 * name says so, then those whose name is a part of it (`gcc-cross` for gcc-cross-x86_64); empty: none looks like it.
 */
export function candidates(target: string, summary: ConfigurationSummary): string[] {
  const paths = summary.recipes.map((recipe) => recipe.path);
  if (target.includes('/')) {
    const { path } = splitVirtual(target);
    return paths.filter((known) => known === path || known.endsWith(`/${path}`));
  }
  const plain = target.replace(/^(nativesdk-|lib32-|lib64-)/, '').replace(/-(native|cross)$/, '');
  const exact = paths.filter((path) => [target, plain].includes(nameFromFile(path)));
  const partial = paths
    .filter((path) => {
      const name = nameFromFile(path);
      return (
        !exact.includes(path) &&
        name.length > 2 &&
        (target.startsWith(`${name}-`) || plain.startsWith(`${name}-`))
      );
    })
    .sort((a, b) => nameFromFile(b).length - nameFromFile(a).length);
  return [...exact, ...partial];
}
