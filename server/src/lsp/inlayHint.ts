/** textDocument/inlayHint. */
import type { InlayHint, Range } from 'vscode-languageserver/node';
import { inlayHints } from '../ide/inlayHints.ts';
import { SHOW_OBJECT } from './codeLens.ts';
import { toPosition } from './convert.ts';
import type { Session } from './session.ts';

export async function inlayHint(uri: string, range: Range, session: Session): Promise<InlayHint[]> {
  const known = await session.settled(uri);
  const graph = known && session.graphOf(known.view);
  if (!graph) return [];
  const { tree, document, view } = known;
  const lines = { first: range.start.line, last: range.end.line };
  return inlayHints(tree, document.text, view, graph, lines).map(({ position, label, tooltip, task }) => {
    const command = {
      title: 'Where the object is, or why it is missing',
      command: SHOW_OBJECT,
      arguments: [{ textDocument: { uri }, task }],
    };
    return {
      position: toPosition(position),
      label: [{ value: label, tooltip, command }],
      paddingLeft: true,
    };
  });
}
