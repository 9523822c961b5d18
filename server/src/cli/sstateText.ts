/** A plan as lines for people: counts first, then what runs and what is missing, recipe by recipe. */
import type { Plan, PlannedTask } from '../sstate/plan.ts';
import {
  byRecipe,
  lacksObject,
  mayRun,
  unknownReason,
  verdictCounts,
  type Verdict,
  verdictOf,
} from '../sstate/verdicts.ts';
import { taskLabel, type TaskGraph } from '../taskgraph/graph.ts';

const MOST_RECIPES = 40;
const WIDTH = 110;

/** What each verdict counts, in the order in which they are told. */
const SETSCENE: readonly (readonly [Verdict, string])[] = [
  ['local', 'use their object in SSTATE_DIR'],
  ['mirror', 'use their object on a mirror'],
  ['awaited', 'use the object that another multiconfig makes first'],
  ['not-needed', 'have an object that is not needed, or none that would be'],
  ['current', 'are done, as their stamps say'],
  ['noexec', 'do nothing'],
  ['missing', 'have no object anywhere'],
  ['blocked', 'cannot use theirs, as one that they need is not there'],
  ['skipped', 'have an object that is left out (--skip-setscene)'],
  ['stuck', 'are never decided by BitBake'],
  ['unknown', 'are unknown'],
];

/** @param targets as they were given */
export function planLines(targets: readonly string[], graph: TaskGraph, plan: Plan): string[] {
  const setscene = plan.tasks.filter(({ scene }) => scene !== undefined);
  const others = plan.tasks.filter(({ scene }) => scene === undefined);
  const recipes = new Set(graph.recipeOf).size;
  const lines = [
    `${targets.join(' ')}: ${counted(plan.tasks.length, 'task')} of ${counted(recipes, 'recipe')}`,
  ];
  const counts = verdictCounts({ ...plan, tasks: setscene });
  lines.push(`  ${counted(setscene.length, 'task')} with a setscene task, of which`);
  for (const [verdict, text] of SETSCENE) if (counts[verdict]) lines.push(countLine(counts[verdict], text));
  const outcomes = (wanted: string, among: readonly PlannedTask[] = plan.tasks) =>
    among.filter(({ outcome }) => (typeof outcome === 'object' ? 'unknown' : outcome) === wanted).length;
  lines.push(`  ${counted(plan.tasks.length, 'task')} in all, of which`);
  const told: readonly (readonly [number, string])[] = [
    [outcomes('covered', setscene), 'need not run: their setscene task stands for them'],
    [outcomes('covered', others), 'need not run: the objects of others cover them'],
    [outcomes('current'), 'are done, as their stamps say'],
    [outcomes('noexec'), 'do nothing'],
    [outcomes('runs'), 'run'],
    [outcomes('refused'), 'would have to run, which BB_SETSCENE_ENFORCE refuses: BitBake stops'],
    [plan.tasks.filter(({ outcome }) => outcome === undefined).length, 'would have to run (--setscene-only)'],
    [outcomes('unknown'), 'run or not: unknown'],
  ];
  for (const [count, text] of told) if (count > 0) lines.push(countLine(count, text));
  lines.push(...sources(plan));
  lines.push(...section('run', graph, plan.tasks.filter(mayRun)));
  lines.push(...section('have no object', graph, plan.tasks.filter(lacksObject)));
  lines.push(...doubts(plan));
  return lines;
}

/** Which mirrors the objects come from. */
function sources(plan: Plan): string[] {
  const found = new Map<string, number>();
  for (const { presence } of plan.tasks) {
    if (presence?.kind === 'mirror') found.set(presence.mirror, (found.get(presence.mirror) ?? 0) + 1);
  }
  return [...found].map(([mirror, count]) => `  ${counted(count, 'object')} on the mirror ${mirror}`);
}

function section(what: string, graph: TaskGraph, tasks: readonly PlannedTask[]): string[] {
  if (tasks.length === 0) return [];
  const recipes = byRecipe(graph, tasks);
  const lines = ['', `${counted(tasks.length, 'task')} of ${counted(recipes.size, 'recipe')} ${what}:`];
  const shown = [...recipes].slice(0, MOST_RECIPES);
  const width = Math.min(32, Math.max(...shown.map(([label]) => label.length)));
  for (const [label, own] of shown) {
    const names = own.map(({ task }) => graph.names[graph.nameOf[task]!]!);
    lines.push(shortened(`  ${label.padEnd(width)} ${String(own.length).padStart(3)}`, names));
  }
  const left = recipes.size - shown.length;
  if (left > 0) lines.push(`  … and ${counted(left, 'recipe')} more: --list shows every task`);
  return lines;
}

/** As many names as fit in the line, and how many do not. */
function shortened(start: string, names: readonly string[]): string {
  let line = start;
  for (const [at, name] of names.entries()) {
    const left = names.length - at;
    if (line.length + name.length + 12 > WIDTH) return `${line} … ${left} more`;
    line += ` ${name}`;
  }
  return line;
}

function doubts(plan: Plan): string[] {
  const reasons = new Map<string, number>();
  for (const task of plan.tasks) {
    const reason = unknownReason(task);
    if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  if (reasons.size === 0) return [];
  const sorted = [...reasons].sort(([, a], [, b]) => b - a);
  const lines = sorted.slice(0, 5).map(([reason, count]) => `  ${counted(count, 'task')}, because ${reason}`);
  if (sorted.length > 5) lines.push(`  … and ${sorted.length - 5} more reasons: --list shows all`);
  return ['', 'unknown:', ...lines];
}

/** One line for each task: verdict, task, and what becomes of it or where its object is. */
export function listLines(
  graph: TaskGraph,
  tasks: readonly PlannedTask[],
  objectOf: (task: number) => string | undefined,
): string[] {
  const rows = [...byRecipe(graph, tasks).values()].flat();
  return rows.map((task) => {
    const { presence } = task;
    const verdict = verdictOf(task).padEnd(10);
    const outcome = (typeof task.outcome === 'object' ? 'unknown' : (task.outcome ?? 'left')).padEnd(8);
    const where =
      presence?.kind === 'mirror'
        ? presence.uri
        : presence?.kind === 'local'
          ? presence.path
          : (objectOf(task.task) ?? '');
    const reason = unknownReason(task);
    const details = [where, ...(reason === undefined ? [] : [`unknown, because ${reason}`])];
    return `${verdict} ${outcome} ${taskLabel(graph, task.task)} ${details.filter(Boolean).join(' ')}`.trimEnd();
  });
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function countLine(count: number, text: string): string {
  return `  ${String(count).padStart(8)} ${text}`;
}
