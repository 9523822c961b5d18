/**
 * Hash equivalence servers: BitBake's own, where SSTATE_LENS_OE_CORE names a checkout, and one of ours that does what
 * the real one cannot be made to do.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { HashServer, type HashServerOptions } from '../../server/src/host/hashServer.ts';
import { addressWithoutSecrets, parseServerAddress } from '../../server/src/host/messageStream.ts';
import type { HashServerPlace } from '../../server/src/sstate/equivalenceSettings.ts';

const PLACE = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-')));
const [A, B, C, D] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(64)) as [
  string,
  string,
  string,
  string,
];
const METHOD = 'oe.sstatesig.OEOuthashBasic';
const closing: (() => void)[] = [];

afterEach(() => closing.splice(0).forEach((close) => close()));
afterAll(() => rmSync(PLACE, { recursive: true }));

function ask(
  address: string,
  taskhashes: readonly string[],
  more: Partial<HashServerPlace> = {},
  options: HashServerOptions = { limits: { line: 20_000 } },
  signal?: AbortSignal,
) {
  const server = new HashServer(
    { address, variable: 'BB_HASHSERVE', credentials: undefined, certificates: undefined, ...more },
    options,
  );
  closing.push(() => server.dispose());
  return server.unihashes(
    taskhashes.map((taskhash) => ({ method: METHOD, taskhash })),
    signal,
  );
}

/** A server of ours. @param talk gets a connection, and each line that comes in */
async function listen(talk: (socket: Socket, line: string) => void, path?: string): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', (line) => talk(socket, line));
  });
  await new Promise<void>((resolve) => {
    if (path === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(path, resolve);
  });
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return path === undefined ? `127.0.0.1:${(server.address() as AddressInfo).port}` : `unix://${path}`;
}

/** What a server does that knows some unihashes. @param instead does its part first; true: it was enough */
function talking(
  known: Readonly<Record<string, string>>,
  instead?: (socket: Socket, line: string) => boolean,
) {
  return (socket: Socket, line: string) => {
    if (instead?.(socket, line)) return;
    if (line === '{"get-stream":null}') socket.write('"ok"\n');
    else if (line.startsWith(METHOD)) socket.write(`${known[line.slice(METHOD.length + 1)] ?? ''}\n`);
  };
}

const said = (address: string, text: string) =>
  `the hash equivalence server ${address} (BB_HASHSERVE) ${text}`;

