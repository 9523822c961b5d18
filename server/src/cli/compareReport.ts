/**
 * What `sstate-lens compare` found, as data (`schemas/compare.schema.json`) and as lines of text.
 *
 * Pure. One cause is one entry, whatever it reaches; tasks are listed once, with their hashes.
 */
import { differingParts } from '../base/differingParts.ts';
import type { ChainLink, ReachedChange } from '../engine/changedVariables.ts';
import type { DifferenceCause, OwnDifference, PairDifference } from '../engine/differenceCauses.ts';
import { type HashedSide, type TaskPair, type TaskPairs } from '../engine/taskPairs.ts';
import type { Sides } from './compareSides.ts';

/** `path` is absolute; `line` counts from 1. */
export interface ReportedLink {
  readonly name: string;
  readonly path?: string;
  readonly line?: number;
}

export interface ReportedCause {
  readonly difference: OwnDifference;
  /** From the first of `tasks` to the variable, both included; empty where the cause is no variable. */
  readonly chain: readonly ReportedLink[];
  /** Tasks that differ by themselves because of it. */
  readonly tasks: readonly string[];
  /** These, and those that differ because of them. */
  readonly reaches: { readonly tasks: number; readonly recipes: number };
}

export interface ReportedTask {
  readonly task: string;
  /** Undefined: unknown. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

export interface ComparisonReport {
  readonly version: 1;
  readonly question: Sides['question'];
  readonly before: string;
  readonly after: string;
  readonly targets: readonly string[];
  /** What ought to be the same: `tasks of recipes that both machines share`. */
  readonly subject: string;
  /** How many tasks ought to be the same. */
  readonly compared: number;
  /** How many tasks only one side has. */
  readonly onlyBefore: number;
  readonly onlyAfter: number;
  /** Whether everything could be evaluated on both sides. */
  readonly complete: boolean;
  /** Those that reach most first. */
  readonly causes: readonly ReportedCause[];
  /** In the order in which they run. */
  readonly different: readonly ReportedTask[];
  /** Tasks whose hash cannot be known on one side, save those that are marked nostamp; what is known is the same. */
  readonly unknown: readonly { readonly task: string; readonly reason: string }[];
}

export interface Found {
  readonly sides: Sides;
  readonly targets: readonly string[];
  readonly pairs: TaskPairs;
  readonly expected: (pair: TaskPair) => boolean;
  readonly differences: readonly PairDifference[];
  readonly causes: readonly DifferenceCause[];
  /** Pair -> what differs in its variables. */
  readonly changes: ReadonlyMap<number, readonly ReachedChange[]>;
  readonly complete: boolean;
}

export function comparisonReport(found: Found): ComparisonReport {
  const { sides, targets, pairs, expected, differences, causes, changes, complete } = found;
  const compared = pairs.pairs.filter(expected);
  const recipesOf = (numbers: readonly number[]) =>
    new Set(numbers.map((at) => pairs.after.graph.recipeOf[pairs.pairs[at]!.after]!)).size;
  return {
    version: 1,
    question: sides.question,
    before: sides.before.label,
    after: sides.after.label,
    targets,
    subject: sides.subject,
    compared: compared.length,
    onlyBefore: pairs.onlyBefore.length,
    onlyAfter: pairs.onlyAfter.length,
    complete,
    causes: causes.map(({ difference, own, reached }) => ({
      difference,
      chain: chainOf(difference, changes.get(own[0]!) ?? [], sides.after.place),
      tasks: own.map((at) => pairs.pairs[at]!.name),
      reaches: { tasks: reached.length, recipes: recipesOf(reached) },
    })),
    different: differences.map(({ pair }) => {
      const { name, before, after } = pairs.pairs[pair]!;
      return { task: name, before: known(pairs.before, before), after: known(pairs.after, after) };
    }),
    unknown: pairs.pairs.flatMap((pair, at) => {
      if (pairs.verdict(at) !== 'unknown' || !expected(pair)) return [];
      const reason = unknownReason(pairs.before, pair.before) ?? unknownReason(pairs.after, pair.after);
      return reason === undefined ? [] : [{ task: pair.name, reason }];
    }),
  };
}

function known({ hashes }: HashedSide, task: number): string | undefined {
  const hash = hashes.taskhash(task);
  return typeof hash === 'string' ? hash : undefined;
}

