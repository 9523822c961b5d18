/**
 * Where the entries of SSTATE_MIRRORS say that an object may be: which URLs BitBake tries for it, in order.
 *
 * Follows `bb/fetch2/__init__.py: mirror_from_string, build_mirroruris, uri_replace, trusted_network`, and what the
 * fetchers of files and of HTTP take as the local name of a URL. An object is `file://NAME` to begin with; what an
 * entry makes of it may be matched by the other entries again. Pure; nothing is asked of anybody here.
 */
import { splitWords } from '../base/words.ts';
import type { MirrorTraits } from '../metadata/release.ts';
import { type DecodedUrl, decodeMirrorUrl, decodeUrl, encodeUrl, withoutSecrets } from './mirrorUrl.ts';
import { matchesStart, type MirrorPattern, mirrorPattern, replaceStart } from './mirrorPattern.ts';
import type { SstateProblem } from './presence.ts';

/** One entry: where something matches the first URL, the second says where else it is. */
export interface Mirror {
  readonly find: string;
  readonly replace: string;
  /** As it is written, secrets removed. */
  readonly text: string;
}

/** One place where an object may be. */
export interface MirrorPlace {
  readonly mirror: Mirror;
  /** As BitBake has it, with parameters; may hold secrets. */
  readonly url: string;
  /** `file`, `http`, …: which fetcher is asked. */
  readonly type: string;
  readonly host: string;
  /** Of a file: absolute, or relative to SSTATE_DIR. */
  readonly localPath: string;
  readonly user: string;
  readonly password: string;
}

export interface MirrorPlaces {
  readonly places: readonly MirrorPlace[];
  /** Why BitBake finds the object in none of the places from here on, or why these are not known. */
  readonly fault: MirrorFault | undefined;
}

/** `bitbake`: it fails for the object and says so; `unknown`: what it would do cannot be told here. */
export interface MirrorFault {
  readonly kind: 'bitbake' | 'unknown';
  readonly mirror: Mirror;
  /** A clause: `its pattern x is no regular expression`. */
  readonly why: string;
}

export interface MirrorRules {
  readonly traits: MirrorTraits;
  /** BB_ALLOWED_NETWORKS; empty: every host. */
  readonly allowedHosts: readonly string[];
  /** DL_DIR of the check: SSTATE_DIR. */
  readonly directory: string;
}

/** Fetchers there are, besides those of files and HTTP: what they would answer is not known here. */
const OTHER_FETCHERS: ReadonlySet<string> = new Set(
  'ftp ftps svn git gitsm gitannex ssh sftp s3 p4 hg repo ccrc npm npmsw az crate gomod gomodgit'.split(' '),
);
const MOST_PLACES = 1000;

/** The entries of SSTATE_MIRRORS, and what is wrong with it. */
export function mirrorsOf(text: string): {
  readonly mirrors: readonly Mirror[];
  readonly problems: readonly SstateProblem[];
} {
  const words = splitWords(text.replaceAll('\\n', ' '));
  const mirrors: Mirror[] = [];
  for (let at = 0; at + 1 < words.length; at += 2) {
    const find = words[at]!;
    const replace = words[at + 1]!;
    mirrors.push({ find, replace, text: `${withoutSecrets(find)} ${withoutSecrets(replace)}` });
  }
  if (words.length % 2 === 0) return { mirrors, problems: [] };
  const message = `SSTATE_MIRRORS has an odd number of words: the last, ${withoutSecrets(words.at(-1)!)}, counts for nothing; write pairs of a pattern and a URL`;
  return { mirrors, problems: [{ severity: 'warning', code: 'mirror-pairs', message }] };
}

/** A URL with what the fetchers make of it (`FetchData`). */
interface Fetched {
  readonly url: string;
  readonly decoded: DecodedUrl;
  readonly localPath: string;
}

class Fault extends Error {
  constructor(
    readonly kind: MirrorFault['kind'],
    readonly why: string,
  ) {
    super(why);
  }
}

/** An entry as far as it is the same for every object. */
interface Compiled {
  readonly mirror: Mirror;
  readonly find: DecodedUrl;
  readonly replace: DecodedUrl;
  readonly patterns: Readonly<Record<(typeof PARTS)[number], MirrorPattern>>;
}

const PARTS = ['type', 'host', 'path', 'user', 'password'] as const;

