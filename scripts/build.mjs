/**
 * Makes dist/: the client, the command and the evaluator as one file each, and beside them what they read at run
 * time (CPython and SQLite as WebAssembly, our Python modules). Prints nothing on stdout.
 */
import { build } from 'esbuild';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BUILD_INPUTS, digest, isStamped, stamp } from './stamp.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const DIST = join(ROOT, 'dist');

/** Of the pyodide package, the interpreter and its library: the rest is its JavaScript side, which is ours here. */
const WASM = 'pyodide.asm.wasm';
const LIBRARY = 'python_stdlib.zip';
/** What the compiled library is made from. */
const LIBRARY_INPUTS = [
  ...[WASM, LIBRARY].map((name) => `node_modules/pyodide/${name}`),
  'server/src/python/library.ts',
];

// Some bundled packages are CommonJS: they call require() for Node's own modules and ask where they are, for which an
// ES module has other names.
const REQUIRE = "import { createRequire as __createRequire } from 'node:module';";
const REQUIRE_MADE = 'const require = __createRequire(import.meta.url);';

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node20',
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
};
const AS_MODULE = {
  ...COMMON,
  format: 'esm',
  banner: { js: `${REQUIRE}\n${REQUIRE_MADE}` },
  define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
};

const started = performance.now();
const before = digest(ROOT, BUILD_INPUTS);
const bundles = [
  {
    ...COMMON,
    entryPoints: ['client/src/extension.ts'],
    outfile: 'dist/client.cjs',
    format: 'cjs',
    external: ['vscode'],
  },
  {
    ...COMMON,
    entryPoints: ['client/webview/graph.ts'],
    outfile: 'dist/graph.js',
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
  },
  {
    ...AS_MODULE,
    entryPoints: ['server/src/cli/main.ts'],
    outfile: 'dist/sstate-lens.mjs',
    banner: { js: `#!/usr/bin/env node\n${AS_MODULE.banner.js}` },
  },
  { ...AS_MODULE, entryPoints: ['server/src/evaluator.ts'], outfile: 'dist/evaluator.mjs' },
];

mkdirSync(DIST, { recursive: true });
// esbuild has already said what is wrong.
const results = await Promise.all(bundles.map((options) => build(options))).catch(() => process.exit(1));

const pyodide = join(ROOT, 'node_modules/pyodide');
mkdirSync(join(DIST, 'pyodide'), { recursive: true });
for (const name of readdirSync(join(DIST, 'pyodide')))
  if (name !== WASM && name !== LIBRARY) rmSync(join(DIST, 'pyodide', name));
cpSync(join(pyodide, WASM), join(DIST, 'pyodide', WASM));
await makeLibrary();
cpSync(join(ROOT, 'node_modules/sql.js/dist/sql-wasm.wasm'), join(DIST, 'sql-wasm.wasm'));
rmSync(join(DIST, 'python'), { recursive: true, force: true });
cpSync(join(ROOT, 'server/src/python/lib'), join(DIST, 'python'), {
  recursive: true,
  filter: (path) => !path.endsWith('__pycache__'),
});
cpSync(join(ROOT, 'server/src/host/bitbake.py'), join(DIST, 'bitbake.py'));
cpSync(join(ROOT, 'client/webview/graph.css'), join(DIST, 'graph.css'));
writeFileSync(join(DIST, 'THIRD-PARTY.txt'), notices(results.map(({ metafile }) => metafile)));
stamp(join(DIST, '.stamp'), before);
process.stderr.write(`built dist in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);

/** The library as bytecode: it takes some seconds to compile, here or at every start. */
async function makeLibrary() {
  const made = join(DIST, 'pyodide', LIBRARY);
  const inputs = digest(ROOT, LIBRARY_INPUTS);
  if (existsSync(made) && isStamped(join(DIST, '.stdlib'), inputs)) return;
  const compiler = join(DIST, '.stdlib.mjs');
  await build({ ...COMMON, format: 'esm', entryPoints: ['server/src/python/library.ts'], outfile: compiler });
  const { compileLibrary } = await import(pathToFileURL(compiler).href);
  rmSync(compiler);
  const [wasm, library] = [WASM, LIBRARY].map((name) => readFileSync(join(pyodide, name)));
  writeFileSync(made, await compileLibrary(wasm, library));
  stamp(join(DIST, '.stdlib'), inputs);
}

/** The licences of all that the bundles hold of others' work. */
function notices(metafiles) {
  const directories = new Set(
    metafiles
      .flatMap(({ inputs }) => Object.keys(inputs))
      .flatMap((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
  );
  const packages = [...directories].sort().map((directory) => {
    const { name, version, license } = JSON.parse(
      readFileSync(join(ROOT, directory, 'package.json'), 'utf8'),
    );
    const file = readdirSync(join(ROOT, directory)).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
    const text = file ? readFileSync(join(ROOT, directory, file), 'utf8').trim() : '';
    return `${name} ${version} (${license})\n\n${text}`;
  });
  const { version } = JSON.parse(readFileSync(join(pyodide, 'package.json'), 'utf8'));
  packages.push(
    `pyodide ${version} (MPL-2.0)\n\nThe files in pyodide/ are those of the registry package, the interpreter unchanged ` +
      `and the library compiled to bytecode; their source is at https://github.com/pyodide/pyodide and the licence ` +
      `at https://mozilla.org/MPL/2.0/. They contain CPython, under the Python Software Foundation licence (https://docs.python.org/3/license.html).`,
  );
  return packages.join(`\n\n${'-'.repeat(80)}\n\n`) + '\n';
}
