/**
 * What is doubtful about hashes: BitBake computes them without a word, or says so at debug level only.
 *
 * Pure functions over what was computed anyway, asked for on demand; nothing here changes a hash. The rules:
 *
 * - `unseen-variable`: code that enters a hash reads a variable whose name is no literal, so that the variable is not
 *   in the hash. As in BitBake (`bb/codeparser.py: PythonParser.warn`), whatever has `vardeps` of its own is taken to
 *   list what its code reads.
 * - `vardeps-names-nothing`: a name that stands as such in the `vardeps` of what enters a hash, and is nothing: no
 *   variable, function or task, no name with overrides, and mentioned neither in what is hashed nor in the layers'
 *   Python libraries. Metadata lists many variables that are only sometimes set; those it reads somewhere.
 * - `path-in-hash`: the hashed text of a variable contains the absolute path of the build directory or of a layer, so
 *   that another place gives another hash. What BitBake leaves out of the text is out of it here.
 * - `unrepeatable-value`: what is hashed of a variable comes from the clock, random numbers or the process id, so that
 *   every parse gives another hash, and none is known. (What asks the clock with `=` is hashed by its text, which stays
 *   the same.)
 */
import { splitWords } from '../base/words.ts';
import type { Severity } from '../base/problem.ts';
import type { Datastore } from '../datastore/datastore.ts';
import type { ChangeSource, HistoryEvent } from '../datastore/history.ts';
import type { PythonAnalysis } from '../python/runtime.ts';
import type { CodeAnalysis, GeneratedDependencies } from './dependencies.ts';
import type { TaskSignature } from './signatures.ts';

/** Something doubtful, with its place where one is known. */
export interface Advice {
  readonly severity: Severity;
  readonly code: 'unseen-variable' | 'vardeps-names-nothing' | 'path-in-hash' | 'unrepeatable-value';
  readonly message: string;
  /** See `Problem.facts`; lists of names are separated by blanks. */
  readonly facts: Readonly<Record<string, string>>;
  readonly source: ChangeSource | undefined;
  /** The tasks whose hashes it is about, where it matters which. */
  readonly tasks?: readonly string[];
}

/** A variant whose hashes are known. */
export interface Hashed {
  /** BitBake's virtual file name. */
  readonly mcfn: string;
  readonly d: Datastore;
  readonly generated: GeneratedDependencies;
  readonly tasks: readonly TaskSignature[];
}

/** What else there is to know of a workspace. */
export interface Surroundings {
  readonly analysis: CodeAnalysis;
  /** Whether the Python libraries of the layers mention a name. */
  readonly inLibraries: (name: string) => boolean;
  /** The text of a file that takes part. */
  readonly textOf: (path: string) => string | undefined;
}

export function adviceOn(hashed: Hashed, surroundings: Surroundings): Advice[] {
  return [
    ...unseenVariables(hashed, surroundings.analysis),
    ...namesOfNothing(hashed, surroundings),
    ...pathsInHashes(hashed),
    ...unrepeatableValues(hashed),
  ];
}

// unseen-variable

function unseenVariables({ d, generated }: Hashed, analysis: CodeAnalysis): Advice[] {
  const found: Advice[] = [];
  for (const [name, code, isFunction] of codeOf(d, generated, analysis)) {
    if (code.unseen.length === 0 || d.getVarFlag(name, 'vardeps', false) !== undefined) continue;
    for (const { call, argument, line } of code.unseen) {
      found.push({
        severity: 'information',
        code: 'unseen-variable',
        message:
          `In ${name}, ${call} gets a name that is no literal (${argument}): BitBake cannot tell which variable it is, ` +
          `and leaves it out of the hash. List what it may be in ${name}[vardeps]`,
        facts: { name, argument },
        source: isFunction ? lineOfFunction(d, name, line) : lastEvent(d, name),
      });
    }
  }
  return found;
}

/** The analysis of every piece of Python among what is hashed: functions, and inline Python of values. */
function* codeOf(
  d: Datastore,
  { dependencies }: GeneratedDependencies,
  analysis: CodeAnalysis,
): Generator<[name: string, code: PythonAnalysis, isFunction: boolean]> {
  for (const name of dependencies.keys()) {
    const text = name.endsWith(']') ? undefined : d.getVar(name, false);
    if (typeof text !== 'string') continue;
    if (d.getVarFlag(name, 'func', false) && d.getVarFlag(name, 'python', false)) {
      const code = analysed(text, name, analysis);
      if (code) yield [name, code, true];
      continue;
    }
    for (const [, inline] of text.matchAll(INLINE)) {
      const code = analysed(inline!, name, analysis);
      if (code) yield [name, code, false];
    }
  }
}