export class MirrorLookup {
  private readonly compiled = new Map<Mirror, Compiled | Fault>();

  constructor(
    private readonly mirrors: readonly Mirror[],
    private readonly rules: MirrorRules,
  ) {}

  /** @param name relative to SSTATE_DIR */
  places(name: string): MirrorPlaces {
    const found: MirrorPlace[] = [];
    let [current] = this.mirrors;
    try {
      const origin = fetched(`file://${name}`, this.rules);
      if (!origin) throw new Fault('unknown', 'the name of the object is not one of a file');
      const seen = new Set<string>([origin.url]);
      const words = replacements(origin.decoded);
      const add = (from: Fetched, mirrors: readonly Mirror[]): void => {
        // As in BitBake, the one before stands in for a URL that no fetcher takes.
        let last: Fetched | undefined;
        for (const mirror of mirrors) {
          current = mirror;
          const url = this.replaced(from, mirror, words);
          if (url === undefined || seen.has(url) || !this.isTrusted(url)) continue;
          const others = mirrors.filter((other) => other !== mirror);
          const next = fetched(url, this.rules);
          if (!next) {
            if (last) add(last, others);
            continue;
          }
          last = next;
          seen.add(url);
          if (found.length >= MOST_PLACES)
            throw new Fault('unknown', `there are more than ${MOST_PLACES} places`);
          const { type, host, user, password } = next.decoded;
          found.push({ mirror, url, type, host, localPath: next.localPath, user, password });
          add(next, others);
        }
      };
      add(origin, this.mirrors);
      return { places: found, fault: undefined };
    } catch (error) {
      if (!(error instanceof Fault) || !current) throw error;
      // BitBake makes the list before it tries the first of it.
      return { places: [], fault: { kind: error.kind, why: error.why, mirror: current } };
    }
  }

  /** What an entry makes of a URL (`uri_replace`); undefined: nothing, or the same. */
  private replaced(
    { url, localPath }: Fetched,
    mirror: Mirror,
    words: Readonly<Record<string, string>>,
  ): string | undefined {
    const { find, replace, patterns } = this.compile(mirror);
    const own = decodeMirrorUrl(url, this.rules.traits);
    if (own === undefined) throw new Fault('bitbake', `${withoutSecrets(url)} is no URL`);
    const result = { ...own };
    for (const part of PARTS) {
      if ((part === 'user' || part === 'password') && replace[part] !== '') {
        result[part] = replace[part];
        continue;
      }
      const pattern = patterns[part];
      const matches = matchesStart(pattern, own[part]);
      if (typeof matches !== 'boolean') throw this.patternFault(find[part], matches.kind);
      if (!matches) return undefined;
      if (replace[part] === '') result[part] = '';
      else {
        const filled = replaceWords(replace[part], words);
        const text = replaceStart(pattern, filled, own[part]);
        if (typeof text !== 'string') throw this.patternFault(replace[part], text?.kind ?? 'unknown');
        result[part] = text;
      }
      if (part === 'path') result.path = withName(result.path, own.path, baseName(localPath));
    }
    for (const [name, value] of Object.entries(find.parameters)) {
      const has = own.parameters[name];
      if (has === undefined)
        throw new Fault('bitbake', `its pattern asks for the parameter ${name}, which objects do not have`);
      if (has !== value) return undefined;
    }
    const parameters = { ...own.parameters };
    for (const [name, value] of Object.entries(replace.parameters))
      parameters[name] = replaceWords(value, words);
    if (result.type === '') throw new Fault('bitbake', 'its URL has no type, such as http://');
    const made = encodeUrl({ ...result, parameters }, this.rules.traits);
    return made === url ? undefined : made;
  }

  private compile(mirror: Mirror): Compiled {
    let known = this.compiled.get(mirror);
    if (!known) this.compiled.set(mirror, (known = this.compileAnew(mirror)));
    if (known instanceof Fault) throw known;
    return known;
  }

