/** textDocument/codeLens. */
import type { CodeLens } from 'vscode-languageserver/node';
import { lenses } from '../ide/lenses.ts';
import { toPosition, toRange } from './convert.ts';
import type { Session } from './session.ts';

/** Performed by the client, which is given plain data. */
export const SHOW_TASK = 'sstateLens.showTask';

/** How long a client that can be told to ask again is kept waiting. */
const PATIENCE_MILLISECONDS = 200;

/** @param refreshes whether the client can be told to ask again */
export async function codeLens(uri: string, session: Session, refreshes: boolean): Promise<CodeLens[]> {
  const known = await (refreshes ? session.soon(uri, PATIENCE_MILLISECONDS) : session.settled(uri));
  if (!known) return [];
  return lenses(known.tree, known.view, session.trees).map(({ range, title, tasks }) => ({
    range: toRange(range),
    command: {
      title,
      // A lens without a command is shown as text.
      command: tasks.length > 0 ? SHOW_TASK : '',
      arguments: [
        tasks.map(({ place, ...task }) => ({
          ...task,
          ...(place && { uri: session.documents.uriOf(place.path), position: toPosition(place.position) }),
        })),
      ],
    },
  }));
}
