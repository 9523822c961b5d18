/** Asks our Python analysis and the real BitBake, and says where their answers differ. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export interface Scenario {
  readonly modules?: readonly { namespace: string; source?: string; directory?: string }[];
  readonly texts?: readonly { text: string; variable: string | null }[];
}

/** What is found; of BitBake only how often it warned, or the name of what it raised. */
export interface Found {
  readonly name?: string;
  readonly references: readonly string[];
  readonly execs: readonly string[];
  readonly contains: Readonly<Record<string, readonly string[]>>;
  readonly extra?: string;
  readonly unseen: readonly { call: string; argument: string; line: number }[];
  readonly warned?: number;
  readonly syntax_error: { message: string; line: number } | null;
  readonly error: string | null;
}
export type Asked = Omit<Found, 'unseen' | 'syntax_error' | 'error'> | { readonly fails: string };

export interface Ours {
  readonly modules: readonly (readonly Found[])[];
  readonly texts: readonly Found[];
}
export interface Theirs {
  readonly modules: readonly (readonly Asked[] | { readonly fails: string })[];
  readonly texts: readonly Asked[];
}

export const LIBRARY = join(import.meta.dirname, '../../server/src/python/lib');

export function havePython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Runs scenarios through `ours` (a directory with lens/analysis.py) or `bitbake` (a checkout). */
export function ask<T>(
  side: 'ours' | 'bitbake',
  where: string,
  scenarios: readonly Scenario[],
  traits?: object,
) {
  const output = execFileSync('python3', [join(import.meta.dirname, 'scenarios.py'), side, where], {
    input: JSON.stringify({ scenarios, traits }),
    maxBuffer: 1 << 30,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return JSON.parse(output) as T[];
}

/** The exceptions that come of text that does not compile. */
const SYNTAX = ['SyntaxError', 'IndentationError', 'TabError', 'ValueError'];

/** Our answer in the shape of BitBake's. */
function comparable(found: Found, asked: Asked): unknown {
  if (found.syntax_error !== null) {
    return { fails: 'fails' in asked && SYNTAX.includes(asked.fails) ? asked.fails : 'SyntaxError' };
  }
  if (found.error !== null) {
    // What goes wrong in the expansion of a literal is an ExpansionError to BitBake, whatever it was.
    const wrapped = 'fails' in asked && asked.fails === 'ExpansionError' && !/^\w+Error: /.test(found.error);
    return { fails: wrapped ? 'ExpansionError' : found.error.split(':')[0] };
  }
  const { references, execs, contains, name, extra, unseen } = found;
  if (name !== undefined) return { references, execs, contains, name, extra };
  return { references, execs, contains, warned: unseen.length };
}

/** Our answers beside BitBake's, wherever they differ. */
export function differences(ours: Ours, theirs: Theirs): unknown[] {
  const pairs: [Found | undefined, Asked][] = theirs.texts.map((asked, index) => [ours.texts[index], asked]);
  theirs.modules.forEach((asked, index) => {
    const found = ours.modules[index]!;
    if ('fails' in asked) {
      // BitBake gives up at the first function that cannot be taken in.
      pairs.push([found.find(({ error, syntax_error }) => error !== null || syntax_error !== null), asked]);
    } else {
      asked.forEach((one, at) => pairs.push([found[at], one]));
      for (const one of found.slice(asked.length)) pairs.push([one, { fails: 'is no function there' }]);
    }
  });
  return pairs.flatMap(([found, asked]) => {
    const our = found && comparable(found, asked);
    return JSON.stringify(sorted(our)) === JSON.stringify(sorted(asked)) ? [] : [{ our, asked }];
  });
}

/** The same value with the keys of its objects, and its lists of strings, in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return [...(value as unknown[])].map(sorted).sort();
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
