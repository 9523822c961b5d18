/**
 * The one way in: the text of a metadata file to its tree.
 *
 * Says what BitBake's parser would hand to its evaluation (`bb/parse/parse_py`), and goes on where
 * BitBake would stop. Reads nothing but its arguments and never throws, whatever the text.
 */
import { readConfiguration } from './configuration.ts';
import { Draft } from './draft.ts';
import { physicalLines } from './lines.ts';
import { readRecipe } from './recipe.ts';
import type { FileKind, SyntaxTraits } from './statements.ts';
import type { SyntaxTree } from './tree.ts';

const EXTENSIONS: Readonly<Record<string, FileKind>> = {
  '.bb': 'recipe',
  '.bbclass': 'class',
  '.inc': 'include',
  '.bbappend': 'append',
};

/**
 * What BitBake takes a file for, by its name alone (`supports` of both handlers); undefined for one
 * that it refuses to read. A bbappend is read only where BBFILES finds it, never when included.
 */
export function fileKind(path: string): FileKind | undefined {
  if (path.endsWith('.conf')) return 'configuration';
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  // As os.path.splitext: dots that lead a name begin no extension.
  if (/^\.*$/.test(name.slice(0, dot))) return undefined;
  return EXTENSIONS[name.slice(dot)];
}

/**
 * Reads `text`, the contents of the file at `path`; a file that BitBake would not read by its name is
 * read as an include file. Text that was not valid UTF-8 is to be given with its bad bytes replaced.
 */
export function parseFile(path: string, text: string, traits: SyntaxTraits): SyntaxTree {
  const kind = fileKind(path) ?? 'include';
  const draft = new Draft(path, physicalLines(text), traits);
  if (kind === 'configuration') readConfiguration(draft);
  else readRecipe(draft);
  return { path, kind, statements: draft.statements, problems: draft.problems() };
}
