/**
 * Which objects are there, and where: locally, on the first mirror that has them, nowhere, or unknown with a reason.
 *
 * Follows OE-Core's `sstate.bbclass: sstate_checkhashes`: first the file itself, then what `bb/fetch2` tries for
 * `file://NAME` with SSTATE_MIRRORS as PREMIRRORS (`Fetch.checkstatus, try_mirrors`), entry by entry. BitBake counts a
 * mirror that fails as one that has nothing; here what it was asked for is unknown, unless another has it. Asks through
 * ports, and tells each fault once, however many objects it concerns.
 */
import type { LocalAnswer, LocalObjects, MirrorClient, ObjectAnswer } from '../inputs/sstatePorts.ts';
import type { MirrorTraits } from '../metadata/release.ts';
import { Faults } from './faults.ts';
import { MirrorLookup, type Mirror, type MirrorPlace, mirrorsOf } from './mirrors.ts';
import { withoutSecrets } from './mirrorUrl.ts';
import type { Judgement, ObjectPath, Presence, SstateProblem } from './presence.ts';
import type { SstateSettings } from './settings.ts';

export interface AvailabilityPorts {
  readonly local: LocalObjects;
  /** Undefined: servers are not to be asked, and what only they could have is unknown. */
  readonly servers: MirrorClient | undefined;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

export interface JudgeOptions {
  readonly signal?: AbortSignal;
  /** False: servers are not asked, and what they said last counts, however long ago. Default: true. */
  readonly asksServers?: boolean;
  /** Told of each as soon as it is known, in no particular order. */
  readonly onVerdict?: (index: number, presence: Presence) => void;
}

/** How long what a server said counts, in milliseconds: that it has an object, and that it has not. */
export interface VerdictAges {
  readonly present: number;
  readonly absent: number;
}

const USUAL_AGES: VerdictAges = { present: 10 * 60_000, absent: 60_000 };
/** A long hash in a name. */
const HASH = /[0-9a-f]{32,}/g;

/** What a server said of a URL, or why it could not, and when. */
interface Said {
  readonly answer: ObjectAnswer;
  readonly at: number;
}

/** What one call of `judge` has in common. */
interface Asking {
  readonly faults: Faults;
  readonly signal: AbortSignal | undefined;
  readonly servers: MirrorClient | undefined;
}

/** An object that is not local, on its way from mirror to mirror. */
interface Pending {
  readonly index: number;
  readonly places: readonly MirrorPlace[];
  next: number;
  /** Why a place that was asked before could not say. */
  doubt: string | undefined;
  /** In milliseconds: how long ago the eldest answer was given that counts here and was not asked for again. */
  age: number | undefined;
}

export class Availability {
  private readonly mirrors: readonly Mirror[];
  private readonly lookup: MirrorLookup;
  private readonly mirrorProblems: readonly SstateProblem[];
  /** By URL. */
  private readonly verdicts = new Map<string, Said>();
  /** Mirror -> whether it says yes to a name that cannot be. */
  private readonly honest = new Map<
    string,
    { readonly answer: Promise<ObjectAnswer>; readonly at: number }
  >();

  constructor(
    private readonly settings: SstateSettings,
    traits: MirrorTraits,
    private readonly ports: AvailabilityPorts,
    private readonly ages: VerdictAges = USUAL_AGES,
  ) {
    const { mirrors, problems } = mirrorsOf(settings.mirrors);
    this.mirrors = mirrors;
    this.mirrorProblems = problems;
    const { directory, allowedHosts } = settings;
    this.lookup = new MirrorLookup(mirrors, { traits, allowedHosts, directory });
  }

  /** What servers said is asked for again. */
  forget(): void {
    this.verdicts.clear();
    this.honest.clear();
  }

  /**
   * @returns presences in the order of `objects`
   * @throws the reason of the signal when it is aborted
   */
  async judge(objects: readonly ObjectPath[], options: JudgeOptions = {}): Promise<Judgement> {
    const { signal, onVerdict, asksServers = true } = options;
    const presences: Presence[] = objects.map(() => ({ kind: 'missing' }));
    const faults = new Faults();
    const decide = (index: number, presence: Presence): void => {
      presences[index] = presence;
      onVerdict?.(index, presence);
    };
    const absent = await this.judgeLocally(objects, decide, faults, signal);
    const pending = this.startMirrors(absent, decide, faults);
    const servers = asksServers ? this.ports.servers : undefined;
    await this.askMirrors(pending, decide, { faults, signal, servers });
    return { presences, problems: [...this.mirrorProblems, ...faults.problems(this.settings)] };
  }

