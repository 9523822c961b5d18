/**
 * BitBake's URLs, taken apart and put together: `type://user:password@host/path;name=value`.
 *
 * Follows `bb/fetch2/__init__.py: decodeurl, decodemirrorurl, encodeurl, URI`. Older releases have one function for
 * both the URLs of mirrors, whose parts are patterns, and all others.
 */
import type { MirrorTraits } from '../metadata/release.ts';

/** What is not there is empty. */
export interface DecodedUrl {
  readonly type: string;
  /** With the port. */
  readonly host: string;
  /** Unquoted. */
  readonly path: string;
  readonly user: string;
  readonly password: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const URL_PARTS = /^([^:]*):\/\/(?:([^/;]+)@)?([^;]+)(?:;(.*))?/;
/** Accounts before a host, also those that make no URL, and parameters but those that are known to hold no secret. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/(:\/\/)[^/;@\s]*:(?!\d*(?:[/;\s]|$))[^;\s]*@/g, '$1'],
  [/(:\/\/)[^/;\s]*@/g, '$1'],
  [/(;(?!(?:downloadfilename|protocol|name)=)[^=;\s]+=)[^;\s]*/g, '$1…'],
  [/([?&][^=&#;\s]*=)[^&#;\s]*/g, '$1…'],
];

/** A URL, or a text with some, that can be shown: without user, password, and values of queries. */
export function withoutSecrets(text: string): string {
  return SECRETS.reduce((shown, [pattern, instead]) => shown.replace(pattern, instead), text);
}

/** The URL of a mirror (`decodemirrorurl`); undefined: BitBake refuses it. */
export function decodeMirrorUrl(url: string, traits: MirrorTraits): DecodedUrl | undefined {
  const parts = URL_PARTS.exec(url);
  if (!parts) return undefined;
  const [, type = '', account = '', location = '', list = ''] = parts;
  const isFile = type.toLowerCase() === 'file';
  const slash = location.indexOf('/');
  let host = isFile ? '' : slash < 0 ? location : location.slice(0, slash);
  let path = isFile ? location : slash < 0 ? '/' : location.slice(slash);
  let [user = '', password = ''] = splitAccount(account);
  if (isFile && traits.readsByStandard && account !== '') {
    path = `${account}@${path}`;
    user = password = host = '';
  }
  const parameters: Record<string, string> = {};
  for (const parameter of list.split(';').filter((text) => text !== '')) {
    const at = parameter.indexOf('=');
    if (at < 0 || (traits.oneEqualsSign && parameter.includes('=', at + 1))) return undefined;
    parameters[parameter.slice(0, at)] = parameter.slice(at + 1);
  }
  return { type, host, path: unquote(path), user, password, parameters };
}

/** Any URL (`decodeurl`); undefined: BitBake refuses it. @throws RangeError where that is for its port */
export function decodeUrl(url: string, traits: MirrorTraits): DecodedUrl | undefined {
  if (!traits.readsByStandard) return decodeMirrorUrl(url, traits);
  const semicolon = url.indexOf(';');
  const plain = semicolon < 0 ? url : url.slice(0, semicolon);
  const parameters: Record<string, string> = {};
  for (const parameter of semicolon < 0 ? [] : url.slice(semicolon + 1).split(';')) {
    if (parameter === '') continue;
    const at = parameter.indexOf('=');
    parameters[at < 0 ? parameter : parameter.slice(0, at)] = at < 0 ? '' : parameter.slice(at + 1);
  }
  const typed = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(plain);
  if (!typed) return undefined;
  const type = typed[1]!.toLowerCase();
  // `file://NAME` has no host: what follows is the path.
  const rest = type === 'file' ? typed[2]!.replace(/^\/\/(?!\/)/, '') : typed[2]!;
  const parts = /^(?:\/\/([^/?#]*))?([^?#]*)/.exec(rest)!;
  const authority = parts[1] ?? '';
  const at = authority.lastIndexOf('@');
  const [user = '', password = ''] = splitAccount(at < 0 ? '' : authority.slice(0, at));
  const [, name = '', port = ''] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?/.exec(authority.slice(at + 1)) ?? [];
  if (!/^\d*$/.test(port) || Number(port) > 65535) throw new RangeError(`${port} is no port`);
  // BitBake leaves out the brackets of an address, and writes a port as a number.
  const hostName = name.replace(/^\[|\]$/g, '').toLowerCase();
  const host = Number(port) > 0 ? `${hostName}:${Number(port)}` : hostName;
  return { type, host, path: unquote(parts[2]!) || '/', user, password, parameters };
}

/** @param url of which the path is made plain: no two slashes follow each other */
export function encodeUrl(url: DecodedUrl, { readsByStandard }: MirrorTraits): string {
  const { type, host, user, password, parameters } = url;
  const path = url.path.replace(/\/{2,}/g, '/');
  const isFile = type === 'file';
  const account = user !== '' && !isFile ? `${user}${password === '' ? '' : `:${password}`}@` : '';
  const relative = readsByStandard && path !== '' && !path.startsWith('/') && !isFile;
  const list = Object.entries(parameters).map(([name, value]) => `;${name}=${value}`);
  return `${type}:${relative ? '' : '//'}${account}${isFile ? '' : host}${quote(path)}${list.join('')}`;
}

function splitAccount(account: string): [string, string] {
  const at = account.indexOf(':');
  return at < 0 ? [account, ''] : [account.slice(0, at), account.slice(at + 1)];
}

/** `urllib.parse.quote`. */
function quote(text: string): string {
  return encodeURIComponent(text).replace(/%2F|[!'()*]/g, (char) =>
    char === '%2F' ? '/' : `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** `urllib.parse.unquote`. */
function unquote(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (codes) =>
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(
      Uint8Array.from(codes.slice(1).split('%'), (code) => parseInt(code, 16)),
    ),
  );
}
