/**
 * What a hover says of a task or a variable, as markdown.
 *
 * Markdown is text to every editor; whatever comes from the workspace is put into code spans and fences, so that it
 * cannot become markup.
 */
import type { VariableInspection } from '../engine/results.ts';
import type { Origin, VariantSignatures } from '../signature/signatures.ts';
import { type Chain, chainsTo, showChain } from './chains.ts';
import { compareEvaluations, type VariantChange } from './comparison.ts';
import { previousHash } from './lenses.ts';
import { type GraphView, type RecipeTasks, taskCount } from './rerun.ts';
import type { Symbol } from './symbols.ts';
import { isUnknown, plainVariant, taskOf, variantName, type View } from './view.ts';
import { counted } from './wording.ts';

/** A markdown link target for a place; `line` counts from 1. */
export type LinkTo = (path: string, line: number) => string;

const MOST_NAMES = 40;
const MOST_CHAINS = 12;
const MOST_ORIGINS = 8;
const MOST_LAST_ORIGINS = 5;
const MOST_VALUE = 1_500;

/** Flags that BitBake sets for itself. */
const BOOKKEEPING = new Set(['func', 'python', 'filename', 'lineno', 'export_func', 'task', 'defaultval']);

/** What a symbol means in the recipe; undefined where it means nothing there. */
export function meaning(symbol: Symbol, view: View): 'task' | 'variable' | undefined {
  const variants = view.current?.variants ?? [];
  if (variants.some((variant) => taskOf(variant, symbol.name))) return 'task';
  if (symbol.kind === 'task-word') return undefined;
  if (symbol.kind === 'name') return 'variable';
  // A bare word in code: only a function that takes part, and functions are in lower case.
  return /^[a-z_]/.test(symbol.name) && variants.some(({ nodes }) => nodes.has(symbol.name))
    ? 'variable'
    : undefined;
}

/** @param graph what the task graph adds, where there is one; @param hint what to say where there is none */
export function taskHover(task: string, view: View, graph?: GraphView, hint?: string): string {
  const having = (view.current?.variants ?? []).filter((variant) => taskOf(variant, task));
  const changes = compareEvaluations(view.current, view.baseline);
  const lines = [`### ${task}`, ''];
  for (const variant of having)
    lines.push(`- ${code(variantName(variant))}: ${hashText(task, variant, view)}`);
  if (graph) {
    lines.push('', 'Taskhash, with all that the task depends on:', '');
    for (const variant of having)
      lines.push(`- ${code(variantName(variant))}: ${taskhashText(task, variant, graph)}`);
    if (graph.equivalenceNote !== undefined)
      lines.push('', `Hash equivalence: ${plain(graph.equivalenceNote)}`);
    lines.push(...objectLines(task, having, graph));
    const reached = graph.dependents(having.map(({ mcfn }) => ({ mcfn, task })));
    if (reached.length > 0)
      lines.push('', `An edit of it would rerun ${tasksIn(reached)}, ${code(task)} included.`);
  } else if (hint !== undefined) lines.push('', hint);
  const [first] = having;
  if (first) lines.push('', ...ingredients(task, first));
  for (const change of changes) lines.push(...changedIngredients(task, change));
  return lines.join('\n');
}

function hashText(task: string, variant: VariantSignatures, view: View): string {
  const { basehash } = taskOf(variant, task)!;
  if (isUnknown(basehash)) return `unknown: ${code(basehash.unknown)}`;
  const before = previousHash(task, variant, view);
  return before === undefined || before === basehash ? code(basehash) : `${code(before)} → ${code(basehash)}`;
}

function taskhashText(task: string, { mcfn }: VariantSignatures, graph: GraphView): string {
  const hash = graph.taskhash({ mcfn, task });
  if (isUnknown(hash)) return `unknown: ${code(hash.unknown)}`;
  const before = graph.previousTaskhash({ mcfn, task });
  return before === undefined ? code(hash) : `${code(before)} → ${code(hash)}`;
}

