/**
 * Finding and reading files by BBPATH: `include`, `require`, `inherit`, and the file being read as FILE.
 *
 * Follows `bb/parse/__init__.py`, `bb/parse/parse_py/ConfHandler.py: include` and `BBHandler.py: inherit, handle`.
 */
import { splitWords } from '../base/words.ts';
import type { Datastore } from '../datastore/datastore.ts';
import { ParseError } from '../datastore/errors.ts';
import type { ChangeSource } from '../datastore/history.ts';
import { fileKind } from '../syntax/parser.ts';
import { PythonError } from '../python/runtime.ts';
import { type ParseContext, SKIP_RECIPE } from './context.ts';
import { evaluateStatements } from './statements.ts';
import { textList } from './tasks.ts';

/** How deep files may include each other before we say that they do so in a circle. */
const DEEPEST_INCLUDE = 100;

/** `os.path.join` of two parts. */
export function joinPath(directory: string, name: string): string {
  if (name.startsWith('/')) return name;
  return directory === '' || directory.endsWith('/') ? `${directory}${name}` : `${directory}/${name}`;
}

export function directoryOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at <= 0 ? path.slice(0, at + 1) : path.slice(0, at);
}

export function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** `os.path.normpath` of an absolute path. */
export function normalPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/**
 * `bb/utils.py: which`: the first place on a colon-separated path where `name` exists. Places that are not absolute are
 * below the build directory, as an empty one is.
 */
export function which(search: string, name: string, ctx: ParseContext): string | undefined {
  for (const directory of search.split(':')) {
    const candidate = joinPath(directory, name);
    const path = candidate.startsWith('/') ? candidate : normalPath(joinPath(ctx.buildDir, candidate));
    if (ctx.files.stat(path)) return path;
  }
  return undefined;
}

/**
 * Evaluates `include`, `require` and their like: zero or more names, looked for beside the file that says so
 * and then in BBPATH.
 * @param verb for the message when a file that must be there is not; undefined: it need not be
 * @throws ParseError
 */
export function include(
  parent: string,
  names: string,
  line: number,
  d: Datastore,
  verb: string | undefined,
  ctx: ParseContext,
): void {
  const from = d.expandText(parent);
  for (const name of splitWords(d.expandText(names))) includeOne(from, name, line, d, verb, ctx);
}

function includeOne(
  parent: string,
  name: string,
  line: number,
  d: Datastore,
  verb: string | undefined,
  ctx: ParseContext,
): void {
  if (parent === name) return;
  let path = name;
  if (!name.startsWith('/')) {
    path = which(`${directoryOf(parent)}:${d.getText('BBPATH') ?? ''}`, name, ctx) ?? name;
  }
  requireMetadataFile(path, { path: parent, line });
  if (!path.startsWith('/') || ctx.files.stat(path)?.kind !== 'file') {
    if (verb) {
      throw new ParseError(
        `Could not ${verb} file ${name}: it is neither beside this file nor in a directory of BBPATH. ` +
          'Correct the name, or add the layer that has the file to BBLAYERS',
        parent,
        line,
      );
    }
    reportMissingMachine(name, d, { path: parent, line }, ctx);
    return;
  }
  handleFile(path, d, ctx, { path: parent, line });
}

/**
 * An `include` may find nothing, but a machine that no layer knows is never what was meant: OE-Core's own check
 * refuses it (`sanity.bbclass`) once the configuration is read.
 */
function reportMissingMachine(name: string, d: Datastore, from: ChangeSource, ctx: ParseContext): void {
  const machine = /^conf\/machine\/([^/]+)\.conf$/.exec(name)?.[1];
  if (machine === undefined || machine !== d.getText('MACHINE')) return;
  const event = d.history.of('MACHINE').at(-1);
  const message = `No layer has a conf/machine/${machine}.conf: set MACHINE to a machine of the layers in BBLAYERS`;
  ctx.report('error', 'unknown-machine', message, event ?? from);
  ctx.unknownMachine = message;
}

/** BitBake goes by the file's name before it looks whether there is such a file. @throws ParseError */
function requireMetadataFile(
  path: string,
  from: { readonly path: string; readonly line: number } | undefined,
): void {
  if (fileKind(path) !== undefined) return;
  throw new ParseError(
    `${path} is no metadata file: BitBake reads files named .bb, .bbclass, .inc and .conf`,
    from?.path ?? path,
    from?.line ?? 0,
  );
}

/**
 * `inherit`: each class once, from `classes-<type>` (newer releases) or `classes` of the layers in BBPATH.
 * @param deferred the classes come from an `inherit_defer`, so that they are not put off again
 * @throws ParseError
 */
