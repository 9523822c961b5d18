/**
 * Asks servers whether they have objects, and for signature data, over connections that are kept open.
 *
 * Follows `bb/fetch2/wget.py: checkstatus`: HEAD, then GET where that is not allowed, redirects with the same method,
 * user and password of the URL's parameters or of ~/.netrc (which count first), proxies of the environment. The status
 * alone decides; content is read where that is asked for, up to a size, and stays in memory. Where BitBake takes any failure for "not there", this tells a server that answers
 * no from one that does not answer. A mirror that has failed a few times is left alone for a while. Nothing that is
 * said names more of a server than its host: paths, users and passwords stay here.
 */
import { homedir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { ContentAnswer, MirrorClient, MirrorRequest, ObjectAnswer } from '../inputs/sstatePorts.ts';
import type { SstateSettings } from '../sstate/settings.ts';
import { trustedCertificates } from './certificates.ts';
import { describeFailure, type Failure } from './mirrorFailures.ts';
import { type Netrc, readNetrc } from './netrc.ts';
import { basic, type Proxy, proxyFor } from './proxies.ts';

export interface MirrorLimits {
  /** Connections to a server. */
  readonly connections: number;
  /** Milliseconds until a connection stands, and until a request is answered. */
  readonly connect: number;
  readonly answer: number;
  /** Milliseconds that one object may take, tries and redirects and all. */
  readonly whole: number;
  /** How often a request is made again that may do better then. */
  readonly retries: number;
  /** After how many failures in a row a mirror is left alone, and for how many milliseconds. */
  readonly failures: number;
  readonly rest: number;
}

export const USUAL_LIMITS: MirrorLimits = {
  connections: 64,
  connect: 5_000,
  answer: 10_000,
  whole: 20_000,
  retries: 2,
  failures: 3,
  rest: 30_000,
};

/** What `urllib.request: HTTPRedirectHandler` allows. */
const MOST_REDIRECTS = 10;
const MOST_VISITS = 4;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** The server says no; all else but success is a failure. Some storages say 403 for what is not there. */
const ABSENT: ReadonlySet<number> = new Set([400, 403, 404, 405, 410, 414]);
const MAY_DO_BETTER: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
const FIRST_PAUSE = 100;

/** Whether it is there, or its content; or what went wrong. */
type Answer = boolean | Uint8Array | Failure;

/** How a mirror has done lately. */
interface Health {
  failures: number;
  reason: string;
  /** Until when it is left alone. */
  until: number;
}

export class HttpMirrors implements MirrorClient {
  readonly concurrency: number;
  private readonly dispatchers = new Map<string, Dispatcher>();
  private readonly health = new Map<string, Health>();
  private secure: SecureContext | undefined;
  private netrc: Netrc | undefined;

  /** @param version BitBake's, which servers are told */
  constructor(
    private readonly settings: Pick<SstateSettings, 'environment' | 'checksCertificates'>,
    private readonly version: string,
    private readonly limits: MirrorLimits = USUAL_LIMITS,
  ) {
    this.concurrency = limits.connections;
  }

  async has(request: MirrorRequest, signal?: AbortSignal): Promise<ObjectAnswer> {
    const answer = await this.ask(request, undefined, signal);
    return answer instanceof Uint8Array || answer;
  }

  async read(request: MirrorRequest, mostBytes: number, signal?: AbortSignal): Promise<ContentAnswer> {
    const answer = await this.ask(request, mostBytes, signal);
    return answer === true ? new Uint8Array() : answer;
  }

  /** Ends all connections; nothing can be asked after. */
  async close(): Promise<void> {
    await Promise.all([...this.dispatchers.values()].map((dispatcher) => dispatcher.destroy()));
  }

  /** @param mostBytes of the content, which is given instead of true; undefined: no content is wanted */
  private async ask(
    { url: text, user, password, mirror }: MirrorRequest,
    mostBytes: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<boolean | Uint8Array | { readonly unknown: string }> {
    signal?.throwIfAborted();
    let url: URL;
    try {
      url = new URL(text);
    } catch {
      return { unknown: 'an entry of SSTATE_MIRRORS makes a URL that no server can have' };
    }
    const health = this.healthOf(mirror);
    if (health.until > performance.now()) return { unknown: health.reason };
    const late = AbortSignal.timeout(this.limits.whole);
    const both = signal ? AbortSignal.any([signal, late]) : late;
    const account = user !== '' && password !== '' ? `${user}:${password}` : undefined;
    const answer = await this.tried(url, account, mostBytes, both);
    signal?.throwIfAborted();
    if (!isFailure(answer)) {
      health.failures = 0;
      return answer;
    }
    if (++health.failures >= this.limits.failures) {
      health.until = performance.now() + this.limits.rest;
      health.reason = answer.message;
    }
    return { unknown: answer.message };
  }

  private async tried(
    url: URL,
    account: string | undefined,
    mostBytes: number | undefined,
    signal: AbortSignal,
  ): Promise<Answer> {
    for (let tries = 0; ; tries++) {
      let answer: Answer;
      try {
        answer = await this.followed(url, account, mostBytes, signal);
      } catch (error) {
        answer = describeFailure(error, url, this.limits);
      }
      if (!isFailure(answer) || !answer.again || tries >= this.limits.retries || signal.aborted)
        return answer;
      await sleep(FIRST_PAUSE * 3 ** tries, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One try: the request, and those that it is sent on to. */
  private async followed(
    first: URL,
    account: string | undefined,
    mostBytes: number | undefined,
    signal: AbortSignal,
  ): Promise<Answer> {
    const visits = new Map<string, number>();
    let method: 'HEAD' | 'GET' = mostBytes === undefined ? 'HEAD' : 'GET';
    let url = first;
    for (let redirects = 0; ;) {
      const { status, location, body } = await this.request(method, url, first, account, signal);
      if (status >= 200 && status < 300 && mostBytes !== undefined) {
        const tooLong = { message: `${first.host} sends more than ${mostBytes} bytes`, again: false };
        return (await wholeOf(body, mostBytes)) ?? tooLong;
      }
      // Of what is sent in answer to GET nothing is wanted; answers to HEAD have no content to end.
      if (method === 'HEAD') body.resume();
      else body.destroy();
      if (status >= 200 && status < 300) return true;
      if ((status === 403 || status === 405) && method === 'HEAD') {
        method = 'GET';
        continue;
      }
      if (!REDIRECTS.has(status) || location === undefined) return this.verdict(status, first);
      const next = destination(location, url);
      if (!next) return { message: `${first.host} sends on to what is no web address`, again: false };
      url = next;
      const visited = (visits.get(url.href) ?? 0) + 1;
      visits.set(url.href, visited);
      if (visited > MOST_VISITS || ++redirects > MOST_REDIRECTS) {
        return { message: `${first.host} sends on in a circle`, again: false };
      }
    }
  }

  private verdict(status: number, { host }: URL): false | Failure {
    if (ABSENT.has(status)) return false;
    const again = MAY_DO_BETTER.has(status);
    if (status === 401) {
      return {
        message: `${host} wants a user and password (401): write them into ~/.netrc, which only you may read`,
        again,
      };
    }
    if (status === 407) {
      return { message: `the proxy for ${host} wants a user and password (407): look at http_proxy`, again };
    }
    return { message: `${host} answers with status ${status}`, again };
  }

  private async request(
    method: 'HEAD' | 'GET',
    url: URL,
    first: URL,
    account: string | undefined,
    signal: AbortSignal,
  ): Promise<{
    readonly status: number;
    readonly location: string | undefined;
    readonly body: Dispatcher.ResponseData['body'];
  }> {
    const { environment } = this.settings;
    const proxy = proxyFor(url, environment);
    const headers: Record<string, string> = {
      accept: '*/*',
      'user-agent': `bitbake/${this.version} (sstate-lens)`,
    };
    // Neither is for a server that another one names.
    if (url.origin === first.origin) {
      this.netrc ??= readNetrc(environment['HOME'] ?? homedir());
      const own = this.netrc.account(url.hostname);
      const login = own ? `${own.user}:${own.password}` : account;
      if (login !== undefined) headers['authorization'] = basic(login);
    }
    let path = url.pathname + url.search;
    if (proxy && url.protocol === 'http:') {
      path = `${url.origin}${path}`;
      headers['host'] = url.host;
      if (proxy.authorization !== undefined) headers['proxy-authorization'] = proxy.authorization;
    }
    const {
      statusCode,
      headers: answered,
      body,
    } = await this.dispatcher(url, proxy).request({
      origin: proxy && url.protocol === 'http:' ? proxy.origin : url.origin,
      path,
      method,
      headers,
      signal,
      headersTimeout: this.limits.answer,
      bodyTimeout: this.limits.answer,
      // Answers to HEAD have no content: the connection can be used again.
      ...(method === 'HEAD' && { reset: false }),
    });
    body.on('error', () => undefined);
    const { location } = answered;
    return { status: statusCode, location: Array.isArray(location) ? location[0] : location, body };
  }

  private dispatcher(url: URL, proxy: Proxy | undefined): Dispatcher {
    const tunnels = proxy !== undefined && url.protocol === 'https:';
    const key = tunnels ? `tunnel ${proxy.origin}` : (proxy?.origin ?? url.origin);
    let known = this.dispatchers.get(key);
    if (!known) this.dispatchers.set(key, (known = this.connect(url, proxy, tunnels)));
    return known;
  }

  private connect(url: URL, proxy: Proxy | undefined, tunnels: boolean): Dispatcher {
    const { connections, connect: timeout } = this.limits;
    const tls = () => {
      // Reading the certificates takes longer than a connection: once for all.
      this.secure ??= createSecureContext({ ca: trustedCertificates(this.settings.environment) });
      return { timeout, secureContext: this.secure, rejectUnauthorized: this.settings.checksCertificates };
    };
    if (proxy && tunnels) {
      return new ProxyAgent({
        uri: proxy.origin,
        connections,
        requestTls: tls(),
        proxyTls: tls(),
        ...(proxy.authorization !== undefined && { token: proxy.authorization }),
      });
    }
    const origin = proxy?.origin ?? url.origin;
    return new Pool(origin, {
      connections,
      pipelining: 1,
      keepAliveTimeout: 10_000,
      connect: origin.startsWith('https:') ? tls() : { timeout },
    });
  }

  private healthOf(mirror: string): Health {
    let known = this.health.get(mirror);
    if (!known) this.health.set(mirror, (known = { failures: 0, reason: '', until: 0 }));
    return known;
  }
}

function isFailure(answer: Answer): answer is Failure {
  return typeof answer === 'object' && !(answer instanceof Uint8Array);
}

/** All that is sent; undefined: it is more than so much, and the rest is not waited for. */
async function wholeOf(
  body: Dispatcher.ResponseData['body'],
  mostBytes: number,
): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > mostBytes) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function destination(location: string, from: URL): URL | undefined {
  try {
    const url = new URL(location, from);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
  } catch {
    return undefined;
  }
}
