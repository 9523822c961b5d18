/** `~/.netrc`, as Python reads it: what is expected is what `netrc` of Python 3.11 answered. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Account, parseNetrc, readNetrc } from '../../server/src/host/netrc.ts';

/** Text -> user and password by host; undefined: refused. */
const CASES: readonly (readonly [
  text: string,
  accounts: Readonly<Record<string, readonly [string, string]>> | undefined,
])[] = [
  ['', {}],
  ['machine a login u password p', { a: ['u', 'p'] }],
  ['machine a user u account x password p\nmachine b login v password q\n', { a: ['u', 'p'], b: ['v', 'q'] }],
  ['machine a\n\tlogin u\n\tpassword p\ndefault login d password e', { a: ['u', 'p'], default: ['d', 'e'] }],
  ['machine a login u password p machine a login v password q', { a: ['v', 'q'] }],
  [
    '# a comment\nmachine a login u password p # another\nmachine b login v password q',
    { a: ['u', 'p'], b: ['v', 'q'] },
  ],
  ['#\nmachine a login u password p', { a: ['u', 'p'] }],
  ['#comment\nmachine a login u password #p', { a: ['u', '#p'] }],
  ['machine a login "u u" password "p\\"p"', { a: ['u u', 'p"p'] }],
  ['machine a login u password p\\ q', { a: ['u', 'p q'] }],
  ['macdef init\ncd /pub\nmachine x\n\nmachine a login u password p', { a: ['u', 'p'] }],
  ['machine a login u', { a: ['u', ''] }],
  ['machine a', { a: ['', ''] }],
  ['machine', undefined],
  ['login u', undefined],
  ['machine a login u password p extra', undefined],
  ['machine a login u password p port 80', undefined],
];
const PYTHON = `
import json, netrc, sys
found = []
for path in sys.argv[1:]:
    try:
        hosts = netrc.netrc(path).hosts
        found.append({host: [login, password] for host, (login, account, password) in hosts.items()})
    except netrc.NetrcParseError:
        found.append(None)
print(json.dumps(found))
`;

function plain(accounts: ReadonlyMap<string, Account> | undefined) {
  return (
    accounts &&
    Object.fromEntries([...accounts].map(([host, { user, password }]) => [host, [user, password]]))
  );
}

describe('.netrc', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'sstate-lens-netrc-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  it.each(CASES)('is read as Python reads it: %j', (text, accounts) => {
    expect(plain(parseNetrc(text))).toEqual(accounts);
  });

  const version = spawnSync('/usr/bin/python3', ['-c', 'import sys; print(sys.version_info >= (3, 11))']);
  it.skipIf(version.stdout?.toString().trim() !== 'True')(
    'is what real Python reads (skipped before 3.11)',
    () => {
      const paths = CASES.map(([text], index) => {
        const path = join(directory, String(index));
        writeFileSync(path, text);
        return path;
      });
      const run = spawnSync('/usr/bin/python3', ['-c', PYTHON, ...paths]);
      const answers = (JSON.parse(run.stdout.toString()) as (object | null)[]).map(
        (answer) => answer ?? undefined,
      );
      expect(answers).toEqual(CASES.map(([, accounts]) => accounts));
    },
  );

  it('counts only where nobody else may read it', () => {
    const path = join(directory, '.netrc');
    expect(readNetrc(directory).account('a')).toBeUndefined();
    writeFileSync(path, 'machine a login u password p\ndefault login d password e\n', { mode: 0o600 });
    expect(readNetrc(directory).account('a')).toEqual({ user: 'u', password: 'p' });
    expect(readNetrc(directory).account('b')).toEqual({ user: 'd', password: 'e' });
    chmodSync(path, 0o640);
    expect(readNetrc(directory).account('a')).toBeUndefined();
    writeFileSync(path, 'machine a login anonymous password p\n');
    expect(readNetrc(directory).account('a')).toEqual({ user: 'anonymous', password: 'p' });
  });
});
