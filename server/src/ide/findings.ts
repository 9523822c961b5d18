/**
 * What is to be said about an open document: the hashes that its edits change, and what is wrong with it.
 */
import type { Problem, Severity } from '../base/problem.ts';
import type { Range } from '../base/text.ts';
import type { RecipeEvaluation } from '../engine/results.ts';
import type { Origin } from '../signature/signatures.ts';
import type { HashChange, VariantEffect } from './attribution.ts';
import { showChain } from './chains.ts';
import { originRange } from './places.ts';
import { type GraphView, rerunText, taskCount } from './rerun.ts';
import { isUnknown, type Trees, type View } from './view.ts';
import { counted, enumerate } from './wording.ts';

export interface Related {
  readonly path: string;
  readonly range: Range;
  readonly message: string;
}

export interface Finding {
  readonly path: string;
  readonly range: Range;
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  readonly related: readonly Related[];
}

export const HASH_CHANGE = 'hash-change';
const HEAD: Range = { start: { line: 0, column: 0 }, end: { line: 0, column: 1 } };
const MOST_CHAINS = 5;
const MOST_RELATED = 10;

/** How grave a statement that changes hashes is, by how many tasks would rerun. */
export type SeverityOf = (tasks: number) => Severity;

/**
 * A finding for an edited statement that changes hashes.
 * @param graph what the task graph adds, where there is one
 */
export function hashFinding(
  change: HashChange,
  evaluation: RecipeEvaluation,
  trees: Trees,
  graph?: GraphView,
  severityOf: SeverityOf = () => 'information',
): Finding {
  const { edit } = change;
  const starts = change.variants.flatMap(({ mcfn, tasks }) => tasks.map(({ task }) => ({ mcfn, task })));
  const reruns = graph?.rerun(starts);
  const rerun = reruns && rerunText(reruns);
  return {
    path: edit.path,
    range: edit.range,
    severity: severityOf(Math.max(starts.length, reruns ? taskCount(reruns) : 0)),
    code: HASH_CHANGE,
    message: [
      ...(rerun ? [`${namesText(starts)}: ${rerun}`] : []),
      changedTasksText(change.variants),
      ...chainLines(change.variants),
    ].join('\n'),
    related: relatedPlaces(change, evaluation, trees),
  };
}

/** `do_install changes`, `do_compile and do_install change` */
function namesText(tasks: readonly { readonly task: string }[]): string {
  const names = [...new Set(tasks.map(({ task }) => task))];
  return `${enumerate(names, 3)} ${names.length === 1 ? 'changes' : 'change'}`;
}

/** The tasks of one variant that change. */
interface ChangedVariant {
  readonly name: string;
  readonly tasks: readonly { readonly task: string }[];
}

/** `Changes the basehash of do_install, do_package (2 tasks) of hello and hello-native; do_buildinfo of hello` */
export function changedTasksText(variants: readonly ChangedVariant[]): string {
  const byTasks = new Map<string, { tasks: string[]; variants: string[] }>();
  const common = sharedTasks(variants);
  const add = (tasks: string[], name: string) => {
    if (tasks.length === 0) return;
    const key = tasks.join(' ');
    const known = byTasks.get(key);
    if (known) known.variants.push(name);
    else byTasks.set(key, { tasks, variants: [name] });
  };
  for (const { name } of variants) add(common, name);
  for (const { name, tasks } of variants) {
    const rest = tasks.map(({ task }) => task).filter((task) => !common.includes(task));
    add(rest, name);
  }
  const parts = [...byTasks.values()].map(({ tasks, variants }) => {
    const names = tasks.length > 8 ? enumerate(tasks) : tasks.join(', ');
    const count = tasks.length > 1 ? ` (${counted(tasks.length, 'task')})` : '';
    return `${names}${count} of ${enumerate(variants)}`;
  });
  return `Changes the basehash of ${parts.join('; ')}`;
}

function sharedTasks(variants: readonly ChangedVariant[]): string[] {
  const [first, ...others] = variants;
  const sets = others.map(({ tasks }) => new Set(tasks.map(({ task }) => task)));
  return (first?.tasks ?? [])
    .map(({ task }) => task)
    .filter((task) => sets.every((tasks) => tasks.has(task)));
}

