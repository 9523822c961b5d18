/**
 * Which certificates are trusted: those that Python's `ssl` trusts on this machine, not those that Node brings along.
 * Companies add theirs to the system.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where systems keep the list that OpenSSL reads. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cert.pem',
  '/etc/ssl/cert.pem',
];

/** @returns texts of certificates; undefined: none are found, and those of Node count */
export function trustedCertificates(
  environment: Readonly<Record<string, string | undefined>>,
): string[] | undefined {
  const { SSL_CERT_FILE: file, SSL_CERT_DIR: directory } = environment;
  const listed = (file ? [file] : BUNDLES).map(read).find((text) => text !== undefined);
  const single = directory ? directory.split(':').flatMap(certificatesIn) : [];
  const found = [...(listed === undefined ? [] : [listed]), ...single];
  return found.length > 0 || file || directory ? found : undefined;
}

/** Those under the names that OpenSSL looks for: a hash and a number. */
function certificatesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => /^[0-9a-f]{8}\.\d+$/.test(name))
      .flatMap((name) => read(join(directory, name)) ?? []);
  } catch {
    return [];
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
