/**
 * Compiles the interpreter's standard library ahead of time. The `pyodide` package ships it as source, and
 * compiling what BitBake imports takes longer than all else at the start of a sandbox; so the build does it
 * once, with the very interpreter that will read the result.
 */
import { Kernel } from './kernel.ts';
import { compileMachine, Machine } from './machine.ts';
import { HOME, Volume } from './volume.ts';

const ARCHIVE = 'lib/python314.zip';

/** Left out: what needs JavaScript, a terminal or native libraries. Entries are stored as they are, undated. */
const SCRIPT = `
import _imp, zipfile
import importlib._bootstrap_external as loader
DROPPED = ('pyodide/', '_pyodide/', 'site-packages/', 'ctypes/', '__phello__/')
SOURCE = '${HOME}/${ARCHIVE}'
with zipfile.ZipFile(SOURCE) as source, zipfile.ZipFile('/out/library.zip', 'w') as target:
    for name in sorted(source.namelist()):
        if name.endswith('/') or name.startswith(DROPPED):
            continue
        data = source.read(name)
        if name.endswith('.py'):
            code = compile(data, SOURCE + '/' + name, 'exec', dont_inherit=True, optimize=0)
            # Marked by the hash of its source, which is not looked at again.
            data = loader._code_to_hash_pyc(code, _imp.source_hash(_imp.pyc_magic_number_token, data), False)
            name += 'c'
        target.writestr(zipfile.ZipInfo(name), data)
`;

/**
 * @param wasm `pyodide.asm.wasm`
 * @param library `python_stdlib.zip`, of sources
 * @returns an archive to be used in its place
 */
export async function compileLibrary(wasm: Uint8Array, library: Uint8Array): Promise<Uint8Array> {
  const nothing = (): undefined => undefined;
  let printed = '';
  const volume = new Volume({
    files: { stat: nothing, readText: nothing, readBytes: nothing, list: nothing, realPath: nothing },
    roots: [],
    scratch: ['/out'],
    programs: [],
    own: new Map([[ARCHIVE, library]]),
    refuse: nothing,
    now: () => 0,
  });
  const kernel = new Kernel({
    volume,
    cwd: '/',
    uid: 0,
    now: () => 0,
    seed: 1,
    request: (bytes) => bytes,
    print: (text) => (printed += text),
    refuse: nothing,
  });
  const limits = {
    memoryBytes: 512 * 1024 * 1024,
    stackBytes: 256 * 1024,
    milliseconds: Infinity,
    longestMilliseconds: Infinity,
  };
  const machine = await Machine.start(await compileMachine(wasm), kernel, limits, HOME);
  volume.makeDirectory('/out', 0o755);
  if (!machine.run(SCRIPT)) throw new Error(`the library could not be compiled: ${printed}`);
  return volume.content('/out/library.zip').slice();
}
