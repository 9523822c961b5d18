/**
 * The root causes of what is another between two states of the layers: the edited statements and files, each one
 * entry however many tasks it changes, and which tasks of a recipe each of them changes at first hand.
 *
 * Knows recipes evaluated in both states and the texts of the files between them; nothing of the task graph.
 */
import type { RecipeEvaluation } from '../engine/results.ts';
import type { VariantSignatures } from '../signature/signatures.ts';
import type { Statement, SyntaxTraits } from '../syntax/statements.ts';
import { parseFile } from '../syntax/parser.ts';
import { attribute } from './attribution.ts';
import { compareEvaluations, type VariantChange } from './comparison.ts';
import { type EditedStatement, editedStatements } from './edits.ts';
import { matches } from './names.ts';
import { nameRange } from './places.ts';
import { renameCause, renameEdit } from './renames.ts';

export type CauseKind =
  /** A statement of metadata, or a function of a Python library, was edited, added or removed. */
  | 'statement'
  /** A file whose checksum enters hashes: one of SRC_URI. */
  | 'file'
  | 'recipe-added'
  | 'recipe-removed'
  /** Its file has another name: what is made of that (PV, FILE) has other values. */
  | 'recipe-renamed'
  /** Values are others, and no statement of the recipe's own files is seen to be the reason. */
  | 'values'
  /** A task depends on others than before, and no statement is seen to be the reason. */
  | 'dependencies';

export interface Cause {
  readonly kind: CauseKind;
  /** Absolute. */
  readonly path: string;
  /** In which state of the files `path` and `line` are to be found. */
  readonly side: 'base' | 'head';
  /** From 1, both included; undefined: it is about the file as a whole. */
  readonly lines: readonly [first: number, last: number] | undefined;
  /** What is edited: `do_install`, `SRC_URI:append`; of a file, its name. */
  readonly subject: string;
  /** What was done, in words that follow the subject: `edited`, `added`, `removed`. */
  readonly action: string;
}

/** Causes by number, each once. */
export class Causes {
  readonly all: Cause[] = [];
  private readonly numbers = new Map<string, number>();

  number(cause: Cause): number {
    const { kind, path, side, lines, subject, action } = cause;
    const key = JSON.stringify([kind, path, side, lines, subject, action]);
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.all.length;
      this.all.push(cause);
      this.numbers.set(key, number);
    }
    return number;
  }
}

