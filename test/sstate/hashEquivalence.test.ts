/** Which unihash counts, and what is unknown where a source does not answer. */
import { describe, expect, it } from 'vitest';
import { type UnihashSource, UnihashSourceFailure } from '../../server/src/inputs/hashEquivalencePorts.ts';
import { releaseOf, withSignatureClasses } from '../../server/src/metadata/release.ts';
import { equivalenceSettings } from '../../server/src/sstate/equivalenceSettings.ts';
import {
  type ServedUnihashes,
  Unihashes,
  type UnihashOptions,
} from '../../server/src/sstate/hashEquivalence.ts';
import { openUnihashes, type EquivalenceAccess } from '../../server/src/sstate/unihashSources.ts';
import { Taskhashes, type UnihashQuery } from '../../server/src/taskgraph/taskhash.ts';
import {
  FETCH_APP,
  INSTALL_APP,
  INSTALL_LIB,
  INSTALL_NATIVE,
  plainTraits,
  small,
  SSTATESIG,
} from '../taskgraph/small.ts';

const [A, B, C, D] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(64)) as [
  string,
  string,
  string,
  string,
];
const query = (taskhash: string, pn = 'zlib') =>
  ({ multiconfig: '', pn, task: 'do_package', taskhash }) as UnihashQuery;

/** A source that knows these, and counts what it is asked. */
function source(name: string, known: Readonly<Record<string, string>> | Error) {
  const asked: string[][] = [];
  const made: UnihashSource & { asked: string[][] } = {
    name,
    asked,
    unihashes(questions) {
      asked.push(questions.map(({ taskhash }) => taskhash));
      if (known instanceof Error) return Promise.reject(known);
      return Promise.resolve(questions.map(({ taskhash }) => known[taskhash]));
    },
    dispose: () => undefined,
  };
  return made;
}

function unihashes(options: Partial<UnihashOptions>): Unihashes {
  return new Unihashes({ method: 'm', remembered: new Map(), sources: [], ...options });
}

