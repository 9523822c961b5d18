/** The settings a client may send, and what of them is usable: they come from outside. */
import type { Severity } from '../base/problem.ts';
import type { SeverityOf } from '../ide/findings.ts';
import { type BaselineChoice, BASELINES, type BaselineKind } from './baseline.ts';

export interface Settings {
  /** A folder with conf/bblayers.conf, absolute or relative to a workspace folder; empty: found by looking. */
  readonly buildDirectory: string;
  /** Added to the environment that BitBake would be started with. */
  readonly environment: Readonly<Record<string, string>>;
  readonly taskGraph: TaskGraphMode;
  /** Whether a quick fix is shown with what it does to hashes before it is made. */
  readonly confirmFixes: boolean;
  readonly baseline: BaselineChoice;
  /** Of an edit that changes hashes; undefined: there is no diagnostic for it. */
  readonly hashChangeSeverity: Severity | undefined;
  /** From how many tasks on that would rerun it is a warning at least; 0: never. */
  readonly warningFromTasks: number;
  readonly objects: ObjectsMode;
  /** Whether marks of tasks' objects stand in the text. */
  readonly inlayHints: boolean;
}

/** When all recipes are evaluated: as a command asks for the task graph, without being asked, or never. */
export type TaskGraphMode = 'onDemand' | 'background' | 'off';

/** What is looked at for sstate objects without being asked: nothing, this machine, or servers, too. */
export type ObjectsMode = 'off' | 'local' | 'servers';

export const SECTION = 'sstateLens';

export function readSettings(value: unknown): Settings {
  const section = isRecord(value) ? value : {};
  const { buildDirectory, environment, taskGraph, confirmFixes } = section;
  const { baseline, baselineBranch, hashChangeSeverity, warningFromTasks, objects, inlayHints } = section;
  const entries = isRecord(environment) ? Object.entries(environment) : [];
  return {
    buildDirectory: typeof buildDirectory === 'string' ? buildDirectory.trim() : '',
    environment: Object.fromEntries(
      entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    ),
    taskGraph: taskGraph === 'background' || taskGraph === 'off' ? taskGraph : 'onDemand',
    confirmFixes: confirmFixes !== false,
    baseline: {
      kind: isBaseline(baseline) ? baseline : 'head',
      branch: typeof baselineBranch === 'string' ? baselineBranch.trim() : '',
    },
    hashChangeSeverity: severityNamed(hashChangeSeverity),
    warningFromTasks:
      typeof warningFromTasks === 'number' && warningFromTasks >= 0 ? warningFromTasks : MANY_TASKS,
    objects: objects === 'off' || objects === 'servers' ? objects : 'local',
    inlayHints: inlayHints !== false,
  };
}

const MANY_TASKS = 100;
const SEVERITIES: readonly unknown[] = ['error', 'warning', 'information'];

function severityNamed(name: unknown): Severity | undefined {
  if (name === 'off') return undefined;
  return SEVERITIES.includes(name) ? (name as Severity) : 'information';
}

export function isBaseline(name: unknown): name is BaselineKind {
  return typeof name === 'string' && Object.hasOwn(BASELINES, name);
}

/** What the settings say of an edit that changes hashes; undefined: nothing is to be said. */
export function severityOfChanges({
  hashChangeSeverity: usual,
  warningFromTasks,
}: Settings): SeverityOf | undefined {
  if (usual === undefined) return undefined;
  const isMany = (tasks: number) => warningFromTasks > 0 && tasks >= warningFromTasks;
  return (tasks) => (usual === 'information' && isMany(tasks) ? 'warning' : usual);
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
