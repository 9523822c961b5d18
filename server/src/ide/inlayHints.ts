/**
 * Marks of tasks' sstate objects in the text: behind functions of tasks, behind the names in `addtask` and SSTATETASKS, and
 * behind what a task says of its shared state (`do_x[sstate-…]`).
 */
import type { Position } from '../base/text.ts';
import { physicalLines } from '../syntax/lines.ts';
import type { Statement } from '../syntax/statements.ts';
import type { SyntaxTree } from '../syntax/tree.ts';
import { taskDefinedBy } from './lenses.ts';
import { baseName, taskName } from './names.ts';
import { markText, type ObjectVerdict } from './objectVerdict.ts';
import type { GraphView } from './rerun.ts';
import { plainVariant, taskOf, type View } from './view.ts';
import { oneLine } from './wording.ts';

export interface InlayHint {
  readonly position: Position;
  readonly label: string;
  readonly tooltip: string;
  /** The task whose object is meant. */
  readonly task: string;
}

/** @param lines the first and the last that are shown, from 0 */
export function inlayHints(
  tree: SyntaxTree,
  text: string,
  view: View,
  graph: GraphView,
  lines: { readonly first: number; readonly last: number },
): InlayHint[] {
  const variant = plainVariant(view.current);
  if (!variant) return [];
  const texts = physicalLines(text);
  const hint = (task: string, position: Position): InlayHint[] => {
    if (!taskOf(variant, task)) return [];
    const verdict = graph.objectVerdict({ mcfn: variant.mcfn, task });
    if (!verdict) return [];
    return [{ position, task, label: oneLine(markText(verdict)), tooltip: tooltip(task, verdict) }];
  };
  const lineEnd = (line: number): Position => ({ line, column: (texts[line]?.text ?? '').trimEnd().length });
  const words = (statement: Statement, keywords: ReadonlySet<string>): InlayHint[] => {
    const found: InlayHint[] = [];
    for (let line = statement.range.start.line; line <= statement.range.end.line; line++) {
      for (const match of (texts[line]?.text ?? '').matchAll(/[\w-]+/g)) {
        // What comes behind is an order among tasks, not a task that is added.
        if (match[0] === 'after' || match[0] === 'before') return found;
        if (keywords.has(match[0])) continue;
        found.push(...hint(taskName(match[0]), { line, column: match.index + match[0].length }));
      }
    }
    return found;
  };
  const of = (statement: Statement): InlayHint[] => {
    switch (statement.kind) {
      case 'function': {
        const task = taskDefinedBy(statement, tree, variant);
        return task === undefined ? [] : hint(task, lineEnd(statement.nameRange.end.line));
      }
      case 'addtask':
        return words(statement, new Set(['addtask']));
      case 'assignment': {
        const name = baseName(statement.variable);
        if (name === 'SSTATETASKS' && statement.flag === undefined) return words(statement, new Set([name]));
        const isShared = statement.flag?.startsWith('sstate-') === true;
        return isShared ? hint(name, lineEnd(statement.range.start.line)) : [];
      }
      default:
        return [];
    }
  };
  return tree.statements
    .filter(({ range }) => range.start.line <= lines.last && range.end.line >= lines.first)
    .flatMap(of);
}

function tooltip(task: string, { text, detail, object }: ObjectVerdict): string {
  return [`${task}: sstate: ${text}`, detail, object].filter((part) => part !== undefined).join('\n');
}
