/** `sstate-lens` as a terminal runs it over a workspace of a test. Knows nothing of what is asked. */
import { spawnSync } from 'node:child_process';
import { bundledCommand } from '../lsp/command.ts';
import type { Workspace } from './fixture.ts';

export interface TerminalAnswer {
  readonly status: number | null;
  /** Both without the workspace's own place. */
  readonly stdout: string;
  readonly stderr: string;
  /** Those of `stdout`. */
  readonly lines: readonly string[];
}

/** Runs the command from the workspace's root, and waits for its end. */
export async function inTerminal(workspace: Workspace, ...args: readonly string[]): Promise<TerminalAnswer> {
  const command = [await bundledCommand(), ...args, '--build-dir', workspace.buildDir];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    encoding: 'utf8',
    cwd: workspace.root,
  });
  const here = (text: string) => text.replaceAll(`${workspace.root}/`, '');
  return { status, stdout: here(stdout), stderr: here(stderr), lines: here(stdout).split('\n').slice(0, -1) };
}
