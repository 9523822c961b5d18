/** Which objects are there, and where: directories, a real nginx, and servers at fault. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HostObjects } from '../../server/src/host/localObjects.ts';
import { HttpMirrors, type MirrorLimits, USUAL_LIMITS } from '../../server/src/host/mirrorClient.ts';
import { releaseOf } from '../../server/src/metadata/release.ts';
import { Availability } from '../../server/src/sstate/availability.ts';
import type { Judgement } from '../../server/src/sstate/presence.ts';
import { sstateSettings } from '../../server/src/sstate/settings.ts';
import {
  freePort,
  HAS_NGINX,
  joined,
  makeObjects,
  type Nginx,
  serveLate,
  serveRequests,
  serveSockets,
  startNginx,
  type TestServer,
} from './servers.ts';

/** Names as OE-Core makes them. */
function nameOf(number: number): string {
  const hash = number.toString(16).padStart(4, '0').repeat(16);
  return `${hash.slice(0, 2)}/${hash.slice(2, 4)}/sstate:zlib:core2-64-oe-linux:1.3+git0:r0:core2-64:14:${hash}_install.tar.zst`;
}
const NAMES = Array.from({ length: 40 }, (_, number) => nameOf(number));
/** On every server; those after it are nowhere. */
const SERVED = NAMES.slice(0, 20);
const ABSENT = nameOf(0xabc);

let directory: string;
let store: string;
/** Those that are looked at at once. */
let fileSystems: ReadonlySet<number> | undefined;
const clients: HttpMirrors[] = [];
const servers: TestServer[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sstate-lens-objects-'));
  store = join(directory, 'sstate-cache');
  mkdirSync(store);
});
afterEach(async () => {
  await Promise.all([
    ...clients.splice(0).map((client) => client.close()),
    ...servers.splice(0).map((server) => server.close()),
  ]);
  chmodSync(directory, 0o700);
  rmSync(directory, { recursive: true, force: true });
});

type Values = Readonly<Record<string, string>>;

function availability(values: Values, limits: Partial<MirrorLimits> = {}, online = true): Availability {
  const all: Values = { SSTATE_DIR: store, HOME: directory, ...values };
  const settings = sstateSettings((name) => all[name], {});
  const client = new HttpMirrors(settings, '2.18.0', { ...USUAL_LIMITS, ...limits });
  clients.push(client);
  const ports = {
    local: new HostObjects(undefined, fileSystems),
    servers: online ? client : undefined,
    now: () => performance.now(),
  };
  return new Availability(settings, releaseOf('2.18.0').mirrors, ports);
}

function judge(values: Values, names: readonly string[], limits?: Partial<MirrorLimits>): Promise<Judgement> {
  return availability(values, limits).judge(pathsOf(names));
}

function pathsOf(names: readonly string[]) {
  return names.map((name) => ({ path: `${store}/${name}` }));
}

/** `local`, `missing`, `mirror http://…`, or `unknown: why`, one for each. */
function said({ presences }: Judgement): string[] {
  return presences.map((presence) => {
    if (presence.kind === 'unknown') return `unknown: ${presence.reason}`;
    return presence.kind === 'mirror' ? `mirror ${presence.uri}` : presence.kind;
  });
}

function messages({ problems }: Judgement): string[] {
  return problems.map(({ severity, code, message }) => `${severity} ${code}: ${message}`);
}

const quoted = (name: string) => name.split('/').map(encodeURIComponent).join('/');

