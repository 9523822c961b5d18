/** What looks for objects, opened for a command. */
import { type OpenObjects, openObjects as openObjectsOf } from '../host/objects.ts';
import type { FileSystem } from '../inputs/ports.ts';
import type { Session } from './session.ts';

export type { OpenObjects };

export function openObjects(
  { workspace, summary }: Session,
  files: FileSystem,
  offline: boolean,
): Promise<OpenObjects> {
  return openObjectsOf(workspace, summary, files, process.env, offline);
}
