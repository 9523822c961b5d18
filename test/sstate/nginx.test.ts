/** Which objects a real nginx has, as we and as real BitBake find out. */
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HttpMirrors } from '../../server/src/host/mirrorClient.ts';
import { ABSENT, Judging, NAMES, SERVED, messages, nameOf, quoted, said, type Values } from './judging.ts';
import {
  freePort,
  HAS_NGINX,
  joined,
  makeObjects,
  type Nginx,
  serveLate,
  serveRequests,
  startNginx,
} from './servers.ts';

const own = new Judging();

describe.skipIf(!HAS_NGINX)('objects on a real nginx (skipped without nginx and openssl)', () => {
  let nginx: Nginx;
  beforeAll(async () => {
    nginx = await startNginx(SERVED);
  }, 60_000);
  afterAll(() => nginx.stop());
  beforeEach(() => makeObjects(own.store, ['x']));
  const mirror = (path = '', tail = '') => ({
    SSTATE_MIRRORS: `file://.* http://${nginx.host}/${path}PATH${tail}`,
  });
  const found = (names: readonly string[], path = '') =>
    names.map((name) =>
      SERVED.includes(name) ? `mirror http://${nginx.host}/${path}${quoted(name)}` : 'missing',
    );

  it('are found, over few connections, and not asked for again while that is fresh', async () => {
    makeObjects(own.store, SERVED.slice(0, 5));
    const available = own.availability(mirror(), { connections: 4 });
    const before = nginx.requests().length;
    const verdicts = new Map<number, string>();
    const judged = await available.judge(own.pathsOf(NAMES), {
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
    expect(await available.judge(own.pathsOf(NAMES))).toEqual(judged);
    expect(nginx.requests().length).toBe(before + 36);
    available.forget();
    await available.judge(own.pathsOf(NAMES));
    expect(nginx.requests().length).toBe(before + 72);
  });

  it('are found behind redirects, and where HEAD is not allowed', async () => {
    expect(said(await own.judge(mirror('moved/', ';downloadfilename=PATH'), NAMES))).toEqual(
      found(NAMES, 'moved/'),
    );
    expect(said(await own.judge(mirror('nothead/'), NAMES))).toEqual(found(NAMES, 'nothead/'));
    expect(said(await own.judge(mirror('forbidden/'), NAMES.slice(0, 2)))).toEqual(['missing', 'missing']);
  });

  it.each([
    ['broken/', 'answers with status 500'],
    ['circle/', 'sends on in a circle'],
    ['yes/', 'says yes to names that cannot be: it does not tell what it has'],
  ])('are unknown where the server is at fault: %s', async (path, why) => {
    const judged = await own.judge(mirror(path), SERVED, { retries: 1 });
    expect(new Set(said(judged))).toEqual(new Set([`unknown: ${nginx.host} ${why}`]));
    expect(messages(judged)).toEqual([
      `warning mirror-failed: ${nginx.host} ${why}: whether 20 objects are on the mirror file://.* http://${nginx.host}/${path}PATH is unknown`,
    ]);
  });

  it('are found on the next mirror where one is at fault', async () => {
    const mirrors = `file://.* http://127.0.0.1:${await freePort()}/PATH file://.* http://${nginx.host}/PATH`;
    const judged = await own.judge({ SSTATE_MIRRORS: mirrors }, [...SERVED, ABSENT]);
    expect(said(judged).slice(0, 20)).toEqual(found(SERVED));
    expect(said(judged)[20]).toMatch(/^unknown: 127\.0\.0\.1:\d+ refuses the connection$/);
    expect(judged.problems).toHaveLength(1);
  });

  it('are found with the accounts of ~/.netrc and of parameters, which nobody gets to see', async () => {
    const refused = await own.judge(mirror('private/'), [...SERVED, ABSENT]);
    const wanted = `${nginx.host} wants a user and password (401): write them into ~/.netrc, which only you may read`;
    expect(new Set(said(refused))).toEqual(new Set([`unknown: ${wanted}`]));
    expect(refused.problems).toHaveLength(1);
    const given = await own.judge(mirror('private/', ';user=me;pswd=s3cret;downloadfilename=PATH'), [
      ...SERVED,
      ABSENT,
    ]);
    expect(said(given)).toEqual(found([...SERVED, ABSENT], 'private/'));
    const netrc = join(own.directory, '.netrc');
    writeFileSync(netrc, '# mine\nmachine 127.0.0.1 login me password s3cret\n', { mode: 0o600 });
    expect(said(await own.judge(mirror('private/'), [...SERVED, ABSENT]))).toEqual(
      found([...SERVED, ABSENT], 'private/'),
    );
    chmodSync(netrc, 0o644);
    expect(new Set(said(await own.judge(mirror('private/'), SERVED)))).toEqual(
      new Set([`unknown: ${wanted}`]),
    );
    writeFileSync(netrc, 'machine 127.0.0.1 login me password wr0ng\n');
    chmodSync(netrc, 0o600);
    const wrong = await own.judge(mirror('private/', ';user=me;pswd=s3cret'), [...SERVED, ABSENT]);
    expect(new Set(said(wrong))).toEqual(new Set([`unknown: ${wanted}`]));
    expect(JSON.stringify([refused, given, wrong])).not.toMatch(/s3cret|wr0ng/);
  });

  it('are found over TLS with a certificate that is trusted, and only then', async () => {
    const values = { SSTATE_MIRRORS: `file://.* https://${nginx.secureHost}/PATH` };
    const untrusted = await own.judge(values, SERVED);
    expect(new Set(said(untrusted))).toEqual(
      new Set([
        `unknown: ${nginx.secureHost} has no certificate that this machine trusts (DEPTH_ZERO_SELF_SIGNED_CERT): add it to the system's, or name it in SSL_CERT_FILE`,
      ]),
    );
    expect(untrusted.problems).toHaveLength(1);
    const secure = found([...SERVED, ABSENT]).map((text) =>
      text.replace(`http://${nginx.host}`, `https://${nginx.secureHost}`),
    );
    const trusted = await own.judge({ ...values, SSL_CERT_FILE: nginx.certificate }, [...SERVED, ABSENT]);
    expect(said(trusted)).toEqual(secure);
    expect(said(await own.judge({ ...values, BB_CHECK_SSL_CERTS: '0' }, [...SERVED, ABSENT]))).toEqual(
      secure,
    );
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
    own.servers.push(proxy);
    const authorization = `Basic ${Buffer.from('me:s3cret').toString('base64')}`;
    const through = {
      http_proxy: `http://me:s3cret@${proxy.host}`,
      https_proxy: `http://me:s3cret@${proxy.host}`,
    };
    expect(said(await own.judge({ ...mirror(), ...through }, [...SERVED, ABSENT]))).toEqual(
      found([...SERVED, ABSENT]),
    );
    expect(passed).toEqual(Array(22).fill(`HEAD ${authorization}`));
    passed.length = 0;
    const secure = {
      SSTATE_MIRRORS: `file://.* https://${nginx.secureHost}/PATH`,
      SSL_CERT_FILE: nginx.certificate,
    };
    const tunnelled = await own.judge({ ...secure, ...through }, [SERVED[0]!, ABSENT]);
    expect(tunnelled.presences.map(({ kind }) => kind)).toEqual(['mirror', 'missing']);
    expect(new Set(passed)).toEqual(new Set([`CONNECT ${authorization}`]));
    passed.length = 0;
    expect(said(await own.judge({ ...mirror(), ...through, no_proxy: 'x, .0.0.1' }, SERVED))).toEqual(
      found(SERVED),
    );
    expect(passed).toEqual([]);
    const gone = { http_proxy: `http://me:s3cret@127.0.0.1:${await freePort()}` };
    const judged = await own.judge({ ...mirror(), ...gone }, SERVED);
    expect(judged.presences.every(({ kind }) => kind === 'unknown')).toBe(true);
    expect(judged.problems).toHaveLength(1);
    expect(JSON.stringify([judged, tunnelled])).not.toMatch(/s3cret|bWU6/);
  });

  it('keep what a user is told of BB_NO_NETWORK, which the check of BitBake does not heed', async () => {
    const judged = await own.judge(
      { ...mirror(), BB_NO_NETWORK: '1', BB_ALLOWED_NETWORKS: 'nobody.example' },
      NAMES,
    );
    expect(said(judged)).toEqual(found(NAMES));
    expect(messages(judged)).toEqual([
      expect.stringContaining('information no-network: BB_NO_NETWORK is set'),
    ]);
    expect(said(await own.judge({ ...mirror(), BB_ALLOWED_NETWORKS: 'nobody.example' }, SERVED))).toEqual(
      SERVED.map(() => 'missing'),
    );
  });

  it('have files beside them that are read up to a size, with the same accounts and faults', async () => {
    writeFileSync(join(nginx.store, 'small.siginfo'), 'x'.repeat(100));
    writeFileSync(join(nginx.store, 'empty.siginfo'), '');
    const environment = { HOME: own.directory };
    const servers = new HttpMirrors({ environment, checksCertificates: true }, '2.8.0');
    const read = async (path: string, user = '', password = '', most = 100) => {
      const request = { url: `http://${nginx.host}/${path}`, user, password, mirror: path };
      const answer = await servers.read(request, most);
      return answer instanceof Uint8Array ? Buffer.from(answer).toString() : answer;
    };
    try {
      expect(await read('small.siginfo')).toBe('x'.repeat(100));
      expect(await read('moved/small.siginfo')).toBe('x'.repeat(100));
      expect(await read('empty.siginfo')).toBe('');
      expect(await read('none.siginfo')).toBe(false);
      expect(await read('small.siginfo', '', '', 99)).toEqual({
        unknown: `${nginx.host} sends more than 99 bytes`,
      });
      expect(await read('circle/small.siginfo')).toEqual({ unknown: `${nginx.host} sends on in a circle` });
      writeFileSync(join(own.directory, '.netrc'), '', { mode: 0o600 });
      expect(await read('private/small.siginfo')).toEqual({
        unknown: expect.stringContaining('wants a user and password (401)') as string,
      });
      expect(await read('private/small.siginfo', 'me', 's3cret')).toBe('x'.repeat(100));
    } finally {
      await servers.close();
    }
  });

  it('are judged in time where each answer takes 20 ms longer', async () => {
    const late = await serveLate(nginx.host, 20);
    own.servers.push(late);
    const many = Array.from({ length: 600 }, (_, number) => nameOf(number));
    const judged = await own.judge({ SSTATE_MIRRORS: `file://.* http://${late.host}/PATH` }, many);
    expect(judged.presences.filter(({ kind }) => kind === 'mirror')).toHaveLength(20);
    expect(judged.presences.filter(({ kind }) => kind === 'missing')).toHaveLength(580);
    expect(judged.problems).toEqual([]);
  });
});

/** A checkout of OE-Core with BitBake in it. */
const OE_CORE = process.env['SSTATE_LENS_OE_CORE'];

describe.skipIf(!HAS_NGINX || OE_CORE === undefined)(
  "objects on a real nginx and real BitBake's fetcher (SSTATE_LENS_OE_CORE)",
  () => {
    let nginx: Nginx;
    beforeAll(async () => {
      nginx = await startNginx(SERVED);
    }, 60_000);
    afterAll(() => nginx.stop());

    it('are found by both or by none', { timeout: 300_000 }, async () => {
      makeObjects(own.store, ['x']);
      writeFileSync(join(own.directory, '.netrc'), 'machine localhost login me password s3cret\n', {
        mode: 0o600,
      });
      const [, port = ''] = nginx.host.split(':');
      const [, securePort = ''] = nginx.secureHost.split(':');
      const plain = `http://${nginx.host}`;
      const cases: readonly Values[] = [
        { SSTATE_MIRRORS: `file://.* ${plain}/PATH` },
        { SSTATE_MIRRORS: `file://.* ${plain}/PATH;downloadfilename=PATH`, BB_NO_NETWORK: '1' },
        { SSTATE_MIRRORS: `file://.* ${plain}/moved/PATH` },
        { SSTATE_MIRRORS: `file://.* ${plain}/nothead/PATH` },
        { SSTATE_MIRRORS: `file://.* ${plain}/forbidden/PATH` },
        { SSTATE_MIRRORS: `file://.* ${plain}/private/PATH` },
        { SSTATE_MIRRORS: `file://.* ${plain}/private/PATH;user=me;pswd=s3cret` },
        { SSTATE_MIRRORS: `file://.* ${plain}/private/PATH;user=me;pswd=wr0ng` },
        { SSTATE_MIRRORS: `file://.* http://me:s3cret@${nginx.host}/private/PATH` },
        { SSTATE_MIRRORS: `file://.* http://me@${nginx.host}/PATH` },
        { SSTATE_MIRRORS: `file://.* http://localhost:${port}/private/PATH;user=me;pswd=wr0ng` },
        { SSTATE_MIRRORS: `file://.* ${plain}/broken/PATH` },
        { SSTATE_MIRRORS: `file://.* ${plain}/broken/PATH file://.* ${plain}/PATH` },
        { SSTATE_MIRRORS: `file://.* ${plain}/circle/PATH` },
        { SSTATE_MIRRORS: `file://.* https://${nginx.secureHost}/PATH` },
        { SSTATE_MIRRORS: `file://.* https://${nginx.secureHost}/PATH`, SSL_CERT_FILE: nginx.certificate },
        { SSTATE_MIRRORS: `file://.* https://localhost:${securePort}/PATH`, BB_CHECK_SSL_CERTS: '0' },
        { SSTATE_MIRRORS: `file://.* ${plain}/PATH`, BB_ALLOWED_NETWORKS: '*.example localhost' },
        { SSTATE_MIRRORS: `file://.* ${plain}/PATH`, http_proxy: `http://127.0.0.1:${await freePort()}` },
        {
          SSTATE_MIRRORS: `file://.* ${plain}/PATH`,
          http_proxy: `http://127.0.0.1:${await freePort()}`,
          no_proxy: 'a.example,127.0.0.1',
        },
        { SSTATE_MIRRORS: `file://(..)/.* ${plain}/\\1/` },
        { SSTATE_MIRRORS: 'file://( http://m.example/PATH' },
      ];
      const names = [SERVED[0]!, SERVED[7]!, ABSENT];
      const questions = cases.map((values) => ({
        values: { SSTATE_DIR: own.store, HOME: own.directory, PN: 'defaultpkgname', ...values },
        names,
      }));
      const run = spawnSync(
        '/usr/bin/python3',
        [join(import.meta.dirname, 'checkstatus.py'), `${OE_CORE}/bitbake`],
        {
          input: JSON.stringify(questions),
        },
      );
      const theirs = JSON.parse(run.stdout.toString()) as (boolean | string)[][];
      const ours: unknown[][] = [];
      for (const values of cases)
        ours.push((await own.judge(values, names)).presences.map(({ kind }) => kind));
      const different = cases.flatMap((values, number) => {
        const expected = theirs[number]!.map((answer) => answer === true);
        const got = ours[number]!.map((kind) => kind === 'mirror');
        return JSON.stringify(expected) === JSON.stringify(got)
          ? []
          : [{ values, theirs: theirs[number], ours: ours[number] }];
      });
      expect(different).toEqual([]);
      // Not all are alike.
      expect(theirs.filter(([first]) => first === true).length).toBeGreaterThan(7);
    });
  },
);
