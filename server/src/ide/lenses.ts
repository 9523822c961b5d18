/**
 * The lenses of a document: one at its head that sums up the recipe, one over each function of a task.
 */
import type { Position, Range } from '../base/text.ts';
import type { Statement } from '../syntax/statements.ts';
import type { SyntaxTree } from '../syntax/tree.ts';
import type { TaskSignature, VariantSignatures } from '../signature/signatures.ts';
import { compareEvaluations } from './comparison.ts';
import { baseName } from './names.ts';
import { markText } from './objectVerdict.ts';
import { nameRange, originRange } from './places.ts';
import { type GraphView, type RecipeTasks, rerunText } from './rerun.ts';
import {
  counterpart,
  isUnknown,
  plainVariant,
  shortHash,
  taskOf,
  type Trees,
  variantName,
  type View,
} from './view.ts';
import { counted, oneLine } from './wording.ts';

export interface TaskEntry {
  readonly name: string;
  /** In full, or why it is unknown. */
  readonly basehash: string;
  /** The baseline's, where it is another. */
  readonly previous?: string;
  /** In full, or why it is unknown; where there is a task graph. */
  readonly taskhash?: string;
  readonly place?: { readonly path: string; readonly position: Position };
}

export interface Lens {
  readonly range: Range;
  readonly title: string;
  /** What a click lists. */
  readonly tasks: readonly TaskEntry[];
  /** What a click lists instead: the tasks that would rerun. */
  readonly rerun?: readonly RecipeTasks[];
  /** What a click tells of instead: the object of this task. */
  readonly object?: string;
}

/** @param graph what the task graph adds, where there is one */
export function lenses(tree: SyntaxTree, view: View, trees: Trees, graph?: GraphView): Lens[] {
  const plain = plainVariant(view.current);
  if (!plain) return [headLens(unavailable(view))];
  const head = headLens(summary(tree, view, plain), entries(view, trees, graph));
  const rerun = graph?.rerun();
  const text = rerun && rerunText(rerun);
  const reruns = rerun && text !== undefined ? [{ ...headLens(text), rerun: rerun.recipes }] : [];
  return [head, ...reruns, ...functionLenses(tree, view, plain, trees, graph)];
}

function headLens(title: string, tasks: readonly TaskEntry[] = []): Lens {
  return { range: { start: { line: 0, column: 0 }, end: { line: 0, column: 0 } }, title, tasks };
}

function unavailable({ failure, recipe }: View): string {
  if (failure) return `unknown: ${failure.message}`;
  return recipe === undefined ? 'no recipe found that uses this file' : 'unknown: nothing could be evaluated';
}

/** `12 tasks · do_install 3f2a91c4 → 9b01c2d3 · 2 changed, +1 variant` */
function summary(tree: SyntaxTree, view: View, plain: VariantSignatures): string {
  const name = variantName(plain);
  const of = tree.kind === 'recipe' && name === plain.pn ? '' : `${name}: `;
  if (plain.skipped !== undefined) return `${of}skipped: ${oneLine(plain.skipped)}`;
  if (plain.failed !== undefined && plain.tasks.length === 0) return `${of}unknown: ${oneLine(plain.failed)}`;
  const headline = headlineTask(tree, plain);
  const parts = [`${of}${counted(plain.tasks.length, 'task')}`];
  if (headline) parts.push(hashTitle(headline, plain, view));
  const changed = changeCounts(view, plain);
  return [...parts, ...(changed ? [changed] : [])].join(' · ');
}

function changeCounts(view: View, plain: VariantSignatures): string | undefined {
  const changes = compareEvaluations(view.current, view.baseline);
  if (changes.length === 0) return undefined;
  const own = changes.find(({ current }) => current.mcfn === plain.mcfn)?.tasks.length ?? 0;
  const others = changes.length - (own > 0 ? 1 : 0);
  const more = others > 0 ? [`+${counted(others, 'variant')}`] : [];
  return [...(own > 0 ? [`${own} changed`] : []), ...more].join(', ');
}

/** do_install, else the first task with a function in this file, else the first of all. */
function headlineTask(tree: SyntaxTree, plain: VariantSignatures): TaskSignature | undefined {
  const install = taskOf(plain, 'do_install');
  if (install) return install;
  for (const statement of tree.statements) {
    const task = statement.kind === 'function' && taskOf(plain, taskDefinedBy(statement, tree, plain) ?? '');
    if (task) return task;
  }
  return plain.tasks[0];
}

