/**
 * What tests of availability have in common: a directory of objects that is new for each, and what is judged of them by
 * the rules of wrynose, over real files and connections.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { HostObjects } from '../../server/src/host/localObjects.ts';
import { HttpMirrors, type MirrorLimits, USUAL_LIMITS } from '../../server/src/host/mirrorClient.ts';
import { releaseOf } from '../../server/src/metadata/release.ts';
import { Availability } from '../../server/src/sstate/availability.ts';
import type { Judgement } from '../../server/src/sstate/presence.ts';
import { sstateSettings } from '../../server/src/sstate/settings.ts';
import type { TestServer } from './servers.ts';

/** A name as OE-Core makes them. */
export function nameOf(number: number): string {
  const hash = number.toString(16).padStart(4, '0').repeat(16);
  return `${hash.slice(0, 2)}/${hash.slice(2, 4)}/sstate:zlib:core2-64-oe-linux:1.3+git0:r0:core2-64:14:${hash}_install.tar.zst`;
}
export const NAMES = Array.from({ length: 40 }, (_, number) => nameOf(number));
/** On every server; those after it are nowhere. */
export const SERVED = NAMES.slice(0, 20);
export const ABSENT = nameOf(0xabc);

/** Variables of the configuration. */
export type Values = Readonly<Record<string, string>>;

/** Of one test. */
export class Judging {
  /** HOME. */
  directory = '';
  /** SSTATE_DIR. */
  store = '';
  /** Kinds of file systems that are looked at at once; undefined: the usual ones. */
  fileSystems: ReadonlySet<number> | undefined;
  /** Closed with the test. */
  readonly servers: TestServer[] = [];
  private readonly clients: HttpMirrors[] = [];

  /** In the test file that is being read. */
  constructor() {
    // Hundreds of connections on a machine that is busy.
    vi.setConfig({ testTimeout: 120_000 });
    beforeEach(() => {
      this.directory = mkdtempSync(join(tmpdir(), 'sstate-lens-objects-'));
      this.store = join(this.directory, 'sstate-cache');
      mkdirSync(this.store);
    });
    afterEach(async () => {
      const open = [...this.clients.splice(0), ...this.servers.splice(0)];
      await Promise.all(open.map((one) => one.close()));
      chmodSync(this.directory, 0o700);
      rmSync(this.directory, { recursive: true, force: true });
    });
  }

  availability(values: Values, limits: Partial<MirrorLimits> = {}, online = true): Availability {
    const all: Values = { SSTATE_DIR: this.store, HOME: this.directory, ...values };
    const settings = sstateSettings((name) => all[name], {});
    const client = new HttpMirrors(settings, '2.18.0', { ...USUAL_LIMITS, ...limits });
    this.clients.push(client);
    const ports = {
      local: new HostObjects(undefined, this.fileSystems),
      servers: online ? client : undefined,
      now: () => performance.now(),
    };
    return new Availability(settings, releaseOf('2.18.0').mirrors, ports);
  }

  judge(values: Values, names: readonly string[], limits?: Partial<MirrorLimits>): Promise<Judgement> {
    return this.availability(values, limits).judge(this.pathsOf(names));
  }

  pathsOf(names: readonly string[]): { readonly path: string }[] {
    return names.map((name) => ({ path: `${this.store}/${name}` }));
  }
}

/** `local`, `missing`, `mirror http://…`, or `unknown: why`, one for each. */
export function said({ presences }: Judgement): string[] {
  return presences.map((presence) => {
    if (presence.kind === 'unknown') return `unknown: ${presence.reason}`;
    return presence.kind === 'mirror' ? `mirror ${presence.uri}` : presence.kind;
  });
}

export function messages({ problems }: Judgement): string[] {
  return problems.map(({ severity, code, message }) => `${severity} ${code}: ${message}`);
}

/** A name as it is in URLs. */
export function quoted(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/');
}
