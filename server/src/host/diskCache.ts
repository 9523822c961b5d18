/**
 * A store of texts on disk, for what is dear to compute: one file for each key, compressed, with a checksum.
 *
 * A file is written under another name and renamed when it is whole, so that it is either there or not, whenever the
 * process is killed and however many write at once; what is damaged all the same (a full disk, a crash of the machine)
 * is found out by its checksum and counts as missing. Nothing here throws: where nothing can be written, nothing is
 * kept, which is said once. What has not been used for the longest time goes when it becomes too much.
 */
import { createHash, randomBytes } from 'node:crypto';
import { type Dirent, readFile as readFileThen, stat as statThen } from 'node:fs';
import { mkdir, open, readdir, rename, unlink, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { ResultStore } from '../inputs/resultPorts.ts';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);
// A start reads thousands of small files; those of `node:fs/promises` take more than twice as long.
const readFile = promisify(readFileThen);
const stat = promisify(statThen);

const MAGIC = Buffer.from('sstate-lens 1\n');
const DIGEST_SIZE = 32;
/** Files of this name are being written. */
const UNFINISHED = '.tmp';
/** A file that is still being written after so long belongs to a process that was killed. */
const ABANDONED_MILLISECONDS = 10 * 60_000;
/** A file's time of use is set anew when it is older. */
const USED_MILLISECONDS = 24 * 60 * 60_000;
const LARGEST = 512 * 1024 * 1024;
/** How much of that one file of many parts may take: the others are read at every start. */
const LARGEST_PART = 0.25;
/** What stands before each of many parts: how many bytes it has. */
const LENGTH_SIZE = 4;
/** The fastest: more is written than read. */
const COMPRESSION = { level: 1 };
/** How much of that is left when something had to go. */
const KEPT_PART = 0.75;
/** How much is written before it is looked again whether it is too much. */
const CHECK_AFTER = 32 * 1024 * 1024;
/** How many files are written at once. */
const MOST_WRITERS = 4;

/** Where the cache is if nobody says otherwise: below XDG_CACHE_HOME. */
export function cacheDirectory(environment: Readonly<Record<string, string | undefined>>): string {
  const base = environment['XDG_CACHE_HOME'];
  return join(base?.startsWith('/') ? base : join(homedir(), '.cache'), 'sstate-lens');
}

export interface DiskCacheOptions {
  readonly directory: string;
  /** In bytes, of all files together. */
  readonly largest?: number;
  /** Told once why nothing is kept any more. */
  readonly onTrouble?: (message: string) => void;
}

export class DiskCache implements ResultStore {
  private readonly largest: number;
  private written = CHECK_AFTER;
  private writing = 0;
  private readonly waiting: (() => Promise<void>)[] = [];
  private idle: (() => void)[] = [];
  private broken = false;
  private sweeping: Promise<void> | undefined;

  constructor(private readonly options: DiskCacheOptions) {
    this.largest = options.largest ?? LARGEST;
  }

  async read(key: string): Promise<string | undefined> {
    try {
      const body = await this.body(key);
      return body && (await inflate(body)).toString('utf8');
    } catch {
      return undefined;
    }
  }

  /** What `writeParts` wrote. Each part is taken out of its compression while the one before it is in use. */
  async *readParts(key: string): AsyncGenerator<Uint8Array> {
    const body = await this.body(key).catch(() => undefined);
    let before: Promise<Uint8Array> | undefined;
    for (let at = 0; body && at < body.length;) {
      const end = at + LENGTH_SIZE + body.readUInt32LE(at);
      const part = inflate(body.subarray(at + LENGTH_SIZE, end));
      // It is told when it is asked for.
      part.catch(() => undefined);
      if (before) yield await before;
      before = part;
      at = end;
    }
    if (before) yield await before;
  }

  write(key: string, text: string): void {
    void this.queue(key, () => deflate(text, COMPRESSION));
  }

  /** One file of many parts; nothing where they are too much. @returns whether it is there */
  async writeParts(key: string, parts: AsyncIterable<Uint8Array>): Promise<boolean> {
    const packed: Buffer[] = [];
    let size = 0;
    for await (const part of parts) {
      const body = await deflate(part, COMPRESSION);
      const length = Buffer.alloc(LENGTH_SIZE);
      length.writeUInt32LE(body.length);
      packed.push(length, body);
      size += LENGTH_SIZE + body.length;
      if (this.broken || size > this.largest * LARGEST_PART) return false;
    }
    return this.queue(key, () => Promise.resolve(Buffer.concat(packed)));
  }

  /** Resolves when everything has been written. */
  async flush(): Promise<void> {
    if (this.writing > 0 || this.waiting.length > 0) await new Promise<void>((done) => this.idle.push(done));
    await this.sweeping;
  }

