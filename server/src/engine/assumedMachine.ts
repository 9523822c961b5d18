/**
 * A build directory as it would be with another MACHINE: one more line at the end of a file of its configuration, which
 * is laid over that file and never written. Knows nothing of how texts are read or laid.
 */

/** The file that the line is added to, below the build directory. */
export const MACHINE_FILE = 'conf/local.conf';

export function machineLine(machine: string): string {
  return `MACHINE = "${machine}"`;
}

/** Whether a name can be that of a machine. */
export function isMachineName(name: string): boolean {
  return /^[\w.+-]+$/.test(name);
}

export function withLastLine(text: string, line: string): string {
  const end = text === '' || text.endsWith('\n') ? '' : '\n';
  return `${text}${end}${line}\n`;
}

/** What is said where the line did not make MACHINE what it names. */
export function machineStays(found: string | undefined): string {
  return `MACHINE stays ${found ?? 'unset'} whatever conf/local.conf says: take away what sets it (a fragment, MACHINE:forcevariable, the environment)`;
}