describe.each([
  ['of this machine', undefined],
  ['that may be slow', new Set<number>()],
])('objects in directories %s', (_, kinds) => {
  beforeEach(() => (fileSystems = kinds));
  afterEach(() => (fileSystems = undefined));

  it('are there or not, in one directory or many', async () => {
    makeObjects(store, [
      ...SERVED,
      'flat.tar.zst',
      'debian-12/aa/bb/x',
      'debian-12/aa/bb/y',
      'debian-12/aa/bb/z',
      'debian-12/aa/cc/w',
    ]);
    const names = [
      ...NAMES,
      'flat.tar.zst',
      'other.tar.zst',
      ...'xyzu'.split('').map((name) => `debian-12/aa/bb/${name}`),
      'debian-12/aa/cc/w',
      'debian-12/zz/cc/w',
    ];
    const judged = await judge({}, names);
    expect(said(judged)).toEqual([
      ...SERVED.map(() => 'local'),
      ...NAMES.slice(20).map(() => 'missing'),
      ...['local', 'missing', 'local', 'local', 'local', 'missing', 'local', 'missing'],
    ]);
    expect(judged.presences[0]).toEqual({ kind: 'local', path: `${store}/${NAMES[0]}` });
    expect(judged.problems).toEqual([]);
  });

  it('count by what a symbolic link leads to', async () => {
    makeObjects(store, ['aa/bb/real', 'aa/bb/more', 'aa/bb/most']);
    makeObjects(join(directory, 'mirror'), ['object']);
    symlinkSync(join(directory, 'mirror/object'), join(store, 'aa/bb/linked'));
    symlinkSync(join(directory, 'mirror/gone'), join(store, 'aa/bb/broken'));
    symlinkSync('aa', join(store, 'ff'));
    symlinkSync('loop', join(store, 'loop'));
    const names = ['aa/bb/real', 'aa/bb/linked', 'aa/bb/broken', 'aa/bb/none', 'ff/bb/most', 'loop/bb/x'];
    expect(said(await judge({}, names))).toEqual([
      'local',
      'local',
      'missing',
      'missing',
      'local',
      'missing',
    ]);
  });

  it('are told of once where SSTATE_DIR is missing or empty, or no directory', async () => {
    expect(messages(await judge({}, NAMES))).toEqual([
      `information sstate-dir-empty: SSTATE_DIR ${store} is empty: no object is local. If it should hold some, look at SSTATE_DIR`,
    ]);
    const nowhere = join(directory, 'nowhere');
    const missing = await availability({ SSTATE_DIR: nowhere }).judge([{ path: `${nowhere}/aa/bb/x` }]);
    expect(said(missing)).toEqual(['missing']);
    expect(messages(missing)).toEqual([
      `information sstate-dir-missing: SSTATE_DIR ${nowhere} does not exist: no object is local. The next build makes it; if it should be there, look at SSTATE_DIR`,
    ]);
    const file = join(directory, 'file');
    writeFileSync(file, '');
    const judged = await availability({ SSTATE_DIR: `${file}/` }).judge([{ path: `${file}/aa/bb/x` }]);
    expect(said(judged)).toEqual(['missing']);
  });

  it.skipIf(process.getuid?.() === 0)(
    'are told of once where SSTATE_DIR cannot be read (not as root)',
    async () => {
      makeObjects(store, SERVED);
      chmodSync(store, 0o000);
      const judged = await judge({}, NAMES);
      chmodSync(store, 0o700);
      expect(new Set(said(judged))).toEqual(new Set(['missing']));
      expect(messages(judged)).toEqual([
        expect.stringContaining('warning sstate-dir-unreadable: SSTATE_DIR'),
      ]);
    },
  );

  it('on mirrors that are directories are looked for in order', async () => {
    const [first, second] = [join(directory, 'first'), join(directory, 'second')];
    makeObjects(store, NAMES.slice(0, 2));
    makeObjects(first, NAMES.slice(1, 4));
    makeObjects(second, NAMES.slice(3, 6));
    const mirrors = `file://.* file://${first}/PATH \\n file://.* file://${second}/PATH;downloadfilename=PATH`;
    const judged = await judge({ SSTATE_MIRRORS: mirrors }, NAMES.slice(0, 7));
    expect(said(judged)).toEqual([
      'local',
      'local',
      ...NAMES.slice(2, 4).map((name) => `mirror file://${first}/${quoted(name)}`),
      ...NAMES.slice(4, 6).map((name) => `mirror file://${second}/${quoted(name)}`),
      'missing',
    ]);
    expect(judged.presences[4]).toHaveProperty(
      'mirror',
      `file://.* file://${second}/PATH;downloadfilename=PATH`,
    );
    expect(judged.problems).toEqual([]);
  });

  it('that have no known name are unknown, for that reason', async () => {
    const judged = await availability({}).judge([{ unknown: 'there is no class' }]);
    expect(said(judged)).toEqual(['unknown: there is no class']);
  });
});

