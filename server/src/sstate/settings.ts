/**
 * What the configuration says about sstate objects: where they lie, which mirrors there are, and how servers are
 * asked. Plain data, made of final values of the plain configuration.
 *
 * Follows OE-Core's `sstate.bbclass: sstate_checkhashes` and what `bb/fetch2` reads on its behalf
 * (`get_fetcher_environment`, `trusted_network`, `wget.py: check_certs`).
 */
import { splitWords } from '../base/words.ts';

export interface SstateSettings {
  /** SSTATE_DIR, absolute; `''`: it is not set. */
  readonly directory: string;
  /** SSTATE_MIRRORS as it is, pairs of words. */
  readonly mirrors: string;
  /** Host names that may be asked, `*.example.com` too (BB_ALLOWED_NETWORKS); empty: all. */
  readonly allowedHosts: readonly string[];
  /** BB_NO_NETWORK: objects of servers are looked for all the same, but BitBake refuses to download them. */
  readonly downloadsRefused: boolean;
  /** BB_CHECK_SSL_CERTS. */
  readonly checksCertificates: boolean;
  /** What BitBake's fetcher puts into its environment: proxies, HOME, SSL_CERT_FILE; those that are set. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Of the variables that BitBake's fetcher exports (`FETCH_EXPORT_VARS`), those that matter for asking a server. */
const EXPORTED = [
  'HOME',
  'HTTP_PROXY',
  'http_proxy',
  'HTTPS_PROXY',
  'https_proxy',
  'NO_PROXY',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

/** Which variables of the configuration to ask for. */
export const SSTATE_VARIABLES: { readonly names: readonly string[]; readonly prefixes: readonly string[] } = {
  names: [
    'SSTATE_DIR',
    'SSTATE_MIRRORS',
    'SSTATE_MIRROR_ALLOW_NETWORK',
    'BB_NO_NETWORK',
    'BB_ALLOWED_NETWORKS',
    'BB_CHECK_SSL_CERTS',
    ...EXPORTED,
  ],
  prefixes: [],
};

/**
 * @param text the final value of a variable of the plain configuration
 * @param original what of the environment that BitBake would be started with counts where the configuration is silent
 *   (BB_ORIGENV)
 */
export function sstateSettings(
  text: (name: string) => string | undefined,
  original: Readonly<Record<string, string | undefined>>,
): SstateSettings {
  const noNetwork = isTrue(text('BB_NO_NETWORK')) && !isTrue(text('SSTATE_MIRROR_ALLOW_NETWORK'));
  const environment: Record<string, string> = {};
  for (const name of EXPORTED) {
    const value = text(name) || original[name];
    if (value) environment[name] = value;
  }
  return {
    directory: (text('SSTATE_DIR') ?? '').replace(/(?<=.)\/+$/, ''),
    mirrors: text('SSTATE_MIRRORS') ?? '',
    allowedHosts: noNetwork ? [] : splitWords(text('BB_ALLOWED_NETWORKS') ?? ''),
    downloadsRefused: noNetwork,
    checksCertificates: (text('BB_CHECK_SSL_CERTS') || '1') !== '0',
    environment,
  };
}

/** `bb/utils.py: to_boolean`. */
function isTrue(text: string | undefined): boolean {
  return ['y', 'yes', '1', 'true'].includes((text ?? '').toLowerCase());
}
