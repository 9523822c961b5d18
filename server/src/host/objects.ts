/** Everything that is needed to look for the objects of a configuration, opened together. */
import type { MirrorTraits } from '../metadata/release.ts';
import { Availability } from '../sstate/availability.ts';
import { MirrorContents } from '../sstate/mirrorContents.ts';
import type { SstateSettings } from '../sstate/settings.ts';
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
