/**
 * A hash equivalence server, asked for unihashes: BitBake's own protocol, of which nothing that writes is used.
 *
 * Follows `hashserv/client.py: AsyncClient.get_unihash_batch, auth` and `bb/asyncrpc/client.py: setup_connection`. All
 * questions of a batch are sent at once and answered in order. One connection lasts for as long as it is of use; one
 * that the server has closed is made again once, as it may have been restarted.
 */
import { homedir } from 'node:os';
import {
  UNIHASH,
  type UnihashQuestion,
  type UnihashSource,
  UnihashSourceFailure,
} from '../inputs/hashEquivalencePorts.ts';
import type { HashServerPlace } from '../sstate/equivalenceSettings.ts';
import { addressWithoutSecrets, MessageStream, parseServerAddress, StreamFailure } from './messageStream.ts';
import { readNetrc } from './netrc.ts';

const PROTOCOL = 'OEHASHEQUIV 1.1';
/** BitBake waits 30 s for each line. */
const MILLISECONDS_FOR_A_LINE = 15_000;
const MILLISECONDS_FOR_ALL = 120_000;

export interface HashServerLimits {
  /** Until the connection stands, and for each line, in milliseconds. */
  readonly line?: number;
  /** For all that is ever asked, in milliseconds. */
  readonly all?: number;
}

export interface HashServerOptions {
  readonly limits?: HashServerLimits;
  /** Where `.netrc` is; default: the user's home directory. */
  readonly home?: string;
}

export class HashServer implements UnihashSource {
  readonly name: string;
  private stream: MessageStream | undefined;
  private deadline: number | undefined;

  constructor(
    private readonly place: HashServerPlace,
    private readonly options: HashServerOptions = {},
  ) {
    this.name = `${addressWithoutSecrets(place.address)} (${place.variable})`;
  }

  async unihashes(
    questions: readonly UnihashQuestion[],
    signal?: AbortSignal,
  ): Promise<readonly (string | undefined)[]> {
    const stop = () => this.stream?.close();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      return await this.ask(questions, signal).catch((error: unknown) => {
        if (!(error instanceof StreamFailure) || !error.closed) throw error;
        this.dispose();
        return this.ask(questions, signal);
      });
    } catch (error) {
      this.dispose();
      signal?.throwIfAborted();
      if (error instanceof StreamFailure) throw this.failure(`does not answer: ${error.message}`);
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  dispose(): void {
    this.stream?.close();
    this.stream = undefined;
  }

  private async ask(
    questions: readonly UnihashQuestion[],
    signal: AbortSignal | undefined,
  ): Promise<readonly (string | undefined)[]> {
    const stream = (this.stream ??= await this.connect(signal));
    stream.send(questions.map(({ method, taskhash }) => `${method} ${taskhash}`));
    const answers: (string | undefined)[] = [];
    for (let count = 0; count < questions.length; count++) {
      const line = await stream.receive(this.patience());
      if (line !== '' && !UNIHASH.test(line)) throw this.nonsense();
      answers.push(line === '' ? undefined : line);
    }
    return answers;
  }

  private async connect(signal: AbortSignal | undefined): Promise<MessageStream> {
    const { place } = this;
    const address = parseServerAddress(place.address);
    if (address === undefined)
      throw this.failure('has no address: write unix://PATH, HOST:PORT, ws://HOST:PORT or wss://HOST:PORT');
    const credentials = this.credentials();
    const stream = await MessageStream.open(address, this.patience(), place.certificates, signal);
    try {
      stream.send([PROTOCOL, '']);
      if (credentials) {
        const { username, password } = credentials;
        await this.invoke(stream, { auth: { username, token: password } });
      }
      if ((await this.invoke(stream, { 'get-stream': null })) !== 'ok') throw this.nonsense();
      return stream;
    } catch (error) {
      stream.close();
      throw error;
    }
  }

  private credentials(): Exclude<HashServerPlace['credentials'], 'netrc'> {
    const { address, credentials } = this.place;
    if (credentials !== 'netrc') return credentials;
    const account = readNetrc(this.options.home ?? homedir()).account(address);
    return account?.user && account.password
      ? { username: account.user, password: account.password }
      : undefined;
  }

  /** Follows `bb/asyncrpc/connection.py: chunkify, recv_message` for what is too long for a line. */
  private async invoke(stream: MessageStream, message: unknown): Promise<unknown> {
    stream.send([JSON.stringify(message)]);
    let answer = this.parse(await stream.receive(this.patience()));
    if (isRecord(answer) && 'chunk-stream' in answer) {
      const pieces: string[] = [];
      for (;;) {
        const piece = await stream.receive(this.patience());
        if (piece === '') break;
        pieces.push(piece);
      }
      answer = this.parse(pieces.join(''));
    }
    if (isRecord(answer) && 'invoke-error' in answer)
      throw this.failure(
        'refuses to answer: set BB_HASHSERVE_USERNAME and BB_HASHSERVE_PASSWORD, or an entry for its address in ~/.netrc, to a user who may read',
      );
    return answer;
  }

  private parse(line: string): unknown {
    try {
      return JSON.parse(line);
    } catch {
      throw this.nonsense();
    }
  }

  /** How long the next line may take, in milliseconds. @throws StreamFailure where the time for all is up */
  private patience(): number {
    const { line = MILLISECONDS_FOR_A_LINE, all = MILLISECONDS_FOR_ALL } = this.options.limits ?? {};
    const now = performance.now();
    this.deadline ??= now + all;
    if (now >= this.deadline) throw new StreamFailure(false, `not all answers came within ${all / 1000} s`);
    return Math.min(line, this.deadline - now);
  }

  private nonsense(): UnihashSourceFailure {
    return this.failure('answers with what is no unihash: look at what listens there');
  }

  private failure(what: string): UnihashSourceFailure {
    return new UnihashSourceFailure(`the hash equivalence server ${this.name} ${what}`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
