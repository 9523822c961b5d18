/** What looks for objects, opened with what the configuration of a build directory says about them. */
import { type OpenAvailability, openAvailability } from '../host/objects.ts';
import type { FileSystem } from '../inputs/ports.ts';
import { detectRelease } from '../metadata/release.ts';
import { SSTATE_VARIABLES, type SstateSettings, sstateSettings } from '../sstate/settings.ts';
import type { Session } from './session.ts';

export interface OpenObjects extends OpenAvailability {
  readonly settings: SstateSettings;
  /** STAMPS_DIR; undefined: the configuration has none. */
  readonly stamps: string | undefined;
}

export async function openObjects(
  { workspace, summary }: Session,
  files: FileSystem,
  offline: boolean,
): Promise<OpenObjects> {
  const { bitbakeDir, bitbakeVersion } = summary;
  const [plain] = await workspace.configurationValues(
    [...SSTATE_VARIABLES.names, 'STAMPS_DIR'],
    SSTATE_VARIABLES.prefixes,
  );
  const settings = sstateSettings((name) => plain?.values[name], process.env);
  const { mirrors, version } = detectRelease(files, bitbakeDir, bitbakeVersion);
  return {
    ...openAvailability(settings, mirrors, version, offline),
    settings,
    stamps: plain?.values['STAMPS_DIR'],
  };
}
