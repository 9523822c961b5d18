/**
 * A view that shows a tree of the server's (`sstateLens/…Outline`): its rows, icons and places. What the rows say is the
 * server's.
 */
import * as vscode from 'vscode';

export interface Node {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  readonly kind: 'recipe' | 'task' | 'changed' | 'unknown' | 'cause' | 'text';
  /** Of a task: what is known of its sstate object. */
  readonly mark?: 'local' | 'mirror' | 'missing' | 'runs' | 'idle' | 'unknown';
  readonly uri?: string;
  readonly range?: { readonly start: { readonly line: number; readonly character: number } };
  readonly children?: readonly Node[];
}

export interface Outline {
  readonly title: string;
  readonly message?: string;
  readonly nodes: readonly Node[];
}

const ICONS: Readonly<Record<Node['kind'], vscode.ThemeIcon | undefined>> = {
  recipe: new vscode.ThemeIcon('package'),
  task: new vscode.ThemeIcon('symbol-event'),
  changed: new vscode.ThemeIcon('diff-modified', new vscode.ThemeColor('charts.yellow')),
  unknown: new vscode.ThemeIcon('question', new vscode.ThemeColor('problemsWarningIcon.foreground')),
  cause: new vscode.ThemeIcon('references'),
  text: undefined,
};

/** Of tasks whose hash no edit changes: that one does is said first. */
const MARKS: Readonly<Record<NonNullable<Node['mark']>, vscode.ThemeIcon>> = {
  local: new vscode.ThemeIcon('database', new vscode.ThemeColor('charts.green')),
  mirror: new vscode.ThemeIcon('cloud', new vscode.ThemeColor('charts.green')),
  missing: new vscode.ThemeIcon('circle-slash', new vscode.ThemeColor('problemsWarningIcon.foreground')),
  runs: new vscode.ThemeIcon('play'),
  idle: new vscode.ThemeIcon('dash'),
  unknown: new vscode.ThemeIcon('question', new vscode.ThemeColor('problemsWarningIcon.foreground')),
};

/** In what a view differs from others. */
export interface OutlineWishes {
  /** Nothing is unfolded at first. */
  readonly folded?: boolean;
  /** What a click on a row does; undefined: its place is opened. */
  readonly open?: (node: Node) => vscode.Command | undefined;
}

export class OutlineView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changes.event;
  private readonly view: vscode.TreeView<Node>;
  private nodes: readonly Node[] = [];
  /** Counts what was asked: only the latest answer is shown. */
  private asked = 0;
  private stale = true;

  /** @param ask for the tree as it is now; undefined: there is nothing to show */
  constructor(
    id: string,
    private readonly ask: () => Promise<Outline | undefined>,
    private readonly wishes: OutlineWishes = {},
  ) {
    this.view = vscode.window.createTreeView(id, { treeDataProvider: this, showCollapseAll: true });
    this.view.onDidChangeVisibility(({ visible }) => {
      if (visible && this.stale) void this.refresh();
    });
  }

  /** Asks anew; put off while nobody looks. */
  async refresh(): Promise<void> {
    this.stale = !this.view.visible;
    if (this.stale) return;
    const number = ++this.asked;
    let outline: Outline | undefined;
    try {
      outline = await this.ask();
    } catch (error) {
      outline = { title: '', message: error instanceof Error ? error.message : String(error), nodes: [] };
    }
    if (number === this.asked) this.show(outline);
  }

  show(outline: Outline | undefined): void {
    this.nodes = outline?.nodes ?? [];
    this.view.description = outline?.title ?? '';
    this.view.message = outline?.message ?? '';
    this.changes.fire(undefined);
  }

  async focus(): Promise<void> {
    const [first] = this.nodes;
    if (first) await this.view.reveal(first, { focus: true, expand: true });
  }

  getChildren(node?: Node): Node[] {
    return [...(node ? (node.children ?? []) : this.nodes)];
  }

  /** Only rows of the first level are revealed. */
  getParent(): undefined {
    return undefined;
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const { label, description, detail, kind, uri, range, children } = node;
    const item = new vscode.TreeItem(label);
    // The first is the recipe itself, others are its variants.
    const isFirst = kind === 'recipe' && node === this.nodes[0];
    const isOpen = !this.wishes.folded && (isFirst || kind === 'cause' || kind === 'changed');
    const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    item.collapsibleState = !children?.length ? None : isOpen ? Expanded : Collapsed;
    // VS Code remembers by it what is folded: a row that becomes the first one is unfolded again.
    if (isFirst) item.id = `first ${label}`;
    if (description !== undefined) item.description = description;
    const icon = kind === 'task' && node.mark ? MARKS[node.mark] : ICONS[kind];
    if (icon) item.iconPath = icon;
    if (detail !== undefined) item.tooltip = detail;
    // A screen reader is told what the icon says.
    const state = kind === 'changed' || kind === 'unknown' ? `, ${kind}` : '';
    item.accessibilityInformation = { label: `${label}, ${description ?? ''}${state}` };
    const command = this.wishes.open?.(node);
    if (command) item.command = command;
    else if (uri !== undefined) {
      const { line, character } = range?.start ?? { line: 0, character: 0 };
      const selection = new vscode.Range(line, character, line, character);
      item.command = {
        command: 'vscode.open',
        title: 'Open',
        arguments: [vscode.Uri.parse(uri), { selection }],
      };
    }
    return item;
  }

  dispose(): void {
    this.view.dispose();
    this.changes.dispose();
  }
}
