import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { cacheDirectory, DiskCache } from '../../server/src/host/diskCache.ts';
import { bundle } from './bundle.ts';

const places: string[] = [];
function place(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sstate-lens-cache-'));
  places.push(directory);
  return join(directory, 'cache');
}
afterAll(() => {
  for (const directory of places) rmSync(directory, { recursive: true, force: true, maxRetries: 9 });
});

const files = (directory: string) =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());

/** What every writer writes under a key: whoever reads it knows whether it is whole. */
const textOf = (key: string, round: number) => `${key} ${round}\n${`${key}${round} `.repeat(2000)}`;
const isWhole = (key: string, text: string) => {
  const round = /^\S+ (\d+)\n/.exec(text)?.[1];
  return round !== undefined && text === textOf(key, Number(round));
};

async function* partsOf(
  parts: readonly Buffer[],
  taken = () => undefined as unknown,
): AsyncGenerator<Buffer> {
  for (const part of parts) {
    await sleep(1);
    taken();
    yield part;
  }
}

async function read(cache: DiskCache, key: string): Promise<Buffer[]> {
  const parts: Buffer[] = [];
  for await (const part of cache.readParts(key)) parts.push(Buffer.from(part));
  return parts;
}

describe('the cache on disk', () => {
  it('gives what was written, also to another process', async () => {
    const directory = place();
    const cache = new DiskCache({ directory });
    cache.write('a', 'one');
    cache.write('b', 'ümläut\n');
    await cache.flush();
    expect(await cache.read('a')).toBe('one');
    expect(await new DiskCache({ directory }).read('b')).toBe('ümläut\n');
    expect(await cache.read('c')).toBeUndefined();
    expect(files(directory)).toHaveLength(2);
  });

  it('takes a damaged file, or one under a wrong name, for missing, and removes it', async () => {
    const directory = place();
    const cache = new DiskCache({ directory });
    for (const key of ['cut', 'changed', 'moved']) cache.write(key, `text of ${key}`);
    await cache.flush();
    const [one, two, three] = files(directory) as [string, string, string];
    const content = readFileSync(one);
    writeFileSync(one, content.subarray(0, content.length - 1));
    const other = readFileSync(two);
    other[other.length - 1]! ^= 1;
    writeFileSync(two, other);
    writeFileSync(three, content);
    for (const key of ['cut', 'changed', 'moved']) expect(await cache.read(key), key).toBeUndefined();
    expect(files(directory)).toEqual([]);
  });

  it('gives parts as they were written, unless any of them is damaged', async () => {
    const directory = place();
    const cache = new DiskCache({ directory });
    const written = ['', 'one', 'ümläut '.repeat(10_000)].map((text) => Buffer.from(text));
    expect(await cache.writeParts('a', partsOf(written))).toBe(true);
    expect(await read(cache, 'a')).toEqual(written);
    // Whoever wants the first only leaves the others.
    for await (const part of cache.readParts('a')) {
      expect(Buffer.from(part)).toEqual(written[0]);
      break;
    }
    expect(await read(cache, 'b')).toEqual([]);
    const [file] = files(directory) as [string];
    const content = readFileSync(file);
    writeFileSync(file, content.subarray(0, content.length - 1));
    expect(await read(cache, 'a')).toEqual([]);
    expect(files(directory)).toEqual([]);
  });

  it('keeps nothing of parts that take too much room, or that end in a fault', async () => {
    const directory = place();
    const cache = new DiskCache({ directory, largest: 400_000 });
    const parts = Array.from({ length: 100 }, () => randomBytes(50_000));
    let taken = 0;
    const large = partsOf(parts, () => taken++);
    expect(await cache.writeParts('large', large)).toBe(false);
    expect(taken).toBe(2);
    const failing = partsOf(parts, () => {
      throw new Error('closed');
    });
    await expect(cache.writeParts('failing', failing)).rejects.toThrow('closed');
    await cache.flush();
    expect(existsSync(directory)).toBe(false);
  });

  it('says so where parts cannot be written', async () => {
    const directory = place();
    writeFileSync(directory, 'no directory');
    const cache = new DiskCache({ directory });
    for (const part of ['one', 'two'])
      expect(await cache.writeParts('a', partsOf([Buffer.from(part)]))).toBe(false);
  });

  it('is whole whenever a writer is killed', { timeout: 120_000 }, async () => {
    const directory = place();
    const entry = await bundle('test/host/cacheWriter.ts');
    const keys = ['k0', 'k1', 'k2', 'k3', 'k4', 'k5'];
    const cache = new DiskCache({ directory });
    let seen = 0;
    for (let round = 0; round < 25; round++) {
      // Two of them, as with two editors.
      const writers = [0, 1].map(() => spawn(process.execPath, [entry, directory], { stdio: 'ignore' }));
      // On a slow machine it takes a while until the first of them writes.
      for (let tries = 0; tries < 200 && !(existsSync(directory) && files(directory).length > 0); tries++) {
        await sleep(100);
      }
      await sleep(150 + 20 * (round % 10));
      const ended = writers.map((writer) => new Promise((resolve) => writer.on('close', resolve)));
      for (const writer of writers) writer.kill('SIGKILL');
      await Promise.all(ended);
      for (const key of keys) {
        const text = await cache.read(key);
        if (text === undefined) continue;
        seen++;
        expect(isWhole(key, text)).toBe(true);
      }
    }
    expect(seen).toBeGreaterThan(20);
    // What was being written when they were killed is left, and goes in the end.
    for (const path of files(directory).filter((name) => name.endsWith('.tmp'))) utimesSync(path, 1, 1);
    const sweeping = new DiskCache({ directory });
    sweeping.write('k0', textOf('k0', 1));
    await sweeping.flush();
    expect(files(directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(await cache.read('k0')).toBe(textOf('k0', 1));
  });

  it('goes on when it is deleted underneath', async () => {
    const directory = place();
    // Where a file comes back while its directory is removed, that is left.
    const stillWritten = ({ code }: NodeJS.ErrnoException) => expect(code).toBe('ENOTEMPTY');
    const troubles: string[] = [];
    const cache = new DiskCache({ directory, onTrouble: (message) => troubles.push(message) });
    for (let round = 0; round < 200; round++) {
      cache.write(`k${round % 7}`, textOf(`k${round % 7}`, round));
      if (round % 10 === 0) await rm(directory, { recursive: true, force: true }).catch(stillWritten);
      const text = await cache.read(`k${round % 7}`);
      if (text !== undefined) expect(isWhole(`k${round % 7}`, text)).toBe(true);
    }
    await cache.flush();
    rmSync(directory, { recursive: true, force: true, maxRetries: 9 });
    expect(await cache.read('k1')).toBeUndefined();
    cache.write('k1', 'again');
    await cache.flush();
    expect(await cache.read('k1')).toBe('again');
    expect(troubles).toEqual([]);
  });

  it('says once that nothing can be kept, and goes on without', async () => {
    const directory = place();
    // A file stands where the directory should be.
    writeFileSync(directory, '');
    const troubles: string[] = [];
    const cache = new DiskCache({ directory, onTrouble: (message) => troubles.push(message) });
    for (const key of ['a', 'b', 'c']) cache.write(key, key);
    await cache.flush();
    cache.write('d', 'd');
    await cache.flush();
    expect(await cache.read('a')).toBeUndefined();
    expect(troubles).toEqual([
      `results cannot be kept in ${directory} for the next start (ENOTDIR): make room there, or see to its permissions`,
    ]);
  });

  it('goes on when the disk is full', async ({ skip }) => {
    const directory = place();
    mkdirSync(directory);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', directory]);
    if (mounted.status !== 0) skip('a full disk takes a small file system, which only root can mount');
    try {
      const troubles: string[] = [];
      const cache = new DiskCache({ directory, onTrouble: (message) => troubles.push(message) });
      const texts = Array.from({ length: 8 }, () => randomBytes(15_000).toString('hex'));
      cache.write('first', 'small');
      await cache.flush();
      for (let at = 0; at < 8; at++) cache.write(`k${at}`, texts[at]!);
      await cache.flush();
      expect(troubles).toHaveLength(1);
      expect(troubles[0]).toContain('(ENOSPC): make room there');
      expect(await cache.read('first')).toBe('small');
      for (let at = 0; at < 8; at++) expect([undefined, texts[at]]).toContain(await cache.read(`k${at}`));
      expect(files(directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    } finally {
      spawnSync('umount', [directory]);
    }
  });

  it('removes what was not used for the longest time when it gets too large', async () => {
    const directory = place();
    const cache = new DiskCache({ directory, largest: 40_000 });
    const noise = (seed: number) =>
      Array.from({ length: 10_000 }, (_, at) =>
        String.fromCharCode(33 + ((Math.imul(at + seed * 7, 2654435761) >>> 25) % 90)),
      ).join('');
    for (let at = 0; at < 10; at++) {
      cache.write(`k${at}`, noise(at));
      await cache.flush();
    }
    const all = files(directory);
    for (const path of all) utimesSync(path, 1000, 1000);
    await cache.read('k3');
    await sleep(200);
    // Looked at when the next one starts to write.
    const next = new DiskCache({ directory, largest: 40_000 });
    next.write('new', noise(11));
    await next.flush();
    const total = files(directory).reduce((sum, path) => sum + statSync(path).size, 0);
    expect(total).toBeLessThanOrEqual(40_000);
    expect(await next.read('new')).toBe(noise(11));
    expect(await next.read('k3')).toBe(noise(3));
  });

  it('lies below XDG_CACHE_HOME, where that is an absolute path', () => {
    expect(cacheDirectory({ XDG_CACHE_HOME: '/x/cache' })).toBe('/x/cache/sstate-lens');
    expect(cacheDirectory({ XDG_CACHE_HOME: 'relative' })).toMatch(/^\/.*\/\.cache\/sstate-lens$/);
    expect(existsSync(cacheDirectory({ XDG_CACHE_HOME: place() }))).toBe(false);
  });
});
