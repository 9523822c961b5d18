/**
 * Lines to and from a server that speaks BitBake's asyncrpc, over a unix socket, TCP or a websocket.
 *
 * Follows `bb/asyncrpc/client.py: parse_address, AsyncClient.connect_*` and `bb/asyncrpc/connection.py`: on a socket a
 * line ends with a newline, on a websocket each line is a message. Nothing of what is sent is part of an error.
 */
import { closeSync, openSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { WebSocket } from 'ws';

/** Longer lines are no answers. */
const LONGEST_LINE = 4 * 1024 * 1024;
/** The longest path that fits into the address of a unix socket, with a byte to spare. */
const LONGEST_SOCKET_PATH = 106;
const SYSTEM_CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

export type ServerAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'websocket'; readonly url: string };

/** The connection is of no use any more; the message says what happened, without saying to whom. */
export class StreamFailure extends Error {
  override readonly name = 'StreamFailure';
  constructor(
    /** Whether it had been open, and another one may fare better. */
    readonly closed: boolean,
    message: string,
  ) {
    super(message);
  }
}

/** Undefined: BitBake stops at such an address. */
export function parseServerAddress(address: string): ServerAddress | undefined {
  if (address.startsWith('unix://')) return { kind: 'unix', path: address.slice('unix://'.length) };
  if (/^wss?:\/\//.test(address))
    return URL.canParse(address) ? { kind: 'websocket', url: address } : undefined;
  const match = /^\[([^\]]*)\]:(\d+)$/.exec(address) ?? /^([^:]*):(\d+)$/.exec(address);
  const port = Number(match?.[2]);
  return match && port > 0 && port < 65536 ? { kind: 'tcp', host: match[1]!, port } : undefined;
}

/** The address without what an URL may hold of secrets. */
export function addressWithoutSecrets(address: string): string {
  return address.replace(/^(wss?:\/\/)[^/@]*@/, '$1').replace(/\?.*$/s, '?…');
}

/** Lines in order. */
export class MessageStream {
  private readonly lines: string[] = [];
  private failure: StreamFailure | undefined;
  private waiting: { resolve(line: string): void; reject(error: Error): void } | undefined;

  private constructor(
    private readonly write: (lines: readonly string[]) => void,
    private readonly end: () => void,
  ) {}

  /**
   * @param certificates a file with certificates to trust; undefined: those of the system
   * @param milliseconds until the connection must stand
   * @throws StreamFailure
   */
  static open(
    address: ServerAddress,
    milliseconds: number,
    certificates?: string,
    signal?: AbortSignal,
  ): Promise<MessageStream> {
    return new Promise((resolve, reject) => {
      let connection: Connection | undefined = undefined;
      const started = (stream: MessageStream) => {
        settle();
        resolve(stream);
      };
      const refused = (message: string) => {
        settle();
        connection?.destroy();
        reject(new StreamFailure(false, message));
      };
      const timer = setTimeout(() => refused(`no connection within ${milliseconds / 1000} s`), milliseconds);
      const aborted = () => refused('it was cancelled');
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
      };
      signal?.addEventListener('abort', aborted, { once: true });
      connection =
        address.kind === 'websocket'
          ? openWebSocket(address.url, certificates, started, refused)
          : openSocket(address, started, refused);
    });
  }

  static over(write: (lines: readonly string[]) => void, end: () => void): MessageStream {
    return new MessageStream(write, end);
  }

  send(lines: readonly string[]): void {
    if (!this.failure) this.write(lines);
  }

  /** The next line. @throws StreamFailure, also where none comes within that time */
  async receive(milliseconds: number): Promise<string> {
    const line = this.lines.shift();
    if (line !== undefined) return line;
    if (this.failure) throw this.failure;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<string>((resolve, reject) => {
        this.waiting = { resolve, reject };
        timer = setTimeout(
          () => reject(new StreamFailure(false, `no answer within ${milliseconds / 1000} s`)),
          milliseconds,
        );
      });
    } finally {
      clearTimeout(timer);
      this.waiting = undefined;
    }
  }

  /** A line has come. */
  take(line: string): void {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting) waiting.resolve(line);
    else this.lines.push(line);
  }

  /** No more lines will come. */
  fail(failure: StreamFailure): void {
    this.failure ??= failure;
    this.waiting?.reject(this.failure);
  }

  close(): void {
    this.fail(new StreamFailure(false, 'it was closed'));
    this.end();
  }
}