/** The ways from tasks to what was edited, each once; a task whose own text was edited needs none. */
export function chainLines(variants: readonly VariantEffect[]): string[] {
  const chains = variants.flatMap(({ tasks }) => tasks.map(({ chain }) => chain));
  const lines = [...new Set(chains.filter(({ length }) => length > 1).map(showChain))];
  if (lines.length <= MOST_CHAINS) return lines;
  return [...lines.slice(0, MOST_CHAINS), `… and ${counted(lines.length - MOST_CHAINS, 'more chain')}`];
}

/** Where the links of the chains were set, the edited statement aside. */
function relatedPlaces(change: HashChange, evaluation: RecipeEvaluation, trees: Trees): Related[] {
  const found = new Map<string, Related>();
  for (const { tasks } of change.variants) {
    for (const { chain } of tasks) {
      for (const [index, name] of chain.entries()) {
        const origin = definition(evaluation.origins.get(name));
        if (!origin || found.has(name) || found.size >= MOST_RELATED) continue;
        const range = originRange(origin, trees);
        const edited = change.edit.whole ?? change.edit.range;
        if (origin.path === change.edit.path && overlaps(range, edited)) continue;
        const next = chain[index + 1];
        found.set(name, {
          path: origin.path,
          range,
          message: next === undefined ? `${name} is set here` : `${name} depends on ${next}`,
        });
      }
    }
  }
  return [...found.values()];
}

/** The place that set a variable, before those that only added to it. */
function definition(origins: readonly Origin[] | undefined): Origin | undefined {
  return origins?.find(({ operation }) => operation.startsWith('set')) ?? origins?.[0];
}

function overlaps(a: Range, b: Range): boolean {
  return a.start.line <= b.end.line && b.start.line <= a.end.line;
}

/**
 * The problems of a view as findings of open documents: a problem in a file that is not open is said at the head
 * of the document, with the place as related information.
 */
export function problemFindings(
  view: View,
  configuration: readonly Problem[],
  isOpen: (path: string) => boolean,
): Finding[] {
  const problems = [...(view.current?.problems ?? []), ...stopped(view)];
  // Where no hash is known, what is wrong with the configuration is why.
  const tasks = view.current?.variants.flatMap((variant) => variant.tasks) ?? [];
  const nothingKnown = tasks.every(({ basehash }) => isUnknown(basehash));
  const shared = configuration.filter(
    ({ path, severity }) => isOpen(path) || (nothingKnown && severity === 'error'),
  );
  return [...problems, ...shared].map((problem): Finding => {
    const { severity, code, message, path } = problem;
    const range = problem.range ?? HEAD;
    if (path === '' || isOpen(path)) {
      return { path: path === '' ? view.path : path, range, severity, code, message, related: [] };
    }
    const place = `${path.slice(path.lastIndexOf('/') + 1)}:${range.start.line + 1}`;
    return {
      path: view.path,
      range: HEAD,
      severity,
      code,
      message: `${place}: ${message}`,
      related: [{ path, range, message }],
    };
  });
}

/** What is doubtful about the hashes of a view, where it stands in an open document. */
export function adviceFindings({ advice }: View, isOpen: (path: string) => boolean): Finding[] {
  return advice
    .filter(({ path }) => isOpen(path))
    .map(({ severity, code, message, path, range = HEAD }) => {
      return { path, range, severity, code, message, related: [] };
    });
}

/** An evaluation that had to be stopped. */
function stopped({ failure, path, recipe }: View): Problem[] {
  if (!failure || recipe === undefined) return [];
  const { where, message } = failure;
  const line = (where?.line ?? 1) - 1;
  return [
    {
      severity: 'error',
      code: 'stopped',
      message: `${message}: hashes are unknown`,
      path: where?.path ?? path,
      range: { start: { line, column: 0 }, end: { line, column: 1 } },
    },
  ];
}

/** Each finding once: several documents may have been evaluated with the same recipe. */
export function distinct(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ path, range, code, message }) => {
    const key = [path, range.start.line, range.end.line, code, message].join('\0');
    return seen.size < seen.add(key).size;
  });
}
