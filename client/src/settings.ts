/**
 * The settings as the server is given them at its start; later it asks for them itself
 * (`workspace/configuration`). In a workspace that is not trusted, VS Code has already left out the workspace's own
 * values.
 */
import * as vscode from 'vscode';

export const SECTION = 'sstateLens';
export const BUILD_DIRECTORY = 'buildDirectory';

/** Each as the user has it, or its default; the server knows what they mean. */
const NAMES = [
  BUILD_DIRECTORY,
  'environment',
  'taskGraph',
  'objects',
  'inlayHints',
  'confirmFixes',
  'baseline',
  'baselineBranch',
  'hashChangeSeverity',
  'warningFromTasks',
];

export function settings(): Readonly<Record<string, unknown>> {
  const section = vscode.workspace.getConfiguration(SECTION);
  return Object.fromEntries(NAMES.map((name) => [name, section.get(name)]));
}
