import { describe, expect, it } from 'vitest';
import { withSignatureClasses } from '../../server/src/metadata/release.ts';
import { Taskhashes, type UnihashQuery } from '../../server/src/taskgraph/taskhash.ts';
import {
  FETCH_APP,
  FETCH_LIB,
  INSTALL_APP,
  INSTALL_LIB,
  INSTALL_NATIVE,
  plainTraits,
  sha256,
  small,
  SSTATESIG,
} from './small.ts';

const OE = withSignatureClasses(plainTraits(), SSTATESIG);
const all = (hashes: Taskhashes) => [0, 1, 2, 3, 4].map((task) => hashes.taskhash(task));

/** Made by hand with Python's hashlib from the same texts. */
const EXPECTED = [
  '06f4608539759a6c8f4f61ee3d2c5c62fa976d6e346b7aaab0cb9a7abd3337d2',
  '39e97d4ae9c096295f0fe9252ecd83d9fab8eb6111072cd21ee6bced4a6dc404',
  'a01f4d31dd382f3a7a226e9470b7ef049bc7e08fe914c4887c89ab06b21d59c8',
  '36dff42b8e65b41215c211d901d6a2facf5097813c706e4dfe124c095d21900d',
  '5473b72e70db9e268857af42572c214204155272ed5311d0b4eb96f190b50b04',
];

describe('taskhashes', () => {
  it('fold basehashes, dependencies by recipe and task, and files', () => {
    const hashes = Taskhashes.of(small());
    expect(all(hashes)).toEqual(EXPECTED);
    expect([...hashes.countedDependencies(INSTALL_APP)]).toEqual([INSTALL_NATIVE, FETCH_APP, INSTALL_LIB]);
    expect([...hashes.countedDependents(INSTALL_LIB)]).toEqual([INSTALL_APP]);
  });

  it('are folded again only where a changed basehash reaches', () => {
    const inputs = small();
    const hashes = Taskhashes.of(inputs);
    inputs.basehashes[FETCH_LIB] = sha256('base other');
    expect(hashes.update([FETCH_LIB])).toEqual([FETCH_LIB, INSTALL_LIB, INSTALL_APP]);
    expect(all(hashes)).toEqual([
      'f8a650ad1720036bbbadafe42b85eaac993bf8c3f30670c06c8a67d6e85da6c5',
      '1a0a1c0e10c3e87af63680a5942bfbb586e4e17b05031543e140fb644565d514',
      EXPECTED[FETCH_APP],
      '6ecc1771c8c2160b188460c4bab8e158aac73eae2f42539e0b5f480b528cbeea',
      EXPECTED[INSTALL_NATIVE],
    ]);
    expect(hashes.update([FETCH_LIB])).toEqual([]);
  });

  it('are unknown where an input is, and in all that depends on it', () => {
    const inputs = small();
    const hashes = Taskhashes.of(inputs);
    const known = hashes.key(INSTALL_APP);
    inputs.basehashes[FETCH_LIB] = { unknown: 'its Python asks the network' };
    expect(hashes.update([FETCH_LIB])).toEqual([FETCH_LIB, INSTALL_LIB, INSTALL_APP]);
    expect(hashes.taskhash(FETCH_LIB)).toEqual({ unknown: 'its Python asks the network' });
    expect(hashes.taskhash(INSTALL_APP)).toEqual({
      unknown: 'it depends on lib:do_fetch, and there its Python asks the network',
    });
    expect(hashes.unknownBecause(INSTALL_APP)).toBe(FETCH_LIB);
    expect(hashes.taskhash(INSTALL_NATIVE)).toBe(EXPECTED[INSTALL_NATIVE]);
    expect(hashes.key(INSTALL_APP)).not.toBe(known);
  });

  it('are unknown for nostamp tasks, but keep a key that changes with them', () => {
    const inputs = small({ lib: { flags: { nostamp: { do_fetch: '1' } } } });
    const hashes = Taskhashes.of(inputs);
    expect(hashes.taskhash(FETCH_LIB)).toEqual({
      unknown: 'the task is marked nostamp: BitBake puts a new random number into its hash in each run',
    });
    expect(hashes.key(FETCH_LIB)).toBe(EXPECTED[FETCH_LIB]);
    expect(hashes.key(INSTALL_APP)).toBe(EXPECTED[INSTALL_APP]);
    inputs.basehashes[FETCH_LIB] = sha256('base other');
    expect(hashes.update([FETCH_LIB])).toEqual([FETCH_LIB, INSTALL_LIB, INSTALL_APP]);
  });

  it('take in what a taint file holds, which stands for the random number of nostamp', () => {
    const taint = (task: number) => (task === FETCH_LIB ? 'again' : undefined);
    const lib = { flags: { nostamp: { do_fetch: '1' } } };
    const tainted = 'beeccc340bab4b3ed06eba94371d329cdbd369f48239fcb35544007725c03813';
    expect(Taskhashes.of(small({ more: { taint } })).taskhash(FETCH_LIB)).toBe(tainted);
    expect(Taskhashes.of(small({ more: { taint }, lib })).taskhash(FETCH_LIB)).toBe(tainted);
  });

  it('of the handler noop are made of the names alone', () => {
    const hashes = Taskhashes.of(small({ variables: { BB_SIGNATURE_HANDLER: 'noop' } }));
    expect(hashes.taskhash(FETCH_LIB)).toBe(
      '42cb2d107824c07206a91b91b0444f7d21dd787ba87cb6679f6b9df2a3ba23cc',
    );
  });

  it('cannot be folded over a circle', () => {
    const inputs = small();
    const dependencies = (task: number) =>
      task === FETCH_LIB ? [INSTALL_APP] : inputs.graph.dependencies(task);
    expect(() => Taskhashes.of({ ...inputs, graph: { ...inputs.graph, dependencies } })).toThrow(/circle/);
  });
});

