/**
 * The environment BitBake would be started with in a build directory, of which metadata may see what BitBake
 * lets through (`bb/utils.py: clean_environment`).
 *
 * The directory may never have been initialised in this process (an editor started from a desktop): what the
 * initialisation script would have let through is read from its text.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sortedStrings, splitWords } from '../base/words.ts';
import type { BuildDirectory } from './buildDirectory.ts';

const KEPT = [
  'HOME',
  'LOGNAME',
  'PATH',
  'SHELL',
  'USER',
  'BB_ENV_PASSTHROUGH',
  'BB_ENV_PASSTHROUGH_ADDITIONS',
  'BBPATH',
  'BB_PRESERVE_ENV',
];

/** @param build with the roots where oe-init-build-env may be */
export function bitbakeEnvironment(
  build: Pick<BuildDirectory, 'path' | 'bitbakeDir' | 'roots'>,
  source: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const additions = source['BB_ENV_PASSTHROUGH_ADDITIONS'] ?? additionsOf(build.roots);
  const named = [...KEPT, ...splitWords(additions ?? ''), ...splitWords(source['BB_ENV_PASSTHROUGH'] ?? '')];
  // Then metadata sees all of it.
  const names = source['BB_PRESERVE_ENV'] === undefined ? named : Object.keys(source);
  const kept: Record<string, string> = {};
  for (const name of names) {
    const value = source[name];
    if (value !== undefined) kept[name] = value;
  }
  if (additions !== undefined) kept['BB_ENV_PASSTHROUGH_ADDITIONS'] = additions;
  return { ...kept, PATH: pathOf(build, source['PATH'] ?? ''), LC_ALL: 'en_US.UTF-8', PWD: build.path };
}

/** PATH as the initialisation script leaves it: the core layer's scripts and BitBake come first. */
function pathOf({ bitbakeDir, roots }: Pick<BuildDirectory, 'bitbakeDir' | 'roots'>, path: string): string {
  if (bitbakeDir === undefined || path.split(':').includes(join(bitbakeDir, 'bin'))) return path;
  return [...scriptDirectories(roots), join(bitbakeDir, 'bin'), path].join(':');
}

function additionsOf(roots: readonly string[]): string | undefined {
  for (const root of roots) {
    const list = /\bBB_ENV_PASSTHROUGH_ADDITIONS(_OE)?="([^"$]*)"/.exec(
      setupScript(join(root, 'scripts')) ?? '',
    );
    if (!list) continue;
    const names = splitWords(list[2]!.replaceAll('\\\n', ' '));
    // OE-Core's script sorts the names in the C locale, each once, and leaves a blank behind the last.
    return list[1] ? `${sortedStrings(new Set(names)).join(' ')} ` : list[2];
  }
  return undefined;
}

/** Of core layers: what their initialisation scripts put into PATH. */
export function scriptDirectories(roots: readonly string[]): string[] {
  return roots
    .map((root) => join(root, 'scripts'))
    .filter((directory) => setupScript(directory) !== undefined);
}

/** The part of a core layer's initialisation script that sets the environment (`oe-buildenv-internal`). */
function setupScript(scripts: string): string | undefined {
  try {
    const name = readdirSync(scripts).find((name) => name.endsWith('-buildenv-internal'));
    return name === undefined ? undefined : readFileSync(join(scripts, name), 'utf8');
  } catch {
    // Not the core layer's repository.
    return undefined;
  }
}
