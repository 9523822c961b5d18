/**
 * What of the environment that BitBake is started in reaches metadata.
 *
 * Follows `bb/utils.py: approved_variables, preserved_envvars_exported`. Pure: the environment is given.
 */
import { splitWords } from '../base/words.ts';

/** Variables that reach metadata and are exported to tasks. */
export const EXPORTED_ENVIRONMENT: readonly string[] = [
  'BB_TASKHASH',
  'HOME',
  'LOGNAME',
  'PATH',
  'PWD',
  'SHELL',
  'USER',
  'LC_ALL',
  'BBSERVER',
];
const PASSED_ENVIRONMENT = [
  'BBPATH',
  'BB_PRESERVE_ENV',
  'BB_ENV_PASSTHROUGH_ADDITIONS',
  ...EXPORTED_ENVIRONMENT,
];

/** The part of `environment` that metadata sees, in the datastore as in `os.environ`. */
export function approvedEnvironment(environment: Readonly<Record<string, string>>): Record<string, string> {
  if (environment['BB_PRESERVE_ENV'] !== undefined) return { ...environment };
  const passthrough = environment['BB_ENV_PASSTHROUGH'];
  const additions = environment['BB_ENV_PASSTHROUGH_ADDITIONS'];
  const approved = new Set([
    ...(passthrough === undefined ? PASSED_ENVIRONMENT : [...splitWords(passthrough), 'BB_ENV_PASSTHROUGH']),
    ...(additions === undefined ? [] : [...splitWords(additions), 'BB_ENV_PASSTHROUGH_ADDITIONS']),
  ]);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => approved.has(name)));
}

/** The environment with a MACHINE that BitBake lets through (`bb/utils.py: approved_variables`). */
export function withMachine(
  environment: Readonly<Record<string, string | undefined>>,
  machine: string | undefined,
): Readonly<Record<string, string | undefined>> {
  if (machine === undefined) return environment;
  const passed = splitWords(environment['BB_ENV_PASSTHROUGH_ADDITIONS'] ?? '');
  const additions = [...new Set([...passed, 'MACHINE'])].join(' ');
  return { ...environment, MACHINE: machine, BB_ENV_PASSTHROUGH_ADDITIONS: additions };
}
