/**
 * A request of our own about one object, for clients that know it. It evaluates all recipes first where that has not been
 * done, and shows progress that can be cancelled.
 *
 * - `sstateLens/whyMissing`: `{ textDocument, task, servers? }` to a tree as `outlineRequests.ts` answers: where the object
 *   of the task is; or why that is unknown; or the nearest object that is there under another hash, and what makes the
 *   task's hash another one. `task` as `do_package`, of the recipe of the document
 *
 * Without `servers: true` only directories are looked through, and what servers have said before counts.
 */
import type { ObjectState } from '../host/missingObject.ts';
import { differenceOutline, type PlaceOfVariable } from '../ide/differenceOutline.ts';
import type { OutlineNode } from '../ide/outline.ts';
import { originRange } from '../ide/places.ts';
import { plainVariant, targetOf, taskOf } from '../ide/view.ts';
import { documentOf, graphOf, refused } from './graphRequests.ts';
import { type Outline, shown } from './outlineRequests.ts';
import type { Session } from './session.ts';
import type { Looking } from './sstateRequest.ts';

export const WHY_MISSING = 'sstateLens/whyMissing';

/** @param begin is called once all recipes are known */
export async function missingAnswer(
  params: unknown,
  session: Session,
  begin: () => Promise<Looking>,
): Promise<Outline> {
  const { task = '', servers } = (params ?? {}) as { task?: string; servers?: unknown };
  const live = await graphOf(session);
  const { view } = await documentOf(params, session);
  const variant = plainVariant(view.current);
  if (!variant || !taskOf(variant, task)) throw refused('there is no such task in the recipe of this file');
  const target = `${targetOf(variant) ?? variant.pn}:${task}`;
  const looking = await begin();
  try {
    const options = { servers: servers === true, signal: looking.signal };
    const { state, notes, evaluations } = await live.whyMissing(target, options);
    const placeOf: PlaceOfVariable = (of, variable) => {
      const places = evaluations.get(of.replace(/:do_[^:]*$/, ''))?.origins.get(variable);
      const origin = places?.find(({ operation }) => operation.startsWith('set')) ?? places?.[0];
      return origin && { path: origin.path, range: originRange(origin, session.trees) };
    };
    const warnings = notes.map((label): OutlineNode => ({ label, kind: 'text' }));
    const { message, nodes } = stateOutline(target, state, placeOf, servers === true);
    return { title: target, ...(message && { message }), nodes: shown([...nodes, ...warnings], session) };
  } catch (error) {
    throw refused(`why the object of ${target} is missing was not found out: ${(error as Error).message}`);
  } finally {
    looking.end();
  }
}

function stateOutline(
  name: string,
  state: ObjectState | undefined,
  placeOf: PlaceOfVariable,
  servers: boolean,
): { readonly message?: string; readonly nodes: readonly OutlineNode[] } {
  if (!state) {
    const message = `${name} has no setscene task, and so no object of its own: it runs unless objects stand for it.`;
    return { message, nodes: [] };
  }
  if (state.kind === 'there') return { message: `Its object is there: ${state.place}`, nodes: [] };
  if (state.kind === 'unknown') {
    const advice = servers ? '' : ' Look on mirrors and servers, too, where these may have it.';
    return {
      message: `Whether its object is there is unknown, because ${state.reason}.${advice}`,
      nodes: [],
    };
  }
  const { path, others, nearest } = state;
  const looked: OutlineNode = { label: 'looked for', description: path, kind: 'text' };
  if (typeof nearest === 'string') return { message: `Its object is missing: ${nearest}.`, nodes: [looked] };
  return {
    message: 'Its object is missing. What differs, from the nearest that is there to the wanted one:',
    nodes: [
      ...differenceOutline(name, nearest.explained, placeOf),
      looked,
      { label: `nearest of ${others}`, description: nearest.place, kind: 'text' },
    ],
  };
}
