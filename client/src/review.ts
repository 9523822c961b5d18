/**
 * Reviews what a branch and the present edits do to hashes: asks the server (`sstateLens/review`), shows its tree of root
 * causes, and marks the changed lines wherever their file is shown, in diff editors above all. A root cause opens its
 * file beside what it was. Progress, and a way to cancel it, come from the server.
 */
import * as vscode from 'vscode';
import type { LensContext } from './context.ts';
import { type Node, type Outline, OutlineView } from './outline.ts';
import { told } from './subject.ts';

type Side = 'base' | 'head';

interface Mark {
  readonly uri: string;
  readonly side: Side;
  readonly range: { readonly start: Place; readonly end: Place };
  readonly text: string;
  readonly detail: readonly string[];
}

interface Place {
  readonly line: number;
  readonly character: number;
}

interface ReviewNode extends Node {
  readonly side: Side;
  /** Its file is not there any more. */
  readonly gone?: true;
}

interface Review extends Outline {
  readonly marks: readonly Mark[];
}

/** Of documents that show a changed file as it was in the base of the review. */
const BASE_SCHEME = 'sstate-lens-base';

interface Choice extends vscode.QuickPickItem {
  readonly branch?: string;
}

const USUAL: Choice = {
  label: 'The upstream branch',
  description: 'since the work went another way than it, or than the main branch',
};

export function activate(lens: LensContext): void {
  const { client, subscriptions } = lens;
  const marks = new Marks();
  let last: Review | undefined;
  const view = new OutlineView('sstateLens.review', () => Promise.resolve(last), {
    folded: true,
    open: (node) => opening(node as ReviewNode),
  });
  const review = async () => {
    const { branches } = await client.sendRequest<{ branches: readonly string[] }>('sstateLens/branches', {});
    const choices = [USUAL, ...branches.map((branch): Choice => ({ label: branch, branch }))];
    const chosen = await vscode.window.showQuickPick(choices, {
      placeHolder: 'Review what your branch and your edits change in hashes, since it parted from …',
    });
    if (!chosen) return;
    const { branch } = chosen;
    last = await client.sendRequest<Review>('sstateLens/review', branch === undefined ? {} : { branch });
    await vscode.commands.executeCommand('setContext', 'sstateLens.hasReview', true);
    marks.set(last.marks);
    view.show(last);
    await vscode.commands.executeCommand('sstateLens.review.focus');
    await view.focus();
  };
  subscriptions.push(
    view,
    marks,
    vscode.workspace.registerTextDocumentContentProvider(BASE_SCHEME, {
      async provideTextDocumentContent(uri) {
        const file = uri.with({ scheme: 'file', query: '' }).toString();
        const found = await client.sendRequest<{ text: string | null }>('sstateLens/baseText', { uri: file });
        return found.text ?? '';
      },
    }),
    vscode.commands.registerCommand('sstateLens.reviewChanges', told(review)),
  );
}

/** @param review another one each time, so that no text of an earlier review is shown */
function baseUri(file: vscode.Uri): vscode.Uri {
  return file.with({ scheme: BASE_SCHEME, query: String(reviews) });
}

/** Counts reviews. */
let reviews = 0;

function opening({ kind, side, uri, range, gone, label }: ReviewNode): vscode.Command | undefined {
  if (uri === undefined) return undefined;
  const file = vscode.Uri.parse(uri);
  const { line, character } = range?.start ?? { line: 0, character: 0 };
  const selection = new vscode.Range(line, character, line, character);
  const title = 'Open';
  if (gone) return { command: 'vscode.open', title, arguments: [baseUri(file), { selection }] };
  if (kind !== 'cause') return { command: 'vscode.open', title, arguments: [file, { selection }] };
  const name = `${file.path.slice(file.path.lastIndexOf('/') + 1)}: ${label}`;
  const options = side === 'head' ? { selection } : {};
  return { command: 'vscode.diff', title, arguments: [baseUri(file), file, name, options] };
}

/** The changed lines, marked in every editor that shows them, until they are edited. */
class Marks implements vscode.Disposable {
  private readonly look = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    overviewRulerColor: new vscode.ThemeColor('charts.yellow'),
    overviewRulerLane: vscode.OverviewRulerLane.Right,
    after: { color: new vscode.ThemeColor('editorCodeLens.foreground'), margin: '0 0 0 2em' },
  });
  /** By document. */
  private marks = new Map<string, Mark[]>();
  private readonly listening: vscode.Disposable;

  constructor() {
    this.listening = vscode.Disposable.from(
      vscode.window.onDidChangeVisibleTextEditors((editors) =>
        editors.forEach((editor) => this.draw(editor)),
      ),
      // Where the lines are now is not known, nor whether they still do the same.
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0 && this.marks.delete(document.uri.toString())) this.drawAll();
      }),
    );
  }

  set(marks: readonly Mark[]): void {
    reviews++;
    this.marks = new Map();
    for (const mark of marks) {
      const file = vscode.Uri.parse(mark.uri);
      const shown = (mark.side === 'head' ? file : baseUri(file)).toString();
      this.marks.set(shown, [...(this.marks.get(shown) ?? []), mark]);
    }
    this.drawAll();
  }

  private drawAll(): void {
    for (const editor of vscode.window.visibleTextEditors) this.draw(editor);
  }

  private draw(editor: vscode.TextEditor): void {
    const marks = this.marks.get(editor.document.uri.toString()) ?? [];
    editor.setDecorations(
      this.look,
      marks.map(({ range: { start, end }, text, detail }) => ({
        range: new vscode.Range(start.line, start.character, end.line, Number.MAX_SAFE_INTEGER),
        hoverMessage: hover(detail),
        renderOptions: { after: { contentText: text } },
      })),
    );
  }

  dispose(): void {
    this.listening.dispose();
    this.look.dispose();
  }
}

/** Names of a workspace are no Markdown. */
function hover([first = '', ...others]: readonly string[]): vscode.MarkdownString {
  const text = new vscode.MarkdownString().appendText(`sstate Lens: ${first}`);
  for (const line of others) text.appendMarkdown('\n\n').appendText(line);
  return text;
}