  /** @returns those that are not there: number and name in SSTATE_DIR, absolute where it is not in it */
  private async judgeLocally(
    objects: readonly ObjectPath[],
    decide: (index: number, presence: Presence) => void,
    faults: Faults,
    signal: AbortSignal | undefined,
  ): Promise<(readonly [index: number, name: string])[]> {
    const { directory } = this.settings;
    const known: { index: number; path: string; name: string }[] = [];
    objects.forEach((object, index) => {
      if ('unknown' in object) decide(index, { kind: 'unknown', reason: object.unknown });
      else known.push({ index, path: object.path, name: this.nameOf(object.path) });
    });
    if (known.length === 0) return [];
    const answer = await this.ports.local.present(
      directory,
      known.map(({ name }) => name),
      signal,
    );
    if (answer.directory !== undefined) faults.directory(answer.directory);
    const absent: (readonly [number, string])[] = [];
    known.forEach(({ index, path, name }, at) => {
      const present = answer.present[at]!;
      if (present === true) decide(index, { kind: 'local', path });
      else if (present === false) absent.push([index, name]);
      else decide(index, { kind: 'unknown', reason: present.unknown });
    });
    return absent;
  }

  private nameOf(path: string): string {
    const prefix = `${this.settings.directory}/`;
    return path.startsWith(prefix) ? path.slice(prefix.length).replace(/^\/+/, '') : path;
  }

  private startMirrors(
    absent: readonly (readonly [index: number, name: string])[],
    decide: (index: number, presence: Presence) => void,
    faults: Faults,
  ): Pending[] {
    const pending: Pending[] = [];
    for (const [index, name] of absent) {
      if (this.mirrors.length === 0) {
        decide(index, { kind: 'missing' });
        continue;
      }
      if (name.startsWith('/')) {
        const reason = 'it is not looked for in SSTATE_DIR, and what it is called on mirrors is not known';
        decide(index, { kind: 'unknown', reason });
        continue;
      }
      const { places, fault } = this.lookup.places(name);
      if (!fault) pending.push({ index, places, next: 0, doubt: undefined, age: undefined });
      else {
        faults.entry(fault);
        if (fault.kind === 'bitbake') decide(index, { kind: 'missing' });
        else decide(index, { kind: 'unknown', reason: `of the mirror ${fault.mirror.text}, ${fault.why}` });
      }
    }
    return pending;
  }

  /** Every object is looked for in its next place, until there is none left. */
  private async askMirrors(
    all: readonly Pending[],
    decide: (index: number, presence: Presence) => void,
    asking: Asking,
  ): Promise<void> {
    const { faults, signal } = asking;
    let pending = all;
    while (pending.length > 0) {
      signal?.throwIfAborted();
      const found = new Map<Pending, ObjectAnswer>();
      const local = pending.filter(({ places, next }) => places[next]?.type === 'file');
      const remote = pending.filter(({ places, next }) => isWeb(places[next]));
      await Promise.all([this.askDirectories(local, found, signal), this.askServers(remote, found, asking)]);
      const left: Pending[] = [];
      for (const object of pending) {
        const place = object.places[object.next++];
        if (!place) {
          const { doubt, age } = object;
          const missing: Presence = { kind: 'missing', ...(age !== undefined && { age }) };
          decide(object.index, doubt === undefined ? missing : { kind: 'unknown', reason: doubt });
          continue;
        }
        const answer = found.get(object) ?? faults.unsupported(place);
        if (answer === true) {
          if (isWeb(place) && this.settings.downloadsRefused) faults.downloadsRefused();
          decide(object.index, {
            kind: 'mirror',
            mirror: place.mirror.text,
            uri: withoutSecrets(place.url.split(';')[0]!),
            ...(object.age !== undefined && { age: object.age }),
          });
          continue;
        }
        if (answer !== false) {
          object.doubt ??= answer.unknown;
          if (isWeb(place) && !asking.servers) faults.notAsked();
          else faults.mirror(place.mirror, answer.unknown);
        }
        left.push(object);
      }
      pending = left;
    }
  }