describe('locked signatures', () => {
  const LOCKED = 'a'.repeat(64);
  const variables = {
    BB_SIGNATURE_HANDLER: 'OEBasicHash',
    SIGGEN_LOCKEDSIGS_TYPES: 't-x',
    'SIGGEN_LOCKEDSIGS_t-x': `lib:do_install:${LOCKED}`,
  };

  it('stand for what would be computed, here and in dependents', () => {
    const hashes = Taskhashes.of(small({ variables, traits: OE }));
    expect(hashes.taskhash(INSTALL_LIB)).toBe(LOCKED);
    expect(hashes.taskhash(INSTALL_APP)).toBe(
      '6b0bb8832811b9b3ba7ca93b0e7b101c00e658a1ba5d5a3091af70f0ce88a6c7',
    );
    expect(hashes.lockMismatches()).toEqual([
      { task: INSTALL_LIB, hash: LOCKED, variable: 'SIGGEN_LOCKEDSIGS_t-x', computed: EXPECTED[INSTALL_LIB] },
    ]);
  });

  it('enter dependents as they are, also where they are of another length than hashes', () => {
    for (const lock of ['1111', 'a'.repeat(64) + 'b'.repeat(10)]) {
      const locked = { ...variables, 'SIGGEN_LOCKEDSIGS_t-x': `lib:do_install:${lock}` };
      const inputs = small({ variables: locked, traits: OE });
      const hashes = Taskhashes.of(inputs);
      const folded = (): string =>
        sha256(
          [INSTALL_NATIVE, FETCH_APP]
            .map((task) => hashes.unihash(task) as string)
            .reduce((text, hash) => text + hash, inputs.basehashes[INSTALL_APP] as string) + lock,
        );
      expect(hashes.taskhash(INSTALL_LIB)).toBe(lock);
      expect(hashes.taskhash(INSTALL_APP)).toBe(folded());
      inputs.basehashes[FETCH_APP] = sha256('base other');
      expect(hashes.update([FETCH_APP])).toEqual([FETCH_APP, INSTALL_APP]);
      expect(hashes.taskhash(INSTALL_APP)).toBe(folded());
    }
  });

  it('keep changes, and what is unknown, from dependents', () => {
    const inputs = small({ variables, traits: OE });
    const hashes = Taskhashes.of(inputs);
    inputs.basehashes[FETCH_LIB] = { unknown: 'nobody knows' };
    expect(hashes.update([FETCH_LIB])).toEqual([FETCH_LIB, INSTALL_LIB]);
    expect(hashes.taskhash(INSTALL_LIB)).toBe(LOCKED);
    expect(hashes.taskhash(INSTALL_APP)).toBe(
      '6b0bb8832811b9b3ba7ca93b0e7b101c00e658a1ba5d5a3091af70f0ce88a6c7',
    );
  });

  it('do not count for unlocked recipes, nor for those that depend on one', () => {
    const both = {
      'SIGGEN_LOCKEDSIGS_t-x': `lib:do_install:${LOCKED} app:do_install:${LOCKED} app:do_fetch:${LOCKED}`,
    };
    const hashes = Taskhashes.of(
      small({ variables: { ...variables, ...both, SIGGEN_UNLOCKED_RECIPES: 'lib' }, traits: OE }),
    );
    expect(hashes.taskhash(INSTALL_LIB)).toBe(EXPECTED[INSTALL_LIB]);
    // Dealt with in the first round, when nothing had unlocked app yet.
    expect(hashes.taskhash(FETCH_APP)).toBe(LOCKED);
    expect(hashes.lock(INSTALL_APP)).toBeUndefined();
  });

  it('mean nothing to the handlers of BitBake itself', () => {
    const plain = { ...variables, BB_SIGNATURE_HANDLER: 'basichash' };
    expect(all(Taskhashes.of(small({ variables: plain, traits: OE })))).toEqual(EXPECTED);
  });
});