/** A file that differs, with its texts; undefined: it is not there. */
export interface ChangedText {
  /** Where it is in the head state, or where it was. */
  readonly path: string;
  /** Where it was; another where it was renamed. */
  readonly oldPath: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** An edited statement, with what is told of it. */
export interface NamedEdit extends EditedStatement {
  readonly oldPath: string;
  readonly cause: Cause;
  /** Of a Python library: it may be used anywhere. */
  readonly everywhere: boolean;
}

const METADATA = /\.(bb|bbappend|bbclass|inc|conf)$/;
/** Python below `lib` of a layer or of BitBake: the name it is imported by. */
const LIBRARY = /\/lib\/((?:\w+\/)*\w+)\.py$/;

/** Whether edits of the file can be told by statement. */
export function hasStatements(path: string): boolean {
  return METADATA.test(path) || LIBRARY.test(path);
}

/** What was edited in a file, statement by statement; of Python, function by function. */
export function namedEdits(file: ChangedText, traits: SyntaxTraits): NamedEdit[] {
  const { path, oldPath } = file;
  const [before, after] = [file.before ?? '', file.after ?? ''];
  if (!METADATA.test(path)) return libraryEdits(file);
  const old = { text: before, tree: parseFile(path, before, traits) };
  const now = { text: after, tree: parseFile(path, after, traits) };
  return editedStatements(old, now).map((edit) => {
    const { whole, replaced } = edit;
    const [side, tree, text] = whole
      ? (['head', now.tree, after] as const)
      : (['base', old.tree, before] as const);
    const place = (whole ?? replaced)!;
    const statement = tree.statements.find(({ range }) => range === place);
    const lines = whole ? edit.range : place;
    return {
      ...edit,
      oldPath,
      everywhere: false,
      cause: {
        kind: 'statement',
        path: side === 'head' ? path : oldPath,
        side,
        lines: [lines.start.line + 1, lines.end.line + 1],
        subject: statement ? subjectOf(statement, text) : '',
        action: whole ? (replaced ? 'edited' : 'added') : 'removed',
      },
    };
  });
}

const LONGEST_SUBJECT = 60;

/** What a statement is about, as it is written. */
function subjectOf(statement: Statement, text: string): string {
  const { start, end } = nameRange(statement);
  const lines = text.split('\n');
  const first = lines[start.line] ?? '';
  const named = first.slice(start.column, start.line === end.line ? end.column : undefined).trim();
  if (statement.kind === 'assignment' && statement.flag !== undefined && !named.includes('['))
    return `${named}[${statement.flag}]`;
  return named.length > LONGEST_SUBJECT ? `${named.slice(0, LONGEST_SUBJECT)}…` : named;
}

/** A definition at the top of a Python module, or what stands between two. */
interface Definition {
  readonly name: string;
  readonly text: string;
  /** From 1. */
  readonly lines: readonly [number, number];
}

function libraryEdits({ path, oldPath, before, after }: ChangedText): NamedEdit[] {
  const module = (LIBRARY.exec(path)?.[1] ?? '').replaceAll('/', '.').replace(/\.__init__$/, '');
  const [old, now] = [definitions(before ?? ''), definitions(after ?? '')];
  const names = [...new Set([...now.map(({ name }) => name), ...old.map(({ name }) => name)])];
  return names.flatMap((name): NamedEdit[] => {
    const [was, is] = [old.find((known) => known.name === name), now.find((known) => known.name === name)];
    if (was?.text === is?.text) return [];
    const side = is ? 'head' : 'base';
    const lines = (is ?? was)!.lines;
    const place = { start: { line: lines[0] - 1, column: 0 }, end: { line: lines[1] - 1, column: 0 } };
    return [
      {
        path,
        oldPath,
        range: place,
        whole: is && place,
        replaced: was && place,
        names: name === '' ? [] : [`${module}.${name}`],
        before: was?.text,
        after: is?.text,
        everywhere: true,
        cause: {
          kind: 'statement',
          path: side === 'head' ? path : oldPath,
          side,
          lines,
          subject: name === '' ? module : `${module}.${name}`,
          action: is ? (was ? 'edited' : 'added') : 'removed',
        },
      },
    ];
  });
}

/** In order; all that is in no definition comes last, under the name ''. */
function definitions(text: string): Definition[] {
  const lines = text.split('\n');
  const found: Definition[] = [];
  const rest: { text: string; line: number }[] = [];
  for (let at = 0; at < lines.length; at++) {
    const name = /^(?:async\s+)?(?:def|class)\s+(\w+)/.exec(lines[at]!)?.[1];
    if (name === undefined) {
      rest.push({ text: lines[at]!, line: at + 1 });
      continue;
    }
    const start = at;
    while (at + 1 < lines.length && /^(\s|$|#|\))/.test(lines[at + 1]!)) at++;
    let end = at;
    while (end > start && /^(#.*|\s*)$/.test(lines[end]!)) end--;
    found.push({ name, text: lines.slice(start, end + 1).join('\n'), lines: [start + 1, end + 1] });
  }
  const told = rest.filter((line) => line.text.trim() !== '' && !line.text.startsWith('#'));
  if (told.length > 0) {
    const together = told.map((line) => line.text).join('\n');
    found.push({ name: '', text: together, lines: [told[0]!.line, told.at(-1)!.line] });
  }
  return found;
}

/** A recipe in both states; one of them may be missing. */
export interface RecipePair {
  readonly before: RecipeEvaluation | undefined;
  readonly after: RecipeEvaluation | undefined;
}

/** What two evaluations of a recipe differ in. */
export interface RecipeCauses {
  /** Virtual file name (of the head state; of a removed variant, of the base state) and task -> causes, by number. */
  readonly tasks: ReadonlyMap<string, readonly number[]>;
  /** The edits that take part, by their place in the list of all. */
  readonly edits: readonly number[];
}

export function taskKey(mcfn: string, task: string): string {
  return `${mcfn} ${task}`;
}

/**
 * @param edits of all files, their paths spelled as `spelled` does
 * @param spelled a path of an evaluation with symbolic links and `..` resolved
 * @param counterparts virtual file name in the head state -> in the base state, where it is another
 */
export function recipeCauses(
  pair: RecipePair,
  edits: readonly NamedEdit[],
  spelled: (path: string) => string,
  counterparts: ReadonlyMap<string, string>,
  causes: Causes,
): RecipeCauses {
  const { before, after } = pair;
  const taken = [...(before?.files ?? []), ...(after?.files ?? [])];
  const files = new Set(taken.map(({ path }) => spelled(path)));
  const own = [...edits.keys()].filter((at) => {
    const { path, oldPath, everywhere } = edits[at]!;
    return everywhere || files.has(path) || files.has(oldPath);
  });
  const tasks = new Map<string, number[]>();
  const add = (mcfn: string, task: string, cause: Cause): void => {
    const key = taskKey(mcfn, task);
    const known = tasks.get(key);
    const number = causes.number(cause);
    if (!known) tasks.set(key, [number]);
    else if (!known.includes(number)) known.push(number);
  };
  if (before && after) {
    const taking = own.map((at) => edits[at]!);
    const basesOf = (variant: VariantSignatures) => counterparts.get(variant.mcfn) ?? variant.mcfn;
    const headNames = new Map(after.variants.map((variant) => [basesOf(variant), variant.mcfn]));
    const asAfter = {
      ...before,
      variants: before.variants.map((variant) => ({
        ...variant,
        mcfn: headNames.get(variant.mcfn) ?? variant.mcfn,
      })),
    };
    const changes = compareEvaluations(after, asAfter);
    if (before.path !== after.path) taking.push(renameEdit(before.path, after.path, changes));
    for (const { edit, variants } of attribute(changes, taking)) {
      for (const { mcfn, tasks } of variants)
        for (const { task } of tasks) add(mcfn, task, (edit as NamedEdit).cause);
    }
    for (const change of changes) {
      const { mcfn } = change.current;
      for (const { task } of change.tasks)
        if (!tasks.has(taskKey(mcfn, task))) add(mcfn, task, unattributed(pair, change));
    }
    const lists = [before, after].map(
      ({ variants }) =>
        new Map(variants.map((variant) => [variant.mcfn, new Set(variant.tasks.map(({ task }) => task))])),
    ) as [Map<string, Set<string>>, Map<string, Set<string>>];
    const missing = (mcfn: string, task: string, other: ReadonlySet<string> | undefined) => {
      if (other?.has(task) || tasks.has(taskKey(mcfn, task))) return;
      for (const cause of ofTask(task, other === undefined, taking, pair)) add(mcfn, task, cause);
    };
    for (const [mcfn, names] of lists[0])
      for (const task of names) missing(mcfn, task, lists[1].get(headNames.get(mcfn) ?? ''));
    for (const variant of after.variants)
      for (const { task } of variant.tasks) missing(variant.mcfn, task, lists[0].get(basesOf(variant)));
  }
  const [only] = before && after ? [] : [before ?? after];
  for (const variant of only?.variants ?? []) {
    for (const { task } of variant.tasks) add(variant.mcfn, task, wholeRecipe(pair));
  }
  return { tasks, edits: own };
}

/** Why a task, or with it its whole variant, has come or gone. */
function ofTask(task: string, variant: boolean, edits: readonly NamedEdit[], pair: RecipePair): Cause[] {
  const names = variant ? ['BBCLASSEXTEND', 'COMPATIBLE_MACHINE', 'COMPATIBLE_HOST'] : [task];
  const naming = edits.filter((edit) =>
    edit.names.some((name) => names.some((wanted) => matches(name, wanted))),
  );
  const opaque = edits.filter((edit) => edit.names.length === 0);
  const found = naming.length > 0 ? naming : opaque;
  return found.length > 0 ? found.map(({ cause }) => cause) : [withoutEdit(pair, 'its tasks')];
}

/** Why all of a recipe is new, or gone. */
function wholeRecipe({ before, after }: RecipePair): Cause {
  const path = (after ?? before)!.path;
  const side = after ? 'head' : 'base';
  const kind = after ? 'recipe-added' : 'recipe-removed';
  return { kind, path, side, lines: undefined, subject: fileName(path), action: after ? 'added' : 'removed' };
}

const MOST_NAMED = 3;

/** A changed task of which no edit is seen to be the reason. */
function unattributed(pair: RecipePair, { current, baseline, nodes }: VariantChange): Cause {
  const values = [...nodes].filter(
    (name) => current.nodes.get(name)?.value !== baseline.nodes.get(name)?.value,
  );
  const named = values.sort().slice(0, MOST_NAMED).join(', ') + (values.length > MOST_NAMED ? ', …' : '');
  return withoutEdit(pair, named || 'its hashes');
}

function withoutEdit({ before, after }: RecipePair, subject: string): Cause {
  const { path } = after!;
  if (before!.path !== path) return renameCause(before!.path, path);
  return { kind: 'values', path, side: 'head', lines: undefined, subject, action: 'other values' };
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
