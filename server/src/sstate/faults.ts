/**
 * What goes wrong while objects are looked for, gathered so that each fault is told once, in one line: what happened,
 * where, and what to do.
 */
import type { LocalAnswer, ObjectAnswer } from '../inputs/sstatePorts.ts';
import type { Mirror, MirrorFault, MirrorPlace } from './mirrors.ts';
import { withoutSecrets } from './mirrorUrl.ts';
import type { SstateProblem } from './presence.ts';
import type { SstateSettings } from './settings.ts';

export class Faults {
  private state: LocalAnswer['directory'];
  private refused = false;
  private withoutAsking = 0;
  /** Text of an entry -> what is wrong with it, and how many objects that concerns. */
  private readonly entries = new Map<string, { readonly fault: MirrorFault; count: number }>();
  /** Text of an entry -> the reasons that its server gave. */
  private readonly failures = new Map<string, Map<string, number>>();
  private readonly types = new Map<string, Set<string>>();
  private readonly accounts = new Set<string>();

  /** The state of SSTATE_DIR as a whole. */
  directory(state: LocalAnswer['directory']): void {
    this.state = state;
  }

  entry(fault: MirrorFault): void {
    const key = `${fault.mirror.text}\n${fault.why}`;
    const known = this.entries.get(key);
    if (known) known.count++;
    else this.entries.set(key, { fault, count: 1 });
  }

  mirror({ text }: Mirror, reason: string): void {
    const reasons = this.failures.get(text) ?? new Map<string, number>();
    this.failures.set(text, reasons.set(reason, (reasons.get(reason) ?? 0) + 1));
  }

  /** A place that nobody here can ask. */
  unsupported({ type, mirror }: MirrorPlace): ObjectAnswer {
    this.types.set(type, (this.types.get(type) ?? new Set()).add(mirror.text));
    return { unknown: `mirrors of the kind ${type}:// are not supported` };
  }

  account({ text }: Mirror): void {
    this.accounts.add(text);
  }

  /** Servers are not to be asked. */
  notAsked(): void {
    this.withoutAsking++;
  }

  downloadsRefused(): void {
    this.refused = true;
  }

  problems(settings: SstateSettings): SstateProblem[] {
    return [...this.ofDirectory(settings.directory), ...this.ofEntries(), ...this.ofServers()];
  }

  private ofDirectory(path: string): SstateProblem[] {
    const said: Readonly<Record<string, SstateProblem | undefined>> = {
      missing: {
        severity: 'information',
        code: 'sstate-dir-missing',
        message: `SSTATE_DIR ${path} does not exist: no object is local. The next build makes it; if it should be there, look at SSTATE_DIR`,
      },
      empty: {
        severity: 'information',
        code: 'sstate-dir-empty',
        message: `SSTATE_DIR ${path} is empty: no object is local. If it should hold some, look at SSTATE_DIR`,
      },
      unreadable: {
        severity: 'warning',
        code: 'sstate-dir-unreadable',
        message: `SSTATE_DIR ${path} cannot be read by this user: what cannot be seen in it counts as missing, for BitBake too. Allow it to be read`,
      },
      slow: {
        severity: 'warning',
        code: 'sstate-dir-silent',
        message: `SSTATE_DIR ${path} does not answer: whether objects are in it is unknown. See whether its file system is mounted and its server there`,
      },
    };
    const problem = said[this.state ?? ''];
    return problem ? [problem] : [];
  }

  private ofEntries(): SstateProblem[] {
    const wrong = [...this.entries.values()].map(({ fault: { kind, mirror, why }, count }): SstateProblem => {
      const consequence =
        kind === 'bitbake'
          ? `BitBake reports an error for each of ${count} objects and takes none from any mirror. Correct SSTATE_MIRRORS`
          : `whether ${count} objects are on mirrors is unknown`;
      return {
        severity: 'error',
        code: 'mirror-entry',
        message: `In the mirror ${mirror.text}, ${why}: ${consequence}`,
      };
    });
    const accounts = [...this.accounts].map((text): SstateProblem => {
      const message = `The mirror ${text} has a user in its URL: BitBake's check takes it for part of the host's name and finds nothing there. Write ;user=NAME;pswd=PASSWORD behind the URL, or use ~/.netrc`;
      return { severity: 'warning', code: 'mirror-account', message };
    });
    return [...wrong, ...accounts];
  }

  private ofServers(): SstateProblem[] {
    const unsupported = [...this.types].map(([type, texts]): SstateProblem => {
      const message = `SSTATE_MIRRORS has ${type}:// (${[...texts].join(', ')}), which is not supported: what is not found elsewhere is unknown`;
      return { severity: 'warning', code: 'mirror-unsupported', message };
    });
    const supported = [...this.failures].filter(
      ([text]) => ![...this.types.values()].some((texts) => texts.has(text)),
    );
    const failed = supported.map(([text, reasons]): SstateProblem => {
      const [first = ''] = reasons.keys();
      const count = [...reasons.values()].reduce((sum, number) => sum + number, 0);
      const others = reasons.size > 1 ? ` (and ${reasons.size - 1} other faults)` : '';
      const message = `${withoutSecrets(first)}${others}: whether ${count} objects are on the mirror ${text} is unknown`;
      return { severity: 'warning', code: 'mirror-failed', message };
    });
    const refused: SstateProblem = {
      severity: 'information',
      code: 'no-network',
      message:
        'BB_NO_NETWORK is set: BitBake counts objects on servers as available, but refuses to download them. Set SSTATE_MIRROR_ALLOW_NETWORK = "1" to allow it',
    };
    const notAsked: SstateProblem = {
      severity: 'information',
      code: 'mirrors-not-asked',
      message: `Servers were not asked: whether objects are on them is unknown, ${this.withoutAsking} times`,
    };
    return [
      ...unsupported,
      ...failed,
      ...(this.refused ? [refused] : []),
      ...(this.withoutAsking > 0 ? [notAsked] : []),
    ];
  }
}
