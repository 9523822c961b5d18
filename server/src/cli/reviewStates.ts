/** The states that a command's options name, from where it is run. */
import type { BuildDirectory } from '../host/buildDirectory.ts';
import { GitFault } from '../host/gitTrees.ts';
import { readStates, type StateOptions, type States } from '../host/reviewStates.ts';
import { CommandError } from './output.ts';

export type NamedStates = Omit<StateOptions, 'directory' | 'unsaved'>;

/** @throws CommandError where what is asked for is not there */
export async function statesFor(build: BuildDirectory, options: NamedStates): Promise<States> {
  try {
    return await readStates(build, { ...options, directory: process.cwd() });
  } catch (error) {
    throw error instanceof GitFault ? new CommandError(error.message) : error;
  }
}