  private async askDirectories(
    objects: readonly Pending[],
    found: Map<Pending, ObjectAnswer>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const groups = new Map<string, { readonly object: Pending; readonly name: string }[]>();
    for (const object of objects) {
      const { localPath } = object.places[object.next]!;
      const path = localPath.startsWith('/') ? localPath : `${this.settings.directory}/${localPath}`;
      // Those that lie two directories deep below the same one are looked for together.
      const [, directory = '/', name = path] = /^(.*?)\/((?:[^/]+\/){0,2}[^/]+)$/.exec(path) ?? [];
      const group = groups.get(directory);
      if (group) group.push({ object, name });
      else groups.set(directory, [{ object, name }]);
    }
    for (const [directory, group] of groups) {
      const names = group.map(({ name }) => name);
      const answer: LocalAnswer = await this.ports.local.present(directory || '/', names, signal);
      group.forEach(({ object }, at) => found.set(object, answer.present[at]!));
    }
  }

  private async askServers(
    objects: readonly Pending[],
    found: Map<Pending, ObjectAnswer>,
    asking: Asking,
  ): Promise<void> {
    let next = 0;
    const work = async () => {
      while (next < objects.length) {
        const object = objects[next++]!;
        found.set(object, await this.askServer(object, asking));
      }
    };
    const count = Math.min(asking.servers?.concurrency ?? 1, objects.length);
    await Promise.all(Array.from({ length: count }, work));
  }

  private async askServer(object: Pending, { faults, signal, servers }: Asking): Promise<ObjectAnswer> {
    const place = object.places[object.next]!;
    const { url, mirror } = place;
    const plain = url.split(';')[0]!;
    if (/^[^:]*:\/\/[^/?#]*@/.test(plain)) {
      // Python takes the account for part of the host's name, and finds no such host.
      faults.account(mirror);
      return false;
    }
    const known = this.verdicts.get(url);
    if (!servers) return this.asSaid(object, known, mirror.text);
    const now = this.ports.now();
    const isFresh = (answer: boolean, at: number) => now - at < this.ages[answer ? 'present' : 'absent'];
    if (known && typeof known.answer === 'boolean' && isFresh(known.answer, known.at)) return known.answer;
    signal?.throwIfAborted();
    const { user, password } = place;
    let answer = await servers.has({ url: plain, user, password, mirror: mirror.text }, signal);
    if (answer === true) {
      const honest = await this.isHonest(place, servers, signal);
      const liar = `${place.host} says yes to names that cannot be: it does not tell what it has`;
      if (honest !== true) answer = honest === false ? { unknown: liar } : honest;
    }
    this.verdicts.set(url, { answer, at: this.ports.now() });
    return answer;
  }

  /** What a server said when it was last asked. */
  private asSaid(object: Pending, known: Said | undefined, mirror: string): ObjectAnswer {
    if (!known) return { unknown: `the mirror ${mirror} was not asked` };
    const { answer, at } = known;
    if (typeof answer !== 'boolean') return { unknown: `${answer.unknown}, and was not asked again` };
    object.age = Math.max(object.age ?? 0, this.ports.now() - at);
    return answer;
  }

  /** Whether a mirror that has an object denies having one that nobody has. */
  private async isHonest(
    place: MirrorPlace,
    servers: MirrorClient,
    signal: AbortSignal | undefined,
  ): Promise<ObjectAnswer> {
    const key = place.mirror.text;
    const now = this.ports.now();
    let known = this.honest.get(key);
    if (!known || now - known.at >= this.ages.present) {
      const url = impossible(place.url.split(';')[0]!);
      const asked = servers.has(
        { url, user: place.user, password: place.password, mirror: place.mirror.text },
        signal,
      );
      known = { answer: asked.then((answer) => (typeof answer === 'boolean' ? !answer : answer)), at: now };
      this.honest.set(key, known);
      // Neither a fault nor a cancellation is remembered.
      known.answer.then(
        (answer) => typeof answer === 'boolean' || this.honest.delete(key),
        () => this.honest.delete(key),
      );
    }
    return known.answer;
  }
}

function isWeb(place: MirrorPlace | undefined): boolean {
  return place?.type === 'http' || place?.type === 'https';
}

/** The URL of an object of the same kind with a hash that no task has. */
function impossible(url: string): string {
  const hash = crypto.randomUUID().replaceAll('-', '').repeat(4);
  const changed = url.replace(HASH, (found) => hash.slice(0, found.length));
  return changed === url ? `${url}.${hash.slice(0, 32)}` : changed;
}
