/**
 * Servers for tests of mirrors: a real nginx over a directory of objects, and servers of our own for what nginx cannot
 * be made to do.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Where there is one: a user who is not root may not have its directory among the others. */
const NGINX = ['nginx', '/usr/sbin/nginx'].find((name) => spawnSync(name, ['-v']).status === 0);
export const HAS_NGINX = NGINX !== undefined && spawnSync('openssl', ['version']).status === 0;

export interface Nginx {
  /** `127.0.0.1:PORT`, of HTTP and of HTTPS. */
  readonly host: string;
  readonly secureHost: string;
  /** What it serves under `/`. */
  readonly store: string;
  /** The certificate of HTTPS, which is its own authority, in a file. */
  readonly certificate: string;
  /** Each request so far: its line, the status, and the number of the connection. */
  requests(): { readonly line: string; readonly status: number; readonly connection: string }[];
  stop(): Promise<void>;
}

/** Names and contents of what the tests ask for under these paths of the server. */
const LOCATIONS = (store: string, users: string) => `
  location /broken/ { return 500; }
  location /circle/ { return 302 /circle/again; }
  location /moved/ { rewrite ^/moved/(.*)$ /$1 redirect; }
  location /elsewhere/ { return 301 http://$arg_host/; }
  location /yes/ { return 200 "<html>Welcome to the hotel</html>"; }
  location /nothead/ { if ($request_method = HEAD) { return 405; } alias ${store}/; }
  location /forbidden/ { return 403; }
  location /private/ { auth_basic "objects"; auth_basic_user_file ${users}; alias ${store}/; }
`;

/** @param names of objects to begin with, which are empty */
export async function startNginx(names: readonly string[]): Promise<Nginx> {
  const directory = mkdtempSync(join(tmpdir(), 'sstate-lens-nginx-'));
  const store = join(directory, 'store');
  makeObjects(store, names);
  const [port, securePort] = [await freePort(), await freePort()];
  const certificate = join(directory, 'certificate.pem');
  const key = join(directory, 'key.pem');
  execFileSync(
    'openssl',
    `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout ${key} -out ${certificate}`.split(
      ' ',
    ),
    { stdio: 'ignore' },
  );
  const users = join(directory, 'users');
  writeFileSync(users, 'me:{PLAIN}s3cret\n');
  const log = join(directory, 'access.log');
  writeFileSync(log, '');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${directory}/${name};`,
  );
  writeFileSync(
    join(directory, 'nginx.conf'),
    `daemon off; master_process off; pid ${directory}/pid; error_log ${directory}/error.log;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 1024; }
http {
  ${temporary.join('\n  ')}
  log_format plain '$status $connection $request';
  access_log ${log} plain;
  keepalive_requests 100000;
  root ${store};
  server { listen 127.0.0.1:${port}; ${LOCATIONS(store, users)} }
  server { listen 127.0.0.1:${securePort} ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key}; }
}
`,
  );
  const child = spawn(NGINX!, ['-p', directory, '-c', 'nginx.conf', '-e', 'error.log'], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (const one of [port, securePort]) await reachable(one, ended, join(directory, 'error.log'));
  return {
    host: `127.0.0.1:${port}`,
    secureHost: `127.0.0.1:${securePort}`,
    store,
    certificate,
    requests: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((text) => {
          const [status = '', connection = '', ...line] = text.split(' ');
          return { line: line.join(' '), status: Number(status), connection };
        }),
    async stop() {
      child.kill('SIGKILL');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Empty files: objects enough for BitBake's check. */
export function makeObjects(store: string, names: readonly string[]): void {
  mkdirSync(store, { recursive: true });
  const made = new Set<string>();
  for (const name of names) {
    const path = join(store, name);
    const parent = dirname(path);
    if (!made.has(parent)) mkdirSync(parent, { recursive: true });
    made.add(parent);
    writeFileSync(path, '');
  }
}

export interface TestServer {
  readonly host: string;
  close(): Promise<void>;
}

/** A server that does this with each connection. */
export function serveSockets(each: (socket: Socket) => void): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    each(socket);
  });
  return listening(server, () => {
    for (const socket of sockets) socket.destroy();
  });
}

/** The same with each request, and with each request for a tunnel. */
export function serveRequests(
  each: RequestListener,
  tunnel?: (target: string, authorization: string | undefined, socket: Socket) => void,
): Promise<TestServer> {
  const server = createHttpServer(each);
  server.on('connect', (request, socket) =>
    tunnel?.(request.url ?? '', request.headers['proxy-authorization'], socket as Socket),
  );
  return listening(server, () => server.closeAllConnections());
}

/** Passes everything on to another server, each piece of a request some milliseconds later. */
export function serveLate(target: string, milliseconds: number): Promise<TestServer> {
  return serveSockets((socket) => {
    const other = joined(target);
    other.on('error', () => socket.destroy());
    socket.on('close', () => other.destroy());
    socket.on('data', (bytes) => setTimeout(() => other.write(bytes), milliseconds));
    other.pipe(socket);
  });
}

/** A connection to `HOST:PORT`. */
export function joined(target: string): Socket {
  const [host = '', port] = target.split(':');
  return connect(Number(port), host).setNoDelay(true);
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = await serveSockets(() => undefined);
  await server.close();
  return Number(server.host.split(':')[1]);
}

async function listening(server: Server, end: () => void): Promise<TestServer> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        end();
      }),
  };
}

async function reachable(port: number, ended: Promise<void>, log: string): Promise<void> {
  let over = false;
  void ended.then(() => (over = true));
  for (;;) {
    if (over) throw new Error(`nginx has ended: ${readFileSync(log, 'utf8')}`);
    const connected = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (connected) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
