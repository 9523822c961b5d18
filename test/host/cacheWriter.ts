/** Writes the same few keys over and over until it is killed. */
import { DiskCache } from '../../server/src/host/diskCache.ts';

const cache = new DiskCache({ directory: process.argv[2]! });
for (let round = 0; ; round++) {
  for (let at = 0; at < 6; at++) {
    const key = `k${at}`;
    cache.write(key, `${key} ${round}\n${`${key}${round} `.repeat(2000)}`);
  }
  await cache.flush();
}