describe('a hash equivalence server', () => {
  it('answers all questions, in their order', async () => {
    const address = await listen(talking({ [A]: C, [B]: D }));
    expect(await ask(address, [A, D, B])).toEqual([C, undefined, D]);
  });

  it('is asked again on another connection, once, where it closes one', async () => {
    let connections = 0;
    const flaky = (socket: Socket, line: string) => {
      if (line.startsWith('OEHASHEQUIV')) connections++;
      if (connections > 1 || !line.endsWith(B)) return false;
      socket.destroy();
      return true;
    };
    expect(await ask(await listen(talking({ [A]: C, [B]: D }, flaky)), [A, B])).toEqual([C, D]);
    expect(connections).toBe(2);
  });

  it('that closes in the middle of its answers is told of', async () => {
    const address = await listen(
      talking({ [A]: C }, (socket, line) => {
        if (!line.endsWith(B)) return false;
        socket.end(D.slice(0, 10));
        return true;
      }),
    );
    await expect(ask(address, [A, B])).rejects.toThrow(
      said(address, 'does not answer: it closed the connection'),
    );
  });

  it('that refuses the connection is told of', async () => {
    const address = await listen(() => undefined);
    closing.splice(0).forEach((close) => close());
    await expect(ask(address, [A])).rejects.toThrow(said(address, 'does not answer: ECONNREFUSED'));
    const path = join(PLACE, 'none.sock');
    await expect(ask(`unix://${path}`, [A])).rejects.toThrow(
      said(`unix://${path}`, 'does not answer: ENOENT'),
    );
  });

  it.each([
    ['a line that is no unihash', () => `${'A'.repeat(64)}\n`],
    ['a page', () => 'HTTP/1.1 400 Bad Request\r\n\r\n<html>\n'],
  ])('that answers with %s is told of', async (_, answer) => {
    const address = await listen(
      talking({}, (socket, line) => {
        if (!line.endsWith(A)) return false;
        socket.write(answer());
        return true;
      }),
    );
    await expect(ask(address, [A])).rejects.toThrow(said(address, 'answers with what is no unihash'));
  });

  it('that says something else than ok, or nothing of the protocol, is told of', async () => {
    for (const answer of ['"no"\n', 'HTTP/1.1 400\n', '\n']) {
      const address = await listen(
        (socket, line) => void (line.includes('get-stream') && socket.write(answer)),
      );
      await expect(ask(address, [A])).rejects.toThrow(said(address, 'answers with what is no unihash'));
    }
  });

  it('that sends a line without end is told of', { timeout: 60_000 }, async () => {
    const address = await listen((socket, line) => {
      if (line.includes('get-stream')) socket.write('"'.padEnd(6 * 1024 * 1024, 'x'));
    });
    await expect(ask(address, [A])).rejects.toThrow(
      said(address, 'does not answer: it sends a line without end'),
    );
  });

  it('that is silent, or too slow for all answers, is told of when the time is up', async () => {
    const silent = await listen(() => undefined);
    await expect(ask(silent, [A], {}, { limits: { line: 100 } })).rejects.toThrow(
      said(silent, 'does not answer: no answer within 0.1 s'),
    );
    const slow = await listen(
      talking({}, (socket, line) => {
        if (line.startsWith(METHOD)) setTimeout(() => socket.write('\n'), 150);
        return line.startsWith(METHOD);
      }),
    );
    const server = new HashServer(
      { address: slow, variable: 'BB_HASHSERVE', credentials: undefined, certificates: undefined },
      { limits: { line: 10_000, all: 300 } },
    );
    closing.push(() => server.dispose());
    const rounds = async () => {
      for (let round = 0; round < 10; round++) await server.unihashes([{ method: METHOD, taskhash: A }]);
    };
    await expect(rounds()).rejects.toThrow(
      /^the hash equivalence server .* does not answer: (not all|no) answers? /,
    );
  });

  it('is left when the question is cancelled', async () => {
    const abort = new AbortController();
    const address = await listen(
      (_, line) => void (line.includes('get-stream') && abort.abort(new Error('enough'))),
    );
    await expect(ask(address, [A], {}, {}, abort.signal)).rejects.toThrow('enough');
  });

  it('gets a name and a password, which no message has', async () => {
    const seen: string[] = [];
    const refusing = await listen((socket, line) => {
      seen.push(line);
      if (line.includes('auth'))
        socket.end('{"invoke-error": {"message": "Unable to authenticate me with hunter2"}}\n');
    });
    const credentials = { username: 'me', password: 'hunter2' };
    const refused = ask(refusing, [A], { credentials });
    await expect(refused).rejects.toThrow(said(refusing, 'refuses to answer: set BB_HASHSERVE_USERNAME'));
    await expect(refused).rejects.not.toThrow(/hunter2/);
    expect(seen).toEqual(['OEHASHEQUIV 1.1', '', '{"auth":{"username":"me","token":"hunter2"}}']);
  });

  it('may answer in pieces', async () => {
    const address = await listen(
      talking({ [A]: C }, (socket, line) => {
        if (!line.includes('auth')) return false;
        socket.write('{"chunk-stream": null}\n{"result": \ntrue}\n\n');
        return true;
      }),
    );
    expect(await ask(address, [A], { credentials: { username: 'me', password: 'p' } })).toEqual([C]);
  });

  it('gets what .netrc has for its address', async () => {
    const home = join(PLACE, 'home');
    mkdirSync(home);
    const seen: string[] = [];
    const address = await listen(
      talking({ [A]: C }, (socket, line) => {
        seen.push(line);
        if (!line.includes('auth')) return false;
        socket.write('{"result": true}\n');
        return true;
      }),
    );
    writeFileSync(
      join(home, '.netrc'),
      `machine other login x password y\nmachine ${address} login me password p\n`,
    );
    chmodSync(join(home, '.netrc'), 0o600);
    expect(await ask(address, [A], { credentials: 'netrc' }, { home })).toEqual([C]);
    expect(seen).toContain('{"auth":{"username":"me","token":"p"}}');
  });

  it('may have a socket with a long path', async () => {
    const directory = join(PLACE, 'long'.repeat(30));
    mkdirSync(directory);
    const short = join(PLACE, 's');
    await listen(talking({ [A]: C }), short);
    execFileSync('ln', [short, join(directory, 'hashserve.sock')]);
    expect(await ask(`unix://${directory}/hashserve.sock`, [A])).toEqual([C]);
  });

  it('may be a websocket, with a message for each line', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    closing.push(() => server.close());
    await new Promise((resolve) => server.on('listening', resolve));
    server.on('connection', (socket) => {
      socket.on('message', (data) => {
        const line = (data as Buffer).toString();
        if (line.includes('get-stream')) socket.send('"ok"');
        else if (line === `${METHOD} ${A}`) socket.send(C);
        else if (line.startsWith(METHOD)) socket.terminate();
      });
    });
    const address = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await ask(address, [A])).toEqual([C]);
    await expect(ask(address, [A, B])).rejects.toThrow(
      said(address, 'does not answer: it closed the connection'),
    );
    const secret = address.replace('ws://', 'ws://me:hunter2@');
    await expect(ask(secret, [B])).rejects.toThrow(said(address, 'does not answer'));
    const plain = await listen((socket) => void socket.write('nonsense\n'));
    await expect(ask(`ws://${plain}`, [A])).rejects.toThrow(said(`ws://${plain}`, 'does not answer: '));
    await expect(ask(`wss://${plain}`, [A])).rejects.toThrow(said(`wss://${plain}`, 'does not answer: '));
  });
});

