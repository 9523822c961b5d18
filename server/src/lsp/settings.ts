/** The settings a client may send, and what of them is usable: they come from outside. */

export interface Settings {
  /** A folder with conf/bblayers.conf, absolute or relative to a workspace folder; empty: found by looking. */
  readonly buildDirectory: string;
  /** Added to the environment that BitBake would be started with. */
  readonly environment: Readonly<Record<string, string>>;
  readonly taskGraph: TaskGraphMode;
  /** Whether a quick fix is shown with what it does to hashes before it is made. */
  readonly confirmFixes: boolean;
}

/** When all recipes are evaluated: as a command asks for the task graph, without being asked, or never. */
export type TaskGraphMode = 'onDemand' | 'background' | 'off';

export const SECTION = 'sstateLens';

export function readSettings(value: unknown): Settings {
  const section = isRecord(value) ? value : {};
  const { buildDirectory, environment, taskGraph, confirmFixes } = section;
  const entries = isRecord(environment) ? Object.entries(environment) : [];
  return {
    buildDirectory: typeof buildDirectory === 'string' ? buildDirectory.trim() : '',
    environment: Object.fromEntries(
      entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    ),
    taskGraph: taskGraph === 'background' || taskGraph === 'off' ? taskGraph : 'onDemand',
    confirmFixes: confirmFixes !== false,
  };
}

/** Whether what is read and evaluated stays the same. */
export function sameBuild(a: Settings, b: Settings): boolean {
  const read = ({ buildDirectory, environment, taskGraph }: Settings) =>
    JSON.stringify([buildDirectory, environment, taskGraph]);
  return read(a) === read(b);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