function objectLines(task: string, having: readonly VariantSignatures[], graph: GraphView): string[] {
  const lines = having.flatMap((variant) => {
    const verdict = graph.objectVerdict({ mcfn: variant.mcfn, task });
    if (!verdict) return [];
    const { text, detail, object, minutes } = verdict;
    const because =
      detail === undefined ? '' : `, ${verdict.mark === 'unknown' ? 'because ' : ''}${code(detail)}`;
    const age = minutes === undefined ? '' : `, as was said ${counted(minutes, 'minute')} ago`;
    const named = object === undefined ? [] : [`  ${code(object)}`];
    return [`- ${code(variantName(variant))}: sstate: ${text}${because}${age}`, ...named];
  });
  return lines.length > 0 ? ['', 'Its object, when it was last looked for:', '', ...lines] : [];
}

function ingredients(task: string, variant: VariantSignatures): string[] {
  const { dependencies } = taskOf(variant, task)!;
  const direct = variant.nodes.get(task)?.dependencies ?? [];
  if (dependencies.length === 0) return ['Only its own text goes in.'];
  return [
    `${counted(dependencies.length, 'name')} of variables, flags and functions go in, ${direct.length} of them ` +
      `directly: ${names(direct)}`,
  ];
}

function changedIngredients(task: string, change: VariantChange): string[] {
  if (!change.tasks.some((changed) => changed.task === task)) return [];
  const known = new Set([task, ...(taskOf(change.current, task)?.dependencies ?? [])]);
  for (const name of taskOf(change.baseline, task)?.dependencies ?? []) known.add(name);
  const changed = [...change.nodes].filter((name) => known.has(name));
  return ['', `Changed for ${code(variantName(change.current))}: ${names(changed)}`];
}

/** Which variables of the configuration say what stays out of hashes. */
export const IGNORE_VARIABLES = ['BB_BASEHASH_IGNORE_VARS', 'BB_HASHBASE_WHITELIST'];

/**
 * @param ignored the names that enter no hash by the configuration's word
 * @param graph what the task graph adds, where there is one
 */
export function variableHover(
  inspection: VariableInspection,
  view: View,
  ignored: ReadonlySet<string>,
  link: LinkTo,
  graph?: GraphView,
): string {
  const { name, unexpanded, expanded, origins } = inspection;
  const lines = [`### ${plain(name)}`, ''];
  if (unexpanded === undefined) lines.push('Not set.');
  else {
    lines.push(...valueLines(unexpanded));
    if (expanded !== undefined && expanded !== unexpanded)
      lines.push('', 'Expanded:', '', ...valueLines(expanded));
  }
  if (origins.length > 0) lines.push('', ...originLines(origins, link));
  return [...lines, ...flagLines(inspection, link), '', ...reach(inspection, view, ignored, graph)].join(
    '\n',
  );
}

function valueLines(text: string): string[] {
  const cutNote = `The first ${MOST_VALUE} of ${text.length} characters.`;
  return [fence(text), ...(text.length > MOST_VALUE ? ['', cutNote] : [])];
}

/** The first and the last of them where there are many: in between is what the last have mostly changed again. */
function originLines(origins: readonly Origin[], link: LinkTo): string[] {
  const inOrder = [...origins].reverse();
  const line = (origin: Origin) => `${originLink(origin, link)} ${code(operator(origin.operation))}`;
  if (inOrder.length === 1) return [`Set in ${line(inOrder[0]!)}`];
  const numbered = inOrder.map((origin, at) => `${at + 1}. ${line(origin)}`);
  const rest = numbered.length - MOST_ORIGINS;
  if (rest > 0) {
    const last = numbered.splice(-MOST_LAST_ORIGINS);
    numbered.splice(MOST_ORIGINS - MOST_LAST_ORIGINS, numbered.length, `   … ${rest} more …`, ...last);
  }
  return ['Set, in this order:', '', ...numbered];
}

function originLink({ path, line }: Origin, link: LinkTo): string {
  return `[${plain(`${path.slice(path.lastIndexOf('/') + 1)}:${line}`)}](${link(path, line)})`;
}

const OPERATORS: Readonly<Record<string, string>> = {
  set: '=',
  'set?': '?=',
  'set??': '??=',
  immediate: ':=',
  append: '+=',
  prepend: '=+',
  postdot: '.=',
  predot: '=.',
};

/** The operator that the text has for what the history tells. */
function operator(operation: string): string {
  return OPERATORS[operation] ?? operation;
}

