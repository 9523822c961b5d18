/**
 * What a review found, for an editor: a tree of root causes, the recipes that each reaches and their tasks, and what
 * there is to say of each changed line. Plain data; how it looks is the client's.
 */
import type { Range } from '../base/text.ts';
import type { BitBakeHash, Unknown } from '../signature/signatures.ts';
import { splitVirtual } from '../signature/table.ts';
import type { CauseImpact, Impact, RecipeImpact } from './impact.ts';
import { causeText, costText, reachText } from './impactWords.ts';
import type { OutlineNode } from './outline.ts';
import { isUnknown, shortHash } from './view.ts';
import { counted, enumerate } from './wording.ts';

export interface ReviewNode extends OutlineNode {
  /** In which state of the files `place` is. */
  readonly side: 'base' | 'head';
  readonly children?: readonly ReviewNode[];
}

/** Changed lines, and what they do. */
export interface ReviewMark {
  readonly path: string;
  readonly side: 'base' | 'head';
  /** Whole lines. */
  readonly range: Range;
  /** In a few words, for the end of the line. */
  readonly text: string;
  /** In sentences. */
  readonly detail: readonly string[];
}

/** What a tree of 20,000 tasks would be too large to show. */
const MOST_RECIPES = 200;
const NAMED_RECIPES = 6;

/** What one cause does to one recipe. */
interface Reached {
  readonly recipe: RecipeImpact;
  /** Task -> what becomes of its hashes. */
  readonly tasks: ReadonlyMap<string, TaskHashes>;
  /** Whether a basehash of it changes. */
  readonly isOwn: boolean;
}

interface TaskHashes {
  readonly basehash?: string;
  readonly taskhash?: string;
}

/** Root causes as in `impact.causes`: those that reach most first. */
export function reviewOutline(impact: Impact): ReviewNode[] {
  const reached = reachedBy(impact);
  return impact.causes.map((cause, at): ReviewNode => {
    const { path, side } = cause;
    const range = rangeOf(cause);
    const recipes = reached[at]!;
    const nodes = recipes.slice(0, MOST_RECIPES).map((recipe) => recipeNode(recipe));
    const rest = recipes.length - nodes.length;
    return {
      label: causeText(cause),
      description: `${placeText(cause)} · ${reachText(cause)}`,
      detail: [path, ...sentences(cause, recipes)].join('\n'),
      kind: 'cause',
      side,
      place: { path, range },
      children: rest > 0 ? [...nodes, moreNode(rest, side)] : nodes,
    };
  });
}

/** Those of causes that are at certain lines, in the order of the tree. */
export function reviewMarks(impact: Impact): ReviewMark[] {
  const reached = reachedBy(impact);
  return impact.causes.flatMap((cause, at): ReviewMark[] => {
    const { path, side, lines } = cause;
    if (!lines) return [];
    const text = reachText(cause);
    const detail = [causeText(cause), ...sentences(cause, reached[at]!)];
    return [{ path, side, range: rangeOf(cause), text, detail }];
  });
}

function sentences(cause: CauseImpact, recipes: readonly Reached[]): string[] {
  const own = recipes.filter(({ isOwn }) => isOwn).map(({ recipe }) => recipe.recipe);
  const cost = costText(cause.cost);
  return [
    `Changes ${reachText(cause)}.`,
    ...(own.length > 0 ? [`Basehashes of ${enumerate(own, NAMED_RECIPES)}.`] : []),
    ...(cost === undefined ? [] : [`${cost}.`]),
  ];
}

/** By cause: recipes with changes of their own first, then by how many tasks. */
function reachedBy({ causes, recipes }: Impact): Reached[][] {
  const found: Reached[][] = causes.map(() => []);
  for (const recipe of recipes) {
    const tasks = new Map<number, Map<string, TaskHashes>>();
    const own = new Set<number>();
    for (const kind of ['basehash', 'taskhash'] as const) {
      for (const { task, before, after, causes: numbers } of recipe[`${kind}es`]) {
        const text = `${hashText(before)} → ${hashText(after)}`;
        for (const number of numbers) {
          let known = tasks.get(number);
          if (!known) tasks.set(number, (known = new Map()));
          known.set(task, { ...known.get(task), [kind]: text });
          if (kind === 'basehash') own.add(number);
        }
      }
    }
    for (const [number, known] of tasks)
      found[number]!.push({ recipe, tasks: known, isOwn: own.has(number) });
  }
  for (const list of found)
    list.sort((a, b) => Number(b.isOwn) - Number(a.isOwn) || b.tasks.size - a.tasks.size);
  return found;
}

function recipeNode({ recipe, tasks }: Reached): ReviewNode {
  const { status, mcfn } = recipe;
  const side = status === 'removed' ? 'base' : 'head';
  const place = { path: splitVirtual(mcfn).path, range: HEAD };
  return {
    label: recipe.recipe,
    description: `${counted(tasks.size, 'task')}${status === 'changed' ? '' : ` · ${status}`}`,
    kind: 'recipe',
    side,
    place,
    children: [...tasks].map(([label, { basehash, taskhash }]) => ({
      label,
      description: taskhash ?? `basehash ${basehash!}`,
      detail: [
        ...(taskhash === undefined ? [] : [`taskhash ${taskhash}`]),
        basehash === undefined ? 'because of what it depends on' : `basehash ${basehash}`,
      ].join('\n'),
      kind: 'changed',
      side,
      place,
    })),
  };
}

function moreNode(rest: number, side: 'base' | 'head'): ReviewNode {
  return {
    label: `… and ${counted(rest, 'more recipe')}`,
    description: 'sstate-lens impact --format json lists all',
    kind: 'text',
    side,
  };
}

const HEAD: Range = { start: { line: 0, column: 0 }, end: { line: 0, column: 0 } };

function rangeOf({ lines }: CauseImpact): Range {
  if (!lines) return HEAD;
  return { start: { line: lines[0] - 1, column: 0 }, end: { line: lines[1] - 1, column: 0 } };
}

function placeText({ path, lines }: CauseImpact): string {
  return `${path.slice(path.lastIndexOf('/') + 1)}${lines ? `:${lines[0]}` : ''}`;
}

function hashText(hash: BitBakeHash | Unknown | undefined): string {
  if (hash === undefined) return 'none';
  return isUnknown(hash) ? 'unknown' : shortHash(hash);
}