const INLINE = /\$\{@((?:\{[^\n]*?\}|[^\n])+?)\}/g;

function analysed(text: string, name: string, analysis: CodeAnalysis): PythonAnalysis | undefined {
  try {
    return analysis.python(text, name);
  } catch {
    // Not Python as it stands: it holds `${…}`, or braces of its own.
    return undefined;
  }
}

/** The line of a function's text, from 0, as a place: its flags say where the text that was first set begins. */
function lineOfFunction(d: Datastore, name: string, line: number): ChangeSource | undefined {
  const path = d.getVarFlag(name, 'filename', false);
  const start = Number(d.getVarFlag(name, 'lineno', false));
  const first = d.getVar(name, false, { parsing: true });
  const events = d.history.of(name).filter(({ flag }) => flag === undefined);
  if (events.some(({ operation }) => operation.includes('prepend'))) return events.at(-1);
  const added = events.findLast(({ operation }) => operation.includes('append'));
  if (added && typeof first === 'string' && line >= first.split('\n').length - 1) return added;
  return typeof path === 'string' && path.startsWith('/') && start > 0
    ? { path, line: start + 1 + line }
    : events.at(-1);
}

// vardeps-names-nothing

function namesOfNothing({ d, generated }: Hashed, { inLibraries, textOf }: Surroundings): Advice[] {
  const found: Advice[] = [];
  for (const name of generated.dependencies.keys()) {
    const listed = name.endsWith(']') ? undefined : d.getVarFlag(name, 'vardeps', false);
    if (typeof listed !== 'string') continue;
    for (const word of new Set(splitWords(listed.replace(INLINE, '')))) {
      if (!generated.dependencies.has(word) || isSomething(word, d)) continue;
      const pattern = wordPattern(word);
      const source = d.history
        .of(name)
        .findLast(
          ({ flag, path, line }) => flag === 'vardeps' && pattern.test(statementAt(textOf(path), line)),
        );
      if (!source || isMentioned(word, generated) || inLibraries(word)) continue;
      found.push({
        severity: 'warning',
        code: 'vardeps-names-nothing',
        message:
          `${word} is no variable, function or task, so that listing it in ${name}[vardeps] adds its name to the ` +
          `hash and nothing else. Correct the name, or take it out`,
        facts: { name, word },
        source,
      });
    }
  }
  return found;
}

/** The line (from 1) with those that it goes on in. */
function statementAt(text: string | undefined, line: number): string {
  const lines = text?.split('\n') ?? [];
  let first = line - 1;
  while (first > 0 && lines[first - 1]?.endsWith('\\')) first--;
  let last = line - 1;
  while (lines[last]?.endsWith('\\')) last++;
  return lines.slice(first, last + 1).join('\n');
}

