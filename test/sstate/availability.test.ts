/** Which objects are there, and where: directories, and mirrors that cannot be used. */
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ABSENT, Judging, NAMES, SERVED, messages, quoted, said } from './judging.ts';
import { makeObjects, serveRequests } from './servers.ts';

const own = new Judging();

describe.each([
  ['of this machine', undefined],
  ['that may be slow', new Set<number>()],
])('objects in directories %s', (_, kinds) => {
  beforeEach(() => (own.fileSystems = kinds));
  afterEach(() => (own.fileSystems = undefined));

  it('are there or not, in one directory or many', async () => {
    makeObjects(own.store, [
      ...SERVED,
      'flat.tar.zst',
      'debian-12/aa/bb/x',
      'debian-12/aa/bb/y',
      'debian-12/aa/bb/z',
      'debian-12/aa/cc/w',
    ]);
    const names = [
      ...NAMES,
      'flat.tar.zst',
      'other.tar.zst',
      ...'xyzu'.split('').map((name) => `debian-12/aa/bb/${name}`),
      'debian-12/aa/cc/w',
      'debian-12/zz/cc/w',
    ];
    const judged = await own.judge({}, names);
    expect(said(judged)).toEqual([
      ...SERVED.map(() => 'local'),
      ...NAMES.slice(20).map(() => 'missing'),
      ...['local', 'missing', 'local', 'local', 'local', 'missing', 'local', 'missing'],
    ]);
    expect(judged.presences[0]).toEqual({ kind: 'local', path: `${own.store}/${NAMES[0]}` });
    expect(judged.problems).toEqual([]);
  });

  it('count by what a symbolic link leads to', async () => {
    makeObjects(own.store, ['aa/bb/real', 'aa/bb/more', 'aa/bb/most']);
    makeObjects(join(own.directory, 'mirror'), ['object']);
    symlinkSync(join(own.directory, 'mirror/object'), join(own.store, 'aa/bb/linked'));
    symlinkSync(join(own.directory, 'mirror/gone'), join(own.store, 'aa/bb/broken'));
    symlinkSync('aa', join(own.store, 'ff'));
    symlinkSync('loop', join(own.store, 'loop'));
    const names = ['aa/bb/real', 'aa/bb/linked', 'aa/bb/broken', 'aa/bb/none', 'ff/bb/most', 'loop/bb/x'];
    expect(said(await own.judge({}, names))).toEqual([
      'local',
      'local',
      'missing',
      'missing',
      'local',
      'missing',
    ]);
  });

  it('are told of once where SSTATE_DIR is missing or empty, or no directory', async () => {
    expect(messages(await own.judge({}, NAMES))).toEqual([
      `information sstate-dir-empty: SSTATE_DIR ${own.store} is empty: no object is local. If it should hold some, look at SSTATE_DIR`,
    ]);
    const nowhere = join(own.directory, 'nowhere');
    const missing = await own.availability({ SSTATE_DIR: nowhere }).judge([{ path: `${nowhere}/aa/bb/x` }]);
    expect(said(missing)).toEqual(['missing']);
    expect(messages(missing)).toEqual([
      `information sstate-dir-missing: SSTATE_DIR ${nowhere} does not exist: no object is local. The next build makes it; if it should be there, look at SSTATE_DIR`,
    ]);
    const file = join(own.directory, 'file');
    writeFileSync(file, '');
    const judged = await own.availability({ SSTATE_DIR: `${file}/` }).judge([{ path: `${file}/aa/bb/x` }]);
    expect(said(judged)).toEqual(['missing']);
  });

  it.skipIf(process.getuid?.() === 0)(
    'are told of once where SSTATE_DIR cannot be read (not as root)',
    async () => {
      makeObjects(own.store, SERVED);
      chmodSync(own.store, 0o000);
      const judged = await own.judge({}, NAMES);
      chmodSync(own.store, 0o700);
      expect(new Set(said(judged))).toEqual(new Set(['missing']));
      expect(messages(judged)).toEqual([
        expect.stringContaining('warning sstate-dir-unreadable: SSTATE_DIR'),
      ]);
    },
  );

  it('on mirrors that are directories are looked for in order', async () => {
    const [first, second] = [join(own.directory, 'first'), join(own.directory, 'second')];
    makeObjects(own.store, NAMES.slice(0, 2));
    makeObjects(first, NAMES.slice(1, 4));
    makeObjects(second, NAMES.slice(3, 6));
    const mirrors = `file://.* file://${first}/PATH \\n file://.* file://${second}/PATH;downloadfilename=PATH`;
    const judged = await own.judge({ SSTATE_MIRRORS: mirrors }, NAMES.slice(0, 7));
    expect(said(judged)).toEqual([
      'local',
      'local',
      ...NAMES.slice(2, 4).map((name) => `mirror file://${first}/${quoted(name)}`),
      ...NAMES.slice(4, 6).map((name) => `mirror file://${second}/${quoted(name)}`),
      'missing',
    ]);
    expect(judged.presences[4]).toHaveProperty(
      'mirror',
      `file://.* file://${second}/PATH;downloadfilename=PATH`,
    );
    expect(judged.problems).toEqual([]);
  });

  it('that are not in SSTATE_DIR are looked for where they are, but not on mirrors', async () => {
    makeObjects(own.store, ['x']);
    makeObjects(own.directory, ['elsewhere/a']);
    const objects = ['a', 'b'].map((name) => ({ path: `${own.directory}/elsewhere/${name}` }));
    expect(said(await own.availability({}).judge(objects))).toEqual(['local', 'missing']);
    const mirrored = own.availability({ SSTATE_MIRRORS: 'file://.* file:///nowhere/PATH' });
    expect(said(await mirrored.judge(objects))).toEqual([
      'local',
      'unknown: it is not looked for in SSTATE_DIR, and what it is called on mirrors is not known',
    ]);
  });

  it('that have no known name are unknown, for that reason', async () => {
    const judged = await own.availability({}).judge([{ unknown: 'there is no class' }]);
    expect(said(judged)).toEqual(['unknown: there is no class']);
  });
});