export function inherit(
  names: string,
  from: string,
  line: number,
  d: Datastore,
  deferred: boolean,
  ctx: ParseContext,
): void {
  const traits = ctx.release.parse;
  for (const name of splitWords(d.expandText(names))) {
    if (traits.defersListedClasses && !deferred) {
      if (splitWords(d.getText('BB_DEFER_BBCLASSES') ?? '').includes(name)) {
        deferInherit(name, from, line, d);
        continue;
      }
    }
    const path = findClass(name, d, ctx);
    if (path === undefined) {
      throw new ParseError(
        `Could not inherit class ${name}: no ${name}.bbclass in the classes directories of BBPATH. ` +
          'Correct the name, or add the layer that has the class to BBLAYERS',
        from,
        line,
      );
    }
    const inherited = textList(d.getVar('__inherit_cache', false));
    if (inherited.includes(path)) continue;
    d.setVar('__inherit_cache', [...inherited, path]);
    handleFile(path, d, ctx, { path: from, line });
  }
}

function findClass(name: string, d: Datastore, ctx: ParseContext): string | undefined {
  const isFile = (path: string) => ctx.files.stat(path)?.kind === 'file';
  if (name.startsWith('/')) return isFile(name) ? name : undefined;
  const bbpath = d.getText('BBPATH') ?? '';
  if (name.endsWith('.bbclass')) return which(bbpath, name, ctx);
  const directories = ctx.release.parse.classDirectoriesByType
    ? [`classes-${String(d.getVar('__bbclasstype', false))}`, 'classes']
    : ['classes'];
  for (const directory of directories) {
    const path = which(bbpath, `${directory}/${name}.bbclass`, ctx);
    if (path) return path;
  }
  return undefined;
}

/** Puts classes off until the recipe is finalised. */
export function deferInherit(names: string, from: string, line: number, d: Datastore): void {
  const waiting = d.getVar('__BBDEFINHERITS', false);
  d.setVar('__BBDEFINHERITS', [...(Array.isArray(waiting) ? waiting : []), [names, from, line]]);
}

/** Names the statement that first came back to a file that was being read. */
function circularInclude(path: string, ctx: ParseContext): ParseError {
  const paths = ctx.reading.map((file) => file.path);
  const again = paths.findIndex((known, index) => paths.indexOf(known) < index);
  if (again < 0) {
    const { from } = ctx.reading.at(-1)!;
    const message = `${fileName(path)} is ${paths.length} files deep: let files include each other less deeply`;
    return new ParseError(message, from?.path ?? path, from?.line ?? 0);
  }
  const circle = paths.slice(paths.indexOf(paths[again]!), again + 1).map(fileName);
  const { from } = ctx.reading[again]!;
  return new ParseError(
    `${circle[0]!} is included in a circle (${circle.join(' -> ')}): take this statement out, or one of the others`,
    from?.path ?? paths[again]!,
    from?.line ?? 0,
  );
}

/**
 * Reads one file into `d`, with FILE set to it meanwhile (classes leave FILE alone).
 * @throws ParseError when it is no metadata file or includes itself in a circle
 */
export function handleFile(
  path: string,
  d: Datastore,
  ctx: ParseContext,
  from: { readonly path: string; readonly line: number } | undefined,
  baseConfiguration = false,
): void {
  requireMetadataFile(path, from);
  const tree = ctx.tree(path);
  if (!tree)
    throw new ParseError(
      `${path} cannot be read: see that it is a file, and its permissions`,
      from?.path ?? path,
      from?.line ?? 0,
    );
  if (ctx.reading.length > DEEPEST_INCLUDE) throw circularInclude(path, ctx);
  const previous = d.getVar('FILE', false);
  const isClass = tree.kind === 'class';
  if (isClass) {
    const inherited = textList(d.getVar('__inherit_cache', false));
    if (!inherited.includes(path)) d.setVar('__inherit_cache', [...inherited, path]);
  }
  if (tree.kind === 'configuration' || (!isClass && path !== previous)) d.setVar('FILE', path);
  ctx.reading.push({ path, from });
  try {
    evaluateStatements(tree, d, ctx, baseConfiguration);
  } catch (error) {
    // A class or an included file may skip the recipe while it is being read: the rest of that file is left.
    if (!(tree.kind !== 'configuration' && error instanceof PythonError && error.is(SKIP_RECIPE)))
      throw error;
    d.setVar('__SKIPPED', true);
  } finally {
    ctx.reading.pop();
  }
  if (tree.kind === 'configuration' ? previous : !isClass && previous && path !== previous)
    d.setVar('FILE', previous);
}