function flagLines({ flags, flagOrigins }: VariableInspection, link: LinkTo): string[] {
  const shown = Object.entries(flags).filter(([flag]) => !/^[_:]/.test(flag) && !BOOKKEEPING.has(flag));
  return shown.flatMap(([flag, value]) => {
    const [latest] = flagOrigins[flag] ?? [];
    const place = latest ? `, set in ${originLink(latest, link)}` : '';
    return ['', `Flag ${code(flag)}: ${code(cut(value, 200))}${place}`];
  });
}

/** Which tasks a variable enters and how, or why it enters none. */
function reach(
  { name, flags, excludedBy }: VariableInspection,
  view: View,
  ignored: ReadonlySet<string>,
  graph: GraphView | undefined,
): string[] {
  const variant = plainVariant(view.current);
  if (!variant) return [];
  const excluded =
    excludedBy.length > 0 ? ['', `Left out by ${code('vardepsexclude')} of ${names(excludedBy)}.`] : [];
  const chains = taskChains(name, variant);
  if (chains.length > 0) {
    const shown = chains.slice(0, MOST_CHAINS).map((chain) => `- ${code(showChain(chain))}`);
    const rest = chains.length - shown.length;
    const fixed =
      flags['vardepvalue'] === undefined
        ? []
        : ['', `By the text of ${code('vardepvalue')}, whatever its value is.`];
    return [
      `Enters ${counted(chains.length, 'task')} of ${code(variantName(variant))}:`,
      '',
      ...shown,
      ...(rest > 0 ? [`- and ${rest} more`] : []),
      ...fixed,
      ...excluded,
      ...beyond(chains, variant, graph),
    ];
  }
  const why = ignored.has(name) ? `: ${code(IGNORE_VARIABLES[0]!)} leaves it out` : '';
  return [`Enters no basehash of ${code(variantName(variant))}${why}.`, ...excluded];
}

/** How many tasks of all recipes run again where these do. */
function beyond(
  chains: readonly Chain[],
  { mcfn }: VariantSignatures,
  graph: GraphView | undefined,
): string[] {
  const reached = graph?.dependents(chains.map(([task]) => ({ mcfn, task: task! })));
  if (!reached || reached.length === 0) return [];
  return ['', `With all that depends on these: ${tasksIn(reached)}.`];
}

/** `7 tasks in 2 recipes` */
function tasksIn(recipes: readonly RecipeTasks[]): string {
  return `${counted(taskCount({ recipes }), 'task')} in ${counted(recipes.length, 'recipe')}`;
}

/** The shortest chain from each task to a variable, or to a test for items of it, in BitBake's order of tasks. */
export function taskChains(name: string, variant: VariantSignatures): Chain[] {
  const direct = chainsTo([name], variant.nodes);
  const tested = [...variant.nodes].filter(([, { value }]) => value?.includes(`\n${name}{`));
  const indirect = chainsTo(
    tested.map(([user]) => user),
    variant.nodes,
  );
  const known = variant.nodes.has(name);
  return variant.tasks.flatMap(({ task }) => {
    const chain = known ? direct.get(task) : undefined;
    if (chain) return [chain];
    const through = indirect.get(task);
    return through ? [[...through, `${name}{…}`]] : [];
  });
}

function names(list: readonly string[]): string {
  const shown = list.slice(0, MOST_NAMES).map(code);
  const rest = list.length - shown.length;
  return [...shown, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** A code span, whatever backticks the text has. */
function code(text: string): string {
  const line = text.replace(/\s*\n\s*/g, ' ');
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map((run) => run.length));
  const ticks = '`'.repeat(longest + 1);
  const space = longest > 0 || line.trim() === '' ? ' ' : '';
  return `${ticks}${space}${line}${space}${ticks}`;
}

function fence(text: string): string {
  const shown = cut(text, MOST_VALUE);
  const longest = Math.max(2, ...(shown.match(/`+/g) ?? []).map((run) => run.length));
  const ticks = '`'.repeat(longest + 1);
  return `${ticks}\n${shown}\n${ticks}`;
}

/** Text outside code, with the characters of markup escaped. */
function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]<>()#+!|~$-]/g, '\\$&');
}