/** Undefined: it is known, or another in each run because that is what was asked for. */
function unknownReason({ graph, hashes }: HashedSide, task: number): string | undefined {
  const because = hashes.unknownBecause(task);
  if (because === undefined) return undefined;
  const { flags } = graph.recipes[graph.recipeOf[because]!]!;
  if (Object.hasOwn(flags.nostamp, graph.names[graph.nameOf[because]!]!)) return undefined;
  const hash = hashes.taskhash(task);
  return typeof hash === 'string' ? undefined : hash.unknown;
}

function chainOf(
  difference: OwnDifference,
  changes: readonly ReachedChange[],
  place: string | undefined,
): ReportedLink[] {
  if (difference.kind !== 'variable') return [];
  const found = changes.find(({ change }) => change.variable === difference.variable);
  return (found?.chain ?? []).map(({ name, origin }: ChainLink) =>
    origin && origin.line > 0 ? { name, path: actualPath(origin.path, place), line: origin.line } : { name },
  );
}

function actualPath(path: string, place: string | undefined): string {
  return place !== undefined && path.startsWith(`${place}/`) ? path.slice(place.length) : path;
}

const MOST_CAUSES = 12;
const MOST_TASKS = 4;

/**
 * At most a screen or two, the widest reaching causes first.
 * @param from the directory that paths are shown from, where they lie below it
 */
export function reportLines(report: ComparisonReport, from: string): string[] {
  const { before, after, subject, compared, different, causes, unknown, onlyBefore, onlyAfter } = report;
  const lines = [
    `${before} → ${after}`,
    different.length === 0
      ? `${compared} ${subject}: ${unknown.length === 0 ? 'all have the same hash' : 'none is known to differ'}`
      : `${compared} ${subject}: ${different.length} differ, because of ${count(causes.length, 'cause')}`,
  ];
  for (const cause of causes.slice(0, MOST_CAUSES)) lines.push('', ...causeLines(cause, from));
  if (causes.length > MOST_CAUSES)
    lines.push('', `and ${count(causes.length - MOST_CAUSES, 'more cause')}: --format json lists all`);
  if (unknown.length > 0) {
    lines.push(
      '',
      `${count(unknown.length, 'hash', 'hashes')} unknown, such as ${unknown[0]!.task}, because`,
    );
    lines.push(`  ${unknown[0]!.reason}`);
  }
  if (onlyBefore + onlyAfter > 0) {
    lines.push(
      '',
      `Only ${before}: ${count(onlyBefore, 'task')}. Only ${after}: ${count(onlyAfter, 'task')}.`,
    );
  }
  if (!report.complete) lines.push('', 'Not everything could be evaluated: see the messages above.');
  return lines;
}

function causeLines({ difference, chain, tasks, reaches }: ReportedCause, from: string): string[] {
  const reach = `reaches ${count(reaches.tasks, 'task')} of ${count(reaches.recipes, 'recipe')}`;
  const lines = [`${differenceText(difference)}  (${reach})`];
  const more = tasks.length - MOST_TASKS;
  const near = (path: string) => (path.startsWith(`${from}/`) ? path.slice(from.length + 1) : path);
  for (const task of tasks.slice(0, MOST_TASKS)) lines.push(`  ${task}`);
  if (more > 0) lines.push(`  and ${more} more by themselves`);
  if (chain.length > 0) {
    lines.push('  by way of');
    for (const { name, path, line } of chain)
      lines.push(`    ${name}${path === undefined ? '' : `  ${near(path)}:${line}`}`);
  }
  return lines;
}

function differenceText(difference: OwnDifference): string {
  switch (difference.kind) {
    case 'variable': {
      const { variable, before, after, enters } = difference;
      if (enters === 'before') return `${variable} no longer enters`;
      if (enters === 'after') return `${variable} enters`;
      const [old, young] = differingParts(before ?? '', after ?? '');
      return `${variable}: ${old} → ${young}`;
    }
    case 'file':
      return `file ${difference.file}: ${{ content: 'another content', added: 'added', removed: 'removed' }[difference.change]}`;
    case 'dependency':
      return difference.change === 'hash'
        ? `depends on ${difference.task}, whose hash has every right to differ`
        : `dependency on ${difference.task}: ${difference.change}`;
    case 'other':
      return difference.reason;
  }
}

function count(number: number, one: string, several = `${one}s`): string {
  return `${number} ${number === 1 ? one : several}`;
}