describe('mirrors that cannot be used', () => {
  it.each([
    ['s3://bucket/PATH', 's3'],
    ['gs://bucket/PATH', 'gs'],
    ['az://store/box/PATH', 'az'],
    ['ftp://mirror.example/PATH', 'ftp'],
  ])('are said to be unsupported, once: %s', async (target, type) => {
    const judged = await own.judge({ SSTATE_MIRRORS: `file://.* ${target}` }, SERVED);
    expect(new Set(said(judged))).toEqual(
      new Set([`unknown: mirrors of the kind ${type}:// are not supported`]),
    );
    expect(messages(judged).slice(1)).toEqual([
      `warning mirror-unsupported: SSTATE_MIRRORS has ${type}:// (file://.* ${target}), which is not supported: what is not found elsewhere is unknown`,
    ]);
  });

  it('are told of where BitBake fails on them, and where only it knows', async () => {
    makeObjects(own.store, ['x']);
    const broken = await own.judge({ SSTATE_MIRRORS: 'file://( http://m.example/PATH' }, SERVED);
    expect(new Set(said(broken))).toEqual(new Set(['missing']));
    expect(messages(broken)).toEqual([
      'error mirror-entry: In the mirror file://( http://m.example/PATH, ( is not what Python takes in a regular expression: BitBake reports an error for each of 20 objects and takes none from any mirror. Correct SSTATE_MIRRORS',
    ]);
    const strange = await own.judge(
      { SSTATE_MIRRORS: 'file://(?>a) http://m.example/PATH' },
      SERVED.slice(0, 1),
    );
    expect(said(strange)[0]).toMatch(/^unknown: of the mirror file:\/\/\(\?>a\) .* write a simpler pattern$/);
    expect(messages(await own.judge({ SSTATE_MIRRORS: 'file://.*' }, SERVED))).toEqual([
      'warning mirror-pairs: SSTATE_MIRRORS has an odd number of words: the last, file://.*, counts for nothing; write pairs of a pattern and a URL',
    ]);
  });

  it('are not asked where that is not wanted', async () => {
    makeObjects(own.store, ['x']);
    const offline = own.availability({ SSTATE_MIRRORS: 'file://.* http://127.0.0.1:1/PATH' }, {}, false);
    const judged = await offline.judge(own.pathsOf(SERVED.slice(0, 2)));
    expect(said(judged)).toEqual(
      Array(2).fill('unknown: the mirror file://.* http://127.0.0.1:1/PATH was not asked'),
    );
    expect(messages(judged)).toEqual([
      'information mirrors-not-asked: Servers were not asked: whether objects are on them is unknown, 2 times',
    ]);
  });

  it('are what servers last said where they are not asked again, with the age of that', async () => {
    makeObjects(own.store, ['x']);
    let requests = 0;
    let status = 200;
    const server = await serveRequests(({ url = '' }, response) => {
      requests++;
      response.statusCode = decodeURIComponent(url) === `/${SERVED[0]!}` ? status : 404;
      response.end();
    });
    own.servers.push(server);
    const availability = own.availability({ SSTATE_MIRRORS: `file://.* http://${server.host}/PATH` });
    const paths = own.pathsOf([SERVED[0]!, ABSENT]);
    const uri = `mirror http://${server.host}/${quoted(SERVED[0]!)}`;
    const unasked = { asksServers: false };
    expect(new Set(said(await availability.judge(paths, unasked)))).toEqual(
      new Set([`unknown: the mirror file://.* http://${server.host}/PATH was not asked`]),
    );
    expect(requests).toBe(0);
    const asked = await availability.judge(paths);
    expect(said(asked)).toEqual([uri, 'missing']);
    expect(asked.presences.map((presence) => 'age' in presence)).toEqual([false, false]);
    const before = requests;
    const again = await availability.judge(paths, unasked);
    expect(said(again)).toEqual([uri, 'missing']);
    expect(again.presences).toEqual([
      expect.objectContaining({ age: expect.any(Number) as number }),
      { kind: 'missing', age: expect.any(Number) as number },
    ]);
    expect(again.problems).toEqual([]);
    expect(requests).toBe(before);
    // What it could not say is not forgotten either.
    status = 500;
    availability.forget();
    const failed = `unknown: ${server.host} answers with status 500`;
    expect(said(await availability.judge(paths))).toEqual([failed, 'missing']);
    expect(said(await availability.judge(paths, unasked))[0]).toBe(`${failed}, and was not asked again`);
  });

  it('with a user in the URL have nothing, as for BitBake', async () => {
    makeObjects(own.store, ['x']);
    const judged = await own.judge({ SSTATE_MIRRORS: 'file://.* http://me:s3cret@127.0.0.1:1/PATH' }, SERVED);
    expect(new Set(said(judged))).toEqual(new Set(['missing']));
    expect(messages(judged)).toEqual([
      expect.stringMatching(
        /^warning mirror-account: The mirror file:\/\/\.\* http:\/\/127\.0\.0\.1:1\/PATH has a user in its URL/,
      ),
    ]);
    expect(JSON.stringify(judged)).not.toContain('s3cret');
  });
});
