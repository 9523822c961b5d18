/**
 * The facts of this machine that metadata may know.
 */
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import {
  arch,
  availableParallelism,
  homedir,
  hostname,
  machine,
  release,
  type,
  userInfo,
  version,
} from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { HostFacts } from '../inputs/ports.ts';

/** @param environment what BitBake would be started with; see `bb/utils.py: clean_environment` for what it keeps */
export function hostFacts(environment: Readonly<Record<string, string>>): HostFacts {
  const user = account();
  return {
    sysname: type(),
    nodename: hostname(),
    release: release(),
    version: version(),
    machine: machine() || arch(),
    cpuCount: availableParallelism(),
    debianArchitecture: debianArchitecture(),
    pythonExecutable: pythonExecutable(environment['PATH'] ?? ''),
    userName: user.name,
    uid: user.uid,
    gid: user.gid,
    homeDir: homedir(),
    environment,
  };
}

/** A user without an entry in the accounts is no reason to fail. */
function account(): { name: string; uid: number; gid: number } {
  try {
    const { username, uid, gid } = userInfo();
    return { name: username, uid: Math.max(uid, 0), gid: Math.max(gid, 0) };
  } catch {
    return { name: 'user', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  }
}

/** That of the installed dpkg itself, which is the one that it was built for. */
function debianArchitecture(): string | undefined {
  try {
    const packages = readFileSync('/var/lib/dpkg/status', 'utf8');
    const start = packages.search(/^Package: dpkg$/m);
    if (start < 0) return undefined;
    const [entry] = packages.slice(start).split('\n\n', 1);
    return /^Architecture: ([\w-]+)$/m.exec(entry!)?.[1];
  } catch {
    return undefined;
  }
}

/** What runs BitBake: the first `python3` of PATH. */
function pythonExecutable(path: string): string | undefined {
  return path
    .split(':')
    .filter(isAbsolute)
    .map((directory) => join(directory, 'python3'))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
