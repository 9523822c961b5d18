/**
 * Requests of our own about MACHINE, until the server ends or the settings say otherwise.
 *
 * - `sstateLens/machines`: `{}` to `{ machine?, machines }`: the one at hand, and those that layers have
 * - `sstateLens/selectMachine`: `{ machine }` to `{ machine? }`: has the configuration read with MACHINE in BitBake's
 *   environment, and tells what MACHINE is then: a configuration that sets it for good does not ask the environment.
 *   Without `machine`, the environment is as it was
 */
import { splitWords } from '../base/words.ts';

export const MACHINES = 'sstateLens/machines';
export const SELECT_MACHINE = 'sstateLens/selectMachine';

/** A name that can be one of a machine; undefined for anything else. */
export function machineNamed(params: unknown): string | undefined {
  const { machine } = (params ?? {}) as { machine?: unknown };
  return typeof machine === 'string' && /^[\w.+-]+$/.test(machine) ? machine : undefined;
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
