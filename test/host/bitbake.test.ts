/** The user's BitBake: a stand-in that leaves a cache as BitBake does; with SSTATE_LENS_RUN_BITBAKE=1 the real one. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BitBake, BitBakeFailure, variableOf } from '../../server/src/host/bitbake.ts';
import { openBuildDirectory } from '../../server/src/host/buildDirectory.ts';

const HAS_PYTHON = spawnSync('python3', ['--version']).status === 0;
const OE_CORE = process.env['SSTATE_LENS_OE_CORE'];
const REAL =
  OE_CORE !== undefined && process.env['SSTATE_LENS_RUN_BITBAKE'] === '1' && process.getuid?.() !== 0;

const CACHE_MODULE = `
class CoreRecipeInfo:
    def __init__(self, **values):
        self.__dict__.update(values)
`;

/** Stands in for bin/bitbake: `-e` tells where the cache is, `-p` writes one. */
const COMMAND = `#!/usr/bin/env python3
import os, pickle, sys
root = os.getcwd()
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "lib"))
from bb.cache import CoreRecipeInfo
if os.path.exists("broken"):
    print("ERROR: broken", file=sys.stderr)
    sys.exit(1)
if sys.argv[1] == "-e":
    print('CACHE="%s/tmp/cache"\\nexport BBMULTICONFIG="second"\\nBBMULTICONFIG="second"' % root)
    sys.exit(0)
os.makedirs("tmp/cache", exist_ok=True)
def write(name, records):
    with open("tmp/cache/" + name, "wb") as out:
        pickler = pickle.Pickler(out)
        for value in ["156", "2.18.0", *[part for record in records for part in record]]:
            pickler.dump(value)
here, gone = root + "/a_1.bb", root + "/gone_1.bb"
def record(pn, variants, hashes=None, reason=""):
    return CoreRecipeInfo(pn=pn, variants=variants, skipped=bool(reason), skipreason=reason, basetaskhashes=hashes or {})
write("bb_cache.dat", [
    (here, record("a", ["native", ""], {"do_build": "1" * 64, "do_unhashed": ""})),
    ("virtual:native:" + here, record("a-native", ["native", ""], reason="not native")),
    ("virtual:old:" + here, record("a-old", [""], {"do_build": "2" * 64})),
    (gone, record("gone", [""], {"do_build": "3" * 64})),
])
write("bb_cache.dat.second", [(here, record("a", [""], {"do_build": "4" * 64}))])
`;

describe('a variable in the output of bitbake -e', () => {
  it('is found by its name at the start of a line', () => {
    const listing = '# $CACHE [2 operations]\n#   "x"\nMYCACHE="/no"\nCACHE="/tmp/cache"\n';
    expect(variableOf(listing, 'CACHE')).toBe('/tmp/cache');
    expect(variableOf(listing, 'BBMULTICONFIG')).toBeUndefined();
  });
});

describe.skipIf(!HAS_PYTHON)('BitBake', () => {
  let root: string;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'sstate-lens-')));
    const files = {
      'build/conf/bblayers.conf': '',
      'build/a_1.bb': '',
      'bitbake/lib/bb/__init__.py': '',
      'bitbake/lib/bb/cache.py': CACHE_MODULE,
      'bitbake/bin/bitbake': COMMAND,
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    chmodSync(join(root, 'bitbake/bin/bitbake'), 0o755);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const open = () => new BitBake(openBuildDirectory(join(root, 'build'), join(root, 'bitbake')));

  it('tells the variants of every recipe that is there, in every multiconfig', async () => {
    const bitbake = open();
    await bitbake.parse();
    const recipe = join(root, 'build/a_1.bb');
    expect(await bitbake.recipes()).toEqual([
      { mcfn: `virtual:native:${recipe}`, pn: 'a-native', skipped: 'not native', tasks: new Map() },
      { mcfn: recipe, pn: 'a', skipped: undefined, tasks: new Map([['do_build', '1'.repeat(64)]]) },
      {
        mcfn: `mc:second:${recipe}`,
        pn: 'a',
        skipped: undefined,
        tasks: new Map([['do_build', '4'.repeat(64)]]),
      },
    ]);
  });

  it('says what ended with an error', async () => {
    writeFileSync(join(root, 'build/broken'), '');
    await expect(open().parse()).rejects.toThrow(/bitbake -p ended with exit code 1/);
  });

  it('is asked for where none is found', () => {
    const build = { ...openBuildDirectory(join(root, 'build')), bitbakeDir: undefined };
    expect(() => new BitBake(build)).toThrow(BitBakeFailure);
  });
});

describe.skipIf(!REAL)('a real BitBake', () => {
  it('tells the hashes of its cache, and what went into them', async () => {
    const bitbake = new BitBake(openBuildDirectory(join(OE_CORE!, 'build'), join(OE_CORE!, 'bitbake')));
    await bitbake.parse();
    const recipes = await bitbake.recipes();
    const known = recipes.find(({ mcfn }) => /^\/.*\/zlib_[^/]*\.bb$/.test(mcfn))!;
    const [again] = await bitbake.values([['', known.mcfn]]);
    expect(again?.tasks.get('do_compile')).toBe(known.tasks.get('do_compile'));
    expect(again?.values.get('PN')).toBe('zlib');
    expect(again?.dependencies.get('do_compile')).toContain('EXTRA_OEMAKE');
  }, 600_000);
});
