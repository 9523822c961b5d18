/**
 * Requests of our own about MACHINE, until the server ends or the settings say otherwise.
 *
 * - `sstateLens/machines`: `{}` to `{ machine?, machines }`: the one at hand, and those that layers have
 * - `sstateLens/selectMachine`: `{ machine }` to `{ machine? }`: has the configuration read with MACHINE in BitBake's
 *   environment, and tells what MACHINE is then: a configuration that sets it for good does not ask the environment.
 *   Without `machine`, the environment is as it was
 */
import { isMachineName } from '../engine/assumedMachine.ts';

export const MACHINES = 'sstateLens/machines';
export const SELECT_MACHINE = 'sstateLens/selectMachine';

/** A name that can be one of a machine; undefined for anything else. */
export function machineNamed(params: unknown): string | undefined {
  const { machine } = (params ?? {}) as { machine?: unknown };
  return typeof machine === 'string' && isMachineName(machine) ? machine : undefined;
}