interface Connection {
  destroy(): void;
}

type Started = (stream: MessageStream) => void;
type Refused = (message: string) => void;

function openSocket(
  address: Exclude<ServerAddress, { kind: 'websocket' }>,
  started: Started,
  refused: Refused,
): Connection {
  const place = address.kind === 'unix' ? shortened(address.path) : undefined;
  const socket: Socket =
    address.kind === 'tcp'
      ? connect({ host: address.host || 'localhost', port: address.port })
      : connect({ path: place!.path });
  let stream: MessageStream | undefined;
  let rest = '';
  socket.setEncoding('utf8');
  socket.setNoDelay(true);
  socket.on('connect', () => {
    place?.release();
    stream = MessageStream.over(
      (lines) => void socket.write(lines.map((line) => `${line}\n`).join('')),
      () => socket.destroy(),
    );
    started(stream);
  });
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) stream?.take(line.replace(/\s+$/, ''));
    if (rest.length > LONGEST_LINE) {
      stream?.fail(new StreamFailure(false, 'it sends a line without end'));
      socket.destroy();
    }
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    place?.release();
    const message = error.code ?? error.message;
    if (stream) stream.fail(new StreamFailure(true, message));
    else refused(message);
  });
  socket.on('close', () => {
    if (stream) stream.fail(new StreamFailure(true, 'it closed the connection'));
    else refused('it closed the connection');
  });
  return { destroy: () => socket.destroy() };
}

/** A socket whose path is too long for its address is named through its directory. */
function shortened(path: string): { readonly path: string; release(): void } {
  if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) return { path, release: () => undefined };
  let directory: number | undefined;
  try {
    directory = openSync(dirname(path), 'r');
  } catch {
    return { path, release: () => undefined };
  }
  return {
    path: `/proc/self/fd/${directory}/${basename(path)}`,
    release() {
      if (directory !== undefined) closeSync(directory);
      directory = undefined;
    },
  };
}

function openWebSocket(
  url: string,
  certificates: string | undefined,
  started: Started,
  refused: Refused,
): Connection {
  let socket: WebSocket;
  let stream: MessageStream | undefined;
  try {
    const ca = url.startsWith('wss:') ? trusted(certificates) : undefined;
    socket = new WebSocket(url, {
      maxPayload: LONGEST_LINE,
      followRedirects: false,
      ...(ca !== undefined && { ca }),
    });
  } catch (error) {
    refused((error as NodeJS.ErrnoException).code ?? 'its address is no URL of a websocket');
    return { destroy: () => undefined };
  }
  socket.on('open', () => {
    stream = MessageStream.over(
      (lines) => {
        for (const line of lines) socket.send(line);
      },
      () => socket.terminate(),
    );
    started(stream);
  });
  socket.on('message', (data, isBinary) => {
    if (isBinary) stream?.fail(new StreamFailure(false, 'it sends binary data'));
    else stream?.take((data as Buffer).toString('utf8').replace(/\s+$/, ''));
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    const message = error.code ?? error.message;
    if (stream) stream.fail(new StreamFailure(false, message));
    else refused(message);
  });
  socket.on('close', () => {
    if (stream) stream.fail(new StreamFailure(true, 'it closed the connection'));
    else refused('it closed the connection');
  });
  return { destroy: () => socket.terminate() };
}

/** As Python's `ssl` module: SSL_CERT_FILE in place of the system's certificates. Undefined: those of Node. */
function trusted(certificates: string | undefined): string | undefined {
  if (certificates !== undefined) return readFileSync(certificates, 'utf8');
  try {
    return readFileSync(SYSTEM_CERTIFICATES, 'utf8');
  } catch {
    return undefined;
  }
}