function functionLenses(
  tree: SyntaxTree,
  view: View,
  plain: VariantSignatures,
  trees: Trees,
  graph: GraphView | undefined,
): Lens[] {
  return tree.statements.flatMap((statement) => {
    if (statement.kind !== 'function') return [];
    const variants = view.current?.variants ?? [];
    // A function may belong to a task that only another variant has.
    for (const variant of [plain, ...variants]) {
      const task = taskOf(variant, taskDefinedBy(statement, tree, variant) ?? '');
      if (!task) continue;
      const title =
        hashTitle(task, variant, view) +
        (variant === plain ? elsewhere(task, plain, view) : ` (${variantName(variant)})`) +
        (graph ? ` · ${taskhashTitle(task, variant, graph)}` : '');
      const range = nameRange(statement);
      const verdict = graph?.objectVerdict({ mcfn: variant.mcfn, task: task.task });
      const mark = verdict && {
        range,
        title: oneLine(markText(verdict)),
        tasks: [],
        ...(variant === plain && { object: task.task }),
      };
      return [{ range, title, tasks: entries(view, trees, graph, task.task) }, ...(mark ? [mark] : [])];
    }
    return [];
  });
}

/**
 * The task whose text a function is or adds to: `do_x`, `do_x:append`, and in a class `name_do_x`, which
 * EXPORT_FUNCTIONS makes do_x, where the task comes to it.
 */
export function taskDefinedBy(
  statement: Statement,
  tree: SyntaxTree,
  variant: VariantSignatures,
): string | undefined {
  if (statement.kind !== 'function') return undefined;
  const name = baseName(statement.name);
  if (taskOf(variant, name)) return name;
  const exported = /^.+?_(do_\w+)$/.exec(name)?.[1];
  if (tree.kind !== 'class' || exported === undefined) return undefined;
  return variant.nodes.get(exported)?.dependencies.includes(name) ? exported : undefined;
}

/** `do_install 3f2a91c4`, `do_install 3f2a91c4 → 9b01c2d3`, `do_install unknown: …` */
function hashTitle({ task, basehash }: TaskSignature, variant: VariantSignatures, view: View): string {
  if (isUnknown(basehash)) return `${task} unknown: ${oneLine(basehash.unknown)}`;
  const before = previousHash(task, variant, view);
  return before === undefined || before === basehash
    ? `${task} ${shortHash(basehash)}`
    : `${task} ${shortHash(before)} → ${shortHash(basehash)}`;
}

/** `taskhash 5d3c01aa`, `taskhash 5d3c01aa → 77ab20fe`, `taskhash unknown: …` */
function taskhashTitle({ task }: TaskSignature, { mcfn }: VariantSignatures, graph: GraphView): string {
  const hash = graph.taskhash({ mcfn, task });
  if (isUnknown(hash)) return `taskhash unknown: ${oneLine(hash.unknown)}`;
  const before = graph.previousTaskhash({ mcfn, task });
  return `taskhash ${before === undefined ? '' : `${shortHash(before)} → `}${shortHash(hash)}`;
}

/** Said only where the plain variant is the same: an edit that changes it mostly changes the others too. */
function elsewhere({ task, basehash }: TaskSignature, plain: VariantSignatures, view: View): string {
  const before = previousHash(task, plain, view);
  if (before !== undefined && before !== basehash) return '';
  const others = (view.current?.variants ?? []).filter((variant) => {
    const now = taskOf(variant, task)?.basehash;
    const was = previousHash(task, variant, view);
    return variant !== plain && typeof now === 'string' && was !== undefined && was !== now;
  });
  return others.length > 0 ? ` +${counted(others.length, 'variant')} changed` : '';
}

/** The hash that the baseline has; undefined where it has none to compare with. */
export function previousHash(task: string, variant: VariantSignatures, view: View): string | undefined {
  const before = counterpart(variant, view.baseline);
  const hash = before && taskOf(before, task)?.basehash;
  return typeof hash === 'string' ? hash : undefined;
}

/** What a click lists: the tasks of all variants, the plain one's first; those of one name where it is given. */
function entries(view: View, trees: Trees, graph: GraphView | undefined, only?: string): TaskEntry[] {
  return (view.current?.variants ?? []).flatMap((variant, index) =>
    variant.tasks
      .filter(({ task }) => only === undefined || task === only)
      .map(({ task, basehash }): TaskEntry => {
        const origins = view.current?.origins.get(task);
        const origin = origins?.find(({ operation }) => operation.startsWith('set')) ?? origins?.[0];
        const before = previousHash(task, variant, view);
        const taskhash = graph?.taskhash({ mcfn: variant.mcfn, task });
        return {
          name: index === 0 ? task : `${task} (${variantName(variant)})`,
          basehash: isUnknown(basehash) ? `unknown: ${oneLine(basehash.unknown)}` : basehash,
          ...(before !== undefined && before !== basehash && { previous: before }),
          ...(taskhash !== undefined && {
            taskhash: isUnknown(taskhash) ? `unknown: ${oneLine(taskhash.unknown)}` : taskhash,
          }),
          ...(origin && {
            place: { path: origin.path, position: originRange(origin, trees).start },
          }),
        };
      }),
  );
}
