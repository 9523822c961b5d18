/**
 * What views beside the text show, as trees of plain data: the tasks of a recipe, what would rerun. Says what there is;
 * how it looks is the client's.
 */
import type { Range } from '../base/text.ts';
import type { VariantSignatures } from '../signature/signatures.ts';
import { previousHash } from './lenses.ts';
import { markText, type ObjectMark } from './objectVerdict.ts';
import { originRange } from './places.ts';
import type { GraphView, RecipeTasks } from './rerun.ts';
import { isUnknown, shortHash, type Trees, variantName, type View } from './view.ts';
import { counted, oneLine } from './wording.ts';

export interface OutlineNode {
  readonly label: string;
  readonly description?: string;
  /** What there is to say in full, as text. */
  readonly detail?: string;
  readonly kind: 'recipe' | 'task' | 'changed' | 'unknown' | 'cause' | 'text';
  readonly place?: { readonly path: string; readonly range: Range };
  /** Of a task: what is known of its object. */
  readonly mark?: ObjectMark;
  readonly children?: readonly OutlineNode[];
}

/** The tasks of each variant with their hashes, in BitBake's order. */
export function recipeOutline(view: View, trees: Trees, graph: GraphView | undefined): OutlineNode[] {
  return (view.current?.variants ?? []).map((variant): OutlineNode => {
    const { skipped, failed } = variant;
    const why = skipped === undefined ? failed : `skipped: ${skipped}`;
    return {
      label: variantName(variant),
      description: why ?? counted(variant.tasks.length, 'task'),
      kind: why === undefined ? 'recipe' : 'unknown',
      children: variant.tasks.map(({ task }) => taskNode(task, variant, view, trees, graph)),
    };
  });
}

function taskNode(
  task: string,
  variant: VariantSignatures,
  view: View,
  trees: Trees,
  graph: GraphView | undefined,
): OutlineNode {
  const basehash = variant.tasks.find((known) => known.task === task)!.basehash;
  const place = placeOf(task, view, trees);
  const rest = { label: task, ...(place && { place }) };
  if (isUnknown(basehash)) {
    return { ...rest, description: 'unknown', detail: basehash.unknown, kind: 'unknown' };
  }
  const before = previousHash(task, variant, view);
  const isChanged = before !== undefined && before !== basehash;
  const taskhash = graph?.taskhash({ mcfn: variant.mcfn, task });
  const detail = [
    `basehash ${basehash}`,
    ...(isChanged ? [`was ${before}`] : []),
    ...(taskhash === undefined
      ? []
      : [`taskhash ${isUnknown(taskhash) ? `unknown: ${taskhash.unknown}` : taskhash}`]),
  ];
  const short = isChanged ? `${shortHash(before)} → ${shortHash(basehash)}` : shortHash(basehash);
  const verdict = graph?.objectVerdict({ mcfn: variant.mcfn, task });
  if (verdict)
    detail.push(`sstate: ${[verdict.text, verdict.detail, verdict.object].filter(Boolean).join(', ')}`);
  return {
    ...rest,
    description: verdict ? `${short} · ${oneLine(markText(verdict))}` : short,
    detail: detail.join('\n'),
    kind: isChanged ? 'changed' : 'task',
    ...(verdict && { mark: verdict.mark }),
  };
}

function placeOf(name: string, { current }: View, trees: Trees): OutlineNode['place'] {
  const origins = current?.origins.get(name);
  const origin = origins?.find(({ operation }) => operation.startsWith('set')) ?? origins?.[0];
  return origin && { path: origin.path, range: originRange(origin, trees) };
}

const HEAD: Range = { start: { line: 0, column: 0 }, end: { line: 0, column: 0 } };

/** Recipes with the tasks of theirs that would rerun. */
export function rerunOutline(recipes: readonly RecipeTasks[]): OutlineNode[] {
  return recipes.map(({ recipe, path, tasks }): OutlineNode => {
    const place = { path, range: HEAD };
    const children = tasks.map((label): OutlineNode => ({ label, kind: 'changed', place }));
    return { label: recipe, description: counted(tasks.length, 'task'), kind: 'recipe', place, children };
  });
}
