import { beforeAll, describe, expect, it } from 'vitest';
import { compileLibrary } from '../../server/src/python/library.ts';
import { releaseOf } from '../../server/src/metadata/release.ts';
import { ASSETS, memoryFiles, testSandbox } from './workspace.ts';

describe('the compiled library', () => {
  let library: Uint8Array;

  beforeAll(async () => {
    library = await compileLibrary(ASSETS.assets.wasm(), ASSETS.assets.stdlib);
  }, 60_000);

  it('is used in the place of the sources', async () => {
    const box = await testSandbox({ assets: { ...ASSETS.assets, stdlib: library } });
    expect(box.evaluate('__import__("json").__file__')).toBe('/.lens/lib/python314.zip/json/__init__.pyc');
    expect(box.evaluate('__import__("json").dumps([1])')).toBe('[1]');
    expect(box.raised(() => box.evaluate('__import__("json").loads("x")')).type).toBe(
      'json.decoder.JSONDecodeError',
    );
  });

  it('lacks no module that the sources have', { timeout: 120_000 }, async () => {
    const importable = async (stdlib: Uint8Array) => {
      const box = await testSandbox({ assets: { ...ASSETS.assets, stdlib } });
      box.run(
        'import sys\nfound = []\nfor name in sorted(sys.stdlib_module_names):\n' +
          '    if name in ("this", "antigravity", "idlelib"): continue\n' +
          '    try:\n        __import__(name)\n        found.append(name)\n    except Exception: pass\n',
      );
      return box.evaluate('" ".join(found)').split(' ');
    };
    const found = await importable(library);
    expect(found).toEqual(await importable(ASSETS.assets.stdlib));
    expect(found).toEqual(expect.arrayContaining(['pdb', 'pydoc', 'unittest', 'xml', 'tarfile', 'zipfile']));
    expect(found.length).toBeGreaterThan(200);
  });

  it('counts as without dependencies where a layer imports functions of it', async () => {
    const box = await testSandbox({
      assets: { ...ASSETS.assets, stdlib: library },
      traits: releaseOf('2.6.0').python,
      files: memoryFiles({
        '/layer/lib/parts/__init__.py': 'BBIMPORTS = ["user"]\n',
        '/layer/lib/parts/user.py':
          'from glob import glob\n\ndef use(d):\n    return glob(d.getVar("FILES"))\n',
      }),
    });
    const found = box.python.addLibrary('/layer/lib', 'parts');
    expect(found.map(({ name, references, execs, error }) => [name, references, execs, error])).toEqual([
      ['parts.user.glob', [], [], undefined],
      ['parts.user.use', ['FILES'], ['parts.user.glob'], undefined],
    ]);
  });

  it('has nothing for JavaScript', async () => {
    const box = await testSandbox({ assets: { ...ASSETS.assets, stdlib: library } });
    box.run('import sys\ndel sys.modules["pyodide"]');
    expect(box.raised(() => box.run('import pyodide')).type).toBe('ModuleNotFoundError');
  });
});