  /** @throws Error where it cannot be read @returns undefined for what is damaged, which is removed */
  private async body(key: string): Promise<Buffer | undefined> {
    const path = this.pathOf(key);
    const content = await readFile(path);
    const body = content.subarray(MAGIC.length + DIGEST_SIZE);
    const digest = content.subarray(MAGIC.length, MAGIC.length + DIGEST_SIZE);
    if (!content.subarray(0, MAGIC.length).equals(MAGIC) || !digestOf(key, body).equals(digest)) {
      await unlink(path);
      return undefined;
    }
    void this.used(path);
    return body;
  }

  /** @returns whether it was written */
  private queue(key: string, body: () => Promise<Buffer>): Promise<boolean> {
    return new Promise((resolve) => {
      this.waiting.push(async () => resolve(!this.broken && (await this.put(key, await body()))));
      this.work();
    });
  }

  private work(): void {
    while (this.writing < MOST_WRITERS && this.waiting.length > 0) {
      this.writing++;
      void this.waiting.shift()!().finally(() => {
        this.writing--;
        this.work();
      });
    }
    if (this.writing === 0 && this.waiting.length === 0) for (const done of this.idle.splice(0)) done();
  }

  private async put(key: string, body: Buffer): Promise<boolean> {
    if (this.broken) return false;
    const content = Buffer.concat([MAGIC, digestOf(key, body), body]);
    try {
      await this.putOnce(key, content).catch((error: unknown) => {
        // The directory was deleted in between: once more.
        if (codeOf(error) === 'ENOENT') return this.putOnce(key, content);
        throw error;
      });
      this.written += content.length;
      if (this.written >= CHECK_AFTER) this.sweep();
      return true;
    } catch (error) {
      // Deleted again and again: that is not for ever.
      if (codeOf(error) !== 'ENOENT') this.giveUp(error);
      return false;
    }
  }

  private async putOnce(key: string, content: Buffer): Promise<void> {
    const path = this.pathOf(key);
    const unfinished = `${path}.${randomBytes(6).toString('hex')}${UNFINISHED}`;
    await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
    try {
      const file = await open(unfinished, 'wx', 0o600);
      try {
        await file.writeFile(content);
      } finally {
        await file.close();
      }
      await rename(unfinished, path);
    } catch (error) {
      await unlink(unfinished).catch(() => undefined);
      throw error;
    }
  }

  private giveUp(error: unknown): void {
    if (this.broken) return;
    this.broken = true;
    this.options.onTrouble?.(
      `results cannot be kept in ${this.options.directory} for the next start (${codeOf(error) ?? String(error)}): ` +
        'make room there, or see to its permissions',
    );
  }

  private async used(path: string): Promise<void> {
    try {
      const now = Date.now();
      if ((await stat(path)).mtimeMs < now - USED_MILLISECONDS) await utimes(path, now / 1000, now / 1000);
    } catch {
      // It is gone, or not ours.
    }
  }

  private sweep(): void {
    this.written = 0;
    this.sweeping ??= this.makeRoom()
      .catch(() => undefined)
      .finally(() => (this.sweeping = undefined));
  }

  /** Removes what has not been used for the longest time, and what was never finished. */
  private async makeRoom(): Promise<void> {
    const files: { path: string; size: number; mtimeMs: number }[] = [];
    for (const name of await readdir(this.options.directory)) {
      const directory = join(this.options.directory, name);
      const entries = await readdir(directory, { withFileTypes: true }).catch((): Dirent[] => []);
      for (const entry of entries) {
        const path = join(directory, entry.name);
        const found = await stat(path).catch(() => undefined);
        if (!found?.isFile()) continue;
        const { size, mtimeMs } = found;
        if (!path.endsWith(UNFINISHED)) files.push({ path, size, mtimeMs });
        else if (mtimeMs < Date.now() - ABANDONED_MILLISECONDS) await unlink(path).catch(() => undefined);
      }
    }
    let total = files.reduce((sum, { size }) => sum + size, 0);
    if (total <= this.largest) return;
    files.sort((a, b) => a.mtimeMs - b.mtimeMs);
    for (const { path, size } of files) {
      if (total <= this.largest * KEPT_PART) break;
      await unlink(path).catch(() => undefined);
      total -= size;
    }
  }

  private pathOf(key: string): string {
    const name = createHash('sha256').update(key).digest('hex');
    return join(this.options.directory, name.slice(0, 2), name.slice(2));
  }
}

/** With the key: a file under a wrong name is as good as damaged. */
function digestOf(key: string, body: Buffer): Buffer {
  return createHash('sha256').update(key).update('\0').update(body).digest();
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}
