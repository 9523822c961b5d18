/** What is said of objects on servers at fault. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { MirrorLimits } from '../../server/src/host/mirrorClient.ts';
import { Judging, NAMES, SERVED, messages, nameOf, said } from './judging.ts';
import { freePort, makeObjects, serveRequests, serveSockets } from './servers.ts';

const own = new Judging();

describe('servers at fault', () => {
  beforeEach(() => makeObjects(own.store, ['x']));

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
    own.servers.push(server);
    const names = Array.from({ length: count }, (_, number) => nameOf(number));
    const judged = await own.judge({ SSTATE_MIRRORS: `file://.* http://${server.host}/PATH` }, names, limits);
    expect(judged.problems).toHaveLength(1);
    return {
      said: [...new Set(said(judged))].map((text) => text.replace(server.host, 'HOST')),
      connections: () => connections,
    };
  }

  it('that refuse are asked a few times only', async () => {
    const port = await freePort();
    const judged = await own.judge({ SSTATE_MIRRORS: `file://.* http://127.0.0.1:${port}/PATH` }, SERVED);
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
    own.servers.push(server);
    const judged = await own.judge(
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
    own.servers.push(other, first);
    const mirrors = `file://.* http://${first.host}/PATH;user=me;pswd=s3cret`;
    expect(said(await own.judge({ SSTATE_MIRRORS: mirrors }, SERVED.slice(0, 1)))).toEqual(['missing']);
    expect(seen).toEqual([`first Basic ${Buffer.from('me:s3cret').toString('base64')}`, 'other nothing']);
    const file = await serveRequests((_, response) =>
      response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    );
    own.servers.push(file);
    const judged = await own.judge(
      { SSTATE_MIRRORS: `file://.* http://${file.host}/PATH` },
      SERVED.slice(0, 1),
    );
    expect(said(judged)).toEqual([`unknown: ${file.host} sends on to what is no web address`]);
  });

  it('hold nobody who has had enough', async () => {
    const server = await serveSockets(() => undefined);
    own.servers.push(server);
    const controller = new AbortController();
    const judged = own
      .availability({ SSTATE_MIRRORS: `file://.* http://${server.host}/PATH` })
      .judge(own.pathsOf(SERVED), { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 200);
    await expect(judged).rejects.toThrow('enough');
    await expect(
      own.availability({}).judge(own.pathsOf(SERVED), { signal: controller.signal }),
    ).rejects.toThrow('enough');
  });
});
