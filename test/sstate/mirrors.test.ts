/**
 * Where mirrors say that objects may be, as real BitBake of four releases says (`record_mirrors.py`, which wrote
 * `test/data/mirrors.json`): entries by hand, and 500 of random patterns.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { releaseOf } from '../../server/src/metadata/release.ts';
import { MirrorLookup, mirrorsOf } from '../../server/src/sstate/mirrors.ts';
import { withoutSecrets } from '../../server/src/sstate/mirrorUrl.ts';

/** `[url, type, host, local path, user, password]`, or the name of the exception. */
type Answer = readonly (readonly string[])[] | string;
interface Case {
  readonly mirrors: string;
  readonly name: string;
  readonly allowed: string;
  readonly answers: readonly (readonly [releases: readonly string[], answer: Answer])[];
}

const CASES = JSON.parse(readFileSync(join(import.meta.dirname, '../data/mirrors.json'), 'utf8')) as Case[];
const STORE = '/srv/objects';
const VERSIONS: Readonly<Record<string, string>> = {
  kirkstone: '2.0.0',
  scarthgap: '2.8.0',
  wrynose: '2.18.0',
  master: '2.19.0',
};

function places({ mirrors, name, allowed }: Omit<Case, 'answers'>, release: string) {
  const rules = {
    traits: releaseOf(VERSIONS[release]!).mirrors,
    allowedHosts: allowed.split(' ').filter(Boolean),
    directory: STORE,
  };
  return new MirrorLookup(mirrorsOf(mirrors).mirrors, rules).places(name);
}

describe('what is shown of a URL', () => {
  it.each([
    ['http://m.example/PATH;downloadfilename=PATH', 'http://m.example/PATH;downloadfilename=PATH'],
    ['http://me:s3cret@m.example:80/PATH', 'http://m.example:80/PATH'],
    ['http://me:s3c@ret@m.example/PATH', 'http://m.example/PATH'],
    ['http://me:s3c/ret@m.example/PATH', 'http://m.example/PATH'],
    ['http://s3cret@m.example/PATH', 'http://m.example/PATH'],
    ['http://m.example/a@b/PATH', 'http://m.example/a@b/PATH'],
    ['http://m.example:8080/a@b/PATH', 'http://m.example:8080/a@b/PATH'],
    ['http://m.example/PATH;user=me;pswd=s3cret;name=x', 'http://m.example/PATH;user=…;pswd=…;name=x'],
    ['https://m.example/get?token=s3cret&file=PATH', 'https://m.example/get?token=…&file=…'],
    ['file://.* http://me:s3cret@m.example/', 'file://.* http://m.example/'],
  ])('holds no secret: %s', (url, shown) => {
    expect(withoutSecrets(url)).toBe(shown);
  });
});

describe('places of objects on mirrors', () => {
  it.each(Object.keys(VERSIONS))('are those of BitBake (%s)', (release) => {
    const different: unknown[] = [];
    let unknown = 0;
    let compared = 0;
    for (const question of CASES) {
      const answer = question.answers.find(([releases]) => releases.includes(release))![1];
      const { places: found, fault } = places(question, release);
      if (fault?.kind === 'unknown') {
        unknown++;
        continue;
      }
      compared++;
      const ours = found.map(({ url, type, host, localPath, user, password }) => [
        url,
        type,
        host,
        localPath.startsWith('/') ? localPath : `${STORE}/${localPath}`,
        user,
        password,
      ]);
      const expected = typeof answer === 'string' ? [] : answer;
      const same = (typeof answer === 'string') === (fault !== undefined);
      if (!same || JSON.stringify(ours) !== JSON.stringify(expected)) {
        different.push({ mirrors: question.mirrors, name: question.name, ours, fault: fault?.why, answer });
      }
    }
    expect(different).toEqual([]);
    // What is left undecided is rare even among patterns that nobody writes.
    expect({ compared: compared > 550, unknown: unknown < CASES.length / 6 }).toEqual({
      compared: true,
      unknown: true,
    });
  });
});
