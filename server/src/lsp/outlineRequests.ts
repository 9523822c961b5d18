/**
 * Requests of our own for views beside the text, each answered with `{ title, message?, nodes }`: a tree of
 * `{ label, description?, detail?, kind, uri?, range?, children? }` (`ide/outline.ts`).
 *
 * - `sstateLens/recipeOutline`: `{ textDocument }`: the tasks of the document's recipe with their hashes
 * - `sstateLens/rerunOutline`: `{}`: what the present edits make run again; of open recipes where there is no task graph
 * - `sstateLens/differenceOutline`: `{ textDocument, task }`, or `{ before, after }` with paths of two files of BitBake's
 *   signature data: how the baseline's signature and the present one differ, or the two files
 *
 * Answers may be others after the notification `sstateLens/changed`.
 */
import type { Range as ProtocolRange } from 'vscode-languageserver/node';
import { readSignatureFile, SignatureFiles, signatureOfName, surroundings } from '../host/signatureFiles.ts';
import { compareEvaluations } from '../ide/comparison.ts';
import {
  differenceOutline,
  type OutlineNode,
  type PlaceOfVariable,
  recipeOutline,
  rerunOutline,
} from '../ide/outline.ts';
import { originRange } from '../ide/places.ts';
import { type RecipeTasks, rerunText, taskCount } from '../ide/rerun.ts';
import { counterpart, plainVariant, taskOf, type View } from '../ide/view.ts';
import { counted } from '../ide/wording.ts';
import { explainDifference } from '../signature/diff.ts';
import { ownSignature } from '../signature/own.ts';
import type { SignatureData } from '../signature/sigdata.ts';
import { toRange } from './convert.ts';
import { documentOf, refused } from './graphRequests.ts';
import type { Session } from './session.ts';

export interface Outline {
  readonly title: string;
  /** Why there is nothing, or what is not in it. */
  readonly message?: string;
  readonly nodes: readonly ShownNode[];
}

export type ShownNode = Omit<OutlineNode, 'place' | 'children'> & {
  readonly uri?: string;
  readonly range?: ProtocolRange;
  readonly children?: readonly ShownNode[];
};

type Answer = (params: unknown, session: Session) => Promise<Outline>;

export const OUTLINE_REQUESTS: readonly (readonly [method: string, answer: Answer])[] = [
  ['sstateLens/recipeOutline', recipe],
  ['sstateLens/rerunOutline', rerun],
  ['sstateLens/differenceOutline', difference],
];

async function recipe(params: unknown, session: Session): Promise<Outline> {
  const { view } = await documentOf(params, session);
  const variant = plainVariant(view.current);
  if (!variant)
    return { title: '', message: view.failure?.message ?? 'No recipe uses this file.', nodes: [] };
  const nodes = recipeOutline(view, session.trees, session.graphOf(view));
  return { title: variant.pn, nodes: shown(nodes, session) };
}

async function rerun(_: unknown, session: Session): Promise<Outline> {
  const views = await session.settledViews();
  const found = views.map((view) => session.graphOf(view)?.rerun()).find((each) => each !== undefined);
  if (found) {
    const title = rerunText(found) ?? 'Nothing would rerun.';
    return { title, nodes: shown(rerunOutline(found.recipes), session) };
  }
  const recipes = changedRecipes(views);
  const title =
    recipes.length === 0
      ? 'No basehash of an open recipe changes.'
      : `${counted(taskCount({ recipes }), 'basehash', 'basehashes')} of open recipes would change`;
  const message = 'Compute the task graph to see what reruns elsewhere.';
  return { title, message, nodes: shown(rerunOutline(recipes), session) };
}

/** Of each variant of the open recipes the tasks whose basehash is another. */
function changedRecipes(views: readonly View[]): RecipeTasks[] {
  const found = new Map<string, RecipeTasks>();
  for (const { current, baseline, recipe } of views) {
    for (const { current: variant, tasks } of compareEvaluations(current, baseline)) {
      found.set(variant.mcfn, {
        recipe: variant.pn,
        path: recipe ?? '',
        tasks: tasks.map(({ task }) => task),
      });
    }
  }
  return [...found.values()].sort((a, b) => b.tasks.length - a.tasks.length);
}

async function difference(params: unknown, session: Session): Promise<Outline> {
  const { before, after, task } = (params ?? {}) as { before?: string; after?: string; task?: string };
  if (before !== undefined && after !== undefined) return fileDifference(before, after, session);
  const known = await documentOf(params, session);
  const variant = plainVariant(known.view.current);
  const old = variant && counterpart(variant, known.view.baseline);
  if (!variant || !old || task === undefined || !taskOf(variant, task))
    throw refused('there is no such task in the recipe of this file');
  if (!taskOf(old, task)) throw refused(`${task} is new: there is nothing to compare it with`);
  const name = `${variant.pn}:${task}`;
  const explained = explainDifference(
    ownSignature(task, old, undefined),
    ownSignature(task, variant, undefined),
    () => undefined,
  );
  const { origins } = known.view.current!;
  const placeOf: PlaceOfVariable = (_, variable) => {
    const places = origins.get(variable);
    const origin = places?.find(({ operation }) => operation.startsWith('set')) ?? places?.[0];
    return origin && { path: origin.path, range: originRange(origin, session.trees) };
  };
  const nodes = shown(differenceOutline(name, explained, placeOf), session);
  const title = `${name}: the baseline and now`;
  return {
    title,
    nodes,
    ...(nodes.length === 0 && { message: 'Nothing differs in what the recipe says itself.' }),
  };
}

async function fileDifference(before: string, after: string, session: Session): Promise<Outline> {
  const files = new SignatureFiles([...new Set([before, after].map(surroundings))]);
  const explained = explainDifference(read(before), read(after), (_, a, b) => {
    const [old, now] = [files.find(a), files.find(b)];
    return old && now && [old, now];
  });
  const named = signatureOfName(after);
  const name = named ? `${named.pn ?? ''}:${named.task}` : after.slice(after.lastIndexOf('/') + 1);
  const nodes = shown(
    differenceOutline(name, explained, () => undefined),
    session,
  );
  return { title: name, nodes, ...(nodes.length === 0 && { message: 'Nothing differs.' }) };
}

function read(file: string): SignatureData {
  try {
    return readSignatureFile(file);
  } catch (error) {
    throw refused(
      `cannot read ${file}: ${(error as Error).message}. Choose a sigdata or siginfo file of BitBake's`,
    );
  }
}

export function shown(nodes: readonly OutlineNode[], session: Session): ShownNode[] {
  return nodes.map(({ place, children, ...node }) => ({
    ...node,
    ...(place && { uri: session.documents.uriOf(place.path), range: toRange(place.range) }),
    ...(children && { children: shown(children, session) }),
  }));
}