/** Whether a name, or what it is an override or a flag of, is set. */
function isSomething(name: string, d: Datastore): boolean {
  const base = name.replace(/(.)[:[].*/s, '$1');
  return /[${}@]/.test(name) || d.isSet(base) || d.hasOverrides(base);
}

/** Whether what is hashed, `vardeps` apart, says the name. */
function isMentioned(name: string, { dependencies }: GeneratedDependencies): boolean {
  const word = wordPattern(name);
  for (const [key, { value }] of dependencies) {
    if (value?.includes(name) && word.test(value) && !key.endsWith('[vardeps]')) return true;
  }
  return false;
}

/** The name where it is no part of another. */
export function wordPattern(name: string): RegExp {
  return new RegExp(`(?<![\\w-])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-])`);
}

// path-in-hash

const MOST_NAMED = 3;

export function pathsInHashes({ d, generated, tasks }: Hashed): Advice[] {
  const places = placesOf(d);
  const found: Advice[] = [];
  for (const [name, { value }] of generated.dependencies) {
    const place = value && places.find((path) => containsPath(value, path));
    if (!place) continue;
    const reached = tasksReached(name, tasks);
    if (reached.length === 0) continue;
    const users = usersOf(name, generated);
    const shared = reached.filter(
      (task) => generated.dependencies.has(`${task}_setscene`) || hasSetscene(d, task),
    );
    const through = users.length > 0 ? `, through ${named(users)}` : '';
    found.push({
      severity: shared.length > 0 ? 'warning' : 'information',
      code: 'path-in-hash',
      message:
        `The value of ${name} contains the path ${place}, which enters the basehash of ${named(reached)}${through}: ` +
        `in another place the hash is another${shared.length > 0 ? ', and no shared state is found' : ''}. ` +
        `Leave ${name} out with vardepsexclude, or give it a vardepvalue`,
      facts: { name, place, users: users.join(' ') },
      source: [name, ...users].map((user) => lastEvent(d, user)).find((event) => event !== undefined),
      tasks: reached,
    });
  }
  return found;
}

function tasksReached(name: string, tasks: readonly TaskSignature[]): string[] {
  return tasks
    .filter(({ task, dependencies }) => task === name || dependencies.includes(name))
    .map(({ task }) => task);
}

/** What names it directly. */
function usersOf(name: string, { dependencies }: GeneratedDependencies): string[] {
  return [...dependencies].filter(([, { names }]) => names.has(name)).map(([user]) => user);
}

/** The absolute paths of the build directory and of the layers that a hash had better not contain, longest first. */
function placesOf(d: Datastore): string[] {
  const named = ['TOPDIR', 'COREBASE', 'BBLAYERS'].flatMap((name) => splitWords(d.getText(name) ?? ''));
  // What lies in the root (`/src`) is a mount point, the same everywhere, and a part of many other texts.
  const places = named.map((path) => path.replace(/\/+$/, '')).filter((path) => /^\/[^/]+\/./.test(path));
  return [...new Set(places)].sort((a, b) => b.length - a.length);
}

/** Whether the text contains this very path, or one below it. */
function containsPath(text: string, path: string): boolean {
  for (let at = text.indexOf(path); at >= 0; at = text.indexOf(path, at + 1)) {
    if (!/[\w.~+-]/.test(text[at + path.length] ?? '') && !/[\w.~+/-]/.test(text[at - 1] ?? '')) return true;
  }
  return false;
}

// unrepeatable-value

function unrepeatableValues({ d, generated, tasks }: Hashed): Advice[] {
  const found: Advice[] = [];
  for (const [name, origin] of generated.occasional) {
    const reached = tasksReached(name, tasks);
    // A flag is hashed with what it is a flag of, and a task with its own flags.
    const users = name.endsWith(']') ? [] : usersOf(name, generated);
    const through = users.length > 0 ? ` through ${named(users)}` : '';
    const advice =
      users.length > 0 ? `Leave ${name} out with vardepsexclude` : 'Make it of what stays the same';
    found.push({
      severity: 'warning',
      code: 'unrepeatable-value',
      message:
        `${name} comes from ${origin}, and enters the basehash of ${named(reached)}${through}: every parse gives ` +
        `another hash. ${advice}`,
      facts: { name, users: users.join(' ') },
      source: users.map((user) => placeOfUse(d, user, name)).find((place) => place) ?? lastEvent(d, name),
      tasks: reached,
    });
  }
  return found;
}

/** Where a function or a value says a name. */
function placeOfUse(d: Datastore, user: string, name: string): ChangeSource | undefined {
  const text = d.getVarFlag(user, 'func', false) ? d.getVar(user, false) : undefined;
  if (typeof text !== 'string') return lastEvent(d, user);
  const line = text.split('\n').findIndex((each) => wordPattern(name).test(each));
  // A shell function's text begins behind its head.
  return line < 0 ? lastEvent(d, user) : lineOfFunction(d, user, line);
}

function hasSetscene(d: Datastore, task: string): boolean {
  return Boolean(d.getVarFlag(`${task}_setscene`, 'task', false));
}

function named(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return names.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Where a variable, or a flag written as `NAME[flag]`, was last set. */
function lastEvent(d: Datastore, name: string): HistoryEvent | undefined {
  const [, variable = name, flag] = /^(.*)\[(.*)\]$/.exec(name) ?? [];
  return d.history
    .of(variable)
    .findLast((event) => event.flag === flag || (flag === undefined && event.flag === '_defaultval'));
}
