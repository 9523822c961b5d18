/**
 * Small files beside objects on servers, such as signature data: read from the first mirror that has one.
 *
 * Asks the places that `mirrors.ts` makes of a name, as the check for objects does (`availability.ts`), through a port.
 * Directories are not looked into: what is in them can be listed. Keeps nothing and knows nothing of what is in a file.
 */
import type { MirrorClient } from '../inputs/sstatePorts.ts';
import type { MirrorTraits } from '../metadata/release.ts';
import { MirrorLookup, mirrorsOf } from './mirrors.ts';
import { withoutSecrets } from './mirrorUrl.ts';
import type { SstateSettings } from './settings.ts';

/** A file on a server. */
export interface MirrorContent {
  /** Where it is, secrets removed. */
  readonly uri: string;
  readonly bytes: Uint8Array;
}

/** What was found: the content, nothing, and why servers that might have it could not say. */
export interface ContentSearch {
  readonly content: MirrorContent | undefined;
  readonly failures: readonly string[];
}

export class MirrorContents {
  private readonly lookup: MirrorLookup;

  constructor(
    private readonly settings: Pick<SstateSettings, 'mirrors' | 'directory' | 'allowedHosts'>,
    traits: MirrorTraits,
    private readonly servers: MirrorClient,
  ) {
    const { directory, allowedHosts } = settings;
    this.lookup = new MirrorLookup(mirrorsOf(settings.mirrors).mirrors, { traits, allowedHosts, directory });
  }

  /** How many are worth reading at once. */
  get concurrency(): number {
    return this.servers.concurrency;
  }

  /**
   * @param path in SSTATE_DIR: what it would be locally
   * @throws the reason of `signal` when it is aborted
   */
  async read(path: string, mostBytes: number, signal?: AbortSignal): Promise<ContentSearch> {
    const failures: string[] = [];
    const prefix = `${this.settings.directory}/`;
    if (!path.startsWith(prefix)) return { content: undefined, failures };
    const { places } = this.lookup.places(path.slice(prefix.length).replace(/^\/+/, ''));
    for (const { type, url, user, password, mirror } of places) {
      const plain = url.split(';')[0]!;
      // Where the account is part of the host's name there is no such host.
      if ((type !== 'http' && type !== 'https') || /^[^:]*:\/\/[^/?#]*@/.test(plain)) continue;
      const request = { url: plain, user, password, mirror: mirror.text };
      const answer = await this.servers.read(request, mostBytes, signal);
      if (answer instanceof Uint8Array) {
        return { content: { uri: withoutSecrets(plain), bytes: answer }, failures };
      }
      if (answer !== false) failures.push(answer.unknown);
    }
    return { content: undefined, failures };
  }
}
