/**
 * The environment BitBake would be started with in a build directory, of which metadata may see what BitBake
 * lets through (`bb/utils.py: clean_environment`).
 *
 * The directory may never have been initialised in this process (an editor started from a desktop): what the
 * initialisation script would have let through is read from its text.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sortedStrings, splitWords } from '../base/words.ts';

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

/** @param roots where oe-init-build-env may be */
export function bitbakeEnvironment(
  buildDir: string,
  roots: readonly string[],
  source: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const additions = source['BB_ENV_PASSTHROUGH_ADDITIONS'] ?? additionsOf(roots);
  const names = [...KEPT, ...splitWords(additions ?? ''), ...splitWords(source['BB_ENV_PASSTHROUGH'] ?? '')];
  const kept: Record<string, string> = {};
  for (const name of names) {
    const value = source[name];
    if (value !== undefined) kept[name] = value;
  }
  if (additions !== undefined) kept['BB_ENV_PASSTHROUGH_ADDITIONS'] = additions;
  return { ...kept, LC_ALL: 'en_US.UTF-8', PWD: buildDir };
}

function additionsOf(roots: readonly string[]): string | undefined {
  for (const root of roots) {
    try {
      const script = readFileSync(join(root, 'scripts/oe-buildenv-internal'), 'utf8');
      const list = /BB_ENV_PASSTHROUGH_ADDITIONS_OE="([^"]*)"/.exec(script)?.[1];
      // The script sorts the names in the C locale, each once, and leaves a blank behind the last.
      if (list !== undefined)
        return `${sortedStrings(new Set(splitWords(list.replaceAll('\\\n', ' ')))).join(' ')} `;
    } catch {
      // Not the core layer's repository.
    }
  }
  return undefined;
}
