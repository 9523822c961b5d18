/**
 * The status bar item: what the server says it is doing (`sstateLens/status`), and that it is not running when it
 * is not. The words are the server's; only the icon and the colour are chosen here.
 */
import * as vscode from 'vscode';
import { State } from 'vscode-languageclient/node';
import type { LensContext } from './context.ts';

interface Status {
  readonly state: 'loading' | 'ready' | 'degraded' | 'error';
  /** A few words, such as the machine's name. */
  readonly text: string;
  /** Markdown. */
  readonly tooltip?: string;
}

const ICONS = { loading: 'loading~spin', ready: 'layers', degraded: 'warning', error: 'error' } as const;
const BACKGROUNDS = {
  loading: undefined,
  ready: undefined,
  degraded: 'statusBarItem.warningBackground',
  error: 'statusBarItem.errorBackground',
} as const;

export function activate(lens: LensContext): void {
  const item = vscode.window.createStatusBarItem('sstateLens.status', vscode.StatusBarAlignment.Left, 0);
  item.name = 'sstate Lens';
  item.command = 'sstateLens.showMenu';

  const show = ({ state, text, tooltip }: Status) => {
    const background = BACKGROUNDS[state];
    item.text = `$(${ICONS[state]}) sstate Lens${text && `: ${text}`}`;
    item.tooltip = tooltip === undefined ? undefined : new vscode.MarkdownString(tooltip);
    item.backgroundColor = background && new vscode.ThemeColor(background);
    item.show();
  };

  lens.subscriptions.push(
    item,
    lens.client.onNotification('sstateLens/status', show),
    lens.client.onDidChangeState(({ newState }) => {
      if (newState === State.Starting) show({ state: 'loading', text: 'starting' });
      if (newState === State.Stopped || newState === State.StartFailed)
        show({
          state: 'error',
          text: 'not running',
          tooltip: 'The language server stopped. Its last words are in the output channel **sstate Lens**.',
        });
    }),
  );
}