describe('mirrors that cannot be used', () => {
  it.each([
    ['s3://bucket/PATH', 's3'],
    ['gs://bucket/PATH', 'gs'],
    ['az://store/box/PATH', 'az'],
    ['ftp://mirror.example/PATH', 'ftp'],
  ])('are said to be unsupported, once: %s', async (target, type) => {
    const judged = await judge({ SSTATE_MIRRORS: `file://.* ${target}` }, SERVED);
    expect(new Set(said(judged))).toEqual(
      new Set([`unknown: mirrors of the kind ${type}:// are not supported`]),
    );
    expect(messages(judged).slice(1)).toEqual([
      `warning mirror-unsupported: SSTATE_MIRRORS has ${type}:// (file://.* ${target}), which is not supported: what is not found elsewhere is unknown`,
    ]);
  });

  it('are told of where BitBake fails on them, and where only it knows', async () => {
    makeObjects(store, ['x']);
    const broken = await judge({ SSTATE_MIRRORS: 'file://( http://m.example/PATH' }, SERVED);
    expect(new Set(said(broken))).toEqual(new Set(['missing']));
    expect(messages(broken)).toEqual([
      'error mirror-entry: In the mirror file://( http://m.example/PATH, ( is not what Python takes in a regular expression: BitBake reports an error for each of 20 objects and takes none from any mirror. Correct SSTATE_MIRRORS',
    ]);
    const strange = await judge({ SSTATE_MIRRORS: 'file://(?>a) http://m.example/PATH' }, SERVED.slice(0, 1));
    expect(said(strange)[0]).toMatch(/^unknown: of the mirror file:\/\/\(\?>a\) .* write a simpler pattern$/);
    expect(messages(await judge({ SSTATE_MIRRORS: 'file://.*' }, SERVED))).toEqual([
      'warning mirror-pairs: SSTATE_MIRRORS has an odd number of words: the last, file://.*, counts for nothing; write pairs of a pattern and a URL',
    ]);
  });

  it('are not asked where that is not wanted', async () => {
    makeObjects(store, ['x']);
    const offline = availability({ SSTATE_MIRRORS: 'file://.* http://127.0.0.1:1/PATH' }, {}, false);
    const judged = await offline.judge(pathsOf(SERVED.slice(0, 2)));
    expect(said(judged)).toEqual(
      Array(2).fill('unknown: the mirror file://.* http://127.0.0.1:1/PATH was not asked'),
    );
    expect(messages(judged)).toEqual([
      'information mirrors-not-asked: Servers were not asked: whether objects are on them is unknown, 2 times',
    ]);
  });

  it('with a user in the URL have nothing, as for BitBake', async () => {
    makeObjects(store, ['x']);
    const judged = await judge({ SSTATE_MIRRORS: 'file://.* http://me:s3cret@127.0.0.1:1/PATH' }, SERVED);
    expect(new Set(said(judged))).toEqual(new Set(['missing']));
    expect(messages(judged)).toEqual([
      expect.stringMatching(
        /^warning mirror-account: The mirror file:\/\/\.\* http:\/\/127\.0\.0\.1:1\/PATH has a user in its URL/,
      ),
    ]);
    expect(JSON.stringify(judged)).not.toContain('s3cret');
  });
});