describe('hash equivalence', () => {
  const variables = { BB_SIGNATURE_HANDLER: 'OEEquivHash' };
  const UNIHASH = 'b'.repeat(64);

  it('puts unihashes of setscene tasks into dependents', () => {
    const asked: UnihashQuery[] = [];
    const unihash = (query: UnihashQuery) => {
      asked.push(query);
      return query.pn === 'lib' ? UNIHASH : undefined;
    };
    const setscene = [INSTALL_LIB, INSTALL_NATIVE];
    const hashes = Taskhashes.of(small({ variables, traits: OE, more: { unihash }, setscene }));
    expect(asked.map(({ pn, task }) => `${pn}:${task}`)).toEqual(['app-native:do_install', 'lib:do_install']);
    expect(asked[1]!.taskhash).toBe(EXPECTED[INSTALL_LIB]);
    expect(hashes.taskhash(INSTALL_LIB)).toBe(EXPECTED[INSTALL_LIB]);
    expect(hashes.unihash(INSTALL_LIB)).toBe(UNIHASH);
    expect(hashes.taskhash(INSTALL_APP)).toBe(
      '2974f3838c78a2b0ea9d9a5e23732977fc38072df6be03d92ad8db5bda64f5af',
    );
    expect(hashes.taskhash(FETCH_APP)).toBe(EXPECTED[FETCH_APP]);
  });

  it('is nothing but the taskhash where nothing is known', () => {
    expect(all(Taskhashes.of(small({ variables, traits: OE })))).toEqual(EXPECTED);
  });

  it('comes from SIGGEN_UNIHASHMAP first', () => {
    const map = { SIGGEN_UNIHASHMAP: `lib:do_install:${EXPECTED[INSTALL_LIB]!}:${UNIHASH}` };
    const hashes = Taskhashes.of(small({ variables: { ...variables, ...map }, traits: OE }));
    expect(hashes.unihash(INSTALL_LIB)).toBe(UNIHASH);
    expect(hashes.taskhash(INSTALL_APP)).toBe(
      '2974f3838c78a2b0ea9d9a5e23732977fc38072df6be03d92ad8db5bda64f5af',
    );
  });
});
