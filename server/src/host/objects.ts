/** Everything that is needed to look for the objects of a configuration, opened together. */
import type { ConfigurationSummary } from '../engine/results.ts';
import { stampDirectories } from '../engine/taskhashes.ts';
import type { Workspace } from '../engine/workspace.ts';
import type { FileSystem } from '../inputs/ports.ts';
import { detectRelease, type MirrorTraits } from '../metadata/release.ts';
import { Availability } from '../sstate/availability.ts';
import { MirrorContents } from '../sstate/mirrorContents.ts';
import { SSTATE_VARIABLES, type SstateSettings, sstateSettings } from '../sstate/settings.ts';
import { HostObjects } from './localObjects.ts';
import { HttpMirrors } from './mirrorClient.ts';

export interface OpenAvailability {
  readonly availability: Availability;
  /** Undefined: no server is asked. */
  readonly contents: MirrorContents | undefined;
  close(): Promise<void>;
}

/** @param offline no server is asked; what only a server could have is unknown */
export function openAvailability(
  settings: SstateSettings,
  traits: MirrorTraits,
  bitbakeVersion: string,
  offline: boolean,
): OpenAvailability {
  const servers = offline ? undefined : new HttpMirrors(settings, bitbakeVersion);
  const ports = { local: new HostObjects(), servers, now: () => performance.now() };
  return {
    availability: new Availability(settings, traits, ports),
    contents: servers && new MirrorContents(settings, traits, servers),
    close: async () => servers?.close(),
  };
}

export interface OpenObjects extends OpenAvailability {
  readonly settings: SstateSettings;
  /** STAMPS_DIR of each configuration. */
  readonly stamps: readonly string[];
}

/** What the configuration of a build directory says of where objects are: plain data. */
export interface ObjectConfiguration {
  readonly settings: SstateSettings;
  readonly traits: MirrorTraits;
  readonly bitbakeVersion: string;
  /** STAMPS_DIR of each configuration. */
  readonly stamps: readonly string[];
}

/** @param environment BitBake would be started with it */
export async function objectConfiguration(
  workspace: Pick<Workspace, 'configurationValues'>,
  { bitbakeDir, bitbakeVersion }: ConfigurationSummary,
  files: FileSystem,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ObjectConfiguration> {
  const all = await workspace.configurationValues(
    [...SSTATE_VARIABLES.names, 'STAMPS_DIR'],
    SSTATE_VARIABLES.prefixes,
  );
  const [plain] = all;
  const settings = sstateSettings((name) => plain?.values[name], environment);
  const { mirrors, version } = detectRelease(files, bitbakeDir, bitbakeVersion);
  return { settings, traits: mirrors, bitbakeVersion: version, stamps: stampDirectories(all) };
}

/** @param offline as for `openAvailability` */
export function openObjects(configuration: ObjectConfiguration, offline: boolean): OpenObjects {
  const { settings, traits, bitbakeVersion, stamps } = configuration;
  return { ...openAvailability(settings, traits, bitbakeVersion, offline), settings, stamps };
}
