/**
 * The settings as the server is given them at its start; later it asks for them itself
 * (`workspace/configuration`). In a workspace that is not trusted, VS Code has already left out the workspace's own
 * values.
 */
import * as vscode from 'vscode';

export const SECTION = 'sstateLens';
export const BUILD_DIRECTORY = 'buildDirectory';

export interface Settings {
  /** A folder with conf/bblayers.conf, absolute or relative to the workspace folder; empty: found by looking. */
  readonly buildDirectory: string;
  /** Added to the environment that BitBake would be started with. */
  readonly environment: Readonly<Record<string, string>>;
  /** When all recipes are evaluated for the task graph. */
  readonly taskGraph: string;
  /** Whether a quick fix is shown before it is made. */
  readonly confirmFixes: boolean;
}

export function settings(): Settings {
  const section = vscode.workspace.getConfiguration(SECTION);
  return {
    buildDirectory: section.get<string>(BUILD_DIRECTORY, ''),
    environment: section.get<Record<string, string>>('environment', {}),
    taskGraph: section.get<string>('taskGraph', 'onDemand'),
    confirmFixes: section.get<boolean>('confirmFixes', true),
  };
}
