/** What looks for objects, opened for a command. */
import { objectConfiguration, type OpenObjects, openObjects as openObjectsOf } from '../host/objects.ts';
import type { FileSystem } from '../inputs/ports.ts';
import type { Session } from './session.ts';

export type { OpenObjects };

export async function openObjects(
  { workspace, summary }: Session,
  files: FileSystem,
  offline: boolean,
): Promise<OpenObjects> {
  return openObjectsOf(await objectConfiguration(workspace, summary, files, process.env), offline);
}
