/**
 * Which proxy a server is asked through, as Python's `urllib` decides it by the environment that BitBake gives it
 * (`urllib.request: getproxies_environment, proxy_bypass_environment, _parse_proxy`).
 */

export interface Proxy {
  /** `http://proxy:3128`. */
  readonly origin: string;
  /** The value of Proxy-Authorization; undefined: none. */
  readonly authorization: string | undefined;
}

/** @param environment `http_proxy` and its like; names in small letters count before those in capitals */
export function proxyFor(
  url: URL,
  environment: Readonly<Record<string, string | undefined>>,
): Proxy | undefined {
  const of = (name: string) => environment[name] ?? environment[name.toUpperCase()] ?? '';
  const text = of(`${url.protocol.slice(0, -1)}_proxy`);
  if (text === '' || isExcepted(url, of('no_proxy'))) return undefined;
  try {
    const proxy = new URL(text.includes('://') ? text : `http://${text}`);
    const account = [proxy.username, proxy.password].map(decodeURIComponent);
    const authorization =
      proxy.username !== '' && proxy.password !== '' ? basic(account.join(':')) : undefined;
    return {
      origin: proxy.origin === 'null' ? `${proxy.protocol}//${proxy.host}` : proxy.origin,
      authorization,
    };
  } catch {
    return undefined;
  }
}

/** The value of an Authorization header. */
export function basic(account: string): string {
  return `Basic ${Buffer.from(account, 'utf8').toString('base64')}`;
}

function isExcepted({ hostname, host }: URL, list: string): boolean {
  if (list.trim() === '*') return true;
  return list.split(',').some((entry) => {
    const name = entry.trim().replace(/^\.+/, '').toLowerCase();
    return name !== '' && [hostname, host].some((own) => own === name || own.endsWith(`.${name}`));
  });
}
