/**
 * Finding a build directory and what belongs to it: the layers it names, BitBake, and so the directories that
 * evaluating it may read.
 *
 * bblayers.conf decides what is read, and it is not to be trusted either: a directory counts as a layer only
 * when it has a conf/layer.conf.
 */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { readLayers } from './layersFile.ts';

export interface BuildDirectory {
  /** Symbolic links resolved. */
  readonly path: string;
  /** BitBake's checkout; undefined where none is at hand. */
  readonly bitbakeDir: string | undefined;
  /** Everything that may be read. */
  readonly roots: readonly string[];
}

/**
 * The build directory `from` is in, or that is beside it; undefined where there is none, and in the top directory of
 * several setups.
 */
export function findBuildDirectory(from: string): string | undefined {
  for (let directory = resolve(from); ; directory = dirname(directory)) {
    if (isBuildDirectory(directory)) return directory;
    const setups = setupsIn(directory);
    if (setups.length > 0) return setups.length === 1 ? setups[0] : undefined;
    const inside = subdirectories(directory).find(
      (name) => /^build/.test(name) && isBuildDirectory(join(directory, name)),
    );
    if (inside !== undefined) return join(directory, inside);
    if (dirname(directory) === directory) return undefined;
  }
}

/**
 * The build directories of the setups that bitbake-setup has made in its top directory: `SETUP/build`, beside the
 * `site.conf` that they share. Empty where `top` is none.
 */
export function setupsIn(top: string): string[] {
  if (!existsSync(join(top, 'site.conf'))) return [];
  return subdirectories(top)
    .map((name) => join(top, name, 'build'))
    .filter((path) => isBuildDirectory(path));
}

/**
 * The build directory of the shell that the editor was started from: `oe-init-build-env` sets BUILDDIR, kas is told of
 * KAS_BUILD_DIR, or makes `build` in KAS_WORK_DIR.
 */
export function buildDirectoryOfShell(
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const { BUILDDIR, KAS_BUILD_DIR, KAS_WORK_DIR } = environment;
  return [BUILDDIR, KAS_BUILD_DIR, KAS_WORK_DIR && join(KAS_WORK_DIR, 'build')].find(
    (path) => path !== undefined && path.startsWith('/') && isBuildDirectory(path),
  );
}

/** The machines that layers have a configuration of, sorted. */
export function machinesOf(layers: readonly string[]): string[] {
  const names = layers.flatMap((layer) => {
    try {
      return readdirSync(join(layer, 'conf/machine'));
    } catch {
      return [];
    }
  });
  const machines = names
    .filter((name) => name.endsWith('.conf'))
    .map((name) => name.slice(0, -'.conf'.length));
  return [...new Set(machines)].sort();
}

/** The path with symbolic links resolved, as far as it exists. */
export function realDirectory(path: string): string {
  return existsSync(path) ? realpathSync(path) : resolve(path);
}

export function isBuildDirectory(path: string): boolean {
  return existsSync(join(path, 'conf/bblayers.conf'));
}

/** Whether a directory is a checkout of BitBake. */
export function isBitBake(path: string): boolean {
  return existsSync(join(path, 'lib/bb/__init__.py'));
}

/** @param bitbakeDir where the user says BitBake is; otherwise it is looked for beside the layers and in PATH */
export function openBuildDirectory(path: string, bitbakeDir?: string): BuildDirectory {
  const real = realDirectory(path);
  const { named, asked } = readLayers(real, process.env);
  const isLayer = (path: string) => existsSync(join(path, 'conf/layer.conf'));
  const layers = named.filter(isLayer);
  const bitbake = bitbakeDir === undefined ? findBitBake(real, layers) : realpathSync(bitbakeDir);
  const roots = [
    real,
    ...sharedSiteConf(real),
    ...layers.map(rootOfLayer),
    // Whether they are there decides which layers there are.
    ...asked.filter((path) => !existsSync(path) || isLayer(path) || path.endsWith('/conf/layer.conf')),
    ...(bitbake === undefined ? [] : [bitbake]),
  ];
  const isInside = (path: string) => roots.some((root) => path.startsWith(`${root}/`));
  const outside = roots
    .flatMap((root) => filesOfRepository(realDirectory(root)))
    .filter((path) => !isInside(path));
  return { path: real, bitbakeDir: bitbake, roots: [...new Set([...roots, ...outside])] };
}

/**
 * The `site.conf` in the top directory of bitbake-setup, which `conf/site.conf` of each setup is a link to. A link to
 * anywhere else leads out of what may be read.
 */
function sharedSiteConf(buildDir: string): string[] {
  const shared = join(dirname(dirname(buildDir)), 'site.conf');
  return realDirectory(join(buildDir, 'conf/site.conf')) === shared ? [shared] : [];
}

/** A layer's files refer to its repository (COREBASE, licences): that is the root, or the layer where there is none. */
function rootOfLayer(layer: string): string {
  for (
    let directory = layer, up = 0;
    up < 4 && dirname(directory) !== directory;
    up++, directory = dirname(directory)
  ) {
    if (existsSync(join(directory, '.git'))) return directory;
  }
  // The core layer is the directory `meta` of its repository, also where that was unpacked from an archive.
  return existsSync(join(layer, 'conf/bitbake.conf')) && hasSetupScript(dirname(layer))
    ? dirname(layer)
    : layer;
}

/** `oe-init-build-env`, or that of another core layer. */
function hasSetupScript(directory: string): boolean {
  return readdirSync(directory).some((name) => name.endsWith('-init-build-env'));
}

/**
 * The files that tell where the repository around a directory stands (`python/repository.ts`), wherever it is: its top
 * may be above all layers, and the rest of it elsewhere (submodules, worktrees). Nothing else of it may be read.
 */
function filesOfRepository(directory: string): string[] {
  for (let top = directory; ; top = dirname(top)) {
    const dotGit = join(top, '.git');
    if (existsSync(join(dotGit, 'HEAD'))) return filesOfGit(dotGit);
    const target = /^gitdir: (.*)/.exec(textOf(dotGit) ?? '')?.[1]?.trim();
    if (target !== undefined) {
      const git = resolve(top, target);
      const common = resolve(git, textOf(join(git, 'commondir'))?.trim() ?? '.');
      return [dotGit, ...filesOfGit(git), ...filesOfGit(common)];
    }
    if (dirname(top) === top) return [];
  }
}

function filesOfGit(git: string): string[] {
  return ['HEAD', 'commondir', 'packed-refs', 'refs'].map((name) => join(git, name));
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function findBitBake(buildDir: string, layers: readonly string[]): string | undefined {
  const beside = [buildDir, ...layers].flatMap((path) => [dirname(path), dirname(dirname(path))]);
  const inPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((path) => path.endsWith('/bitbake/bin'))
    .map((path) => dirname(path));
  const candidates = [
    ...inPath,
    ...beside.map((path) => join(path, 'bitbake')),
    ...beside.map((path) => join(path, 'openembedded-core/bitbake')),
  ];
  const found = candidates.find(isBitBake);
  return found === undefined ? undefined : realpathSync(found);
}

function subdirectories(path: string): string[] {
  try {
    return readdirSync(path)
      .filter(
        (name) =>
          !name.startsWith('.') && statSync(join(path, name), { throwIfNoEntry: false })?.isDirectory(),
      )
      .sort();
  } catch {
    return [];
  }
}