describe('the address of a server', () => {
  it('is what BitBake takes for one', () => {
    expect(parseServerAddress('unix:///b/hashserve.sock')).toEqual({
      kind: 'unix',
      path: '/b/hashserve.sock',
    });
    expect(parseServerAddress('host:8686')).toEqual({ kind: 'tcp', host: 'host', port: 8686 });
    expect(parseServerAddress('[::1]:8686')).toEqual({ kind: 'tcp', host: '::1', port: 8686 });
    expect(parseServerAddress('wss://host/ws')).toEqual({ kind: 'websocket', url: 'wss://host/ws' });
    for (const wrong of ['host', 'host:', 'a:b:1', 'host:x', 'ws://', 'http://host:1'])
      expect(parseServerAddress(wrong), wrong).toBeUndefined();
  });

  it('is told without what may be secret', () => {
    expect(addressWithoutSecrets('wss://me:p@host/ws?token=1')).toBe('wss://host/ws?…');
  });
});

const TOP = process.env['SSTATE_LENS_OE_CORE'] ?? '';
const BITBAKE = join(TOP, 'bitbake');
const hasWebsockets = () => {
  try {
    execFileSync('python3', ['-c', 'import websockets'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

describe.skipIf(!TOP || !existsSync(BITBAKE))("BitBake's own server (SSTATE_LENS_OE_CORE)", () => {
  const children: ChildProcess[] = [];
  afterEach(() => children.splice(0).forEach((child) => child.stdin!.end()));

  async function start(address: string, options: Record<string, unknown>) {
    const database = join(mkdtempSync(join(PLACE, 'db-')), 'hashserv.db');
    const child = spawn(
      '/usr/bin/python3',
      [join(import.meta.dirname, 'hashServer.py'), BITBAKE, address, database, JSON.stringify(options)],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    children.push(child);
    const line = (await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next())
      .value as string;
    return JSON.parse(line) as { address: string; token: string | null };
  }

  const rows = [
    [METHOD, A, C],
    [METHOD, B, D],
  ];
  const addresses = ['unix', '127.0.0.1:0', ...(hasWebsockets() ? ['ws://127.0.0.1:0'] : [])];

  it.each(addresses)('answers at %s, with credentials and without', { timeout: 60_000 }, async (kind) => {
    const place = () => (kind === 'unix' ? `unix://${mkdtempSync(join(PLACE, 's-'))}/s` : kind);
    const open = await start(place(), { rows });
    expect(await ask(open.address, [A, METHOD, B])).toEqual([C, undefined, D]);
    const many = Array.from({ length: 3000 }, (_, n) => (n % 3 === 0 ? A : n.toString(16).padStart(64, '0')));
    expect((await ask(open.address, many)).filter((unihash) => unihash === C)).toHaveLength(1000);
    const guarded = await start(place(), { rows, user: 'me' });
    await expect(ask(guarded.address, [A])).rejects.toThrow(said(guarded.address, 'refuses to answer'));
    const wrong = { credentials: { username: 'me', password: 'wrong' } };
    await expect(ask(guarded.address, [A], wrong)).rejects.toThrow(
      said(guarded.address, 'refuses to answer'),
    );
    const right = { credentials: { username: 'me', password: guarded.token! } };
    expect(await ask(guarded.address, [A, B], right)).toEqual([C, D]);
  });

  it('asks one that only reads in its turn', { timeout: 60_000 }, async () => {
    const upstream = await start('127.0.0.1:0', { rows: [[METHOD, A, C]], read_only: true });
    const own = await start('127.0.0.1:0', { rows: [[METHOD, B, D]], upstream: upstream.address });
    expect(await ask(own.address, [A, B, C])).toEqual([C, D, C]);
    expect(await ask(upstream.address, [B])).toEqual([undefined]);
  });
});