describe('a unihash', () => {
  it('is what BitBake remembers, where the taskhash is the same', async () => {
    const server = source('server', { [A]: C, [B]: D });
    const remembered = new Map([[':zlib:do_package', { taskhash: A, unihash: A }]]);
    const known = unihashes({ remembered, sources: [server] });
    await known.ask([query(A), query(B, 'xz')]);
    expect([known.answer(query(A)), known.answer(query(B, 'xz'))]).toEqual([A, D]);
    expect(server.asked).toEqual([[B]]);
    await known.ask([query(B)]);
    expect(known.answer(query(B))).toBe(D);
    expect(server.asked).toEqual([[B]]);
    expect(known.counts).toEqual({ remembered: 1, found: new Map([['server', 1]]), nowhere: 0, unknown: 0 });
  });

  it('takes the place of what is remembered of its recipe and task, as in BitBake', async () => {
    const remembered = new Map([[':zlib:do_package', { taskhash: A, unihash: D }]]);
    const server = source('server', { [A]: C });
    const known = unihashes({ remembered, sources: [server] });
    await known.ask([query(B)]);
    await known.ask([query(A)]);
    expect(known.answer(query(A))).toBe(C);
  });

  it('is asked of the next source where the one before has none, once for each taskhash', async () => {
    const [database, server] = [source('database', { [A]: C }), source('server', { [B]: D })];
    const known = unihashes({ sources: [database, server] });
    await known.ask([query(A), query(B), query(B, 'xz'), query(C)]);
    expect([A, B, C].map((taskhash) => known.answer(query(taskhash)))).toEqual([C, D, C]);
    expect(database.asked).toEqual([[A, B, C]]);
    expect(server.asked).toEqual([[B, C]]);
    expect(known.counts.nowhere).toBe(1);
  });

  it('is unknown where a source fails, which is asked once and told of once', async () => {
    const failure = new UnihashSourceFailure('the server is gone');
    const [database, server] = [source('database', { [A]: C }), source('server', failure)];
    const known = unihashes({ sources: [database, server] });
    await known.ask([query(A), query(B)]);
    await known.ask([query(D)]);
    expect([A, B, D].map((taskhash) => known.answer(query(taskhash)))).toEqual([
      C,
      { unknown: 'the server is gone' },
      { unknown: 'the server is gone' },
    ]);
    expect(server.asked).toEqual([[B]]);
    expect(known.failures).toEqual(['the server is gone']);
  });

  it('is unknown where a source gives something else', async () => {
    const known = unihashes({ sources: [source('hashserv.db', { [A]: 'x' })] });
    await known.ask([query(A)]);
    expect(known.answer(query(A))).toEqual({
      unknown: expect.stringContaining('hashserv.db gives something') as string,
    });
  });

  it('is unknown where nobody has asked, or was not to ask', async () => {
    const known = unihashes({ withheld: 'the server was not asked' });
    expect(known.answer(query(A))).toEqual({ unknown: 'hash equivalence was not asked for this taskhash' });
    await known.ask([query(A)]);
    expect(known.answer(query(A))).toEqual({ unknown: 'the server was not asked' });
  });

  it('is what the server last said where it is left out', async () => {
    const served: ServedUnihashes = new Map();
    const asking = unihashes({ sources: [source('server', { [A]: C })], served });
    await asking.ask([query(A), query(B)]);
    const later = unihashes({ withheld: 'the server was not asked', served });
    await later.ask([query(A), query(B), query(D)]);
    expect([A, B, D].map((taskhash) => later.answer(query(taskhash)))).toEqual([
      C,
      B,
      { unknown: 'the server was not asked' },
    ]);
  });

  it('is asked for no more once that is cancelled', async () => {
    const abort = new AbortController();
    const known = unihashes({ signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(known.ask([query(A)])).rejects.toThrow('enough');
  });
});

describe('a fold with unihashes', () => {
  const OE = withSignatureClasses(plainTraits(), SSTATESIG);
  const variables = { BB_SIGNATURE_HANDLER: 'OEEquivHash' };
  const setscene = [INSTALL_LIB, INSTALL_NATIVE];
  const plain = Taskhashes.of(small());
  const libHash = plain.taskhash(INSTALL_LIB) as string;

  async function folded(unihashes: Unihashes) {
    const rounds: string[][] = [];
    const inputs = small({
      variables,
      traits: OE,
      setscene,
      more: { unihash: (asked) => unihashes.answer(asked) },
    });
    const hashes = await Taskhashes.inRounds(inputs, (queries) => {
      rounds.push(queries.map(({ pn, task }) => `${pn}:${task}`));
      return unihashes.ask(queries);
    });
    return { hashes, rounds };
  }

  it('asks for each round of tasks at once, with the taskhashes that came of the one before', async () => {
    const { hashes, rounds } = await folded(unihashes({ sources: [source('database', { [libHash]: B })] }));
    expect(rounds).toEqual([['app-native:do_install'], ['lib:do_install']]);
    expect(hashes.taskhash(INSTALL_LIB)).toBe(libHash);
    expect(hashes.unihash(INSTALL_LIB)).toBe(B);
    // Made by hand with Python's hashlib from the same texts.
    expect(hashes.taskhash(INSTALL_APP)).toBe(
      '2974f3838c78a2b0ea9d9a5e23732977fc38072df6be03d92ad8db5bda64f5af',
    );
  });

  it('knows the taskhash of a task whose unihash is unknown, and none of what depends on it', async () => {
    const { hashes } = await folded(unihashes({ withheld: 'the server was not asked' }));
    expect(hashes.taskhash(INSTALL_LIB)).toBe(libHash);
    expect(hashes.unihash(INSTALL_LIB)).toEqual({ unknown: 'the server was not asked' });
    expect(hashes.unknownBecause(INSTALL_APP)).toBe(INSTALL_NATIVE);
    expect(hashes.taskhash(INSTALL_APP)).toEqual({
      unknown: 'it depends on app-native:do_install, and there the server was not asked',
    });
    expect(hashes.unihash(FETCH_APP)).toBe(plain.taskhash(FETCH_APP));
  });
});

describe('the configuration of hash equivalence', () => {
  const settings = (values: Record<string, string>, version = '2.18.0') =>
    equivalenceSettings((name) => values[name], 'OEEquivHash', releaseOf(version).hashServer);
  const usual = { BB_HASHSERVE: 'auto', SSTATE_HASHEQUIV_METHOD: 'm', PERSISTENT_DIR: '/b/cache' };
  const database = (path: string, shared: boolean, version = '2.18.0') => ({
    path,
    shared,
    traits: releaseOf(version).hashServer,
  });

  it('means the database beside the build by "auto", or the shared one where the release knows of it', () => {
    expect(settings(usual)).toEqual({
      method: 'm',
      memory: '/b/cache/bb_unihashes.dat',
      database: database('/b/cache/hashserv.db', false),
      server: undefined,
    });
    const shared = { ...usual, BB_HASHSERVE_DB_DIR: '/sstate' };
    expect(settings(shared)).toMatchObject({ database: database('/sstate/hashserv.db', true) });
    expect(settings(shared, '2.8.0')).toMatchObject({
      database: database('/b/cache/hashserv.db', false, '2.8.0'),
    });
    expect(releaseOf('2.0.0').hashServer.unihashTable).toBe('unihashes_v2');
  });

  it('never gives an upstream credentials', () => {
    const secrets = { BB_HASHSERVE_USERNAME: 'me', BB_HASHSERVE_PASSWORD: 'secret' };
    expect(settings({ ...usual, ...secrets, BB_HASHSERVE_UPSTREAM: 'h:1' })).toMatchObject({
      server: { address: 'h:1', variable: 'BB_HASHSERVE_UPSTREAM', credentials: undefined },
    });
    const named = { ...usual, BB_HASHSERVE: 'h:1' };
    expect(settings({ ...named, ...secrets })).toMatchObject({
      database: undefined,
      server: { credentials: { username: 'me', password: 'secret' } },
    });
    expect(settings(named)).toMatchObject({ server: { credentials: 'netrc' } });
    expect(settings({ ...named, ...secrets }, '2.0.0')).toMatchObject({ server: { credentials: undefined } });
  });

  it('is refused where BitBake stops, and nothing to other handlers', () => {
    expect(settings({ ...usual, BB_HASHSERVE: '' })).toMatch(/requires BB_HASHSERVE/);
    expect(settings({ ...usual, SSTATE_HASHEQUIV_METHOD: '' })).toMatch(/requires SSTATE_HASHEQUIV_METHOD/);
    expect(equivalenceSettings(() => 'auto', 'OEBasicHash', releaseOf('2.18.0').hashServer)).toBeUndefined();
  });

  it('is asked of servers only where that is allowed, and of nothing where memory cannot be read', async () => {
    const opened: string[] = [];
    const access: EquivalenceAccess = {
      memory: () => Promise.resolve(undefined),
      database: ({ path }) => (opened.push(path), source(path, {})),
      server: ({ address }) => (opened.push(address), source(address, {})),
    };
    const both = settings({ ...usual, BB_HASHSERVE_UPSTREAM: 'h:1' });
    if (typeof both !== 'object') throw new Error('no settings');
    const { unihashes: local } = await openUnihashes(both, access, { servers: false });
    await local.ask([query(A)]);
    expect(local.answer(query(A))).toEqual({
      unknown:
        'the hash equivalence server that BB_HASHSERVE_UPSTREAM names was not asked, as servers are left out here',
    });
    expect(opened).toEqual(['/b/cache/hashserv.db']);
    await openUnihashes(both, access, { servers: true });
    expect(opened).toEqual(['/b/cache/hashserv.db', '/b/cache/hashserv.db', 'h:1']);
    const damaged = { ...access, memory: () => Promise.resolve({ unknown: 'it is no file' }) };
    const { unihashes: none, warnings } = await openUnihashes(both, damaged, { servers: true });
    await none.ask([query(A)]);
    expect(none.answer(query(A))).toEqual({ unknown: warnings[0] });
    expect(opened).toHaveLength(3);
  });
});
