/**
 * Which recipe gives a document its meaning: itself, the one that a bbappend applies to, or one that uses the class
 * or included file. The last can be told only by evaluating; this says in which order it is worth trying.
 */
import type { ConfigurationSummary } from '../engine/results.ts';
import { fileKind } from '../syntax/parser.ts';

export interface Applicability {
  /** The recipes that the document belongs to for sure. */
  readonly recipes: readonly string[];
  /** Whether any other may use it, which only evaluating them tells. */
  readonly mayBeUsed: boolean;
}

/** What the configuration alone says about a document. */
export function applicability(path: string, { recipes }: ConfigurationSummary): Applicability {
  switch (fileKind(path)) {
    case 'recipe':
      return { recipes: recipes.some((known) => known.path === path) ? [path] : [], mayBeUsed: false };
    case 'append': {
      const changed = recipes.filter(({ appends }) => appends.includes(path));
      return { recipes: changed.map((recipe) => recipe.path), mayBeUsed: false };
    }
    case undefined:
      return { recipes: [], mayBeUsed: false };
    default:
      return { recipes: [], mayBeUsed: true };
  }
}

/**
 * Recipes that may use a class, included or configuration file, likely ones first.
 * @param active recipes the user is at work on, the latest first
 */
export function likelyUsers(
  path: string,
  active: readonly string[],
  { recipes }: ConfigurationSummary,
): string[] {
  const all = recipes.map((recipe) => recipe.path);
  const known = new Set(all);
  const open = active.filter((recipe) => known.has(recipe));
  const kind = fileKind(path);
  if (kind === 'configuration') return [...new Set([...open, ...all])];
  const near = kind === 'include' ? neighbours(path, all) : [];
  return [...new Set([...open, ...near])];
}

/** Recipes in the directory of an included file, those with the most similar name first. */
function neighbours(path: string, recipes: readonly string[]): string[] {
  const directory = directoryOf(path);
  const name = path.slice(directory.length + 1);
  const alike = (recipe: string) => {
    const other = recipe.slice(directory.length + 1);
    let length = 0;
    while (length < name.length && name[length] === other[length]) length++;
    return length;
  };
  return recipes.filter((recipe) => directoryOf(recipe) === directory).sort((a, b) => alike(b) - alike(a));
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** A test for texts that may use a file: that inherit the class, or include the file, by its name. */
export function mentions(path: string): (text: string) => boolean {
  const file = path.slice(path.lastIndexOf('/') + 1);
  const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  if (fileKind(path) === 'class') {
    const name = escape(file.replace(/\.bbclass$/, ''));
    const inherits = new RegExp(`^inherit(?:_defer)?\\b(?:\\\\\\n|[^\\n])*(?<![\\w-])${name}(?![\\w-])`, 'm');
    return (text) => inherits.test(text);
  }
  const includes = new RegExp(`^(?:require|include|include_all)\\b[^\\n]*${escape(file)}`, 'm');
  return (text) => includes.test(text);
}