  private compileAnew(mirror: Mirror): Compiled | Fault {
    const find = decodeMirrorUrl(mirror.find, this.rules.traits);
    const replace = decodeMirrorUrl(mirror.replace, this.rules.traits);
    if (!find || !replace) {
      const wrong = withoutSecrets(find ? mirror.replace : mirror.find);
      return new Fault('bitbake', `${wrong} is no URL (write TYPE://PLACE, parameters as ;NAME=VALUE)`);
    }
    const type = find.type === '' || find.type.endsWith('$') ? find.type : `${find.type}$`;
    const patterns = {
      type: mirrorPattern(type),
      host: mirrorPattern(find.host),
      path: mirrorPattern(find.path),
      user: mirrorPattern(find.user),
      password: mirrorPattern(find.password),
    };
    return { mirror, find, replace, patterns };
  }

  private patternFault(text: string, kind: 'refused' | 'unknown'): Fault {
    return kind === 'refused'
      ? new Fault('bitbake', `${withoutSecrets(text)} is not what Python takes in a regular expression`)
      : new Fault(
          'unknown',
          `what Python makes of ${withoutSecrets(text)} is not known here; write a simpler pattern`,
        );
  }

  /** `trusted_network`. */
  private isTrusted(url: string): boolean {
    const { allowedHosts } = this.rules;
    if (allowedHosts.length === 0) return true;
    const host = (decoded(url, this.rules)?.host ?? '').split(':')[0]!.toLowerCase();
    if (host === '') return true;
    return allowedHosts.some((allowed) => {
      const name = allowed.toLowerCase();
      return name === host || (name.startsWith('*.') && `.${host}`.endsWith(name.slice(1)));
    });
  }
}

/** What words of a replacement stand for (`build_mirroruris`), in the order in which they are replaced. */
function replacements({ type, host, path }: DecodedUrl): Record<string, string> {
  return {
    TYPE: type,
    HOST: host,
    PATH: path,
    BASENAME: path.slice(path.lastIndexOf('/') + 1),
    MIRRORNAME: host.replaceAll(':', '.') + path.replaceAll('/', '.').replaceAll('*', '.'),
  };
}

function replaceWords(text: string, words: Readonly<Record<string, string>>): string {
  let result = text;
  for (const [word, value] of Object.entries(words)) result = result.replaceAll(word, () => value);
  return result;
}

/** A path that ends with the object's name. */
function withName(path: string, from: string, name: string): string {
  if (name === '') return path;
  const before = baseName(from);
  const rooted = `/${path}`;
  if (before !== '' && name !== before && rooted.endsWith(`/${before}`))
    return path.slice(0, -before.length) + name;
  if (rooted.endsWith(`/${name}`)) return path;
  return path === '' || path.endsWith('/') ? path + name : `${path}/${name}`;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function decoded(url: string, { traits }: MirrorRules): DecodedUrl | undefined {
  try {
    return decodeUrl(url, traits);
  } catch (error) {
    if (error instanceof RangeError) throw new Fault('bitbake', `${withoutSecrets(url)}: ${error.message}`);
    throw error;
  }
}

/** What the fetchers make of a URL; undefined: none takes it. */
function fetched(url: string, rules: MirrorRules): Fetched | undefined {
  const parts = decoded(url, rules);
  if (!parts) return undefined;
  const { type, host, path, parameters } = parts;
  const user = parts.user || (parameters['user'] ?? '');
  const password = parts.password || (parameters['pswd'] ?? '');
  const whole = { ...parts, user, password };
  const given = parameters['localpath'];
  if (type === 'file') {
    return path.includes('*') ? undefined : { url, decoded: whole, localPath: given ?? path };
  }
  const isWeb = type === 'http' || type === 'https';
  if (!isWeb && !OTHER_FETCHERS.has(type) && !(type === 'gs' && rules.traits.knowsGoogleStorage))
    return undefined;
  if (isWeb && parameters['protocol'] === 'git') return undefined;
  const name = parameters['downloadfilename'] ?? baseName(path);
  const localName = name || host + path.replaceAll('/', '.');
  const localPath = given ?? (localName.startsWith('/') ? localName : `${rules.directory}/${localName}`);
  return { url, decoded: whole, localPath };
}

/** The directories of entries that name one: `file:///srv/sstate/PATH`. */
export function mirrorDirectories(text: string): string[] {
  return mirrorsOf(text).mirrors.flatMap(({ replace }) => {
    const [, directory] = /^file:\/\/(\/[^;]*?)\/*(?:PATH\b.*|;.*)?$/.exec(replace) ?? [];
    return directory === undefined ? [] : [directory];
  });
}
