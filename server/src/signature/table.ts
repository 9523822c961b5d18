/**
 * Tables of recorded hashes: tab-separated rows of recipe (BitBake's virtual file name), PN, task and hash, and
 * perhaps a flag. Rows flagged `path` depend on where the layers lie and count only in that place. Lines that start
 * with `#` are remarks, such as the skipped recipes that `sig --all` lists.
 */

export interface TableRow {
  /** `virtual:native:meta/recipes-core/zlib/zlib_1.3.bb`: relative to a root, or absolute. */
  readonly recipe: string;
  readonly pn: string;
  readonly task: string;
  readonly hash: string;
  readonly dependsOnPlace: boolean;
}

/** @throws Error naming the line that is no row */
export function parseTable(text: string): TableRow[] {
  const rows: TableRow[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const [recipe, pn, task, hash, flag] = line.split('\t');
    if (
      recipe === undefined ||
      pn === undefined ||
      task === undefined ||
      !/^[0-9a-f]{64}$/.test(hash ?? '')
    ) {
      throw new Error(`line ${index + 1} is no row of recipe, PN, task and hash, separated by tabs`);
    }
    rows.push({ recipe, pn, task, hash: hash!, dependsOnPlace: flag === 'path' });
  }
  return rows;
}

/** A virtual file name split into what stands before the path, and the path. */
export function splitVirtual(recipe: string): { readonly prefix: string; readonly path: string } {
  const match = /^((?:mc:[^:]*:)?(?:virtual:[^/]*:)?)(.*)$/.exec(recipe)!;
  return { prefix: match[1]!, path: match[2]! };
}

/** The multiconfig of a virtual file name; `''`: the plain configuration. */
export function multiconfigOf(mcfn: string): string {
  return /^mc:([^:]*):/.exec(mcfn)?.[1] ?? '';
}

/** The row's recipe with its path made absolute below `root`. */
export function absoluteRecipe(recipe: string, root: string): string {
  const { prefix, path } = splitVirtual(recipe);
  return path.startsWith('/') ? recipe : `${prefix}${root}/${path}`;
}

/** A recipe's virtual file name with its path relative to `root` where it lies below it. */
export function relativeRecipe(recipe: string, root: string): string {
  const { prefix, path } = splitVirtual(recipe);
  return path.startsWith(`${root}/`) ? prefix + path.slice(root.length + 1) : recipe;
}

/** The PN that a variant's PN belongs to: `zlib` for zlib-native and nativesdk-zlib. */
export function plainName(pn: string): string {
  return pn.replace(/^nativesdk-/, '').replace(/-native$/, '');
}
