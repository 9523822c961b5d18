/** textDocument/hover. */
import { type Hover, MarkupKind, type Position } from 'vscode-languageserver/node';
import { meaning, taskHover, variableHover } from '../ide/hover.ts';
import { symbolAt } from '../ide/symbols.ts';
import { fromPosition, toRange } from './convert.ts';
import type { Session } from './session.ts';

/** For how long a hover waits for taskhashes, in milliseconds: of thousands of recipes they take seconds. */
const PATIENCE = 500;

export async function hover(uri: string, position: Position, session: Session): Promise<Hover | undefined> {
  const known = await session.settled(uri, PATIENCE);
  const symbol = known && symbolAt(known.tree, known.document.text, fromPosition(position));
  if (!symbol) return undefined;
  const { view } = known;
  const what = meaning(symbol, view);
  if (what === undefined) return undefined;
  const range = toRange(symbol.range);
  const answer = (value: string): Hover => ({ range, contents: { kind: MarkupKind.Markdown, value } });
  if (what === 'task') {
    return answer(taskHover(symbol.name, view, session.graphOf(view), session.graphHint));
  }
  const found = await session.inspect(view, symbol.name);
  if (!found) return undefined;
  const link = (path: string, line: number) => `${session.documents.uriOf(path)}#L${line}`;
  return answer(variableHover(found.inspection, view, found.ignored, link, session.graphOf(view)));
}