describe.skipIf(!HAS_NGINX)('objects on a real nginx (skipped without nginx and openssl)', () => {
  let nginx: Nginx;
  beforeAll(async () => {
    nginx = await startNginx(SERVED);
  }, 60_000);
  afterAll(() => nginx.stop());
  beforeEach(() => makeObjects(store, ['x']));
  const mirror = (path = '', tail = '') => ({
    SSTATE_MIRRORS: `file://.* http://${nginx.host}/${path}PATH${tail}`,
  });
  const found = (names: readonly string[], path = '') =>
    names.map((name) =>
      SERVED.includes(name) ? `mirror http://${nginx.host}/${path}${quoted(name)}` : 'missing',
    );

  it('are found, over few connections, and not asked for again while that is fresh', async () => {
    makeObjects(store, SERVED.slice(0, 5));
    const available = availability(mirror(), { connections: 4 });
    const before = nginx.requests().length;
    const verdicts = new Map<number, string>();
    const judged = await available.judge(pathsOf(NAMES), {
      onVerdict: (index, { kind }) => verdicts.set(index, kind),
    });
    expect(said(judged)).toEqual([...SERVED.slice(0, 5).map(() => 'local'), ...found(NAMES.slice(5))]);
    expect(judged.problems).toEqual([]);
    expect([...verdicts].sort(([a], [b]) => a - b).map(([, kind]) => kind)).toEqual(
      judged.presences.map(({ kind }) => kind),
    );
    const requests = nginx.requests().slice(before);
    // One more than there are objects: for a name that cannot be.
    expect(requests.map(({ line }) => line.split(' ')[0])).toEqual(Array(36).fill('HEAD'));
    expect(new Set(requests.map(({ connection }) => connection)).size).toBeLessThanOrEqual(4);
    expect(await available.judge(pathsOf(NAMES))).toEqual(judged);
    expect(nginx.requests().length).toBe(before + 36);
    available.forget();
    await available.judge(pathsOf(NAMES));
    expect(nginx.requests().length).toBe(before + 72);
  });

  it('are found behind redirects, and where HEAD is not allowed', async () => {
    expect(said(await judge(mirror('moved/', ';downloadfilename=PATH'), NAMES))).toEqual(
      found(NAMES, 'moved/'),
    );
    expect(said(await judge(mirror('nothead/'), NAMES))).toEqual(found(NAMES, 'nothead/'));
    expect(said(await judge(mirror('forbidden/'), NAMES.slice(0, 2)))).toEqual(['missing', 'missing']);
  });

  it.each([
    ['broken/', 'answers with status 500'],
    ['circle/', 'sends on in a circle'],
    ['yes/', 'says yes to names that cannot be: it does not tell what it has'],
  ])('are unknown where the server is at fault: %s', async (path, why) => {
    const judged = await judge(mirror(path), SERVED, { retries: 1 });
    expect(new Set(said(judged))).toEqual(new Set([`unknown: ${nginx.host} ${why}`]));
    expect(messages(judged)).toEqual([
      `warning mirror-failed: ${nginx.host} ${why}: whether 20 objects are on the mirror file://.* http://${nginx.host}/${path}PATH is unknown`,
    ]);
  });

  it('are found on the next mirror where one is at fault', async () => {
    const mirrors = `file://.* http://127.0.0.1:${await freePort()}/PATH file://.* http://${nginx.host}/PATH`;
    const judged = await judge({ SSTATE_MIRRORS: mirrors }, [...SERVED, ABSENT]);
    expect(said(judged).slice(0, 20)).toEqual(found(SERVED));
    expect(said(judged)[20]).toMatch(/^unknown: 127\.0\.0\.1:\d+ refuses the connection$/);
    expect(judged.problems).toHaveLength(1);
  });

  it('are found with the accounts of ~/.netrc and of parameters, which nobody gets to see', async () => {
    const refused = await judge(mirror('private/'), [...SERVED, ABSENT]);
    const wanted = `${nginx.host} wants a user and password (401): write them into ~/.netrc, which only you may read`;
    expect(new Set(said(refused))).toEqual(new Set([`unknown: ${wanted}`]));
    expect(refused.problems).toHaveLength(1);
    const given = await judge(mirror('private/', ';user=me;pswd=s3cret;downloadfilename=PATH'), [
      ...SERVED,
      ABSENT,
    ]);
    expect(said(given)).toEqual(found([...SERVED, ABSENT], 'private/'));
    const netrc = join(directory, '.netrc');
    writeFileSync(netrc, '# mine\nmachine 127.0.0.1 login me password s3cret\n', { mode: 0o600 });
    expect(said(await judge(mirror('private/'), [...SERVED, ABSENT]))).toEqual(
      found([...SERVED, ABSENT], 'private/'),
    );
    chmodSync(netrc, 0o644);
    expect(new Set(said(await judge(mirror('private/'), SERVED)))).toEqual(new Set([`unknown: ${wanted}`]));
    writeFileSync(netrc, 'machine 127.0.0.1 login me password wr0ng\n');
    chmodSync(netrc, 0o600);
    const wrong = await judge(mirror('private/', ';user=me;pswd=s3cret'), [...SERVED, ABSENT]);
    expect(new Set(said(wrong))).toEqual(new Set([`unknown: ${wanted}`]));
    expect(JSON.stringify([refused, given, wrong])).not.toMatch(/s3cret|wr0ng/);
  });

  it('are found over TLS with a certificate that is trusted, and only then', async () => {
    const values = { SSTATE_MIRRORS: `file://.* https://${nginx.secureHost}/PATH` };
    const untrusted = await judge(values, SERVED);
    expect(new Set(said(untrusted))).toEqual(
      new Set([
        `unknown: ${nginx.secureHost} has no certificate that this machine trusts (DEPTH_ZERO_SELF_SIGNED_CERT): add it to the system's, or name it in SSL_CERT_FILE`,
      ]),
    );
    expect(untrusted.problems).toHaveLength(1);
    const secure = found([...SERVED, ABSENT]).map((text) =>
      text.replace(`http://${nginx.host}`, `https://${nginx.secureHost}`),
    );
    const trusted = await judge({ ...values, SSL_CERT_FILE: nginx.certificate }, [...SERVED, ABSENT]);
    expect(said(trusted)).toEqual(secure);
    expect(said(await judge({ ...values, BB_CHECK_SSL_CERTS: '0' }, [...SERVED, ABSENT]))).toEqual(secure);
  });

  it('are asked for through the proxies of the environment, whose passwords nobody gets to see', async () => {
    const passed: string[] = [];
    const proxy = await serveRequests(
      (request, response) => {
        passed.push(`${request.method} ${request.headers['proxy-authorization'] ?? ''}`);
        const target = new URL(request.url ?? '');
        const other = joined(target.host);
        other.write(`${request.method} ${target.pathname} HTTP/1.0\r\nHost: ${target.host}\r\n\r\n`);
        let text = '';
        other.on('data', (bytes: Buffer) => (text += bytes.toString()));
        other.on('end', () => response.writeHead(Number(/ (\d+)/.exec(text)?.[1])).end());
      },
      (target, authorization, socket) => {
        passed.push(`CONNECT ${authorization ?? ''}`);
        const other = joined(target);
        other.on('connect', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
        other.pipe(socket).pipe(other);
        for (const end of [other, socket]) end.on('error', () => undefined);
      },
    );
    servers.push(proxy);
    const authorization = `Basic ${Buffer.from('me:s3cret').toString('base64')}`;
    const through = {
      http_proxy: `http://me:s3cret@${proxy.host}`,
      https_proxy: `http://me:s3cret@${proxy.host}`,
    };
    expect(said(await judge({ ...mirror(), ...through }, [...SERVED, ABSENT]))).toEqual(
      found([...SERVED, ABSENT]),
    );
    expect(passed).toEqual(Array(22).fill(`HEAD ${authorization}`));
    passed.length = 0;
    const secure = {
      SSTATE_MIRRORS: `file://.* https://${nginx.secureHost}/PATH`,
      SSL_CERT_FILE: nginx.certificate,
    };
    const tunnelled = await judge({ ...secure, ...through }, [SERVED[0]!, ABSENT]);
    expect(tunnelled.presences.map(({ kind }) => kind)).toEqual(['mirror', 'missing']);
    expect(new Set(passed)).toEqual(new Set([`CONNECT ${authorization}`]));
    passed.length = 0;
    expect(said(await judge({ ...mirror(), ...through, no_proxy: 'x, .0.0.1' }, SERVED))).toEqual(
      found(SERVED),
    );
    expect(passed).toEqual([]);
    const gone = { http_proxy: `http://me:s3cret@127.0.0.1:${await freePort()}` };
    const judged = await judge({ ...mirror(), ...gone }, SERVED);
    expect(judged.presences.every(({ kind }) => kind === 'unknown')).toBe(true);
    expect(judged.problems).toHaveLength(1);
    expect(JSON.stringify([judged, tunnelled])).not.toMatch(/s3cret|bWU6/);
  });

  it('keep what a user is told of BB_NO_NETWORK, which the check of BitBake does not heed', async () => {
    const judged = await judge(
      { ...mirror(), BB_NO_NETWORK: '1', BB_ALLOWED_NETWORKS: 'nobody.example' },
      NAMES,
    );
    expect(said(judged)).toEqual(found(NAMES));
    expect(messages(judged)).toEqual([
      expect.stringContaining('information no-network: BB_NO_NETWORK is set'),
    ]);
    expect(said(await judge({ ...mirror(), BB_ALLOWED_NETWORKS: 'nobody.example' }, SERVED))).toEqual(
      SERVED.map(() => 'missing'),
    );
  });

  it('are judged in time where each answer takes 20 ms longer', async () => {
    const late = await serveLate(nginx.host, 20);
    servers.push(late);
    const many = Array.from({ length: 600 }, (_, number) => nameOf(number));
    const judged = await judge({ SSTATE_MIRRORS: `file://.* http://${late.host}/PATH` }, many);
    expect(judged.presences.filter(({ kind }) => kind === 'mirror')).toHaveLength(20);
    expect(judged.presences.filter(({ kind }) => kind === 'missing')).toHaveLength(580);
    expect(judged.problems).toEqual([]);
  });
});

describe('servers at fault', () => {
  beforeEach(() => makeObjects(store, ['x']));

  async function against(
    each: Parameters<typeof serveSockets>[0],
    limits: Partial<MirrorLimits>,
    count = 20,
  ) {
    let connections = 0;
    const server = await serveSockets((socket) => {
      connections++;
      each(socket);
    });
    servers.push(server);
    const names = Array.from({ length: count }, (_, number) => nameOf(number));
    const judged = await judge({ SSTATE_MIRRORS: `file://.* http://${server.host}/PATH` }, names, limits);
    expect(judged.problems).toHaveLength(1);
    return {
      said: [...new Set(said(judged))].map((text) => text.replace(server.host, 'HOST')),
      connections: () => connections,
    };
  }

  it('that refuse are asked a few times only', async () => {
    const port = await freePort();
    const judged = await judge({ SSTATE_MIRRORS: `file://.* http://127.0.0.1:${port}/PATH` }, SERVED);
    expect(new Set(said(judged))).toEqual(new Set([`unknown: 127.0.0.1:${port} refuses the connection`]));
    expect(messages(judged)).toEqual([
      `warning mirror-failed: 127.0.0.1:${port} refuses the connection: whether 20 objects are on the mirror file://.* http://127.0.0.1:${port}/PATH is unknown`,
    ]);
  });

  it('that never answer hold nobody up for longer than one answer may take', async () => {
    const started = performance.now();
    const answer = await against(() => undefined, { answer: 1000, connections: 8 }, 3000);
    expect(answer.said).toEqual(['unknown: HOST does not answer within 1 s']);
    // Each of the 3,000 would take a second.
    expect(performance.now() - started).toBeLessThan(60_000);
    expect(answer.connections()).toBeLessThanOrEqual(32);
  });

  it('that answer piece by piece for ever are given up', async () => {
    const drip = (socket: { write(text: string): unknown; destroyed: boolean }) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(
        () => (socket.destroyed ? clearInterval(timer) : socket.write('X-More: 1\r\n')),
        50,
      );
    };
    const answer = await against(drip, { whole: 1500, connections: 8 });
    expect(answer.said).toHaveLength(1);
    expect(answer.said[0]).toMatch(/^unknown: HOST (does not answer within 1\.5 s|cannot be asked)/);
  });

  it('that close in the middle of an answer, or speak no HTTP, say nothing', async () => {
    const closing = await against((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 O')), {
      retries: 1,
    });
    expect(closing.said).toEqual(['unknown: HOST closes the connection before it has answered']);
    const nonsense = await against(
      (socket) => socket.once('data', () => socket.end('220 mail.example ESMTP\r\n')),
      { retries: 0 },
    );
    expect(nonsense.said).toEqual(['unknown: HOST answers what is no HTTP']);
  });

  it('may do better when they are asked again', async () => {
    const failed = new Set<string>();
    const server = await serveRequests((request, response) => {
      const first = !failed.has(request.url!);
      failed.add(request.url!);
      response
        .writeHead(
          first ? 503 : request.url!.includes('/0001') || request.url!.includes('%3A0001') ? 200 : 404,
        )
        .end();
    });
    servers.push(server);
    const judged = await judge(
      { SSTATE_MIRRORS: `file://.* http://${server.host}/PATH` },
      NAMES.slice(0, 3),
      { connections: 1 },
    );
    expect(judged.presences.map(({ kind }) => kind)).toEqual(['missing', 'mirror', 'missing']);
  });

  it('that send on elsewhere do not get others the password', async () => {
    const seen: string[] = [];
    const other = await serveRequests((request, response) => {
      seen.push(`other ${request.headers.authorization ?? 'nothing'}`);
      response.writeHead(404).end();
    });
    const first = await serveRequests((request, response) => {
      seen.push(`first ${request.headers.authorization ?? 'nothing'}`);
      response.writeHead(307, { location: `http://${other.host}${request.url}` }).end();
    });
    servers.push(other, first);
    const mirrors = `file://.* http://${first.host}/PATH;user=me;pswd=s3cret`;
    expect(said(await judge({ SSTATE_MIRRORS: mirrors }, SERVED.slice(0, 1)))).toEqual(['missing']);
    expect(seen).toEqual([`first Basic ${Buffer.from('me:s3cret').toString('base64')}`, 'other nothing']);
    const file = await serveRequests((_, response) =>
      response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    );
    servers.push(file);
    const judged = await judge({ SSTATE_MIRRORS: `file://.* http://${file.host}/PATH` }, SERVED.slice(0, 1));
    expect(said(judged)).toEqual([`unknown: ${file.host} sends on to what is no web address`]);
  });

  it('hold nobody who has had enough', async () => {
    const server = await serveSockets(() => undefined);
    servers.push(server);
    const controller = new AbortController();
    const judged = availability({ SSTATE_MIRRORS: `file://.* http://${server.host}/PATH` }).judge(
      pathsOf(SERVED),
      { signal: controller.signal },
    );
    setTimeout(() => controller.abort(new Error('enough')), 200);
    await expect(judged).rejects.toThrow('enough');
    await expect(availability({}).judge(pathsOf(SERVED), { signal: controller.signal })).rejects.toThrow(
      'enough',
    );
  });
});
